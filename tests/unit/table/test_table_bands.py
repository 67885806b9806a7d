"""Bands: edges, labels, and what happens to values outside."""

import json
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.foundation.errors import UserError
from ctdc.table.bands import Bands, days_of, iso_date, parse_bands


def labels(spec: Any, kind: str = "integer") -> list[str]:
    return list(parse_bands(spec, kind, "x", "schema.json").labels)


def days(*texts: str) -> np.ndarray:
    return np.array([days_of(date.fromisoformat(text)) for text in texts], float)


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        ("integer", [0, 18, 30], ["0--17", "18--29"]),
        ("integer", [0, 1, 5], ["0", "1--4"]),
        ("integer", {"edges": [18, 65], "outside": "open"}, ["<18", "18--64", "65+"]),
        ("integer", {"edges": [0, 18], "above": "open"}, ["0--17", "18+"]),
        ("integer", {"edges": [18], "outside": "open"}, ["<18", "18+"]),
        ("integer", {"edges": [0, 18, 65], "labels": ["minor", "adult"]}, ["minor", "adult"]),
        ("number", {"edges": [0, 0.5, 1], "below": "open"}, ["<0", "0--<0.5", "0.5--<1"]),
        ("date", {"by": "year", "from": 2019, "to": "2021"}, ["2019", "2020", "2021"]),
        ("date", {"by": "quarter", "from": "2019-Q4", "to": "2020-Q1"}, ["2019-Q4", "2020-Q1"]),
        ("date", {"by": "month", "from": "2019-12", "to": "2020-01"}, ["2019-12", "2020-01"]),
        ("date", {"by": "quarter", "from": "2019-11-30", "to": "2020-03-31"}, ["2019-Q4", "2020-Q1"]),
        ("date", {"by": "year", "from": "2020", "to": "2020", "outside": "open"}, ["<2020", "2020", ">2020"]),
        ("date", {"edges": ["2020-01-01", "2020-03-01"], "above": "open"}, ["2020-01-01--2020-02-29", ">=2020-03-01"]),
    ],
)
def test_labels_say_what_a_band_holds(kind: str, spec: Any, expected: list[str]) -> None:
    assert labels(spec, kind) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("error", [-1, 1, 1, 2, 2, -1]), ("empty", [0, 1, 1, 2, 2, 0]), ("open", [1, 2, 2, 3, 3, 4])],
)
def test_a_band_runs_from_its_edge_up_to_but_without_the_next(rule: str, expected: list[int]) -> None:
    bands = parse_bands({"edges": [0, 10, 20], "outside": rule}, "number", "x", "")
    assert bands.positions(np.array([-0.001, 0, 9.999, 10, 19.5, 20])).tolist() == expected


def test_what_is_no_number_is_in_no_band_not_even_an_open_one() -> None:
    bands = parse_bands({"edges": [0, 10], "outside": "open"}, "number", "x", "")
    assert bands.positions(np.array([np.nan, np.inf, -np.inf])).tolist() == [-1, 3, 1]


def test_periods_begin_on_their_first_day_and_end_on_their_last() -> None:
    bands = parse_bands({"by": "quarter", "from": "2019-Q4", "to": "2020-Q1", "below": "empty"}, "date", "x", "")
    found = bands.positions(days("2019-09-30", "2019-10-01", "2019-12-31", "2020-01-01", "2020-03-31", "2020-04-01"))
    assert found.tolist() == [0, 1, 1, 2, 2, -1]


@pytest.mark.slow
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=9, unique=True), st.integers(-1100, 1100))
def test_open_bands_hold_every_number_exactly_once(edges: list[int], value: int) -> None:
    edges = sorted(edges)
    bands = parse_bands({"edges": edges, "outside": "open"}, "integer", "x", "")
    place = int(bands.positions(np.array([float(value)]))[0])
    assert place == 1 + sum(edge <= value for edge in edges)
    assert len(bands.labels) == len(edges) + 1


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("integer", 3),
        ("integer", []),
        ("integer", [1]),
        ("integer", [2, 1]),
        ("integer", [1, 1]),
        ("integer", [1, 2.5]),
        ("integer", [True, 2]),
        ("integer", [0, 2**53 + 1]),
        ("number", [0, 10**400]),
        ("number", ["1", "2"]),
        ("number", [1, float("inf")]),
        ("number", {"edges": [1, 2], "outside": "drop"}),
        ("number", {"edges": [1, 2], "labels": ["a", "b"]}),
        ("number", {"edges": [1, 2], "labels": "a"}),
        ("number", {"edges": [1, 2], "labels": [1]}),
        ("number", {"edges": [1, 2], "by": "year"}),
        ("number", "year"),
        ("date", "year"),
        ("date", {"by": "week", "from": "2020", "to": "2021"}),
        ("date", {"by": ["year"], "from": "2020", "to": "2021"}),
        ("date", {"by": "year", "from": "2021", "to": "2020"}),
        ("date", {"by": "quarter", "from": "2020-Q0", "to": "2020-Q1"}),
        ("date", {"by": "quarter", "from": "2020-Q5", "to": "2021-Q1"}),
        ("date", {"by": "month", "from": "2020-13", "to": "2021-01"}),
        ("date", {"by": "month", "from": "0001-01", "to": "2021-01"}),
        ("date", {"by": "year", "from": "0000", "to": "0001"}),
        ("date", {"by": "year", "from": "9999", "to": "9999"}),
        ("date", {"edges": ["2020-01-01", "2020-02-30"]}),
        ("date", {"edges": "2020-01-01"}),
        ("date", {}),
    ],
    ids=json.dumps,
)
def test_what_declares_no_bands_names_the_field(kind: str, spec: Any) -> None:
    with pytest.raises(UserError) as caught:
        parse_bands(spec, kind, "day", "schema.json")
    assert caught.value.detail.code == "schema.bands"
    assert "'day'" in caught.value.detail.what
    assert caught.value.detail.where == "schema.json"


def test_labels_that_do_not_fit_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="one label per band"):
        Bands((0.0, 1.0), ("a", "b"))


@pytest.mark.parametrize("text", ["2020-1-1", "20200101", "2020-02-30", "", "2020-01-01T00:00"])
def test_what_is_no_plain_iso_date(text: str) -> None:
    assert iso_date(text) is None
