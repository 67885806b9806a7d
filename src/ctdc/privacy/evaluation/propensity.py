"""Whether a model can tell the true records from those that stand for them: the propensity score's mean squared error.

Promise: the model's terms are chosen from the true table alone, so that the null, in which records drawn from the truth
take the candidate's place, is about the same model. They are drawn from all of the truth, also where only some of its
people stand on the other side, as the candidate's are: otherwise the null would be too small, and the ratio too large.

pMSE is the mean over both tables' records of (p - c)^2, p the fitted probability of being the candidate's and c the
candidate's share of the records (Woo, Reiter, Oganian & Karr 2009, "Global measures of data utility for microdata
masked for disclosure limitation", Journal of Privacy and Confidentiality 1(1)). Its ratio to the mean of its null is
near 1 where the candidate is as good as new draws from the truth, and grows from there (Snoke, Raab, Nowok, Dibben &
Slavkovic 2018, "General and specific utility measures for synthetic data", J. R. Statist. Soc. A 181(3), 663-688,
section 3, whose expectation (k - 1)(1 - c)^2 c / N for k terms the resampled null agrees with).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ctdc.privacy.evaluation.coded import Pair
from ctdc.privacy.evaluation.kernels import Floats, Places, fill_rows
from ctdc.privacy.evaluation.logistic import Factor, Model, Rows, factor_of, fit, joined
from ctdc.privacy.evaluation.settings import Settings
from ctdc.table.count import Matrix, marginal

RARE, FEW = 0.001, 10  # codes of a smaller share of the true records, or of fewer, are one term together
INDICATORS = 3  # most frequent codes of a variable that take part in products
MOST_PRODUCTS = 800  # those most strongly associated in the true table, if there are more
PEOPLE_A_PRODUCT = 10  # and no more than a table of this size can tell apart
RIDGE = 0.5  # as much as two more people say about a term: only what a table has and the other has not is held by it
TOLERANCE = 0.01  # of log likelihood, whose null is of the order of the number of terms

Random = np.random.Generator


@dataclass(frozen=True)
class Propensity:
    """pmse of the candidate; null: its mean over draws from the truth; null_low, null_high: the smallest and largest;
    ratio: pmse / null; terms: of the model; people: that were used of both tables.
    """

    pmse: float
    null: float
    null_low: float
    null_high: float
    ratio: float
    terms: int
    people: tuple[int, int]


@dataclass(frozen=True)
class Design:
    """Which terms a category has; see `kernels.fill_rows`."""

    main: Places
    indicator: Places
    product: Places
    width: int

    def rows(self, matrix: Matrix) -> Rows:
        """The design of a table of shape (variables, rows)."""
        starts = np.zeros(matrix.shape[1] + 1, dtype=np.int64)
        fill_rows(matrix, self.main, self.indicator, self.product, starts, np.zeros(0, dtype=np.int32))
        columns = np.zeros(int(starts[-1]), dtype=np.int32)
        fill_rows(matrix, self.main, self.indicator, self.product, starts, columns)
        return Rows(starts, columns, self.width)


def design_of(pair: Pair) -> Design:
    """Main effects of all codes, rare ones together, and products of the most frequent codes of two variables.

    Empty is every variable's reference. Withheld is a term of its own, where the candidate has it.
    """
    sizes = pair.sizes
    main = np.full((len(sizes), max(sizes)), -1, dtype=np.int32)
    indicator, width = main.copy(), 1
    marks: list[tuple[int, int]] = []
    rows = pair.truth.shape[1]
    for variable, size in enumerate(sizes):
        counts = marginal(pair.truth, sizes, (variable,))
        own = pair.schema.sizes[variable]
        frequent = [code for code in range(1, own) if counts[code] >= max(RARE * rows, FEW)]
        rare = [code for code in range(1, own) if code not in frequent]
        for codes in ([code] for code in [*frequent, *range(own, size)]):
            main[variable, codes] = width
            width += 1
        if rare:
            main[variable, rare] = width
            width += 1
        for code in sorted(frequent, key=lambda code: -counts[code])[:INDICATORS]:
            indicator[variable, code] = len(marks)
            marks.append((variable, code))
    product, width = _products(pair.truth, marks, width)
    return Design(main, indicator, product, width)


def _products(truth: Matrix, marks: list[tuple[int, int]], width: int) -> tuple[Places, int]:
    """A column for each product of indicators of two variables that occurs, the strongest associations first."""
    product = np.full((max(1, len(marks)),) * 2, -1, dtype=np.int32)
    if not marks:
        return product, width
    has = np.stack([truth[variable] == code for variable, code in marks]).astype(np.float32)
    both = (has @ has.T).astype(np.float64)
    alone, rows = np.diag(both), truth.shape[1]
    pairs = [
        (one, other)
        for one, other in combinations(range(len(marks)), 2)
        if marks[one][0] != marks[other][0] and both[one, other] > 0
    ]
    expected = np.outer(alone, alone) / rows
    spread = np.sqrt(np.maximum(expected * np.outer(1 - alone / rows, 1 - alone / rows), 1e-9))
    strength = np.abs(both - expected) / spread
    most = min(MOST_PRODUCTS, rows // PEOPLE_A_PRODUCT)
    for one, other in sorted(pairs, key=lambda pair: -strength[pair])[:most]:
        product[one, other] = product[other, one] = width
        width += 1
    return product, width


def propensity(pair: Pair, settings: Settings, random: Random) -> Propensity:
    """The propensity score's error and its null."""
    truth = _some(pair.truth, settings.most_people, random)
    candidate = _some(pair.candidate, settings.most_people, random)
    design = design_of(Pair(pair.schema, pair.truth, pair.candidate))
    true_rows, rows = design.rows(truth), design.rows(candidate)
    people = len(true_rows), len(rows)
    factor = _factor(true_rows, people[1])
    zeros = np.concatenate([np.ones(people[0]), np.zeros(people[1])])
    model = fit(joined(true_rows, rows), zeros, 1 - zeros, ridge=RIDGE, tolerance=TOLERANCE, factor=factor)
    pmse = _pmse(model, zeros, 1 - zeros)
    if people[0] == pair.truth.shape[1]:
        null = _null(true_rows, people[1], settings.resamples, random, factor)
    else:
        null = _null_of_some(pair.truth, design, true_rows, people[1], settings.resamples, random, factor)
    mean = float(null.mean())
    return Propensity(
        pmse, mean, float(null.min()), float(null.max()), pmse / mean if mean else 1.0, design.width, people
    )


