"""The charts of the site as plain values: every text is ready to print, every length is a share of the axis.

Promise: a bar's length is its value divided by the axis' end, and axes start at zero; each value comes with its 95 %
interval; what is below the reporting threshold has no bar and no number. Nothing here knows HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ctdc.foundation.collaborative import current
from ctdc.hub.site.alphabet import alphabetical
from ctdc.hub.site.view import SiteRelease
from ctdc.release.answers import BOUNDS, COUNTS, RECORDS
from ctdc.release.figures import AGE, GENDER, ORIGIN, PLACE, YEAR
from ctdc.release.numbers import number, number_range, percent, percent_range
from ctdc.release.texts import Catalogue
from ctdc.release.vocabulary import FLAG_CODES
from ctdc.standard.presentation import presentation

TOP_COUNTRIES = 12
TOP_CORRIDORS = 12
MOST_CORRIDORS = 200  # in a table
DRAWN_CORRIDORS = 14  # in a picture
LATE_YEARS = 2  # years whose cases are still arriving; see the reporting lag in the standard's documentation
MOST_CODES = 30  # a variable with more codes shows only the most frequent
NICE_STEPS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
TICKS = 4


@dataclass(frozen=True)
class Mark:
    """A value on an axis. length, low and high: shares of the axis from 0 to 1; texts are for reading.

    `text` is the value, `interval` its 95 % interval; both are empty, and `few` is set, below the threshold. of: the
    variables and codes that it counts; numbers: value, low and high end as the release has them, None below it;
    source: ``counts`` if it was measured, ``records`` if it was counted in the synthetic records, ``bounds`` if it was
    counted there between bounds that the measurements set; recorded: what is said where it is `records`, else empty.
    """

    text: str
    interval: str
    length: float
    low: float
    high: float
    few: bool = False
    of: tuple[tuple[str, str], ...] = ()
    numbers: tuple[float, float, float] | None = None
    source: str = COUNTS
    recorded: str = ""


@dataclass(frozen=True)
class Bar:
    """One row of a bar chart: the mark that is drawn and, where there are both, the other of share and people.

    base: of whom the share is, where that is not the same for all bars; late: cases of this year are still arriving.
    """

    label: str
    mark: Mark
    people: Mark | None = None
    share: Mark | None = None
    base: Mark | None = None
    late: bool = False


@dataclass(frozen=True)
class BarChart:
    """Horizontal bars. `unit`: ``share`` or ``people``; notes: sentences below the chart.

    whole: the one of them that says of how many, empty where none does; known: of whom shares are.
    """

    id: str
    title: str
    category: str
    unit: str
    bars: tuple[Bar, ...]
    notes: tuple[str, ...] = ()
    text: str = ""
    whole: str = ""
    known: Mark | None = None


@dataclass(frozen=True)
class PyramidRow:
    """One age group: the marks of the two sides, and of the genders that have no side."""

    label: str
    left: Mark
    right: Mark
    others: tuple[Mark, ...]


@dataclass(frozen=True)
class Pyramid:
    """People by age and gender. `left`, `right` and `others` name the genders."""

    id: str
    title: str
    text: str
    left: str
    right: str
    others: tuple[str, ...]
    rows: tuple[PyramidRow, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """One year. x and width in per cent of the plot's width; late: its cases are still arriving."""

    label: str
    mark: Mark
    x: float
    width: float
    late: bool
    minor: bool


