"""The one address of a question."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.foundation.errors import UserError
from ctdc.hub.api.query import read_question
from ctdc.hub.api.shelf import Shelf
from ctdc.release.counting import Counter

pytestmark = pytest.mark.slow
AGES = ("0--8", "09--17", "18--20", "21--23", "24--26", "27--29", "30--38", "39--47", "48+")


@pytest.fixture(scope="module")
def counter(shelf: Shelf) -> Counter:
    return shelf.latest.counter


def read(counter: Counter, query: str) -> str:
    return read_question(
        parse_qsl(query, keep_blank_values=True), counter.analysis.data.schema, ["by", "own"]
    ).canonical


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("", ""),
        ("gender=Man,Woman&ageBroad=09--17", "ageBroad=09--17&gender=Woman,Man"),
        ("gender=Man&gender=Woman", "gender=Woman,Man"),
        ("ageBroad=09--17..24--26", "ageBroad=09--17..24--26"),
        ("ageBroad=18--20,09--17,21--23", "ageBroad=09--17..21--23"),
        ("ageBroad=..09--17,48%2B", "ageBroad=0--8,09--17,48%2B"),
        ("ageBroad=39--47..,not-known", "ageBroad=39--47,48%2B,not-known"),
        ("ageBroad=0--8..", "ageBroad=known"),
        ("ageBroad=known,not-known", ""),
        ("own=yes&by=gender", "by=gender"),
        ("own=no&by=gender,ageBroad", "by=gender,ageBroad&own=no"),
    ],
)
def test_spellings_of_one_question_have_one_address(counter: Counter, query: str, canonical: str) -> None:
    assert read(counter, query) == canonical
    assert read(counter, canonical) == canonical


@given(st.data())
def test_an_address_is_its_own(counter: Counter, data: st.DataObject) -> None:
    parts = st.lists(st.sampled_from([*AGES, "known", "not-known", "..18--20", "27--29.."]), min_size=1, max_size=6)
    query = [("ageBroad", part) for part in data.draw(parts)]
    query += [("isForcedLabour", "1")] * data.draw(st.integers(0, 1))
    first = read_question(data.draw(st.permutations(query)), counter.analysis.data.schema, ["by"])
    again = read_question(parse_qsl(first.canonical, keep_blank_values=True), counter.analysis.data.schema, ["by"])
    assert again == first


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("gende=Woman", "api.parameter"),
        ("gender=Women", "api.code"),
        ("gender=Man..Woman", "api.code"),
        ("gender=", "api.code"),
        ("ageBroad=48%2B..0--8", "api.range"),
        ("ageBroad=1..2", "api.range"),
        ("by=gender,gender", "api.by"),
        ("own=perhaps", "api.own"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_what_can(counter: Counter, query: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        read(counter, query)
    assert caught.value.detail.code == code
    assert caught.value.detail.allowed
