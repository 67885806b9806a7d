import json
from pathlib import Path

import pytest

from ctdc.cli.main import main


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    from ctdc.intake.mapping import load_mapping

    header = sorted(load_mapping("ctdc-synthetic-2021").needs("records").columns)
    rows = [{"gender": "Female", "citizenship": "MDA"}, {"gender": "Male", "isForcedLabour": "1"}]
    lines = [",".join(header)] + [",".join(row.get(name, "") for name in header) for row in rows]
    path = tmp_path / "in" / "synthetic_2021.csv"
    path.parent.mkdir()
    path.write_text("\n".join(lines) + "\n")
    return path


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return int(caught.value.code or 0)


def test_check_stores_nothing(delivery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert run("intake", "check", delivery, "--mapping", "ctdc-synthetic-2021") == 0
    assert "Ready: every value is understood." in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_is_not_ready_ends_with_code_3(
    delivery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    delivery.write_text(delivery.read_text().replace("Male", "Mal3"))
    arguments = ("intake", "check", delivery, "--mapping", "ctdc-synthetic-2021", "--report", tmp_path / "report")
    assert run(*arguments) == 3
    assert "gender: 'Mal3' in 1 cell (unmapped)" in capsys.readouterr().out
    assert (tmp_path / "report" / "report.es.html").exists()
    out = tmp_path / "out" / "cases.parquet"
    assert run("intake", "harmonise", delivery, "--mapping", "ctdc-synthetic-2021", "--out", out) == 3
    assert not out.exists()
    assert "What to do: Add a row to values.csv" in capsys.readouterr().err


def test_harmonise_then_trace(delivery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out" / "cases.parquet"
    arguments = ("intake", "harmonise", delivery, "--mapping", "ctdc-synthetic-2021", "--out", out, "--json")
    assert run(*arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["rows"] == 2
    key = Path(result["key"])
    assert key.stat().st_mode & 0o777 == 0o600
    first = out.read_bytes()
    assert run(*arguments) == 0
    assert out.read_bytes() == first  # same key, same delivery, same bytes
    capsys.readouterr()
    assert run("intake", "trace", out, 2, "gender") == 0
    assert "row 3" in capsys.readouterr().out


def test_a_mapping_that_does_not_exist(delivery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("intake", "check", delivery, "--mapping", "nothing") == 3
    assert "sim-hotline" in capsys.readouterr().err


def test_the_shipped_mappings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("intake", "mappings") == 0
    assert "ctdc-kanonymised-2018" in capsys.readouterr().out
