"""Years, cohorts and cut-off payments as a person types them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from tests.support.engine import small_schema, some_people

from ctdc.cli.main import main
from ctdc.foundation.hashing import hash_file
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.cohorts import combine, read_cohorts
from ctdc.privacy.stored import read_measurements

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SCHEMA = small_schema((3, 2, 4))
Capture = pytest.CaptureFixture[str]


def ctdc_says(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one call."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    output = capsys.readouterr()
    return int(caught.value.code or 0), output.out, output.err


def write_people(path: Path, rows: int, seed: int) -> None:
    table = some_people(SCHEMA.sizes, rows, seed).to_arrow()
    pa_csv.write_csv(table.cast(pa.schema([(name, pa.string()) for name in SCHEMA.names])), path)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the new people of three years and their schema, to work in, in 2026."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780000000")
    for number, year in enumerate((2024, 2025, 2026), start=1):
        write_people(tmp_path / f"{year}.csv", 100 * number, year)
    Path("schema.json").write_text(json.dumps(SCHEMA.to_table_schema()))
    return tmp_path


def protect(year: int, *folders: str, epsilon: float = 2.0) -> list[object]:
    """The arguments that protect the new people of a year and add earlier cohorts."""
    added = [text for folder in folders for text in ("--add-cohorts", folder)]
    return ["protect", f"{year}.csv", "--schema", "schema.json", "--epsilon", epsilon, "--out", f"out{year}",
            "--cohort", year, *added]  # fmt: skip


def statement(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "privacy.json").read_text())
    return found


def kinds(folder: Path) -> list[str]:
    return [line.event["kind"] for line in ledger.read(folder / "ledger.jsonl")]


# ---- cohorts --------------------------------------------------------------------------------------------------------


def test_three_years_of_cohorts_each_person_paying_once(here: Path, capsys: Capture) -> None:
    budget = ["ledger", "budget", "ledger.jsonl", "--population", "default", "--epsilon", 4]
    assert ctdc_says(capsys, *budget)[0] == 0
    assert ctdc_says(capsys, *protect(2024))[0] == 0
    assert ctdc_says(capsys, *protect(2025, "out2024", epsilon=4.0))[0] == 0
    code, out, err = ctdc_says(capsys, *protect(2026, "out2025", "out2024"))
    assert code == 0, err
    assert "2024 (epsilon 2), 2025 (epsilon 4), 2026 (epsilon 2)" in out
    assert "you declare it" in out
    assert "Protected: epsilon 2, delta 1e-06" in out
    assert "epsilon 4 holds for all" in out
    facts = statement(here / "out2026")
    assert [cohort["name"] for cohort in facts["cohorts"]] == ["2024", "2025", "2026"]
    assert [cohort["population"] for cohort in facts["cohorts"]] == ["default/2024", "default/2025", "default/2026"]
    assert facts["epsilon"] == 4
    assert facts["certified_epsilon"] <= 4
    assert abs(facts["total"]["count"] - 600) < 8 * facts["total"]["standard_error"]
    assert facts["total"]["standard_error"] > statement(here / "out2024")["total"]["standard_error"]
    assert kinds(here) == ["budget", "charge", "done", "charge", "done", "charge", "done"]


def test_everything_published_follows_from_the_cohorts_that_are_kept(here: Path, capsys: Capture) -> None:
    assert ctdc_says(capsys, *protect(2024))[0] == 0
    assert ctdc_says(capsys, *protect(2025, "out2024"))[0] == 0
    cohorts = read_cohorts(here / "out2025", SCHEMA)
    summed, published = (
        combine([cohort.measurements for cohort in cohorts]),
        read_measurements(here / "out2025" / "measurements.parquet", SCHEMA),
    )
    assert all((summed.values[key] == published.values[key]).all() for key in summed.values)
    assert summed.plan == published.plan
    old = here / "out2024" / "measurements.parquet"
    assert hash_file(here / "out2025" / "cohorts" / "2024.parquet") == hash_file(old)
    done = [line.event["measurements"] for line in ledger.read(here / "ledger.jsonl") if line.event["kind"] == "done"]
    assert done == [cohort["measurements_sha256"] for cohort in statement(here / "out2025")["cohorts"]]


def test_a_release_made_without_cohorts_can_be_added(here: Path, capsys: Capture) -> None:
    first = ["protect", "2024.csv", "--schema", "schema.json", "--epsilon", 2, "--out", "out2024"]
    assert ctdc_says(capsys, *first, "--population", "before")[0] == 0
    assert ctdc_says(capsys, *protect(2025, "out2024"))[0] == 0
    assert [cohort["name"] for cohort in statement(here / "out2025")["cohorts"]] == ["before", "2025"]


def test_a_cohort_is_measured_anew_and_its_people_pay_again(here: Path, capsys: Capture) -> None:
    assert ctdc_says(capsys, *protect(2024))[0] == 0
    assert ctdc_says(capsys, *protect(2025, "out2024"))[0] == 0
    write_people(here / "2024.csv", 90, 2024)
    anew = [*protect(2024, "out2025", epsilon=4.0), "--replace-cohort", "--out", "corrected"]
    code, _, err = ctdc_says(capsys, *anew)
    assert code == 0, err
    assert [(one["name"], one["epsilon"]) for one in statement(here / "corrected")["cohorts"]] == [
        ("2025", 2), ("2024", 4),
    ]  # fmt: skip
    states = json.loads(ctdc_says(capsys, "ledger", "show", "ledger.jsonl", "--json")[1])["populations"]
    assert {state["population"]: state["charges"] for state in states} == {"default/2024": 2, "default/2025": 1}
    assert states[0]["epsilon_spent"] > 4


def bad_calls() -> dict[str, tuple[list[object], str]]:
    return {
        "no name": ([*protect(2025)[:-2], "--add-cohorts", "out2024"], "cohorts.name"),
        "a name that is no file's": ([*protect(2025), "--cohort", "../2025"], "cohorts.name"),
        "the same cohort again": ([*protect(2025, "out2024"), "--cohort", "2024"], "cohorts.twice"),
        "nothing to replace": ([*protect(2025, "out2024"), "--replace-cohort"], "cohorts.unknown"),
        "no such folder": (protect(2025, "nothing"), "cohorts.folder"),
        "another length": ([*protect(2025, "out2024"), "--length", 2], "cohorts.length"),
    }


@pytest.mark.parametrize("case", bad_calls())
def test_what_cannot_be_added_is_refused_before_anything_is_paid(here: Path, capsys: Capture, case: str) -> None:
    assert ctdc_says(capsys, *protect(2024))[0] == 0
    arguments, expected = bad_calls()[case]
    code, out, _ = ctdc_says(capsys, *arguments, "--json")
    assert code == 3
    assert json.loads(out)["error"]["code"] == expected
    assert kinds(here) == ["charge", "done"]
    assert not (here / "out2025").exists()


# ---- budgets --------------------------------------------------------------------------------------------------------


def test_budgets_for_life_and_per_year_are_shown_and_kept(here: Path, capsys: Capture, monkeypatch: Any) -> None:
    for epsilon, *kind in ((5,), (3, "--per-year")):
        limit = ["budget", "ledger.jsonl", "--population", "default", "--epsilon", epsilon, *kind]
        assert ctdc_says(capsys, "ledger", *limit)[0] == 0
    again = ["protect", "2024.csv", "--schema", "schema.json", "--epsilon", 2.5, "--out"]
    assert ctdc_says(capsys, *again, "a")[0] == 0
    code, _, err = ctdc_says(capsys, *again, "b")
    assert code == 4
    assert "for the year 2026 does not allow" in err
    assert "for life" not in err
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    assert ctdc_says(capsys, *again, "b")[0] == 0
    state = json.loads(ctdc_says(capsys, "ledger", "show", "ledger.jsonl", "--json")[1])["populations"][0]
    assert state["epsilon_budget"] == 5
    assert 2.5 < state["epsilon_remaining"] < 5 - 1, "losses add up like squares, not like epsilons"
    assert [year["year"] for year in state["years"]] == [2026, 2027]
    assert {year["epsilon_budget"] for year in state["years"]} == {3}
    assert all(year["epsilon_spent"] == pytest.approx(2.5, abs=1e-3) for year in state["years"])
    text = ctdc_says(capsys, "ledger", "show", "ledger.jsonl")[1]
    assert f"budget 5, remaining {state['epsilon_remaining']:.4g}" in text
    assert "  2027: epsilon 2.5 at delta 1e-06; budget 3, remaining" in text


def test_two_names_for_the_same_people_are_declared(here: Path, capsys: Capture) -> None:
    line = ledger.set_budget(here / "ledger.jsonl", "global", Guarantee(2.5, 1e-6), ledger_moment())
    assert line.sequence == 1
    code, out, _ = ctdc_says(capsys, "ledger", "population", "ledger.jsonl", "default", "--overlaps", "global")
    assert code == 0
    assert "default: 0 charges" in out
    assert "may have people in common with global" in out
    first = ["protect", "2024.csv", "--schema", "schema.json", "--epsilon", 2, "--out"]
    assert ctdc_says(capsys, *first, "a")[0] == 0
    code, _, err = ctdc_says(capsys, *first, "b")
    assert code == 4
    assert "privacy budget of 'global'" in err


def ledger_moment() -> Any:
    from ctdc.foundation import clock

    return clock.now()


# ---- kills ----------------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
import ctdc.privacy.outputs as outputs
import ctdc.privacy.protect as module
from ctdc.cli.main import main

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

class Killing:
    publishable = True
    add = die

if sys.argv[1] == "OpenDPNoise":
    module.OpenDPNoise = Killing
else:
    home = module if hasattr(module, sys.argv[1]) else outputs
    assert hasattr(home, sys.argv[1])
    setattr(home, sys.argv[1], die)
main(sys.argv[2:])
"""
PROTECT = ["protect", "2024.csv", "--schema", "schema.json", "--epsilon", "2"]


