"""What will be measured, and how noisily."""

import itertools
import math

import pytest
from tests.support.engine import small_plan

from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.allocation import balanced
from ctdc.privacy.plan import (
    Attributes,
    Plan,
    all_sets,
    make_plan,
    relative_deviations,
    share,
    spread,
    subsets,
)

DELTA = 5.8e-6
DOMAINS = [(2,), (7,), (2, 2), (2, 3, 5), (4, 4, 4, 4), (2, 9, 2, 3, 2)]


def weighted_variance(sizes: tuple[int, ...], deviation: dict[Attributes, float]) -> float:
    """sum over A of w_A v_A, straight from the definition."""
    weight = balanced(sizes, list(deviation))
    return math.fsum(
        weight(sizes, outer)
        * math.fsum(deviation[b] ** 2 * share(sizes, b) * spread(sizes, b, outer) for b in subsets(outer))
        for outer in deviation
    )


def price(sizes: tuple[int, ...], deviation: dict[Attributes, float]) -> float:
    return math.fsum(share(sizes, b) / value**2 for b, value in deviation.items())


@pytest.mark.parametrize("sizes", DOMAINS)
@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("epsilon", [0.1, 2, 12])
def test_every_plan_keeps_its_guarantee_and_hardly_wastes_any(
    sizes: tuple[int, ...], length: int, epsilon: float
) -> None:
    plan = make_plan(sizes, Guarantee(epsilon, DELTA), length)
    assert epsilon * (1 - 1e-4) <= plan.cost().epsilon(DELTA) <= epsilon
    assert [m.attributes for m in plan.measurements] == all_sets(len(sizes), length)
    assert plan.cells() == sum(math.prod(m.shape) for m in plan.measurements)


@pytest.mark.parametrize("sizes", DOMAINS)
def test_the_cost_is_the_sum_over_all_measurements(sizes: tuple[int, ...]) -> None:
    plan = small_plan(sizes)
    rho = math.fsum(m.squared_sensitivity / (2 * m.scale**2) for m in plan.measurements)
    assert plan.cost().rho == pytest.approx(rho, rel=1e-11)
    assert plan.cost().rho >= rho
    for m in plan.measurements:
        assert m.squared_sensitivity / m.scale**2 == pytest.approx(share(sizes, m.attributes) / m.deviation**2)
        gaussian = m.cost().mu_squared
        assert gaussian is None or gaussian == pytest.approx(m.squared_sensitivity / (m.scale**2 - 4))


def test_a_number_with_too_little_noise_for_the_lemma_is_left_to_zcdp() -> None:
    plan = small_plan((2, 2), epsilon=12)
    assert min(m.scale for m in plan.measurements) ** 2 < 5
    assert plan.cost().mu_squared is None
    assert not plan.cost().is_gaussian(1e-6)


def test_one_small_table_does_not_take_the_lemma_from_all_others() -> None:
    plan = make_plan((22, 4, 10, 60, 60, 4, 2, 2, 2, 2), Guarantee(16, DELTA), 3)
    assert min(m.scale for m in plan.measurements) ** 2 < 44
    assert plan.cost().is_gaussian(DELTA)


@pytest.mark.parametrize("sizes", [(2, 3, 5), (2, 2, 2, 2), (6, 2, 4)])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_no_other_division_of_the_budget_is_better(sizes: tuple[int, ...], length: int) -> None:
    best = relative_deviations(sizes, all_sets(len(sizes), length), balanced(sizes, all_sets(len(sizes), length)))
    budget, least = price(sizes, best), weighted_variance(sizes, best)
    for chosen, factor in itertools.product(best, (0.8, 0.97, 1.03, 1.25)):
        other = best | {chosen: best[chosen] * factor}
        back = math.sqrt(price(sizes, other) / budget)
        other = {b: value * back for b, value in other.items()}
        assert price(sizes, other) == pytest.approx(budget)
        assert weighted_variance(sizes, other) >= least * (1 - 1e-12)


def test_more_epsilon_means_less_noise_everywhere() -> None:
    plans = [make_plan((3, 4, 2), Guarantee(epsilon, DELTA), 3) for epsilon in (0.5, 1, 2, 4, 8, 16)]
    scales = [[m.scale for m in plan.measurements] for plan in plans]
    assert all(
        after < before for one, two in itertools.pairwise(scales) for before, after in zip(one, two, strict=True)
    )


def test_a_plan_depends_on_public_settings_only() -> None:
    assert small_plan((3, 4, 2)) == small_plan([3, 4, 2])  # type: ignore[arg-type]
    assert small_plan((3, 4, 2)).describe()[0] == {"attributes": [], "shape": [], "scale": pytest.approx(7.1, rel=0.5)}


def test_yes_or_no_questions_are_one_number() -> None:
    plan = small_plan((2, 5, 2))
    shapes = {m.attributes: m.shape for m in plan.measurements}
    assert shapes == {
        (): (), (0,): (1,), (1,): (5,), (2,): (1,),
        (0, 1): (1, 5), (0, 2): (1, 1), (1, 2): (5, 1), (0, 1, 2): (1, 5, 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sizes", "length", "epsilon", "delta", "code"),
    [
        ((3, 3), 0, 1.0, 1e-6, "privacy.length"),
        ((3, 3), 5, 1.0, 1e-6, "privacy.length"),
        ((1000, 1000, 1000), 3, 1.0, 1e-6, "privacy.too_wide"),
        ((2,) * 1000, 4, 1.0, 1e-6, "privacy.too_wide"),
        ((3, 3), 2, 1e-12, 1e-15, "privacy.no_guarantee"),
        ((300, 300, 300), 3, 1e-8, 1e-9, "privacy.too_noisy"),
    ],
)
def test_what_cannot_be_planned_is_said(
    sizes: tuple[int, ...], length: int, epsilon: float, delta: float, code: str
) -> None:
    with pytest.raises(UserError) as caught:
        make_plan(sizes, Guarantee(epsilon, delta), length)
    assert caught.value.detail.code == code
    assert caught.value.detail.do or code == "privacy.no_guarantee"


@pytest.mark.parametrize("sizes", [(), (3, 1)])
def test_a_variable_without_a_choice_is_our_own_fault(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="two categories"):
        small_plan(sizes)


def test_a_longer_length_than_variables_measures_all_there_is() -> None:
    plan: Plan = small_plan((3, 2), length=4)
    assert [m.attributes for m in plan.measurements] == [(), (0,), (1,), (0, 1)]
