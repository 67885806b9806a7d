"""The whole way on invented files: it ends in a verified release, survives being killed, and pays once."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.quick import QUICK

from ctdc.privacy import ledger
from ctdc.release.certificate.file import read_certificate
from ctdc.release.certificate.keys import make_key
from ctdc.release.verify import verify
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.slow, pytest.mark.heavy]

# Few people and single attributes only: this is about the way, not about accuracy.
DEMO = ["run", "--demo", "--cases", "400", "--length", "1"]
FREE_STEPS = ["Harmonise", "Combine", "Derive", "Build counts", "Build the release"]


def finish(out: Path, *more: str) -> tuple[dict[str, Any], str]:
    """Run to the end. The result and what was told on the way."""
    command = [*QUICK, *DEMO, "--out", str(out), "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def kill_when_told(out: Path, first: str, then: str = "") -> None:
    """Run, and kill the process without warning as soon as it has told `first` and after that `then`."""
    with subprocess.Popen([*QUICK, *DEMO, "--out", str(out)], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        waiting = [text for text in (first, then) if text]
        for line in process.stderr:
            if waiting[0] in line:
                waiting.pop(0)
                if not waiting:
                    process.send_signal(signal.SIGKILL)
                    break
        process.stderr.read()
    assert not waiting, f"the run never said {waiting[0]!r}"
    assert process.returncode == -signal.SIGKILL


def finished_stages(out: Path) -> dict[str, tuple[str, int]]:
    """Each finished stage's record: its text and the time at which it was written."""
    return {
        path.parent.name: (path.read_text(), path.stat().st_mtime_ns)
        for path in (out / "work").glob("[!.]*/stage.json")
    }


def charges(out: Path) -> int:
    """How many charges the ledger has."""
    return sum(line.event["kind"] == "charge" for line in ledger.read(out / "ledger.jsonl"))