def _some(matrix: Matrix, most: int, random: Random) -> Matrix:
    """All records, or `most` of them drawn at random."""
    rows = matrix.shape[1]
    if rows <= most:
        return np.ascontiguousarray(matrix)
    return np.ascontiguousarray(matrix[:, np.sort(random.choice(rows, most, replace=False))])


def _factor(rows: Rows, drawn: int) -> Factor:
    """The Hessian where the true records and as many more of their kind as are `drawn` cannot be told apart."""
    people = len(rows)
    c = drawn / (drawn + people)
    return factor_of(rows, np.full(people, (1 + drawn / people) * c * (1 - c)), RIDGE)


def _null(rows: Rows, drawn: int, resamples: int, random: Random, factor: Factor) -> npt.NDArray[np.float64]:
    """pMSE of records drawn from the truth with replacement, as many as the candidate has."""
    people = len(rows)
    zeros = np.ones(people)
    found = []
    for _ in range(resamples):
        ones = np.bincount(random.integers(0, people, drawn), minlength=people).astype(np.float64)
        found.append(_pmse(fit(rows, zeros, ones, ridge=RIDGE, tolerance=TOLERANCE, factor=factor), zeros, ones))
    return np.array(found)


def _null_of_some(
    truth: Matrix, design: Design, rows: Rows, drawn: int, resamples: int, random: Random, factor: Factor
) -> npt.NDArray[np.float64]:
    """The same where `rows` are some of the true people only: the others are drawn from all of the `truth`."""
    zeros = np.concatenate([np.ones(len(rows)), np.zeros(drawn)])
    found = []
    for _ in range(resamples):
        others = np.ascontiguousarray(truth[:, random.integers(0, truth.shape[1], drawn)])
        both = joined(rows, design.rows(others))
        model = fit(both, zeros, 1 - zeros, ridge=RIDGE, tolerance=TOLERANCE, factor=factor)
        found.append(_pmse(model, zeros, 1 - zeros))
    return np.array(found)


def _pmse(model: Model, zeros: Floats, ones: Floats) -> float:
    weights = zeros + ones
    c = ones.sum() / weights.sum()
    return float((weights * (model.fitted - c) ** 2).sum() / weights.sum())
