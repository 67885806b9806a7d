"""Simulated crowds are alike at any size, and what grows is found in the stored points."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks import crowd, data, growth
from benchmarks.crowd import Crowd, Shape


@pytest.fixture
def base() -> pa.Table:
    values = pa.array(["x", "y", None, "x"] * 500)
    other = pa.array([str(number) for number in range(2000)])
    return pa.table({"a": values.dictionary_encode(), "b": other.dictionary_encode()})


def test_a_crowd_has_as_many_rows_as_asked_and_the_shares_of_its_base(base, monkeypatch):
    monkeypatch.setattr(crowd, "PIECE", 3000)
    made = list(crowd.pieces(base, 10_000, seed=1))
    assert [piece.num_rows for piece in made] == [3000, 3000, 3000, 1000]
    values = pa.concat_tables(made).column("a").to_pylist()
    # Five standard deviations of a binomial share of 10,000.
    assert values.count("x") / 10_000 == pytest.approx(0.5, abs=5 * 0.005)
    assert values.count(None) / 10_000 == pytest.approx(0.25, abs=5 * 0.0044)


def test_some_cells_are_those_of_other_cases(base):
    pairs = {f"{number}": value for number, value in enumerate(base.column("a").to_pylist())}
    (piece,) = crowd.pieces(base, 5000, seed=1)
    rows = zip(piece.column("a").to_pylist(), piece.column("b").to_pylist(), strict=True)
    strangers = np.mean([pairs[b] != a for a, b in rows])
    # A cell of either column is exchanged in 4 % of the rows, and then differs in five of eight cases.
    assert strangers == pytest.approx(0.025, abs=0.011)


def test_the_same_arguments_give_the_same_crowd(base):
    first, second = (next(crowd.pieces(base, 100, seed=5)) for _ in range(2))
    assert first.equals(second)
    assert not first.equals(next(crowd.pieces(base, 100, seed=6)))


def test_a_crowd_is_written_with_its_schema_and_used_again(base, tmp_path, monkeypatch):
    shape = Shape(("synthetic-2024",), 2)
    table = base.rename_columns(shape.names())
    monkeypatch.setattr(crowd, "base", lambda shape: table)
    made = crowd.write_crowd(shape, 50, tmp_path)
    assert (made.rows, made.variables) == (50, 2)
    assert pq.read_table(made.cases).num_rows == 50
    assert [field["name"] for field in json.loads(made.schema.read_text())["fields"]] == shape.names()
    before = made.cases.stat().st_mtime_ns
    assert crowd.write_crowd(shape, 50, tmp_path).cases.stat().st_mtime_ns == before


def test_the_shapes_are_those_that_the_curves_name():
    assert [len(shape.names()) for shape in growth.SHAPES] == [10, 27, 37, 63]
    assert max(point.rows for point in growth.points(1_000_000)) == 1_000_000


def test_a_shape_has_no_list_and_no_name_twice():
    widest = growth.SHAPES[-1]
    assert not [name for name in widest.names() if name.endswith("Concatenated")]
    assert widest.columns()["gender"] == "kanonymised-2021"
    assert widest.columns()["traffickMonths"] == "synthetic-2024"
    with pytest.raises(ValueError, match="have 27 columns, not 28"):
        Shape(("synthetic-2024",), 28).names()


@pytest.mark.slow
def test_every_shape_can_be_derived_from_simulated_cases(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "DATA", tmp_path)
    for shape in growth.SHAPES:
        table = crowd.base(shape, cases=50, seed=1)
        assert table.column_names == shape.names()
        for name, profile in shape.columns().items():
            codes = set(data.profile_named(profile).codes(name))
            assert set(table.column(name).to_pylist()) <= codes | {None}, name


def test_the_widest_shape_declares_its_workload(tmp_path):
    files = Crowd(tmp_path / "c.parquet", tmp_path / "c.json", 5, 63)
    words = growth.command(growth.Point("variables", growth.SHAPES[-1], 5), files, tmp_path)
    workload = json.loads((tmp_path / "workload.json").read_text())
    assert words[words.index("--workload") + 1] == str(tmp_path / "workload.json")
    assert workload["length"] == 2
    names = set(growth.SHAPES[-1].names())
    assert all(len(each) == 3 and set(each) <= names for each in workload["sets"])
    assert "--length" in growth.command(growth.Point("rows", growth.PUBLISHED, 5), files, tmp_path)


def point(rows: int, cpu: float, status: str = "done", kind: str = "rows") -> dict:
    return {"kind": kind, "rows": rows, "variables": 27, "status": status, "cost": {"cpu_seconds": cpu}}


def test_a_row_that_costs_more_at_more_rows_is_told():
    fine = [point(10_000, 1), point(100_000, 20), point(1_000_000, 210), point(10_000_000, 2_000)]
    assert growth.growing(fine) == []
    (sentence,) = growth.growing([*fine[:3], point(10_000_000, 2_400)])
    assert "240 CPU-microseconds at 10,000,000 rows" in sentence
    assert growth.growing([point(100_000, 1), point(1_000_000, 99, status="stopped")]) == []
    assert growth.growing([point(100_000, 1), point(1_000_000, 99, kind="variables")]) == []


def test_a_point_takes_the_place_of_its_predecessor(tmp_path):
    growth.store(point(100, 1), tmp_path / "growth.json")
    growth.store(point(10, 1), tmp_path / "growth.json")
    entries = growth.store(point(100, 7), tmp_path / "growth.json")
    assert [(each["rows"], each["cost"]["cpu_seconds"]) for each in entries] == [(10, 1), (100, 7)]
    assert json.loads((tmp_path / "growth.json").read_text())["growth"] == entries
