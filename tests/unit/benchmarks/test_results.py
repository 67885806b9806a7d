"""Results are merged entry by entry and shown with where, when and together with what they were measured."""

from __future__ import annotations

import dataclasses
import json

import polars as pl
import pytest
from benchmarks import methods, report, run
from benchmarks.data import given_table
from benchmarks.measure import Measured
from benchmarks.methods import METHODS, Settings


def entry(method: str, epsilon: float = 12.0, run_id: str = "2026-01-01T00:00:00Z", **more) -> dict:
    cost = {"cpu_seconds": 10.0, "wall_seconds": 9.0, "peak_bytes": 5_000_000, "load_before": 0.5, "limit_seconds": 60}
    plain = {"method": method, "title": method, "epsilon": epsilon, "delta": 1e-6, "length": 3, "run": run_id}
    return plain | {"measured_at": run_id, "commit": "abc", "modified": False, "status": "done", "cost": cost} | more


def test_a_new_entry_takes_the_place_of_the_old_one():
    old = [entry("mst", run_id="old"), entry("alone", run_id="old"), entry("mst", epsilon=1.0, run_id="old")]
    merged = run.merge(old, [entry("mst", run_id="new"), entry("ctdc", run_id="new")])
    seen = [(each["method"], each["epsilon"], each["run"]) for each in merged]
    assert seen == [("ctdc", 12, "new"), ("alone", 12, "old"), ("mst", 12, "new"), ("mst", 1, "old")]


def test_the_page_shows_runs_ratios_and_what_could_not_be_measured(tmp_path):
    stopped = entry("pac-synth", run_id="2025-12-31T00:00:00Z", status="stopped", reason="stopped at the limit of 60 s")
    slower = entry("mst")
    slower["cost"] = slower["cost"] | {"cpu_seconds": 40.0}
    missing = {name: value for name, value in entry("alone").items() if name != "cost"} | {
        "status": "unavailable",
        "reason": "no wheel",
    }
    machine = {"processor": "p", "cores": 2, "memory_gb": 8, "system": "s", "python": "3", "versions": {"ctdc": "0"}}
    document = {"data": "T", "machine": machine, "results": [entry("ctdc"), missing, slower, stopped]}
    (tmp_path / "t.json").write_text(json.dumps(document), encoding="utf-8")
    lines = report.page(tmp_path).splitlines()
    rows = {line.split(" | ")[0].strip("| "): line for line in lines if line.startswith("| ")}
    assert "4 x" in rows["mst"]
    assert rows["mst"].endswith("| B |")
    assert rows["pac-synth"].endswith("| A |")
    assert "> 10.0" in rows["pac-synth"]
    assert "(other run)" in rows["pac-synth"]
    assert "unavailable: no wheel" in rows["alone"]


@pytest.fixture
def table(tmp_path):
    draw = pl.DataFrame({"a": ["x", "y", None] * 400, "b": ["1", None] * 600, "c": ["p"] * 700 + [None] * 500})
    draw.write_csv(tmp_path / "t.csv")
    fields = [
        {"name": name, "constraints": {"enum": codes}}
        for name, codes in (("a", ["x", "y", "z"]), ("b", ["1"]), ("c", ["p", "q"]))
    ]
    (tmp_path / "t.schema.json").write_text(json.dumps({"fields": fields}), encoding="utf-8")
    return given_table(tmp_path / "t.csv", tmp_path / "t.schema.json")


@pytest.mark.slow
def test_the_floor_is_measured_from_file_to_errors(table):
    alone = next(method for method in METHODS if method.name == "alone")
    plan = run.Plan(limit=120, slow_limit=120, slow_peers=False, run="r")
    result = run.evaluate(alone, table, table.frame(), Settings(20.0, 1e-6, 2), plan)
    assert result["status"] == "done", result
    assert abs(result["records"]["rows"] - 1200) < 20
    assert set(result["records"]["orders"]) == {"1", "2", "3"}
    assert result["records"]["orders"]["1"]["tvd"] < 0.02
    assert set(result["phases"]) == {"read", "fit", "sample", "write records"}


def test_an_output_is_kept_under_what_made_it(table, tmp_path):
    alone = next(method for method in METHODS if method.name == "alone")
    settings = Settings(1.0, 1e-6, 3)
    key = alone.key(table, settings)
    assert key == alone.key(table, Settings(1.0, 1e-6, 3))
    assert key != alone.key(table, Settings(2.0, 1e-6, 3))
    table.csv.write_text(table.csv.read_text() + "x,,\n")
    assert key != alone.key(table, settings)


def test_the_engine_is_started_through_its_command_line(table, tmp_path):
    command = methods.engine_command(table, Settings(1.0, 5.8e-6, 3), tmp_path)
    assert command[3:5] == ["protect", str(table.csv)]
    assert command[command.index("--delta") + 1] == "5.8e-06"


def test_a_slow_peer_is_measured_again_only_when_asked_for_or_given_more_time(table, tmp_path, monkeypatch):
    peer = next(method for method in METHODS if method.name == "aim")
    monkeypatch.setattr(run, "CACHE", tmp_path / "cache")
    status, measured = "done", []

    def measure(method, table, settings, folder, plan):
        measured.append(method.name)
        return {"status": status, "cost": {"limit_seconds": method.limit}}

    monkeypatch.setattr(run, "measure", measure)
    plan = run.Plan(limit=1, slow_limit=9e9, slow_peers=True, run="r")
    for _ in range(2):
        run.kept(peer, table, Settings(1.0, 1e-6, 2), plan)
    assert len(measured) == 1
    run.kept(peer, table, Settings(1.0, 1e-6, 2), run.Plan(1, 9e9, True, "r", fresh=("aim",)))
    assert len(measured) == 2
    status = "stopped"
    for _ in range(2):
        run.kept(peer, table, Settings(2.0, 1e-6, 2), plan)
    assert len(measured) == 3, "its own limit was used up, so there is no more time to give"


def test_a_stopped_script_tells_how_far_it_came(table, tmp_path, monkeypatch):
    def stopped(command, *, limit_seconds, log, environment):
        (log.parent / "result.json").write_text(json.dumps({"progress": "round 3"}))
        return Measured("stopped", -9, 3600.0, 9.0, 1, limit_seconds, 0.0, 0.0)

    monkeypatch.setattr(methods.Method, "command", lambda *_: ["aim"])
    monkeypatch.setattr(run, "run_measured", stopped)
    peer = next(method for method in METHODS if method.name == "aim")
    plan = run.Plan(limit=1, slow_limit=2, slow_peers=False, run="r")
    account = run.measure(peer, table, Settings(1.0, 1e-6, 2), tmp_path, plan)
    assert account["reason"] == "stopped at the limit of 3,600 s (round 3)", "its own limit, not the run's"


def test_what_a_peer_shares_is_part_of_its_name_in_the_cache():
    peer = next(method for method in METHODS if method.name == "aim")
    assert peer.fingerprint() != dataclasses.replace(peer, shared=()).fingerprint()
