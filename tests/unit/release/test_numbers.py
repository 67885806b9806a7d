"""Numbers as text in five languages."""

from datetime import UTC, datetime

import pytest

from ctdc.release.numbers import date, number, number_range, percent, percent_range, significant, size
from ctdc.standard.languages import LANGUAGES

LATIN = set("0123456789")


@pytest.mark.parametrize("language", LANGUAGES)
def test_digits_are_latin(language):
    texts = [number(language, 1234567.8, 1), percent(language, 0.612), size(language, 123456)]
    texts.append(date(language, datetime(2026, 3, 1, tzinfo=UTC)))
    for text in texts:
        assert {character for character in text if character.isdigit()} <= LATIN


def test_rounded_zero_has_no_sign():
    assert number("en", -0.3) == "0"
    assert percent("de", -0.0001) == "0,0\u00a0%"


def test_arabic_ranges_are_isolated_from_the_text_around_them():
    assert number_range("ar", 1, 2) == "\u20661\u2060–\u20602\u2069"
    assert number_range("en", 1, 2) == "1–2"


def test_narrow_interval_gets_more_decimals():
    assert percent_range("en", 0.56012, 0.56024) == "56.01–56.02%"
    assert percent_range("en", 0.5, 0.5) == "50.0–50.0%"


def test_small_probabilities_are_written_out():
    assert significant("en", 5.8e-6) == "0.0000058"
    assert significant("fr", 12.0, 3) == "12"


def test_sizes_are_decimal():
    assert size("en", 999) == "999 byte"
    assert size("en", 45_678) == "45.7 kB"
    assert size("en", 2_000_000_000) == "2 GB"
