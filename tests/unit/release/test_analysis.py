"""Questions to a release: the answers against the invented people behind it, and against what is published."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.support.engine import NoNoise, small_plan
from tests.support.invented_release import codes, people, write_protected_people, write_release

import ctdc
from ctdc.foundation.errors import UserError
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import measure
from ctdc.release.analysis import Analysis
from ctdc.release.answers import Answer
from ctdc.release.protected import ProtectedData
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

pytestmark = pytest.mark.slow

WOMAN, MAN = {"gender": "Woman"}, {"gender": "Man"}
CHILDREN = ["0--8", "09--17"]
FORCED = {"isForcedLabour": "1"}
EXPLOITATION = ["isForcedLabour", "isSexualExploit", "isOtherExploit"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def release(folder: Path) -> Analysis:
    return ctdc.load(folder)


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The same people without noise, from a folder of the engine, with one group declared."""
    protected = write_protected_people(tmp_path_factory.mktemp("exact"), NoNoise())
    return ctdc.load(str(protected), groups={"exploitation": EXPLOITATION})


@pytest.fixture(scope="module")
def truth() -> pl.DataFrame:
    return people()


def is_woman() -> pl.Expr:
    return (pl.col("gender") == "Woman").fill_null(value=False)


def is_child() -> pl.Expr:
    return pl.col("ageBroad").is_in(CHILDREN).fill_null(value=False)


def number(frame: pl.DataFrame, condition: pl.Expr) -> int:
    return frame.filter(condition).height


# ---- against the truth ----------------------------------------------------------------------------------------------


def test_without_noise_a_count_is_the_number_of_people(exact: Analysis, truth: pl.DataFrame) -> None:
    assert exact.estimate().value == pytest.approx(truth.height)
    assert exact.estimate(gender="Woman", ageBroad=CHILDREN).value == pytest.approx(
        number(truth, is_woman() & is_child())
    )
    assert exact.estimate(gender=exact.known).value == pytest.approx(truth["gender"].count())
    assert exact.estimate(gender="").value == pytest.approx(truth["gender"].null_count())
    assert exact.estimate(gender=["", "Man"]).value == pytest.approx(
        number(truth, pl.col("gender").is_null() | (pl.col("gender") == "Man"))
    )


def test_all_codes_and_empty_together_are_no_condition(exact: Analysis) -> None:
    assert exact.estimate(gender=["", *exact.codes("gender")]) == exact.estimate()


def test_a_share_is_of_those_for_whom_the_variable_is_known(exact: Analysis, truth: pl.DataFrame) -> None:
    children = truth.filter(is_child() & pl.col("gender").is_not_null())
    expected = number(children, is_woman()) / children.height
    assert exact.share(WOMAN, among={"ageBroad": CHILDREN}).value == pytest.approx(expected)
    assert exact.share(WOMAN, among={"ageBroad": CHILDREN}, of="all").value == pytest.approx(
        number(truth, is_child() & is_woman()) / number(truth, is_child())
    )


def test_a_share_of_a_flag_is_of_those_with_an_answer_in_its_group(exact: Analysis, truth: pl.DataFrame) -> None:
    answered = truth.filter(pl.any_horizontal(pl.col(EXPLOITATION).is_not_null()))
    found = exact.share(FORCED)
    assert found.source == "counts"
    assert found.value == pytest.approx(answered["isForcedLabour"].count() / answered.height)
    assert exact.answered("exploitation").value == pytest.approx(answered.height)
    no = exact.share({"isForcedLabour": ""})
    assert found.value is not None
    assert no.value == pytest.approx(1 - found.value)


def test_with_noise_the_truth_is_within_five_errors(release: Analysis, truth: pl.DataFrame) -> None:
    answers = {
        "woman": (release.estimate(WOMAN), number(truth, is_woman())),
        "share": (release.share(WOMAN), number(truth, is_woman()) / truth["gender"].count()),
        "group": (
            release.share(FORCED),
            truth["isForcedLabour"].count() / number(truth, pl.any_horizontal(pl.col(EXPLOITATION).is_not_null())),
        ),
    }
    for found, expected in answers.values():
        assert found.value is not None
        assert found.standard_error is not None
        assert abs(found.value - expected) < 5 * found.standard_error
        assert found.low < found.value < found.high


