"""The report of an evaluation as a page: one file, five languages, no script, no request.

Promise: every number of a plot stands in a table beside it, so nobody needs to see it; every name is escaped; the page
says first that it is never to be published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ctdc.privacy.evaluation.evaluate import Report
from ctdc.privacy.evaluation.marginals import SIZE_NAMES
from ctdc.privacy.evaluation.regressions import Coefficient, RegressionErrors
from ctdc.privacy.evaluation.summary import FARTHER, POINTS, signs_of
from ctdc.privacy.evaluation.trends import LOST, NEW, REVERSED
from ctdc.privacy.forecast_page import DASHES, Tick, apart, scale, ticks
from ctdc.privacy.report import LANGUAGES, Writer, page_templates

MOST_MARGINALS, MOST_TRENDS = 12, 25  # that the page shows; the JSON has all
WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 80, 36, 16, 48  # margins
LEAST_SHOWN = 0.001  # relative errors below this stand on the lower edge of the plot
FOREST = 240  # width of a plot of coefficients
Labels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Line:
    """Relative error by size of the true count. points: as SVG wants them; end: the height of its name."""

    order: int
    points: str
    dashes: str
    end: float


@dataclass(frozen=True)
class Errors:
    """A plot of relative errors. across: where the classes of true counts stand; up: numbers of the axis."""

    lines: tuple[Line, ...]
    across: tuple[tuple[str, float], ...]
    up: tuple[Tick, ...]


@dataclass(frozen=True)
class Interval:
    """Where an interval and its middle stand."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Namer:
    """Names in the reader's language where they are known, else as they stand in the data."""

    language: str
    labels: Labels

    def name(self, *keys: str) -> Markup:
        """The first of the keys that has a name, else the last as it is."""
        for key in keys:
            if text := self.labels.get(key, {}).get(self.language):
                return Markup("<bdi>{}</bdi>").format(text)
        return Markup('<bdi dir="auto">{}</bdi>').format(keys[-1])

    def own(self, labels: Mapping[str, str], *keys: str) -> Markup:
        """The name that something brings with it, else as `name`."""
        text = labels.get(self.language)
        return Markup("<bdi>{}</bdi>").format(text) if text else self.name(*keys)

    def entry(self, variable: str, code: str) -> Markup:
        """A code, or of a flag its variable."""
        if code == "1" and (label := self.labels.get(variable, {}).get(self.language)):
            return Markup("<bdi>{}</bdi>").format(label)
        if code in ("1", ""):
            return self.name(variable)
        return self.name(f"{variable}={code}", code)


def relative_errors(report: Report) -> tuple[Errors | None, Errors | None]:
    """Plots for the records and for the estimates of a release, with one axis; None where there is nothing to draw."""
    records = {one.order: [row.relative for row in one.errors.by_size] for one in report.orders}
    estimates = {one.order: [row.relative for row in one.estimates[1:]] for one in report.published if one.estimates}
    every = [value for lines in (records, estimates) for line in lines.values() for value in line if value]
    if not every:
        return None, None
    ends = max(LEAST_SHOWN, min(every) / 1.2), max(max(every) * 1.2, 2 * LEAST_SHOWN)
    return _errors(records, ends), _errors(estimates, ends) if estimates else None


def _errors(lines: Mapping[int, Sequence[float | None]], ends: tuple[float, float]) -> Errors:
    step = (WIDTH - LEFT - RIGHT) / len(SIZE_NAMES)
    across = tuple((name, round(LEFT + step * (place + 0.5), 1)) for place, name in enumerate(SIZE_NAMES))
    up = HEIGHT - BOTTOM, TOP
    heights = {
        order: [
            (x, scale(max(value, ends[0]), *ends, *up)) for (_, x), value in zip(across, line, strict=True) if value
        ]
        for order, line in lines.items()
    }
    drawn = {order: points for order, points in heights.items() if points}
    names = apart([points[-1][1] for points in drawn.values()])
    return Errors(
        tuple(
            Line(order, " ".join(f"{x},{y}" for x, y in points), DASHES[order - 1], end)
            for (order, points), end in zip(drawn.items(), names, strict=True)
        ),
        across,
        ticks(*ends, *up),
    )


def forest(one: RegressionErrors) -> tuple[float, list[tuple[Interval, Interval | None]]]:
    """Where zero stands, and the intervals of each coefficient in both tables, on one axis."""
    both = [c for row in one.coefficients for c in (row.truth, row.candidate) if c is not None]
    low = min([0.0, *(c.low for c in both)])
    high = max([0.0, *(c.high for c in both)])
    width = high - low or 1.0

    def place(value: float) -> float:
        return round(4 + (FOREST - 8) * (value - low) / width, 1)

    def interval(c: Coefficient) -> Interval:
        return Interval(place(c.low), place(c.value), place(c.high))

    rows = [(interval(row.truth), interval(row.candidate) if row.candidate else None) for row in one.coefficients]
    return place(0.0), rows


def evaluation_html(report: Report, labels: Labels | None = None) -> str:
    """The whole page, self-contained HTML.

    labels: language to name of variables and groups under their own names, of codes under ``variable=code``, of
    families under ``family:name``.
    """
    records, estimates = relative_errors(report)
    trends = report.trends.trends if report.trends else ()
    context = {
        "r": report,
        "signs": signs_of(report),
        "languages": LANGUAGES,
        "writers": [(Writer(language, "evaluation"), Namer(language, labels or {})) for language in LANGUAGES],
        "plots": {"records": records, "estimates": estimates},
        "frame": {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM},
        "worst": [one.marginals[:MOST_MARGINALS] for one in report.orders],
        "forests": [forest(one) for one in report.regressions],
        "forest_width": FOREST,
        "changed": [one for one in trends if one.outcome in (REVERSED, LOST, NEW)],
        "most_trends": MOST_TRENDS,
        "farther": FARTHER,
        "points": POINTS,
    }
    return page_templates().get_template("evaluation.html.j2").render(context)
