"""The noisy measurements as a file: whoever has it can compute everything else again."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.engine import Invented, small_plan, small_schema, some_people

from ctdc.foundation.errors import UserError
from ctdc.privacy.aggregates import aggregate_table
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import Measurements, measure
from ctdc.privacy.stored import read_measurements, write_measurements
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable


def measured(sizes: tuple[int, ...], length: int = 3, real: bool = False) -> Measurements:
    noise = None if real else Invented(50)
    return measure(some_people(sizes, 50).matrix(), small_plan(sizes, length), noise)


@pytest.mark.parametrize(("sizes", "length"), [((2,), 1), ((3, 2, 4), 3), ((2, 2, 2, 5), 4), ((9, 3), 2)])
@pytest.mark.parametrize("real", [False, True])
def test_there_and_back(tmp_path: Path, sizes: tuple[int, ...], length: int, real: bool) -> None:
    before = measured(sizes, length, real)
    write_measurements(tmp_path / "m.parquet", small_schema(sizes), before)
    after = read_measurements(tmp_path / "m.parquet", small_schema(sizes))
    assert after.plan == before.plan
    assert (after.rho, after.publishable) == (before.rho, real)
    assert list(after.values) == list(before.values)
    for key, values in before.values.items():
        assert after.values[key].dtype == np.int64
        np.testing.assert_array_equal(after.values[key], values)


def test_the_published_counts_follow_from_the_file(tmp_path: Path) -> None:
    schema = small_schema((3, 2, 4))
    before = measured(schema.sizes, real=True)
    write_measurements(tmp_path / "m.parquet", schema, before)
    again = estimate(read_measurements(tmp_path / "m.parquet", schema))
    assert aggregate_table(schema, again, 10, True).equals(aggregate_table(schema, estimate(before), 10, True))


def test_the_file_can_be_read_without_this_software(tmp_path: Path) -> None:
    """Names of variables, shape, noise and integers stand in each row; the centring is all that a reader must do."""
    schema = small_schema((3, 2, 4))
    before = measured(schema.sizes)
    write_measurements(tmp_path / "m.parquet", schema, before)
    rows = pq.read_table(tmp_path / "m.parquet").to_pylist()
    assert [row["attributes"] for row in rows][:4] == [[], ["a"], ["b"], ["c"]]
    single = np.array(rows[1]["values"]) / 3
    estimated = single - single.mean() + rows[0]["values"][0] / 3
    np.testing.assert_allclose(estimated, estimate(before).table((0,)))


def other_names() -> Schema:
    return Schema((Variable("x", ("1", "2")), Variable("b", ("1",)), Variable("c", ("1", "2", "3"))))


@pytest.mark.parametrize("schema", [small_schema((3, 2, 5)), small_schema((3, 2)), other_names()], ids=str)
def test_a_file_of_another_schema_is_refused(tmp_path: Path, schema: Schema) -> None:
    write_measurements(tmp_path / "m.parquet", small_schema((3, 2, 4)), measured((3, 2, 4)))
    with pytest.raises(UserError) as caught:
        read_measurements(tmp_path / "m.parquet", schema)
    assert caught.value.detail.code == "measurements.format"


def test_what_is_no_file_of_measurements_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    for name in ("absent.parquet", "text.parquet", "other.parquet"):
        with pytest.raises(UserError) as caught:
            read_measurements(tmp_path / name, small_schema((3, 2, 4)))
        assert caught.value.detail.code == "measurements.format"


def test_a_measurement_that_lost_integers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    write_measurements(path, small_schema((3, 2, 4)), measured((3, 2, 4)))
    table = pq.read_table(path)
    values = table.column("values").to_pylist()
    values[1] = values[1][:-1]
    changed = table.set_column(5, "values", pa.array(values, pa.list_(pa.int64())))
    assert json.loads(changed.schema.metadata[b"ctdc.sizes"]) == [3, 2, 4]
    pq.write_table(changed, path)
    with pytest.raises(UserError, match="lost integers"):
        read_measurements(path, small_schema((3, 2, 4)))
