"""Runs as the ledger knows them: which charges are whose, what is lost, what can go on, what may begin."""

import json
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "support"))

from bench import ASKED, CHOSEN, WORDS, declared, project_with

from ctdc.foundation.errors import Refused, UserError
from ctdc.hub.workbench import jobs, runs
from ctdc.hub.workbench.jobs import State
from ctdc.hub.workbench.project import write_json
from ctdc.hub.workbench.runs import account, all_runs, begin, forget_raw, go_on, slug, tidy
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Cost, Guarantee

WHEN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A declared project; no child begins, but its job is there."""

    def begun(folder, kind, project, asked):
        write_json(folder / jobs.JOB, {"kind": kind, "project": str(project), "asked": dict(asked)})

    monkeypatch.setattr(jobs, "start", begun)
    made = project_with(tmp_path / "p")
    declared(made)
    return made


def charged(project, rho: float = 0.1):
    return ledger.charge(project.ledger, "default", Cost(rho, 2 * rho), {"epsilon": 2.0}, WHEN)


def test_every_charge_is_that_of_the_run_in_which_it_was_made(project):
    begin(project, CHOSEN, {**ASKED, **WORDS})
    first = charged(project)
    ledger.finish(project.ledger, first.hash, "0" * 64, WHEN)
    begin(project, CHOSEN, {**ASKED, **WORDS})
    begin(project, CHOSEN, {**ASKED, **WORDS})
    charged(project, 0.2)
    charged(project, 0.2)
    one, two, three = all_runs(project)
    assert [run.charge.count for run in (one, two, three)] == [1, 0, 2]
    assert (one.charge.ended, three.charge.ended) == (True, False)
    assert one.charge.cost.rho == pytest.approx(0.1, abs=1e-8)
    assert account(project, 1e-6).charges == 3
    assert two.charge.epsilon(1e-6) == 0.0


def test_what_was_paid_for_is_lost_unless_it_lies_in_the_run(project):
    number = begin(project, CHOSEN, {**ASKED, **WORDS})
    charged(project)
    (run,) = all_runs(project)
    assert (number, run.state.state, run.charge.kept, run.can_go_on) == (1, "killed", False, True)
    measured = run.folder / ".protected.measured"
    measured.mkdir()
    (measured / "paid.json").write_text("{}")
    assert all_runs(project)[0].charge.kept


def test_a_beginning_that_was_cut_off_is_a_run_that_was_killed(project):
    begin(project, CHOSEN, {**ASKED, **WORDS})
    (run,) = all_runs(project)
    (run.folder / jobs.JOB).unlink()
    assert all_runs(project)[0].state.state == "killed"
    (run.folder / "run.json").unlink()
    assert all_runs(project) == ()
    assert begin(project, CHOSEN, {**ASKED, **WORDS}) == 1, "its place is taken"


def test_one_run_at_a_time(project, monkeypatch):
    begin(project, CHOSEN, {**ASKED, **WORDS})
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "state_of", lambda folder: State("running"))
        for act in (lambda: begin(project, CHOSEN, {**ASKED, **WORDS}), lambda: go_on(project, all_runs(project)[0])):
            with pytest.raises(Refused):
                act()
        with pytest.raises(Refused):
            forget_raw(project)
    begin(project, CHOSEN, {**ASKED, **WORDS})
    older, newer = all_runs(project)
    with pytest.raises(Refused):
        go_on(project, older)
    go_on(project, newer)


def test_a_table_that_does_not_fit_begins_no_run(project):
    from dataclasses import replace

    wrong = [replace(one, codes=("North",)) if one.name == "district" else one for one in CHOSEN]
    with pytest.raises(UserError) as caught:
        begin(project, wrong, {**ASKED, **WORDS})
    assert caught.value.detail.code == "workbench.unfit"
    assert all_runs(project) == ()


def test_what_a_run_is_asked_is_frozen(project):
    begin(project, CHOSEN, {**ASKED, **WORDS})
    stored = json.loads((project.runs / "001" / "run.json").read_text())
    assert stored["asked"]["name"] == "repair-caf-run-1"
    assert stored["ledger_lines"] == 0
    assert (project.runs / "001" / "private" / "table.parquet").stat().st_mode & 0o077 == 0


def test_the_account_tells_what_is_left_of_a_limit(project):
    ledger.set_budget(project.ledger, "default", Guarantee(4.0, 1e-6), WHEN)
    before = account(project, 1e-6)
    assert (before.spent, before.limit) == (0.0, 4.0)
    charged(project)
    after = account(project, 1e-6)
    assert 1.9 < after.spent < 2.1
    assert 2 < after.left < 4


def test_raw_data_are_removed_and_the_ledger_stays(project):
    begin(project, CHOSEN, {**ASKED, **WORDS})
    charged(project)
    forget_raw(project)
    assert not project.input.exists()
    assert not project.choices.exists()
    (run,) = all_runs(project)
    assert (run.charge.count, run.can_go_on) == (1, False)


def cut_off(project):
    """A beginning that was killed once it had written its table, and before it was a run."""
    begin(project, CHOSEN, {**ASKED, **WORDS})
    (project.runs / "001" / "run.json").unlink()
    (project.runs / "001" / jobs.JOB).unlink()
    assert (project.runs / "001" / "private" / "table.parquet").is_file()


@pytest.mark.parametrize("clear", [forget_raw, tidy])
def test_the_table_of_a_beginning_that_was_cut_off_is_removed(project, clear):
    cut_off(project)
    clear(project)
    assert not list(project.runs.rglob("*.parquet"))


def test_tidying_leaves_the_table_of_a_run(project):
    begin(project, CHOSEN, {**ASKED, **WORDS})
    tidy(project)
    assert all_runs(project)[0].can_go_on


def test_raw_data_are_not_removed_while_a_run_begins(project, monkeypatch):
    write, began, refused = runs.write_prepared, threading.Event(), []
    monkeypatch.setattr(jobs, "state_of", lambda folder: State("running" if folder.name == "001" else "none"))

    def forget():
        began.wait(5)
        try:
            forget_raw(project)
        except Refused as error:
            refused.append(error.detail.code)

    def slowly(*given):
        began.set()
        other.join(0.05)  # time enough to remove the raw data, if nothing held it back
        write(*given)

    monkeypatch.setattr(runs, "write_prepared", slowly)
    other = threading.Thread(target=forget)
    other.start()
    begin(project, CHOSEN, {**ASKED, **WORDS})
    other.join(5)
    assert refused == ["workbench.busy"]
    assert project.table.is_file()


@pytest.mark.parametrize(
    ("title", "made"), [("Visits 2026!", "visits-2026"), ("مقهى", "table"), ("-", "table"), ("a" * 99, "a" * 40)]
)
def test_a_title_in_any_script_becomes_a_name(title, made):
    assert slug(title) == made