# ---- comparisons ----------------------------------------------------------------------------------------------------


def test_differences_and_ratios_take_common_errors_into_account(release: Analysis) -> None:
    women, everybody = release.estimate(WOMAN), release.estimate()
    others = release.difference(everybody, women)
    same = release.estimate(gender=["", "Man", "Trans/Transgender/NonConforming"])
    assert others.value == pytest.approx(same.value)
    assert others.standard_error == pytest.approx(same.standard_error)
    assert (others.low, others.high) == (pytest.approx(same.low), pytest.approx(same.high))
    share, ratio = release.share(WOMAN, of="all"), release.ratio(women, everybody)
    assert (ratio.value, ratio.low, ratio.high) == (
        pytest.approx(share.value),
        pytest.approx(share.low),
        pytest.approx(share.high),
    )


def test_a_number_less_itself_is_certainly_nothing(release: Analysis) -> None:
    children = release.estimate(ageBroad=CHILDREN)
    nothing = release.difference(children, children)
    assert (nothing.value, nothing.standard_error, nothing.low, nothing.high) == pytest.approx((0, 0, 0, 0), abs=1e-6)
    share = release.share(WOMAN, among={"ageBroad": CHILDREN})
    assert release.difference(share, share).standard_error == pytest.approx(0, abs=1e-6)


def test_a_count_and_a_share_are_not_compared(release: Analysis) -> None:
    with pytest.raises(UserError, match="two counts, or two shares"):
        release.difference(release.estimate(WOMAN), release.share(WOMAN))


def test_answers_of_two_releases_are_not_compared(release: Analysis, exact: Analysis) -> None:
    with pytest.raises(UserError, match="different releases"):
        release.ratio(release.estimate(WOMAN), exact.estimate(WOMAN))


def test_a_ratio_to_what_may_be_nobody_has_no_number(release: Analysis) -> None:
    nobody = release.estimate({"gender": "Trans/Transgender/NonConforming", "ageBroad": "0--8"})
    found = release.ratio(release.estimate(WOMAN), nobody)
    assert (found.value, found.low, found.high, found.too_few) == (None, 0.0, math.inf, True)
    assert json.loads(json.dumps(found.as_dict()))["high"] is None


# ---- how sure -------------------------------------------------------------------------------------------------------


def test_intervals_are_as_wide_as_asked(release: Analysis) -> None:
    def width(answer: Answer) -> float:
        return answer.high - answer.low

    usual, sure = release.estimate(WOMAN), release.at(confidence=0.99).estimate(WOMAN)
    assert width(sure) / width(usual) == pytest.approx(2.575829 / 1.959964, rel=1e-5)
    together = release.at(simultaneous=5).estimate(WOMAN)
    assert width(together) == pytest.approx(width(sure))
    assert release.at(0.9).difference(sure, usual).confidence == 0.9


@pytest.mark.parametrize("level", [(0.2, 1), (1.0, 1), (0.95, 0)])
def test_an_impossible_level_is_refused(release: Analysis, level: tuple[float, int]) -> None:
    with pytest.raises(UserError, match="below 1, for at least one interval"):
        release.at(*level)


# ---- too few to say -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("gender",), ("ageBroad", "gender"), ("gender", "ageBroad", "isForcedLabour")])
def test_marks_and_numbers_are_those_of_the_published_counts(release: Analysis, names: tuple[str, ...]) -> None:
    table = release.table(*names)
    published = release.data.combinations(*names)
    listed = table if len(names) == 1 else table.filter(~pl.col("too_few"))
    both = listed.join(published, on=list(names), suffix="_published")
    assert both.height == listed.height == published.height
    assert (both["too_few"] == both["below_threshold"]).all()
    assert (both["count"].round(2) == both["count_published"]).all()
    assert ((both["standard_error"] - both["standard_error_published"]).abs() < 1e-4).all()


