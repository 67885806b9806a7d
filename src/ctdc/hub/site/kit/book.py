"""The charts of one release by their specifications: asked for by whoever writes a page, drawn once in each language.

Promise: a chart is drawn from the release's published numbers only, with their denominators and intervals; None stands
for what the release lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from babel.lists import format_list

from ctdc.hub.site.charts import BarChart, Charts, drawn_as_people
from ctdc.hub.site.cross import Crosses, CrossTable, Look, Question
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.kit.geo import geometry_for
from ctdc.hub.site.kit.make import Chosen, Drawn, Made, Maker
from ctdc.hub.site.kit.spec import ROLES, SHAPES, ChartSpec
from ctdc.hub.site.kit.value import KIT_TEXTS
from ctdc.hub.site.view import SiteRelease
from ctdc.release.figures import AGE, GENDER, ORIGIN, PLACE, YEAR
from ctdc.release.numbers import number
from ctdc.release.texts import Catalogue
from ctdc.release.within import PAIR, Cell, Filter, Row, Within

BETWEEN = {"ar": "؛ ", "fr": " ; "}  # conditions, where not "; "
MOST_NAMED = 8  # codes of one variable in a title; the note below it has all
LOOKS: Mapping[str, Look] = {"cross": "cross", "heat": "heat", "multiples": "multiples", "lines": "lines"}


class ChartBook:
    """The charts of one release. texts: those of the site. What is counted is counted once for all languages."""

    def __init__(self, view: SiteRelease, texts: Catalogue) -> None:
        self._view = view
        self._texts = texts
        self._made: dict[tuple[ChartSpec, str], Made | None] = {}
        self._makers: dict[str, Maker] = {}

    @classmethod
    def of(cls, view: SiteRelease) -> ChartBook:
        """The one book of a release on the site, whoever asks for it."""
        book: ChartBook = view.shared.setdefault("charts", cls(view, SITE_TEXTS))
        return book

    @cached_property
    def within(self) -> Within:
        """The cross tables of people."""
        return self._view.within

    def draw(self, spec: ChartSpec, language: str, home: str = "") -> Made | None:
        """The chart that `spec` describes, or None if the release lacks it. home: path of the page it is drawn for."""
        key = spec, language
        if key not in self._made:
            self._made[key] = self._draw(spec, language)
        made = self._made[key]
        return made and replace(made, home=home)

    def add(self, drawn: Drawn, language: str, home: str = "", *, of_rows: bool = False, chosen: Chosen = ()) -> Made:
        """What a page drew by itself, as a chart. chosen: the variables and codes that everybody counted has."""
        if language not in self._makers:
            self._makers[language] = Maker(self._view, language, self._texts)
        return self._makers[language].make(drawn, of_rows=of_rows, home=home, chosen=chosen)

    def _draw(self, spec: ChartSpec, language: str) -> Made | None:
        view = self._view if spec.counted == "people" else self._view.linked
        if view is None or spec.release not in ("", self._view.manifest.folder):
            return None
        draft = _Draft(self, view, spec, language, self._texts)
        drawn = draft.drawn()
        if drawn is None:
            return None
        chosen = tuple((name, tuple(codes)) for name, codes in draft.chosen.items())
        named = replace(drawn, id=drawn.id + spec.suffix)
        return self.add(named, language, of_rows=spec.counted != "people", chosen=chosen)


class _Draft:
    """One chart in the making: what a specification names, found in a release."""

    def __init__(self, book: ChartBook, view: SiteRelease, spec: ChartSpec, language: str, texts: Catalogue) -> None:
        self._book = book
        self._view = view
        self._spec = spec
        self._language = language
        self._of_rows = spec.counted != "people"
        self._charts = Charts(view, language, texts, of_rows=self._of_rows)
        self._texts = texts
        self._names = {entry["name"]: entry for entry in view.figures["variables"]}
        self.chosen: Filter = {self._name(name): codes for name, codes in spec.filter.items()}

    def drawn(self) -> Drawn | None:
        """The chart, or None if the release lacks it."""
        if self._of_rows and (self._spec.kind != "bars" or self.chosen):
            return None  # of linked rows, only what a release says of one variable is in its figures
        if self.chosen and (not self._all_known() or self._book.within.measured_length < PAIR):
            return None
        makers: Mapping[str, Callable[[], Drawn | None]] = {
            "bars": self._bars,
            "columns": self._columns,
            "pyramid": self._pyramid,
            "map": self._map,
            "flows": self._flows,
        }
        drawn = makers.get(self._spec.kind, self._table)()
        return None if drawn is None else of_people(drawn, self._view, self.chosen, self._language)

    @cached_property
    def _crosses(self) -> Crosses:
        return Crosses(self._view, self._book.within, self._language, self._texts)

    def _name(self, name: str) -> str:
        """The release's variable for a name or the word of a role; the name itself where there is none."""
        if name in self._names:
            return name
        return next((found for found in ROLES.get(name, ()) if found in self._names), name)

    def _question(self, name: str) -> Question | None:
        group = self._view.groups.get(name)
        if group:
            return Question(group.id, group.variables, is_group=True)
        found = self._name(name)
        return Question(found, (found,), is_group=False) if found in self._names else None

    def _all_known(self) -> bool:
        labels = self._view.code_labels
        return all((name, code) in labels for name, codes in self.chosen.items() for code in codes)

    def _bars(self) -> Drawn | None:
        question = self._question(self._spec.dimensions[0])
        if question is None:
            return None
        chart = self._bars_of(question)
        usual = self._spec.measure == SHAPES["bars"][1][0]
        return chart if usual or chart is None else drawn_as_people(chart)

    def _bars_of(self, question: Question) -> BarChart | None:
        if not self.chosen:
            return self._charts.group(question.id) if question.is_group else self._charts.variable(question.id)
        row = self._crosses.among(self.chosen, question)
        start = "group" if question.is_group else "variable"
        chart = None if row is None else self._crosses.bars_of(row, question, f"{start}-{question.id}")
        if chart is None or question.id not in (*PLACE, *ORIGIN):
            return chart
        return replace(chart, notes=(*chart.notes, self._texts.text(self._language, "chart.coverage")))

    def _columns(self) -> Drawn | None:
        question = self._question(self._spec.dimensions[0])
        if question is None or question.id not in YEAR:
            return None
        if not self.chosen:
            return self._charts.time()
        row = self._crosses.among(self.chosen, question)
        return None if row is None else self._charts.time(self._counts(row, question))

    def _pyramid(self) -> Drawn | None:
        age, gender = (self._question(name) for name in self._spec.dimensions)
        if age is None or gender is None or age.id not in AGE or gender.id not in GENDER:
            return None
        if not self.chosen:
            return self._charts.pyramid()
        counts: dict[tuple[str, str], Mapping[str, Any]] = {}
        for _, code in self._crosses.answered(gender):
            row = self._crosses.row((gender.id, code), age, self.chosen)
            if row is None:
                return None
            counts |= {(entry["code"], code): entry for entry in self._counts(row, age)}
        if all(entry["below_threshold"] for entry in counts.values()):
            return None
        return self._charts.pyramid(counts)

    def _map(self) -> Drawn | None:
        question = self._question(self._spec.dimensions[0])
        if question is None or question.id not in (*ORIGIN, *PLACE):
            return None
        # A profile may have parts of the world, which are on no map.
        geometry = geometry_for(code for _, code in self._crosses.answered(question))
        if geometry is None:
            return None
        if not self.chosen:
            return self._charts.map(question.id, geometry.is_own)
        row = self._crosses.among(self.chosen, question)
        if row is None or row.is_empty:
            return None
        return self._charts.map(question.id, geometry.is_own, self._counts(row, question))

    def _flows(self) -> Drawn | None:
        origin, place = (self._question(name) for name in self._spec.dimensions)
        if origin is None or place is None or origin.id not in ORIGIN or place.id not in PLACE or self.chosen:
            return None
        if self._book.within.measured_length < PAIR:
            return None
        pairs = self._book.within.pairs(origin.id, place.id)
        return self._charts.flows([(start, end, (cell.count, cell.low, cell.high)) for start, end, cell in pairs])

    def _table(self) -> CrossTable | None:
        asked, by = (self._question(name) for name in self._spec.dimensions)
        years = by is not None and by.id in YEAR
        if asked is None or by is None or asked.id == by.id or (self._spec.kind == "lines" and not years):
            return None
        if self._book.within.measured_length < PAIR:
            return None
        return self._crosses.table(asked, by, LOOKS[self._spec.kind], self.chosen)

    def _counts(self, row: Row, question: Question) -> list[dict[str, Any]]:
        answered = self._crosses.answered(question)
        return [_entry(code, cell) for (_, code), cell in zip(answered, row.cells, strict=True)]


