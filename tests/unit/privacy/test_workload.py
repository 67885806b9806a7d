"""What a release measures, as somebody declares it: checked, closed downwards, and the same after reading it back."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.engine import NoNoise, small_schema, some_people

from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.allocation import balanced
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import measure
from ctdc.privacy.plan import all_sets, make_plan, subsets
from ctdc.privacy.workload import SCHEMES, Workload, plan_workload, read_workload, workload_from
from ctdc.table.count import marginal

GUARANTEE = Guarantee(2, 1e-6)
SCHEMA = small_schema((3, 2, 4, 5))
NAMED = Workload(1, sets=(("c", "a", "b"), ("d", "b")))


def test_a_named_set_brings_every_subset_of_it() -> None:
    assert NAMED.family(SCHEMA) == [
        (), (0,), (1,), (2,), (3,),
        (0, 1), (0, 2), (1, 2), (1, 3),
        (0, 1, 2),
    ]  # fmt: skip
    assert NAMED.longer(SCHEMA) == [("a", "b"), ("a", "c"), ("b", "c"), ("b", "d"), ("a", "b", "c")]
    assert NAMED.longest == 3


@pytest.mark.slow
@given(
    st.integers(1, 4),
    st.lists(st.sets(st.sampled_from(SCHEMA.names), min_size=1, max_size=4).map(tuple), max_size=4),
)
def test_every_family_is_closed_downwards_and_in_order(length: int, sets: list[tuple[str, ...]]) -> None:
    family = Workload(length, tuple(sets)).family(SCHEMA)
    assert len(set(family)) == len(family)
    assert family == sorted(family, key=lambda one: (len(one), one))
    assert all(set(subsets(chosen)) <= set(family) for chosen in family)
    assert set(all_sets(4, length)) <= set(family)
    named = {tuple(sorted(SCHEMA.names.index(name) for name in names)) for names in sets}
    assert named <= set(family)
    assert all(any(set(chosen) <= set(one) for one in named) for chosen in family if len(chosen) > length)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_without_a_choice_the_plan_is_the_engine_s_own(length: int) -> None:
    assert plan_workload(SCHEMA, GUARANTEE, Workload(length)) == make_plan(SCHEMA.sizes, GUARANTEE, length)


@pytest.mark.slow
def test_a_named_set_is_measured_and_estimated_and_its_relatives_are_not() -> None:
    people = some_people(SCHEMA.sizes, 80)
    plan = plan_workload(SCHEMA, GUARANTEE, NAMED)
    assert [m.attributes for m in plan.measurements] == NAMED.family(SCHEMA)
    assert 2 * (1 - 1e-4) <= plan.cost().epsilon(1e-6) <= 2
    found = estimate(measure(people.matrix(), plan, NoNoise()))
    for attributes in NAMED.family(SCHEMA):
        exact = marginal(people.matrix(), SCHEMA.sizes, attributes)
        assert found.table(attributes) == pytest.approx(exact)
    with pytest.raises(KeyError):
        found.table((0, 3))


def test_the_schemes_are_what_they_are_called() -> None:
    sizes = SCHEMA.sizes
    weight = {name: Workload(2, scheme=name).weight(SCHEMA) for name in SCHEMES}
    assert weight["sets"](sizes, (0, 2)) == weight["sets"](sizes, ()) == 1
    assert weight["cells"](sizes, (0, 2)) == 12
    assert weight["balanced"](sizes, (0, 2)) == balanced(sizes, all_sets(len(sizes), 2))(sizes, (0, 2))


def test_a_heavier_table_is_measured_better_at_the_same_price() -> None:
    workload = Workload(2, weights=((("d", "c"), 50.0),))
    heavy, plain = (plan_workload(SCHEMA, GUARANTEE, one) for one in (workload, Workload(2)))
    usual = Workload(2).weight(SCHEMA)(SCHEMA.sizes, (2, 3))
    assert workload.weight(SCHEMA)(SCHEMA.sizes, (2, 3)) == 50 * usual
    assert heavy.variance((2, 3)) < 0.7 * plain.variance((2, 3))
    assert heavy.variance((0, 1)) > plain.variance((0, 1))
    assert heavy.cost().epsilon(1e-6) == pytest.approx(plain.cost().epsilon(1e-6), rel=1e-4)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_scheme_is_the_best_for_what_it_weighs(scheme: str) -> None:
    """At one budget, no other scheme's plan has a smaller weighted sum of variances."""
    plans = {name: plan_workload(SCHEMA, GUARANTEE, Workload(2, scheme=name)) for name in SCHEMES}
    weight = Workload(2, scheme=scheme).weight(SCHEMA)
    scores = {
        name: math.fsum(weight(SCHEMA.sizes, chosen) * plan.variance(chosen) for chosen in plan.deviations)
        for name, plan in plans.items()
    }
    assert scores[scheme] <= min(scores.values()) * (1 + 1e-5)


