"""When a noisy count says enough to be reported."""

from __future__ import annotations

from statistics import NormalDist

import pytest

from ctdc.table.reporting import EXPECTED_FALSE, LEAST_DEVIATIONS, reporting_deviations


@pytest.mark.parametrize("cells", [1, 249, 62_001])
def test_single_variables_are_marked_at_two_standard_errors(cells: int) -> None:
    assert reporting_deviations(cells, 1) == LEAST_DEVIATIONS


def test_yes_no_combinations_are_reported_at_two_standard_errors() -> None:
    assert reporting_deviations(1, 3) == LEAST_DEVIATIONS


@pytest.mark.parametrize("cells", [9, 249, 62_001, 1_300_000])
def test_a_wide_table_expects_no_combination_from_noise_alone(cells: int) -> None:
    deviations = reporting_deviations(cells, 2)
    assert deviations > LEAST_DEVIATIONS
    assert cells * (1 - NormalDist().cdf(deviations)) == pytest.approx(EXPECTED_FALSE, rel=1e-2)
