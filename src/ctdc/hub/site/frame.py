"""What surrounds every page of the site, and what a section has to give so that its pages stand in it.

Promise: every page of a language has the same header, the same ways to help and to leave, and the same list of all
pages at its foot, whichever section brought it; a section is known here by what it gives, never by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from babel.core import get_global
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ctdc.foundation.hashing import hash_bytes
from ctdc.hub.site.brand import brand
from ctdc.hub.site.partners.words import partner_words
from ctdc.hub.site.place import Place
from ctdc.hub.site.view import SiteRelease
from ctdc.release.numbers import date
from ctdc.release.texts import Catalogue
from ctdc.standard.languages import AUTONYMS, DEFAULT, LANGUAGE_ORDER, LANGUAGES, direction

HERE = Path(__file__).parent
SITE_TEXTS = Catalogue(HERE / "texts")
STYLE, ICON = "site.css", "icon.svg"
ASSET_KINDS = (".css", ".js", ".svg")
# A page that says nothing about its reader, in their language. It is opened only when they press the button.
NEUTRAL_PAGE = "https://{language}.wikipedia.org/"
MOST_DESCRIBED = 200  # characters of what search engines and previews show of a page
SENTENCE_ENDS = (".", "!", "?", "؟", "…", ":")
SENTENCE_END = re.compile(r"(?<=\w\w[\w)])[.!?؟](?= )")  # not of an abbreviation such as "z. B."
# What previews call a language: one with a territory. Of others the likeliest is taken.
LOCALES = {"ar": "ar_AR", "de": "de_DE", "en": "en_GB", "es": "es_ES", "fr": "fr_FR"}
# The parts of the header, in its order. Their names are the texts ``nav.group.NAME``.
GROUPS = ("overview", "dashboards", "explorer", "stories", "data", "about", "help")


@dataclass(frozen=True)
class Entry:
    """A page that readers find in the header or at the foot of every page.

    group: one of `GROUPS`; name: that of the pages it stands for (`SitePage.name`); path: below ``/LANGUAGE/``; label:
    in the language asked for.
    """

    group: str
    name: str
    path: str
    label: str


@dataclass(frozen=True)
class SitePage:
    """One page of one language, before it is framed.

    name: which `Entry` it belongs to; path: below ``/LANGUAGE/``, ending in a slash unless empty; template: a file in
    a folder `templates` of the site or of one of its sections; context: what fills it, ``heading`` among it, and if
    the page has them ``description``, one or several sentences for search engines and previews, with no number that is
    not on the page (without it its ``lead``), ``picture``, the address and the name of one for previews, and
    ``preview``, what they take the page for.
    """

    name: str
    path: str
    template: str
    context: Mapping[str, Any]


@dataclass(frozen=True)
class SiteFile:
    """A file that is not a page. path: below ``/LANGUAGE/``, or from the site's root if it begins with a slash."""

    path: str
    data: bytes


class Section(Protocol):
    """A part of the site that brings pages of its own. Made for one release: ``SectionClass(view)``.

    id: unique in the site; content: a folder that editors change, on which these pages depend, or None; shows_earlier:
    whether they show anything of the site's earlier releases (`SiteRelease.earlier`).
    """

    @property
    def id(self) -> str:
        """Unique in the site."""
        ...

    @property
    def content(self) -> Path | None:
        """A folder or a file that editors change, on which these pages depend."""
        ...

    @property
    def shows_earlier(self) -> bool:
        """Whether the pages show anything of the site's earlier releases."""
        ...

    def entries(self, language: str) -> Sequence[Entry]:
        """What the header and the foot of every page list of this section, in order."""
        ...

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """Every page and file of the section in a language."""
        ...


@cache
def environment() -> Environment:
    """The templates of the site and of all its sections."""
    folders = [HERE / "templates", *sorted(path for path in HERE.glob("*/templates") if path.is_dir())]
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["site"] = Place()  # for pages that say nothing else
    return made


@cache
def asset_files() -> Mapping[str, Path]:
    """Style, scripts and pictures of the site and of its sections, by the names of their files."""
    found: dict[str, Path] = {}
    for folder in (HERE / "assets", *sorted(HERE.glob("*/assets"))):
        for path in sorted(folder.iterdir()):
            if path.suffix in ASSET_KINDS and found.setdefault(path.name, path) != path:
                raise ValueError(f"two assets are called {path.name}")
    return found


@cache
def asset_bytes() -> Mapping[str, bytes]:
    """What each asset holds, by the name of its file, in the colours and with the mark of the collaborative."""
    found = {name: path.read_bytes() for name, path in asset_files().items()}
    found[STYLE] += brand().style().encode()
    if brand().mark:
        found[ICON] = brand().icon().encode()
    return found


@cache
def asset_names() -> Mapping[str, str]:
    """The address of each asset in a site, by the name of its file: with its hash, so that it never goes stale."""
    hashes = {name: hash_bytes(data)[:12] for name, data in asset_bytes().items()}
    return {name: f"/assets/{path.stem}.{hashes[name]}{path.suffix}" for name, path in asset_files().items()}


def site_text(language: str) -> Any:
    """A function from key and values to the site's message in a language."""

    def text(key: str, **values: str) -> str:
        return SITE_TEXTS.text(language, key, **values)

    return text


