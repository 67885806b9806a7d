"""From what the pages draw to charts as values.

Promise: a chart as a value has the rows, in the order, and with the words of the chart on the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ctdc.hub.site.alphabet import within
from ctdc.hub.site.charts import OF_ROWS, BarChart, Charts, Mark, Picture, Pyramid, TimeChart, axis_end
from ctdc.hub.site.cross import CrossTable
from ctdc.hub.site.kit.atlas import circles_note, legend, map_height, map_shapes
from ctdc.hub.site.kit.canvas import WIDTH, Canvas
from ctdc.hub.site.kit.flows import draw_flows
from ctdc.hub.site.kit.geo import WIDTH as MAP_WIDTH
from ctdc.hub.site.kit.panels import line_plot
from ctdc.hub.site.kit.value import KIT_TEXTS as TEXTS
from ctdc.hub.site.kit.value import Chart, Kind, Privacy, Quantity, Row, Source, Unit, largest, safe_name
from ctdc.hub.site.view import SiteRelease
from ctdc.release.citation import citation
from ctdc.release.numbers import date, number, significant
from ctdc.release.texts import Catalogue

Drawn = BarChart | Pyramid | TimeChart | CrossTable | Picture
# Notes without which what is largest would be misread.
CAVEATS = ("dash.several", "chart.coverage", "chart.time.incomplete", "dash.time.incomplete")
Chosen = tuple[tuple[str, tuple[str, ...]], ...]  # variables and the codes that everybody counted has


@dataclass(frozen=True)
class Made:
    """A chart as it is drawn on a page and as a value. of_rows: it counts linked rows, not people.

    home: path of the page that it is drawn on, below the language; with an anchor if its id is another one there.
    """

    drawn: Drawn
    chart: Chart
    of_rows: bool
    home: str = ""

    @property
    def shape(self) -> str:
        """The name of the macro that draws it in a page."""
        return self.chart.kind

    @property
    def plots(self) -> tuple[tuple[str, str], ...]:
        """Of lines over time: each series' name and its plot, markup of an SVG's content, its text escaped."""
        by_year = [tuple(rows) for _, rows in groupby(self.chart.rows, key=lambda row: row.label)]
        series = zip(*by_year, strict=True) if self.chart.kind == "lines" else ()
        return tuple((rows[0].series, "".join(line_plot(self.chart, rows, 0.0, 12.0))) for rows in series)

    @property
    def picture(self) -> tuple[float, float, str]:
        """Of a map or corridors: width and height, and markup of an SVG's content, its text escaped."""
        if self.chart.kind == "map":
            return (
                MAP_WIDTH,
                map_height(self.chart, MAP_WIDTH),
                "".join(map_shapes(self.chart, f"{self.chart.id}-hatch")),
            )
        canvas = Canvas(self.chart, mirrored=self.chart.direction == "rtl")
        draw_flows(canvas)
        return WIDTH, canvas.y, "".join(canvas.parts)

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Of a map: the class of each swatch, and its text."""
        return legend(self.chart)

    @property
    def circles_note(self) -> str:
        """Of a map: what its circles stand for; empty without any."""
        return circles_note(self.chart)


def drawn_charts(view: SiteRelease, language: str, texts: Catalogue) -> Iterator[tuple[Drawn, bool]]:
    """Every chart of the overview, in its order, and whether it counts linked rows instead of people."""
    charts = Charts(view, language, texts)
    single = [charts.time(), *charts.groups(), *charts.variables(), charts.pyramid(), *charts.countries()]
    for drawn in (*single, charts.corridors()):
        if drawn is not None:
            yield drawn, False
    if view.linked is not None:
        yield charts.links(), False
        rows = Charts(view.linked, language, texts, of_rows=True)
        for drawn in (*rows.groups(), *rows.variables()):
            yield drawn, True


class Maker:
    """Makes charts of one release in one language from what is drawn. texts: those of the site."""

    def __init__(self, view: SiteRelease, language: str, texts: Catalogue) -> None:
        self._language = language
        self._texts = texts
        self._source, self._privacy = source_of(view, language), privacy_of(view, language)

    def make(self, drawn: Drawn, *, of_rows: bool = False, home: str = "", chosen: Chosen = ()) -> Made:
        """The chart with its value. chosen: the variables and codes that everybody counted has."""
        counted = self._texts.text(self._language, OF_ROWS["chart.people"] if of_rows else "chart.people")
        sources = self._source, self._privacy
        chart = _chart(drawn, counted, self._language, self._texts, *sources)
        # What is of some people only says so first.
        whom = drawn.notes[:1] if chosen else ()
        said = tuple(dict.fromkeys((*whom, *_summary(chart, drawn, self._texts))))
        return Made(drawn, replace(chart, filter=chosen, summary=said), of_rows, home)


def source_of(view: SiteRelease, language: str) -> Source:
    """The release, as a chart names it."""
    info, created = view.manifest.info, view.manifest.created
    title = info.title(language)
    line = TEXTS.text(
        language,
        "kit.source",
        publisher=info.publisher,
        title=title,
        release=view.manifest.folder,
        date=date(language, created),
    )
    return Source(
        release=view.manifest.folder,
        identifier=view.manifest.id,
        created=created,
        title=title,
        publisher=info.publisher,
        simulated=info.simulated,
        terms=info.terms,
        line=line,
        citation=citation(language, info, created),
    )


def privacy_of(view: SiteRelease, language: str) -> Privacy:
    """What the release's ``privacy.json`` says, and what it means for a chart."""
    facts = view.privacy
    note = TEXTS.text(
        language,
        "kit.privacy",
        epsilon=significant(language, float(facts["epsilon"]), 3),
        delta=significant(language, float(facts["delta"])),
        threshold=number(language, facts["threshold"]),
    )
    return Privacy(
        unit=str(facts["unit"]),
        neighbours=str(facts["neighbours"]),
        epsilon=float(facts["epsilon"]),
        delta=float(facts["delta"]),
        threshold=float(facts["threshold"]),
        note=note,
        interval=TEXTS.text(language, "kit.interval"),
    )