def snapshot(out: Path) -> dict[str, int]:
    """Every file's time of change; of the lock only that it is there."""
    paths = [path for path in out.rglob("*") if path.name != ".lock" and path.is_file()]
    return {str(path.relative_to(out)): path.stat().st_mtime_ns for path in paths}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One run that nobody disturbed."""
    out = tmp_path_factory.mktemp("whole") / "demo"
    return out, finish(out)[0]


def test_a_run_ends_in_a_verified_release(whole: tuple[Path, dict[str, Any]]) -> None:
    out, result = whole
    release = Path(result["release"])
    assert verify(release).ok
    assert (out / "latest").resolve() == release.resolve()
    assert not (out / "latest").readlink().is_absolute()
    names = [stage["stage"] for stage in result["stages"]]
    assert names[0] == "simulate"
    assert names[-5:] == ["combine", "derive", "measure", "protect", "release"]
    assert sum(name.startswith("harmonise-") for name in names) == 5
    assert not any(stage["reused"] for stage in result["stages"])


def test_a_repeated_run_changes_nothing_and_costs_nothing(whole: tuple[Path, dict[str, Any]]) -> None:
    out, first = whole
    before, paid = snapshot(out), charges(out)
    second, told = finish(out)
    assert all(stage["reused"] for stage in second["stages"])
    assert second["release"] == first["release"]
    assert snapshot(out) == before
    assert charges(out) == paid == 1
    assert "charged again" not in told


def test_what_is_private_is_readable_by_its_owner_only(whole: tuple[Path, dict[str, Any]]) -> None:
    out, _ = whole
    assert (out / "work").stat().st_mode & 0o077 == 0
    assert (out / "work" / "subject.key").stat().st_mode & 0o077 == 0


def test_a_release_that_was_removed_is_built_again_for_nothing(whole: tuple[Path, dict[str, Any]]) -> None:
    out, first = whole
    release = Path(first["release"])
    manifest = (release / "manifest.json").read_bytes()
    hidden = release.rename(out / "elsewhere")
    again, _ = finish(out)
    assert again["release"] == first["release"]
    assert (release / "manifest.json").read_bytes() == manifest
    assert charges(out) == 1
    assert {path.name for path in hidden.iterdir()} == {path.name for path in release.iterdir()}


def test_the_certificate_tells_what_was_spent_and_is_signed_for_nothing(whole: tuple[Path, dict[str, Any]]) -> None:
    out, first = whole
    unsigned = read_certificate(Path(first["release"]))
    assert unsigned is not None
    ledger_part = unsigned.content["ledger"]
    assert (ledger_part["charges_before"], ledger_part["before"]["epsilon"]) == (0, 0)
    assert 3.99 < ledger_part["after"]["epsilon"] <= 4.000001
    public = make_key(out.parent / "publisher.pem")
    again, told = finish(out, "--signing-key", str(out.parent / "publisher.pem"))
    assert again["release"] == first["release"]
    assert verify(Path(again["release"]), key=public).ok
    assert charges(out) == 1
    secret = (out.parent / "publisher.pem").read_bytes().splitlines()[1]
    assert not [path for path in out.rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert secret.decode() not in told
    finish(out)  # without the key: the signature stays
    assert verify(Path(again["release"]), key=public).ok


def test_a_key_that_cannot_be_used_costs_nothing(tmp_path: Path) -> None:
    make_key(tmp_path / "publisher.pem")
    (tmp_path / "publisher.pem").chmod(0o644)
    command = [*QUICK, *DEMO, "--out", str(tmp_path / "demo"), "--signing-key", str(tmp_path / "publisher.pem")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "can be read by other users" in done.stderr
    assert not (tmp_path / "demo" / "ledger.jsonl").exists()


@pytest.mark.parametrize("step", FREE_STEPS)
def test_a_killed_run_continues_where_it_was(tmp_path: Path, step: str) -> None:
    out = tmp_path / "demo"
    kill_when_told(out, step)
    before = finished_stages(out)
    result, told = finish(out)
    assert verify(Path(result["release"])).ok
    after = finished_stages(out)
    assert {name: after[name] for name in before} == before, "a finished stage was repeated"
    assert {stage["stage"] for stage in result["stages"] if stage["reused"]} == {
        json.loads(record)["stage"] for record, _ in before.values()
    }
    assert not list((out / "work").glob("*.part")) + list((out / "work").glob(".*.part"))
    assert charges(out) == 1
    assert "charged again" not in told


def test_a_run_killed_after_paying_pays_again_and_says_so(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    kill_when_told(out, "Charge the privacy ledger", "Measuring with noise")
    assert charges(out) == 1
    assert not any(name.startswith("measure-") for name in finished_stages(out))
    result, told = finish(out)
    assert "charged again" in told
    assert charges(out) == 2
    assert verify(Path(result["release"])).ok
    _, told = finish(out)
    assert charges(out) == 2
    assert "charged again" not in told


def test_two_runs_in_one_folder_do_not_clash(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    with subprocess.Popen([*QUICK, *DEMO, "--out", str(out)], stderr=subprocess.PIPE, text=True) as first:
        assert first.stderr is not None
        first.stderr.readline()
        second = subprocess.run([*QUICK, *DEMO, "--out", str(out)], capture_output=True, text=True, check=False)
        first.kill()
        first.stderr.read()
    assert second.returncode == 3
    assert f"process {first.pid}" in second.stderr
    assert finish(out)[0]["release"]


def test_a_changed_parameter_repeats_what_depends_on_it_and_no_more(whole: tuple[Path, dict[str, Any]]) -> None:
    out, _ = whole
    arguments = [*QUICK, *DEMO, "--epsilon", "3", "--out", str(out), "--json"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    fresh = [stage["stage"] for stage in json.loads(done.stdout)["stages"] if not stage["reused"]]
    assert fresh == ["measure", "protect", "release"]
    assert charges(out) == 2


def test_a_delivery_that_is_held_back_stops_the_run_before_anything_is_paid(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'out = "results"\n[simulation]\ncases = 400\ndirt = 0.2\n[privacy]\nepsilon = 1\n[release]\nname = "dirty"\n'
    )
    done = subprocess.run([*QUICK, "run", str(plan), "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "run.held_back"
    for report in error["where"].split("; "):
        assert json.loads((Path(report) / "report.json").read_text())["blockers"]
        assert {f"report.{language}.html" for language in LANGUAGES} <= {path.name for path in Path(report).iterdir()}
        assert not (Path(report).parent / "cases.parquet").exists()
    assert not (tmp_path / "results" / "ledger.jsonl").exists()
    assert not list((tmp_path / "results" / "work").glob("measure-*"))
