"""Which templates a built site has, asked of the site's own sections, for tests and measurements of every one of them.

Promise: a page that somebody adds is found without a word here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctdc.hub.site.catalogue import CATALOGUE, CATALOGUE_PATH, KEPT, release_path
from ctdc.hub.site.frame import SitePage
from ctdc.hub.site.search.build import SEARCH
from ctdc.hub.site.search.documents import SEARCH_PATH
from ctdc.hub.site.sections import sections_of
from ctdc.hub.site.view import SiteRelease, read_release

MOST_OF_ONE = 2  # pages of one template: that with most on it, and that with least


@dataclass(frozen=True)
class Template:
    """One template, and the page of it that has most on it. path: below ``/LANGUAGE/``."""

    name: str
    file: str
    path: str

    def __str__(self) -> str:
        return f"{self.file} ({self.path or 'the first page'})"


def read_newest(releases: Sequence[Path]) -> tuple[SiteRelease, SiteRelease | None]:
    """The newest of the releases in these folders and the one before it, None where there is one alone."""
    views = sorted(map(read_release, releases), key=lambda view: view.manifest.created, reverse=True)
    return views[0], views[1] if len(views) > 1 else None


def templates_of(site: Path, front: SiteRelease, older: SiteRelease | None) -> list[Template]:
    """Every template of the site in the folder `site`, once for each name that the header knows its pages by.

    Of the pages of one name, the one with the largest file in English; of many names, at most `MOST_OF_ONE`. older: an
    earlier release of the site, of which the pages that it keeps are taken.
    """
    best: dict[tuple[str, str], Template] = {}

    def size(template: Template) -> int:
        path = site / "en" / template.path / "index.html"
        return path.stat().st_size if path.is_file() else -1

    for name, file, path in _pages(front, older):
        page = Template(name, file, path)
        best[name, file] = max(best.get((name, file), page), page, key=size)
    found: dict[str, list[Template]] = {}
    for template in best.values():
        found.setdefault(template.file, []).append(template)
    chosen = []
    for pages in found.values():
        ordered = sorted(pages, key=size)
        chosen += ordered if len(pages) <= MOST_OF_ONE else [ordered[0], ordered[-1]]
    return chosen


def _pages(front: SiteRelease, older: SiteRelease | None) -> Iterator[tuple[str, str, str]]:
    for section in sections_of(front):
        for page in section.pages("en"):
            if isinstance(page, SitePage):
                yield page.name, page.template, page.path
    yield SEARCH, "search.html.j2", SEARCH_PATH
    if older is not None:
        yield CATALOGUE, "releases.html.j2", CATALOGUE_PATH
        for name, (below, _) in KEPT.items():
            yield f"kept-{name}", f"{name}.html.j2", release_path(older) + below
