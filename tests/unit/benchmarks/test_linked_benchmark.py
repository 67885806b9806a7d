"""The benchmark of linked tables from files to distances, and what the page makes of its results."""

from __future__ import annotations

import json
import sys
import types

import pytest
from benchmarks.bars import read_linked_bars
from benchmarks.linked import alone, methods, run, section
from benchmarks.linked.cases import LINKED_NAMES, NUMBER, Files, draw_cases, write_cases
from benchmarks.linked.methods import METHODS
from benchmarks.methods import Settings
from click.testing import CliRunner

SETTINGS = Settings(20.0, 1e-6, 3)
METHOD = {method.name: method for method in METHODS}


def tvd(value: float) -> dict:
    orders = {"victims": 3, "number": 1, "perpetrators": 3, "joined": 3}
    found = {kind: {str(order): value for order in range(1, most + 1)} for kind, most in orders.items()}
    return found | {"across": {"2": value, "3": value}, "siblings": {"2": value}}


def entry(method: str, value: float = 0.1, epsilon: float = 4.0, **more) -> dict:
    cost = {"cpu_seconds": 10.0, "peak_bytes": 5_000_000}
    head = {"method": method, "title": f"title of {method}", "epsilon": epsilon, "delta": 1e-6, "length": 3}
    rows = {"victims": 9, "perpetrators": 12}
    return head | {"run": "r", "status": "done", "cost": cost, "tvd": tvd(value), "rows": rows} | more


def everybody(ours: float, others: float) -> list[dict]:
    return [entry(name, ours if name == section.ENGINE else others) for name in METHOD]


def store(folder, entries: list[dict]) -> None:
    machine = {"processor": "p", "cores": 2, "memory_gb": 8, "system": "s", "python": "3", "versions": {"ctdc": "0"}}
    document = {"data": "Some victims", "machine": machine, section.WITHOUT_NOISE: tvd(0.3), section.ENTRIES: entries}
    (folder / section.DOCUMENT).write_text(json.dumps(document), encoding="utf-8")


def test_every_line_of_the_comparison_is_measured():
    found = run.linked_errors(draw_cases(20, 1), draw_cases(20, 2))
    paths = {f"tvd.{kind}.{order}" for kind, orders in found.items() for order in orders}
    assert paths - {"tvd.number.1"} == set(section.LINES.values()) - {"tvd.number.1"}
    for bar in read_linked_bars():
        assert set(bar.values) <= paths


def test_a_line_that_is_not_better_is_named_and_equal_is_not_better():
    assert section.not_better(everybody(0.1, 0.2), section.BASELINES) == []
    ours = entry("ctdc", 0.1)
    ours["tvd"]["across"]["2"] = 0.2
    (problem,) = section.not_better([ours, entry("slots", 0.2)], section.BASELINES)
    assert "title of slots on across 2-way: 0.20000 against 0.20000" in problem
    assert section.not_better([entry("ctdc", 0.3), entry("slots", 0.2, epsilon=1)], section.BASELINES) == []
    assert section.not_better([ours, entry("alone", 0.01)], section.BASELINES) == []


def test_the_page_shows_bars_verdict_and_all_lines(tmp_path):
    store(tmp_path, everybody(0.004, 0.2))
    text = section.section(tmp_path)
    assert section.BETTER in text
    assert section.ABOVE in text
    assert ".30000 in pairs of perpetrators" in text
    assert "| across 2-way | .00400 | .20000 | .20000 | .20000 | .20000 |" in text
    assert "| TVD across victims and perpetrators, 2-way | .02000 | .00500 | .00400 | moonshot |" in text
    assert "| victims / perpetrators written | 9 / 12 |" in text
    store(tmp_path, everybody(0.3, 0.2))
    worse = section.section(tmp_path)
    assert "**Not better everywhere.**" in worse
    assert "**Not above the floor everywhere.**" in worse


def test_the_page_says_what_was_not_measured(tmp_path):
    assert "Not measured yet." in section.section(tmp_path)
    failed = {name: value for name, value in entry("slots").items() if name not in ("tvd", "rows")}
    store(tmp_path, [entry("ctdc"), failed | {"status": "failed", "reason": "out of memory"}])
    text = section.section(tmp_path)
    assert "not been compared with all others yet" in text
    assert "| remark |  | out of memory |" in text


def test_a_new_entry_takes_the_place_of_the_old_one_and_other_victims_are_dropped(tmp_path):
    cases, path = draw_cases(5, 1), tmp_path / section.DOCUMENT
    run.store(entry("alone", 0.5), cases, 1, path)
    run.store(entry("ctdc", 0.5), cases, 1, path)
    entries = run.store(entry("alone", 0.4), cases, 1, path)
    assert [(each["method"], each["tvd"]["number"]["1"]) for each in entries] == [("ctdc", 0.5), ("alone", 0.4)]
    assert json.loads(path.read_text(encoding="utf-8"))[section.ENTRIES] == entries
    assert len(run.store(entry("ctdc"), cases, 2, path)) == 1


