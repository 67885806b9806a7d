"""Canonical JSON is that of RFC 8785."""

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.release.certificate.canonical import MOST_INTEGER, canonical

# RFC 8785, appendix B: the number's bits, and how it is written.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize("bits", NUMBERS)
def test_numbers_are_written_as_the_standard_says(bits):
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(value).decode() == NUMBERS[bits]


def test_members_are_sorted_by_their_utf_16_code_units():
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    found = json.loads(canonical(dict.fromkeys(names, 0)))
    assert list(found) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_texts_keep_their_letters_and_escape_what_has_to_be():
    assert canonical('€$\u000f\nA\'B"\\"/ع').decode() == '"€$\\u000f\\nA\'B\\"\\\\\\"/ع"'


def test_there_are_no_spaces_and_the_order_of_making_does_not_matter():
    one, other = {"b": [1, 2.0, None], "a": {"y": True, "x": False}}, {"a": {"x": False, "y": True}, "b": [1, 2, None]}
    assert canonical(one) == canonical(other) == b'{"a":{"x":false,"y":true},"b":[1,2,null]}'


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, MOST_INTEGER + 1, 10**400, "\ud800", {"a": [math.nan]}]
)
def test_what_would_lose_something_is_refused(value):
    with pytest.raises(ValueError):
        canonical(value)


@pytest.mark.parametrize("value", [{1: "a"}, b"bytes", {"a": {1, 2}}])
def test_what_json_does_not_have_is_refused(value):
    with pytest.raises(TypeError):
        canonical(value)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MOST_INTEGER, MOST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abé\u20ac", max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_reads_back_the_same_and_is_written_the_same_again(value):
    written = canonical(value)
    read = json.loads(written, parse_int=float)  # as ECMAScript reads numbers
    assert read == value
    assert canonical(read) == written
