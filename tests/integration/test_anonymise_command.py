"""``ctdc anonymise``: a file that is k-anonymous, a report that says what it cost, and errors that leave nothing."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from ctdc.cli.anonymise import command

pytestmark = pytest.mark.slow

LEVELS = """
[[year]]
bands = 3
from = 2002
[[place]]
standard = "subregion"
[[place]]
standard = "region"
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = (
        [("2002", "AUT", "a")] * 3
        + [("2003", "FRA", "b")] * 3
        + [("2004", "BEL", "a"), ("", "", "b"), ("2004", "ZWE", "a")]
    )
    path = tmp_path / "cases.csv"
    pl.DataFrame(rows, schema=["year", "place", "work"], orient="row").write_csv(path)
    (tmp_path / "levels.toml").write_text(LEVELS)
    return path


def ran(table: Path, *options: str):
    out = table.parent / "out"
    return CliRunner().invoke(command, [str(table), "--out", str(out), *options], standalone_mode=False), out


def test_cells_become_coarser_by_year_and_region(table):
    result, out = ran(
        table, "--quasi", "year,place", "--k", "3", "--hierarchies", str(table.parent / "levels.toml"), "--json"
    )
    assert result.exception is None
    made = pl.read_csv(out / "anonymised.csv", infer_schema=False).fill_null("")
    assert min(made.group_by("year", "place").len()["len"]) >= 3
    assert set(made["year"]) | set(made["place"]) >= {"2002", "AUT"}
    report = json.loads((out / "report.json").read_text())
    assert report["published"] + report["removed"] == 9
    assert report["smallest_class"] >= 3
    assert report["cells"]["year"]["values"] <= 8


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--quasi", "year,nothing", "--k", "3"), "anonymise.columns"),
        (("--quasi", "year,year", "--k", "3"), "anonymise.columns"),
        (("--quasi", "year", "--k", "1"), "anonymise.k"),
        (("--quasi", "year", "--k", "3", "--l-diversity", "work:3"), "anonymise.demands"),
        (("--quasi", "year", "--k", "3", "--t-closeness", "work:0"), "anonymise.demands"),
        (("--quasi", "year", "--k", "3", "--t-closeness", "year:0"), "anonymise.columns"),
        (("--quasi", "year", "--k", "3", "--hierarchies", "missing.toml"), "anonymise.hierarchies"),
    ],
)
def test_what_cannot_be_is_said_and_leaves_no_file(table, options, code):
    result, out = ran(table, *options)
    assert result.exception.detail.code == code
    assert not out.exists()


def test_a_file_of_levels_that_is_not_one_is_named(table):
    levels = table.parent / "levels.toml"
    for text in ("[[year]]\nbands = 1\n", "year = 3\n", "[[year]\n", "[[year]]\nfrom = 3\n"):
        levels.write_text(text)
        result, out = ran(table, "--quasi", "year", "--k", "3", "--hierarchies", str(levels))
        assert result.exception.detail.code == "anonymise.hierarchies", text
        assert not out.exists()


@pytest.mark.real_data
def test_the_published_file_of_2018_has_the_properties_that_it_is_made_for(tmp_path, real_data):
    """Smallest class 11 over its five quasi-identifiers, so that k = 11 changes only its few malformed rows."""
    path = real_data / "ctdc_global_kanonymised_2018.csv.gz"
    quasi = "yearOfRegistration,gender,ageBroad,citizenship,CountryOfExploitation"
    out = tmp_path / "out"
    result = CliRunner().invoke(
        command,
        [str(path), "--quasi", quasi, "--k", "11", "--out", str(out), "--method", "redact"],
        standalone_mode=False,
    )
    assert result.exception is None
    report = json.loads((out / "report.json").read_text())
    assert report["smallest_class"] == 11
    assert report["removed"] <= 4
