"""The section of pages that editors write: methods, mistakes, questions, words, partners, terms and the like.

Promise: each page exists in every language that is served; no number on it was typed by hand: all are the release's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ctdc.hub.site.about.content import Block, Page, filled, read_page
from ctdc.hub.site.about.place import about_content, about_text
from ctdc.hub.site.about.references import NAMES, references
from ctdc.hub.site.about.sources import Reporting, line, sources_of
from ctdc.hub.site.dashboards import Dashboards
from ctdc.hub.site.documentation import ADDRESS
from ctdc.hub.site.frame import Entry, SiteFile, SitePage
from ctdc.hub.site.view import SiteRelease
from ctdc.release.citation import citation
from ctdc.standard.languages import DEFAULT

# Every page, in the order of the menus, and the group in which it stands.
PAGES: Mapping[str, str] = {
    "about": "about",
    "methods": "data",
    "mistakes": "data",
    "terms": "data",
    "faq": "about",
    "glossary": "about",
    "standards": "about",
    "partners": "about",
    "contribute": "about",
    "dignity": "about",
    "accessibility": "about",
    "contact": "about",
}
DEPENDS = ("themes/", "countries/")  # pages that a release has only if there is something to show on them


@dataclass(frozen=True)
class Part:
    """A block as a page shows it. texts: of an example wrong, right and see; shown: of a source its name, its words,
    and in a line what kind of record it keeps, when and where.
    """

    kind: str
    texts: tuple[Markup | str, ...] = ()
    shown: tuple[tuple[str, str, str], ...] = ()


def pages_of(folder: Path, language: str) -> Mapping[str, Page]:
    """All pages of a language: those of `PAGES` that are there in it or in the default language.

    Raises UserError (``content.page``) for one that is missing in this one.
    """
    folders = [folder / "pages" / code for code in (DEFAULT, language)]
    there = [name for name in PAGES if any((one / f"{name}.yaml").is_file() for one in folders)]
    return {name: read_page(folder / "pages" / language / f"{name}.yaml", NAMES) for name in there}


NOTHING = {"terms": "terms.none", "contact": "contact.none"}  # what is said where a release says nothing


class AboutPages:
    """The section of `PAGES`."""

    id = "about"
    shows_earlier = False

    def __init__(self, view: SiteRelease) -> None:
        self._view = view
        self.content = about_content(view)
        self._pages: dict[str, Mapping[str, Page]] = {}
        self._dashboards = frozenset(Dashboards(view).paths())

    def entries(self, language: str) -> Sequence[Entry]:
        """All pages."""
        pages = self._read(language)
        return [Entry(PAGES[name], name, f"{name}/", page.nav) for name, page in pages.items()]

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """All pages."""
        values = references(self._view, language)
        for name, page in self._read(language).items():
            yield SitePage(name, f"{name}/", "about_page.html.j2", self._context(page, values, language))

    def _read(self, language: str) -> Mapping[str, Page]:
        """The pages, read once for all menus that list them."""
        if language not in self._pages:
            self._pages[language] = pages_of(self.content, language)
        return self._pages[language]

    def _context(self, page: Page, values: Mapping[str, str], language: str) -> dict[str, Any]:
        sections = []
        for section in page.sections:
            parts = [part for block in section.blocks if (part := self._part(block, values, language)) is not None]
            if parts:
                sections.append(
                    {"id": section.id, "heading": filled(section.heading, values, language), "parts": parts}
                )
        lead = filled(page.lead, values, language)
        return {
            "heading": page.title,
            "lead": lead,
            "description": "" if lead is None else lead.striptags(),
            "sections": sections,
            "a": about_text(language),
        }

    def _part(self, block: Block, values: Mapping[str, str], language: str) -> Part | None:
        if block.kind == "show":
            return self._shown(block.texts[0], language)
        texts = [self._filled(text, values, language) for text in block.texts]
        if block.kind == "example" and None in texts:
            return None
        kept = tuple(text for text in texts if text is not None)
        return Part(block.kind, kept) if kept else None

    def _filled(self, text: str, values: Mapping[str, str], language: str) -> Markup | None:
        return filled(text, values, language, self._is_missing)

    def _is_missing(self, path: str) -> bool:
        """Whether the site has no such page: of a theme or a country, or of the documentation."""
        if path.startswith(ADDRESS):
            return not self._view.place.documentation
        return path.startswith(DEPENDS) and path not in self._dashboards

    def _shown(self, what: str, language: str) -> Part:
        """What a release says of itself; a plain sentence where it says nothing."""
        info = self._view.manifest.info
        if what == "sources":
            plain = about_text(language)("sources.plain")
            shown = tuple(
                (source.name, source.statement.get(language, plain), _facts(line(self._view, source, language)))
                for source in sources_of(self._view)
            )
            return Part("sources", () if shown else (about_text(language)("sources.none"),), shown)
        if what == "citation":
            return Part("quote", (citation(language, info, self._view.manifest.created),))
        own = {"terms": info.terms, "contact": info.contact}[what]
        return Part("quote" if own else "text", (own or about_text(language)(NOTHING[what]),))


def _facts(said: Reporting) -> str:
    return " · ".join(filter(None, (said.kind, said.years, *said.places)))
