"""Cross tables and bars of people with one code, as plain values: every text is ready to print.

Promise: each number is one that the release publishes, with its 95 % interval; what it does not publish is "too few to
say". A share says of how many people it is a share. Nothing here knows HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ctdc.hub.site.alphabet import within
from ctdc.hub.site.brand import SHADES
from ctdc.hub.site.charts import (
    LATE_YEARS,
    Bar,
    BarChart,
    Mark,
    axis_end,
    mark_of,
    reported_years,
    strip_common_start,
    told,
    top_notes,
)
from ctdc.hub.site.view import SiteRelease
from ctdc.release.answers import BOUNDS
from ctdc.release.figures import YEAR
from ctdc.release.numbers import number, number_range, percent, percent_range
from ctdc.release.texts import Catalogue
from ctdc.release.vocabulary import FLAG_CODES
from ctdc.release.within import COUNTED, Cell, Code, Filter, Row, Within

MOST_CONDITIONS = 12  # of a variable with many codes, such as countries, only the most frequent
MANY = 30  # codes; a variable with more shows the most frequent only
Look = Literal["cross", "heat", "multiples", "lines"]
FEW_COLUMNS = 4  # this many stand side by side; more stand below each other


@dataclass(frozen=True)
class Question:
    """What people are told apart by: one variable (`names` holds its name), or flags that share a denominator."""

    id: str
    names: tuple[str, ...]
    is_group: bool


@dataclass(frozen=True)
class CrossCell:
    """One cell: the share with its bar, and the number of people."""

    share: Mark
    people: Mark


@dataclass(frozen=True)
class CrossTable:
    """Shares and counts of two questions. head: the name of the first column; rows: label and one cell per column.

    known: of how many people the shares are: for each column, or for each row if `sideways`; late: how many of the
    last rows are years whose cases are still arriving; look: in which shape it is drawn; axis: what a bar's full length
    stands for; across: the name of what the columns tell apart.
    """

    id: str
    title: str
    text: str
    head: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[CrossCell, ...]], ...]
    known: tuple[Mark, ...]
    sideways: bool
    notes: tuple[str, ...]
    late: int = 0
    look: Look = "cross"
    axis: float = 1.0
    across: str = ""

    @property
    def heat(self) -> tuple[tuple[int, ...], ...]:
        """For each cell of each row one of `SHADES`, by its share's part of the axis; -1 where nothing is shown."""
        return tuple(tuple(shade(cell.share) for cell in cells) for _, cells in self.rows)


def shade(mark: Mark) -> int:
    """Which of `SHADES` steps a value is in, from 0; -1 for none. Steps are parts of the axis of one size."""
    return -1 if mark.few else min(SHADES - 1, int(mark.length * SHADES))


