"""``ctdc evaluate``: releases, protected folders, k-anonymous and other files; private reports, no values told."""

import json
import re
import stat
from pathlib import Path

import polars as pl
import pytest
from tests.support.protected_twin import invented_people, write_protected

from ctdc.cli.main import main
from ctdc.foundation.errors import UserError
from ctdc.privacy.evaluation.evaluate import notices
from ctdc.workflow.evaluation import _read_shares

pytestmark = pytest.mark.slow
Capture = pytest.CaptureFixture[str]
SECRET = "Maria"


def ctdc(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([*map(str, arguments)])
    return int(end.value.code or 0)


def evaluated(capsys: Capture, *arguments: object) -> dict:
    capsys.readouterr()
    assert ctdc("evaluate", *arguments, "--json") == 0
    found: dict = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The invented people whom `write_protected` protects."""
    path = tmp_path_factory.mktemp("truth") / "people.parquet"
    invented_people(1500, 7).write_parquet(path)
    return path


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_protected(tmp_path_factory.mktemp("protected") / "p", rows=1500)


def test_a_protected_folder_is_evaluated_with_its_counts(people: Path, protected: Path, capsys: Capture) -> None:
    report = evaluated(capsys, people, protected, "--length", 2)
    assert report["never_to_be_published"] is True
    assert report["notice"] == notices()
    assert [found["order"] for found in report["published"]] == [1, 2]
    for found in report["published"]:
        assert 0.9 < found["estimate_coverage"]["share"] <= 1
    assert {one["name"] for one in report["regressions"]} >= {"forced labour by gender and age"}
    assert {one["family"] for one in report["subgroups"]["subgroups"]} == {
        "age",
        "gender",
        "citizenship",
        "exploitation",
    }
    assert report["trends"]["time"] == "yearOfRegistration"


def test_a_release_is_evaluated_with_its_shares_and_words(
    people: Path, protected: Path, tmp_path: Path, capsys: Capture
) -> None:
    from datetime import UTC, datetime

    from ctdc.release.build import build
    from ctdc.release.info import ReleaseInfo

    info = ReleaseInfo("twin", simulated=True, profile="synthetic-2024", version="1", sources=("One",))
    release = build(protected, tmp_path / "store", info, None, datetime(2026, 3, 1, tzinfo=UTC))
    page = tmp_path / "out" / "page.html"
    report = evaluated(capsys, people, release, "--length", 1, "--out", page)
    assert report["share_coverage"]["intervals"] > 20
    assert report["about"]["release"] == release.name.rsplit("-", 1)[1]
    text = page.read_text()
    assert "Land der Staatsangehörigkeit" in text or "Staatsangehörigkeit" in text
    assert all(notice in text for notice in notices().values())


def test_reports_are_private_and_whole(people: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "new" / "page.html", tmp_path / "new" / "report.json"
    assert ctdc("evaluate", people, people, "--length", 1, "--out", out[0], "--out", out[1]) == 0
    said = capsys.readouterr().out
    assert said.startswith(notices()["en"])
    assert f"Written: {out[1]}" in said
    for path in out:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["page.html", "report.json"]
    assert json.loads(out[1].read_text())["orders"][0]["tvd"] == 0


def test_a_report_is_not_written_into_a_release(people: Path, protected: Path, capsys: Capture) -> None:
    before = sorted(protected.rglob("*"))
    assert ctdc("evaluate", people, protected, "--out", protected / "deep" / "page.html", "--json") == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "private.out"
    assert sorted(protected.rglob("*")) == before


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of another field, as csv."""
    frame = pl.DataFrame(
        {
            "area": ["north", "north", "south", "south", "east", None] * 5,
            "kind": ["a", "b", "a", "b", "a", "b"] * 5,
            "note": [SECRET, None, None, None, None, None] * 5,
        }
    )
    path = tmp_path / "truth.csv"
    frame.write_csv(path)
    return path


def test_a_suppressed_and_coarser_table_needs_a_word(table: Path, tmp_path: Path, capsys: Capture) -> None:
    frame = pl.read_csv(table).with_columns(
        area=pl.when(pl.col("area") == "north").then(pl.lit("north/east")).otherwise(pl.lit("*"))
    )
    made = tmp_path / "made.csv"
    frame.write_csv(made)
    assert ctdc("evaluate", table, made) == 3
    captured = capsys.readouterr()
    assert "--coarser" in captured.err
    assert SECRET not in captured.out + captured.err, "codes that were found in the true table are not listed"
    report = evaluated(capsys, table, made, "--coarser", "--columns", "area,kind")
    assert report["variables"] == ["area", "kind"]
    assert report["withheld"] == {"area": 1.0}
    assert report["orders"][0]["errors"]["fabricated"] == 0


def test_a_declared_table_is_recoded_and_its_codes_are_public(table: Path, tmp_path: Path, capsys: Capture) -> None:
    schema = tmp_path / "schema.json"
    codes = {"area": ["north", "south", "east", "west"], "kind": ["a", "b"], "note": [SECRET]}
    fields = [{"name": name, "type": "string", "constraints": {"enum": enum}} for name, enum in codes.items()]
    schema.write_text(json.dumps({"fields": fields}))
    settings = tmp_path / "settings.toml"
    settings.write_text('[[subgroup]]\nfamily = "kind"\nvariable = "kind"\neach = true\n')
    report = evaluated(capsys, table, table, "--schema", schema, "--settings", settings, "--columns", "kind,area")
    assert [one["name"] for one in report["subgroups"]["subgroups"]] == ["a", "b"]
    west = pl.read_csv(table).with_columns(area=pl.lit("nowhere"))
    west.write_csv(tmp_path / "west.csv")
    assert ctdc("evaluate", table, tmp_path / "west.csv", "--schema", schema) == 3
    assert "west" in capsys.readouterr().err


def test_published_files_have_texts_that_mean_nothing_is_known(tmp_path: Path, capsys: Capture) -> None:
    """In the k-anonymised profiles -99 stands for a missing value; columns that are not chosen do not matter."""
    path = tmp_path / "published.csv"
    path.write_text("yearOfRegistration,gender,notes\n2015,Female,x\n-99,Male,y\n2016,*,\n")
    arguments = ("--profile", "kanonymised-2021", "--columns", "yearOfRegistration,gender")
    assert ctdc("evaluate", path, path, *arguments) == 3
    assert "'gender'" in capsys.readouterr().err, "the true table has nothing to withhold"
    truth = tmp_path / "truth.csv"
    truth.write_text(path.read_text().replace("*", "Male"))
    report = evaluated(capsys, truth, path, *arguments)
    assert report["withheld"] == {"gender": pytest.approx(1 / 3)}
    assert report["charts"][0]["known"] == [2, 2]


@pytest.mark.parametrize(
    ("columns", "rows", "code"),
    [(["area", "kind"], [["north", "a"]], "evaluate.columns"), (["area", "kind", "note"], [], "evaluate.empty")],
)
def test_what_cannot_be_compared_is_said_and_nothing_written(
    table: Path, tmp_path: Path, columns: list[str], rows: list[list[str]], code: str, capsys: Capture
) -> None:
    made, out = tmp_path / "made.csv", tmp_path / "out.html"
    made.write_text("\n".join(",".join(row) for row in [columns, *rows]) + "\n")
    assert ctdc("evaluate", table, made, "--out", out, "--json") == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    assert not out.exists()


@pytest.mark.parametrize("which", ["missing", "columns", "unknown"])
def test_a_wrong_truth_is_said_without_values(table: Path, tmp_path: Path, which: str, capsys: Capture) -> None:
    arguments: dict[str, list[object]] = {
        "missing": [tmp_path / "none.csv", table],
        "columns": [table, table, "--columns", "area,colour"],
        "unknown": [table, table, "--profile", "synthetic-2026"],
    }
    assert ctdc("evaluate", *arguments[which]) == 3
    captured = capsys.readouterr()
    assert re.search(r"Error: ", captured.err)
    assert SECRET not in captured.out + captured.err


def test_of_linked_tables_the_people_are_evaluated(tmp_path: Path, capsys: Capture) -> None:
    """Their number of linked rows is a column of the release, which a file of people may not have."""
    import pyarrow.parquet as pq
    from tests.support.linked import some_households
    from tests.support.linked_release import write_households

    folder, truth = write_households(tmp_path, 300), tmp_path / "truth.parquet"
    pq.write_table(some_households(300, seed=1).main.to_arrow(), truth)
    assert ctdc("evaluate", truth, folder, "--json") == 3
    assert json.loads(capsys.readouterr().out)["error"]["where"].endswith(": members")
    report = evaluated(capsys, truth, folder, "--columns", "area,flag")
    assert report["people"][0] == 300
    assert report["published"] == []


@pytest.mark.parametrize("between", [";;", "é"])
def test_only_one_character_stands_between_cells(table: Path, capsys: Capture, between: str) -> None:
    assert ctdc("evaluate", table, table, "--delimiter", between) == 3
    assert "not a single ASCII character" in capsys.readouterr().err


@pytest.mark.parametrize(
    "figures", ["{}", "[]", '{"variables": [1], "groups": []}', '{"variables": null, "groups": []}']
)
def test_figures_of_another_form_are_refused(tmp_path: Path, figures: str) -> None:
    path = tmp_path / "figures.json"
    path.write_text(figures)
    with pytest.raises(UserError, match="lack or misstate"):
        _read_shares(path)
