"""How the public side is: its files, and its answer to programs.

Promise: only the address of `studio.toml` is asked, by https or on this machine; no redirect is followed, no more than
a megabyte is read, and nobody waits longer than `LONGEST`. What is noted are codes, counts and moments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.request import HTTPRedirectHandler, OpenerDirector, build_opener

from ctdc.foundation.clock import timestamp
from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Progress
from ctdc.hub.site.check import SiteCheck, check_site

ASKED = "/api/v1/releases"
LONGEST = 5.0  # seconds
MOST_BYTES = 1_000_000
FINE = "fine"


class Part(StrEnum):
    """What is looked at."""

    SITE = "site"
    API = "api"


@dataclass(frozen=True)
class Finding:
    """How a part is. state: `FINE`, or what is wrong; numbers: counts and moments."""

    part: Part
    state: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


def look_at_site(site: Path, progress: Progress) -> tuple[Finding, SiteCheck | None]:
    """Whether the site's files are those of its build, and what was found of it."""
    try:
        found = check_site(site, progress)
    except (UserError, OSError):
        return Finding(Part.SITE, "unreadable"), None
    if found is None:
        return Finding(Part.SITE, "missing"), None
    numbers = {"files": found.files, "wrong": len(found.wrong), "built": timestamp(found.built)}
    return Finding(Part.SITE, "changed" if found.wrong else FINE, numbers), found


class _NoRedirects(HTTPRedirectHandler):
    """A redirect is an answer, and not one that the service gives."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow none."""


def _opener() -> OpenerDirector:
    return build_opener(_NoRedirects)


def look_at_api(address: str, site: SiteCheck | None) -> Finding:
    """Whether the service answers at `address`, and for the release that the site shows. address: "" for none."""
    if not address:
        return Finding(Part.API, "unset")
    try:
        with _opener().open(f"{address}{ASKED}", timeout=LONGEST) as answer:
            return _of_answer(answer, site)
    except (OSError, HTTPException, ValueError):  # no name, no connection, too late, another status, no HTTP
        return Finding(Part.API, "unreachable")


def _of_answer(answer: HTTPResponse, site: SiteCheck | None) -> Finding:
    data = answer.read(MOST_BYTES + 1)
    try:
        if len(data) > MOST_BYTES:
            raise ValueError("too long")  # noqa: TRY301  the same as what cannot be read
        releases = [str(one["id"]) for one in json.loads(data)["releases"]]
    except (ValueError, KeyError, TypeError):
        return Finding(Part.API, "wrong_answer")
    numbers = {"releases": len(releases)}
    if site is not None and releases[:1] != list(site.releases[:1]):
        return Finding(Part.API, "another_release", numbers)
    return Finding(Part.API, FINE, numbers)
