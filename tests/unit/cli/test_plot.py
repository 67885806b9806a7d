"""A plot in characters: it fits, it shows every line, and it shows what goes up as going up."""

import math

import pytest

from ctdc.cli.plot import HEIGHT, WIDTH, between, text_plot, ticks

FALLING = [(0.5, 80.0), (1, 40.0), (2, 20.0), (8, 5.0)]


def rows_of(mark: str, plot: str) -> list[list[int]]:
    """For each row of the grid, the columns in which `mark` stands."""
    grid = [line.split("|", 1)[1] for line in plot.splitlines() if "|" in line]
    return [[column for column, letter in enumerate(line) if letter == mark] for line in grid]


@pytest.mark.parametrize("factor", [1e-6, 1, 1e9])
@pytest.mark.parametrize("lines", [1, 4])
def test_a_plot_fits_eighty_columns(factor: float, lines: int) -> None:
    plot = text_plot(
        {str(n): [(x, y * factor * (n + 1)) for x, y in FALLING] for n in range(lines)}, "epsilon", "error"
    )
    assert max(map(len, plot.splitlines())) <= WIDTH == 80
    assert len(plot.splitlines()) == HEIGHT + 4
    assert plot.isascii()


def test_a_falling_line_falls_over_the_whole_width() -> None:
    rows = rows_of("1", text_plot({"1": FALLING}, "x", "y"))
    columns = [column for row in rows for column in row]
    assert columns == sorted(columns)
    assert rows[0][0] == 0
    assert rows[-1][-1] == WIDTH - 12
    assert set(columns) == set(range(WIDTH - 11))


def test_lines_that_meet_are_marked_as_several() -> None:
    plot = text_plot({"1": FALLING, "2": list(FALLING)}, "x", "y")
    assert "*" in plot
    assert not any(rows_of("1", plot)) and not any(rows_of("2", plot))


def test_a_flat_line_and_a_single_point_are_drawn() -> None:
    assert any(rows_of("1", text_plot({"1": [(1.0, 5.0), (2.0, 5.0)]}, "x", "y")))
    assert any(rows_of("1", text_plot({"1": [(1.0, 5.0)]}, "x", "y")))


def test_between_points_a_line_is_straight_on_logarithmic_axes() -> None:
    assert between(FALLING, 4) == pytest.approx(10)
    assert between(FALLING, math.sqrt(2)) == pytest.approx(40 / math.sqrt(2))
    assert [between(FALLING, x) for x, _ in FALLING] == pytest.approx([y for _, y in FALLING])


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [(0.5, 20, [0.5, 1, 2, 5, 10, 20]), (2.1, 4.9, [2.1, 4.9]), (90, 1100, [100, 200, 500, 1000])],
)
def test_ticks_are_round_numbers(low: float, high: float, found: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(found)
