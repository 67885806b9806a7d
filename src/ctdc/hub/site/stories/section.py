"""The section of data stories: an index by category, and a page for each story that the release can tell.

Promise: a story's page has only numbers and charts of the release; a story whose release or indispensable numbers are
not there has no page and is not listed. Pages depend on nothing but the releases and the folder of content.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ctdc.hub.site.charts import BarChart, Charts, Pyramid, TimeChart
from ctdc.hub.site.cross import Crosses, CrossTable, Question
from ctdc.hub.site.frame import SITE_TEXTS, Entry, SiteFile, SitePage
from ctdc.hub.site.kit.make import drawn_charts
from ctdc.hub.site.kit.pages import ChartLinks
from ctdc.hub.site.stories.changes import changes, earlier_release
from ctdc.hub.site.stories.numbers import Numbers
from ctdc.hub.site.stories.prose import STORY_TEXTS, Shown, Told, tell
from ctdc.hub.site.stories.source import CATEGORIES, CONTENT, LATEST, Part, read_stories
from ctdc.hub.site.view import SiteRelease
from ctdc.release.citation import citation
from ctdc.release.numbers import date
from ctdc.release.within import PAIR
from ctdc.standard.languages import AUTONYMS, LANGUAGES, direction

PATH = "stories/"
Drawn = BarChart | Pyramid | TimeChart | CrossTable


class Stories:
    """All stories of one site. content: the folder that editors change."""

    id = "stories"
    shows_earlier = True

    def __init__(self, view: SiteRelease, content: Path = CONTENT) -> None:
        self._view = view
        self._content = content

    @property
    def content(self) -> Path:
        """The folder of the stories."""
        return self._content

    def entries(self, language: str) -> Sequence[Entry]:
        """The index, if there is any story."""
        return [Entry("stories", "stories", PATH, _text(language, "stories.nav"))] * bool(self.told)

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """The index and every story."""
        if self.told:
            yield SitePage("stories", PATH, "stories.html.j2", self._index(language))
        for told in self.told:
            yield SitePage("stories", f"{PATH}{told.story.slug}/", "story.html.j2", self._page(told, language))

    @cached_property
    def told(self) -> tuple[Told, ...]:
        """The stories that the site's releases can tell, in the editors' order."""
        found = [tell(story, self._numbers) for story in self._read[1]]
        return tuple(told for told in found if told is not None and told.complete)

    # ---- inside -----------------------------------------------------------------------------------------------------

    @cached_property
    def _read(self) -> Any:
        return read_stories(self._content)

    @cached_property
    def _numbers(self) -> dict[str, Numbers]:
        """The numbers of every release of the site, by its folder and its id."""
        found: dict[str, Numbers] = {}
        for view in (self._view, *self._view.earlier):
            numbers = Numbers(view, self._read[0])
            found |= {view.manifest.folder: numbers, view.manifest.id: numbers}
        return {**found, LATEST: found[self._view.manifest.id]}

    @cached_property
    def _before(self) -> Numbers | None:
        view = earlier_release(self._view)
        return self._numbers[view.manifest.id] if view else None

    @cached_property
    def _charts_with_pages(self) -> frozenset[str]:
        """The charts that have an address of their own in this site."""
        return frozenset(drawn.id for drawn, _ in drawn_charts(self._view, LANGUAGES[0], SITE_TEXTS))

    def _index(self, language: str) -> dict[str, Any]:
        groups = [
            (category, [self._card(told, language) for told in self.told if told.story.category == category])
            for category in CATEGORIES
        ]
        return {
            "heading": _text(language, "stories.title"),
            "description": _text(language, "stories.lead"),
            "s": _texts(language),
            "measured": self._view.is_measured,
            "categories": [(category, cards) for category, cards in groups if cards],
        }

    def _card(self, told: Told, language: str) -> dict[str, Any]:
        words, there = told.words(language)
        value = told.values[told.story.headline]
        return {
            "address": f"/{language}/{PATH}{told.story.slug}/",
            "title": words.title,
            "summary": words.summary,
            "language": there,
            "direction": direction(there),
            "category": told.story.category,
            "analysis": told.story.analysis,
            "headline": told.shown(told.story.headline, there, words) if value.there else None,
        }

    def _page(self, told: Told, language: str) -> dict[str, Any]:
        words, there = told.words(language)
        view, info = told.numbers.view, told.numbers.view.manifest.info
        shown = [told.shown(name, there, words) for name in words.numbers if told.values[name].there]
        return {
            "heading": words.title,
            "description": words.summary,
            "s": _texts(language),
            "own": {"language": there, "direction": direction(there), "name": AUTONYMS[there]},
            "lacking": there != language,
            "measured": view.is_measured,
            "story": told.story,
            "summary": words.summary,
            "body": [self._drawn(told, paragraph, language) for paragraph in told.body(language)],
            "numbers": shown,
            "notes": self._notes(told, shown, language),
            "sisters": [self._card(other, language) for other in self.told if other.story.slug in told.story.sisters],
            "changes": changes(told, self._before, language) if self._before else [],
            "before": self._release_name(self._before.view, language) if self._before else "",
            "told_release": self._release_name(view, language),
            "citation": citation(language, info, view.manifest.created),
            "reviewed": date(language, _day(told)),
            "unread": view.manifest.created.date() > told.story.reviewed,
        }

    def _release_name(self, view: SiteRelease, language: str) -> str:
        name, created = view.manifest.folder, date(language, view.manifest.created)
        return SITE_TEXTS.text(language, "footer.release", name=name, date=created)

    def _notes(self, told: Told, shown: Sequence[Shown], language: str) -> list[str]:
        keys = list(told.story.notes)
        if any(one.bounded for one in shown) and "bounds" not in keys:
            keys.append("bounds")
        return [_text(language, f"stories.note.{key}") for key in keys]

    def _drawn(self, told: Told, paragraph: Any, language: str) -> dict[str, Any]:
        chart = draw(told.numbers, paragraph.chart, language) if paragraph.chart else None
        own = told.numbers.view is self._view and chart is not None and chart.id in self._charts_with_pages
        more = ChartLinks(language) if own else None
        return {
            "kind": paragraph.kind,
            "pieces": paragraph.pieces,
            "chart": chart,
            "shape": _shape(chart),
            "more": more,
        }


def draw(numbers: Numbers, part: Part, language: str) -> Drawn | None:
    """The chart that a story binds; None where the release lacks it."""
    given = part.chart or {}
    view, kind = numbers.view, given["kind"]
    charts = Charts(view, language, SITE_TEXTS)
    if kind == "columns":
        return charts.time()
    if kind == "pyramid":
        return charts.pyramid()
    if kind == "corridors":
        found = charts.corridors()
        return found if found and found.bars else None
    questions = [_question(numbers, name) for name in given["dimensions"]]
    if kind == "cross":
        asked, by = questions
        if asked is None or by is None or view.within.measured_length < PAIR:
            return None
        return Crosses(view, view.within, language, SITE_TEXTS).table(asked, by)
    question = questions[0]
    if question is None:
        return None
    if question.is_group:
        return next(chart for chart in charts.groups() if chart.id == f"group-{question.id}")
    return charts.variable(question.id)


def _question(numbers: Numbers, name: str) -> Question | None:
    group = numbers.view.groups.get(name)
    if group is not None:
        return Question(group.id, group.variables, is_group=True)
    return Question(name, (name,), is_group=False) if numbers.variable(name) else None


def _shape(chart: Drawn | None) -> str:
    shapes = {BarChart: "bars", Pyramid: "pyramid", TimeChart: "columns", CrossTable: "cross"}
    return "" if chart is None else shapes[type(chart)]


def _day(told: Told) -> datetime:
    reviewed = told.story.reviewed
    return datetime(reviewed.year, reviewed.month, reviewed.day, tzinfo=told.numbers.view.manifest.created.tzinfo)


def _text(language: str, key: str, **values: str) -> str:
    return STORY_TEXTS.text(language, key, **values)


def _texts(language: str) -> Any:
    def text(key: str, **values: str) -> str:
        return _text(language, key, **values)

    return text
