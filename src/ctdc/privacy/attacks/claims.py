"""What is claimed, and what an attack has shown against it.

Promise: bounds are exact (Clopper & Pearson 1934), one-sided, and hold together with the stated confidence. A claim is
rejected only when the attack recognised more members than the whole trade-off curve allows at that many false alarms.
The curve is that of a Gaussian mechanism where `accounting` certifies one (Dong, Roth & Su 2022, Cor. 2.13), and what
rho-zCDP and (epsilon, delta) allow (Kairouz, Oh & Viswanath 2015, Theorem 2.1); all hold, so the lowest counts.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from ctdc.privacy.accounting import Cost, Guarantee, gaussian_epsilon, zcdp_epsilon

Floats = npt.NDArray[np.float64]
NORMAL = NormalDist()
POWER = 0.6  # share of the claimed mu that an attack must reach before its silence means something
# Deltas at which a zCDP claim is turned into a bound on an attack: all of them hold, the smallest counts.
DELTAS = tuple(10.0**-power for power in range(1, 13))
REJECTED, SHOWN, INCONCLUSIVE = "rejected", "not rejected, power shown", "inconclusive"


def _normal_inverse(share: float) -> float:
    return -math.inf if share <= 0 else math.inf if share >= 1 else NORMAL.inv_cdf(share)


@dataclass(frozen=True)
class Claim:
    """The guarantee that is audited. rho: zCDP; mu: as a release states it, of the Gaussian curve where that certifies
    most, else sqrt(2 rho); curve: mu of the Gaussian curve that is certified, None where there is none.
    """

    epsilon: float
    delta: float
    rho: float
    mu: float
    curve: float | None

    def most_power(self, false_positives: float) -> float:
        """The largest share of members that anybody may recognise with this share of false alarms."""
        if not 0 < false_positives < 1:
            return 1.0 if false_positives >= 1 else self.delta
        bounds = [_by_odds(false_positives, self.epsilon, self.delta)]
        bounds += [_by_odds(false_positives, zcdp_epsilon(self.rho, delta), delta) for delta in DELTAS]
        if self.curve is not None:
            bounds.append(NORMAL.cdf(NORMAL.inv_cdf(false_positives) + self.curve))
        return min(bounds)


def _by_odds(false_positives: float, epsilon: float, delta: float) -> float:
    odds = math.exp(min(epsilon, 700.0))
    return min(1.0, odds * false_positives + delta, 1 - (1 - delta - false_positives) / odds)


def claim_of(cost: Cost, guarantee: Guarantee) -> Claim:
    """What a plan of this cost claims to give each person."""
    curve = None if cost.mu_squared is None else math.sqrt(cost.mu_squared)
    stated = curve if curve is not None and cost.is_gaussian(guarantee.delta) else math.sqrt(2 * cost.rho)
    return Claim(guarantee.epsilon, guarantee.delta, cost.rho, stated, curve)


def lower_bound(successes: Floats, trials: int, risk: float) -> Floats:
    """Below the true share with probability at least 1 - risk (Clopper & Pearson 1934). Shapes are kept."""
    safe = np.maximum(successes, 1)
    return np.where(successes > 0, betaincinv(safe, trials - safe + 1, risk), 0.0)


def upper_bound(successes: Floats, trials: int, risk: float) -> Floats:
    """Above the true share with probability at least 1 - risk."""
    return 1 - lower_bound(trials - successes, trials, risk)


@dataclass(frozen=True)
class Rule:
    """Whoever scores above (or else below) the threshold is taken for a member."""

    threshold: float
    above: bool

    def taken(self, scores: Floats) -> npt.NDArray[np.bool_]:
        """Which of the scores are taken for a member's."""
        return scores > self.threshold if self.above else scores <= self.threshold


@dataclass(frozen=True)
class Finding:
    """What one attack showed. runs: of each world that were judged; false_positives, true_positives: shares of them;
    false_high, true_low: their bounds; mu, epsilon: lower bounds through the curve, epsilon at the claimed delta;
    epsilon_direct: without assuming a curve; risk: of rejecting a true claim.
    """

    attack: str
    runs: int
    false_positives: float
    true_positives: float
    false_high: float
    true_low: float
    mu: float
    epsilon: float
    epsilon_direct: float
    rejected: bool
    risk: float

    def verdict(self, claim: Claim) -> str:
        """In one of three words."""
        return REJECTED if self.rejected else SHOWN if self.mu >= POWER * claim.mu else INCONCLUSIVE

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def _mu(false_high: float, true_low: float) -> float:
    if true_low <= 0 or false_high >= 1:
        return 0.0
    return max(0.0, _normal_inverse(true_low) - _normal_inverse(false_high))


