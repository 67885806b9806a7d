"""Whether an analyst who fits a model to the table finds what the truth would have shown.

Promise: the models are those of the settings, declared before anything was seen. Both tables get the same model: the
same codes of the predictors and the same references, chosen from the true table; codes whose people all have, or all
have not, the outcome in the true table are left out, since no coefficient exists for them.

The overlap of the two 95 % intervals is the mean of the parts of each that lie in the other, negative where they are
apart (Karr, Kohnen, Oganian, Reiter & Sanil 2006, "A framework for evaluating the utility of data altered to protect
confidentiality", The American Statistician 60(3), 224-232, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ctdc.privacy.evaluation.coded import Flags, Pair
from ctdc.privacy.evaluation.kernels import Floats
from ctdc.privacy.evaluation.logistic import Rows, fit
from ctdc.privacy.evaluation.settings import FLAG_CODES, Regression, Settings
from ctdc.table.count import Matrix

Z95 = 1.959963984540054
RIDGE = 1e-8  # keeps a factor of terms that determine each other; far below any standard error
TOLERANCE = 1e-12
WIDEST = 10.0  # a standard error of log odds beyond this says that the table does not determine the coefficient
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of log odds with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Compared:
    """One term in both tables. code: "" for having none of a variable in a group; candidate: None where its records do
    not determine it; overlap: at most 1.
    """

    variable: str
    code: str
    truth: Coefficient
    candidate: Coefficient | None
    overlap: float | None


@dataclass(frozen=True)
class RegressionErrors:
    """One model. people: that it rests on, of both tables; references: code of each predictor, "" for not having a
    flag; same_conclusions: terms of the same sign, or in both tables with 0 in the interval; problem: why there is no
    model, empty where there is one.
    """

    name: str
    outcome: str
    codes: tuple[str, ...]
    people: tuple[int, int]
    references: dict[str, str]
    coefficients: tuple[Compared, ...]
    mean_overlap: float | None
    same_conclusions: int
    problem: str = ""
    labels: dict[str, str] = field(default_factory=dict)


NO_PEOPLE = "nobody is known in all variables, or all have the same outcome"
NO_TERMS = "no code of a predictor is left"
NOT_DETERMINED = "the true table does not determine the coefficients"


@dataclass(frozen=True)
class _Terms:
    """The columns of a model. of[predictor]: shape (categories,), the term of each; 0: reference, -1: left out."""

    predictors: tuple[int, ...]
    of: tuple[Integers, ...]
    names: tuple[tuple[str, str], ...]
    references: dict[str, str]


def regression(pair: Pair, one: Regression, settings: Settings) -> RegressionErrors:
    """One model in both tables."""
    usable, outcome = _usable(pair, pair.truth, one, settings), _outcome(pair, pair.truth, one)
    labels = dict(one.labels)
    if len(np.unique(outcome[usable])) < 2:
        return RegressionErrors(one.name, one.outcome, one.codes, (0, 0), {}, (), None, 0, NO_PEOPLE, labels)
    terms = _terms(pair, one, usable, outcome)
    true, people = _model(pair, pair.truth, one, settings, terms)
    made, others = _model(pair, pair.candidate, one, settings, terms)
    problem = NO_TERMS if not terms.names else "" if any(true) else NOT_DETERMINED
    rows = tuple(
        Compared(*name, truth, candidate, None if candidate is None else overlap(truth, candidate))
        for name, truth, candidate in zip(terms.names, true, made, strict=True)
        if truth is not None
    )
    return RegressionErrors(
        one.name,
        one.outcome,
        one.codes,
        (people, others),
        terms.references,
        rows,
        float(np.mean([row.overlap or 0.0 for row in rows])) if rows else None,
        sum(row.candidate is not None and _conclusion(row.truth) == _conclusion(row.candidate) for row in rows),
        problem,
        labels,
    )


def overlap(one: Coefficient, other: Coefficient) -> float:
    """The mean of the parts of both intervals that lie in the other; negative where they are apart."""
    common = min(one.high, other.high) - max(one.low, other.low)
    return 0.5 * (common / (one.high - one.low) + common / (other.high - other.low))


def _conclusion(coefficient: Coefficient) -> int:
    """What an analyst concludes: more, less, or nothing to be seen."""
    return int(coefficient.low > 0) - int(coefficient.high < 0)


def _is_flag(pair: Pair, variable: int) -> bool:
    return len(pair.schema.variables[variable].codes) == FLAG_CODES


def _usable(pair: Pair, matrix: Matrix, one: Regression, settings: Settings) -> Flags:
    """Who is known in the outcome and all predictors."""
    found: Flags = np.ones(matrix.shape[1], dtype=np.bool_)
    for name in (one.outcome, *one.predictors):
        members = next((group for group in settings.groups.values() if name in group), (name,))
        places = [pair.position(member) for member in members]
        found &= np.any([pair.is_known(matrix, place) for place in places], axis=0)
        found &= matrix[pair.position(name)] < pair.schema.sizes[pair.position(name)]  # not withheld
    return found


def _outcome(pair: Pair, matrix: Matrix, one: Regression) -> Flags:
    place = pair.position(one.outcome)
    return np.isin(matrix[place], [pair.schema.variables[place].index[code] for code in one.codes])


def _terms(pair: Pair, one: Regression, usable: Flags, outcome: Flags) -> _Terms:
    """The codes whose people in the true table have both outcomes; the most frequent one is the reference."""
    predictors = tuple(pair.position(name) for name in one.predictors)
    of, names, references = [], [], {}
    for place in predictors:
        variable, column = pair.schema.variables[place], pair.truth[place][usable]
        having = np.bincount(column, outcome[usable], minlength=pair.sizes[place])
        people = np.bincount(column, minlength=pair.sizes[place])
        both = (having > 0) & (having < people)
        first = 0 if _is_flag(pair, place) and both[0] else int(np.argmax(np.where(both, people, -1)))
        term = np.full(pair.sizes[place], -1, dtype=np.int64)
        term[first] = 0 if both[first] else -1
        for code in np.flatnonzero(both):
            if code != first:
                names.append((variable.name, variable.codes[code - 1] if code else ""))
                term[code] = len(names)
        references[variable.name] = "" if first == 0 else variable.codes[first - 1]
        of.append(term)
    return _Terms(predictors, tuple(of), tuple(names), references)


def _model(
    pair: Pair, matrix: Matrix, one: Regression, settings: Settings, terms: _Terms
) -> tuple[list[Coefficient | None], int]:
    """The coefficient of each term, None where the table does not determine it; and the people it rests on."""
    columns = [term[matrix[place]] for place, term in zip(terms.predictors, terms.of, strict=True)]
    usable = _usable(pair, matrix, one, settings) & np.all([column >= 0 for column in columns], axis=0)
    outcome = _outcome(pair, matrix, one)[usable]
    people = int(usable.sum())
    nothing: list[Coefficient | None] = [None] * len(terms.names)
    if not terms.names or len(np.unique(outcome)) < 2:
        return nothing, people
    patterns, zeros, ones = _patterns(np.stack([column[usable] for column in columns]), outcome)
    model = fit(_rows(patterns, len(terms.names) + 1), zeros, ones, ridge=RIDGE, tolerance=TOLERANCE)
    errors = np.sqrt(np.maximum(0.0, np.diag(model.covariance())))
    determined = _determined(patterns, zeros, ones, len(terms.names) + 1)
    if not model.converged:
        return nothing, people
    return [
        Coefficient(float(value), float(value - Z95 * error), float(value + Z95 * error)) if good else None
        for value, error, good in zip(model.beta[1:], errors[1:], determined[1:] & (errors[1:] < WIDEST), strict=True)
    ], people


def _patterns(columns: Integers, outcome: Flags) -> tuple[Integers, Floats, Floats]:
    """Distinct rows of terms, shape (patterns, predictors), with how many of each outcome."""
    patterns, place = np.unique(columns.T, axis=0, return_inverse=True)
    ones = np.bincount(place.reshape(-1), outcome, minlength=len(patterns)).astype(np.float64)
    return patterns, np.bincount(place.reshape(-1), minlength=len(patterns)) - ones, ones


def _rows(patterns: Integers, width: int) -> Rows:
    """The design of the patterns: the constant, and one column for each term that is not a reference."""
    present = patterns > 0
    starts = np.concatenate([[0], np.cumsum(1 + present.sum(axis=1))]).astype(np.int64)
    columns = [[0, *row[row > 0]] for row in patterns]
    return Rows(starts, np.array([column for row in columns for column in row], dtype=np.int32), width)


def _determined(patterns: Integers, zeros: Floats, ones: Floats, width: int) -> Flags:
    """Terms whose people have both outcomes: without that the likelihood has no maximum."""
    rows = _rows(patterns, width)
    return (rows.sums(zeros) > 0) & (rows.sums(ones) > 0)
