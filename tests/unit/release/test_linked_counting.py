"""Tables of linked rows are, cell by cell, what `LinkedAnalysis` answers one by one."""

from itertools import islice, product
from pathlib import Path

import numpy as np
import pytest
from tests.support.linked_release import write_linked_release

import ctdc
from ctdc.foundation.errors import UserError
from ctdc.release.linked_counting import LinkedCounter

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> LinkedCounter:
    folder: Path = write_linked_release(tmp_path_factory.mktemp("linked-counting"))
    return LinkedCounter(ctdc.load(folder).linked)


QUESTIONS = [
    ({}, ("linked.age",)),
    ({}, ("works", "area")),
    ({"area": ("north",)}, ("age",)),
    ({"members": ("2", "3+")}, ("age", "area")),
    ({"age": ("old", "")}, ("linked.age", "area")),
    ({"works": ("1",), "area": ("north",)}, ("linked.age",)),
]


@pytest.mark.parametrize(("filters", "by"), QUESTIONS, ids=str)
def test_every_cell_is_what_is_answered_one_by_one(counter: LinkedCounter, filters: dict, by: tuple) -> None:
    rows, found = counter.rows, counter.count(filters, by)
    own = {rows.name(name): codes for name, codes in filters.items()}
    listed = [own.get(name, (*rows.codes(name), "")) for name in found.variables]
    assert found.codes == tuple(product(*listed))
    for place, codes in islice(enumerate(found.codes), 40):
        part = dict(zip(found.variables, codes, strict=True))
        exact = rows.estimate({**own, **part})
        numbers = found.count[place], found.low[place], found.high[place]
        assert numbers == pytest.approx((exact.value, exact.low, exact.high), abs=1e-6)
        assert found.too_few[place] == exact.too_few
        if found.whole is not None and all(codes) and not np.isnan(found.shares.share[place]):
            share = rows.share(part, among=own)
            ends = (found.shares.share[place], found.shares.low[place], found.shares.high[place])
            assert ends == pytest.approx((share.value, share.low, share.high), abs=1e-6)
    total = rows.estimate(own)
    assert counter.total(filters).value == pytest.approx(total.value)


def test_what_was_not_counted_together_is_refused(counter: LinkedCounter) -> None:
    with pytest.raises(UserError) as caught:
        counter.count({"flag": ("1",)}, ("area", "linked.age", "works"))
    assert caught.value.detail.code == "analysis.not_counted"


@pytest.mark.parametrize("by", [(), ("area", "area"), ("members",)])
def test_rows_are_crossed_by_different_variables_and_not_by_their_number(counter: LinkedCounter, by: tuple) -> None:
    with pytest.raises(UserError) as caught:
        counter.count({}, by)
    assert caught.value.detail.code == "counting.by"
