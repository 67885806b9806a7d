"""The pages that every release has: overview, data, code book and privacy statement.

Promise: the pages show what is in the release and nothing else, whoever made it; every number is the release's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ctdc.hub.site.charts import OF_ROWS, BarChart, Charts
from ctdc.hub.site.datasets.page import data_page
from ctdc.hub.site.datasets.variables import variable_path
from ctdc.hub.site.datasets.words import DATASET_TEXTS
from ctdc.hub.site.frame import SITE_TEXTS, Entry, SiteFile, SitePage
from ctdc.hub.site.kit.pages import ChartLinks
from ctdc.hub.site.view import SiteRelease
from ctdc.release.codebook import codebook_intro, fact_sentence, marks, table_heading
from ctdc.release.numbers import number, number_range, percent, percent_range
from ctdc.release.statement import privacy_statement
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.standard.presentation import presentation
from ctdc.table.linked import LINKED

# Each page: the group it stands in, and its path below the language.
PAGES: Mapping[str, str] = {
    "overview": "",
    "data": "data/",
    "codebook": "codebook/",
    "privacy": "privacy/",
}
GROUP_OF = {"overview": "overview"}  # all others are in "data"
MANY_CODES = 15  # longer lists of codes are folded away on the code book's page
MOST_HEADLINES = 6  # beside the number of people: two rows of the grid; the charts show the others


class ReleasePages:
    """The section of `PAGES`, where the release's place has them."""

    id = "release"
    content = None
    shows_earlier = False

    def __init__(self, view: SiteRelease) -> None:
        self._view = view

    def entries(self, language: str) -> Sequence[Entry]:
        """All pages."""
        return [
            Entry(GROUP_OF.get(name, "data"), name, path, SITE_TEXTS.text(language, f"nav.{name}"))
            for name, path in PAGES.items()
        ]

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """All pages."""
        for name in PAGES:
            yield release_page(self._view, language, name)


def release_page(view: SiteRelease, language: str, name: str) -> SitePage:
    """One of `PAGES` in one language, where the release's place has it."""
    path = view.place.paths.get(name, PAGES[name])
    return SitePage(name, path, f"{name}.html.j2", _CONTEXTS[name](view, language))


def row_texts(language: str) -> Any:
    """A function from key and values to the site's message, where linked rows are counted and not people."""

    def text(key: str, **values: str) -> str:
        return SITE_TEXTS.text(language, OF_ROWS.get(key, key), **values)

    return text


@dataclass(frozen=True)
class Headline:
    """One headline figure as text. `of`: what a share is a share of."""

    label: str
    value: str
    interval: str = ""
    of: str = ""


def _overview(view: SiteRelease, language: str) -> dict[str, Any]:
    charts = Charts(view, language, SITE_TEXTS)
    return {
        "heading": view.manifest.info.title(language),
        # What the site says of itself is not true of another hub's release.
        "description": SITE_TEXTS.text(language, "home.lead") if view.included is None else "",
        "people": Headline(
            view.people_labels[language],
            number(language, view.people["count"]),
            number_range(language, view.people["low95"], view.people["high95"]),
        ),
        "headlines": _headlines(view, language),
        "rows": number(language, view.manifest.rows),
        "threshold": number(language, view.privacy["threshold"]),
        "time": charts.time(),
        "pyramid": charts.pyramid(),
        "groups": charts.groups(),
        "variables": charts.variables(),
        "countries": charts.countries(),
        "corridors": charts.corridors(),
        "linked": _linked(view, language),
        "more": ChartLinks(language),
    }


@dataclass(frozen=True)
class LinkedPart:
    """What the overview shows of linked rows. links: people by how many they have; text: reads ``chart.`` texts."""

    heading: str
    text: str
    total: str
    links: BarChart
    charts: tuple[BarChart, ...]
    texts: Any


def _linked(view: SiteRelease, language: str) -> LinkedPart | None:
    words, rows = view.vocabulary.linked, view.linked
    if words is None or rows is None:
        return None
    total, charts = rows.figures["total"], Charts(rows, language, SITE_TEXTS, of_rows=True)
    between = number_range(language, total["low95"], total["high95"])
    return LinkedPart(
        heading=words.labels[language],
        text=SITE_TEXTS.text(language, "rows.text", most=number(language, words.most)),
        total=SITE_TEXTS.text(language, "rows.total", count=number(language, max(0, total["count"])), range=between),
        links=Charts(view, language, SITE_TEXTS).links(),
        charts=(*charts.groups(), *charts.variables()),
        texts=row_texts(language),
    )


def _headlines(view: SiteRelease, language: str) -> list[Headline]:
    found = []
    leading = [one for one in view.headlines if one.startswith(f"{presentation().leading}:")]
    leading.sort(key=lambda identifier: -view.headlines[identifier]["share"])
    for identifier in (*presentation().overview, *leading):
        headline = view.headlines.get(identifier)
        if headline is not None:
            of = "home.of_leading" if identifier in leading else "home.of_known"
            label = view.headline_labels[identifier][language]
            found.append(_headline(language, label, headline, SITE_TEXTS.text(language, of)))
    return found[:MOST_HEADLINES]


def _headline(language: str, label: str, headline: Mapping[str, Any], of: str) -> Headline:
    if headline["kind"] == "share":
        interval = percent_range(language, headline["low95"], headline["high95"])
        return Headline(label, percent(language, headline["share"]), interval, of)
    if headline["kind"] == "range":
        return Headline(label, f"{headline['first']}–{headline['last']}")
    return Headline(label, number(language, headline["value"]))


def _codebook(view: SiteRelease, language: str) -> dict[str, Any]:
    def release_text(key: str) -> str:
        return RELEASE_TEXTS.text(language, key)

    return {
        "heading": release_text("codebook.title"),
        "description": codebook_intro(language, view.vocabulary),
        "r": release_text,
        "intro": codebook_intro(language, view.vocabulary),
        "marks": marks(language),
        "tables": list(_tables(view, language)),
        "many": MANY_CODES,
        "own_page": DATASET_TEXTS.text(language, "variable.page"),
    }


def _tables(view: SiteRelease, language: str) -> Iterator[dict[str, Any]]:
    """The variables of each table: of one without a heading, of two linked ones under their names."""
    words = view.vocabulary.linked
    parts = [(view, words.main if words else "", "")]
    if words is not None and view.linked is not None:
        parts.append((view.linked, words.linked, LINKED))
    for part, name, start in parts:
        yield {
            "heading": table_heading(language, name) if name else "",
            "name": name,
            "start": start,
            "variables": part.vocabulary.variables,
            "groups": part.groups,
            "paths": {}
            if view.place.shelf  # variables have pages of the newest release only
            else {words.name: variable_path(view, words.name, bool(start)) for words in part.vocabulary.variables},
            "facts": [fact_sentence(language, fact, part.vocabulary) for fact in part.vocabulary.facts],
        }


def _privacy(view: SiteRelease, language: str) -> dict[str, Any]:
    sections = privacy_statement(language, view.privacy, view.vocabulary.linked)
    return {
        "heading": RELEASE_TEXTS.text(language, "privacy.title"),
        "description": sections[0].paragraphs,
        "simulated_note": RELEASE_TEXTS.text(language, "privacy.simulated"),
        "sections": sections,
    }


_CONTEXTS = {"overview": _overview, "data": data_page, "codebook": _codebook, "privacy": _privacy}
