"""The intervals' arithmetic, against their definitions and against each other."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.release.intervals import (
    Interval,
    deviations,
    difference_interval,
    normal_interval,
    quotient_interval,
    ratio_interval,
)

Z = deviations(0.95)
ERRORS = st.floats(0.1, 20)
CORRELATIONS = st.floats(-0.95, 0.95)


def test_a_ninety_five_percent_interval_has_the_usual_width() -> None:
    assert pytest.approx(1.959964, abs=1e-6) == Z


def test_several_intervals_that_hold_together_are_wider() -> None:
    assert deviations(0.95, 10) == pytest.approx(2.807034, abs=1e-6)


@pytest.mark.slow
@given(st.floats(-50, 500), ERRORS, ERRORS, CORRELATIONS)
def test_the_ends_of_a_ratio_are_where_the_test_of_it_just_fails(a: float, s: float, t: float, r: float) -> None:
    """Fieller's definition: at an end R the estimate of part - R whole is z of its standard errors from zero."""
    whole, shared = 100.0, r * s * t
    found = ratio_interval(a, whole, s * s, shared, t * t, Z)
    assert found is not None
    for end in (found.low, found.high):
        variance = s * s - 2 * end * shared + end * end * t * t
        assert abs(a - end * whole) == pytest.approx(Z * math.sqrt(variance), rel=1e-6, abs=1e-6)
    assert found.low <= found.value <= found.high


def test_where_the_whole_is_certain_the_ratio_has_the_error_of_the_part() -> None:
    found = ratio_interval(30, 100, 25, 0, 0, Z)
    assert found == Interval(0.3, pytest.approx(0.3 - Z * 0.05), pytest.approx(0.3 + Z * 0.05))


def test_far_from_zero_fieller_is_the_delta_method() -> None:
    found = ratio_interval(3000, 10000, 100, 30, 100, Z)
    error = math.sqrt(100 - 2 * 0.3 * 30 + 0.09 * 100) / 10000
    assert found is not None
    assert found.low == pytest.approx(0.3 - Z * error, rel=1e-4)
    assert found.high == pytest.approx(0.3 + Z * error, rel=1e-4)


@pytest.mark.parametrize("whole", [-50.0, 0.0, 19.5])
def test_a_whole_that_could_be_zero_gives_no_ratio(whole: float) -> None:
    assert ratio_interval(10, whole, 4, 0, 100, Z) is None


def test_a_whole_just_clear_of_zero_gives_a_wide_ratio() -> None:
    found = ratio_interval(10, 19.7, 4, 0, 100, Z)
    assert found is not None
    assert found.high > 10


@given(st.floats(-50, 50), st.floats(-50, 50), ERRORS, ERRORS, CORRELATIONS)
def test_a_difference_of_normal_estimates_has_the_usual_interval(
    a: float, b: float, s: float, t: float, r: float
) -> None:
    found = difference_interval(normal_interval(a, s * s, Z), normal_interval(b, t * t, Z), r)
    usual = normal_interval(a - b, s * s + t * t - 2 * r * s * t, Z)
    assert (found.low, found.high) == (pytest.approx(usual.low, abs=1e-6), pytest.approx(usual.high, abs=1e-6))


@given(st.floats(1, 500), ERRORS, ERRORS, CORRELATIONS)
def test_a_quotient_of_normal_estimates_has_fiellers_interval(a: float, s: float, t: float, r: float) -> None:
    found = quotient_interval(normal_interval(a, s * s, Z), normal_interval(100, t * t, Z), r)
    fieller = ratio_interval(a, 100, s * s, r * s * t, t * t, Z)
    assert found is not None
    assert fieller is not None
    assert (found.low, found.high) == (pytest.approx(fieller.low), pytest.approx(fieller.high))


def test_a_quotient_by_something_that_could_be_zero_is_none() -> None:
    assert quotient_interval(Interval(0.5, 0.4, 0.6), Interval(0.1, -0.1, 0.3), 0.0) is None
    assert quotient_interval(Interval(0.5, 0.4, 0.6), Interval(-0.1, -0.2, 0.3), 0.0) is None


def test_a_negative_quotient_takes_the_wider_side() -> None:
    narrow = quotient_interval(Interval(-1, -1.1, -0.9), Interval(10, 9, 11), 0.0)
    skewed = quotient_interval(Interval(-1, -1.1, -0.9), Interval(10, 9, 14), 0.0)
    assert narrow is not None
    assert skewed is not None
    assert skewed.low < narrow.low < -0.1 < narrow.high < skewed.high
