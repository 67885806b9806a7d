"""Intervals of numbers that were made to agree with their wholes, over repeated noise.

A whole and one number of its table have the errors that the engine gives them: a share of the whole's noise and noise
of their own, in tables of few and many categories, with own noise from a third of the whole's to five times it. What is
left of the whole is from nothing, where most is moved, to four standard errors. Each interval says 95 %; of 20,000 it
has to hold the true number in 94 %. Simulated at length, the least is 94.9 %, which falls below the band with a
probability under 1e-8. The noise has a seed of its own.
"""

import numpy as np
import pytest

from ctdc.release.answers import Level
from ctdc.release.intervals import Interval, normal_interval
from ctdc.release.wholes import answered, not_above

pytestmark = [pytest.mark.slow, pytest.mark.statistical]

RUNS, LOW, PEOPLE = 20_000, 0.94, 1000.0
Z = Level().z


def errors(categories: int, ratio: float, kind: str, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Errors of the whole, whose standard error is 1, and of the part, and the part's standard error."""
    draw = np.random.default_rng(seed)
    whole, own = draw.normal(size=RUNS), draw.normal(size=RUNS) * ratio * np.sqrt(1 - 1 / categories)
    taken = 1 / categories if kind == "cell" else 1 - 1 / categories  # all but one category are known
    return whole, taken * whole + own, float(np.hypot(taken, ratio * np.sqrt(1 - 1 / categories)))


@pytest.mark.parametrize("kind", ["cell", "known"])
@pytest.mark.parametrize("ratio", [0.3, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("categories", [2, 4, 10, 250])
def test_they_cover_as_often_as_they_say(categories: int, ratio: float, kind: str) -> None:
    whole_error, part_error, spread = errors(categories, ratio, kind, seed=categories)
    for left in (0.0, 0.5, 1.0, 2.0, 4.0):
        true, covered, moved = PEOPLE - left * spread, 0, 0
        for one, other in zip(whole_error.tolist(), part_error.tolist(), strict=True):
            part = normal_interval(true + other, spread**2, Z)
            whole = normal_interval(PEOPLE + one, 1.0, Z)
            found: Interval = not_above(part, whole)
            assert kind == "cell" or answered(part, 0.0, whole)[0] == found
            covered += found.low <= true <= found.high
            moved += found.value != part.value
        assert covered >= LOW * RUNS
        assert left > 0 or moved > 0
