"""``ctdc standard``: what a person sees, and what goes into a file."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ctdc.cli.standard import command
from ctdc.foundation.errors import UserError


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_show_lists_every_group() -> None:
    text = run("show")
    assert "Means of control" in text
    assert "68 harmonised variables" in text
    assert "victim-perpetrator-2022" in text


def test_show_describes_a_variable_in_a_language() -> None:
    text = run("show", "ageBroad", "--language", "fr")
    assert "Groupe d'âge" in text
    assert "09--17  9–17 ans" in text


def test_show_finds_a_published_column() -> None:
    assert "sectorOfLabourAgriculture" in run("show", "sectorOfLabourAgriculture")


def test_show_shortens_long_lists_unless_asked() -> None:
    assert "239 more" in run("show", "citizenship")
    assert "Zimbabwe" in run("show", "citizenship", "--all-codes")


def test_show_as_json() -> None:
    document = json.loads(run("show", "gender", "--json"))
    assert [code["code"] for code in document["codes"]] == ["Woman", "Man", "Trans/Transgender/NonConforming"]
    assert len(json.loads(run("show", "--json"))["profiles"]) == 7


def test_an_unknown_variable_gets_a_suggestion() -> None:
    with pytest.raises(UserError) as caught:
        CliRunner().invoke(command, ["show", "isForcedLabor"], catch_exceptions=False)
    assert "isForcedLabour" in caught.value.detail.allowed


@pytest.mark.parametrize("form", ["csv", "json", "table-schema", "markdown"])
def test_export_writes_the_same_to_a_file(form: str, tmp_path: Path) -> None:
    run("export", "--format", form, "--out", str(tmp_path / "out"))
    assert (tmp_path / "out").read_text(encoding="utf-8") == run("export", "--format", form)


def test_a_profile_goes_with_csv_and_table_schema_only() -> None:
    fields = json.loads(run("export", "--format", "table-schema", "--profile", "victim-perpetrator-2022"))["fields"]
    assert len(fields) == 16
    refused = CliRunner().invoke(command, ["export", "--format", "json", "--profile", "synthetic-2024"])
    assert refused.exit_code == 2
