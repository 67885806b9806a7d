"""From guarantees to noise and back, against two libraries that were written by others."""

import math

import numpy as np
import opendp.prelude as dp
import pytest
from dp_accounting.pld import privacy_loss_distribution as pld
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_ndtr

from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import (
    Cost,
    Guarantee,
    gaussian_delta,
    gaussian_epsilon,
    gaussian_mu,
    strongest_attacker,
    zcdp_epsilon,
)

DELTA = 5.8e-6

mus = st.floats(0.01, 8)
epsilons = st.floats(1e-3, 40)
deltas = st.floats(1e-12, 0.1)
rhos = st.floats(1e-6, 50)


@pytest.mark.parametrize(("epsilon", "mu"), [(1, 0.260), (2, 0.487), (4, 0.902), (12, 2.274)])
def test_what_a_guarantee_buys(epsilon: float, mu: float) -> None:
    assert gaussian_mu(Guarantee(epsilon, DELTA)) == pytest.approx(mu, abs=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize("epsilon", [1, 4, 12])
def test_the_gaussian_curve_is_the_privacy_loss_distribution_s(epsilon: float) -> None:
    """Google's accountant, rounding up and rounding down, has the curve between."""
    mu = gaussian_mu(Guarantee(epsilon, DELTA))
    low, high = (
        pld.from_gaussian_mechanism(
            1 / mu, value_discretization_interval=1e-3, pessimistic_estimate=up
        ).get_epsilon_for_delta(DELTA)
        for up in (False, True)
    )
    assert low - 1e-9 <= gaussian_epsilon(mu, DELTA) <= high + 1e-9
    assert high - low < 0.01


@pytest.mark.slow
@pytest.mark.parametrize(("sigma", "waste"), [(2.2, 1.0), (3.0, 1.0), (7.0, 0.08), (25.0, 0.01)])
def test_a_certificate_covers_discrete_noise_and_wastes_little(sigma: float, waste: float) -> None:
    loss = pld.from_discrete_gaussian_mechanism(
        sigma, 1, value_discretization_interval=1e-4, pessimistic_estimate=False
    )
    true = loss.get_epsilon_for_delta(DELTA)
    certified = Cost(1 / (2 * sigma**2), 1 / (sigma**2 - 4)).epsilon(DELTA)
    assert true <= certified <= true * (1 + waste)


@pytest.mark.parametrize("rho", [1e-4, 0.034, 0.4, 2.6, 20.0])
@pytest.mark.parametrize("delta", [1e-9, DELTA, 1e-3])
def test_zcdp_as_opendp_converts_it(rho: float, delta: float) -> None:
    dp.enable_features("contrib")
    space = dp.atom_domain(T="i64"), dp.absolute_distance(T="f64")
    gaussian = dp.m.make_gaussian(*space, scale=1 / math.sqrt(2 * rho))
    theirs = dp.c.make_zCDP_to_approxDP(gaussian).map(1.0).epsilon(delta)
    assert zcdp_epsilon(rho, delta) == pytest.approx(theirs, rel=1e-4)


def test_zcdp_finds_the_best_order() -> None:
    rho, delta = 0.4, DELTA
    orders = [1 + 10 ** (k / 1000) for k in range(-3000, 4000)]
    best = min(a * rho + math.log(1 / (a * delta)) / (a - 1) + math.log1p(-1 / a) for a in orders)
    assert zcdp_epsilon(rho, delta) <= best + 1e-12


@pytest.mark.parametrize("mu", [22.0, 26.0, 30.0, 60.0])
def test_far_out_the_curve_errs_towards_privacy(mu: float) -> None:
    """Beyond epsilon 450 the second term is below the smallest float: a bound stands in, and must not be too large."""
    epsilon = mu * mu / 2 + 4.75 * mu
    exact = math.exp(log_ndtr(mu / 2 - epsilon / mu)) - math.exp(epsilon + log_ndtr(-mu / 2 - epsilon / mu))
    assert exact * (1 - 1e-10) <= gaussian_delta(mu, epsilon) <= exact * 1.01


def test_rounding_is_allowed_for_where_the_terms_nearly_cancel() -> None:
    """At a tiny epsilon delta is the small difference of two large numbers; 60 digits by a series say what it is."""
    mu, epsilon = 2.4e-7, 1e-6
    ratio = epsilon / mu
    # First order in mu: delta = mu (phi(t) - t Phi(-t)) + O(mu^2), t = epsilon / mu.
    series = mu * (math.exp(-ratio * ratio / 2) / math.sqrt(2 * math.pi) - ratio * math.exp(log_ndtr(-ratio)))
    assert gaussian_delta(mu, epsilon) >= series * (1 - 1e-4)


@given(mus, epsilons)
def test_more_noise_or_more_epsilon_means_less_delta(mu: float, epsilon: float) -> None:
    here = gaussian_delta(mu, epsilon)
    assert 0 <= here <= 1
    assert gaussian_delta(mu * 0.9, epsilon) <= here + 1e-12
    assert gaussian_delta(mu, epsilon * 1.1) <= here + 1e-12


@given(rhos, deltas)
def test_zcdp_is_monotone(rho: float, delta: float) -> None:
    here = zcdp_epsilon(rho, delta)
    assert zcdp_epsilon(rho * 1.1, delta) >= here - 1e-12
    assert zcdp_epsilon(rho, delta / 2) >= here - 1e-12


@given(epsilons, deltas)
def test_the_way_there_and_back_keeps_the_promise(epsilon: float, delta: float) -> None:
    mu = gaussian_mu(Guarantee(epsilon, delta))
    assert gaussian_delta(mu, epsilon) <= delta
    assert epsilon * (1 - 1e-4) <= gaussian_epsilon(mu, delta) <= epsilon * (1 + 1e-9)


@given(mus, deltas)
def test_zcdp_never_claims_less_than_the_exact_curve(mu: float, delta: float) -> None:
    """mu-GDP is mu^2/2-zCDP for continuous noise, so the looser conversion lies above the exact one."""
    assert zcdp_epsilon(mu * mu / 2, delta) >= gaussian_epsilon(mu, delta) * (1 - 1e-9)


@pytest.mark.parametrize("epsilon", [0, -1, math.inf, math.nan])
def test_an_epsilon_that_promises_nothing(epsilon: float) -> None:
    with pytest.raises(UserError) as caught:
        Guarantee(epsilon, 1e-6)
    assert caught.value.detail.code == "privacy.epsilon"


@pytest.mark.parametrize("delta", [0, 1, -0.1, 2, math.nan])
def test_a_delta_that_promises_nothing(delta: float) -> None:
    with pytest.raises(UserError) as caught:
        Guarantee(1, delta)
    assert caught.value.detail.code == "privacy.delta"


def test_costs_add_up_and_never_round_down() -> None:
    one, two = Cost(0.1, 0.2), Cost(0.3, 0.6)
    assert (one + two).rho >= 0.4
    assert (one + two).mu_squared == pytest.approx(0.8)
    assert (one + Cost(0.1, None)).mu_squared is None
    assert (one + Cost(0.1, None)).epsilon(DELTA) == zcdp_epsilon((one + Cost(0.1, None)).rho, DELTA)


def test_the_better_certificate_counts() -> None:
    assert Cost(0.02, 0.04).epsilon(DELTA) < zcdp_epsilon(0.02, DELTA)
    assert Cost(0.02, 0.04).is_gaussian(DELTA)
    assert Cost(0.02, 4.0).epsilon(DELTA) == zcdp_epsilon(0.02, DELTA)
    assert not Cost(0.02, 4.0).is_gaussian(DELTA)
    assert not Cost(0.02, None).is_gaussian(DELTA)


def test_nothing_spent_costs_nothing() -> None:
    assert zcdp_epsilon(0, DELTA) == 0
    assert gaussian_delta(0, 1) == 0
    assert Cost(0.0, 0.0).epsilon(DELTA) == 0


@pytest.mark.parametrize(("epsilon", "accuracy", "power"), [(1, 0.552, 0.019), (4, 0.674, 0.077), (12, 0.872, 0.479)])
def test_what_the_best_attacker_can_do(epsilon: float, accuracy: float, power: float) -> None:
    mu = gaussian_mu(Guarantee(epsilon, DELTA))
    attacker = strongest_attacker(Cost(mu * mu / 2, mu * mu), DELTA)
    assert attacker.accuracy == pytest.approx(accuracy, abs=2e-3)
    assert attacker.power == pytest.approx(power, abs=2e-3)


@pytest.mark.parametrize("epsilon", [0.1, 1, 4, 12])
def test_without_the_exact_curve_the_bound_on_the_attacker_is_wider_but_holds(epsilon: float) -> None:
    mu = gaussian_mu(Guarantee(epsilon, DELTA))
    exact, wide = (strongest_attacker(Cost(mu * mu / 2, curve), DELTA) for curve in (mu * mu, None))
    assert exact.accuracy <= wide.accuracy <= 1
    assert exact.power <= wide.power <= 1


def test_a_wasteful_curve_does_not_make_the_attacker_look_stronger() -> None:
    without, with_curve = (strongest_attacker(Cost(0.4, curve), DELTA) for curve in (None, 60.0))
    assert with_curve == without


def test_no_test_of_two_discrete_neighbours_beats_the_stated_attacker() -> None:
    """Every threshold test between N_Z(0, v) and N_Z(1, v), which are the best ones, counted out."""
    k = np.arange(-80, 81)
    for variance in (2.0, 6.0, 30.0):
        weights = [np.exp(-((k - centre) ** 2) / (2 * variance)) for centre in (0, 1)]
        absent, present = (np.cumsum((w / w.sum())[::-1]) for w in weights)
        curve = 1 / (variance - 4) if variance > 5 else None
        stated = strongest_attacker(Cost(1 / (2 * variance), curve), DELTA)
        assert ((1 + present - absent) / 2).max() <= stated.accuracy
        assert np.interp(0.01, absent, present) <= stated.power


def test_whoever_was_not_measured_is_not_recognised() -> None:
    nothing = strongest_attacker(Cost(0.0, 0.0), DELTA)
    assert (nothing.accuracy, nothing.power) == (0.5, pytest.approx(0.01))