def kill_at(point: str, folder: Path) -> None:
    """Run ``ctdc protect`` and have it killed without warning where it first calls `point`."""
    arguments = [sys.executable, "-c", KILLED, point, *PROTECT, "--out", "safe"]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, check=False, env={**os.environ})
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("point", ["measure", "OpenDPNoise", "write_measurements"])
@pytest.mark.parametrize("out", ["safe", "elsewhere"])
def test_killed_between_payment_and_result_it_is_paid_again_and_says_so_before(
    here: Path, capsys: Capture, point: str, out: str
) -> None:
    kill_at(point, here)
    assert kinds(here) == ["charge"]
    shown = ctdc_says(capsys, "ledger", "show", "ledger.jsonl")[1]
    assert "line 1, 2026-05-28T20:26:40Z, charged to 'default': spent, result lost or unfinished." in shown
    code, _, err = ctdc_says(capsys, *PROTECT, "--out", out)
    assert code == 0
    assert "charged again" in err
    assert "line 1 of 2026-05-28T20:26:40Z" in err
    assert err.index("charged again") < err.index("Measuring with noise")
    assert kinds(here) == ["charge", "charge", "done"]
    state = json.loads(ctdc_says(capsys, "ledger", "show", "ledger.jsonl", "--json")[1])["populations"][0]
    assert [charge["line"] for charge in state["unfinished"]] == [1]
    assert state["charges"] == 2


