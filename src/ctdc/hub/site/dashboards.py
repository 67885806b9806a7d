"""The dashboards beyond the overview: a page for each theme, one for each country that can be reported, two indexes.

Promise: a page exists only if the release has something to show on it; a country below the reporting threshold is named
as such and has no page and no number. All numbers are those of the release's published counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from ctdc.hub.site.about.sources import reporting_context, sources_file
from ctdc.hub.site.alphabet import alphabetical
from ctdc.hub.site.charts import BarChart, Charts
from ctdc.hub.site.cross import Crosses, Question
from ctdc.hub.site.explorer.query import GROUP, PATH, VARIABLE, answer_query
from ctdc.hub.site.frame import SITE_TEXTS, Entry, SiteFile, SitePage
from ctdc.hub.site.kit.book import ChartBook
from ctdc.hub.site.kit.make import Made
from ctdc.hub.site.kit.pages import ChartLink, ChartLinks
from ctdc.hub.site.kit.spec import ROLES, ChartSpec, Shape
from ctdc.hub.site.view import SiteRelease
from ctdc.release.figures import ORIGIN, PLACE
from ctdc.release.numbers import number, number_range
from ctdc.release.within import PAIR, Within
from ctdc.standard.languages import DEFAULT
from ctdc.standard.presentation import ThemeSpec, presentation

THEMES_PATH, COUNTRIES_PATH = "themes/", "countries/"
_PLAIN_CODE = re.compile(r"[A-Za-z0-9]{1,12}")


MOST_COUNTRIES = 8  # whose chart has an address of its own


@dataclass(frozen=True)
class Country:
    """A country by its code, its address, and its numbers by role (a variable's name); None below the threshold."""

    code: str
    path: str
    people: Mapping[str, Mapping[str, Any] | None]

    @property
    def is_reported(self) -> bool:
        """Whether it has a page."""
        return any(self.people.values())


class Dashboards:
    """All pages beyond the overview of one release. What a page counts is computed once for all languages."""

    id = "dashboards"
    shows_earlier = False

    def __init__(self, view: SiteRelease) -> None:
        self._view = view
        self.content = sources_file(view)
        self._book = ChartBook.of(view)
        self._entries = {entry["name"]: entry for entry in view.figures["variables"]}

    def entries(self, language: str) -> Sequence[Entry]:
        """The index of themes, each theme, and the index of countries, as far as there are any."""
        themes = [
            Entry(
                "dashboards",
                f"theme-{theme.id}",
                f"{THEMES_PATH}{theme.id}/",
                _text(language, f"dash.theme.{theme.id}"),
            )
            for theme in self.themes
        ]
        index = [Entry("dashboards", "themes", THEMES_PATH, _text(language, "dash.nav.themes"))] * bool(themes)
        countries = Entry("dashboards", "countries", COUNTRIES_PATH, _text(language, "dash.nav.countries"))
        return [*index, *themes, *[countries] * bool(self.places)]

    def paths(self) -> list[str]:
        """The address of every page, below its language."""
        pages = [THEMES_PATH] * bool(self.themes) + [f"{THEMES_PATH}{theme.id}/" for theme in self.themes]
        places = [f"{COUNTRIES_PATH}{place.path}/" for place in self.places if place.is_reported]
        return [*pages, *[COUNTRIES_PATH] * bool(self.places), *places]

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """Every page in a language."""
        if self.themes:
            yield SitePage("themes", THEMES_PATH, "themes.html.j2", self._themes(language))
        for theme in self.themes:
            context = self._theme(theme, language)
            yield SitePage(f"theme-{theme.id}", f"{THEMES_PATH}{theme.id}/", "theme.html.j2", context)
        if self.places:
            yield SitePage("countries", COUNTRIES_PATH, "countries.html.j2", self._countries(language))
        for place in self.places:
            if place.is_reported:
                context = self._country(place, language)
                yield SitePage("countries", f"{COUNTRIES_PATH}{place.path}/", "country.html.j2", context)

    @property
    def within(self) -> Within:
        """The cross tables of people."""
        return self._book.within

    def charts(self, language: str) -> Iterator[Made]:
        """Every chart of the themes that has an address of its own."""
        for theme in self.themes:
            for specs in (self._wide(theme), self._bars(theme.questions), self._crosses(theme)):
                yield from self._drawn(specs, language, f"{THEMES_PATH}{theme.id}/")
        for place in self._largest:
            yield from self._drawn(
                [self._types_of(place)], language, f"{COUNTRIES_PATH}{place.path}/#{place_chart_id()}"
            )

    @cached_property
    def _largest(self) -> list[Country]:
        """The countries where most people were exploited: all charts of all countries would be too many files."""
        role = self._variable(PLACE)
        counted = [(entry["count"], place) for place in self.places if role and (entry := place.people[role])]
        largest = sorted(counted, key=lambda pair: (-pair[0], pair[1].code))[:MOST_COUNTRIES]
        return [place for _, place in largest]

    def _types_of(self, place: Country) -> ChartSpec:
        return ChartSpec("bars", (presentation().place_chart,), {str(self._variable(PLACE)): (place.code,)})

    @cached_property
    def themes(self) -> list[ThemeSpec]:
        """The themes that the release has variables for."""
        return [
            theme
            for theme in presentation().themes
            if self._questions(theme.questions) or (theme.time and self._has_time)
        ]

    @cached_property
    def _has_time(self) -> bool:
        return Charts(self._view, DEFAULT, SITE_TEXTS).time() is not None

    @cached_property
    def roles(self) -> list[str]:
        """The variables of countries: of exploitation and of citizenship, as far as there are any."""
        return [found for role in (PLACE, ORIGIN) if (found := self._variable(role))]

    @cached_property
    def places(self) -> list[Country]:
        """Every country that the release can name, in the order of its codes."""
        counts = {
            role: {code["code"]: None if code["below_threshold"] else code for code in self._entries[role]["codes"]}
            for role in self.roles
        }
        codes = sorted({code for role in self.roles for code in counts[role]})
        paths = place_paths(codes)
        return [Country(code, paths[code], {role: counts[role].get(code) for role in self.roles}) for code in codes]

    def _variable(self, names: Sequence[str]) -> str | None:
        return next((name for name in names if name in self._entries), None)

    def _question(self, asked: str) -> Question | None:
        """The group of that id, or the variable that plays that role or has that name."""
        group = self._view.groups.get(asked)
        if group:
            return Question(group.id, group.variables, is_group=True)
        name = self._variable(ROLES.get(asked) or (asked,))
        return Question(name, (name,), is_group=False) if name else None

    def _questions(self, asked: Iterable[str]) -> list[Question]:
        return [found for one in asked if (found := self._question(one))]

    def _themes(self, language: str) -> dict[str, Any]:
        return {
            "heading": _text(language, "dash.themes.title"),
            "description": _text(language, "dash.themes.lead"),
            "themes": self._links(language),
        }

    def _links(self, language: str) -> list[tuple[str, str]]:
        return [(theme.id, f"/{language}/{THEMES_PATH}{theme.id}/") for theme in self.themes]

    def _theme(self, theme: ThemeSpec, language: str) -> dict[str, Any]:
        return {
            "heading": _text(language, f"dash.theme.{theme.id}"),
            "lead": _text(language, f"dash.theme.{theme.id}.text"),
            "wide": list(self._drawn(self._wide(theme), language)),
            "bars": list(self._drawn(self._bars(theme.questions), language)),
            "crosses": list(self._drawn(self._crosses(theme), language)),
            "measured": self._view.is_measured,
            "more": ChartLinks(language),
            **reporting_context(self._view, language, shown=theme.time),
        }

    def _drawn(self, specs: Iterable[ChartSpec], language: str, home: str = "") -> Iterator[Made]:
        yield from (made for spec in specs if (made := self._book.draw(spec, language, home)))

    def _wide(self, theme: ThemeSpec) -> Iterator[ChartSpec]:
        if theme.time:
            yield ChartSpec("columns", ("year",))
        if theme.pyramid:
            yield ChartSpec("pyramid", ("age", "gender"))

    def _bars(self, asked: Iterable[str]) -> Iterator[ChartSpec]:
        yield from (ChartSpec("bars", (question.id,)) for question in self._questions(asked))

    def _crosses(self, theme: ThemeSpec) -> Iterator[ChartSpec]:
        pairs = [(one, by, shape) for by, shape in theme.by for one in theme.questions]
        for asked, by, shape in (*pairs, *theme.pairs):
            found = self._question(asked), self._question(by)
            if found[0] and found[1]:
                yield ChartSpec(cast(Shape, shape), (found[0].id, found[1].id))

    def _countries(self, language: str) -> dict[str, Any]:
        shown = sorted(self.places, key=lambda place: alphabetical(self._name(place, language)))
        reported = [
            {
                "name": self._name(place, language),
                "address": f"/{language}/{COUNTRIES_PATH}{place.path}/",
                "people": [self._people(place, role, language) for role in self.roles],
            }
            for place in shown
            if place.is_reported
        ]
        return {
            "heading": _text(language, "dash.countries.title"),
            "description": _text(language, "dash.countries.lead"),
            "columns": [self._view.words[role].labels[language] for role in self.roles],
            "reported": reported,
            "few": [self._name(place, language) for place in shown if not place.is_reported],
            "threshold": number(language, self._view.privacy["threshold"]),
            **reporting_context(self._view, language),
        }

    def _name(self, place: Country, language: str) -> str:
        role = next(role for role in self.roles if (role, place.code) in self._view.code_labels)
        return self._view.code_label(role, place.code, language)

    def _people(self, place: Country, role: str, language: str) -> tuple[str, str] | None:
        entry = place.people[role]
        if entry is None:
            return None
        return number(language, entry["count"]), number_range(language, entry["low95"], entry["high95"])

    def _country(self, place: Country, language: str) -> dict[str, Any]:
        name = self._name(place, language)
        parts = []
        for role in self.roles:
            kind = "place" if role in PLACE else "origin"
            people = self._people(place, role, language)
            text = None
            if people:
                text = _text(language, f"dash.country.{kind}.people", count=people[0], range=people[1])
            charts = self._country_charts(place, role, kind, language) if people else []
            address = f"/{language}/{PATH}{answer_query(role, place.code)}" if self._view.is_measured else ""
            parts.append({"id": kind, "text": text, "charts": charts, "explore": address})
        said = (part["text"] for part in parts if part["text"])
        shown = {"heading": name, "description": (name, *said), "parts": parts}
        return shown | reporting_context(self._view, language)

    def _country_charts(self, place: Country, role: str, kind: str, language: str) -> list[tuple[BarChart, ChartLink]]:
        """The charts with the way to where each can be taken from: its own page, or the explorer."""
        if self.within.measured_length < PAIR:
            return []
        asked = ("origin", *presentation().place_questions) if kind == "place" else ("place",)
        crosses = Crosses(self._view, self.within, language, SITE_TEXTS)
        found: list[tuple[BarChart, ChartLink]] = []
        for question in self._questions(asked):
            if chart := crosses.bars((role, place.code), question, kind):
                found.append((chart, self._chart_link(place, role, question, chart, language)))
        return found

    def _chart_link(self, place: Country, role: str, question: Question, chart: BarChart, language: str) -> ChartLink:
        if chart.id == place_chart_id() and place in self._largest:
            own = self._book.draw(self._types_of(place), language)
            if own is not None:
                return ChartLink(ChartLinks(language).label, own.chart.address)
        topic = f"{GROUP if question.is_group else VARIABLE}-{question.id}"
        query = answer_query(role, place.code, topic)
        return ChartLink(_text(language, "dash.country.chart"), f"/{language}/{PATH}{query}#{topic}")


def place_chart_id() -> str:
    """The id of the chart on a country's page that has an address of its own."""
    return f"place-{presentation().place_chart}"


def _text(language: str, key: str, **values: str) -> str:
    return SITE_TEXTS.text(language, key, **values)


def place_paths(codes: Sequence[str]) -> dict[str, str]:
    """The address of each country: its code if that is plain letters and digits, else its position in the list."""
    paths: dict[str, str] = {}
    for position, code in enumerate(codes):
        plain = code.lower() if _PLAIN_CODE.fullmatch(code) else ""
        taken = not plain or plain in paths.values()
        paths[code] = f"code-{position}" if taken else plain
    return paths
