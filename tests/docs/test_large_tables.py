"""The page on large tables says what is stored, and calculates as it says; the how-to's refusals are the code's."""

import json

import pytest
from benchmarks.engines import store
from benchmarks.engines_page import PAGE, Line, about, in_words, line_of, page_text, pays_from, seconds, stored


def test_page_is_made_from_what_is_stored() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(*stored()), "write it anew: python -m benchmarks.engines_page"


def entry(engine: str, rows: int, cpu: float, status: str = "done") -> dict:
    return {"engine": engine, "rows": rows, "status": status, "cost": {"cpu_seconds": cpu}}


def test_a_line_goes_through_the_smallest_and_the_largest_run() -> None:
    entries = [entry("spark", 100, 30.0), entry("spark", 10, 12.0), entry("spark", 50, 99.0), entry("memory", 1, 1.0)]
    assert line_of(entries, "spark") == Line(10.0, 0.2)
    with pytest.raises(ValueError, match="fewer than two"):
        line_of([*entries, entry("memory", 9, 1.0, "stopped")], "memory")


def test_more_machines_pay_from_where_both_take_as_long() -> None:
    memory, spark = Line(5.0, 2e-6), Line(45.0, 6e-6)
    assert pays_from(memory, spark, cores=2, machines=1) is None
    rows = pays_from(memory, spark, cores=2, machines=10)
    assert rows is not None
    assert seconds(memory, round(rows), 2) == pytest.approx(seconds(spark, round(rows), 2, 10))
    assert [in_words(one) for one in (12.4, 600, 7200)] == ["12 s", "10 min", "2.0 h"]
    assert [about(one) for one in (54_594_382.0, 0.0, None)] == ["55,000,000", "0", ""]


def test_a_run_takes_the_place_of_the_one_before(tmp_path) -> None:
    path = tmp_path / "engines.json"
    for cpu in (1.0, 2.0):
        store(entry("memory", 10, cpu), path)
    store(entry("spark", 10, 3.0), path)
    assert [one["cost"]["cpu_seconds"] for one in json.loads(path.read_text())["engines"]] == [2.0, 3.0]
