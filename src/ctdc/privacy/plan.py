"""What will be measured and how noisily, decided before any record is looked at.

Promise: a plan is a function of public things only (the domain, the number of rows of no table, the guarantee,
the length, declared weights). It is immutable, and its cost is certified by `accounting`.

The mechanism is the residual one of Xiao, He, Zhang & Kifer (NeurIPS 2023, "An Optimal and Scalable Matrix
Mechanism for Noisy Marginals under Convex Loss Functions"), in exact integers: for each set B of variables with
|B| <= length the engine releases (W_b1 x W_b2 x ...) m_B plus discrete Gaussian noise, where m_B is the table of
counts and W_b is

* n I - 1 1^T for a variable of n > 2 categories: squared column norm n (n - 1), times Q^T Q it is n (I - J/n);
* (1, -1) for a variable of two categories: squared column norm 1. One number instead of two that mirror each
  other, so sets of yes/no variables cost one draw of noise instead of eight.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import ROUNDING_VARIANCE, Cost, Guarantee, gaussian_mu
from ctdc.privacy.allocation import balanced
from ctdc.privacy.selection import wide_axes

Attributes = tuple[int, ...]

MAX_CELLS = 50_000_000  # numbers to draw: about ten minutes of noise on one core, 2 GB of tables
MAX_SETS = 500_000  # tables; the plan itself takes time and memory for each
MAX_SCALE = 1e15  # noise beyond it would reach the ends of a 64-bit integer, where the sampler clamps and biases
MAX_LENGTH = 4


@dataclass(frozen=True)
class Measurement:
    """One noisy release of the plan.

    attributes: positions of variables, ascending; scale: standard deviation of the discrete noise on each integer;
    squared_sensitivity: squared L2 distance by which one record moves the integers; deviation: s_B, the standard
    deviation of the equivalent orthonormal residual; shape: of the released integers.
    """

    attributes: Attributes
    shape: tuple[int, ...]
    scale: float
    squared_sensitivity: int
    deviation: float

    def cost(self) -> Cost:
        """What this measurement costs one person."""
        rho = self.squared_sensitivity / (2 * self.scale**2)
        continuous = self.scale**2 - ROUNDING_VARIANCE
        # Where little is left the lemma is wasteful, but zCDP certifies the same plan: the better one counts, and one
        # small table (the total) must not take the lemma away from all the others.
        usable = continuous >= 1
        return Cost(rho, self.squared_sensitivity / continuous if usable else None)


@dataclass(frozen=True)
class Plan:
    """All measurements of a release over variables with `sizes` categories (empty included).

    length: all sets of up to so many variables are among them; there may be longer ones; resolution: what a person
    counts, so that the integers are so many times the counts of people, noise included (`table.tally`).
    """

    sizes: tuple[int, ...]
    length: int
    measurements: tuple[Measurement, ...]
    resolution: int = 1

    def cost(self) -> Cost:
        """Cost of the whole plan for one person, rounded up."""
        costs = [measurement.cost() for measurement in self.measurements]
        certified = [cost.mu_squared for cost in costs]
        mu_squared = None if None in certified else math.fsum(value or 0.0 for value in certified) * (1 + 1e-12)
        return Cost(math.fsum(cost.rho for cost in costs) * (1 + 1e-12), mu_squared)

    def describe(self) -> list[dict[str, object]]:
        """The plan as JSON values, for the record of what was measured and with how much noise."""
        return [{"attributes": list(m.attributes), "shape": list(m.shape), "scale": m.scale} for m in self.measurements]

    @cached_property
    def deviations(self) -> dict[Attributes, float]:
        """s_B of every measured set, in the order of measuring."""
        return {measurement.attributes: measurement.deviation for measurement in self.measurements}

    def variance(self, attributes: Attributes) -> float:
        """Variance of each estimated count of the table over `attributes`, known before anything is measured."""
        return cell_variance(self.sizes, self.deviations, attributes)

    def cells(self) -> int:
        """Number of integers that may be drawn and released; fewer are where tables are thinned."""
        return sum(self.numbers(measurement) for measurement in self.measurements)

    @staticmethod
    def numbers(measurement: Measurement) -> int:
        """Number of integers of one measurement, if it is drawn whole."""
        return math.prod(measurement.shape)


def all_sets(variables: int, length: int) -> list[Attributes]:
    """Every set of at most `length` variables, the empty one first, by size and then in order."""
    chosen: list[Attributes] = []
    for size in range(min(length, variables) + 1):
        chosen.extend(itertools.combinations(range(variables), size))
    return chosen


def share(sizes: Sequence[int], attributes: Attributes) -> float:
    """p_B = product of (n_i - 1)/n_i: squared L2 norm of one record's residual. 1 for the empty set."""
    return math.prod((sizes[attribute] - 1) / sizes[attribute] for attribute in attributes)