class Crosses:
    """Makes the cross tables and bars of a release in one language."""

    def __init__(self, view: SiteRelease, within: Within, language: str, texts: Catalogue) -> None:
        self._view = view
        self._within = within
        self._language = language
        self._texts = texts
        self._entries = {entry["name"]: entry for entry in view.figures["variables"]}

    def title(self, question: Question) -> str:
        """What a question is called."""
        words = self._view.groups[question.id] if question.is_group else self._view.words[question.id]
        return words.labels[self._language]

    def answers(self, question: Question) -> list[str]:
        """What its answers are called, in their order."""
        if question.is_group:
            return strip_common_start([self._view.words[name].labels[self._language] for name in question.names])
        return [code.labels[self._language] for code in self._view.words[question.id].codes]

    def row(self, condition: Code, question: Question, chosen: Filter | None = None) -> Row | None:
        """People with one code, of those whom a filter chooses, by the answers to a question; None: not measured."""
        if chosen:
            name, code = condition
            return self.among({**chosen, name: (code,)}, question) if name not in chosen else None
        if question.is_group:
            return self._within.flags(condition, question.names)
        return self._within.codes(condition, question.id)

    def among(self, chosen: Filter, question: Question) -> Row | None:
        """People whom a filter chooses by the answers to a question; None if that was not measured."""
        return self._within.among(chosen, question.names, is_group=question.is_group)

    def table(
        self, question: Question, by: Question, look: Look = "cross", chosen: Filter | None = None
    ) -> CrossTable | None:
        """The answers to `question` among people with each code of `by`; None when no cell can be shown.

        chosen: of whom alone it tells. look: in which shape it is drawn; years are always rows.
        """
        conditions = self._conditions(by)
        found = [self.row(condition, question, chosen) for condition, _ in conditions]
        rows = [row for row in found if row is not None]
        if len(rows) < len(found) or all(row.is_empty for row in rows):
            return None
        end = min(1.0, axis_end(cell.share.high for row in rows for cell in row.cells if cell and cell.share))
        answered = self.answered(question)
        cells = [
            tuple(self._cell(cell, end, condition, of) for cell, of in zip(row.cells, answered, strict=True))
            for row, (condition, _) in zip(rows, conditions, strict=True)
        ]
        labels, answers = [label for _, label in conditions], self.answers(question)
        sideways = (
            look in ("multiples", "lines")
            or len(labels) > FEW_COLUMNS >= len(answers)
            or by.id in YEAR
            or len(labels) > MOST_CONDITIONS
        )
        lines = zip(labels, cells, strict=True) if sideways else zip(answers, zip(*cells, strict=True), strict=True)
        names = self.title(question), self.title(by)
        return CrossTable(
            id=f"{look}-{question.id}-{by.id}",
            title=self._text("dash.cross.title", question=names[0], condition=within(names[1], self._language)),
            text=self._text("dash.cross.rows" if sideways else "dash.cross.columns"),
            head=names[1] if sideways else names[0],
            columns=tuple(answers if sideways else labels),
            rows=tuple((label, tuple(line)) for label, line in lines),
            known=tuple(self._known(row) for row in rows),
            sideways=sideways,
            notes=tuple(self._notes(question, by, rows)),
            late=LATE_YEARS if by.id in YEAR else 0,
            look=look,
            axis=end,
            across=names[0] if sideways else names[1],
        )

    def answered(self, question: Question) -> list[Code]:
        """Variable and code of each answer, in their order."""
        if question.is_group:
            return [(name, FLAG_CODES[0]) for name in question.names]
        return [(question.id, code.code) for code in self._view.words[question.id].codes]

    def bars(self, condition: Code, question: Question, start: str) -> BarChart | None:
        """People with one code by the answers to a question, as bars; None when nothing can be shown.

        start: begins the chart's id.
        """
        row = self.row(condition, question)
        return None if row is None else self.bars_of(row, question, f"{start}-{question.id}")

    def bars_of(self, row: Row, question: Question, name: str) -> BarChart | None:
        """A row by the answers to a question, as bars under the id `name`; None when nothing can be shown."""
        if row.is_empty:
            return None
        answers = list(zip(self.answers(question), row.cells, self.answered(question), strict=True))
        whole = self.of_whom(row)
        notes = [whole, *self._over([row])]
        if len(answers) > MANY:
            reported = sorted(((label, cell, of) for label, cell, of in answers if cell), key=lambda one: -one[1].count)
            answers = list(reported[:MOST_CONDITIONS])
            notes = [*self._top(len(answers), len(reported)), *notes]
        end = min(1.0, axis_end(cell.share.high for _, cell, _ in answers if cell and cell.share))
        marks = [(label, self._cell(cell, end, of)) for label, cell, of in answers]
        bars = tuple(Bar(label, cell.share, cell.people) for label, cell in marks)
        if question.is_group:
            notes.append(self._text("dash.several"))
        category = self._text("chart.category")
        known = self._known(row)
        return BarChart(name, self.title(question), category, "share", bars, tuple(notes), whole=whole, known=known)

    def of_whom(self, row: Row) -> str:
        """Of how many people the shares of a row are shares, and where that number is from."""
        key = "dash.known" if row.source == COUNTED else "dash.known_records"
        between = number_range(self._language, row.low, row.high)
        known = number(self._language, row.known)
        return self._texts.plural(self._language, key, round(row.known), known=known, range=between)

    def _conditions(self, by: Question) -> list[tuple[Code, str]]:
        if by.is_group:
            return [((name, "1"), label) for name, label in zip(by.names, self.answers(by), strict=True)]
        codes = self._entries[by.id]["codes"]
        if len(codes) > MANY:
            codes = [code for code in codes if not code["below_threshold"]]
            codes = sorted(codes, key=lambda code: (-code["count"], code["code"]))[:MOST_CONDITIONS]
        if by.id in YEAR:
            codes = reported_years(codes)
        found = [((by.id, code["code"]), self._view.code_label(by.id, code["code"], self._language)) for code in codes]
        late = len(found) - LATE_YEARS if by.id in YEAR else len(found)
        return [
            (code, label if position < late else self._text("dash.year.incomplete", year=label))
            for position, (code, label) in enumerate(found)
        ]

    def _notes(self, question: Question, by: Question, rows: Sequence[Row]) -> list[str]:
        notes = [self._text("dash.several")] if question.is_group else []
        if any(row.source != COUNTED for row in rows if not row.is_empty):
            notes.append(self._text("dash.cross.records"))
        notes += self._over(rows)
        if by.id in YEAR:
            notes.append(self._text("dash.time.incomplete"))
        if not by.is_group and len(self._entries[by.id]["codes"]) > MANY:
            reported = sum(not code["below_threshold"] for code in self._entries[by.id]["codes"])
            notes += self._top(len(rows), reported)
        return notes

    def _over(self, rows: Sequence[Row]) -> list[str]:
        return [self._text("dash.over")] if any(row.is_over for row in rows) else []

    def _top(self, shown: int, published: int) -> tuple[str, ...]:
        return top_notes(self._language, self._texts, shown, published)

    def _cell(self, cell: Cell | None, end: float, *of: Code) -> CrossCell:
        few = Mark(self._text("chart.too_few"), "", 0.0, 0.0, 0.0, few=True, of=of)
        if cell is None:
            return CrossCell(few, few)
        interval = number_range(self._language, cell.low, cell.high)
        count = (cell.count, cell.low, cell.high)
        people = Mark(number(self._language, cell.count), interval, 0.0, 0.0, 0.0, of=of, numbers=count)
        if cell.share is None:
            return CrossCell(replace(few, text=self._text("dash.unknown_share")), people)
        share = cell.share
        text = percent(self._language, share.share)
        between = percent_range(self._language, share.low, share.high)
        return CrossCell(mark_of(text, between, (share.share, share.low, share.high), end, of), people)

    def _known(self, row: Row) -> Mark:
        if row.is_empty:
            return Mark(self._text("chart.too_few"), "", 0.0, 0.0, 0.0, few=True)
        known = told(self._language, (row.known, row.low, row.high))
        return known if row.source == COUNTED else replace(known, source=BOUNDS)

    def _text(self, key: str, **values: str) -> str:
        return self._texts.text(self._language, key, **values)
