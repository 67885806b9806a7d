"""The pre-check: right about what the engine will do, from public facts alone."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from statistics import median

import numpy as np
import pytest
from tests.support.engine import NoNoise, small_plan, small_schema, some_people

from ctdc.foundation.errors import Refused, UserError
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.aggregates import aggregate_table
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import measure
from ctdc.privacy.plan import MAX_CELLS, make_plan
from ctdc.privacy.planning import expected_errors
from ctdc.privacy.precheck import TYPICAL, Question, check_not_only_noise, fits, plan_size, precheck

SIZES = (3, 2, 4, 2, 5)


def question(
    sizes: tuple[int, ...] = SIZES,
    length: int = 3,
    people: int | None = None,
    epsilon: float = 2,
    threshold: float = 10,
) -> Question:
    groups = tuple((f"c{position}", (position,)) for position in range(len(sizes)))
    return Question(sizes, groups, Guarantee(epsilon, 1e-6), length, threshold, people)


@pytest.mark.parametrize("sizes", [(2,), (3,), (2, 2, 2), SIZES, (7, 2, 2, 3, 9)])
@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_the_size_of_a_plan_is_known_without_making_it(sizes: tuple[int, ...], length: int) -> None:
    plan = small_plan(sizes, length)
    assert plan_size(sizes, length) == (len(plan.measurements), plan.cells())


def test_errors_are_those_that_the_engine_states() -> None:
    answer = precheck(question())
    plan = small_plan(SIZES)
    stated = expected_errors(plan)
    assert [one.length for one in answer.reach] == [1, 2, 3]
    for one in answer.reach:
        expected = [math.sqrt(plan.variance(chosen)) for chosen in plan.deviations if len(chosen) == one.length]
        assert one.error == pytest.approx(median(expected))
        assert (one.low, one.high) == pytest.approx(
            (stated[str(one.length)]["low"], stated[str(one.length)]["high"]), abs=1e-4
        )
        assert one.tables == len(expected)
    assert (answer.tables, answer.numbers, answer.variables) == (26, small_plan(SIZES).cells(), 5)


def listed(rows: int, seed: int) -> dict[int, int]:
    """How many combinations of each length the engine lists of some people, measured without noise."""
    estimates = estimate(measure(some_people(SIZES, rows, seed).matrix(), small_plan(SIZES), NoNoise()))
    table = aggregate_table(small_schema(SIZES), estimates, 10)
    known = [
        length
        for length, below in zip(table["length"].to_pylist(), table["below_threshold"].to_pylist(), strict=True)
        if not below
    ]
    return {length: known.count(length) for length in (1, 2, 3)}


@pytest.mark.slow
@pytest.mark.parametrize("rows", [30, 200, 2_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_more_is_ever_listed_than_at_most(rows: int, seed: int) -> None:
    found = listed(rows, seed)
    for one in precheck(question(people=rows), thorough=False).reach:
        assert one.at_most is not None
        assert found[one.length] <= one.at_most * one.combinations + 1e-9
        if one.verdict == "noise":
            assert found[one.length] == 0


def test_evenly_spread_people_are_judged_by_the_average_combination() -> None:
    few, enough = (precheck(question(people=people), thorough=False).reach for people in (100, 100_000))
    assert [one.verdict for one in enough] == ["fine", "fine", "fine"]
    assert few[2].verdict == "sparse"
    for one in few:
        assert one.evenly is not None
        at = precheck(question(people=one.enough_people + 1), thorough=False).reach[one.length - 1]
        assert at.evenly is not None
        assert at.evenly >= 0.5, "with enough people half of the tables show their average combination"


def test_more_people_or_epsilon_never_make_it_worse() -> None:
    worth = {"noise": 0, "sparse": 1, "fine": 2}
    by_people = [precheck(question(people=people), thorough=False).reach for people in (5, 30, 300, 3_000, 30_000)]
    by_epsilon = [
        precheck(question(people=300, epsilon=epsilon), thorough=False).reach for epsilon in (0.1, 0.5, 1, 4, 12)
    ]
    for answers in (by_people, by_epsilon):
        for worse, better in itertools.pairwise(answers):
            for one, other in zip(worse, better, strict=True):
                assert worth[one.verdict] <= worth[other.verdict]
                assert one.at_most is not None
                assert other.at_most is not None
                assert one.at_most <= other.at_most


def test_without_a_number_of_people_nothing_is_judged() -> None:
    answer = precheck(question())
    assert {one.verdict for one in answer.reach} == {"unknown"}
    assert {one.at_most for one in answer.reach} == {None}
    assert not answer.only_noise
    assert answer.warnings == ()
    check_not_only_noise(answer, None)


def test_typical_numbers_of_people_are_answered_for_when_nobody_says_how_many() -> None:
    answer = precheck(question())
    assert [people for people, _ in answer.typical] == list(TYPICAL)
    for people, reach in answer.typical:
        assert reach == precheck(question(people=people), thorough=False).reach
    assert precheck(question(people=100)).typical == ()


def test_nothing_but_noise_is_refused_and_little_is_warned_of() -> None:
    answer = precheck(question(people=5))
    assert answer.only_noise
    assert len(answer.warnings) == 3
    with pytest.raises(Refused) as caught:
        check_not_only_noise(answer, 5)
    assert caught.value.detail.code == "precheck.only_noise"
    partly = precheck(question(people=13))
    assert {one.verdict for one in partly.reach} >= {"noise"}
    assert not partly.only_noise
    check_not_only_noise(partly, 13)


def test_what_each_column_costs() -> None:
    answer = precheck(question())
    assert [saving.column for saving in answer.savings] == ["c4", "c2", "c0", "c1", "c3"]
    for saving in answer.savings:
        place = int(saving.column[1])
        left = make_plan((*SIZES[:place], *SIZES[place + 1 :]), Guarantee(2, 1e-6), 3)
        assert (saving.tables, saving.numbers) == (len(left.measurements), left.cells())
        assert saving.share == pytest.approx(1 - left.cells() / answer.numbers)
        assert saving.error is not None
        assert saving.error < answer.reach[2].error, "fewer columns, less noise"
    assert [(one.length, one.tables) for one in answer.shorter] == [(2, 16), (1, 6)]
    assert answer.shorter[0].error is not None
    assert answer.shorter[0].error < answer.reach[1].error, "what longer combinations cost falls to the shorter ones"


def test_a_raw_column_s_flags_are_left_out_together() -> None:
    asked = replace(question((3, 2, 2, 2)), groups=(("town", (0,)), ("help", (1, 2, 3))))
    assert asked.without("help").sizes == (3,)
    assert asked.without("town") == replace(asked, sizes=(2, 2, 2), groups=(("help", (0, 1, 2)),))
    assert {saving.column: saving.tables for saving in precheck(asked).savings} == {"town": 8, "help": 2}


def test_a_table_that_is_too_wide_says_what_would_fit() -> None:
    sizes = (250, 250, 250, 250, 3, 2)
    answer = precheck(question(sizes))
    assert not answer.fits
    assert answer.numbers > MAX_CELLS
    assert answer.reach == ()
    assert "--length 2" in answer.warnings[0]
    assert "leave out c0, or fewer" in answer.warnings[0]
    assert fits(sizes[1:], 3)
    assert not answer.only_noise


def test_one_column_and_lengths_beyond_the_columns() -> None:
    answer = precheck(question((4,), length=4, people=1_000))
    assert [one.length for one in answer.reach] == [1]
    assert (answer.savings, answer.shorter) == ((), ())


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (question(length=0), "privacy.length"),
        (question(length=5), "privacy.length"),
        (question(people=0), "precheck.people"),
        (question(people=-3), "precheck.people"),
    ],
)
def test_what_cannot_be_asked(asked: Question, code: str) -> None:
    with pytest.raises(UserError) as caught:
        precheck(asked)
    assert caught.value.detail.code == code


def test_the_answer_is_json() -> None:
    answer = precheck(question(people=100))
    found = json.loads(json.dumps(answer.as_dict(), allow_nan=False))
    assert found["reach"][0]["length"] == 1
    assert found["only_noise"] is False
    assert not any(isinstance(value, np.generic) for one in answer.reach for value in vars(one).values())
