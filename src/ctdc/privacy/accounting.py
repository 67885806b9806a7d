"""From a guarantee (epsilon, delta) to an amount of noise, and back.

Promise: every function errs on the side of privacy. A release is a vector of integers to which discrete
Gaussian noise was added once; its guarantee is certified in two independent ways and the better one counts:

1. *zCDP*: rho = sum of squared sensitivities over twice the variances (Bun & Steinke 2016, Prop. 1.6 and
   composition), turned into (epsilon, delta) by Canonne, Kamath & Steinke 2020, Prop. 12.
2. *Rounding lemma*: for an integer centre t and v > tau^2 >= 1, the discrete Gaussian N_Z(t, v) is, up to a factor
   1 +- 5 exp(-2 pi^2 tau^2) in every probability, what one gets by drawing z from the continuous
   N(t, v - tau^2) and then an integer from N_Z(z, tau^2). The second step does not look at the data, so the
   release inherits the exact trade-off curve of the continuous mechanism with variances v - tau^2 (Dong, Roth &
   Su 2022, Theorem 2.7 and Cor. 2.13), mu^2 = sum of squared sensitivities over (v - tau^2). The proof is in
   docs/explanation/privacy-proof.md. With tau^2 = 4 the factor is below 1 + 1e-33 a coordinate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

from ctdc.foundation.errors import UserError

ROUNDING_VARIANCE = 4.0  # tau^2 of the lemma
# 5 exp(-2 pi^2 tau^2) is 2.6e-34; a release of 1e12 coordinates multiplies probabilities by less than 1 +- 1e-21.
# Both slacks are far above that and far below what anybody reads.
EPSILON_SLACK = 1e-9
DELTA_SLACK = 1e-9  # relative
# Each term of a curve is computed to a few units in the last place of its exponent; this is many times that.
FLOAT_ERROR = 1e-14


@dataclass(frozen=True)
class Guarantee:
    """What a person is promised: epsilon > 0 and finite, 0 < delta < 1. Raises UserError otherwise."""

    epsilon: float
    delta: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.epsilon) and self.epsilon > 0):
            raise UserError(
                "privacy.epsilon",
                f"The privacy parameter epsilon is {self.epsilon}.",
                allowed="a finite number above 0; 1 is strong, 12 is what the best-known releases in this field used",
                do="Choose epsilon, for example --epsilon 2.",
            )
        if not (0 < self.delta < 1):
            raise UserError(
                "privacy.delta",
                f"The privacy parameter delta is {self.delta}.",
                allowed="a number between 0 and 1, far below one divided by the number of people",
                do="Choose delta, for example --delta 1e-6.",
            )


def _cdf(x: float) -> float:
    """Standard normal distribution function, exact to rounding in the lower tail too (unlike 1 + erf)."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def _log_tail(x: float) -> float:
    """Natural logarithm of the standard normal distribution function at x, never above it beyond rounding."""
    if x > -30:
        return math.log(_cdf(x))
    # Lower end of the bracket of Mills' ratio, Phi(x) >= phi(x) |x| / (1 + x^2): the caller subtracts this term.
    return -0.5 * x * x - math.log(-x) - math.log1p(1 / (x * x)) - 0.5 * math.log(2 * math.pi)


def gaussian_delta(mu: float, epsilon: float) -> float:
    """Smallest delta at which a mu-GDP mechanism is (epsilon, delta)-DP (Balle & Wang 2018, Theorem 8), rounded up.

    mu >= 0, epsilon >= 0. Returns a value in [0, 1].
    """
    if mu == 0:
        return 0.0
    reach = mu / 2 + epsilon / mu
    first = _cdf(mu / 2 - epsilon / mu)
    second = math.exp(epsilon + _log_tail(-reach))
    # An exponent of size x^2/2 is known to one part in 1e16, so the terms themselves to x^2/2 times that.
    error = FLOAT_ERROR * (1 + reach * reach) * (first + second)
    return min(1.0, max(0.0, first - second) + error)


def _smallest(holds: Callable[[float], bool], high: float) -> float:
    """Smallest x >= 0 (from above, to 1e-12 relative) for which the monotone `holds` is true."""
    low = 0.0
    while not holds(high):
        low, high = high, 2 * high
        if high > 1e9:
            raise UserError("privacy.no_guarantee", "No finite guarantee holds for this amount of noise.")
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
        if high - low <= 1e-12 * high:
            break
    return high