def of_people(drawn: Drawn, view: SiteRelease, chosen: Filter, language: str) -> Drawn:
    """A chart with the people whom it is of in its title and its first note; as it is, if it is of everybody.

    chosen: the codes by variable that all of them have.
    """
    if not chosen:
        return drawn
    short, long = (_people(view, chosen, language, most) for most in (MOST_NAMED, None))
    title = KIT_TEXTS.text(language, "kit.where.title", title=drawn.title, people=short)
    note = KIT_TEXTS.text(language, "kit.where.note", people=long)
    return replace(drawn, title=title, notes=(note, *drawn.notes))


def _people(view: SiteRelease, chosen: Filter, language: str, most: int | None) -> str:
    """What all of them have. most: how many codes of a variable are named; if there are more, only how many."""
    conditions = (_condition(view, name, codes, language, most) for name, codes in chosen.items())
    return BETWEEN.get(language, "; ").join(conditions)


def _condition(view: SiteRelease, name: str, codes: Sequence[str], language: str, most: int | None) -> str:
    words = view.words[name]
    called = words.labels[language]
    if words.kind == "flag":
        return called
    if most is not None and len(codes) > most:
        there = sum(one == name for one, _ in view.code_labels)
        values = {"name": called, "chosen": number(language, len(codes)), "all": number(language, there)}
        return KIT_TEXTS.text(language, "kit.where.many", **values)
    either = format_list([view.code_label(name, code, language) for code in codes], "or", language)
    return KIT_TEXTS.text(language, "kit.where", name=called, codes=either)


def _entry(code: str, cell: Cell | None) -> dict[str, Any]:
    """A number as the figures have it."""
    if cell is None:
        return {"code": code, "below_threshold": True, "count": 0.0, "low95": 0.0, "high95": 0.0}
    return {"code": code, "below_threshold": False, "count": cell.count, "low95": cell.low, "high95": cell.high}