def _chart(drawn: Drawn, counted: str, language: str, texts: Catalogue, source: Source, privacy: Privacy) -> Chart:
    parts = _parts(drawn, language, texts)
    unit = _unit(drawn)
    chart = Chart(
        id=safe_name(drawn.id),
        kind=parts.kind,
        language=language,
        title=drawn.title,
        category=parts.category,
        counted=counted,
        unit=unit,
        axis=1.0,
        rows=parts.rows,
        summary=(),
        notes=parts.notes,
        source=source,
        privacy=privacy,
        series=parts.series,
    )
    ends = [quantity.high for row in parts.rows if (quantity := chart.drawn(row)) is not None]
    end = axis_end(ends)
    return replace(chart, axis=min(1.0, end) if unit == "share" else end)


def _unit(drawn: Drawn) -> Unit:
    shares = isinstance(drawn, CrossTable) or (isinstance(drawn, BarChart) and drawn.unit == "share")
    return "share" if shares else "people"


@dataclass(frozen=True)
class _Parts:
    """Kind, heading of the labels, rows, notes, and heading of the series."""

    kind: Kind
    category: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    series: str = ""


def _parts(drawn: Drawn, language: str, texts: Catalogue) -> _Parts:
    if isinstance(drawn, Pyramid):
        return _Parts("pyramid", texts.text(language, "chart.pyramid.age"), tuple(_pyramid_rows(drawn)), drawn.notes)
    if isinstance(drawn, TimeChart):
        rows = tuple(
            Row(
                column.mark.of,
                column.label,
                None,
                _quantity(column.mark),
                late=column.late,
                instead=_instead(column.mark),
            )
            for column in drawn.columns
        )
        return _Parts("columns", texts.text(language, "chart.time.year"), rows, (*drawn.notes, drawn.note))
    if isinstance(drawn, CrossTable):
        notes = (texts.text(language, "dash.cross.rule"), *drawn.notes)
        return _Parts(drawn.look, drawn.head, tuple(_cross_rows(drawn)), notes, drawn.across)
    if isinstance(drawn, Picture):
        rows = tuple(
            Row(row.mark.of, row.label, None, _quantity(row.mark), row.second, instead=_instead(row.mark))
            for row in drawn.rows
        )
        kind: Kind = "map" if drawn.kind == "map" else "flows"
        return _Parts(kind, drawn.category, rows, drawn.notes, drawn.second)
    return _Parts("bars", drawn.category, tuple(_bar_rows(drawn)), drawn.notes)