@pytest.mark.parametrize("point", ["record_end", "publish_measurements", "report_html"])
def test_killed_after_measuring_it_is_continued_without_a_payment(here: Path, capsys: Capture, point: str) -> None:
    kill_at(point, here)
    code, _, err = ctdc_says(capsys, *PROTECT, "--out", "safe")
    assert code == 0
    assert "charged again" not in err
    assert kinds(here) == ["charge", "done"]
    assert "unfinished" not in ctdc_says(capsys, "ledger", "show", "ledger.jsonl")[1]


def test_killed_before_the_payment_nothing_was_spent(here: Path, capsys: Capture) -> None:
    kill_at("_charge_details", here)
    assert not (here / "ledger.jsonl").exists()
    code, _, err = ctdc_says(capsys, *PROTECT, "--out", "safe")
    assert code == 0
    assert "charged again" not in err
    assert kinds(here) == ["charge", "done"]


def test_other_settings_are_other_work(here: Path, capsys: Capture) -> None:
    kill_at("measure", here)
    _, _, err = ctdc_says(capsys, *PROTECT[:-1], "1", "--out", "safe")
    assert "charged again" not in err


def test_the_ledger_names_the_work_by_a_key_that_lies_beside_it(here: Path, capsys: Capture) -> None:
    """A plain hash would let somebody who knows all records but one try that one."""
    assert ctdc_says(capsys, *PROTECT, "--out", "one", "--ledger", "one.jsonl")[0] == 0
    assert ctdc_says(capsys, *PROTECT, "--out", "two", "--ledger", "two.jsonl")[0] == 0
    works = {ledger.read(here / f"{name}.jsonl")[0].event["details"]["work"] for name in ("one", "two")}
    assert len(works) == 2
    assert (here / "one.jsonl.key").stat().st_mode & 0o077 == 0
