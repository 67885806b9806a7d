"""Many questions to a release at once: what is listed, what shares are of, and what is said beyond the measurements."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from tests.support.invented_release import write_release

from ctdc.foundation.errors import UserError
from ctdc.release.counting import BOUNDS, Counted, Counter, open_counter, resampled

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def counter(folder: Path) -> Counter:
    return open_counter(folder)


def cell(found: Counted, *codes: str) -> int:
    return found.codes.index(codes)


def test_every_variable_is_counted_among_the_same_people(counter: Counter) -> None:
    explored = counter.explore({"gender": "Woman"})
    assert [found.variables for found in explored.variables] == [(name,) for name in counter.variables]
    ages = explored.variables[counter.variables.index("ageBroad")]
    assert ages.count.sum() == pytest.approx(explored.total.value)
    assert ages.codes[-1] == ("",)
    assert math.isnan(ages.shares.share[-1])
    assert np.nansum(ages.shares.share) == pytest.approx(1)


def test_a_filtered_variable_lists_its_own_codes_or_all_of_them(counter: Counter) -> None:
    filters = {"gender": ["Woman", ""], "ageBroad": "09--17"}
    own = counter.explore(filters, ["gender"]).variables[0]
    assert own.codes == (("Woman",), ("",))
    assert own.shares.share[0] == pytest.approx(1)
    every = counter.explore(filters, ["gender"], own=False).variables[0]
    among = counter.count({"ageBroad": "09--17"}, ["gender"])
    assert every.codes == among.codes == (*((code,) for code in counter.analysis.codes("gender")), ("",))
    np.testing.assert_array_equal(every.count, among.count)


def test_a_filter_on_all_codes_is_none(counter: Counter) -> None:
    every = [*counter.analysis.codes("gender"), ""]
    assert counter.total({"gender": every}) == counter.total({})


def test_variables_cross_in_the_order_asked(counter: Counter) -> None:
    one, other = counter.count({}, ["gender", "ageBroad"]), counter.count({}, ["ageBroad", "gender"])
    place, mirrored = cell(one, "Woman", "18--20"), cell(other, "18--20", "Woman")
    assert one.count[place] == other.count[mirrored]
    assert one.shares.share[place] == other.shares.share[mirrored]


def test_a_share_of_all_people_is_the_one_that_the_release_states(counter: Counter, folder: Path) -> None:
    stated = json.loads((folder / "data" / "figures.json").read_text())
    group = next(group for group in stated["groups"] if group["denominator"]["source"] == "records")
    member = group["members"][0]
    found = counter.count({}, [member["variable"]])
    assert found.whole is not None
    assert (found.whole.source, found.whole.value) == (BOUNDS, group["denominator"]["count"])
    got = found.shares.share[0], found.shares.low[0], found.shares.high[0]
    assert got == tuple(member["share"][key] for key in ("share", "low95", "high95"))


def test_beyond_the_measurements_numbers_are_the_records_own(counter: Counter) -> None:
    filters = {"gender": "Woman", "ageBroad": "18--20", "isSexualExploit": "1"}
    found = counter.count(filters, ["traffickMonths"])
    assert counter.total(filters).source == "counts"
    assert not found.measured.any()
    assert found.whole is not None
    assert found.whole.source == "records"
    np.testing.assert_allclose(found.shares.share[:-1], found.count[:-1] / found.whole.value)
    assert (found.low <= found.count).all()
    assert (found.count <= found.high).all()


def test_what_the_records_say_of_too_few_is_marked(counter: Counter) -> None:
    filters = {name: "1" for name in counter.variables if name.startswith("means")}
    total = counter.total(filters)
    assert total.source == "records"
    assert total.too_few == (total.value < 10)
    assert total.high > total.value


def test_an_interval_of_no_records_has_a_width_and_of_no_people_is_everything() -> None:
    low, high = resampled(np.array([0.0, 100.0]), 100)
    assert (low[0], high[1]) == (0, 1)
    assert 0 < high[0] < low[1] < 1
    assert [end.tolist() for end in resampled(np.array([0.0]), 0)] == [[0.0], [1.0]]


def test_what_cannot_be_counted_is_refused(counter: Counter) -> None:
    for names in ([], ["gender", "gender"]):
        with pytest.raises(UserError, match="one or more different"):
            counter.count({}, names)
    with pytest.raises(UserError, match="would have"):
        counter.count({}, counter.variables)
    with pytest.raises(UserError, match="no variable"):
        counter.explore({"gende": "Woman"})
