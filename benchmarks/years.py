"""``python -m benchmarks.years``: five yearly releases of a growing collection, made in three ways.

Promise: everybody is invented; the three ways measure the same people with the engine's own plans, noise and cohorts.
Losses and standard errors follow from the plans alone, so anybody gets the same; realised errors are of fresh noise.
The table and the picture of docs/explanation/years.md are written by `main`, and nothing in them is typed in.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ctdc.foundation.files import write_text
from ctdc.privacy.accounting import Cost, Guarantee
from ctdc.privacy.cohorts import combine
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import Measurements, measure
from ctdc.privacy.plan import Plan, make_plan
from ctdc.table.count import Matrix, marginal

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "explanation" / "years.md"
PICTURE = DOCS / "images" / "years.svg"
SIZES = (3, 8, 5, 2, 2, 2, 12)  # of an invented table: gender, age, group, three flags, place; "empty" included
LENGTH = 2
YEARS = 5
PEOPLE = 4000
REPEATS = 20
TARGET = Guarantee(4.0, 1e-6)
EVERYBODY, SPLIT, COHORTS = "everybody again", "everybody, split budget", "cohorts"
WAYS = (EVERYBODY, SPLIT, COHORTS)


@dataclass(frozen=True)
class Year:
    """One release. epsilon: loss of a person of the first year so far; error: standard error of a pair's count
    (median over pairs of variables); realised: root of the mean squared error of all counts of pairs.
    """

    way: str
    number: int
    epsilon: float
    error: float
    realised: float


def invented(rows: int, seed: int) -> Matrix:
    """Records whose variables depend on one hidden number, shape (variables, rows)."""
    random = np.random.default_rng(seed)
    hidden = random.beta(1.5, 2.5, rows)
    noise = random.normal(0, 0.2, (len(SIZES), rows))
    sizes = np.array(SIZES)[:, None]
    codes: Matrix = np.minimum(sizes - 1, (sizes * np.clip(hidden + noise, 0, 1)).astype(np.int64)).astype(np.uint16)
    return codes


def split_guarantee(releases: int) -> Guarantee:
    """The largest equal epsilon of so many releases that together keep the target, to three decimals."""
    low, high = 0.0, TARGET.epsilon
    while high - low > 5e-4:
        middle = (low + high) / 2
        cost = make_plan(SIZES, Guarantee(middle, TARGET.delta), LENGTH).cost()
        low, high = (middle, high) if composed([cost] * releases).satisfies(TARGET) else (low, middle)
    return Guarantee(low, TARGET.delta)


def composed(costs: Sequence[Cost]) -> Cost:
    """What several releases about the same person cost together."""
    total = costs[0]
    for cost in costs[1:]:
        total += cost
    return total


def typical_error(measurements: Measurements) -> float:
    """Median standard error of a count over the pairs of variables: from the plan, before anything is measured."""
    found = estimate(measurements)
    return statistics.median(math.sqrt(found.variance(chosen)) for chosen in found.sets if len(chosen) == LENGTH)


def realised_error(measurements: Measurements, people: Matrix) -> float:
    """Root of the mean squared error of the estimated counts of all pairs of variables."""
    found = estimate(measurements)
    squares = [
        np.square(found.table(chosen) - marginal(people, SIZES, chosen)).ravel()
        for chosen in found.sets
        if len(chosen) == LENGTH
    ]
    return float(np.sqrt(np.concatenate(squares).mean()))


Release = Callable[[Sequence[Matrix]], Measurements]


def _all_of(plan: Plan) -> Release:
    return lambda cohorts: measure(np.concatenate(cohorts, axis=1), plan)


def _added(plan: Plan) -> Release:
    """Measures a cohort when it is new, and remembers it."""
    stored: list[Measurements] = []

    def release(cohorts: Sequence[Matrix]) -> Measurements:
        stored.append(measure(cohorts[-1], plan))
        return combine(stored)

    return release


def plans(years: int) -> dict[str, tuple[Plan, list[Cost]]]:
    """Each way's plan of a year, and what a person of the first year has paid after each year."""
    full = make_plan(SIZES, TARGET, LENGTH)
    part = make_plan(SIZES, split_guarantee(years), LENGTH)
    return {
        EVERYBODY: (full, [composed([full.cost()] * year) for year in range(1, years + 1)]),
        SPLIT: (part, [composed([part.cost()] * year) for year in range(1, years + 1)]),
        COHORTS: (full, [full.cost()] * years),
    }


