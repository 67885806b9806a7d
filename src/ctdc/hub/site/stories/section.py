"""The section of data stories: an index by category, and a page for each story that the release can tell.

Promise: a story's page has only numbers and charts of the release, and every chart leads to a page of its own; a story
whose release or indispensable numbers are not there has no page and is not listed. Pages depend on nothing but the
releases and the folder of content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ctdc.hub.site.chart_pages import chart_pages
from ctdc.hub.site.charts import Charts
from ctdc.hub.site.frame import SITE_TEXTS, Entry, SiteFile, SitePage, site_text
from ctdc.hub.site.kit.book import ChartBook
from ctdc.hub.site.kit.make import Made
from ctdc.hub.site.kit.pages import ChartLinks, picture_of
from ctdc.hub.site.kit.spec import ChartSpec
from ctdc.hub.site.release_pages import row_texts
from ctdc.hub.site.stories.changes import changes, earlier_release
from ctdc.hub.site.stories.numbers import Numbers
from ctdc.hub.site.stories.prose import STORY_TEXTS, Shown, Told, tell
from ctdc.hub.site.stories.source import CATEGORIES, CONTENT, CORRIDORS, LATEST, Part, Story, Term, read_stories
from ctdc.hub.site.view import SiteRelease
from ctdc.release.citation import citation
from ctdc.release.numbers import date
from ctdc.standard.languages import AUTONYMS, direction

PATH = "stories/"
# Charts that there is one of in a release, whatever its profile calls their variables.
ROLES_OF = {"columns": ("year",), "pyramid": ("age", "gender")}


class Stories:
    """All stories of one site. content: the folder that editors change."""

    id = "stories"
    shows_earlier = True

    def __init__(self, view: SiteRelease, content: Path | None = None) -> None:
        self._view = view
        self._content = content or view.content_of("stories") or CONTENT

    @property
    def content(self) -> Path:
        """The folder of the stories."""
        return self._content

    def entries(self, language: str) -> Sequence[Entry]:
        """The index, if there is any story."""
        return [Entry("stories", "stories", PATH, _text(language, "stories.nav"))] * bool(self.told)

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """The index, every story, and the pages of charts that only stories show."""
        if self.told:
            yield SitePage("stories", PATH, "stories.html.j2", self._index(language))
        for told in self.told:
            yield SitePage("stories", f"{PATH}{told.story.slug}/", "story.html.j2", self._page(told, language))
        yield from chart_pages(self._view, self._charts(language))

    @cached_property
    def told(self) -> tuple[Told, ...]:
        """The stories that the site's releases can tell, in the editors' order."""
        found = [tell(story, self._numbers) for story in self._read[1]]
        return tuple(told for told in found if told is not None and told.complete)

    # ---- inside -----------------------------------------------------------------------------------------------------

    @cached_property
    def _read(self) -> tuple[Mapping[str, Term], Sequence[Story]]:
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
        body = [self._drawn(told, paragraph, language) for paragraph in told.body(language)]
        pictured = next((part["made"].chart for part in body if part["made"] and part["more"]), None)
        return {
            "heading": words.title,
            "description": words.summary,
            "s": _texts(language),
            "own": {"language": there, "direction": direction(there), "name": AUTONYMS[there]},
            "lacking": there != language,
            "measured": view.is_measured,
            "story": told.story,
            "summary": words.summary,
            "preview": "article",
            "picture": picture_of(pictured) if pictured else None,
            "body": body,
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
        made = self._made(told, paragraph, language)
        own = made is not None and self._numbers_of(told, paragraph.chart).view is self._view
        return {
            "kind": paragraph.kind,
            "pieces": paragraph.pieces,
            "made": made,
            "text": row_texts(language) if made is not None and made.of_rows else site_text(language),
            "more": ChartLinks(language) if own else None,
        }

    def _made(self, told: Told, paragraph: Any, language: str) -> Made | None:
        home = f"{PATH}{told.story.slug}/"
        if not paragraph.chart:
            return None
        return draw(self._numbers_of(told, paragraph.chart), paragraph.chart, language, home)

    def _numbers_of(self, told: Told, part: Part) -> Numbers:
        """The numbers of the release that a chart is of: its own, or that of its story."""
        named = (part.chart or {}).get("release")
        return self._numbers[named] if named else told.numbers

    def _charts(self, language: str) -> Iterator[Made]:
        """The charts of all stories about the release at the front, whose charts have addresses of their own."""
        for told in self.told:
            for paragraph in told.body(language):
                if paragraph.chart and self._numbers_of(told, paragraph.chart).view is self._view:
                    made = self._made(told, paragraph, language)
                    yield from [made] if made is not None else []


def draw(numbers: Numbers, part: Part, language: str, home: str = "") -> Made | None:
    """The chart that a story binds; None where the release lacks it. home: path of the story's page."""
    given = part.chart or {}
    book, kind = ChartBook.of(numbers.view), given["kind"]
    if kind == CORRIDORS:
        found = Charts(numbers.view, language, SITE_TEXTS).corridors()
        return book.add(found, language, home) if found and found.bars else None
    dimensions = ROLES_OF.get(kind) or tuple(given["dimensions"])
    asked = {key: given[key] for key in ("filter", "measure", "counted") if key in given}
    return book.draw(ChartSpec(kind, dimensions, **asked), language, home)


def _day(told: Told) -> datetime:
    reviewed = told.story.reviewed
    return datetime(reviewed.year, reviewed.month, reviewed.day, tzinfo=told.numbers.view.manifest.created.tzinfo)


def _text(language: str, key: str, **values: str) -> str:
    return STORY_TEXTS.text(language, key, **values)


def _texts(language: str) -> Any:
    def text(key: str, **values: str) -> str:
        return _text(language, key, **values)

    return text
