"""The report as a whole: its form, that it is reproducible, that harm is noticed, and settings that do not fit."""

import json
from dataclasses import replace

import pytest
from tests.support.evaluated import GROUPS, SCHEMA, candidate_of, invented, shuffled

from ctdc.foundation.errors import UserError
from ctdc.privacy.evaluation.evaluate import FORMAT, evaluate
from ctdc.privacy.evaluation.settings import Regression, Settings, Subgroup, check_settings
from ctdc.privacy.report import LANGUAGES
from ctdc.table.coded import CodedTable

ALL = Settings(
    groups=GROUPS,
    subgroups=(Subgroup("gender", "men", "gender", ("man",)), Subgroup("gender", "women", "gender", ("woman",))),
    regressions=(Regression("work", "work", ("1",), ("gender", "area")),),
    time="year",
)


@pytest.mark.slow
def test_the_report_is_json_that_says_first_what_it_holds(truth: CodedTable) -> None:
    found = evaluate(truth, candidate_of(invented(2, 3000)), ALL, about={"candidate": "test"}).as_dict()
    assert list(found)[:3] == ["format", "never_to_be_published", "notice"]
    assert (found["format"], found["never_to_be_published"]) == (FORMAT, True)
    assert set(found["notice"]) == set(LANGUAGES)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["people"] == [4000, 3000]
    assert [order["order"] for order in found["orders"]] == [1, 2, 3]
    assert found["regressions"][0]["mean_overlap"] > 0
    assert found["about"] == {"candidate": "test"}
    again = evaluate(truth, candidate_of(invented(2, 3000)), ALL, about={"candidate": "test"}).as_dict()
    assert again == found


@pytest.mark.slow
def test_shuffled_columns_are_noticed_wherever_two_go_together(truth: CodedTable) -> None:
    alike, loose = (evaluate(truth, one, ALL) for one in (candidate_of(invented(2, 4000)), shuffled(truth, 3)))
    assert loose.orders[0].tvd == 0
    for order in (1, 2):
        assert loose.orders[order].tvd > 2 * alike.orders[order].tvd
    assert loose.propensity.ratio > 5 * alike.propensity.ratio
    assert (loose.regressions[0].mean_overlap or 0) < (alike.regressions[0].mean_overlap or 0)
    assert loose.trends is not None
    assert alike.trends is not None
    assert loose.trends.survive < alike.trends.survive
    assert max(one.tvd for one in loose.subgroups.subgroups) > 2 * max(one.tvd for one in alike.subgroups.subgroups)


def test_sets_beyond_the_limit_are_sampled_and_said(truth: CodedTable) -> None:
    report = evaluate(truth, candidate_of(truth), Settings(most_sets=4, length=2, resamples=2))
    assert [(order.sets, order.of_sets) for order in report.orders] == [(4, 5), (4, 10)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"length": 4},
        {"length": 0},
        {"top": 0},
        {"resamples": 1},
        {"groups": {"kinds": ("work", "other")}},
        {"subgroups": (Subgroup("a", "b", "gender", ("robot",)),)},
        {"subgroups": (Subgroup("a", "b", "gender", ()),)},
        {"subgroups": (Subgroup("a", "b", "age", ("1",)),)},
        {"regressions": (Regression("r", "gender", ("man",), ("work",)),), "groups": {}},
        {"regressions": (Regression("r", "gender", ("man",), ()),)},
        {"regressions": (Regression("r", "gender", (), ("area",)),)},
        {"regressions": (Regression("r", "gender", ("man",), ("gender",)),)},
        {"regressions": (Regression("r", "gender", ("man",), ("planet",)),)},
        {"time": "area"},
        {"time": "century"},
    ],
)
def test_settings_that_do_not_fit_are_refused(wrong: dict) -> None:
    with pytest.raises(UserError) as caught:
        check_settings(replace(ALL, **wrong), SCHEMA)
    assert caught.value.detail.code == "evaluate.settings"
    assert caught.value.detail.allowed


def test_settings_that_fit_are_not() -> None:
    check_settings(ALL, SCHEMA)
