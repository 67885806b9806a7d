"""The documentation of the program beside the pages of a site.

Promise: it is shown as it was built ('make docs'), byte for byte; a program that was installed without it shows a site
without a link to it. It is in English, and stands below an address of its own, apart from the pages of five languages.
"""

from __future__ import annotations

import shutil
from pathlib import Path

PART = "docs"  # its folder in a site
ADDRESS = f"/{PART}/"
SHIPPED = Path(__file__).parents[2] / "documentation"


def shipped() -> Path | None:
    """The folder of the documentation that came with the program, or None."""
    return SHIPPED if (SHIPPED / "index.html").is_file() else None


def write_documentation(documentation: Path, target: Path) -> None:
    """Copy the documentation to its place in the site in the folder `target`."""
    shutil.copytree(documentation, target / PART)
