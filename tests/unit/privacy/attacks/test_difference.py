"""Differences between members and others: intervals that hold, verdicts that keep to their risk, and power."""

import numpy as np
import pytest
from scipy.stats import binom, norm

from ctdc.privacy.attacks.claims import Claim
from ctdc.privacy.attacks.difference import (
    FOUND,
    IMPOSSIBLE,
    NOTHING,
    WITHIN,
    compare,
    compare_scores,
    either_way,
    lowest,
    most_allowed,
)

GAUSSIAN = Claim(epsilon=4.0, delta=1e-6, rho=0.35, mu=0.8, curve=0.8)


def test_all_members_and_nobody_else_is_as_sure_as_can_be() -> None:
    one = compare(1000, 1000, 0, 1000, 0.001)
    assert one.verdict == FOUND
    assert (one.difference, one.excess) == (1.0, 1.0)
    assert one.low > 0.98


def test_equal_shares_and_a_few_more_by_chance_find_nothing() -> None:
    assert compare(300, 1000, 300, 1000, 0.01).verdict == NOTHING
    assert compare(312, 1000, 300, 1000, 0.01).verdict == NOTHING
    assert compare(2, 1000, 0, 1000, 0.01).verdict == NOTHING


def test_nobody_attacked_is_no_attack() -> None:
    one = compare(0, 0, 0, 500, 0.01)
    assert (one.verdict, one.smallest) == (IMPOSSIBLE, None)


def test_the_risk_that_an_interval_fails_is_kept_for_every_share() -> None:
    """Computed, not drawn: the probability of finding something where nothing is, over all outcomes."""
    tried, others = 60, 40
    for share in (0.002, 0.02, 0.2, 0.5, 0.9, 0.99):
        one, two = (binom(count, share).pmf(np.arange(count + 1)) for count in (tried, others))
        hits, alarms = np.meshgrid(np.arange(tried + 1.0), np.arange(others + 1.0), indexing="ij")
        found = lowest(hits, tried, alarms, others, 0.05) > 0
        assert np.outer(one, two)[found].sum() <= 0.025


@pytest.mark.parametrize(("alarms", "others"), [(0, 1000), (7, 1000), (90, 400)])
def test_the_smallest_leak_is_found_as_often_as_is_said(alarms: int, others: int) -> None:
    tried, risk = 2000, 0.002
    smallest = compare(0, tried, alarms, others, risk).smallest
    assert smallest is not None
    share = alarms / others + smallest * (1 - alarms / others)
    hits = np.arange(tried + 1)
    found = lowest(hits.astype(float), tried, np.array(float(alarms)), others, risk) > 0
    assert binom(tried, share).pmf(hits)[found].sum() == pytest.approx(0.8, abs=1e-6)


def test_nothing_can_be_found_where_everybody_is_hit() -> None:
    assert compare(500, 500, 500, 500, 0.01).smallest is None


def test_a_few_high_scores_are_found_by_their_threshold() -> None:
    random = np.random.default_rng(5)
    members, control = random.normal(size=5000), random.normal(size=5000)
    assert compare_scores(members, control, 0.001).verdict == NOTHING
    members[random.choice(5000, 100, replace=False)] += 8
    one = compare_scores(members, control, 0.001)
    assert one.verdict == FOUND
    assert one.members.attacks == one.control.attacks == 4000  # a fifth chose the threshold
    assert one.control.successes <= 4


def test_scores_without_a_threshold_to_choose_are_no_attack() -> None:
    assert compare_scores(np.zeros(5), np.zeros(500), 0.01).verdict == IMPOSSIBLE


def test_fewer_hits_than_others_count_where_either_way_is_wrong() -> None:
    one = compare(10, 1000, 400, 1000, 0.01)
    assert (one.verdict, either_way(one).verdict) == (NOTHING, FOUND)


def test_what_a_guarantee_allows_is_told_apart() -> None:
    within, beyond = compare(400, 1000, 300, 1000, 0.01), compare(900, 1000, 300, 1000, 0.01)
    assert within.under(GAUSSIAN).verdict == WITHIN
    assert beyond.under(GAUSSIAN).verdict == FOUND
    assert within.under(None).verdict == FOUND
    assert most_allowed(GAUSSIAN) == pytest.approx(2 * norm.cdf(0.4) - 1, abs=1e-4)
