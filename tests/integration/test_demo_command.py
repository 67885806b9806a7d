"""'ctdc demo' tells of a port that is taken before it begins, and asks for what 'ctdc run --demo' would."""

import socket
from pathlib import Path

import pytest

from ctdc.cli.demo import _options
from ctdc.cli.main import main
from ctdc.cli.run import plan_of_options


def test_it_plans_what_the_demonstration_of_run_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = plan_of_options(_options(Path("demo"), 500, 2))
    assert plan.simulation is not None and plan.simulation.cases == 500
    assert plan.release.simulated and plan.privacy.length == 2
    assert plan.out == tmp_path / "demo"


def test_a_port_that_is_taken_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SystemExit) as caught:
            main(["demo", "--port", str(taken.getsockname()[1])])
    assert caught.value.code == 3
    assert "is in use" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