def test_the_joined_shape_loses_whose_value_is_whose_but_not_what_it_says(tmp_path):
    lost = run.joined_without_noise(draw_cases(300, 1))
    assert set(lost["joined"].values()) == {0.0}
    assert lost["siblings"]["2"] > 0.1
    assert lost["number"]["1"] > 0.1


def test_several_runs_give_means_and_the_first_that_fails_ends_them(monkeypatch):
    answers = [entry("ctdc", 0.1), entry("ctdc", 0.3)]
    monkeypatch.setattr(run, "evaluate", lambda *_: answers.pop(0))
    found = run.repeat(METHOD["ctdc"], draw_cases(5, 1), SETTINGS, 9.0, 2)
    assert found["tvd"]["across"]["3"] == pytest.approx(0.2)
    assert [each["number"]["1"] for each in found["draws"]] == [0.1, 0.3]
    failed = {"status": "failed", "reason": "why"}
    answers = [entry("ctdc", 0.1), failed, entry("ctdc", 0.1)]
    assert run.repeat(METHOD["ctdc"], draw_cases(5, 1), SETTINGS, 9.0, 3) == failed


@pytest.mark.parametrize(("others", "code"), [(0.2, 0), (0.05, 1)])
def test_the_command_fails_when_the_engine_is_not_better_everywhere(tmp_path, monkeypatch, others, code):
    def measured(method, cases, settings, limit):
        return entry(method.name, 0.1 if method.name == section.ENGINE else others, epsilon=settings.epsilon)

    monkeypatch.setattr(run, "evaluate", measured)
    words = ["--victims", "10", "--draws", "1", "--out", str(tmp_path), "--only", "ctdc", "--only", "slots"]
    done = CliRunner().invoke(run.main, words)
    assert done.exit_code == code, done.output
    assert ("not better than title of slots" in done.output) == bool(code)
    assert len(json.loads((tmp_path / section.DOCUMENT).read_text(encoding="utf-8"))[section.ENTRIES]) == 2


def test_the_engine_is_started_through_its_command_line(tmp_path):
    files = Files.of(tmp_path)
    command = methods.linked_command(draw_cases(5, 1), files, Settings(4.0, 1e-6, 3), tmp_path)
    assert command[3:5] == ["protect", str(files.victims)]
    given = dict(zip(command[5::2], command[6::2], strict=True))
    assert given["--linked"] == str(files.perpetrators)
    assert (given["--link"], given["--max-links"], given["--number-name"]) == ("ID", "4", NUMBER)
    assert (given["--epsilon"], given["--delta"], given["--length"]) == ("4.0", "1e-06", "3")


def test_the_floor_pays_for_four_perpetrators_in_every_table_of_theirs():
    assert alone.moved() == 7 + 1 + 9 * 16


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("ctdc", marks=pytest.mark.slow),
        pytest.param("slots", marks=pytest.mark.heavy),
        pytest.param("alone", marks=pytest.mark.slow),
    ],
)
def test_a_method_is_measured_from_files_to_distances(name):
    cases = draw_cases(300, 1)
    found = run.evaluate(METHOD[name], cases, SETTINGS, 300.0)
    assert found["status"] == "done", found
    assert abs(found["rows"]["victims"] - 300) < 30
    assert abs(found["rows"]["perpetrators"] - len(cases.owner)) < 60
    assert found["tvd"]["victims"]["1"] < 0.1
    assert found["tvd"]["perpetrators"]["1"] < 0.1


class _Library(types.ModuleType):
    """Stands in for the peer's library, which is not in the project's environment."""

    Dataset = DpAggregateSeededParametersBuilder = DpAggregateSeededSynthesizer = object


def test_the_columns_that_pac_synth_made_of_joined_values_are_joined_again(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pacsynth", _Library("pacsynth"))
    from benchmarks.peer_scripts import pac_synth_joined

    files, settings = write_cases(draw_cases(60, 1), tmp_path), Settings(1.0, 1e-6, 3)
    monkeypatch.setattr(methods, "environment_python", lambda name: name)
    command = methods.pac_synth(True)(draw_cases(60, 1), files, settings, tmp_path)
    monkeypatch.setattr(sys, "argv", command[1:])
    job = pac_synth_joined.load_job()
    assert job.options["use_synthetic_counts"] is True
    header = ["gender", "IP_Gender_Male", "IP_Gender_Female", "IP_Exploiter", "IP_ageBroad_48+"]
    (record,) = pac_synth_joined.joined(job, header, [["Male", "1", "1", "1", ""]])
    found = dict(zip(job.names, record, strict=True))
    assert (found["gender"], found["IP_Gender"], found["IP_Exploiter"]) == ("Male", "Female;Male", "1")
    assert {found[name] for name in LINKED_NAMES if name not in ("IP_Gender", "IP_Exploiter")} == {""}