def simulate(years: int = YEARS, people: int = PEOPLE, repeats: int = REPEATS) -> Iterator[Year]:
    """The releases of every way, year by year; `repeats` times with fresh noise for the realised errors."""
    cohorts: list[Matrix] = [invented(people, seed) for seed in range(years)]
    for way, (plan, paid) in plans(years).items():
        errors: list[list[float]] = [[] for _ in range(years)]
        expected = [0.0] * years
        for _ in range(repeats):
            release = _added(plan) if way == COHORTS else _all_of(plan)
            for year in range(years):
                so_far = cohorts[: year + 1]
                measurements = release(so_far)
                expected[year] = typical_error(measurements)
                errors[year].append(realised_error(measurements, np.concatenate(so_far, axis=1)))
        for year in range(years):
            squares: npt.NDArray[np.float64] = np.square(errors[year])
            epsilon = paid[year].epsilon(TARGET.delta)
            yield Year(way, year + 1, epsilon, expected[year], float(np.sqrt(squares.mean())))


# ---- the page -------------------------------------------------------------------------------------------------------


def table(years: Sequence[Year]) -> str:
    """The figures as a Markdown table."""
    lines = ["| way | year | epsilon so far | standard error | realised error |", "|---|---|---|---|---|"]
    lines += [
        f"| {one.way} | {one.number} | {one.epsilon:.2f} | {one.error:.1f} | {one.realised:.1f} |" for one in years
    ]
    return "\n".join(lines)


STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24 }
.grid { stroke: #d0d7de } .axis { stroke: #57606a }
polyline { fill: none; stroke-width: 2.5 }
.w0 { stroke: #b3261e } .w1 { stroke: #8a5a00; stroke-dasharray: 7 4 } .w2 { stroke: #0a58ca; stroke-dasharray: 2 4 }
@media (prefers-color-scheme: dark) {
 text { fill: #e6edf3 } .grid { stroke: #30363d } .axis { stroke: #8b949e }
 .w0 { stroke: #ff8a80 } .w1 { stroke: #f2c14e } .w2 { stroke: #79b8ff }
}
"""
WIDTH, HEIGHT, LEFT, TOP, PANEL, DEPTH = 880, 330, 50, 50, 340, 200


def _panel(title: str, left: float, years: Sequence[Year], value: Callable[[Year], float]) -> list[str]:
    """One diagram: a line per way over the years, with the axis from zero."""
    last = max(one.number for one in years)
    step = next(size for size in (1, 2, 5, 10, 20, 50, 100) if max(map(value, years)) / size <= 6)
    top = step * math.ceil(max(map(value, years)) / step)

    def x(number: float) -> float:
        return left + PANEL * (number - 1) / max(1, last - 1)

    def y(amount: float) -> float:
        return TOP + DEPTH * (1 - amount / top)

    drawn = [f'<text x="{left}" y="{TOP - 18}" font-weight="600">{title}</text>']
    for mark in range(0, top + 1, step):
        line = "axis" if mark == 0 else "grid"
        drawn.append(f'<line class="{line}" x1="{left}" x2="{left + PANEL}" y1="{y(mark):.1f}" y2="{y(mark):.1f}"/>')
        drawn.append(f'<text x="{left - 8}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark}</text>')
    for number in range(1, last + 1):
        drawn.append(f'<text x="{x(number):.1f}" y="{TOP + DEPTH + 20}" text-anchor="middle">{number}</text>')
    for place, way in enumerate(WAYS):
        points = " ".join(f"{x(one.number):.1f},{y(value(one)):.1f}" for one in years if one.way == way)
        drawn.append(f'<polyline class="w{place}" points="{points}"/>')
    return drawn


def picture(years: Sequence[Year]) -> str:
    """Both diagrams as SVG, readable on light and dark; ways differ in colour and in dashes."""
    drawn = _panel("Epsilon of a person of year 1", LEFT, years, lambda one: one.epsilon)
    drawn += _panel("Standard error of a count", LEFT + PANEL + 90, years, lambda one: one.error)
    for place, way in enumerate(WAYS):
        left, level = LEFT + 230 * place, HEIGHT - 18
        drawn.append(f'<polyline class="w{place}" points="{left},{level - 5} {left + 36},{level - 5}"/>')
        drawn.append(f'<text x="{left + 44}" y="{level}">{way}</text>')
    body = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="t">\n<title id="t">Epsilon and standard error by year, for three ways of releasing</title>\n'
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def with_figures(page: str, figures: str) -> str:
    """The page with what stands between its two marks replaced."""
    return re.sub(
        r"(<!-- figures -->\n).*(\n<!-- end -->)", lambda found: found[1] + figures + found[2], page, flags=re.S
    )


def main() -> None:
    """Simulate, and write the table and the picture."""
    years = list(simulate())
    write_text(PAGE, with_figures(PAGE.read_text(encoding="utf-8"), f"\n{table(years)}\n"))
    write_text(PICTURE, picture(years))


if __name__ == "__main__":
    main()
