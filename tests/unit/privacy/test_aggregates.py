"""The published table of counts."""

import json
import math

import numpy as np
import polars as pl
import pytest
from tests.support.engine import Invented, NoNoise, small_plan, small_schema, some_people

from ctdc.privacy.aggregates import COLUMNS, aggregate_table
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.measure import measure
from ctdc.table.reporting import reporting_deviations
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

SIZES = (3, 2, 4)


def estimates(rows: int = 300, noise: object = None) -> Estimates:
    return estimate(measure(some_people(SIZES, rows).matrix(), small_plan(SIZES), noise or Invented(rows)))  # type: ignore[arg-type]


def published(found: Estimates, threshold: float = 10, everything: bool = False) -> pl.DataFrame:
    table = aggregate_table(small_schema(SIZES), found, threshold, everything)
    assert table.schema == COLUMNS
    return pl.DataFrame(table)


def test_the_total_comes_first_and_singles_are_complete() -> None:
    table = published(estimates())
    assert table["attributes"][0] == "{}"
    assert table.filter(pl.col("length") == 1)["attributes"].to_list() == [
        '{"a":"a1"}', '{"a":"a2"}', '{"b":"b1"}', '{"c":"c1"}', '{"c":"c2"}', '{"c":"c3"}',
    ]  # fmt: skip


def test_everything_means_every_combination_of_known_values() -> None:
    table = published(estimates(), everything=True)
    by_length = dict(table.group_by("length").len().iter_rows())
    assert by_length == {0: 1, 1: 6, 2: 2 * 1 + 2 * 3 + 1 * 3, 3: 6}
    assert table["attributes"].is_unique().all()
    for text in table["attributes"]:
        names = list(json.loads(text))
        assert names == sorted(names), "the schema's order, which here is that of the alphabet"


def test_every_row_is_the_estimate_with_its_error_and_interval() -> None:
    found = estimates()
    schema = small_schema(SIZES)
    for row in published(found, 20, everything=True).iter_rows(named=True):
        cells = [(schema.names.index(n), schema[n].index[code]) for n, code in json.loads(row["attributes"]).items()]
        count, error = found.combination(cells)
        assert row["length"] == len(cells)
        assert row["count"] == pytest.approx(count, abs=0.0051)
        assert row["standard_error"] == pytest.approx(error, abs=0.000051)
        assert row["low95"] == pytest.approx(count - 1.96 * error, abs=0.02)
        assert row["high95"] == pytest.approx(count + 1.96 * error, abs=0.02)
        size = math.prod(SIZES[variable] - 1 for variable, _ in cells)
        limit = max(20, reporting_deviations(size, len(cells)) * row["standard_error"])
        assert row["below_threshold"] == (row["count"] < limit)


@pytest.mark.parametrize("threshold", [0, 10, 60])
def test_longer_combinations_are_listed_when_they_reach_the_threshold(threshold: float) -> None:
    found = estimates()
    complete, listed = published(found, threshold, everything=True), published(found, threshold)
    reached = complete.filter((pl.col("length") < 2) | ~pl.col("below_threshold"))
    assert listed.equals(reached)
    assert (listed.filter(pl.col("length") > 1)["count"] >= threshold - 0.005).all()


def test_the_threshold_is_never_below_two_standard_errors() -> None:
    found = estimates()
    limits = {len(a): 2 * math.sqrt(found.variance(a)) for a in found.sets}
    table = published(found, threshold=0, everything=True)
    assert min(limits.values()) > 1
    doubtful = table.filter((pl.col("count") > 0) & (pl.col("count") < 2 * pl.col("standard_error") - 0.01))
    assert len(doubtful)
    assert doubtful["below_threshold"].all()


def test_a_count_at_the_edge_is_listed_and_marked_by_one_rule() -> None:
    """The published, rounded count decides; whoever reads the row comes to the same result."""
    found = estimates(300, NoNoise())
    edge = round(max(10.0, 2 * math.sqrt(found.variance((0, 1)))), 2) + 0.4949
    for shift in (-0.02, -0.0049, -0.0001, 0.00005, 0.0049, 0.02):
        found.residual[()][...] += 6 * (edge + shift - found.table((0, 1))[1, 1])
        assert found.table((0, 1))[1, 1] == pytest.approx(edge + shift, abs=1e-9)
        rows = published(found, edge).filter(pl.col("attributes") == '{"a":"a1","b":"b1"}')
        everything = published(found, edge, everything=True).filter(pl.col("attributes") == '{"a":"a1","b":"b1"}')
        assert len(rows) == (everything["count"][0] >= edge)
        assert not rows["below_threshold"].any()
        assert everything["below_threshold"][0] == (len(rows) == 0)


def test_names_and_codes_with_awkward_characters_stay_json() -> None:
    schema = Schema((Variable('sa"id', ('"', "\\", ",", "é", "=1")), Variable("b,{", ("}", "x"))))
    people = some_people(schema.sizes, 50).matrix()
    found = estimate(measure(people, small_plan(schema.sizes), NoNoise()))
    table = aggregate_table(schema, found, 10, everything=True)
    rows = [json.loads(text) for text in table.column("attributes").to_pylist()]
    assert len(rows) == 1 + 7 + 10
    assert {'sa"id': "\\", "b,{": "}"} in rows


def test_nobody_gives_a_table_of_nothing_but_noise() -> None:
    table = published(estimates(0, NoNoise()))
    assert table["count"].to_list() == [0.0] * 7
    assert table["below_threshold"].all()
    assert np.isfinite(table["standard_error"].to_numpy()).all()


def test_noise_alone_hardly_ever_lists_a_combination_that_nobody_has() -> None:
    """With nobody in the table: a pair of wide variables has many cells, so each must be far above its error."""
    sizes = (40, 30)
    listed = 0
    for _ in range(20):
        found = estimate(measure(np.zeros((2, 0), np.uint16), small_plan(sizes, 2)))
        table = aggregate_table(small_schema(sizes), found, 0.0)
        listed += sum(length == 2 for length in table.column("length").to_pylist())
    # 20 tables, 0.03 expected in each: 0.6; 12 or more happen once in 1e11 runs (Poisson).
    assert listed < 12
