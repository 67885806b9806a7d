"""Who pays for what: years, parts, overlaps, and what is left."""

import itertools
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.foundation.chain import Line
from ctdc.foundation.errors import Refused, UserError
from ctdc.privacy.accounting import Cost, Guarantee, gaussian_mu
from ctdc.privacy.budgets import breaches, budget, concerns, limits, populations, remaining, spent
from ctdc.privacy.ledger import charge, declare_overlap, read, set_budget
from ctdc.privacy.ledger_events import charge_event
from ctdc.privacy.plan import make_plan

DELTA = 1e-6
ONE = Cost(0.01, 0.02)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
LAST_SECOND = NEW_YEAR - timedelta(seconds=1)


def twice(cost: Cost = ONE) -> Guarantee:
    """A budget that two such charges use up."""
    return Guarantee((cost + cost).epsilon(DELTA) + 1e-6, DELTA)


# ---- years ----------------------------------------------------------------------------------------------------------


def test_a_new_year_has_a_new_budget_and_the_life_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "l"
    set_budget(path, "all", twice(), LAST_SECOND, "year")
    for _ in range(2):
        charge(path, "all", ONE, {}, LAST_SECOND)
    with pytest.raises(Refused) as caught:
        charge(path, "all", ONE, {}, LAST_SECOND)
    assert "for the year 2026" in caught.value.detail.what
    for _ in range(2):
        charge(path, "all", ONE, {}, NEW_YEAR)
    with pytest.raises(Refused, match="for the year 2027"):
        charge(path, "all", ONE, {}, NEW_YEAR)
    lines = read(path)
    assert spent(lines, "all", 2026) == spent(lines, "all", 2027)
    assert spent(lines, "all").rho == pytest.approx(0.04)
    assert spent(lines, "all", 2025) == Cost(0.0, 0.0)


def test_the_year_is_that_of_utc(tmp_path: Path) -> None:
    path = tmp_path / "l"
    set_budget(path, "all", Guarantee(ONE.epsilon(DELTA) + 1e-6, DELTA), LAST_SECOND, "year")
    charge(path, "all", ONE, {}, LAST_SECOND.astimezone(timezone(timedelta(hours=9))))
    with pytest.raises(Refused, match="2026"):
        charge(path, "all", ONE, {}, datetime(2027, 1, 1, 0, 59, tzinfo=timezone(timedelta(hours=1))))
    charge(path, "all", ONE, {}, datetime(2026, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-1))))


def test_both_limits_are_named_when_both_are_broken(tmp_path: Path) -> None:
    path = tmp_path / "l"
    set_budget(path, "all", twice(), NEW_YEAR)
    set_budget(path, "all", Guarantee(1, DELTA), NEW_YEAR, "year")
    assert budget(read(path), "all") == twice()
    assert budget(read(path), "all", "year") == Guarantee(1, DELTA)
    charge(path, "all", ONE, {}, NEW_YEAR)
    with pytest.raises(Refused) as caught:
        charge(path, "all", Cost(0.02, 0.04), {}, NEW_YEAR)
    what = caught.value.detail.what
    assert "for life does not allow" in what
    assert "for the year 2027 does not allow" in what
    for limit in (twice(), Guarantee(1, DELTA)):
        assert f"remaining {remaining(ONE, limit):.4g}" in what
        assert f"exceeded by {Cost(0.03, 0.06).epsilon(DELTA) - limit.epsilon:.4g}" in what


# ---- parts and overlaps ---------------------------------------------------------------------------------------------


def test_parts_pay_apart_within_the_limit_of_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "l"
    set_budget(path, "all", twice(), NEW_YEAR)
    for year in ("2026", "2027", "2028"):
        charge(path, f"all/{year}", ONE, {}, NEW_YEAR)
        charge(path, f"all/{year}", ONE, {}, NEW_YEAR)
        with pytest.raises(Refused, match=f"people of 'all/{year}'"):
            charge(path, f"all/{year}", ONE, {}, NEW_YEAR)
    with pytest.raises(Refused):
        charge(path, "all", ONE, {}, NEW_YEAR)  # the whole has paid nothing, but its parts have


def test_a_charge_on_the_whole_is_paid_by_every_part(tmp_path: Path) -> None:
    path = tmp_path / "l"
    charge(path, "all", ONE, {}, NEW_YEAR)
    charge(path, "all/2026", ONE, {}, NEW_YEAR)
    lines = read(path)
    assert spent(lines, "all").rho == pytest.approx(0.01)
    assert spent(lines, "all/2026").rho == pytest.approx(0.02)
    assert spent(lines, "all/2027").rho == pytest.approx(0.01)
    assert spent(lines, "allied").rho == 0


def test_a_part_may_have_a_stricter_limit_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "l"
    set_budget(path, "all", Guarantee(4, DELTA), NEW_YEAR)
    set_budget(path, "all/children", Guarantee(ONE.epsilon(DELTA) + 1e-6, DELTA), NEW_YEAR)
    assert [limit.population for limit in limits(read(path), "all/children")] == ["all/children", "all"]
    charge(path, "all/children", ONE, {}, NEW_YEAR)
    charge(path, "all/adults", Cost(0.1, 0.2), {}, NEW_YEAR)
    with pytest.raises(Refused):
        charge(path, "all/children", ONE, {}, NEW_YEAR)


