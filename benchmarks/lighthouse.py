"""Running Lighthouse over pages: in the tests, and for the stored figures of the site."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FORMS = ("phone", "desktop")
FOLDER = Path(__file__).parents[1] / "tests" / "browser"


def missing() -> str:
    """What there is not, in a sentence; "" where Lighthouse can run."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (FOLDER / "node_modules" / "lighthouse").is_dir():
        return "Lighthouse is not installed: make lighthouse-setup"
    return "" if _browser() else "Chromium is not installed"


def _browser() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def lighthouse(urls: Sequence[str], throttled: bool, form: str) -> Iterator[dict[str, Any]]:
    """The scores and numbers of each page on one of `FORMS`.

    throttled: as a slow phone, or a desktop on a usual line, would have it, which takes longer.
    """
    asked = json.dumps({"urls": list(urls), "throttled": throttled, "form": form})
    environment = os.environ | {"CHROME_PATH": _browser() or ""}
    command = ["node", "lighthouse.mjs"]
    with subprocess.Popen(
        command, cwd=FOLDER, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes to node")
        process.stdin.write(asked)
        process.stdin.close()
        yield from map(json.loads, process.stdout)
    if process.returncode:
        raise OSError(f"Lighthouse ended with {process.returncode}")
