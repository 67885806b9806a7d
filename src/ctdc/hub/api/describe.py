"""Writes the published description of the service: ``python -m ctdc.hub.api.describe docs/reference/openapi.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ctdc.hub.api.application import openapi


def description() -> str:
    """The OpenAPI document as text."""
    return json.dumps(openapi(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(description(), encoding="utf-8")