def gaussian_epsilon(mu: float, delta: float) -> float:
    """Smallest epsilon at which a mu-GDP mechanism is (epsilon, delta)-DP, rounded up."""
    return _smallest(lambda epsilon: gaussian_delta(mu, epsilon) <= delta, 1.0)


def gaussian_mu(guarantee: Guarantee) -> float:
    """Largest mu for which mu-GDP implies the guarantee, rounded down. Unit: sensitivity per standard deviation."""
    inverse = _smallest(
        lambda sigma: sigma > 0 and gaussian_delta(1 / sigma, guarantee.epsilon) <= guarantee.delta, 1.0
    )
    return 1 / inverse


def zcdp_epsilon(rho: float, delta: float) -> float:
    """Epsilon of a rho-zCDP mechanism at `delta` (Canonne, Kamath & Steinke 2020, Prop. 12), rounded up.

    Minimises over the order a > 1: a rho + log(1/(a delta))/(a - 1) + log(1 - 1/a).
    """
    if rho == 0:
        return 0.0

    def epsilon_at(log_excess: float) -> float:
        excess = math.exp(log_excess)
        order = 1 + excess
        return order * rho - math.log(order * delta) / excess + math.log(excess / order)

    # The bound holds at every order, so a search that misses the optimum costs noise, never privacy.
    low, high = -20.0, 20.0
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(200):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if epsilon_at(left) < epsilon_at(right) else (left, high)
    return max(0.0, epsilon_at((low + high) / 2)) + FLOAT_ERROR


@dataclass(frozen=True)
class Cost:
    """What a release costs one person. rho: zCDP; mu_squared: GDP by the rounding lemma, None where it fails."""

    rho: float
    mu_squared: float | None

    def __add__(self, other: Cost) -> Cost:
        both = self.mu_squared is not None and other.mu_squared is not None
        mu_squared = (self.mu_squared or 0.0) + (other.mu_squared or 0.0) if both else None
        return Cost(math.nextafter(self.rho + other.rho, math.inf), mu_squared)

    def gaussian_epsilon(self, delta: float) -> float:
        """Epsilon at `delta` that the rounding lemma certifies; infinite where it certifies nothing."""
        if self.mu_squared is None:
            return math.inf
        return gaussian_epsilon(math.sqrt(self.mu_squared), delta * (1 - DELTA_SLACK)) + EPSILON_SLACK

    def epsilon(self, delta: float) -> float:
        """Certified epsilon at `delta`: the smaller of the two certificates."""
        return min(zcdp_epsilon(self.rho, delta), self.gaussian_epsilon(delta))

    def is_gaussian(self, delta: float) -> bool:
        """True when at `delta` the rounding lemma certifies as much as zCDP does: then mu-GDP holds as a whole."""
        return self.gaussian_epsilon(delta) <= zcdp_epsilon(self.rho, delta)

    def at_most(self, other: Cost) -> bool:
        """Whether neither certificate charges more than `other`'s."""
        certified = other.mu_squared is None or (self.mu_squared is not None and self.mu_squared <= other.mu_squared)
        return self.rho <= other.rho and certified

    def satisfies(self, guarantee: Guarantee) -> bool:
        """True when the certified epsilon at the guarantee's delta does not exceed the guarantee's epsilon."""
        return self.epsilon(guarantee.delta) <= guarantee.epsilon


@dataclass(frozen=True)
class Attacker:
    """The most that anybody can tell about "was this person in the data?", whatever else they know.

    accuracy: largest share of right guesses against a coin; power: largest share of members recognised when one
    in a hundred non-members is taken for a member.
    """

    accuracy: float
    power: float


def strongest_attacker(cost: Cost, delta: float) -> Attacker:
    """Bounds from (epsilon, delta) at the given delta (Kairouz, Oh & Viswanath 2015, Theorem 2.1) and, where it is
    certified, from the exact trade-off curve (Phi(mu/2) and Phi(Phi^-1(0.01) + mu); Dong, Roth & Su 2022). All of
    them hold, so the smallest counts.
    """
    odds = math.exp(min(cost.epsilon(delta), 700.0))
    accuracy = 1 - (1 - delta) / (1 + odds)
    power = min(0.01 * odds + delta, 1 - (1 - delta - 0.01) / odds, 1.0)
    if cost.mu_squared is not None:
        mu = math.sqrt(cost.mu_squared)
        accuracy = min(accuracy, _cdf(mu / 2))
        power = min(power, _cdf(NormalDist().inv_cdf(0.01) + mu))
    return Attacker(accuracy, power)