def test_a_single_combination_has_the_mark_of_its_table(release: Analysis) -> None:
    names = ["ageBroad", "gender", "isForcedLabour"]
    table = release.table(*names)
    assert table["too_few"].any()
    assert not table["too_few"].all()
    for row in table.iter_rows(named=True):
        found = release.estimate({name: row[name] for name in names})
        assert found.too_few == row["too_few"]
        assert found.value == pytest.approx(row["count"])
        assert found.low == pytest.approx(row["low"])
        assert str(found).startswith("too few to say (") == row["too_few"]


def test_a_share_of_too_few_is_too_few(release: Analysis) -> None:
    found = release.share({"gender": "Trans/Transgender/NonConforming"}, among={"ageBroad": "0--8"})
    assert found.too_few
    assert found.note == "Too few to say."
    assert 0 <= found.low <= found.high <= 1


# ---- tables ---------------------------------------------------------------------------------------------------------


def test_a_table_has_the_columns_in_the_order_asked_and_every_code(release: Analysis) -> None:
    table = release.table("gender", "ageBroad")
    assert table.columns == ["gender", "ageBroad", "count", "standard_error", "low", "high", "too_few"]
    assert table.height == len(release.codes("gender")) * len(release.codes("ageBroad"))
    with_empty = release.table("gender", "ageBroad", empty=True)
    assert with_empty.height == (len(release.codes("gender")) + 1) * (len(release.codes("ageBroad")) + 1)
    assert with_empty["count"].sum() == pytest.approx(release.estimate().value)


def test_a_variable_that_is_called_like_a_number_has_no_table() -> None:
    schema = Schema((Variable("count", ("1",)), Variable("b", ("1",))))
    estimates = estimate(measure(np.zeros((2, 5), np.uint16), small_plan((2, 2)), NoNoise()))
    release = Analysis(ProtectedData(Path(), schema, {"threshold": 10.0}), {}, estimates)
    assert release.table("b").height == 1
    with pytest.raises(UserError, match="not called count"):
        release.table("count")


def test_a_table_of_nothing_is_the_total(release: Analysis) -> None:
    assert release.table()["count"].item() == pytest.approx(release.estimate().value)


# ---- beyond what was counted ----------------------------------------------------------------------------------------


FOUR = {"gender": "Woman", "ageBroad": "18--20", "isSexualExploit": "1", "meansThreats": "1"}


def test_more_variables_than_counted_together_is_an_error_that_says_what_to_do(release: Analysis) -> None:
    with pytest.raises(UserError, match="at most 3 were counted") as caught:
        release.estimate(FOUR)
    assert 'source="records"' in caught.value.detail.do


def test_the_records_answer_within_bounds(release: Analysis, truth: pl.DataFrame) -> None:
    release = release.at(0.999999)  # so that chance fails this once in a hundred thousand runs
    found = release.estimate(FOUR, source="records")
    own = number(release.data.synthetic, pl.all_horizontal([pl.col(name) == code for name, code in FOUR.items()]))
    true = number(truth, pl.all_horizontal([pl.col(name) == code for name, code in FOUR.items()]))
    assert found.source == "records"
    assert found.standard_error is None
    assert found.value == min(found.high, max(found.low, own))
    assert found.low <= true <= found.high
    assert "synthetic records" in found.note


def test_the_records_can_be_asked_for_what_was_counted(release: Analysis) -> None:
    found, counted = release.estimate(WOMAN, source="records"), release.estimate(WOMAN)
    assert found.value == number(release.data.synthetic, is_woman())
    assert found.low < counted.low < counted.high < found.high
    share = release.share(WOMAN, source="records")
    assert share.value == pytest.approx(found.value / release.data.synthetic["gender"].count())


def test_a_denominator_of_many_flags_is_bounded(release: Analysis, truth: pl.DataFrame) -> None:
    release = release.at(0.999999)  # so that chance fails this once in a hundred thousand runs
    flags = release.groups["means_of_control"]
    found = release.share({"meansThreats": "1"})
    answered = number(truth, pl.any_horizontal(pl.col(flags).is_not_null()))
    assert found.source == "records"
    assert found.standard_error is None
    assert found.low <= truth["meansThreats"].count() / answered <= found.high
    assert found.value is not None
    assert "bounds" in str(found)


