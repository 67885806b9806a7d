"""What a built site remembers of how it was made, so that the next build renders only what has changed.

Promise: the record is a function of the releases, the site's address and this program, so it is the same whether pages
were rendered or taken over; a page is taken over only if all it was made from is the same and its bytes still are.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ctdc.foundation.collaborative import current
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json
from ctdc.foundation.hashing import hash_file, hash_value
from ctdc.hub.site.build import MARKER
from ctdc.hub.site.frame import HERE
from ctdc.release.protected import read_json

FORMAT = "ctdc-site/1"
# What pages are made with: the rooms that the site may use, and the libraries that put words and numbers together.
ROOMS = ("foundation", "hub", "privacy", "release", "standard", "table")
OWN = ("presentation", "texts", "brand", "map", "standard")  # of the collaborative that is served
LIBRARIES = ("babel", "jinja2", "markupsafe", "numpy", "polars", "pyarrow", "pyyaml", "resvg-py", "scipy", "xlsxwriter")


@cache
def fingerprint() -> str:
    """One hash of everything in the program that pages are made with, without what editors write for sections."""
    root = HERE.parents[1]
    files = [path for room in ROOMS for path in (root / room).rglob("*") if path.is_file()]
    files = [path for path in files if not any(path.is_relative_to(folder) for folder in HERE.glob("*/content"))]
    sources = sorted(
        (path.relative_to(root).as_posix(), hash_file(path)) for path in files if path.parent.name != "__pycache__"
    )
    served = current().hash_of(*OWN)
    made_with = {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()}
    return hash_value([sources, served, made_with])


@dataclass(frozen=True)
class Pages:
    """Files that were made together. inputs: hash of what they were made from; files: path to SHA-256."""

    inputs: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Record:
    """The content of ``site.json``. releases: ids, newest first; origin: the site's address; parts: by name."""

    releases: tuple[str, ...] = ()
    origin: str = ""
    parts: Mapping[str, Pages] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text of the file."""
        parts = {name: {"inputs": part.inputs, "files": dict(part.files)} for name, part in self.parts.items()}
        document = {"format": FORMAT, "release": next(iter(self.releases), ""), "releases": list(self.releases)}
        return as_json(document | {"url": self.origin, "parts": parts})


def read_record(site: Path) -> Record:
    """The record of the site that stands in the folder `site`; an empty one where there is nothing to take over.

    Raises UserError (``site.not_a_site``) if something else stands there.
    """
    if not site.exists() or (site.is_dir() and not any(site.iterdir())):
        return Record()
    if not (site / MARKER).is_file() or _document(site).get("format") != FORMAT:
        raise UserError(
            "site.not_a_site",
            f"{site} holds something else than a site, and building would replace it.",
            allowed="a new or empty folder, or one that 'ctdc site build' made",
            do="Choose another folder with --out.",
        )
    try:
        return _record(_document(site))
    except (KeyError, TypeError, AttributeError):
        return Record()  # a site, but one whose pages cannot be taken over


def _document(site: Path) -> Mapping[str, Any]:
    try:
        document = read_json(site / MARKER)
    except UserError:
        return {}
    return document if isinstance(document, dict) else {}


def _record(document: Mapping[str, Any]) -> Record:
    parts = {
        str(name): Pages(str(part["inputs"]), {str(path): str(digest) for path, digest in part["files"].items()})
        for name, part in document["parts"].items()
    }
    return Record(tuple(document["releases"]), str(document["url"]), parts)


def take_over(old: Pages | None, inputs: str, site: Path, target: Path) -> Mapping[str, str] | None:
    """Copy pages from the old site if they were made from the same, whole and unchanged; None if they were not.

    Times of change are kept, so that copies in browsers and caches stay good.
    """
    if old is None or old.inputs != inputs:
        return None
    for path, digest in old.files.items():
        source = site / path
        if ".." in Path(path).parts or not source.is_file() or source.is_symlink() or hash_file(source) != digest:
            return None
    for path in old.files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(site / path, target / path)
    return old.files
