"""The report in ten lines, each with what it is measured against, and a mark where a steward has to look closer.

Promise: a mark is a rule of thumb with its limit stated here, no test and no verdict; the figures themselves are in the
report. A line is there if the report has what it speaks of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctdc.privacy.evaluation.evaluate import Report

FARTHER = 2.0  # mean TVD, of all or within a subgroup, in that of people drawn from the truth
RATIO = 3.0  # of the propensity score, to its null
OVERLAP = 0.5  # mean overlap of intervals of coefficients
POINTS = 0.01  # largest error of a share: one percentage point
KEPT = 1.0  # share of the first entries that are still there
SURVIVING = 0.9  # share of clear trends that survive
UNEVEN = 1.5  # worst-to-mean ratio of subgroups, in that of chance
COVERED = (0.93, 0.98)  # share of 95 % intervals that hold the truth


@dataclass(frozen=True)
class Sign:
    """One line. kind: what it is of; order: of combinations, 0 where it is of none; value; beside: what it is measured
    against, or of how many; look: whether to look closer.
    """

    kind: str
    order: int
    value: float
    beside: float | None
    look: bool


def signs_of(report: Report) -> tuple[Sign, ...]:
    """The lines of a report."""
    return tuple(_signs(report))


def _signs(report: Report) -> Iterator[Sign]:
    for one in report.orders:
        yield Sign("tvd", one.order, one.tvd, one.null_tvd, one.tvd > FARTHER * one.null_tvd)
    yield Sign("propensity", 0, report.propensity.ratio, 1.0, report.propensity.ratio > RATIO)
    overlaps = [one.mean_overlap for one in report.regressions if one.mean_overlap is not None]
    if overlaps:
        mean = sum(overlaps) / len(overlaps)
        yield Sign("overlap", 0, mean, 1.0, min(overlaps) < OVERLAP)
    errors = [one.worst for one in report.charts if one.worst is not None]
    if errors:
        yield Sign("share", 0, max(errors), None, max(errors) > POINTS)
    kept, of = report.rankings_kept
    if of:
        yield Sign("rankings", 0, kept, of, kept < KEPT * of)
    if report.trends is not None and report.trends.clear:
        trends = report.trends
        yield Sign(
            "trends",
            0,
            trends.survive,
            trends.clear,
            bool(trends.reversed) or trends.survive < SURVIVING * trends.clear,
        )
    yield from _uneven(report)
    for found in report.published:
        coverage = found.estimate_coverage or found.coverage
        if coverage.share is not None:
            low, high = COVERED
            yield Sign("coverage", found.order, coverage.share, 0.95, not low <= coverage.share <= high)


def _uneven(report: Report) -> Iterator[Sign]:
    whole = next(iter(report.subgroups.fairness), None)
    if whole is not None and whole.ratio is not None:
        chance = whole.null_ratio or 1.0
        far = any(one.tvd > FARTHER * one.null for one in report.subgroups.subgroups)
        yield Sign("subgroups", 0, whole.ratio, whole.null_ratio, far or whole.ratio > UNEVEN * chance)
