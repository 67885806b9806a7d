"""What is measured of two linked tables, and how the one budget is divided between them.

Promise: a function of the public domain alone. Measured are all sets of up to `length` main variables, the number of
linked rows among them; of up to `length` linked variables; of main and linked variables together, up to two of each;
pairs of a linked row's and another one's variable; and how many rows were left out, alone. Every set with a linked
variable is measured with the number of linked rows as well, because that is what turns people into linked rows: a
person's rows weigh 1/k each, and the number of linked rows is the sum over k of k times the count of people. The family
is closed downwards, as estimates need it.

The division of the budget is the optimum (`plan.relative_deviations`) for the errors of what is published:

    sum over kinds of table of  IMPORTANCE x mean over its tables A of  typical(A) sqrt(variance of a cell)

in which a cell of a table of linked rows has the variance of that sum over k, weights being found as in `allocation`.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.privacy import selection
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.allocation import FILLED_EXPONENT, ROUNDS
from ctdc.privacy.plan import Attributes, Plan, all_sets, check_length, least_noise, noise_share, share, spread, subsets
from ctdc.privacy.shorten import at_no_higher_cost
from ctdc.table.linked import LinkedSchema

NUMBER = 0  # the place of the number of linked rows in the joint table
LONGEST = 3
MAX_TABLES = 200_000  # each has up to sixteen parts that are weighed against each other
PEOPLE, ROWS, ACROSS, BESIDE, LEFT = "people", "linked", "across", "siblings", "left out"
# (kind, number of variables without the number) -> what these tables count beside the others: as in `allocation`, a
# unit error in a long table is a smaller sin than in a short one. What rows of a person have in common is in no list of
# counts, but values joined for each person rest on it (benchmarks/linked).
IMPORTANCE = {
    (PEOPLE, 0): 0.001,
    (PEOPLE, 1): 1.0,
    (PEOPLE, 2): 0.3,
    (PEOPLE, 3): 0.05,
    (ROWS, 1): 2.0,
    (ROWS, 2): 0.3,
    (ROWS, 3): 0.05,
    (ACROSS, 2): 0.3,
    (ACROSS, 3): 0.05,
    (BESIDE, 2): 0.4,
    (LEFT, 1): 0.05,
}
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def _of_rows(attributes: Attributes) -> Attributes:
    """The measured set from which linked rows over `attributes` are counted."""
    return tuple(sorted({NUMBER, *attributes}))


@dataclass(frozen=True)
class LinkedWorkload:
    """The tables of a linked release, in joint places. length: of the longest, 1 to `LONGEST`, the number apart.

    Raises UserError (``privacy.length``).
    """

    schema: LinkedSchema
    length: int = LONGEST

    def __post_init__(self) -> None:
        if not 1 <= self.length <= LONGEST:
            raise UserError(
                "privacy.length",
                f"The length is {self.length}.",
                allowed=f"1 to {LONGEST} for linked tables: the largest number of variables that are counted together",
                do="Choose another --length.",
            )
        sizes = self.schema.joint.sizes
        if any(NUMBER in selection.wide_axes(sizes, _of_rows(chosen)) for _, chosen in self.tables):
            # Linked rows are a sum over their number, and what was not followed would be missing from it.
            raise UserError(
                "linked.wide",
                f"With {self.schema.most} linked rows beside {max(sizes) - 1} codes linked rows could not be counted.",
                allowed=f"at most {selection.BESIDE - 2} linked rows of a person, or columns of fewer than "
                f"{selection.WIDE - 1} codes",
                do="Choose a smaller --max-links, or declare coarser codes (regions for countries).",
            )

    @cached_property
    def tables(self) -> dict[tuple[str, Attributes], int]:
        """What is published or fitted, without the number where it is implied: (kind, set) -> number of variables."""
        schema, length = self.schema, self.length
        main, linked = schema.main_places, schema.linked_places
        found: dict[tuple[str, Attributes], int] = {}
        for chosen in all_sets(len(main), length):
            found[PEOPLE, chosen] = len(chosen)
        for size in range(1, length + 1):
            found |= {(ROWS, chosen): size for chosen in itertools.combinations(linked, size)}
            for ours in range(1, min(2, size - 1) + 1):
                if size - ours <= 2:
                    found |= {(ACROSS, one + two): size for one, two in _products(main[1:], ours, linked, size - ours)}
        if schema.most > 1 and length > 1:
            gap = len(linked)
            found |= {(BESIDE, (one, two + gap)): 2 for one, two in itertools.combinations_with_replacement(linked, 2)}
        return found | {(LEFT, (schema.left_out_place,)): 1}

    @cached_property
    def family(self) -> tuple[Attributes, ...]:
        """Every set that is measured, closed downwards, the empty one first, by size and then in order."""
        outer = {chosen if kind in (PEOPLE, LEFT) else _of_rows(chosen) for kind, chosen in self.tables}
        closed = {inner for chosen in outer for inner in subsets(chosen)}
        return tuple(sorted(closed, key=lambda chosen: (len(chosen), chosen)))

    def loadings(self, kind: str, attributes: Attributes) -> dict[Attributes, float]:
        """c_B of every measured set B in the variance, sum of s_B^2 p_B c_B, of a cell of one of `tables`."""
        sizes = self.schema.joint.sizes
        if kind in (PEOPLE, LEFT):
            return {inner: spread(sizes, inner, attributes) for inner in subsets(attributes)}
        even, uneven = number_loadings(self.schema.most)
        found = {}
        for inner in subsets(attributes):
            rest = spread(sizes, inner, attributes)
            found[inner] = even * rest
            found[_of_rows(inner)] = uneven / share(sizes, (NUMBER,)) * rest
        return found


def _products(
    ours: Sequence[int], few: int, theirs: Sequence[int], many: int
) -> Iterable[tuple[Attributes, Attributes]]:
    return itertools.product(itertools.combinations(ours, few), itertools.combinations(theirs, many))


def number_loadings(most: int) -> tuple[float, float]:
    """Of the sum over k = 0..most of k times a count: (sum k / n)^2 and sum (k - mean)^2, n = most + 1.

    What the residuals without the number, which are spread evenly over it, and those with it, which are centred along
    it, contribute: the squared length of (0, ..., most) along the all-ones vector over n, and across it.
    """
    links = np.arange(most + 1)
    return float(links.mean() ** 2), float(((links - links.mean()) ** 2).sum())


@dataclass(frozen=True)
class _Sparse:
    """Coefficients c[table, set] of the tables' variances in terms of s_B^2 p_B."""

    tables: Ints
    sets: Ints
    values: Floats

    def by_table(self, values: Floats, count: int) -> Floats:
        return np.bincount(self.tables, self.values * values[self.sets], count).astype(np.float64)

    def by_set(self, values: Floats, count: int) -> Floats:
        return np.bincount(self.sets, self.values * values[self.tables], count).astype(np.float64)


