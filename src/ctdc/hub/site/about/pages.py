"""The section of pages that editors write: methods, mistakes, questions, words, partners, terms and the like.

Promise: each page exists in all five languages; no number on it was typed by hand, all come from the release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ctdc.hub.site.about.content import Block, Page, filled, read_page, read_yaml
from ctdc.hub.site.about.references import NAMES, references
from ctdc.hub.site.dashboards import Dashboards
from ctdc.hub.site.frame import Entry, SiteFile, SitePage
from ctdc.hub.site.view import SiteRelease
from ctdc.release.citation import citation
from ctdc.release.texts import Catalogue
from ctdc.standard.languages import LANGUAGES

HERE = Path(__file__).parent
CONTENT = HERE / "content"
ABOUT_TEXTS = Catalogue(HERE / "texts")
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
    """A block as a page shows it. texts: of an example wrong, right and see; shown: of a source its name and words."""

    kind: str
    texts: tuple[Markup | str, ...] = ()
    shown: tuple[tuple[str, str], ...] = ()


@cache
def pages_of(folder: Path, language: str) -> Mapping[str, Page]:
    """All pages of a language. Raises UserError (``content.page``)."""
    return {name: read_page(folder / "pages" / language / f"{name}.yaml", NAMES) for name in PAGES}


NOTHING = {"terms": "terms.none", "contact": "contact.none"}  # what is said where a release says nothing


class AboutPages:
    """The section of `PAGES`."""

    id = "about"
    content = CONTENT
    shows_earlier = False

    def __init__(self, view: SiteRelease) -> None:
        self._view = view
        self._dashboards = frozenset(Dashboards(view).paths())

    def entries(self, language: str) -> Sequence[Entry]:
        """All pages."""
        pages = pages_of(self.content, language)
        return [Entry(group, name, f"{name}/", pages[name].nav) for name, group in PAGES.items()]

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """All pages."""
        values = references(self._view, language)
        for name, page in pages_of(self.content, language).items():
            yield SitePage(name, f"{name}/", "about_page.html.j2", self._context(page, values, language))

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
        return filled(text, values, language, lambda path: path.startswith(DEPENDS) and path not in self._dashboards)

    def _shown(self, what: str, language: str) -> Part:
        """What a release says of itself; a plain sentence where it says nothing."""
        info = self._view.manifest.info
        if what == "sources":
            statements = source_statements(self.content)
            plain = about_text(language)("sources.plain")
            shown = tuple((name, statements.get(name, {}).get(language, plain)) for name in info.sources)
            return Part("sources", () if shown else (about_text(language)("sources.none"),), shown)
        if what == "citation":
            return Part("quote", (citation(language, info, self._view.manifest.created),))
        own = {"terms": info.terms, "contact": info.contact}[what]
        return Part("quote" if own else "text", (own or about_text(language)(NOTHING[what]),))


def about_text(language: str) -> Any:
    """A function from key and values to the message of these pages in a language."""

    def text(key: str, **values: str) -> str:
        return ABOUT_TEXTS.text(language, key, **values)

    return text


def source_statements(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """What each contributor says of its data, by its name: language to text. From ``sources.yaml``."""
    found = read_yaml(folder / "sources.yaml")
    return {str(entry["name"]): {language: str(entry[language]) for language in LANGUAGES} for entry in found}
