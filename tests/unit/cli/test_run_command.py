"""``ctdc run`` understands its three ways of being called, and says what is wrong with the others."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from ctdc.cli import run as module
from ctdc.cli.run import command
from ctdc.workflow.config import Plan
from ctdc.workflow.run import RunResult

PLAN = """
out = "results"
[simulation]
cases = 10
[privacy]
epsilon = 1
[release]
name = "planned"
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Plan]:
    """The plans that would have been run."""
    plans: list[Plan] = []

    def remember(plan: Plan, observer: object, opening: object) -> RunResult:
        assert opening is None
        plans.append(plan)
        return RunResult(tmp_path / "release", tmp_path / "latest", tmp_path / "ledger", (), 1.0)

    monkeypatch.setattr(module, "run", remember)
    monkeypatch.chdir(tmp_path)
    return plans


def test_the_demonstration_says_that_nobody_is_real(asked: list[Plan], tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--demo", "--cases", "50"])
    assert result.exit_code == 0, result.output
    plan = asked[0]
    assert plan.simulation is not None
    assert plan.simulation.cases == 50
    assert plan.release.simulated
    assert plan.out == tmp_path / "demo"
    assert "ctdc serve" in result.output


def test_one_file_with_its_mapping(asked: list[Plan], tmp_path: Path) -> None:
    arguments = [
        "cases.csv.gz",
        "--mapping",
        "some-id",
        "--epsilon",
        "12",
        "--profile",
        "synthetic-2026",
        "--name",
        "a-b",
    ]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    plan = asked[0]
    assert [(one.source, one.mapping) for one in plan.delivery] == [(tmp_path / "cases.csv.gz", "some-id")]
    assert (plan.privacy.epsilon, plan.release.profile, plan.release.name) == (12, "synthetic-2026", "a-b")
    assert not plan.release.simulated
    assert plan.out == tmp_path / "cases-release"


def test_a_key_signs(asked: list[Plan], tmp_path: Path) -> None:
    assert CliRunner().invoke(command, ["--demo", "--signing-key", "key.pem"]).exit_code == 0
    assert asked[0].signing_key == tmp_path / "key.pem"


def test_a_plan(asked: list[Plan], tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN)
    assert CliRunner().invoke(command, ["plan.toml", "--json"]).exit_code == 0
    assert asked[0].release.name == "planned"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Give one of"),
        (["cases.csv", "--demo"], "Give one of"),
        (["cases.csv"], "--mapping"),
        (["cases.csv", "--mapping", "some-id"], "--epsilon"),
        (["plan.toml", "--epsilon", "3"], "--epsilon cannot be given"),
        (["plan.toml", "--seed", "0"], "--seed cannot be given"),
        (["plan.toml", "--signing-key", "key.pem"], "--signing-key cannot be given"),
        (["--demo", "--length", "9"], "--length"),
    ],
)
def test_a_wrong_command_line_is_explained(asked: list[Plan], tmp_path: Path, arguments: list[str], says: str) -> None:
    (tmp_path / "plan.toml").write_text(PLAN)
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert says in result.output
    assert not asked