def noise_share(sizes: Sequence[int], attributes: Attributes) -> float:
    """Variance of a cell of the residual T_B over s_B^2: p_B, but 1 along the wide variables of a thinned table."""
    wide = wide_axes(sizes, attributes)
    return share(sizes, tuple(attribute for attribute in attributes if attribute not in wide))


def spread(sizes: Sequence[int], inner: Attributes, outer: Attributes) -> float:
    """Product of 1/n_j^2 over the variables of `outer` that are not in `inner`."""
    return math.prod(1 / sizes[attribute] ** 2 for attribute in outer if attribute not in inner)


def subsets(attributes: Attributes) -> list[Attributes]:
    """Every subset of `attributes`, itself and the empty one included."""
    return [chosen for size in range(len(attributes) + 1) for chosen in itertools.combinations(attributes, size)]


def cell_variance(sizes: Sequence[int], deviation: Mapping[Attributes, float], attributes: Attributes) -> float:
    """sum over B subset of A of s_B^2 p_B prod_{j in A minus B} 1/n_j^2 (Xiao et al. 2023, Theorem 4.4).

    The one formula of a count's error, for the plan and for the estimates; p_B as in `noise_share`. deviation: s_B, for
    all subsets of A.
    """
    return math.fsum(
        deviation[inner] ** 2 * noise_share(sizes, inner) * spread(sizes, inner, attributes)
        for inner in subsets(attributes)
    )


def relative_deviations(
    sizes: Sequence[int], sets: Sequence[Attributes], weight: Callable[[Sequence[int], Attributes], float]
) -> dict[Attributes, float]:
    """s_B up to a common factor: S_B^(-1/4), S_B = sum over A containing B of w_A prod_{A minus B} 1/n_j^2.

    Minimises the weighted sum of the variances of all tables at a given budget (Xiao et al. 2023, section 5).
    """
    totals = dict.fromkeys(sets, 0.0)
    for outer in sets:
        value = weight(sizes, outer)
        for inner in subsets(outer):
            totals[inner] += value * spread(sizes, inner, outer)
    return {attributes: total**-0.25 for attributes, total in totals.items()}


def whole_shape(sizes: Sequence[int], attributes: Attributes) -> tuple[int, ...]:
    """Shape of the integers of a table that is measured whole."""
    return tuple(sizes[attribute] if sizes[attribute] > 2 else 1 for attribute in attributes)


def measurement_of(sizes: Sequence[int], attributes: Attributes, deviation: float, resolution: int = 1) -> Measurement:
    """The measurement of a table whose equivalent orthonormal residual has the standard deviation `deviation`.

    resolution: as in `Plan`; integers, noise and sensitivity grow with it together, the cost stays.
    """
    wide = [sizes[attribute] for attribute in attributes if sizes[attribute] > 2]
    binary = len(attributes) - len(wide)
    return Measurement(
        attributes=attributes,
        shape=whole_shape(sizes, attributes),
        scale=deviation * math.prod(wide) * math.sqrt(2) ** binary * resolution,
        squared_sensitivity=math.prod(size * (size - 1) for size in wide) * resolution**2,
        deviation=deviation,
    )


def _at(sizes: tuple[int, ...], length: int, relative: dict[Attributes, float], mu: float, resolution: int) -> Plan:
    """The plan whose continuous cost is mu: sum of p_B / s_B^2 = mu^2."""
    total = math.fsum(share(sizes, attributes) / value**2 for attributes, value in relative.items())
    factor = math.sqrt(total) / mu
    measurements = tuple(measurement_of(sizes, key, value * factor, resolution) for key, value in relative.items())
    return Plan(sizes, length, measurements, resolution)


