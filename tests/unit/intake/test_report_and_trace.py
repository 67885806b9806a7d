import csv
import json
from html.parser import HTMLParser

import pytest

from ctdc.foundation.errors import UserError
from ctdc.intake.cases import read_metadata
from ctdc.intake.export import safe_cell, write_annotated
from ctdc.intake.model import TableSpec
from ctdc.intake.readers.frame import Needs
from ctdc.intake.readers.open import open_table
from ctdc.intake.report import render, texts, write_report
from ctdc.intake.trace import trace
from ctdc.standard.languages import LANGUAGES

FIELDS = """  - {target: gender, recode: {column: Sex}}
  - {target: citizenship, country: {column: C}}"""


@pytest.fixture
def delivered(intake):
    values = intake.value("Sex", "F", "gender", "Woman")
    intake.deliver('id,Sex,C,Note\n1,F,MLI,=1+1\n2,"=HYPERLINK(""http://x"")",<b>Mali</b>,@x\n')
    return intake, intake.mapping(FIELDS, values)


def test_every_text_exists_in_every_language() -> None:
    for language in LANGUAGES:
        assert all(text.strip() for text in texts()[language].values()), language
        assert texts()[language].keys() == texts()["en"].keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_escaped_and_asks_for_nothing(delivered, language: str) -> None:
    intake, mapping = delivered
    page = render(intake.check(mapping), language)
    assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in page
    assert "<b>Mali</b>" not in page
    assert "&lt;b&gt;Mali" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://x", "")
    open_tags: list[str] = []

    class Balance(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag not in ("meta",):
                open_tags.append(tag)

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

    Balance().feed(page)
    assert open_tags == []


def test_nothing_that_we_write_is_a_formula(delivered, tmp_path) -> None:
    intake, mapping = delivered
    folder = tmp_path / "report"
    names = {path.name for path in write_report(intake.check(mapping), mapping, intake.source, folder)}
    assert {"report.json", "report.ar.html", "row-errors.csv", "values-to-add.csv", "annotated-copy.xlsx"} <= names
    rows = list(csv.reader((folder / "row-errors.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert safe_cell("-1+2") == "'-1+2"
    spec = TableSpec.model_validate({"name": "t", "file": "*", "format": "xlsx", "sheet": "cases", "id": "id"})
    table = open_table(folder / "annotated-copy.xlsx", spec, Needs(everything=True))
    frame = next(iter(table.frames()))
    assert table.receipt.workbook["formulas"] == 0
    assert "=1+1" in frame.columns["Note"].texts
    assert json.loads((folder / "report.json").read_text())["promotable"] is False


def test_drafted_rows_can_be_completed_and_loaded(delivered, tmp_path) -> None:
    intake, mapping = delivered
    folder = tmp_path / "report"
    write_report(intake.check(mapping), mapping, intake.source, folder)
    with (folder / "values-to-add.csv").open(newline="") as stream:
        drafted = list(csv.DictReader(stream))
    assert {(row["source_column"], row["target_variable"], row["status"]) for row in drafted} == {
        ("C", "citizenship", "proposed")
    }


def test_a_value_is_traced_to_its_cell(delivered) -> None:
    intake, mapping = delivered
    out = intake.harmonise(mapping, allow_quarantine=True)
    found = trace(out, 2, "gender")
    assert found.provenance["_file"] == "cases.csv"
    assert found.provenance["_row"] == 3
    assert found.values[0].cells[0].reference == "B3"
    assert (found.values[0].value, found.values[0].missing) == (None, "unmapped")
    assert trace(out, 1, "ageBroad").values[0].cells == ()
    assert read_metadata(out)["ctdc.promotable"] == "no"
    with pytest.raises(UserError, match="no row 9"):
        trace(out, 9)
    with pytest.raises(UserError, match="no variable 'x'"):
        trace(out, 1, "x")


def test_the_annotated_copy_keeps_both_of_two_equal_columns(intake, tmp_path) -> None:
    intake.deliver("id,Sex,N,N\n1,X,a,b\n")
    mapping = intake.mapping("  - {target: gender, recode: {column: Sex}}")
    write_annotated(intake.check(mapping), mapping, intake.source, tmp_path / "a.xlsx")
    spec = TableSpec.model_validate({"name": "t", "file": "*", "format": "xlsx", "sheet": "cases", "id": "id"})
    frame = next(iter(open_table(tmp_path / "a.xlsx", spec, Needs(everything=True)).frames()))
    assert frame.columns["N"].texts == ["a"]
    assert frame.columns["N (2)"].texts == ["b"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,Sex,C\n", "has no rows"),
        ("id,Sex,C\n,,\n", "has no rows"),
        ("id,Sex,C\n1,no,MLI\n", "has 1 row, all left out by the mapping"),
    ],
)
def test_a_delivery_without_rows_is_held_back(intake, content: str, said: str) -> None:
    intake.deliver(content)
    extra = 'rows:\n  - {exclude: {column: Sex, values: ["no"]}, reason: no consent}\n'
    mapping = intake.mapping(FIELDS, extra=extra)
    report = intake.check(mapping)
    (blocker,) = report.blockers
    assert (blocker.code, report.promotable) == ("intake.no_rows", False)
    assert said in blocker.what
    with pytest.raises(UserError, match=said):
        intake.harmonise(mapping)
    for language in LANGUAGES:
        page = render(report, language)
        assert texts()[language]["blocker.intake.no_rows"] in page
        assert texts()[language]["ready"] not in page


def test_errors_are_counted_once_and_the_first_of_many_are_said_to_be(delivered, monkeypatch) -> None:
    intake, mapping = delivered
    report = intake.check(mapping)
    assert report.issues_total == 2
    assert "<p>Errors by row: 2</p>" in render(report, "en")
    monkeypatch.setattr("ctdc.intake.report.MAX_SHOWN_ERRORS", 1)
    assert "<p>The first 1 of 2</p>" in render(report, "en")


LISTED = """  - targets: [meansOfControlDebtBondage, meansOfControlPsychologicalAbuse]
    split: {column: How, separator: ";", absent: {code: "0"}}"""
LONG = "; ".join(["she was told that she owed them money"] * 1 + ["they said bad words to her every day"])


@pytest.mark.parametrize(
    ("wrong", "shown", "hint"),
    [
        ("dept", "dept", "dept"),
        ("dept; call 0171 2345678", None, None),
        ("she told us at the station that he took all of her papers away", "s•• t••• u• a• t•• s•••••• t••• h•", None),
        ("Fatima Al Masri", "F••••• A• M••••", None),
        ("2234-56-78", None, None),
        ("a man who met her; at the station took; all of her papers and left", "a m•• w•• m•• h••", None),
    ],
)
def test_of_a_long_list_only_what_nobody_knows_can_be_masked(intake, wrong: str, shown, hint, tmp_path) -> None:
    values = intake.value("How", "she was told that she owed them money", "meansOfControlDebtBondage", "1")
    values += intake.value("How", "they said bad words to her every day", "meansOfControlPsychologicalAbuse", "1")
    intake.deliver(f'id,How\n1,"{LONG}; {wrong}"\n')
    mapping = intake.mapping(LISTED, values)
    report = intake.check(mapping)
    (line,) = report.as_dict()["row_errors"]
    assert "items" not in line
    write_report(report, mapping, intake.source, tmp_path / "report")
    rows = list(csv.DictReader((tmp_path / "report" / "row-errors.csv").read_text("utf-8-sig").splitlines()))
    assert (rows[0]["value"], rows[0]["hint"]) == (line["value"], line["hint"])
    if shown is None:  # it looks like more than a long text: nothing of it is shown
        assert (line["value"][:4], line["hint"]) == ("s•• ", "")
        return
    assert line["value"].startswith(f"{LONG}; {shown}")
    assert line["hint"].startswith(shown)
    assert line.get("masked", False) == ("•" in shown or line["value"] != f"{LONG}; {wrong}")