FULL: dict[str, Any] = {
    "length": 2,
    "scheme": "cells",
    "sets": [["a", "b", "d"]],
    "weights": [{"set": ["b", "a"], "weight": 2.5}],
}


def test_a_workload_is_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    workload = Workload(2, (("a", "b", "d"),), "cells", ((("b", "a"), 2.5),))
    assert workload.describe() == FULL
    (tmp_path / "w.json").write_text(json.dumps(FULL))
    (tmp_path / "w.toml").write_text(
        'length = 2\nscheme = "cells"\nsets = [["a", "b", "d"]]\n[[weights]]\nset = ["b", "a"]\nweight = 2.5\n'
    )
    assert read_workload(tmp_path / "w.json") == read_workload(tmp_path / "w.toml") == workload
    assert workload_from({"length": 1}, "here") == Workload(1)


BAD: dict[str, tuple[Any, str]] = {
    "a list": ([], "workload.format"),
    "no length": ({"sets": []}, "workload.format"),
    "unknown key": ({"length": 2, "tables": []}, "workload.format"),
    "length as text": ({"length": "2"}, "workload.format"),
    "length as truth": ({"length": True}, "workload.format"),
    "sets of letters": ({"length": 2, "sets": ["abc"]}, "workload.format"),
    "weights as numbers": ({"length": 2, "weights": [2]}, "workload.format"),
    "weight as text": ({"length": 2, "weights": [{"set": ["a"], "weight": "2"}]}, "workload.format"),
    "scheme as number": ({"length": 2, "scheme": 1}, "workload.format"),
    "length 0": ({"length": 0}, "privacy.length"),
    "length 5": ({"length": 5}, "privacy.length"),
    "unknown scheme": ({"length": 2, "scheme": "fair"}, "workload"),
    "empty set": ({"length": 2, "sets": [[]]}, "workload"),
    "set of five": ({"length": 2, "sets": [list("abcde")]}, "workload"),
    "twice in a set": ({"length": 2, "sets": [["a", "a"]]}, "workload"),
    "weight 0": ({"length": 2, "weights": [{"set": ["a"], "weight": 0}]}, "workload"),
    "infinite weight": ({"length": 2, "weights": [{"set": ["a"], "weight": math.inf}]}, "workload"),
    "two weights": ({"length": 2, "weights": [{"set": list(s), "weight": 2} for s in ("ab", "ba")]}, "workload"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_workload_is_said(case: str) -> None:
    document, code = BAD[case]
    with pytest.raises(UserError) as caught:
        workload_from(document, "here")
    assert caught.value.detail.code == code
    assert caught.value.detail.allowed


@pytest.mark.parametrize(("name", "text"), [("w.json", "length = 2"), ("w.toml", '{"length": 2}'), ("none.toml", None)])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, name: str, text: str | None) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError) as caught:
        read_workload(tmp_path / name)
    assert caught.value.detail.where.endswith(name)


def test_a_weight_of_what_is_not_measured_is_refused() -> None:
    workload = Workload(1, weights=((("a", "b"), 2.0),))
    with pytest.raises(UserError, match="does not measure"):
        plan_workload(SCHEMA, GUARANTEE, workload)


@pytest.mark.parametrize(
    "workload", [Workload(1, (("a", "x"),)), Workload(2, (("x",),)), Workload(1, weights=((("x",), 2.0),))]
)
def test_a_variable_that_is_not_there_is_refused(workload: Workload) -> None:
    with pytest.raises(UserError) as caught:
        plan_workload(SCHEMA, GUARANTEE, workload)
    assert caught.value.detail.code == "schema.unknown_variable"


def test_too_many_named_cells_are_refused() -> None:
    wide = small_schema((400, 400, 400))
    with pytest.raises(UserError) as caught:
        plan_workload(wide, GUARANTEE, Workload(1, (("a", "b", "c"),)))
    assert caught.value.detail.code == "privacy.too_wide"


@pytest.mark.parametrize("workload", [Workload(4), Workload(4, (("a", "b"),), weights=((("a",), 2.0),))])
def test_billions_of_sets_are_refused_before_they_are_listed(workload: Workload) -> None:
    with pytest.raises(UserError, match="Length 4 over these 1000 variables"):
        plan_workload(small_schema((2,) * 1000), GUARANTEE, workload)


@pytest.mark.slow
def test_sixty_three_variables_can_be_planned_with_named_triples() -> None:
    """All 39,711 triples would be possible too; what is named is all that is paid for."""
    schema = small_schema((*[2] * 50, *[6] * 13))
    triples = tuple(itertools.islice(itertools.combinations(schema.names, 3), 5))
    plan = plan_workload(schema, GUARANTEE, Workload(2, triples))
    assert len(plan.measurements) == 1 + 63 + 63 * 62 // 2 + 5
    assert plan.length == 2
