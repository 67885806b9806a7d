"""Bars are met or not by the figures alone; what is worse than every column alone fails the run."""

from __future__ import annotations

import json

import pytest
from benchmarks import report, run
from benchmarks.bars import Bar, bars_table, line, read_bars
from benchmarks.floor import worse_than_alone
from click.testing import CliRunner


def entry(method: str, epsilon: float = 12.0, cpu: float = 10.0, run_id: str = "r", tvd=(0.1, 0.2, 0.3)) -> dict:
    orders = {str(order): {"tvd": value, "mae": 100 * value} for order, value in enumerate(tvd, start=1)}
    head = {"method": method, "title": method, "epsilon": epsilon, "delta": 1e-6, "length": 3, "status": "done"}
    return head | {"run": run_id, "cost": {"cpu_seconds": cpu}, "records": {"rows": 9, "orders": orders}}


CPU = Bar("cpu", 12, "number", "?", (25,), (10,), ("cost.cpu_seconds",))
TVD = Bar("tvd", 12, "distance", "?", (0.1, 0.2), (0.05, 0.1), ("records.orders.1.tvd", "records.orders.2.tvd"))
RATIO = Bar("ratio", 12, "times", "?", (2,), (5,), against="mst", better="higher")


@pytest.mark.parametrize(("cpu", "met"), [(25.01, "no"), (25.0, "yes"), (10.1, "yes"), (10.0, "moonshot")])
def test_a_figure_that_equals_the_bar_meets_it(cpu, met):
    assert line([entry("ctdc", cpu=cpu)], CPU)[-1] == met


def test_every_figure_of_a_bar_counts():
    assert line([entry("ctdc", tvd=(0.1, 0.2))], TVD)[-2:] == [".10000 / .20000", "yes"]
    assert line([entry("ctdc", tvd=(0.01, 0.3))], TVD)[-1] == "no"
    assert line([entry("ctdc", tvd=(0.01,))], TVD)[-2:] == ["not measured", "no"]


def test_a_ratio_is_better_when_higher_and_tells_of_different_runs():
    ours = entry("ctdc", cpu=10)
    assert line([ours, entry("mst", cpu=19)], RATIO)[-2:] == ["1.9 x", "no"]
    assert line([ours, entry("mst", cpu=20)], RATIO)[-1] == "yes"
    assert line([ours, entry("mst", cpu=50, run_id="other")], RATIO)[-2:] == ["5 x (of different runs)", "moonshot"]
    assert line([ours], RATIO)[-2:] == ["not measured", "no"]


def test_a_peer_is_shown_beside_ours():
    beside = Bar(
        "mae", 1, "number", "?", (9,), (1,), ("records.orders.1.mae",), beside={"method": "mst", "epsilon": 12}
    )
    entries = [entry("ctdc", epsilon=1, tvd=(0.08,)), entry("mst", tvd=(0.5,))]
    assert line(entries, beside)[-2:] == ["8.0 (MST: 50.0)", "yes"]


def test_a_bar_needs_a_figure_for_each_value():
    with pytest.raises(ValueError, match="one bar and one moonshot"):
        Bar("b", 12, "number", "?", (1, 2), (1,), ("cost.cpu_seconds",))


def test_the_bars_of_the_project_can_be_read_and_name_what_results_have():
    table, bars = read_bars()
    assert table == "real-2021-as-2024"
    assert len(bars) >= 9
    for bar in bars:
        better = [wish < wanted for wish, wanted in zip(bar.moonshot, bar.bar, strict=True)]
        assert all(better) == (bar.better == "lower"), f"{bar.text}: a moonshot is beyond its bar"
    assert "not measured" in bars_table({})


def test_worse_than_every_column_alone_is_told_for_each_order():
    floor = entry("alone", tvd=(0.1, 0.2, 0.3, 0.4))
    assert worse_than_alone([entry("ctdc", tvd=(0.1, 0.2, 0.3, 0.9)), floor]) == []
    (sentence,) = worse_than_alone([entry("ctdc", tvd=(0.1, 0.2001, 0.3)), floor])
    assert "2-way tables at epsilon 12" in sentence
    assert "0.20010 against 0.20000" in sentence


def test_only_the_same_settings_are_compared():
    assert worse_than_alone([entry("ctdc", epsilon=1, tvd=(0.9,)), entry("alone", epsilon=12, tvd=(0.1,))]) == []


def test_the_page_says_whether_the_floor_is_kept_and_nothing_without_it():
    assert report.floor_line([entry("ctdc")]) == ""
    assert report.floor_line([entry("ctdc"), entry("alone")]).startswith("On no order")
    assert report.floor_line([entry("ctdc", tvd=(0.2,)), entry("alone")]).startswith("**Failed.**")


def test_one_line_sets_the_small_epsilon_beside_the_large_one_of_mst():
    entries = [
        entry("ctdc", epsilon=1, tvd=(0, 0.24, 0.18)),
        entry("mst", tvd=(0, 1.65, 1.05)),
        entry("mst", epsilon=1),
    ]
    assert "ctdc at epsilon 1 24.0 and 18.0, MST at epsilon 12 165 and 105" in report.across(entries)
    assert report.across(entries[:1]) == ""


@pytest.mark.parametrize(("distance", "code"), [(0.05, 0), (0.2, 1)])
def test_the_command_fails_when_the_engine_is_worse_than_the_floor(tmp_path, monkeypatch, distance, code):
    (tmp_path / "t.csv").write_text("a,b\nx,y\n")
    (tmp_path / "t.schema.json").write_text('{"fields": []}')

    def measured(method, table, truth, settings, plan):
        made = entry(method.name, epsilon=settings.epsilon, tvd=(distance if method.name == "ctdc" else 0.1,))
        more = {"measured_at": "now", "commit": "c", "modified": False}
        cost = {"cpu_seconds": 1.0, "wall_seconds": 1.0, "peak_bytes": 1, "load_before": 0.0}
        return made | more | {"cost": cost}

    monkeypatch.setattr(run, "evaluate", measured)
    monkeypatch.setattr(run, "warm_up", lambda table, settings: None)
    words = ["--input", str(tmp_path / "t.csv"), "--schema", str(tmp_path / "t.schema.json"), "--epsilon", "1"]
    done = CliRunner().invoke(run.main, [*words, "--out", str(tmp_path / "out"), "--only", "ctdc", "--only", "alone"])
    assert done.exit_code == code, done.output
    assert ("worse than every column alone on 1-way" in done.output) == bool(code)
    assert json.loads((tmp_path / "out" / "t.json").read_text())["results"][0]["method"] == "ctdc"


def test_a_slow_peer_is_left_out_of_a_large_table_unless_it_is_asked_for():
    assert "aim" in [method.name for method in run.choose((), 20_000)]
    assert "aim" not in [method.name for method in run.choose((), 193_025)]
    assert [method.name for method in run.choose(("aim",), 193_025)] == ["aim"]
