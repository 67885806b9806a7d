"""Bounds, rules and verdicts of an audit."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import beta

from ctdc.privacy.accounting import Cost, Guarantee, gaussian_delta
from ctdc.privacy.attacks.claims import (
    INCONCLUSIVE,
    REJECTED,
    SHOWN,
    Claim,
    Rule,
    applied,
    claim_of,
    judge,
    lower_bound,
    most_telling,
    upper_bound,
)

NORMAL = NormalDist()
CLAIM = Claim(2.0, 1e-6, 0.1, 0.4483, 0.4483)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (1, 10), (7, 10), (10, 10), (480, 4800)])
def test_bounds_are_those_of_clopper_and_pearson(successes: int, trials: int) -> None:
    low, high = (float(f(np.array(float(successes)), trials, 0.025)) for f in (lower_bound, upper_bound))
    assert low == (pytest.approx(beta.ppf(0.025, successes, trials - successes + 1)) if successes else 0.0)
    assert high == (pytest.approx(beta.ppf(0.975, successes + 1, trials - successes)) if successes < trials else 1.0)


def test_a_claim_is_what_a_release_states() -> None:
    smooth = claim_of(Cost(0.1, 0.201), Guarantee(2.0, 1e-6))
    assert (smooth.mu, smooth.curve) == (math.sqrt(0.201), math.sqrt(0.201))
    wasteful = claim_of(Cost(0.1, 0.4), Guarantee(2.0, 1e-6))
    assert (wasteful.mu, wasteful.curve) == (math.sqrt(0.2), math.sqrt(0.4))
    only_zcdp = claim_of(Cost(0.1, None), Guarantee(2.0, 1e-6))
    assert (only_zcdp.mu, only_zcdp.curve) == (math.sqrt(0.2), None)


@pytest.mark.parametrize("false", [1e-4, 0.01, 0.2, 0.5, 0.9])
def test_nobody_is_allowed_more_than_any_certificate_allows(false: float) -> None:
    gaussian = NORMAL.cdf(NORMAL.inv_cdf(false) + CLAIM.mu)
    assert CLAIM.most_power(false) <= gaussian
    assert false < CLAIM.most_power(false)
    only_zcdp = Claim(2.0, 1e-6, 0.1, 0.4483, None)
    assert CLAIM.most_power(false) <= only_zcdp.most_power(false) <= min(1.0, math.exp(2) * false + 1e-6)


def test_a_gaussian_mechanism_s_own_zcdp_bound_is_never_below_its_curve() -> None:
    """Both certificates describe one mechanism, so the weaker one may not reject what the exact one allows."""
    mu = 0.4
    loose = Claim(50.0, 1e-6, mu**2 / 2, mu, None)
    for false in (0.001, 0.05, 0.3, 0.7, 0.99):
        assert loose.most_power(false) >= NORMAL.cdf(NORMAL.inv_cdf(false) + mu)


def scores(mu: float, runs: int = 20_000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(0, 1, runs), random.normal(mu, 1, runs)


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, SHOWN), (1.5, REJECTED), (0.5, INCONCLUSIVE)])
def test_verdicts(factor: float, verdict: str) -> None:
    found = judge("x", *scores(factor * CLAIM.mu), CLAIM, 0.01)
    assert found.verdict(CLAIM) == verdict
    assert found.mu < factor * CLAIM.mu
    assert gaussian_delta(found.mu, found.epsilon) == pytest.approx(1e-6, rel=1e-3)


def test_whoever_scores_lower_with_the_person_is_found_as_well() -> None:
    without, having = scores(-0.6)
    assert judge("x", without, having, CLAIM, 0.01).rejected


def test_worlds_that_always_differ_are_told_apart() -> None:
    found = judge("x", np.full(500, 3.0), np.full(500, 4.0), CLAIM, 0.01)
    assert (found.false_positives, found.true_positives, found.rejected) == (0.0, 1.0, True)
    assert found.epsilon_direct > CLAIM.epsilon


@pytest.mark.parametrize("value", [0.0, -math.inf])
def test_worlds_that_never_differ_say_nothing(value: float) -> None:
    found = judge("x", np.full(500, value), np.full(500, value), CLAIM, 0.01)
    assert (found.mu, found.epsilon, found.epsilon_direct, found.rejected) == (0.0, 0.0, 0.0, False)


def test_a_failure_in_one_world_only_is_seen() -> None:
    assert judge("x", np.zeros(500), np.full(500, -math.inf), CLAIM, 0.01).rejected


def test_the_rule_is_not_chosen_on_the_runs_that_are_judged() -> None:
    """Scores that differ in the first fifth only are no evidence."""
    without, having = np.zeros(1000), np.zeros(1000)
    having[:200] = 1
    found = judge("x", without, having, CLAIM, 0.01)
    assert found.runs == 800
    assert found.mu == 0


def test_the_most_telling_score_is_chosen_on_the_same_fifth() -> None:
    three = np.stack([np.stack([side, np.zeros(2000), 3 * side]) for side in scores(1.0, 2000)])
    three[1, 1, 400:] = 9.0  # plain to see, but not in the first fifth
    assert most_telling(three, 0.01) in {0, 2}


def test_both_worlds_need_runs() -> None:
    with pytest.raises(ValueError, match="same number of runs"):
        applied("x", Rule(0.0, True), np.zeros(3), np.zeros(4), CLAIM, 0.01)


@pytest.mark.slow
@pytest.mark.statistical
def test_a_true_claim_is_rejected_as_rarely_as_stated() -> None:
    """1,000 audits of an exactly Gaussian mechanism at a risk of 0.2. False alarm: below 1e-9, because both bounds
    would have to fail together: in truth about one audit in thirty is rejected.
    """
    rejected = sum(judge("x", *scores(CLAIM.mu, 400, seed), CLAIM, 0.2).rejected for seed in range(1000))
    assert rejected <= 200


def test_the_luckiest_of_hundreds_of_rules_is_not_taken_for_the_best() -> None:
    """With rules that are each bounded alone, the weakest of these 200 shows 0.27 of what is there, not 0.63."""
    rng = np.random.default_rng(7)
    games = [(rng.normal(0, 1, 6000), rng.normal(CLAIM.mu, 1, 6000)) for _ in range(200)]
    assert min(judge("all", *game, CLAIM, 0.04).mu for game in games) > 0.5 * CLAIM.mu
