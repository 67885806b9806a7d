"""Counts of linked rows: right without noise, and with exactly the stated error."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from tests.support.engine import NoNoise
from tests.support.linked import LINKED, some_households

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.aggregates import aggregate_table
from ctdc.privacy.estimate import estimate
from ctdc.privacy.linear import Query, count, evaluate, event
from ctdc.privacy.linked_estimates import LinkedEstimates, RowCounts
from ctdc.privacy.linked_workload import plan_linked
from ctdc.privacy.measure import measure
from ctdc.table.count import marginal
from ctdc.table.linked import LinkedTable


def estimated(table: LinkedTable, length: int = 3) -> LinkedEstimates:
    plan = plan_linked(table.schema, Guarantee(2.0, 1e-6), length)
    tally = table.tally(np.random.default_rng(0))
    return LinkedEstimates(table.schema, length, estimate(measure(tally, plan, NoNoise())))


def rows_of(table: LinkedTable) -> np.ndarray:
    """Each linked row with its person's values: number, main, linked."""
    links = np.bincount(table.owner, minlength=table.main.rows)
    people = np.vstack([links, table.main.matrix()])
    return np.vstack([people[:, table.owner], table.linked.matrix()]).astype(np.uint16)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_without_noise_linked_rows_are_counted_exactly(length: int) -> None:
    """Nobody has more rows than count, so every row is there."""
    table = some_households(120, most=4)
    found, rows = estimated(table, length), rows_of(table)
    compared = 0
    for counts in (found.rows, found.across):
        for attributes in counts.sets:
            places = [counts.places[attribute] for attribute in attributes]
            exact = marginal(rows, table.schema.joint.sizes, places)
            np.testing.assert_allclose(counts.compact_table(attributes), exact, atol=1e-6)
            compared += 1
    assert compared == {1: 3, 2: 10, 3: 19}[length]
    assert found.total_rows()[0] == pytest.approx(len(table.owner))
    people = found.people
    assert people.total()[0] == pytest.approx(table.main.rows)


def test_what_was_left_out_is_counted() -> None:
    table = some_households(200, most=2, largest=4)
    found = estimated(table)
    links = np.bincount(table.owner, minlength=200)
    people, rows = found.left_out()
    assert people[0] == pytest.approx((links > 2).sum())
    assert rows[0] == pytest.approx(np.maximum(links - 2, 0).sum())
    assert found.total_rows()[0] == pytest.approx(np.minimum(links, 2).sum())


def by_query(counts: RowCounts, attributes: tuple[int, ...], cell: tuple[int, ...]) -> float:
    """Standard error of one count of linked rows as the general sum over measured tables has it."""
    chosen = {counts.places[a]: [category] for a, category in zip(attributes, cell, strict=True)}
    numbers = chosen.pop(0, range(1, counts.most + 1))
    query = Query(tuple((float(k), event({0: [k], **chosen})) for k in numbers))
    joint = evaluate(counts.estimates, [query + count(event({})) - count(event({}))])
    assert joint is not None
    return math.sqrt(joint.covariance[0, 0])


def test_errors_are_those_of_the_sums_that_the_counts_are() -> None:
    found = estimated(some_households(50))
    for counts in (found.rows, found.across):
        for attributes in counts.sets:
            shape = tuple(counts.sizes[a] - 1 for a in attributes)
            errors = np.broadcast_to(counts.errors(attributes), shape)
            for cell in {tuple(0 for _ in shape), tuple(n - 1 for n in shape)}:
                expected = by_query(counts, attributes, tuple(c + 1 for c in cell))
                assert errors[cell] == pytest.approx(expected), attributes


def test_published_counts_of_linked_rows_state_the_error_of_each_number() -> None:
    found = estimated(some_households(400))
    table = aggregate_table(found.across_schema, found.across, 0, everything=True).to_pylist()
    old = [row for row in table if json.loads(row["attributes"]).get("linked.age") == "old"]
    errors = {row["attributes"]: row["standard_error"] for row in old}
    one, two = (errors[json.dumps({"members": k, "linked.age": "old"}, separators=(",", ":"))] for k in ("1", "2"))
    assert two == pytest.approx(2 * one, abs=1e-3)
    total = aggregate_table(LINKED, found.rows, 10).to_pylist()[0]
    assert (total["length"], total["attributes"]) == (0, "{}")
    assert total["count"] == pytest.approx(found.total_rows()[0], abs=0.01)
    assert total["standard_error"] == pytest.approx(found.total_rows()[1], abs=1e-3)
