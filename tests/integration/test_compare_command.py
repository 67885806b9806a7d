"""`ctdc compare` on invented people, from the command line to the report."""

import copy
import json
import re
import stat
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from benchmarks.data import write_schema
from click.testing import CliRunner

from ctdc.cli.compare import _text, command
from ctdc.foundation.errors import UserError
from ctdc.privacy.attacks.findings import UNFIT
from ctdc.privacy.evaluation.comparison_page import comparison_html, kept, withheld, worst_of
from ctdc.privacy.report import LANGUAGES, texts_of

pytestmark = pytest.mark.slow
ROWS, NAMES = 1200, ("year", "gender", "region", "work", "flag")
SECRET = "Zzyzx-17"
COPY = "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2])"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People of whom most look like many others and some like nobody."""
    random = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("compare")
    codes = {"year": [str(year) for year in range(2010, 2020)], "gender": ["f", "m"], "flag": ["1"]}
    codes |= {"region": [f"r{number}" for number in range(12)], "work": [SECRET, *(f"w{n}" for n in range(7))]}
    columns = {}
    for name in NAMES:
        texts = np.array(["", *codes[name]])
        weights = 1 / np.arange(1, len(texts) + 1)
        columns[name] = texts[random.choice(len(texts), ROWS, p=weights / weights.sum())]
    pl.DataFrame(columns).write_csv(folder / "people.csv")
    write_schema(codes, folder / "schema.json")
    return folder / "people.csv"


def run(table: Path, *options: str) -> tuple[object, dict]:
    schema = str(table.with_name("schema.json"))
    result = CliRunner().invoke(
        command, [str(table), "--schema", schema, "--json", *options], standalone_mode=False, catch_exceptions=True
    )
    return result, json.loads(result.stdout) if result.exception is None else {}


@pytest.fixture(scope="module")
def compared(table: Path) -> tuple[dict, Path]:
    """One comparison with everything in it, and the page that was written."""
    levels, page = table.with_name("levels.toml"), table.with_name("page.html")
    levels.write_text("[[year]]\nbands = 5\nfrom = 2010\n")
    tool = f"copy={sys.executable} -c {COPY!r} {{in}} {{out}}"
    options = ["--quasi", "year,gender,region", "--k", "5", "--epsilon", "1,8", "--attacks", "200", "--tool", tool]
    result, report = run(table, *options, "--hierarchies", str(levels), "--out", str(page))
    assert result.exception is None, result.exception
    return report, page


def test_every_way_is_there_and_says_what_it_leaves(compared):
    report, _ = compared
    ways = {way["name"]: way for way in report["ways"]}
    assert list(ways) == ["redacted", "local", "coarser", "copy", "epsilon 1", "epsilon 8"]
    assert report["never_to_be_published"]
    assert kept(ways["redacted"], ROWS) < 1
    assert ways["redacted"]["records"] == ROWS - ways["redacted"]["removed"]
    assert withheld(ways["redacted"]) == 0 < withheld(ways["coarser"])
    assert ways["local"]["smallest_class"] >= 5
    assert [ways[name]["epsilon"] for name in ("epsilon 1", "epsilon 8")] == [1, 8]


def test_a_copy_has_no_error_and_is_found_out(compared):
    report, _ = compared
    copy = next(way for way in report["ways"] if way["name"] == "copy")
    assert all(one["tvd"] == 0 for one in copy["evaluation"]["orders"])
    found = {one["name"]: worst_of(one) for one in report["attacks"]["candidates"]}
    assert found["copy"]["low"] > 0
    assert found["local"]["low"] > 0  # the other columns stand there as they are
    assert found["epsilon 1"] is None


def test_more_budget_is_less_error(compared):
    report, _ = compared
    errors = [way["evaluation"]["orders"][2]["errors"]["mae"] for way in report["ways"] if way["kind"] == "ours"]
    assert errors[0] > errors[1]


def test_two_files_in_succession_give_newcomers_away(compared):
    report, _ = compared
    grown = report["successive"]
    assert grown["newcomers"] == 60
    assert 0 < grown["alone"] <= grown["people"] <= grown["newcomers"]


def test_the_page_is_private_whole_and_in_five_languages(compared):
    report, page = compared
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    text = page.read_text(encoding="utf-8")
    assert text == comparison_html(report)
    for language in LANGUAGES:
        assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in text
        assert texts_of("comparison")[language]["notice"] in text
    assert SECRET not in text.replace(json.dumps(report), "")
    assert "<script" not in text


def test_texts_of_all_languages_have_the_same_places():
    def places(language: str) -> dict[str, list[str]]:
        return {key: sorted(re.findall(r"{\w+}", text)) for key, text in texts_of("comparison")[language].items()}

    assert all(places(language) == places("en") for language in LANGUAGES)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--quasi", "planet"], "compare.columns"),
        (["--quasi", "year", "--k", "1"], "anonymise.k"),
        (["--quasi", "year", "--epsilon", "0"], "privacy.epsilon"),
        (["--quasi", "year", "--epsilon", "1", "--tool", "t=/nowhere/at-all {in} {out}"], "compare.tool"),
        (["--quasi", "year", "--epsilon", "1", "--tool", "t=false {in} {out}"], "compare.tool"),
        (["--quasi", "year", "--epsilon", "1", "--tool", "t='copy {in} {out}"], "compare.tool"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_nothing_is_written(table, tmp_path, options, code):
    out = tmp_path / "page.html"
    result, _ = run(table, *options, "--attacks", "0", "--out", str(out))
    assert isinstance(result.exception, UserError)
    assert result.exception.detail.code == code
    assert not out.exists()


def test_what_a_tool_says_is_not_repeated(table):
    loud = f"loud={sys.executable} -c 'import sys; sys.exit(open(sys.argv[1]).read())' {{in}} {{out}}"
    result, _ = run(table, "--quasi", "year", "--epsilon", "1", "--attacks", "0", "--tool", loud)
    assert result.exception.detail.code == "compare.tool"
    assert SECRET not in str(result.exception)


def test_files_are_named_anywhere_in_a_command_which_is_asked_nothing(table):
    code = "import shutil, sys; assert not sys.stdin.read(); shutil.copy(sys.argv[1][3:], sys.argv[2][3:])"
    tool = f"copy={sys.executable} -c {code!r} if={{in}} of={{out}}"
    result, report = run(table, "--quasi", "year", "--epsilon", "1", "--attacks", "0", "--tool", tool)
    assert result.exception is None, result.exception
    assert next(way for way in report["ways"] if way["name"] == "copy")["records"] == ROWS


def test_a_table_of_fewer_columns_than_the_longest_combination_is_compared(tmp_path):
    table = tmp_path / "people.csv"
    pl.DataFrame({"a": ["x", "y"] * 50, "b": ["1", "2", "1", "1"] * 25}).write_csv(table)
    write_schema({"a": ["x", "y"], "b": ["1", "2"]}, tmp_path / "schema.json")
    words = [str(table), "--schema", str(tmp_path / "schema.json"), "--quasi", "a", "--epsilon", "1", "--k", "2"]
    page = tmp_path / "page.html"
    result = CliRunner().invoke(command, [*words, "--attacks", "0", "--out", str(page)], standalone_mode=False)
    assert result.exception is None, result.exception
    assert "never to be published" in page.read_text(encoding="utf-8")


def test_what_cannot_be_attacked_is_refused_before_any_work(table, tmp_path):
    """The tool, which would fail, is never started."""
    few = tmp_path / "people.csv"
    pl.read_csv(table, infer_schema=False).head(150).write_csv(few)
    (tmp_path / "schema.json").write_bytes(table.with_name("schema.json").read_bytes())
    tool = ["--tool", "t=/nowhere/at-all {in} {out}"]
    for path, quasi, code in ((few, "year", "attack.too_few"), (table, ",".join(NAMES), "attack.columns")):
        result, _ = run(path, "--quasi", quasi, "--epsilon", "1", *tool)
        assert result.exception.detail.code == code
        assert "--attacks 0" in result.exception.detail.do


def test_a_report_is_not_written_into_a_release(table, tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    result, _ = run(table, "--quasi", "planet", "--out", str(tmp_path / "page.html"))
    assert result.exception.detail.code == "private.out"


def test_it_is_said_where_no_leak_would_have_been_found_and_where_nothing_follows(compared):
    report = copy.deepcopy(compared[0])
    one = next(one for one in report["attacks"]["candidates"] if one["name"] == "epsilon 1")
    one["worst"], one["smallest"] = None, None
    report["attacks"]["verdict"] = UNFIT
    page, shown = comparison_html(report), _text(report, ())
    for language in LANGUAGES:
        assert texts_of("comparison")[language]["attacked.powerless"] in page
    assert "a leak of any size would have been missed too" in shown
    assert "100.0%" not in next(line for line in shown.splitlines() if "epsilon 1:" in line and "Attacks" in line)
    assert "nothing follows" in shown
    assert "nothing follows" not in _text(compared[0], ())
