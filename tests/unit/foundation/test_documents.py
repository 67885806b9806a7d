"""Documents from outside: whatever is wrong with them is one kind of error, with the reason."""

import json

import pytest

from ctdc.foundation.documents import MAX_BYTES, MAX_DEPTH, MAX_DOTS, BadDocument, parse_json, parse_toml
from ctdc.foundation.hashing import hash_value


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff\xfe{}", r"not UTF-8 \(byte 0\)"),
        (b"[1, NaN]", "NaN is not a number"),
        (b"[-Infinity]", "-Infinity is not a number"),
        (b"[1e999]", "too large"),
        (b"[" + b"9" * 301 + b"]", "more than 300 digits"),
        (b"[" + b"9" * 5000 + b"]", "more than 300 digits"),
        (b'["\\ud800"]', "half a surrogate pair"),
        (b'{"\\ud800": 1}', "half a surrogate pair"),
        (nested(MAX_DEPTH + 1), "nested deeper"),
        (nested(100_000), "nested deeper"),
    ],
)
def test_what_is_no_json_is_refused_with_the_reason(text: bytes, reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        parse_json(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"a", "Expected '='"),
        (b"a = '\xff'", "not UTF-8"),
        (b"a = " + b"9" * 301, "more than 300 digits"),
        (b"a = " + b"9" * 5000, "more than 300 digits"),
        (b"a = " + nested(100_000), "nested deeper"),
        (b"a." * (MAX_DEPTH + 1) + b"a = 1", "nested deeper"),
        (b"a." * (MAX_DOTS + 1) + b"a = 1", "dots"),
        (b'a = "\\ud800"', "not a Unicode scalar value"),
    ],
)
def test_what_is_no_toml_is_refused_with_the_reason(text: bytes, reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        parse_toml(text)


def test_what_is_sound_is_read_as_it_stands() -> None:
    document = {"a": [1, -2.5, "ä", None, True, {"b": [10**299]}], "": []}
    text = json.dumps(document, ensure_ascii=False).encode()
    assert parse_json(text) == document == parse_json(b"\xef\xbb\xbf" + text)
    assert parse_json(nested(MAX_DEPTH - 1)) is not None
    assert parse_toml(b"\xef\xbb\xbfa.b = [1, 2.5]\nc = inf") == {"a": {"b": [1, 2.5]}, "c": float("inf")}
    hash_value(parse_json(text))


def test_a_text_without_end_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(BadDocument, match="bytes"):
        parse_json(b" " * (MAX_BYTES + 1))
