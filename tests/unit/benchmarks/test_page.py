"""The page on benchmarks and its plots are what the stored results give."""

from __future__ import annotations

import json

from benchmarks import page, report
from benchmarks.errors import SIZE_NAMES
from benchmarks.paths import PAGE, PICTURES, RESULTS
from click.testing import CliRunner


def test_the_page_is_what_the_results_give():
    assert PAGE.read_text(encoding="utf-8") == page.page_text(), "run 'python -m benchmarks.page'"


def test_the_page_of_all_results_is_what_the_results_give():
    assert (RESULTS / "README.md").read_text(encoding="utf-8") == report.page(RESULTS), (
        "run 'python -m benchmarks.page'"
    )


def test_the_plots_are_what_the_results_give_and_no_other_is_there():
    drawn = dict(page.pictures())
    stored = {path.name: path.read_text(encoding="utf-8") for path in PICTURES.glob("*.svg")}
    assert stored == drawn, "run 'python -m benchmarks.page'"


SIZES = {name: {"combinations": 0} for name in SIZE_NAMES}


def cost(seconds: float) -> dict:
    return {"cpu_seconds": seconds, "wall_seconds": seconds, "peak_bytes": 1_000_000, "load_before": 0.0}


def results(tmp_path) -> None:
    machine = {"processor": "p", "cores": 2, "memory_gb": 8, "system": "s", "python": "3", "versions": {"ctdc": "0"}}
    head = {"title": "t", "delta": 1e-6, "length": 3, "run": "r", "measured_at": "m", "commit": "c", "modified": False}
    orders = {
        str(order): {"tvd": 0.01 * order, "mae": 5.0, "fabricated_mass": 0.1, "by_size": SIZES}
        for order in (1, 2, 3, 4)
    }
    entry = head | {
        "method": "ctdc",
        "epsilon": 12.0,
        "status": "done",
        "cost": cost(9),
        "records": {"rows": 9, "orders": orders},
    }
    stopped = head | {
        "method": "aim",
        "epsilon": 12.0,
        "status": "stopped",
        "reason": "at the limit",
        "cost": cost(3600),
    }
    document = {"data": "Some table", "machine": machine, "results": [entry, stopped]}
    (tmp_path / "some.json").write_text(json.dumps(document), encoding="utf-8")
    points = [
        {"kind": "rows", "rows": rows, "variables": 27, "workload": "w", "status": "done", "cost": cost(rows / 1e4)}
        for rows in (100_000, 1_000_000)
    ]
    wide = {"kind": "variables", "rows": 9, "variables": 63, "workload": "pairs", "status": "failed", "reason": "why"}
    settings = {"epsilon": 2.0, "delta": 1e-8, "data": "simulated"}
    document = {"machine": machine, "settings": settings, "growth": [*points, wide | {"cost": cost(1)}]}
    (tmp_path / "growth.json").write_text(json.dumps(document), encoding="utf-8")


def test_the_page_shows_tables_growth_and_what_failed(tmp_path):
    results(tmp_path)
    out = tmp_path / "plots"
    out.mkdir()
    (out / "old.svg").write_text("no longer drawn")
    words = ["--results", str(tmp_path), "--page", str(tmp_path / "page.md"), "--plots", str(out)]
    done = CliRunner().invoke(page.main, words)
    assert done.exit_code == 0, done.output
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "### Some table" in text
    assert "t, at the limit | > 3,600.0 |" in text
    assert "| 1,000,000 | 27 | w | 100.0 | 100.0 | 1 | 100 |  |" in text
    assert "failed why" in text
    assert "From 100,000 to 1,000,000 rows the cost of a row does not grow." in text
    drawn = {path.name for path in out.iterdir()}
    expected = {"some-accuracy-epsilon-12.svg", "some-cpu.svg", "some-memory.svg"}
    assert drawn == expected | {"growth-rows-time.svg", "growth-rows-memory.svg"}
    assert all(f"images/benchmarks/{name})" in text for name in drawn)


def test_a_page_without_results_says_so(tmp_path):
    text = page.page_text(tmp_path)
    assert "Not measured yet." in text
    assert "not measured" in text