def _coefficients(workload: LinkedWorkload) -> _Sparse:
    place = {attributes: number for number, attributes in enumerate(workload.family)}
    entries = [
        (number, place[inner], value)
        for number, (kind, attributes) in enumerate(workload.tables)
        for inner, value in workload.loadings(kind, attributes).items()
    ]
    tables, sets, values = zip(*entries, strict=True)
    return _Sparse(np.array(tables), np.array(sets), np.array(values, dtype=np.float64))


def relative_deviations(workload: LinkedWorkload) -> dict[Attributes, float]:
    """s_B up to a common factor, for every measured set, as the module says."""
    sizes, family = workload.schema.joint.sizes, workload.family
    coefficients = _coefficients(workload)
    shares = np.array([share(sizes, attributes) for attributes in family])
    keys = list(workload.tables.items())
    groups = Counter((kind, size) for (kind, _), size in keys)
    importance = np.array([IMPORTANCE[kind, size] / groups[kind, size] for (kind, _), size in keys])
    filled = np.array([math.prod(sizes[a] for a in chosen) ** FILLED_EXPONENT for (_, chosen), _ in keys])
    weights = filled
    squares = np.ones(len(family))
    for _ in range(ROUNDS):
        # Sets that only close the family (pairs without the number) bear on no published table but through others.
        sums = coefficients.by_set(weights, len(family))
        squares = np.maximum(sums, sums[sums > 0].min() * 1e-6) ** -0.5
        squares *= (shares / squares).sum()
        weights = importance * filled / np.sqrt(coefficients.by_table(squares * shares, len(keys)))
    return dict(zip(family, np.sqrt(squares).tolist(), strict=True))


def _check_width(schema: LinkedSchema, length: int) -> None:
    """Raise UserError (``privacy.too_wide``) for more tables than are planned, before they are listed."""
    main, linked = len(schema.main_places), len(schema.linked_places)
    alone = sum(math.comb(columns, size) for columns in (main, linked) for size in range(1, length + 1))
    both = main * linked + (math.comb(main, 2) * linked + main * math.comb(linked, 2) if length > 2 else 0)
    if alone + both > MAX_TABLES:
        raise UserError(
            "privacy.too_wide",
            f"Length {length} over {main - 1} columns of people and {linked} of linked rows means "
            f"{alone + both:,} tables.",
            allowed=f"at most {MAX_TABLES:,}",
            do="Choose a smaller --length, or fewer columns.",
        )


def plan_linked(schema: LinkedSchema, guarantee: Guarantee, length: int) -> Plan:
    """The least noisy plan for two linked tables that satisfies `guarantee`. Raises as `make_plan` does."""
    _check_width(schema, length)
    workload = LinkedWorkload(schema, length)
    sizes = schema.joint.sizes
    check_length(sizes, length, workload.family)
    return least_noise(sizes, guarantee, length, relative_deviations(workload), schema.whole)


def _median_error(plan: Plan, workload: LinkedWorkload, size: int) -> float:
    """Median standard error of counts of people, and of linked rows, of so many variables; the larger one."""
    medians = []
    for kind in (PEOPLE, ROWS):
        variances = [
            math.fsum(plan.deviations[inner] ** 2 * noise_share(plan.sizes, inner) * factor for inner, factor in parts)
            for (own, chosen), length in workload.tables.items()
            if own == kind and length == size
            for parts in [workload.loadings(kind, chosen).items()]
        ]
        medians += [math.sqrt(median(variances))] if variances else []
    return max(medians, default=0.0)


def as_long_as_useful(schema: LinkedSchema) -> Callable[[Plan, float], Plan]:
    """What `measure` shortens a linked plan with: longest combinations that so few people would fill with noise are
    left out, by the rule of `shorten.useful_length`, for people and for linked rows, as if everybody had one.
    """

    def shorten(plan: Plan, total: float) -> Plan:
        for length in range(plan.length, 1, -1):
            if _median_error(plan, LinkedWorkload(schema, plan.length), length) <= total / 2**length:
                return plan if length == plan.length else _shorter(plan, schema, length)
        return plan if plan.length == 1 else _shorter(plan, schema, 1)

    return shorten


def _shorter(plan: Plan, schema: LinkedSchema, length: int) -> Plan:
    return at_no_higher_cost(plan, length, relative_deviations(LinkedWorkload(schema, length)))
