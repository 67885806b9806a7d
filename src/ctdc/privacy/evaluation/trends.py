"""Which trends over time a table shows, and which of them the truth has.

Promise: a trend is the Cochran-Armitage statistic of an entry's share over time (Cochran 1954, Biometrics 10, 417-451;
Armitage 1955, Biometrics 11, 375-386), with the time's code as its score: a normal deviate if there is no trend. The
truth has a *clear* trend beyond `CLEAR` deviations. It *survives* where the candidate goes the same way beyond `SEEN`,
is *reversed* where it goes the other way beyond it, and *lost* in between. *New* is a clear trend of the candidate
where the truth is within `SEEN`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.privacy.evaluation.charts import Chart, Drawn, draw
from ctdc.privacy.evaluation.coded import Pair
from ctdc.privacy.evaluation.settings import Settings

CLEAR, SEEN = 3.0, 1.96
LEAST_PEOPLE = 50  # of an entry in the true table, for the statistic to be about normal
HARDLY = 1e-12  # variance a person that is rounding, of entries that all or none have, or of one time only
SURVIVES, REVERSED, LOST, NEW = "survives", "reversed", "lost", "new"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trend:
    """One entry of a chart; truth, candidate: deviates, above 0 for a growing share."""

    chart: str
    variable: str
    code: str
    truth: float
    candidate: float
    outcome: str


@dataclass(frozen=True)
class Trends:
    """tested: entries with enough people; of these, how many trends are clear in the truth and what became of them."""

    time: str
    tested: int
    clear: int
    survive: int
    reversed: int
    lost: int
    new: int
    trends: tuple[Trend, ...]


def deviates(drawn: Drawn, scores: Floats) -> Floats:
    """The trend of each entry, shape (entries,); 0 where there is nothing to see. scores: shape (times,)."""
    whole, counts = drawn.whole, drawn.counts
    total = whole.sum()
    if total == 0:
        return np.zeros(counts.shape[1])
    mean = counts.sum(axis=0) / total
    slope = scores @ (counts - whole[:, None] * mean)
    spread = whole @ scores**2 - (whole @ scores) ** 2 / total
    variance = mean * (1 - mean) * spread
    there = variance > HARDLY * total
    found: Floats = np.where(there, slope / np.sqrt(np.where(there, variance, 1.0)), 0.0)
    return found


def trends(pair: Pair, charts: Sequence[Chart], settings: Settings) -> Trends | None:
    """What becomes of the truth's trends; None without a variable of time."""
    if settings.time is None:
        return None
    time = pair.position(settings.time)
    scores = np.array([int(code) for code in pair.schema.variables[time].codes], dtype=np.float64)
    scores -= scores.mean()
    tested, found = 0, []
    for chart in charts:
        if settings.time in chart.variables:
            continue
        true, made = (
            _at_codes(draw(pair, matrix, chart, time), len(scores)) for matrix in (pair.truth, pair.candidate)
        )
        enough = true.counts.sum(axis=0) >= LEAST_PEOPLE
        tested += int(enough.sum())
        rows = zip(chart.entries, enough, deviates(true, scores), deviates(made, scores), strict=True)
        for entry, counts, truth, candidate in rows:
            outcome = outcome_of(truth, candidate) if counts else None
            if outcome is not None:
                found.append(Trend(chart.name, entry.variable, entry.code, float(truth), float(candidate), outcome))
    number = {outcome: sum(one.outcome == outcome for one in found) for outcome in (SURVIVES, REVERSED, LOST, NEW)}
    return Trends(
        settings.time,
        tested,
        len(found) - number[NEW],
        number[SURVIVES],
        number[REVERSED],
        number[LOST],
        number[NEW],
        tuple(found),
    )


def _at_codes(drawn: Drawn, codes: int) -> Drawn:
    """Without the people whose time is empty or withheld."""
    return Drawn(drawn.counts[1 : codes + 1], drawn.whole[1 : codes + 1])


def outcome_of(truth: float, candidate: float) -> str | None:
    """What becomes of one trend; None where neither table shows one."""
    if abs(truth) < CLEAR:
        return NEW if abs(candidate) >= CLEAR and abs(truth) < SEEN else None
    if abs(candidate) < SEEN:
        return LOST
    return SURVIVES if truth * candidate > 0 else REVERSED
