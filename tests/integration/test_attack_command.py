"""``ctdc attack audit``: settings, reports, exit codes, and going on after a kill."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.mutants.variants import sensitivity_of_one

import ctdc.privacy.attacks.audit as module
from ctdc.cli.main import main

SCHEMA = {
    "fields": [
        {"name": "flag", "type": "string", "constraints": {"enum": ["yes"]}},
        {"name": "area", "type": "string", "constraints": {"enum": ["north", "south"]}},
    ]
}
LINKED = {"fields": [{"name": "role", "type": "string", "constraints": {"enum": ["one"]}}]}
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA))
    (tmp_path / "linked.json").write_text(json.dumps(LINKED))
    return path


def ctdc(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["attack", "audit", "--workers", "1", *map(str, arguments)])
    return int(end.value.code or 0)


@pytest.mark.slow
def test_a_declared_schema_is_audited_and_reported(schema: Path, tmp_path: Path, capsys: Capture) -> None:
    page, data = tmp_path / "audit.html", tmp_path / "audit.json"
    code = ctdc("--schema", schema, "--length", 2, "--runs", 3000, "--out", page, "--out", data)
    said = capsys.readouterr().out
    report = json.loads(data.read_text())
    assert report["verdict"] != "rejected"
    assert code == (0 if "power shown" in report["verdict"] else 4)
    assert f"Verdict: {report['verdict']}" in said
    assert report["settings"]["runs"] == 3000
    assert "Does the engine keep what it claims?" in page.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "audit.html",
        "audit.json",
        "linked.json",
        "schema.json",
    ]


@pytest.mark.slow
def test_linked_schemas_are_audited(schema: Path, tmp_path: Path, capsys: Capture) -> None:
    linked = ("--linked-schema", tmp_path / "linked.json", "--max-links", 2)
    assert ctdc("--schema", schema, *linked, "--length", 1, "--runs", 40, "--json") == 4
    report = json.loads(capsys.readouterr().out)
    assert {one["table"] for one in report["attacks"]} == {"linked"}
    assert report["verdict"] == "inconclusive"


@pytest.mark.slow
def test_a_broken_engine_ends_with_a_failure(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "gate_of", lambda *_: sensitivity_of_one())
    monkeypatch.setattr("ctdc.cli.attack.INVENTED", sensitivity_of_one().domain)
    monkeypatch.setattr("ctdc.cli.attack.INVENTED_LINKED", sensitivity_of_one().domain)
    assert ctdc("--runs", 400) == 1
    said = capsys.readouterr().out
    assert "REJECTED without any noise" in said
    assert "Verdict: rejected" in said
    assert "publish nothing" in said


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--epsilon", "0"), 3),
        (("--epsilon", "nan"), 3),
        (("--delta", "1"), 3),
        (("--runs", "3"), 3),
        (("--runs", "0"), 3),
        (("--risk", "2"), 3),
        (("--length", "9"), 3),
        (("--max-links", "2"), 2),
        (("--linked-schema", "x.json", "--max-links", "2"), 2),
        (("--schema", "missing.json"), 3),
    ],
)
def test_what_cannot_be_audited_is_said(arguments: tuple[str, ...], code: int, capsys: Capture) -> None:
    assert ctdc(*arguments) == code
    assert capsys.readouterr().out == ""


KILLED_AFTER_THREE_PARTS = """
import os, signal, sys
from ctdc.cli.common import LineProgress
from ctdc.cli.main import main
played = []
def advance(self, amount=1.0):
    played.append(amount)
    if played.count(1000) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
LineProgress.advance = advance
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_a_killed_audit_goes_on_where_it_was(schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves parts and no report; the same command keeps what was drawn and draws the rest."""
    out, parts = tmp_path / "audit.json", tmp_path / ".audit.json.parts"
    arguments = ["--schema", str(schema), "--length", "1", "--runs", "2000", "--out", str(out)]
    command = [sys.executable, "-c", KILLED_AFTER_THREE_PARTS, "attack", "audit", "--workers", "1", *arguments]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL
    assert not out.exists()
    before = {path.name: path.stat().st_mtime_ns for path in parts.glob("*.npy")}
    assert len(before) == 3
    with monkeypatch.context() as patch:
        patch.setattr("ctdc.cli.attack.shutil.rmtree", lambda *_, **__: None)
        assert ctdc(*arguments) in (0, 4)
    after = {path.name: path.stat().st_mtime_ns for path in parts.glob("*.npy")}
    assert len(after) == 2 * 6
    assert before.items() <= after.items()
    assert ctdc(*arguments) in (0, 4)
    assert not parts.exists()


@pytest.mark.heavy
def test_nobody_plays_on_for_an_audit_that_was_killed(schema: Path, tmp_path: Path) -> None:
    """The end of every process that played is seen from the pipe that they all hold."""
    out = tmp_path / "audit.json"
    arguments = ["--schema", str(schema), "--length", "1", "--runs", "9000", "--out", str(out)]
    command = [sys.executable, "-c", KILLED_AFTER_THREE_PARTS, "attack", "audit", "--workers", "2", *arguments]
    done = subprocess.run(command, capture_output=True, check=False)  # returns when the last one lets go of the pipe
    assert done.returncode == -signal.SIGKILL
    assert not out.exists()
