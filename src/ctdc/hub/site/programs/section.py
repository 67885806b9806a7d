"""One page: how programs ask for counts, and how to read what they are told.

Promise: its examples are of variables and codes that the release has, at addresses that the counts service knows; a
test asks them all. The page holds no number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ctdc.hub.site.frame import Entry, SiteFile, SitePage
from ctdc.hub.site.view import SiteRelease
from ctdc.release.figures import ORIGIN, PLACE
from ctdc.release.protected import SYNTHETIC
from ctdc.release.texts import Catalogue
from ctdc.standard.languages import DEFAULT, LANGUAGE_ORDER
from ctdc.standard.presentation import presentation

PROGRAM_TEXTS = Catalogue(Path(__file__).parent / "texts")
NAME, PATH = "programs", "api/"
SERVICE = "/api/v1"
MOVED = (307, 308)  # the statuses of an answer that leads elsewhere
ERRORS = (400, 404, 405, 410, 503)  # and of what is no answer
FAVOURED = presentation().asked  # easy to understand; any others do where these are not


class Programs:
    """The section of one page."""

    id = NAME
    content = None
    shows_earlier = False

    def __init__(self, view: SiteRelease) -> None:
        self._view = view

    def entries(self, language: str) -> Sequence[Entry]:
        """The page."""
        return [Entry("data", NAME, PATH, PROGRAM_TEXTS.text(language, "programs.nav"))]

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """The page."""
        yield SitePage(NAME, PATH, "programs.html.j2", self._context(language))

    def _context(self, language: str) -> Mapping[str, Any]:
        def text(key: str, **values: str) -> str:
            return PROGRAM_TEXTS.text(language, f"programs.{key}", **values)

        return {
            "heading": text("title"),
            "description": text("lead"),
            "p": text,
            "questions": list(questions(self._view, language)),
            "counts": tables(self._view),
            "records": _records(self._view),
            "spoken": LANGUAGE_ORDER,
            "moved": MOVED,
            "errors": ERRORS,
        }


def _release(view: SiteRelease) -> str:
    return f"{SERVICE}/releases/{view.manifest.folder}"


def _records(view: SiteRelease) -> str:
    """The file of people, below the release's folder."""
    linked = view.vocabulary.linked
    return f"data/{linked.main}.parquet" if linked else f"data/{SYNTHETIC}"


def _asked(view: SiteRelease) -> tuple[str, str]:
    """A variable to count by, and the filter of another, as they stand in an address."""
    coded = [words for words in view.vocabulary.variables if words.kind == "code"] or list(view.vocabulary.variables)
    coded.sort(key=lambda words: FAVOURED.index(words.name) if words.name in FAVOURED else len(FAVOURED))
    first, other = coded[0], coded[min(1, len(coded) - 1)]
    return quote(first.name, safe=""), f"{quote(other.name, safe='')}={quote(other.codes[0].code, safe='-.')}"


def questions(view: SiteRelease, language: str) -> Iterator[tuple[str, str]]:
    """Examples: what is asked (``programs.ask.KEY``), and its address."""
    release, (by, chosen) = _release(view), _asked(view)
    lang = "" if language == DEFAULT else f"?lang={language}"
    yield "releases", f"{SERVICE}/releases"
    yield "release", release
    yield "variables", f"{release}/variables{lang}"
    yield "codelist", f"{release}/variables/{by}{lang}"
    yield "counts", f"{release}/counts?by={by}"
    yield "filter", f"{release}/counts?{'&'.join(sorted((f'by={by}', chosen)))}"
    yield "explore", f"{release}/explore?{chosen}"
    names = {words.name for words in view.vocabulary.variables}
    if names.intersection(ORIGIN) and names.intersection(PLACE):
        yield "flows", f"{release}/flows"
    yield "description", f"{SERVICE}/openapi.json"


def tables(view: SiteRelease) -> str:
    """The address of a table of counts."""
    return f"{_release(view)}/counts.parquet?by={_asked(view)[0]}"
