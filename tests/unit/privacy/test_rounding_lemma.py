"""The rounding lemma of docs/explanation/privacy-proof.md, computed number by number.

p is the discrete Gaussian of variance v around an integer; q is the two-step draw: a continuous Gaussian of variance
v - tau^2, then a discrete one of variance tau^2 around it. Smooth integrands make the trapezoidal rule exact to about
1e-13, far below the differences that are looked for.
"""

import math

import numpy as np
import pytest

from ctdc.privacy.accounting import Cost, gaussian_delta, gaussian_epsilon

REACH = 60
STEPS_PER_UNIT = 64


def discrete(centre: float, variance: float) -> np.ndarray:
    """Probabilities of N_Z(centre, variance) at -REACH..REACH."""
    k = np.arange(-REACH, REACH + 1)
    weights = np.exp(-((k - centre) ** 2) / (2 * variance))
    return weights / weights.sum()


def two_steps(centre: int, variance: float, tau2: float) -> np.ndarray:
    """Probabilities of the two-step draw at -REACH..REACH."""
    k = np.arange(-REACH, REACH + 1)
    z = np.arange(-(REACH + 20), REACH + 20, 1 / STEPS_PER_UNIT)
    density = np.exp(-((z - centre) ** 2) / (2 * (variance - tau2))) / math.sqrt(2 * math.pi * (variance - tau2))
    far = np.arange(-(REACH + 40), REACH + 41)
    normaliser = np.exp(-((far[:, None] - z) ** 2) / (2 * tau2)).sum(axis=0)
    kernel = np.exp(-((k[:, None] - z) ** 2) / (2 * tau2)) / normaliser
    return (kernel * density).sum(axis=1) / STEPS_PER_UNIT


@pytest.mark.parametrize("tau2", [0.5, 0.75, 1.0])
@pytest.mark.parametrize(("centre", "extra"), [(0, 0.1), (3, 0.5), (-1, 20.0)])
def test_the_two_ways_to_draw_differ_by_the_stated_factor_at_most(tau2: float, centre: int, extra: float) -> None:
    """Besides the bound, the leading term of the true difference is met, so the computation can see one."""
    variance = tau2 + extra
    p, q = discrete(centre, variance), two_steps(centre, variance, tau2)
    likely = p > 1e-20
    difference = np.abs(q[likely] / p[likely] - 1).max()
    assert difference <= 5 * math.exp(-2 * math.pi**2 * tau2) + 1e-12
    # cos(2 pi z) averaged over z given k, whose variance is tau^2 (v - tau^2) / v; theta_v is far smaller.
    leading = 2 * math.exp(-2 * math.pi**2 * tau2) * math.exp(-2 * math.pi**2 * tau2 * extra / variance)
    own = 2 * math.exp(-2 * math.pi**2 * variance)
    assert leading - own - 1e-12 <= difference <= 2 * (leading + own) + 1e-12


@pytest.mark.parametrize("variance", [4.5, 5.5, 9.0, 30.0])
@pytest.mark.parametrize("epsilon", [0.1, 0.5, 1.0, 3.0])
def test_discrete_noise_keeps_what_the_lemma_certifies(variance: float, epsilon: float) -> None:
    """delta of two neighbours one apart, summed exactly, against the continuous curve at variance - 4."""
    p, q = discrete(0, variance), discrete(1, variance)
    delta = np.maximum(p - math.exp(epsilon) * q, 0).sum()
    assert delta <= gaussian_delta(1 / math.sqrt(variance - 4), epsilon) * (1 + 1e-9) + 1e-14


def test_it_composes_over_coordinates() -> None:
    """Two numbers that both move, by one and by two, with different noise."""
    first, second = (5.0, 1), (12.0, 2)
    p = np.multiply.outer(discrete(0, first[0]), discrete(0, second[0]))
    q = np.multiply.outer(discrete(first[1], first[0]), discrete(second[1], second[0]))
    mu_squared = 1 / (5.0 - 4) + 4 / (12.0 - 4)
    for epsilon in (0.2, 1.0, 4.0):
        delta = np.maximum(p - math.exp(epsilon) * q, 0).sum()
        assert delta <= gaussian_delta(math.sqrt(mu_squared), epsilon)


def test_the_slack_covers_the_factor_of_the_largest_release() -> None:
    """The factor (1 +- eta)^coordinates, for both data sets, is lost in the slack that a certificate adds."""
    eta = 5 * math.exp(-2 * math.pi**2 * 4)
    largest = 5e7 * 1e4  # ten thousand releases of the largest plan
    assert 2 * eta * largest < 1e-15
    cost = Cost(0.02, 0.04)
    delta = 1e-6
    assert cost.gaussian_epsilon(delta) >= gaussian_epsilon(0.2, delta * math.exp(-eta * largest)) + 2 * eta * largest