def test_populations_that_overlap_pay_for_each_other_also_for_the_past(tmp_path: Path) -> None:
    path = tmp_path / "l"
    set_budget(path, "global", twice(), NEW_YEAR)
    charge(path, "global", ONE, {}, NEW_YEAR)
    charge(path, "hotline", ONE, {}, NEW_YEAR)
    assert spent(read(path), "global").rho == pytest.approx(0.01)
    declare_overlap(path, "hotline", "global", NEW_YEAR)
    assert populations(read(path)) == ("global", "hotline")
    for name in ("global", "hotline"):
        assert spent(read(path), name).rho == pytest.approx(0.02)
        with pytest.raises(Refused, match="budget of 'global'"):
            charge(path, name, ONE, {}, NEW_YEAR)


def test_a_population_does_not_overlap_with_itself(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        declare_overlap(tmp_path / "l", "all", "all", NEW_YEAR)
    assert caught.value.detail.code == "ledger.overlap"
    assert not (tmp_path / "l").exists()


PAIRS = (("a", "b"), ("b", "a"), ("b", "c"), ("c", "b"), ("d/1", "d/2"), ("d/2", "d/1"))


@pytest.mark.parametrize(
    ("charged", "population", "counts"),
    [
        ("b", "a", True),
        ("c", "a", False),  # an overlap is not passed on
        ("b/1", "a", True),
        ("b", "a/1", True),
        ("b/1", "a/1", True),
        ("d/1", "d/2", True),
        ("d/1", "d/3", False),
        ("d/1", "d", False),
        ("d", "d/3", True),
        ("d/1/x", "d/2", True),
    ],
)
def test_what_counts_where(charged: str, population: str, counts: bool) -> None:
    assert concerns(charged, population, PAIRS) is counts


# ---- what is left ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("used", [Cost(0.0, 0.0), ONE, Cost(0.2, 0.4), Cost(0.2, None)])
def test_what_remains_can_be_had_and_no_more(used: Cost) -> None:
    limit = Guarantee(4, DELTA)
    left = remaining(used, limit)
    assert 0 < left <= 4
    for epsilon, fits in ((left, True), (left + 1e-3, False)):
        mu_squared = gaussian_mu(Guarantee(epsilon, DELTA)) ** 2 * (1 - 1e-8)  # the certificate's allowance
        assert (used + Cost(mu_squared / 2, mu_squared)).satisfies(limit) is fits


def test_a_plan_over_wide_variables_can_use_up_what_remains() -> None:
    limit, used = Guarantee(4, DELTA), Cost(0.2, 0.4)
    sizes = (80, 90, 100)  # so that no table's noise is small; the least of them counts the people
    left = remaining(used, limit)
    assert (used + make_plan(sizes, Guarantee(left * 0.95, DELTA), 2).cost()).satisfies(limit)
    assert not (used + make_plan(sizes, Guarantee(left * 1.05, DELTA), 2).cost()).satisfies(limit)


def test_nothing_remains_when_everything_was_spent() -> None:
    assert remaining(Cost(5, 10), Guarantee(4, DELTA)) == 0
    limit = Guarantee(ONE.epsilon(DELTA), DELTA)
    assert remaining(ONE, limit) == 0
    assert remaining(Cost(0.0, 0.0), Guarantee(4, DELTA)) == pytest.approx(4, abs=2e-4)


# ---- the order of charges -------------------------------------------------------------------------------------------

AMOUNTS = st.lists(
    st.tuples(st.sampled_from(["all", "all/1", "all/2", "b"]), st.integers(0, 10**12), st.integers(0, 10**12)),
    min_size=1,
    max_size=6,
)


def chained(events: list[dict[str, object]]) -> tuple[Line, ...]:
    lines: list[Line] = []
    for event in events:
        lines.append(Line.after(lines[-1] if lines else None, event))
    return tuple(lines)


@given(AMOUNTS, st.randoms(use_true_random=False))
def test_the_order_of_charges_never_matters(amounts: list[tuple[str, int, int]], shuffler: object) -> None:
    events = [
        charge_event(name, Cost(rho / 1e9, mu / 1e9 if mu else None), {}, "2026-01-01T00:00:00Z")
        for name, rho, mu in amounts
    ]
    events.append({"kind": "overlap", "version": 1, "population": "all", "with": "b", "at": "2026-01-01T00:00:00Z"})
    limit = {"kind": "budget", "version": 2, "population": "all", "epsilon": 9.0, "delta": 1e-6, "period": "year"}
    events.append(limit)
    other = list(events)
    shuffler.shuffle(other)  # type: ignore[attr-defined]
    for name, year in itertools.product(("all", "all/1", "all/2", "b"), (None, 2026, 2027)):
        assert spent(chained(events), name, year) == spent(chained(other), name, year)
    ones, others = (breaches(chained(order), "all/1", ONE, 2026) for order in (events, other))
    assert ones == others