def test_without_noise_bounds_hold_the_truth_for_groups_among_groups(exact: Analysis, truth: pl.DataFrame) -> None:
    for code in ("Woman", "Man"):
        some = truth.filter(pl.col("gender") == code)
        answered = number(some, pl.any_horizontal(pl.col(EXPLOITATION).is_not_null()))
        found = exact.share(FORCED, among={"gender": code})
        assert found.source == "records"
        assert found.low <= some["isForcedLabour"].count() / answered <= found.high


def test_what_was_counted_narrows_the_bounds_of_a_share(release: Analysis, truth: pl.DataFrame) -> None:
    """Against the worst of part and whole alone: the inequalities know how the errors of both go together."""
    release = release.at(0.999999)  # so that chance fails this once in a hundred thousand runs
    some = truth.filter(pl.col("gender") == "Man")
    answered = number(some, pl.any_horizontal(pl.col(EXPLOITATION).is_not_null()))
    found = release.share(FORCED, among=MAN)
    assert found.low <= some["isForcedLabour"].count() / answered <= found.high
    whole = release.answered("exploitation", among=MAN, source="records")
    part = release.estimate({**FORCED, **MAN})
    assert found.high - found.low < part.high / whole.low - part.low / whole.high
    assert whole.low <= answered <= whole.high


def test_bounded_answers_can_be_compared_at_their_worst(release: Analysis) -> None:
    men, women = (release.share(FORCED, among=group) for group in (MAN, WOMAN))
    difference, ratio = release.difference(men, women), release.ratio(men, women)
    assert (difference.low, difference.high) == (men.low - women.high, men.high - women.low)
    assert (ratio.low, ratio.high) == (men.low / women.high, men.high / women.low)
    assert difference.source == ratio.source == "records"
    assert difference.confidence == pytest.approx(0.9)


# ---- misspelt -------------------------------------------------------------------------------------------------------


def test_errors_list_what_exists(release: Analysis) -> None:
    with pytest.raises(UserError, match="Woman"):
        release.estimate(gender="Female")
    with pytest.raises(UserError, match="ageBroad"):
        release.estimate(age="18--20")
    with pytest.raises(UserError, match="empty list"):
        release.estimate(gender=[])
    with pytest.raises(UserError, match="means_of_control"):
        release.answered("means")
    with pytest.raises(UserError, match="counts, records"):
        release.estimate(source="guess")
    with pytest.raises(UserError, match='"known", "all"'):
        release.share(WOMAN, of="some")
    with pytest.raises(UserError, match="different variables"):
        release.table("gender", "gender")
    with pytest.raises(UserError, match="at most 3"):
        release.table("gender", "ageBroad", "traffickMonths", "isForcedLabour")


def test_a_flag_of_no_group_has_no_share_of_the_known(exact: Analysis, truth: pl.DataFrame) -> None:
    with pytest.raises(UserError, match="who was asked is not known"):
        exact.share({"meansThreats": "1"})
    everybody = exact.share({"meansThreats": "1"}, of="all")
    assert everybody.value == pytest.approx(truth["meansThreats"].count() / truth.height)


def test_a_group_of_unknown_flags_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="no variable 'isTravel'"):
        ctdc.load(folder, groups={"travel": ["isTravel"]})


def test_a_folder_that_is_no_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        ctdc.load(tmp_path)


# ---- the door -------------------------------------------------------------------------------------------------------


def test_variables_and_codes_are_those_of_the_schema(release: Analysis) -> None:
    assert {name: list(release.codes(name)) for name in release.variables} == codes()
    assert "14 variables" in repr(release)


def test_the_package_alone_imports_nothing_heavy() -> None:
    script = "import json, sys, ctdc; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"numpy", "pyarrow", "polars", "numba", "opendp", "scipy"} & set(json.loads(done.stdout))


def test_opening_a_release_brings_in_no_measuring_and_no_web(folder: Path) -> None:
    script = f"import json, sys, ctdc; ctdc.load({str(folder)!r}).estimate(); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"starlette", "uvicorn", "ctdc.intake", "ctdc.privacy.protect"} & set(json.loads(done.stdout))