@dataclass(frozen=True)
class TimeChart:
    """People by year as columns; ticks: (position from 0 to 1, text) on the vertical axis."""

    id: str
    title: str
    text: str
    note: str
    columns: tuple[Column, ...]
    ticks: tuple[tuple[float, str], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PictureRow:
    """One number of a picture. second: the other end of a corridor, empty where there is none."""

    label: str
    second: str
    mark: Mark


@dataclass(frozen=True)
class Picture:
    """A map or corridors: one picture with a table of all its numbers. kind: ``map`` or ``flows``.

    category, second: headings of the table; rows: largest first, then those below the
    threshold by name.
    """

    id: str
    kind: str
    title: str
    text: str
    category: str
    second: str
    rows: tuple[PictureRow, ...]
    notes: tuple[str, ...] = ()


def axis_end(values: Iterable[float]) -> float:
    """The smallest round number that is not below any of the values; 1 when all are zero."""
    largest = max(values, default=0.0)
    if largest <= 0:
        return 1.0
    magnitude = 10.0 ** (len(str(int(largest))) - 1) if largest >= 1 else 10.0 ** -len(f"{1 / largest:.0f}")
    return next(step * magnitude for step in (*NICE_STEPS, 20.0, 100.0) if step * magnitude >= largest)


def reported_years(entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of the codes of years, in their order, those from the first to the last that can be reported.

    entries: codes as the figures have them. Cases of the last `LATE_YEARS` of them are still arriving.
    """
    ordered = sorted(entries, key=lambda entry: str(entry["code"]))
    reported = [position for position, entry in enumerate(ordered) if not entry["below_threshold"]]
    return ordered[reported[0] : reported[-1] + 1] if reported else []


def is_late(view: SiteRelease, name: str, code: str) -> bool:
    """Whether a variable's code is a year whose cases are still arriving."""
    if name not in YEAR:
        return False
    codes = next(entry["codes"] for entry in view.figures["variables"] if entry["name"] == name)
    return any(year["code"] == code for year in reported_years(codes)[-LATE_YEARS:])


def answer_label(view: SiteRelease, texts: Catalogue, language: str, name: str, code: str) -> str:
    """What a code of a variable is called in a chart: a year whose cases are still arriving is called incomplete."""
    label = view.code_label(name, code, language)
    return texts.text(language, "dash.year.incomplete", year=label) if is_late(view, name, code) else label


# What is said of linked rows in place of what is said of people, and the start of their charts' ids.
OF_ROWS = {
    "chart.people": "rows.people",
    "chart.known": "rows.known",
    "chart.denominator": "rows.denominator",
    "chart.from_records": "rows.from_records",
}
ROWS_ID = "linked-"


class Charts:
    """Makes the charts of a release in one language. of_rows: its figures are of linked rows, not of people."""

    def __init__(self, release: SiteRelease, language: str, texts: Catalogue, *, of_rows: bool = False) -> None:
        self._release = release
        self._language = language
        self._texts = texts
        self._of_rows = of_rows
        self._start = ROWS_ID if of_rows else ""
        linked = release.vocabulary.linked
        self._number = linked.number if linked else ""
        self._names = [entry["name"] for entry in release.figures["variables"]]
        self._variables = {entry["name"]: entry for entry in release.figures["variables"]}
        self._pairs = {tuple(pair["variables"]): pair for pair in release.figures["pairs"]}

    def _cells(self, first: str, second: str) -> list[Mapping[str, Any]]:
        """What the figures say of a pair; nothing where whoever made the release has chosen other pairs."""
        pair = self._pairs.get((first, second))
        return list(pair["cells"]) if pair else []

    def time(self, counts: Sequence[Mapping[str, Any]] | None = None) -> TimeChart | None:
        """People by year of registration, from the first to the last year that can be reported.

        counts: other numbers by year than those of all people, as the figures have them.
        """
        name = self._role(YEAR)
        if name is None:
            return None
        given = counts or self._variables[name]["codes"]
        entries = reported_years(given)
        if len(entries) < 2 or not all(entry["code"].isdigit() for entry in given):
            return None
        end = axis_end(entry["high95"] for entry in entries)
        step = 100 / len(entries)
        columns = tuple(
            Column(
                label=entry["code"],
                mark=self._people(entry, end, (name, entry["code"])),
                x=round(step * position + step * 0.14, 3),
                width=round(step * 0.72, 3),
                late=position >= len(entries) - LATE_YEARS,
                minor=(len(entries) - 1 - position) % 5 != 0,
            )
            for position, entry in enumerate(entries)
        )
        ticks = tuple((tick / TICKS, number(self._language, end * tick / TICKS)) for tick in range(1, TICKS + 1))
        note = self._text("chart.time.incomplete")
        return TimeChart("time", self._text("chart.time.title"), self._text("chart.time.text"), note, columns, ticks)

    def pyramid(self, counts: Mapping[tuple[str, str], Mapping[str, Any]] | None = None) -> Pyramid | None:
        """People by age and gender: women and men face each other, further genders stand beside them.

        counts: other numbers by age and gender than those of all people, as the figures have them.
        """
        age, gender = self._role(AGE), self._role(GENDER)
        if age is None or gender is None:
            return None
        genders = [entry["code"] for entry in self._variables[gender]["codes"]]
        if len(genders) < 2:
            return None
        whole = {(cell["codes"][0], cell["codes"][1]): cell for cell in self._cells(age, gender)}
        cells = whole if counts is None else counts
        if not cells:  # pairs were not measured, or none can be said: each variable has a chart of its own then
            return None
        end = axis_end(cell["high95"] for cell in cells.values())
        rows = []
        for entry in reversed(self._variables[age]["codes"]):
            marks = [
                self._people(cells.get((entry["code"], code)), end, (age, entry["code"]), (gender, code))
                for code in genders
            ]
            label = self._release.code_label(age, entry["code"], self._language)
            rows.append(PyramidRow(label, marks[0], marks[1], tuple(marks[2:])))
        names = [self._release.code_label(gender, code, self._language) for code in genders]
        title, text = self._text("chart.pyramid.title"), self._text("chart.pyramid.text")
        return Pyramid("age-gender", title, text, names[0], names[1], tuple(names[2:]), tuple(rows))

    def groups(self) -> tuple[BarChart, ...]:
        """A chart for each group of flags that share a denominator, the most asked for first."""
        order = {name: place for place, name in enumerate(presentation().groups)}
        groups = sorted(self._release.figures["groups"], key=lambda group: order.get(group["id"], len(order)))
        return tuple(self._group(group) for group in groups)

    def group(self, identifier: str) -> BarChart:
        """The chart of one group of flags."""
        return self._group(next(group for group in self._release.figures["groups"] if group["id"] == identifier))

    def variables(self) -> tuple[BarChart, ...]:
        """A chart for each other variable that has no part of its own on the page."""
        taken = {name for group in self._release.vocabulary.groups for name in group.variables}
        taken |= {name for role in (ORIGIN, PLACE) if (name := self._role(role))}
        if self.time() is not None:
            taken.add(str(self._role(YEAR)))
        if self.pyramid() is not None:
            taken |= {str(self._role(AGE)), str(self._role(GENDER))}
        return tuple(self._variable(name) for name in self._names if name not in {*taken, self._number})

    def variable(self, name: str) -> BarChart:
        """The chart of one variable of the release, whichever part of a page it has."""
        return self._variable(name)

    def links(self) -> BarChart:
        """Of linked tables: people by the number of their linked rows, as shares of those who have any."""
        chart, entry = self._variable(self._number), self._variables[self._number]
        whole = self._of_total("rows.any", entry)
        return replace(chart, notes=(whole,), whole=whole)

    def countries(self) -> tuple[BarChart, ...]:
        """The countries of exploitation and of citizenship with most people."""
        names = [name for role in (PLACE, ORIGIN) if (name := self._role(role))]
        return tuple(self._top(name) for name in names)

    def corridors(self) -> BarChart | None:
        """The most frequent pairs of citizenship and exploitation."""
        origin, place = self._role(ORIGIN), self._role(PLACE)
        if origin is None or place is None:
            return None
        cells = self._cells(origin, place)[:TOP_CORRIDORS]
        if not cells:
            return None
        end = axis_end(cell["high95"] for cell in cells)
        bars = tuple(
            Bar(
                self._route(origin, place, *cell["codes"]),
                self._people(cell, end, *zip((origin, place), cell["codes"], strict=True)),
            )
            for cell in cells
        )
        top = self._top_notes(len(cells), self._pairs[origin, place]["published"])
        title, text = self._text("chart.corridors.title"), self._text("chart.corridors.text")
        category = self._text("chart.corridors.name")
        return BarChart("corridors", title, category, "people", bars, (*top, self._text("chart.coverage")), text)

    def map(self, name: str, is_own: bool, counts: Sequence[Mapping[str, Any]] | None = None) -> Picture:
        """People by place, each with a number or with too few to say.

        is_own: whether the map is the collaborative's; counts: other numbers than of all people.
        Places with too few stand in the order of their names: that of their numbers would tell which has more.
        """
        entries = counts or self._variables[name]["codes"]
        said = [entry for entry in entries if not entry["below_threshold"]]
        few = [entry for entry in entries if entry["below_threshold"]]
        ordered = sorted(said, key=lambda entry: (-entry["count"], entry["code"]))
        ordered += sorted(few, key=lambda entry: (alphabetical(self._label(name, entry)), entry["code"]))
        rows = tuple(
            PictureRow(self._label(name, entry), "", self._people(entry, 1.0, (name, entry["code"])))
            for entry in ordered
        )
        title = self._text("chart.map.title", question=self._release.words[name].labels[self._language])
        category = self._text("dash.countries.country")
        own = (self._text("chart.map.own", publisher=current().publisher),)
        boundaries = own if is_own else (self._text("chart.map.boundaries"), self._text("chart.map.kosovo"))
        notes = (self._text("chart.coverage"), *boundaries)
        return Picture(f"map-{name}", "map", title, self._text("chart.map.text"), category, "", rows, notes)

    def flows(self, pairs: Sequence[tuple[str, str, tuple[float, float, float]]]) -> Picture | None:
        """Corridors: (citizenship, exploitation, number with the ends of its interval), the largest first."""
        origin, place = self._role(ORIGIN), self._role(PLACE)
        if origin is None or place is None or not pairs:
            return None
        rows = []
        for start, end, numbers in pairs[:MOST_CORRIDORS]:
            text, between = number(self._language, numbers[0]), number_range(self._language, *numbers[1:])
            mark = mark_of(text, between, numbers, 1.0, ((origin, start), (place, end)))
            here, there = (self._release.code_label(name, code, self._language) for name, code in mark.of)
            rows.append(PictureRow(here, there, mark))
        category, second = (self._release.words[name].labels[self._language] for name in (origin, place))
        title, text = self._text("chart.flows.title"), self._text("chart.flows.text")
        drawn = self._text("chart.flows.shown", shown=number(self._language, min(DRAWN_CORRIDORS, len(rows))))
        notes = (drawn, *self._top_notes(len(rows), len(pairs)), self._text("chart.coverage"))
        return Picture("flows", "flows", title, text, category, second, tuple(rows), notes)

    def _route(self, origin: str, place: str, start: str, end: str) -> str:
        there = self._release.code_label(place, end, self._language)
        if start == end:
            return self._text("chart.corridors.within", place=there)
        here = self._release.code_label(origin, start, self._language)
        return self._text("chart.corridors.route", origin=here, place=there)

    def _group(self, group: Mapping[str, Any]) -> BarChart:
        words = self._release.groups[group["id"]]
        labels = strip_common_start([self._release.words[name].labels[self._language] for name in words.variables])
        members = sorted(zip(labels, group["members"], strict=True), key=_place)
        end = axis_end(member["share"]["high95"] for member in group["members"] if member["share"])
        bars = tuple(
            Bar(
                label,
                self._share(member["share"], min(end, 1.0), (member["variable"], FLAG_CODES[0])),
                self._people(member, 1.0),
            )
            for label, member in members
        )
        count = number(self._language, self._known_count(group["denominator"]))
        share = self._of_all(group["denominator_share"])
        people = round(self._known_count(group["denominator"]))
        notes = [self._plural("chart.denominator", people, count=count, share=share)]
        if group["denominator"]["source"] == "records":
            low, high = (number(self._language, group["denominator"][end]) for end in ("low", "high"))
            notes.append(self._text("chart.from_records", low=low, high=high))
        title = words.labels[self._language]
        name, category = f"{self._start}group-{group['id']}", self._text("chart.category")
        known = self._whole(group["denominator"])
        return BarChart(name, title, category, "share", bars, tuple(notes), whole=notes[0], known=known)

    def _variable(self, name: str) -> BarChart:
        entry = self._variables[name]
        codes = entry["codes"]
        notes = (self._known(entry),)
        if len(codes) > MOST_CODES:
            return self._top(name)
        if self._release.words[name].kind == "flag":
            end = axis_end(code["high95"] for code in codes)
            bars = tuple(Bar(self._label(name, code), self._people(code, end, (name, code["code"]))) for code in codes)
            return self._bar_chart(name, "people", bars, notes)
        end = min(1.0, axis_end(code["share"]["high95"] for code in codes if code["share"]))
        bars = tuple(self._share_bar(name, code, end) for code in codes)
        return self._bar_chart(name, "share", bars, notes)

    def _top(self, name: str) -> BarChart:
        entry = self._variables[name]
        reported = [code for code in entry["codes"] if not code["below_threshold"]]
        largest = sorted(reported, key=lambda code: (-code["count"], code["code"]))[:TOP_COUNTRIES]
        end = min(1.0, axis_end(code["share"]["high95"] for code in largest if code["share"]))
        bars = tuple(self._share_bar(name, code, end) for code in largest)
        notes = (*self._top_notes(len(largest), len(reported)), self._known(entry))
        return self._bar_chart(name, "share", bars, notes)

    def _bar_chart(self, name: str, unit: str, bars: tuple[Bar, ...], notes: tuple[str, ...]) -> BarChart:
        title = self._release.words[name].labels[self._language]
        whole = notes[-1]
        if name in (self._role(PLACE), self._role(ORIGIN)):
            notes = (*notes, self._text("chart.coverage"))
        if name == self._role(YEAR):
            notes = (*notes, self._text("dash.time.incomplete"))
        known = self._whole(self._variables[name]["known"]) if unit == "share" else None
        category = self._text("chart.category")
        own = f"{self._start}variable-{name}"
        return BarChart(own, title, category, unit, bars, notes, whole=whole, known=known)

    def _whole(self, entry: Mapping[str, Any]) -> Mark:
        """Of how many people the shares of a chart are, as the figures have them."""
        known = told(self._language, (self._known_count(entry), entry["low95"], entry["high95"]))
        return replace(known, source=BOUNDS) if entry.get("source") == RECORDS else known

    def _known_count(self, entry: Mapping[str, Any]) -> float:
        # In releases from before, parts and wholes may differ by the noise in each.
        return float(min(self._release.figures["total"]["count"], max(0.0, entry["count"])))

    def _share_bar(self, name: str, code: Mapping[str, Any], end: float) -> Bar:
        share = self._share(code["share"], end, (name, code["code"]))
        late = is_late(self._release, name, code["code"])
        return Bar(self._label(name, code), share, self._people(code, 1.0), late=late)

    def _label(self, name: str, code: Mapping[str, Any]) -> str:
        return answer_label(self._release, self._texts, self._language, name, code["code"])

    def _top_notes(self, shown: int, published: int) -> tuple[str, ...]:
        return top_notes(self._language, self._texts, shown, published)

    def _known(self, entry: Mapping[str, Any]) -> str:
        return self._of_total("chart.known", entry)

    def _of_total(self, key: str, entry: Mapping[str, Any]) -> str:
        """Of how many of all people, or linked rows, something is known."""
        total = self._release.figures["total"]["count"]
        return self._plural(
            key,
            round(total),
            known=number(self._language, self._known_count(entry["known"])),
            total=number(self._language, total),
            share=self._of_all(entry["known_share"]),
        )

    def _of_all(self, share: Mapping[str, float] | None) -> str:
        return percent(self._language, share["share"] if share else 0.0, 0)

    def _share(self, share: Mapping[str, float] | None, end: float, *of: tuple[str, str]) -> Mark:
        if share is None:
            return self._few(of)
        text = percent(self._language, share["share"])
        interval = percent_range(self._language, share["low95"], share["high95"])
        return mark_of(text, interval, (share["share"], share["low95"], share["high95"]), end, of)

    def _people(self, entry: Mapping[str, Any] | None, end: float, *of: tuple[str, str]) -> Mark:
        if entry is None or entry["below_threshold"]:
            return self._few(of)
        text = number(self._language, entry["count"])
        interval = number_range(self._language, entry["low95"], entry["high95"])
        return mark_of(text, interval, (entry["count"], entry["low95"], entry["high95"]), end, of)

    def _few(self, of: tuple[tuple[str, str], ...]) -> Mark:
        return Mark(self._text("chart.too_few"), "", 0.0, 0.0, 0.0, few=True, of=of)

    def _role(self, names: Sequence[str]) -> str | None:
        # What these names mean, they mean of people.
        return None if self._of_rows else next((name for name in names if name in self._variables), None)

    def _text(self, key: str, **values: str) -> str:
        return self._texts.text(self._language, self._key(key), **values)

    def _plural(self, key: str, amount: int, /, **values: str) -> str:
        return self._texts.plural(self._language, self._key(key), amount, **values)

    def _key(self, key: str) -> str:
        return OF_ROWS.get(key, key) if self._of_rows else key


def top_notes(language: str, texts: Catalogue, shown: int, published: int) -> tuple[str, ...]:
    """That only the most frequent answers are shown; nothing where all are that can be."""
    if shown >= published:
        return ()
    numbers = {"shown": number(language, shown), "published": number(language, published)}
    return (texts.text(language, "chart.top", **numbers),)


def told(language: str, numbers: tuple[float, float, float]) -> Mark:
    """A number of people that is told with its interval, and not drawn."""
    value, low, high = numbers
    return Mark(number(language, value), number_range(language, low, high), 0.0, 0.0, 0.0, numbers=numbers)


def mark_of(
    text: str, interval: str, numbers: tuple[float, float, float], end: float, of: tuple[tuple[str, str], ...]
) -> Mark:
    """The mark of a value with the ends of its interval (`numbers`) on an axis that ends at `end`."""
    length, start, stop = (min(1.0, max(0.0, part / end)) for part in numbers)
    return Mark(text, interval, length, start, stop, of=of, numbers=numbers)


def _place(pair: tuple[str, Mapping[str, Any]]) -> tuple[bool, float, str]:
    """Where the member of a group stands: by its number, or by its name where nothing is said of it."""
    label, member = pair
    silent = member["share"] is None
    return silent, 0.0 if silent else -member["count"], alphabetical(label)


def drawn_as_people(chart: BarChart) -> BarChart:
    """A chart of shares with bars that are as long as the numbers of people."""
    marks = [(bar, bar.people or bar.mark) for bar in chart.bars]
    end = axis_end(mark.numbers[2] for _, mark in marks if mark.numbers)
    bars = []
    for bar, mark in marks:
        drawn = mark_of(mark.text, mark.interval, mark.numbers, end, bar.mark.of) if mark.numbers else mark
        drawn = replace(drawn, of=bar.mark.of, source=mark.source, recorded=mark.recorded)
        bars.append(replace(bar, mark=drawn, people=None, share=bar.mark))
    return replace(chart, unit="people", bars=tuple(bars))


def strip_common_start(labels: Sequence[str]) -> list[str]:
    """Labels without what all of them begin with, up to a colon: a chart's title says it already."""
    starts = {label.partition(":")[0] for label in labels}
    if len(labels) < 2 or len(starts) > 1 or not all(":" in label for label in labels):
        return list(labels)
    rest = [label.partition(":")[2].strip() for label in labels]
    return [label[:1].upper() + label[1:] for label in rest]
