"""JSON as small as it gets, for files that only programs read."""

from __future__ import annotations

import json
from typing import Any


def compact(value: Any) -> bytes:
    """`value` as JSON in UTF-8 without spaces, keys in order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