def check_length(sizes: Sequence[int], length: int, chosen: Sequence[Attributes] | None = None) -> None:
    """Raise UserError when `length` is out of range or the tables (all, or the `chosen` ones) would be too many."""
    if not 1 <= length <= MAX_LENGTH:
        raise UserError(
            "privacy.length",
            f"The length is {length}.",
            allowed=f"1 to {MAX_LENGTH}: the largest number of variables that are counted together",
            do="Choose another --length.",
        )
    sets = sum(math.comb(len(sizes), size) for size in range(length + 1)) if chosen is None else len(chosen)
    asked = f"Length {length}" if chosen is None else "The workload"
    if sets > MAX_SETS:
        raise UserError(
            "privacy.too_wide",
            f"{asked} over these {len(sizes)} variables means {sets:,} tables.",
            allowed=f"at most {MAX_SETS:,}",
            do="Choose a smaller --length, or fewer variables.",
        )
    cells = sum(
        math.prod(sizes[attribute] for attribute in attributes if sizes[attribute] > 2)
        for attributes in (all_sets(len(sizes), length) if chosen is None else chosen)
    )
    if cells > MAX_CELLS:
        raise UserError(
            "privacy.too_wide",
            f"{asked} over these {len(sizes)} variables means {cells:,} noisy numbers.",
            allowed=f"at most {MAX_CELLS:,}",
            do="Choose a smaller --length, fewer variables, or variables with fewer codes (regions for countries).",
        )


def make_plan(
    sizes: Sequence[int],
    guarantee: Guarantee,
    length: int,
    weight: Callable[[Sequence[int], Attributes], float] | None = None,
    sets: Sequence[Attributes] | None = None,
) -> Plan:
    """The least noisy plan that satisfies `guarantee` for all sets of up to `length` variables.

    sizes: categories per variable, empty included, each >= 2; sets: what is measured in place of these, all of them
    among it and every subset of each (`workload.Workload.family`). Raises UserError for an impossible length or for a
    guarantee that leaves nothing but noise.
    """
    sizes = tuple(sizes)
    if not sizes or min(sizes) < 2:
        raise ValueError("every variable has at least two categories, empty included")
    check_length(sizes, length, sets)
    chosen = all_sets(len(sizes), length) if sets is None else sets
    relative = relative_deviations(sizes, chosen, weight or balanced(sizes, chosen))
    return least_noise(sizes, guarantee, length, relative)


def least_noise(
    sizes: tuple[int, ...], guarantee: Guarantee, length: int, relative: dict[Attributes, float], resolution: int = 1
) -> Plan:
    """The plan with s_B proportional to `relative` that satisfies `guarantee` with the least noise.

    Raises UserError (``privacy.no_guarantee``, ``privacy.too_noisy``).
    """
    # The certified cost is slightly above mu^2 (tau^2, slacks), or well above where only zCDP certifies. It is
    # monotone in mu, so bisection finds the largest mu that is certified; it starts close to the upper end.
    low, high = 0.0, gaussian_mu(guarantee)
    best = None
    middle = high * (1 - 1e-6)
    while high - low > 1e-6 * high and middle * MAX_SCALE >= 1:  # a count of one person has noise of at least 1 / mu
        candidate = _at(sizes, length, relative, middle, resolution)
        if candidate.cost().satisfies(guarantee):
            best, low = candidate, middle
        else:
            high = middle
        middle = (low + high) / 2
    if best is None:
        raise UserError(
            "privacy.no_guarantee",
            "No amount of noise that could be drawn satisfies this guarantee.",
            do="Choose a larger --epsilon or --delta.",
        )
    if max(measurement.scale for measurement in best.measurements) > MAX_SCALE:
        raise UserError(
            "privacy.too_noisy",
            "So strict a guarantee needs more noise than 64-bit integers hold; nothing could be read from the result.",
            do="Choose a larger --epsilon or --delta, or a smaller --length.",
        )
    return best
