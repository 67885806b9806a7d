"""Shares as published charts show them, and what comes first in them.

Promise: shares follow the codebook's denominator rule: of a variable, people for whom it is known; of a group of flags,
people with any answer in the group. Of a flag of no group nobody knows who was asked, and its share is of all people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.privacy.evaluation.coded import Pair
from ctdc.privacy.evaluation.marginals import share
from ctdc.privacy.evaluation.settings import FLAG_CODES, Settings
from ctdc.table.count import Matrix, marginal
from ctdc.table.schema import Schema

KNOWN, GROUP, ALL = "known", "group", "all"
Counts = npt.NDArray[np.float64]
LEAST_RANKED = 3  # entries of a chart that has an order worth the name


@dataclass(frozen=True)
class Entry:
    """One bar of a chart: people with a code of a variable."""

    variable: str
    code: str


@dataclass(frozen=True)
class Chart:
    """name: of the variable or group; of: whom the shares are of."""

    name: str
    of: str
    variables: tuple[str, ...]
    entries: tuple[Entry, ...]


def charts_of(schema: Schema, groups: Mapping[str, tuple[str, ...]]) -> tuple[Chart, ...]:
    """One chart for each group, and one for each variable that is in none."""
    grouped = {member for members in groups.values() for member in members}
    charts = []
    for variable in schema.variables:
        if variable.name not in grouped:
            entries = tuple(Entry(variable.name, code) for code in variable.codes)
            charts.append(
                Chart(variable.name, ALL if len(variable.codes) == FLAG_CODES else KNOWN, (variable.name,), entries)
            )
    for group, members in groups.items():
        entries = tuple(Entry(member, code) for member in members for code in schema[member].codes)
        charts.append(Chart(group, GROUP, tuple(members), entries))
    return tuple(charts)


@dataclass(frozen=True)
class Drawn:
    """Counts of a chart's entries, shape (times, entries), and of those whom the shares are of, shape (times,)."""

    counts: Counts
    whole: Counts


def draw(pair: Pair, matrix: Matrix, chart: Chart, time: int | None = None) -> Drawn:
    """A chart's numbers in one of the tables; for each category of the variable `time` alone, or all together."""
    sizes, rows = pair.sizes, matrix.shape[1]
    when = np.zeros(rows, dtype=np.int64) if time is None else matrix[time].astype(np.int64)
    times = 1 if time is None else sizes[time]
    any_known, counts = np.zeros(rows, dtype=np.bool_), []
    for name in chart.variables:
        variable = pair.position(name)
        own = pair.schema.sizes[variable]
        table = (
            marginal(matrix, sizes, (variable,)).reshape(1, -1)
            if time is None
            else marginal(matrix, sizes, (time, variable))
        )
        counts.append(table[:, 1:own].astype(np.float64))
        any_known |= pair.is_known(matrix, variable)
    whole = np.bincount(when if chart.of == ALL else when[any_known], minlength=times).astype(np.float64)
    return Drawn(np.concatenate(counts, axis=1), whole)


@dataclass(frozen=True)
class PublishedShare:
    """A share as a release publishes it, with its 95 % interval."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class ShareError:
    """One entry: its share in the true table and in the candidate's records, and as published, where it is.

    covered: whether the published interval holds the true share.
    """

    variable: str
    code: str
    truth: float
    candidate: float | None
    published: PublishedShare | None = None
    covered: bool | None = None


@dataclass(frozen=True)
class ChartErrors:
    """One chart. known: people whom the shares are of, in both tables; mean, worst: absolute differences of shares;
    worst_entry: where; shares: entries that somebody has in either table.
    """

    chart: str
    of: str
    known: tuple[int, int]
    mean: float | None
    worst: float | None
    worst_entry: Entry | None
    shares: tuple[ShareError, ...]


PublishedShares = Mapping[tuple[str, str, str], PublishedShare]  # by chart, variable and code


def chart_errors(pair: Pair, chart: Chart, published: PublishedShares) -> ChartErrors:
    """The shares of a chart. published: those of a release, where there is one."""
    true, made = draw(pair, pair.truth, chart), draw(pair, pair.candidate, chart)
    whole, other = float(true.whole[0]), float(made.whole[0])
    rows = []
    for entry, count, guess in zip(chart.entries, true.counts[0], made.counts[0], strict=True):
        true_share = share(count, whole)
        if true_share is None or (count == 0 and guess == 0):
            continue
        told = published.get((chart.name, entry.variable, entry.code))
        covered = None if told is None else told.low <= true_share <= told.high
        rows.append(ShareError(entry.variable, entry.code, true_share, share(guess, other), told, covered))
    errors = [abs((row.candidate or 0.0) - row.truth) for row in rows]
    place = int(np.argmax(errors)) if errors else None
    return ChartErrors(
        chart.name,
        chart.of,
        (int(whole), int(other)),
        float(np.mean(errors)) if errors else None,
        None if place is None else errors[place],
        None if place is None else Entry(rows[place].variable, rows[place].code),
        tuple(rows),
    )


@dataclass(frozen=True)
class Ranking:
    """The first entries of a chart in both tables; kept: how many of the true first ones are among the other's;
    same_order: whether they are the same, in the same order.
    """

    chart: str
    truth: tuple[Entry, ...]
    candidate: tuple[Entry, ...]
    kept: int
    same_order: bool


def ranking(pair: Pair, chart: Chart, settings: Settings) -> Ranking | None:
    """What comes first in a chart; None where it has too few entries for an order."""
    true, made = draw(pair, pair.truth, chart).counts[0], draw(pair, pair.candidate, chart).counts[0]
    there = int((true > 0).sum())
    if there < LEAST_RANKED:
        return None
    most = min(settings.top, there - 1)
    first, other = _first(true, most), _first(made, most)
    return Ranking(
        chart.name,
        tuple(chart.entries[place] for place in first),
        tuple(chart.entries[place] for place in other),
        len(set(first) & set(other)),
        first == other,
    )


def _first(counts: Counts, most: int) -> list[int]:
    """The places of the largest counts above zero, ties in the order of the codes."""
    order: Sequence[int] = np.argsort(-counts, kind="stable").tolist()
    return [place for place in order if counts[place] > 0][:most]
