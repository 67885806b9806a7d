"""The explorer's page as plain values: what was asked, how many people that are, and every chart of them.

Promise: every number is the answer of `Counter`, with its interval; what is too few to say has no number and no bar.
The module ``explorer.js`` draws the same in the browser; a test compares both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ctdc.hub.site.charts import (
    MOST_CODES,
    TOP_COUNTRIES,
    Mark,
    answer_label,
    axis_end,
    is_late,
    strip_common_start,
    told,
    top_notes,
)
from ctdc.hub.site.explorer.query import COUNT, GROUP, VARIABLE, Asked, Language
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.view import SiteRelease
from ctdc.release.answers import COUNTS, RECORDS
from ctdc.release.counting import Counted, Counter, Number
from ctdc.release.figures import ORIGIN, PLACE, YEAR
from ctdc.release.numbers import number, number_range, percent, percent_range
from ctdc.release.texts import Catalogue
from ctdc.release.vocabulary import FLAG_CODES

EXPLORER_TEXTS = Catalogue(Path(__file__).parent / "texts")
LEAST_OVER = 0.5  # people; less is hidden by rounding


@dataclass(frozen=True)
class Choice:
    """One answer that can be chosen: a code of a variable. late: cases of this year are still arriving."""

    variable: str
    code: str
    label: str
    late: bool = False


@dataclass(frozen=True)
class Topic:
    """A question with its answers, which is also a chart. id: of the chart; is_group: its answers are flags; caveat:
    without which its numbers would be misread, if there is one.

    is_long: only its most frequent answers are drawn.
    """

    id: str
    title: str
    is_group: bool
    choices: tuple[Choice, ...]
    caveat: str = ""

    @property
    def is_long(self) -> bool:
        """Whether there are more answers than a chart can hold."""
        return len(self.choices) > MOST_CODES


def questions(view: SiteRelease, variables: Iterable[str]) -> list[tuple[str, str]]:
    """What there is to ask: `VARIABLE` and a name, or `GROUP` and its id where the first of its flags stands."""
    groups = ((name, view.words[name].group or "") for name in variables)
    return list(dict.fromkeys((GROUP, group) if group in view.groups else (VARIABLE, name) for name, group in groups))


@dataclass(frozen=True)
class Line:
    """One answer in a chart. address: of the same question with or without it; drawn: the mark that is the bar.

    base: of how many people its share is, None where that cannot be said.
    """

    choice: Choice
    address: str
    chosen: bool
    drawn: Mark
    share: Mark
    people: Mark
    base: Mark | None


@dataclass(frozen=True)
class Drawn:
    """A chart of a topic. whole: the one of its notes that says of how many."""

    topic: Topic
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    whole: str


@dataclass(frozen=True)
class _Cell:
    """One answer as numbers."""

    choice: Choice
    count: tuple[float, float, float]
    few: bool
    share: tuple[float, float, float]
    share_few: bool
    measured: bool
    whole: Number | None


class Explored:
    """One release in one language, to be asked."""

    def __init__(self, view: SiteRelease, counter: Counter, language: str) -> None:
        self._view, self._counter, self._language = view, counter, language

    @property
    def language(self) -> str:
        """The language of its words."""
        return self._language

    @cached_property
    def topics(self) -> tuple[Topic, ...]:
        """Every question: variables in the release's order, a group of flags where its first flag stands."""
        makers = {GROUP: self._group, VARIABLE: self._variable}
        return tuple(makers[kind](name) for kind, name in questions(self._view, self._counter.variables))

    def _variable(self, name: str) -> Topic:
        words = self._view.words[name]
        codes = self._counter.analysis.codes(name)
        choices = (Choice(name, code, self._label(name, code), is_late(self._view, name, code)) for code in codes)
        key = "chart.coverage" if name in (*PLACE, *ORIGIN) else "dash.time.incomplete" if name in YEAR else ""
        caveat = SITE_TEXTS.text(self._language, key) if key else ""
        return Topic(f"{VARIABLE}-{name}", words.labels[self._language], False, tuple(choices), caveat)

    def _group(self, name: str) -> Topic:
        group = self._view.groups[name]
        labels = strip_common_start([self._view.words[flag].labels[self._language] for flag in group.variables])
        choices = (Choice(flag, FLAG_CODES[0], label) for flag, label in zip(group.variables, labels, strict=True))
        return Topic(f"{GROUP}-{name}", group.labels[self._language], True, tuple(choices))

    def _label(self, name: str, code: str) -> str:
        return answer_label(self._view, SITE_TEXTS, self._language, name, code)

    @cached_property
    def addresses(self) -> Language:
        """Reads and writes the addresses of questions."""
        codes = {name: self._counter.analysis.codes(name) for name in self._counter.variables}
        return Language(codes, [topic.id for topic in self.topics])

    def page(self, asked: Asked) -> dict[str, Any]:
        """What the page's template is filled with, for one question."""
        total = self._counter.total(asked.filters)
        charts = [self.chart(topic, asked) for topic in self.topics]
        return {
            "asked": asked,
            "topics": self.topics,
            "charts": charts,
            "headline": self._headline(total),
            "chips": [
                (topic.title, choice.label, self._address(asked, choice))
                for topic in self.topics
                for choice in topic.choices
                if self._is_chosen(asked, choice)
            ],
        }

    def _address(self, asked: Asked, choice: Choice) -> str:
        query = self.addresses.write(asked.toggled(choice.variable, choice.code))
        return f"/{self._language}/explorer/{query}"

    def _is_chosen(self, asked: Asked, choice: Choice) -> bool:
        return choice.code in asked.filters.get(choice.variable, ())

    def _headline(self, total: Number) -> dict[str, str]:
        if total.too_few:
            return {"value": SITE_TEXTS.text(self._language, "chart.too_few"), "interval": "", "source": "few"}
        people = _steady(total.value)
        count = number(self._language, people)
        value = EXPLORER_TEXTS.plural(self._language, "explorer.about", round(people), count=count)
        ends = number_range(self._language, _steady(total.low), _steady(total.high))
        interval = SITE_TEXTS.text(self._language, "home.interval", range=ends)
        return {"value": value, "interval": interval, "source": total.source}

    # ---- charts -----------------------------------------------------------------------------------------------------

    def chart(self, topic: Topic, asked: Asked) -> Drawn:
        """The answers to one question, of the people whom the others choose."""
        cells = self._cells(topic, asked)
        published, is_over = sum(not cell.few for cell in cells), not topic.is_group and _is_over(cells)
        if topic.is_long:
            cells = self._top(cells, asked)
        ends = [self._numbers(cell, asked.bars)[2] for cell in cells if not self._is_few(cell, asked.bars)]
        end = axis_end(ends) if asked.bars == COUNT else min(1.0, axis_end(ends))
        lines = tuple(self._line(cell, asked, end) for cell in cells)
        # Each flag has a whole of its own, which may be too few to say where another's is not.
        wholes = [cell.whole for cell in cells]
        said = next((whole for whole in wholes if whole is not None and not whole.too_few), next(iter(wholes), None))
        text = self._whole(said) if cells else SITE_TEXTS.text(self._language, "chart.too_few")
        return Drawn(topic, lines, tuple(self._notes(topic, cells, published, text, is_over=is_over)), text)

    def chosen(self, topic: Topic, asked: Asked) -> dict[str, tuple[str, ...]]:
        """What everybody has who is counted in a topic's chart: not what was chosen in the question itself."""
        own = () if topic.is_group else (topic.choices[0].variable,)
        return {name: codes for name, codes in asked.filters.items() if codes and name not in own}

    def _cells(self, topic: Topic, asked: Asked) -> list[_Cell]:
        """Flags are counted among the chosen people; the answers to one question also among those not chosen in it."""
        if topic.is_group:
            people = self._counter.asked(asked.filters)
            return [cell for choice in topic.choices for cell in _cells_of([choice], people.by((choice.variable,)))]
        people = self._counter.asked(self.chosen(topic, asked))
        return _cells_of(topic.choices, people.by((topic.choices[0].variable,)))

    def _top(self, cells: Sequence[_Cell], asked: Asked) -> list[_Cell]:
        said = sorted((cell for cell in cells if not cell.few), key=lambda cell: (-cell.count[0], cell.choice.code))
        chosen = [cell for cell in cells if self._is_chosen(asked, cell.choice) and cell not in said[:TOP_COUNTRIES]]
        return [*said[:TOP_COUNTRIES], *chosen]

    def _numbers(self, cell: _Cell, bars: str) -> tuple[float, float, float]:
        return cell.count if bars == COUNT else cell.share

    def _is_few(self, cell: _Cell, bars: str) -> bool:
        return cell.few if bars == COUNT else cell.share_few

    def _line(self, cell: _Cell, asked: Asked, end: float) -> Line:
        share, people = self._share(cell), self._people(cell)
        drawn = _on_axis(people if asked.bars == COUNT else share, end)
        chosen = self._is_chosen(asked, cell.choice)
        address, base = self._address(asked, cell.choice), self._base(cell.whole)
        return Line(cell.choice, address, chosen, drawn, share, people, base)

    def _base(self, whole: Number | None) -> Mark | None:
        if whole is None or whole.too_few:
            return None
        known = told(self._language, (_steady(whole.value), _steady(whole.low), _steady(whole.high)))
        return replace(known, source=whole.source)

    def _share(self, cell: _Cell) -> Mark:
        if cell.share_few:
            key = "dash.unknown_share" if cell.whole is None and not cell.few else "chart.too_few"
            return Mark(SITE_TEXTS.text(self._language, key), "", 0.0, 0.0, 0.0, few=True)
        value, low, high = cell.share
        interval = percent_range(self._language, low, high)
        return Mark(percent(self._language, value), interval, 0.0, 0.0, 0.0, numbers=cell.share)

    def _people(self, cell: _Cell) -> Mark:
        if cell.few:
            return Mark(SITE_TEXTS.text(self._language, "chart.too_few"), "", 0.0, 0.0, 0.0, few=True)
        people = told(self._language, cell.count)
        return people if cell.measured else replace(people, source=RECORDS, recorded=self._text("explorer.mark"))

    def _notes(self, topic: Topic, cells: Sequence[_Cell], published: int, whole: str, *, is_over: bool) -> list[str]:
        language, notes = self._language, list[str]()
        if topic.is_long:
            notes += top_notes(language, SITE_TEXTS, min(published, TOP_COUNTRIES), published)
        if topic.is_group:
            notes.append(SITE_TEXTS.text(language, "dash.several"))
        notes.append(whole)
        if is_over:
            notes.append(SITE_TEXTS.text(language, "dash.over"))
        if any(not cell.measured and not cell.few for cell in cells):
            notes.append(self._text("explorer.marked"))
        if topic.caveat:
            notes.append(topic.caveat)
        return notes

    def _whole(self, whole: Number | None) -> str:
        language = self._language
        if whole is None:
            return self._text("explorer.whole.none")
        if whole.too_few:
            return self._text("explorer.whole.few")
        key = {COUNTS: "dash.known", RECORDS: ""}.get(whole.source, "dash.known_records")
        people = _steady(whole.value)
        known = number(language, people)
        if not key:
            return EXPLORER_TEXTS.plural(language, "explorer.whole.records", round(people), known=known)
        ends = number_range(language, _steady(whole.low), _steady(whole.high))
        return SITE_TEXTS.plural(language, key, round(people), known=known, range=ends)

    def _text(self, key: str, **values: str) -> str:
        return EXPLORER_TEXTS.text(self._language, key, **values)