@dataclass(frozen=True)
class Site:
    """What every page stands in. front: the release that the site's first page shows; sections: all there are."""

    front: SiteRelease
    sections: tuple[Section, ...] = field(repr=False)

    def render(self, page: SitePage, language: str, view: SiteRelease | None = None) -> str:
        """The text of a page. view: the release that the page is of, where that is not the one at the front."""
        return environment().get_template(page.template).render(self.frame(page, language, view or self.front))

    def frame(self, page: SitePage, language: str, view: SiteRelease) -> dict[str, Any]:
        """What fills a page's template: what surrounds every page, and what is the page's own."""
        place, info = view.place, view.manifest.info
        entries = self.entries(language)
        group = next((entry.group for entry in entries if entry.name == (place.section or page.name)), "")
        surroundings = {
            "site": place,
            "language": language,
            "direction": direction(language),
            "page": page.name,
            "own_address": f"/{language}/{page.path}",
            "t": site_text(language),
            "assets": asset_names(),
            "menu": grouped(entries, language),
            "menu_current": group,
            "languages": [(code, AUTONYMS[code], direction(code), f"/{code}/{page.path}") for code in LANGUAGE_ORDER],
            "neutral_page": NEUTRAL_PAGE.format(language=language),
            "title": info.title(language),
            "simulated": info.simulated,
            "publisher": info.publisher,
            "mark": Markup(brand().mark),  # noqa: S704 - shapes alone: `brand` refuses all else
            "mark_view": brand().view,
            "name_language": name_language(language),
            "name_direction": direction(name_language(language)),
            "partner": None if view.included is None else partner_words(view.included, language),
            "base": f"{place.files}{view.manifest.folder}/",
            "release": SITE_TEXTS.text(
                language, "footer.release", name=view.manifest.folder, date=date(language, view.manifest.created)
            ),
            "locale": locale(language),
            "picture": None,
            "preview": "website",
        }
        framed = surroundings | dict(page.context)
        return framed | {"description": _description(framed, view)}

    def entries(self, language: str) -> tuple[Entry, ...]:
        """What all sections list, and what the site's place lists besides."""
        own = [entry for section in self.sections for entry in section.entries(language)]
        besides = [
            Entry("data", name, path, SITE_TEXTS.text(language, key)) for name, path, key in self.front.place.navigation
        ]
        return (*own, *besides)


def _description(framed: Mapping[str, Any], view: SiteRelease) -> str:
    """What a page says of itself where it is not seen. Numbers of invented people never leave the page without the word
    that its banner has; what a release keeps for itself names it, because the next one's pages say the same.
    """
    own = framed.get("description") or framed.get("lead") or framed["heading"]
    before = f"{framed['t']('simulated.label')}. " if framed["simulated"] else ""
    before += f"{framed['release']}. " if view.place.shelf else ""
    return before + described(*((own,) if isinstance(own, str) else own), most=MOST_DESCRIBED - len(before))


def described(*sentences: str, most: int = MOST_DESCRIBED) -> str:
    """The sentences in their order, up to the first that would make more than `most` characters: each may mean those
    before it.

    The first is always there; one that is too long, such as a paragraph, ends with its last sentence that fits, or
    where that is none between words. The others come whole or not at all, so that no number loses its interval.
    """
    first, *others = (one if one.endswith(SENTENCE_ENDS) else f"{one}." for one in map(str.strip, sentences))
    kept = first if len(first) <= most else _shortened(first, most)
    for one in others:
        if len(kept) + 1 + len(one) > most:
            break
        kept = f"{kept} {one}"
    return kept


def _shortened(text: str, most: int) -> str:
    ends = [found.end() for found in SENTENCE_END.finditer(text[: most + 1])]
    return text[: ends[-1]] if ends else text[: most - 1].rsplit(" ", 1)[0] + " …"


def locale(language: str) -> str:
    """A language with a territory, as previews name it: ``en_GB``."""
    parts = str(get_global("likely_subtags").get(language, language)).split("_")
    return LOCALES.get(language) or "_".join(dict.fromkeys((parts[0], parts[-1])))


def name_language(language: str) -> str:
    """The language that the collaborative's name is in: the default one where a language has no name of its own."""
    name = SITE_TEXTS.text(language, "site.name")
    return DEFAULT if name == SITE_TEXTS.text(DEFAULT, "site.name") else language


def grouped(entries: Sequence[Entry], language: str) -> list[dict[str, Any]]:
    """The entries by their groups, in the order of `GROUPS`, without empty ones.

    A group leads to the first of its entries.
    """
    found = []
    for group in GROUPS:
        links = [
            {"name": entry.name, "address": f"/{language}/{entry.path}", "label": entry.label}
            for entry in entries
            if entry.group == group
        ]
        if links:
            label = SITE_TEXTS.text(language, f"nav.group.{group}")
            found.append({"id": group, "label": label, "address": links[0]["address"], "links": links})
    return found


def plain_page(template: str, **more: Any) -> str:
    """A page of no language of its own, such as the one on which a language is chosen. more: what fills it besides."""
    languages = [
        {"code": code, "name": AUTONYMS[code], "direction": direction(code), "text": site_text(code)}
        for code in LANGUAGE_ORDER
    ]
    return environment().get_template(template).render(languages=languages, assets=asset_names(), **more)


def all_pages(section: Section) -> Iterator[tuple[str, SitePage | SiteFile]]:
    """Every page and file of a section with its language."""
    for language in LANGUAGES:
        for page in section.pages(language):
            yield language, page
