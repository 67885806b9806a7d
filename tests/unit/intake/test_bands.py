import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.intake.bands import code_of_number, code_of_text, intervals_of
from ctdc.standard import load

AGES = intervals_of(load().codes("ageBroad"))
MONTHS = intervals_of(load().codes("traffickMonths"))


@pytest.mark.parametrize(
    "text", ["9-17", "9--17", "09--17", "9–17", "9—17", "9 - 17", "9‑17", "17", "17.9", "09", "12-14"]
)
def test_any_dash_and_leading_zeros(text: str) -> None:
    assert code_of_text(text, AGES) == "09--17"


@pytest.mark.parametrize("text", ["unknown", "17-25", "-5", "", "17 years old girl", "1e1"])
def test_what_is_no_band_of_the_target(text: str) -> None:
    assert code_of_text(text, AGES) is None


def test_open_and_coarse_bands() -> None:
    assert code_of_text("48+", AGES) == "48+"
    assert code_of_text("25+", MONTHS) == "25+ (2+ yrs)"
    assert code_of_number(30, MONTHS) == "25--60 (2-5 yrs)"
    assert code_of_number(70, MONTHS) == "61+ (5+ yrs)"


def test_nobody_is_999_years_old() -> None:
    assert code_of_text("999", AGES) == "48+"
    assert code_of_text("999", AGES, highest=120) is None


@given(st.integers(0, 130))
def test_every_age_has_exactly_one_band(age: int) -> None:
    assert sum(band.low <= age <= band.high for band in AGES) == 1
