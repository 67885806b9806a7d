"""Logistic regression on rows of ones: maximum likelihood by Newton's method, with a ridge.

Promise: deterministic. The Hessian is kept from step to step while it serves well, since computing it is what costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from ctdc.privacy.evaluation.kernels import Floats, Integers, Places, gram_of, scores_of, sums_of

MOST_STEPS = 60
ROUNDING = 1e-12  # of a log likelihood, relative
SLOW = 0.2  # the decrement has to shrink to this part of the last one, or the Hessian is computed anew
Factor = tuple[Floats, bool]


@dataclass(frozen=True)
class Rows:
    """A design of zeros and ones. starts: shape (rows + 1,); columns: those that are one; width: how many there are.

    Column 0 is one in every row.
    """

    starts: Integers
    columns: Places
    width: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    def scores(self, beta: Floats) -> Floats:
        """X beta, shape (rows,)."""
        out = np.empty(len(self))
        scores_of(self.starts, self.columns, beta, out)
        return out

    def sums(self, values: Floats) -> Floats:
        """X' values, shape (width,)."""
        out = np.zeros(self.width)
        sums_of(self.starts, self.columns, values, out)
        return out

    def gram(self, weights: Floats) -> Floats:
        """X' W X, shape (width, width)."""
        out = np.zeros((self.width, self.width))
        gram_of(self.starts, self.columns, weights, out)
        return out + out.T - np.diag(np.diag(out))


def joined(one: Rows, other: Rows) -> Rows:
    """The rows of both designs, which have the same columns."""
    starts = np.concatenate([one.starts, other.starts[1:] + one.starts[-1]])
    return Rows(starts, np.concatenate([one.columns, other.columns]), one.width)


@dataclass(frozen=True)
class Model:
    """beta: shape (width,); covariance: of beta, by the inverse of the information; fitted: probability of each row;
    converged: whether the steps came to an end.
    """

    beta: Floats
    fitted: Floats
    factor: Factor
    converged: bool

    def covariance(self) -> Floats:
        """Of beta, by the inverse of the information at the last Hessian."""
        return np.asarray(cho_solve(self.factor, np.eye(len(self.beta))))


def factor_of(rows: Rows, weights: Floats, ridge: float) -> Factor:
    """The Cholesky factor of X' W X + ridge; the constant is not penalised but by a hair, so that it exists."""
    gram = rows.gram(weights)
    gram[np.diag_indices_from(gram)] += np.where(np.arange(rows.width) == 0, 1e-9, ridge)
    factor: Factor = cho_factor(gram, lower=True)
    return factor


def _likelihood(beta: Floats, scores: Floats, zeros: Floats, ones: Floats, ridge: float) -> float:
    fit = ones @ scores - (zeros + ones) @ np.logaddexp(0.0, scores)
    return float(fit - 0.5 * ridge * (beta[1:] @ beta[1:]))


def fit(
    rows: Rows, zeros: Floats, ones: Floats, *, ridge: float, tolerance: float, factor: Factor | None = None
) -> Model:
    """The model of P(one) given the row. zeros, ones: how many of each kind every row stands for; both have some.

    tolerance: of the gain in log likelihood that is left; factor: of a Hessian to begin with. With `factor` None the
    covariance is that of the maximum.
    """
    weights, penalty = zeros + ones, np.where(np.arange(rows.width) == 0, 0.0, ridge)
    beta = np.zeros(rows.width)
    beta[0] = np.log(ones.sum() / zeros.sum())
    scores = rows.scores(beta)
    best, last = _likelihood(beta, scores, zeros, ones, ridge), np.inf
    given = factor is not None
    for _ in range(MOST_STEPS):
        fitted = expit(scores)
        slope = rows.sums(ones - weights * fitted) - penalty * beta
        if factor is None:
            factor = factor_of(rows, weights * fitted * (1 - fitted), ridge)
            fresh = True
        else:
            fresh = False
        move = np.asarray(cho_solve(factor, slope))
        decrement = float(slope @ move)
        if decrement < 2 * tolerance:
            final = factor if given or fresh else factor_of(rows, weights * fitted * (1 - fitted), ridge)
            return Model(beta, fitted, final, converged=True)
        beta, scores, best = _step(rows, zeros, ones, ridge, beta, move, best)
        if decrement > SLOW * last and not fresh:
            factor = None
        last = decrement
    return Model(beta, expit(scores), factor or factor_of(rows, weights, ridge), converged=False)


def _step(
    rows: Rows, zeros: Floats, ones: Floats, ridge: float, beta: Floats, move: Floats, best: float
) -> tuple[Floats, Floats, float]:
    """The longest of halved steps that does not make the fit worse."""
    for halving in range(30):
        trial = beta + move / 2**halving
        scores = rows.scores(trial)
        found = _likelihood(trial, scores, zeros, ones, ridge)
        if found >= best - ROUNDING * abs(best):
            return trial, scores, found
    return beta, rows.scores(beta), best
