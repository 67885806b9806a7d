"""Addresses of the explorer: one canonical form, which comes back as it was asked, and nothing guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.hub.site.explorer.query import COUNT, Asked, Language, pieces

CHARTS = [f"chart-{number}" for number in range(12)]
SPOKEN = Language({"gender": ("Woman", "Man"), "age": ("0--8", "09--17"), "odd": ("a,b", "a", "b & c")}, CHARTS)


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        (SPOKEN.default, ""),
        (Asked({"gender": ("Woman",), "age": ("09--17", "0--8")}, tuple(CHARTS[:10])), "?age=0--8,09--17&gender=Woman"),
        (Asked({}, ("chart-3",), COUNT), "?bars=count&show=chart-3"),
        (Asked({"odd": ("a,b", "b & c"), "age": ()}, tuple(CHARTS[:10])), "?odd=a,b&odd=b%20%26%20c"),
    ],
)
def test_an_address_is_sorted_readable_and_comes_back(asked, query):
    assert SPOKEN.write(asked) == query
    found, understood = SPOKEN.read(query.removeprefix("?"))
    assert understood
    assert SPOKEN.write(found) == query


def test_a_form_without_script_is_understood_too():
    found, understood = SPOKEN.read("age=0--8&age=09--17&gender=Man&show=chart-1&show=chart-0&bars=share")
    assert understood
    assert found == Asked({"gender": ("Man",), "age": ("0--8", "09--17")}, ("chart-0", "chart-1"))


@pytest.mark.parametrize("query", ["gender=Nobody", "planet=Mars", "bars=pie", "show=chart-99", "gender="])
def test_what_is_not_known_is_left_out_and_said(query):
    assert SPOKEN.read(query) == (SPOKEN.default, False)


def test_codes_with_commas_are_told_apart():
    assert pieces("a,b,a,c", ("a,b", "a")) == ["a,b", "a", None]


@given(st.data())
def test_whatever_codes_look_like_a_question_comes_back_as_itself(data: st.DataObject) -> None:
    """Two codes that together read like a third stay two: its people are others."""
    code = st.text(st.sampled_from("ab,+&=% é#"), min_size=1, max_size=4)
    codes = data.draw(st.dictionaries(st.sampled_from(["x", "y"]), st.lists(code, min_size=1, unique=True), min_size=1))
    spoken = Language(codes, CHARTS)
    filters = {name: data.draw(st.lists(st.sampled_from(own), unique=True)) for name, own in codes.items()}
    wanted = {name: tuple(one for one in codes[name] if one in own) for name, own in filters.items() if own}
    found, understood = spoken.read(spoken.write(Asked(filters, tuple(CHARTS[:10]))).removeprefix("?"))
    assert (found.filters, understood) == ({name: wanted[name] for name in codes if name in wanted}, True)


def test_a_code_is_toggled():
    once = SPOKEN.default.toggled("gender", "Man")
    assert once.filters == {"gender": ("Man",)}
    assert SPOKEN.write(once.toggled("gender", "Man")) == ""