def _cells_of(choices: Sequence[Choice], found: Counted) -> list[_Cell]:
    places = {code: place for place, (code,) in enumerate(found.codes)}
    cells = []
    for choice in choices:
        at = places[choice.code]
        count = _steady(found.count[at]), _steady(found.low[at]), _steady(found.high[at])
        shares = found.shares
        share = float(shares.share[at]), float(shares.low[at]), float(shares.high[at])
        few, share_few = bool(found.too_few[at]), bool(found.share_too_few[at])
        cells.append(_Cell(choice, count, few, share, share_few, bool(found.measured[at]), found.whole))
    return cells


def _is_over(cells: Sequence[_Cell]) -> bool:
    """Whether answers that exclude each other add up to more than all people with an answer."""
    whole = cells[0].whole if cells else None
    if whole is None or whole.too_few:
        return False
    return sum(cell.count[0] for cell in cells if not cell.few) >= whole.value + LEAST_OVER


def _on_axis(mark: Mark, end: float) -> Mark:
    if mark.numbers is None:
        return mark
    length, low, high = (min(1.0, max(0.0, one / end)) for one in mark.numbers)
    return replace(mark, length=length, low=low, high=high)


def _steady(value: float) -> float:
    """Without what sums in another order change: whole halves stay whole halves, and are rounded alike everywhere."""
    return round(float(value), 4)
