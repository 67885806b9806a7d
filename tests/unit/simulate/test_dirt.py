"""Dirt: recorded piece by piece, at most one per row, never in a cell that says nothing."""

import numpy as np
import pytest

from ctdc.simulate.dirt import KINDS, SPOILERS, Place, soil
from ctdc.simulate.draft import Blank, Column, Table

PLACE = Place("sim-x", "SIMULATED_x.csv", "", 2)


def table(rows: int = 400) -> Table:
    def column(kind: str, *cells: object) -> Column:
        return Column(kind, np.array([cells[i % len(cells)] for i in range(rows)], dtype=object))

    return Table(
        {
            "id": Column("id", np.array([f"SIM-{i:06d}" for i in range(rows)], dtype=object)),
            "date": column("date", "2019-03-04", "2020-12-28"),
            "serial": column("serial", 43_000),
            "word": column("code", "Female", "Não disponível", ""),
            "letter": column("code", "F"),
            "number": column("code", 1, 0),
            "age": column("number", "17", ""),
            "kept": column("ignored", "Female"),
        }
    )


def cells(made: Table) -> list[list[object]]:
    return [column.cells.tolist() for column in made.columns.values()]


def test_each_change_is_recorded_and_nothing_else_changes() -> None:
    before, after = table(), table()
    pieces = soil(after, PLACE, 0.5, [Blank("", "not_asked", 1)], np.random.default_rng(1))
    assert 150 < len(pieces) < 250
    assert len({piece.row for piece in pieces}) == len(pieces)
    for piece in pieces:
        row = piece.row - PLACE.first_row
        assert before.columns[piece.column].cells[row] == piece.original
        assert after.columns[piece.column].cells[row] == piece.injected
        assert piece.original not in ("", piece.injected)
        after.columns[piece.column].cells[row] = piece.original
    assert cells(before) == cells(after)


def test_all_kinds_occur_and_can_be_chosen() -> None:
    pieces = soil(table(), PLACE, 1.0, [], np.random.default_rng(2))
    assert {piece.kind for piece in pieces} == set(KINDS)
    only = soil(table(), PLACE, 1.0, [], np.random.default_rng(2), kinds=("stray_space",))
    assert {piece.kind for piece in only} == {"stray_space"}
    assert all(str(piece.injected).strip() == piece.original for piece in only)


def test_only_eligible_rows_are_spoilt() -> None:
    eligible = np.zeros(400, dtype=bool)
    eligible[::2] = True
    pieces = soil(table(), PLACE, 1.0, [], np.random.default_rng(3), eligible=eligible)
    assert {(piece.row - PLACE.first_row) % 2 for piece in pieces} == {0}


def test_what_the_encoding_cannot_hold_is_not_written() -> None:
    for piece in soil(table(), PLACE, 1.0, [], np.random.default_rng(4), encoding="cp1252"):
        str(piece.injected).encode("cp1252")


@pytest.mark.parametrize(
    ("kind", "cell", "allowed"),
    [
        ("misspelt_code", "Female", {"Fqemale", "Feqmale"}),
        ("misspelt_code", "F", {None}),
        ("wrong_date", "2019-03-04", {"2091-03-04", "2019-32-13"}),
        ("wrong_date", "04/03/2019", {"04/03/2091", "32/13/2019"}),
        ("wrong_date", 20190304, {20910304, 20191332}),
        ("wrong_date", 43_000, {70_000}),
        ("unknown_value", 1, {77}),
        ("mixed_encoding", "Não", {"NÃ£o"}),
        ("mixed_encoding", "plain", {None}),
        ("age_out_of_range", 30, {-5, 640, 999}),
        ("age_out_of_range", "30", {"-5", "640", "999"}),
    ],
)
def test_what_each_kind_makes_of_a_cell(kind: str, cell: object, allowed: set[object]) -> None:
    generator = np.random.default_rng(0)
    assert {SPOILERS[kind][1](cell, generator) for _ in range(40)} == allowed


def test_a_repeated_id_is_that_of_the_row_above() -> None:
    pieces = soil(table(), PLACE, 1.0, [], np.random.default_rng(5), kinds=("duplicate_id",))
    assert {piece.injected for piece in pieces} == {"SIM-000000"}
    assert len(pieces) == 399