def _bar_rows(drawn: BarChart) -> Iterator[Row]:
    for bar in drawn.bars:
        if bar.people is None:
            share, people = bar.share, bar.mark
        else:
            share, people = bar.mark, bar.people
        known = (bar.base or drawn.known) if share is not None else None
        yield Row(
            bar.mark.of,
            bar.label,
            None if share is None else _quantity(share),
            _quantity(people),
            late=bar.late,
            instead=_instead(bar.mark),
            base=None if known is None else _quantity(known),
            recorded=people.recorded,
        )


def _pyramid_rows(drawn: Pyramid) -> Iterator[Row]:
    names = (drawn.left, drawn.right, *drawn.others)
    for row in drawn.rows:
        for name, mark in zip(names, (row.left, row.right, *row.others), strict=True):
            yield Row(mark.of, row.label, None, _quantity(mark), series=name, instead=_instead(mark))


def _cross_rows(drawn: CrossTable) -> Iterator[Row]:
    late = len(drawn.rows) - drawn.late
    for position, (label, cells) in enumerate(drawn.rows):
        bases = [drawn.known[position]] * len(cells) if drawn.sideways else drawn.known
        for name, cell, base in zip(drawn.columns, cells, bases, strict=True):
            share, count = _quantity(cell.share), _quantity(cell.people)
            own = _instead(cell.share), _quantity(base)
            yield Row(cell.share.of, label, share, count, name, position >= late, *own)


def _quantity(mark: Mark) -> Quantity | None:
    return None if mark.numbers is None else Quantity(*mark.numbers, mark.text, mark.interval, mark.source)


def _instead(mark: Mark) -> str:
    """What the page says in the place of a number."""
    return mark.text if mark.numbers is None else ""


def _summary(chart: Chart, drawn: Drawn, texts: Catalogue) -> tuple[str, ...]:
    """What the chart shows, as sentences that can be quoted: of how many, what is largest, and what to beware of."""
    ranked = largest(chart, chart.rows, len(chart.rows))
    few = sum(row.few for row in chart.rows)
    values = {"few": number(chart.language, few), "rows": number(chart.language, len(chart.rows))}
    # Of these the words say what the picture looks like, and not what is in it.
    tells_layout = isinstance(drawn, CrossTable) or chart.kind == "map"
    sentences = (
        "" if tells_layout else drawn.text,
        drawn.whole if isinstance(drawn, BarChart) else "",
        *_ranked(chart, ranked),
        "" if isinstance(drawn, BarChart) else _base(chart, ranked, texts),
        chart.text("kit.summary.few", **values) if few else "",
        *(caveat for key in CAVEATS if (caveat := texts.text(chart.language, key)) in chart.notes),
    )
    return tuple(sentence for sentence in sentences if sentence)


def _ranked(chart: Chart, ranked: Sequence[tuple[Row, Quantity]]) -> Iterator[str]:
    """The largest number, and whether it is certain that it is; the second where no third could be in its place."""
    if not ranked:
        yield chart.text("kit.summary.nothing")
        return
    (first, largest_of_all), *others = ranked
    counted = {} if chart.unit == "share" else {"counted": within(chart.counted, chart.language)}
    yield chart.text(f"kit.summary.{chart.unit}", **_said(first, largest_of_all), **counted)
    could_be = any(other.high > largest_of_all.low for _, other in others)
    if others and not any(third.high > others[0][1].low for _, third in others[1:]):
        yield chart.text("kit.summary.second", **_said(*others[0]))
        if could_be:
            yield chart.text("kit.summary.overlap")
    elif could_be:
        yield chart.text("kit.summary.unsure")


def _said(row: Row, quantity: Quantity) -> dict[str, str]:
    return {"label": row.name, "value": quantity.text, "range": quantity.interval}


def _base(chart: Chart, ranked: Sequence[tuple[Row, Quantity]], texts: Catalogue) -> str:
    """Of how many people the largest share is, where each row or column is a whole of its own."""
    base = ranked[0][0].base if ranked else None
    if base is None:
        return ""
    people = round(base.value)
    return texts.plural(chart.language, "dash.cross.largest", people, known=base.text, range=base.interval)