def _rules(without: Floats, having: Floats, risk: float) -> tuple[Rule, float]:
    """The rule with the largest lower bound on mu for these scores, and that bound.

    The bounds of all rules hold together (Bonferroni), lest the luckiest of hundreds is taken for the best: a rule at
    the end of the scores that a handful of runs speak for shows nothing on the others. Where so few runs bound
    nothing, each rule is bounded by itself.
    """
    values = np.unique(np.concatenate([without, having]))
    thresholds = np.unique(np.quantile(values, np.linspace(0, 1, 201), method="lower"))
    rules = 2 * len(thresholds)
    together = _best(without, having, thresholds, risk / rules)
    rule, found = together if together[1] > 0 else _best(without, having, thresholds, risk)
    return Rule(_between(values, rule.threshold), rule.above), found


def _best(without: Floats, having: Floats, thresholds: Floats, risk: float) -> tuple[Rule, float]:
    best, found = Rule(float(thresholds[0]), True), 0.0
    ones, twos = np.sort(without), np.sort(having)
    false = len(ones) - np.searchsorted(ones, thresholds, side="right").astype(np.float64)
    true = len(twos) - np.searchsorted(twos, thresholds, side="right").astype(np.float64)
    for above, hits, alarms in ((True, true, false), (False, len(twos) - true, len(ones) - false)):
        low, high = lower_bound(hits, len(twos), risk / 2), upper_bound(alarms, len(ones), risk / 2)
        bounds = np.array([_mu(float(one), float(two)) for one, two in zip(high, low, strict=True)])
        top = np.flatnonzero(bounds == bounds.max())
        if bounds.max() > found:
            best, found = Rule(float(thresholds[top[len(top) // 2]]), above), float(bounds.max())
    return best, found


def _between(values: Floats, threshold: float) -> float:
    """Half way from a threshold to the next larger score: as far as can be from both."""
    after = int(np.searchsorted(values, threshold, side="right"))
    if after == len(values) or not math.isfinite(threshold):
        return threshold
    return threshold + (float(values[after]) - threshold) / 2


def judge(attack: str, without: Floats, having: Floats, claim: Claim, risk: float) -> Finding:
    """What an attack's scores show, shape (runs,) each, of runs without and with the person.

    The rule is chosen on a fifth of the runs and judged on the others. risk: probability of rejecting a claim that is
    true, half of it on each bound.
    """
    first = max(1, len(without) // 5)
    rule, _ = _rules(without[:first], having[:first], risk)
    return applied(attack, rule, without[first:], having[first:], claim, risk)


def applied(attack: str, rule: Rule, without: Floats, having: Floats, claim: Claim, risk: float) -> Finding:
    """What a rule that was chosen beforehand shows on these scores."""
    runs = len(without)
    if runs != len(having) or not runs:
        raise ValueError("both worlds need the same number of runs, at least one")
    alarms, hits = (float(rule.taken(scores).sum()) for scores in (without, having))
    false_high = float(upper_bound(np.array(alarms), runs, risk / 2))
    true_low = float(lower_bound(np.array(hits), runs, risk / 2))
    mu = _mu(false_high, true_low)
    direct = math.log((true_low - claim.delta) / false_high) if true_low > claim.delta else 0.0
    return Finding(
        attack,
        runs,
        alarms / runs,
        hits / runs,
        false_high,
        true_low,
        mu,
        gaussian_epsilon(mu, claim.delta) if mu else 0.0,
        max(0.0, direct),
        true_low > claim.most_power(false_high),
        risk,
    )


def most_telling(scores: Floats, risk: float) -> int:
    """Which of several attacks, shape (worlds, attacks, runs), does best on the fifth on which rules are chosen."""
    first = max(1, scores.shape[2] // 5)
    bounds = [_rules(without[:first], having[:first], risk)[1] for without, having in zip(*scores, strict=True)]
    return int(np.argmax(bounds))
