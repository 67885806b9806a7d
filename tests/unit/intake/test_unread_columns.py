"""Columns that no field reads rest in the vault with the file: what looks like a person in them holds it back, too."""

import json
import uuid
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from tests.unit.intake.test_linked import CASE, linked, values

from ctdc.cli.main import main
from ctdc.foundation.errors import UserError
from ctdc.intake.delivery import DeliveryReport, Quarantined
from ctdc.intake.readers import unread
from ctdc.intake.readers.frame import Needs
from ctdc.intake.readers.unread import Unread
from ctdc.intake.report import render, render_page, write_report
from ctdc.standard.languages import LANGUAGES
from ctdc.table.identifiers import Finding

FIELD = "  - {target: gender, recode: {column: Sex}}"
BLOCKER = "intake.identifiers_unread"
NAMES = ("Maria Lopez", "Anna Ivanova", "Olga Petrova", "Amina Yusuf", "Fatima Omar")
NOTE = "She told us that the man who had met her at the station took her papers"


def table(form: str = "csv", more: str = "") -> str:
    own = {"csv": "encoding: utf-8, ", "xlsx": "sheet: Cases, "}.get(form, "")
    tokens = 'null_tokens: [{token: "", reason: unknown}, {token: Keine Auskunft, reason: refused}]'
    return f'\n  - {{name: cases, file: "*.{form}", format: {form}, {own}id: id, {tokens}{more}}}\n'


def mapping(intake: Any, tables: str = "", extra: str = "") -> Any:
    return intake.mapping(FIELD, intake.value("Sex", "F", "gender", "Woman"), tables or table(), extra)


def check(intake: Any, heading: str, cells: list[str], **options: str) -> DeliveryReport:
    rows = "".join(f'{number},F,"{cell}"\n' for number, cell in enumerate(cells, 1))
    intake.deliver(f"id,Sex,{heading}\n{rows}")
    return intake.check(mapping(intake, **options))


def kinds(report: DeliveryReport) -> dict[int, set[str]]:
    """What each column that holds the delivery back looks like, by its position."""
    return {at: {one.kind for one in found} for (_, at), found in report.suspected_columns.items()}


@pytest.mark.parametrize(
    ("heading", "cells", "kind"),
    [
        ("Worker", NAMES, "possible_name"),
        ("first_name", ("maria", "", "Keine Auskunft"), "possible_name"),
        ("الاسم", ("فاطمة",), "possible_name"),
        ("Client name", ("Maria Lopez",), "possible_name"),
        ("Contact", ("+44 20 7946 0958", "no"), "phone"),
        ("Contact", ("912345678", "912345679.0"), "phone"),
        ("Telefon", ("22 33 44", "ja"), "phone"),
        ("Handy", ("22334455",), "phone"),
        ("Seen", ("2021-03-04, call 912 345 678",), "phone"),
        ("Who", ("maria@example.org",), "email"),
        ("Courriel", ("maria (at) example",), "email"),
        ("Doc", ("AB1234567",), "passport"),
        ("Passport", ("12345",), "passport"),
        ("Home address", ("Rue Haute 5",), "address"),
        ("Remarks", ("", NOTE), "free_text"),
        ("Remarks", ("她" * 101,), "free_text"),
        ("Remarks", ("x@" + "a" * 100_000,), "free_text"),
        ("Mrs. Jane Doe", ("1",), "name"),
    ],
)
def test_a_column_that_looks_like_people_holds_the_delivery_back(
    intake: Any, heading: str, cells: tuple[str, ...], kind: str
) -> None:
    report = check(intake, heading, [*cells, "x"])
    assert not report.promotable
    assert [(one.code, one.count) for one in report.blockers] == [(BLOCKER, 1)]
    assert kinds(report) == {3: {kind}}


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("Sector", ["DEB", "MIG", "dom-work", "Debt bondage"] * 5),
        ("Answers", ["debt_bondage threats", "threats takes_earnings movement"] * 3),
        ("Year", [str(year) for year in range(2000, 2030)]),
        ("When", ["2021-03-04", "04/03/2021", "4.3.2564", "2021-03-04T10:11:12.000+03:00", "3/4/2021 12:33:11 PM"]),
        ("When", ["20210304", "04/03/21 12:33", "10:20", "2021-03-04 - 2021-05-06"]),
        ("_uuid", [str(uuid.UUID(int=n << 100 | 9_446_655_440_000, version=4)) for n in range(40)]),
        ("_uuid", [f"uuid:{uuid.UUID(int=n << 96 | 123456789012)!s}".upper() for n in range(40)]),
        ("hash", [sha256(bytes([n])).hexdigest() * 2 for n in range(40)]),
        ("No.", [str(100_000 + n) for n in range(40)]),
        ("Name", [f"SIM-{n:06d}" for n in range(40)]),
        ("Weight", ["0.123456789", "-12.5000000001", "1,23456789"]),
        ("Telephone", ["yes", "No", "", "Keine Auskunft", "unknown", "3"]),
        ("Name", ["", "***", "XXX", "n/a", "[redacted]", "17"]),
        ("Name", ["Keine Auskunft", "keine  auskunft"]),
        ("Passport", ["taken", "2030-01-31", "unknown"]),
        ("Street work", ["yes", "begging"]),
        ("Two towns", ["Bab Ezzouar", "New York", "Debt bondage", "San José"]),
    ],
)
def test_columns_of_codes_years_ids_and_hashes_do_not(intake: Any, heading: str, cells: list[str]) -> None:
    report = check(intake, heading, cells)
    assert report.promotable, report.identifiers
    assert report.identifiers == []


def test_the_column_is_told_by_place_and_heading_and_no_cell_is_shown(intake: Any, capsys: Any) -> None:
    cells = [*NAMES, "call +351 912 345 678", NOTE]
    report = check(intake, "Notas", cells)
    shown = json.dumps(report.as_dict(), ensure_ascii=False) + "".join(render(report, one) for one in LANGUAGES)
    with pytest.raises(Quarantined) as caught:
        intake.harmonise(mapping(intake))
    assert not (intake.folder / "out" / "cases.parquet").exists()
    capsys.readouterr()
    with pytest.raises(SystemExit, match="3"):
        main(["intake", "check", str(intake.source), "--mapping", str(intake.folder / "small")])
    printed = capsys.readouterr()
    for told in (str(caught.value), printed.out + printed.err):
        assert "table 'cases', column C (number 3) 'Notas': free text, phone, possible name" in told
        assert "Take these columns out of the file" in told
    for part in (*NAMES, "912", "station"):
        assert part not in shown + str(caught.value) + printed.out + printed.err
    for language in LANGUAGES:
        page = render(report, language)
        assert "<bdi>C</bdi> (" in page and "<bdi>Notas</bdi>" in page


def test_a_heading_that_is_itself_a_number_or_an_address_is_masked(intake: Any) -> None:
    report = check(intake, "maria@example.org", ["1"])
    assert kinds(report) == {3: {"email"}}
    assert "example.org" not in str(report.as_dict()) + "".join(one.what for one in report.blockers)
    intake.deliver("id,Sexo,maria@example.org\n1,F,2\n")
    with pytest.raises(UserError, match="lacks 1 column") as caught:
        intake.check(mapping(intake))
    assert "example.org" not in str(caught.value)


def test_a_report_of_an_earlier_version_is_still_shown(intake: Any) -> None:
    old = check(intake, "Notas", list(NAMES)).as_dict()
    for finding in old["identifiers"]:
        for name in ("position", "imported", "at_least", "because"):
            del finding[name]
    assert "<bdi>Notas</bdi>" in render_page(old, "es")


def test_every_row_is_looked_at_and_counted_once(intake: Any) -> None:
    """More than one batch of the reader, and only the last row has something."""
    report = check(intake, "Note,Wide", ['a","' + "b" * 190] * 70_000 + [f'{NOTE}","b'])
    assert [(one.kind, one.distinct, one.cells) for one in report.identifiers] == [("free_text", 1, 1)]


def test_rows_that_are_blank_or_left_out_are_looked_at(intake: Any) -> None:
    """The file is kept with them."""
    intake.deliver(f'id,Sex,Kind,Note\n1,F,case,\n,,,"{NOTE}"\n2,"{NOTE}",other,\n3,M. Lopez +351 912 345 678,other,\n')
    rows = "rows:\n  - {exclude: {column: Kind, values: [other, '']}, reason: no case}\n"
    report = intake.check(mapping(intake, extra=rows))
    assert (report.rows_read, report.rows_written) == (3, 1)
    assert {(one.column, one.kind, one.imported) for one in report.identifiers} == {
        ("Note", "free_text", False),
        ("Sex", "free_text", True),
        ("Sex", "phone", True),
    }
    assert {one.code for one in report.blockers} == {BLOCKER, "intake.identifiers"}


def test_what_a_rule_about_rows_or_a_date_that_nothing_uses_reads_is_looked_at(intake: Any) -> None:
    intake.deliver('id,Sex,Kind,Day\n1,F,"call 912 345 678",maria@example.org\n')
    rows = "rows:\n  - {exclude: {column: Kind, values: [other]}, reason: no case}\n"
    dates = 'dates:\n  - {name: day, column: Day, formats: ["%Y-%m-%d"]}\n'
    assert kinds(intake.check(mapping(intake, extra=rows + dates))) == {3: {"phone"}, 4: {"email"}}


def test_a_column_without_a_heading_is_a_column(intake: Any) -> None:
    report = check(intake, ",Year", ['maria@example.org","2019', '","2020'])
    assert kinds(report) == {3: {"email"}}
    assert "column C (number 3) (no heading): email" in report.blockers[0].what
    assert "sin encabezado" in render(report, "es")


def test_two_columns_of_one_heading_are_two_columns(intake: Any) -> None:
    report = check(intake, "Note,Note", ['1","maria@example.org', '2","3'])
    assert kinds(report) == {4: {"email"}}


def test_joined_tables_are_looked_at_and_of_numbers_in_their_keys_is_only_warned(intake: Any) -> None:
    tables = table().replace("*.csv", "cases.csv") + table().replace("*.csv", "more.csv").replace(
        "name: cases", "name: more"
    ).replace("id: id, ", "")
    intake.deliver("id,Sex\n182736451,F\n", "cases.csv")
    intake.deliver("case,Tel\n182736451,+44 20 7946 0958\n", "more.csv")
    report = intake.check(mapping(intake, tables, "joins:\n  - {table: more, column: case}\n"))
    found = {(one.table, one.position, one.kind, one.blocking) for one in report.identifiers}
    assert found == {("cases", 1, "phone", False), ("more", 1, "phone", False), ("more", 2, "phone", True)}
    assert [one.code for one in report.blockers] == [BLOCKER]
    intake.deliver("case,Tel\n182736451,\nmaria@example.org,\n", "more.csv")
    again = intake.check(mapping(intake, tables, "joins:\n  - {table: more, column: case}\n"))
    assert ("more", 1, "email", True) in {
        (one.table, one.position, one.kind, one.blocking) for one in again.identifiers
    }
    assert [one.code for one in again.blockers] == ["intake.identifiers"]


def ids(intake: Any, found: list[str], heading: str = "id") -> DeliveryReport:
    intake.deliver(f"{heading},Sex\n" + "".join(f'"{one}",F\n' for one in found))
    return intake.check(mapping(intake, table().replace("id: id", f"id: {heading}")))


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["maria@example.org"], "email"),
        ([NOTE], "free_text"),
        (["Mrs. Jane Doe"], "name"),
        (NAMES, "possible_name"),
        (["facebook.com/jane"], "url"),
    ],
)
def test_ids_that_look_like_people_hold_the_delivery_back_wherever_they_stand(
    intake: Any, monkeypatch: pytest.MonkeyPatch, texts: list[str], kind: str
) -> None:
    """Also after so many numbers that nobody would look on."""
    monkeypatch.setattr(unread, "ENOUGH", 10)
    numbers = [str(182736451 + n) for n in range(300)]
    assert ids(intake, numbers).promotable
    report = ids(intake, [*numbers, *texts])
    found = {(one.column, one.kind, one.blocking, one.imported) for one in report.identifiers}
    assert found == {("id", "phone", False, True), ("id", kind, True, True)}
    assert [one.code for one in report.blockers] == ["intake.identifiers"]


@pytest.mark.parametrize(
    ("heading", "text"),
    [("Telephone", "0550123456"), ("Passport", "AB1234567"), ("Name", "maria"), ("Address", "5 High")],
)
def test_ids_that_their_heading_calls_so_hold_the_delivery_back(intake: Any, heading: str, text: str) -> None:
    assert ids(intake, [text], "No.").promotable
    assert not ids(intake, [text], heading).promotable


def test_keys_that_are_names_of_places_can_be_declared_harmless(intake: Any) -> None:
    towns = ["New York", "San José", "Bab Ezzouar", "El Jadida", "Sidi Kacem"]
    extra = "harmless:\n  - {column: id, looks_like: [possible_name], because: towns}\n"
    intake.deliver("id,Sex\n" + "".join(f"{one},F\n" for one in towns))
    assert not intake.check(mapping(intake)).promotable
    assert intake.check(mapping(intake, extra=extra)).promotable


def test_a_joined_table_of_no_case_is_looked_at(intake: Any) -> None:
    more = table().replace("*.csv", "more.csv").replace("name: cases", "name: more").replace("id: id, ", "")
    tables = table().replace("*.csv", "cases.csv") + more
    intake.deliver("id,Sex\n1,no\n", "cases.csv")
    intake.deliver("case,How\n1,call 912 345 678\n", "more.csv")
    extra = (
        "joins:\n  - {table: more, column: case}\n"
        "rows:\n  - {exclude: {column: Sex, values: ['no']}, reason: no case}\n"
    )
    fields = "  - {target: gender, recode: {column: How, table: more}}"
    report = intake.check(intake.mapping(fields, "", tables, extra))
    assert report.rows_written == 0
    assert [(one.table, one.column, one.kind, one.blocking) for one in report.identifiers] == [
        ("more", "How", "phone", True)
    ]


def test_tables_that_are_read_from_one_file_explain_their_columns_together(intake: Any) -> None:
    """A file with one row for each event is the table of cases, too."""
    tables = table() + table().replace("name: cases", "name: again").replace("id: id, ", "")
    intake.deliver("id,Sex,Tel\n1,Mrs. Fee,call 912 345 678\n")
    known = intake.value("Sex", "Mrs. Fee", "gender", "Woman")
    report = intake.check(intake.mapping(FIELD, known, tables, "joins:\n  - {table: again, column: id}\n"))
    assert set(report.suspected_columns) == {("cases", 3), ("again", 3)}


def test_columns_that_only_linked_rows_read_are_explained(intake: Any) -> None:
    intake.deliver("id,Sex,Their sex1,Role1,Kin1\nA,F,m,T,Mrs. Jane Doe\nB,F,Mr. John Doe,,\n")
    report = intake.check(intake.mapping(CASE, values(intake, "{n}"), extra=linked(blocks=1)))
    assert {(one.column, one.kind, one.imported) for one in report.identifiers} == {
        ("Kin1", "name", False),
        ("Their sex1", "name", True),
    }


def test_columns_of_linked_rows_are_looked_at_in_rows_that_are_left_out(intake: Any) -> None:
    """By every block, and a text that two of them read is counted once."""
    intake.deliver(
        "id,Sex,Their sex1,Role1,Their sex2,Role2\nA,F,m,T,,\n"
        "B,no,call Maria +351 912 345 678,m@example.org,,Mrs. Jane Doe\n"
    )
    rows = "rows:\n  - {exclude: {column: Sex, values: ['no']}, reason: no case}\n"
    report = intake.check(intake.mapping(CASE, values(intake, "{n}"), extra=rows + linked(blocks=2)))
    assert {(one.column, one.kind, one.cells, one.blocking, one.position) for one in report.identifiers} == {
        ("Their sex1", "phone", 1, True, 3),
        ("Role1", "email", 1, True, 4),
        ("Role2", "name", 1, True, 6),
    }
    assert [one.code for one in report.blockers] == ["intake.identifiers"]


@pytest.mark.slow
def test_a_sheet_is_looked_at_beyond_its_header(intake: Any, tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(intake.source / "a.xlsx")) as book:
        sheet = book.add_worksheet("Cases")
        sheet.write_row(0, 0, ["id", "Sex", "Year"])
        sheet.write_row(1, 0, ["1", "F", 2019, "", ""])
        sheet.write_row(2, 0, ["2", "F", 2020, "", "maria@example.org"])
        book.add_worksheet("Other").write(0, 0, "anna@example.org")
    chosen = mapping(intake, table("xlsx"))
    report = intake.check(chosen)
    assert kinds(report) == {5: {"email"}}
    assert report.receipts[0]["columns"] == 3
    assert "column E (number 5) (no heading): email" in report.blockers[0].what
    write_report(report, chosen, intake.source, tmp_path / "report")
    copy = openpyxl.load_workbook(tmp_path / "report" / "annotated-copy.xlsx")["Cases"]
    heading, cell = copy["F1"], copy["F3"]
    assert heading.comment.text == "identifiers: email"
    assert (cell.value, cell.fill.fgColor.rgb) == ("maria@example.org", heading.fill.fgColor.rgb)
    assert copy["D1"].comment is None and copy["D2"].fill.fgColor.rgb != cell.fill.fgColor.rgb


def test_the_copy_that_goes_back_marks_the_column_from_its_heading_down(intake: Any, tmp_path: Path) -> None:
    report = check(intake, "Year,Note", ['2019","maria@example.org', '2020","'])
    assert not report.issues
    names = {path.name for path in write_report(report, mapping(intake), intake.source, tmp_path / "report")}
    assert "annotated-copy.xlsx" in names and "row-errors.csv" not in names
    sheet = openpyxl.load_workbook(tmp_path / "report" / "annotated-copy.xlsx")["cases"]
    marked = {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.fill.fgColor.rgb == "FFFFD9B3"}
    assert marked == {"E1", "E2"}
    assert sheet["E1"].comment.text == "identifiers: email"


def test_parquet_is_looked_at_in_columns_of_every_type(intake: Any) -> None:
    other = {
        "float": pa.array([912345678.0, None]),
        "long": pa.array([912345678, 5]),
        "few": pa.array([12345678, 5], pa.uint32()),
        "huge": pa.array([2**64 - 1, 5], pa.uint64()),
        "tiny": pa.array([255, 5], pa.uint8()),
        "unsigned": pa.array([912345678, 5], pa.uint64()),
        "half": pa.array([1.5, 2.0], pa.float16()),
        "list": pa.array([["maria@example.org"], None]),
        "nested": pa.array([{"a": [{"b": NOTE}]}, {"a": []}]),
        "map": pa.array([[("k", "+44 20 7946 0958")], []], pa.map_(pa.string(), pa.string())),
        "picture": pa.array([b"\xff\xd8\xff", None]),
        "bytes": pa.array([b"maria@example.org", None]),
        "coded": pa.array(["maria@example.org", "x"]).dictionary_encode(),
        "large": pa.array(["maria@example.org", "x"], pa.large_string()),
        "uuid": pa.array([uuid.UUID(int=n).bytes for n in (1, 2)], pa.uuid()),
        "day": pa.array([18000, None], pa.date32()),
        "moment": pa.array([10**15, None], pa.timestamp("us")),
        "flag": pa.array([True, None]),
        "none": pa.nulls(2),
        "share": pa.array([0.123456789, 1e300]),
    }
    pq.write_table(pa.table({"id": ["1", "2"], "Sex": ["F", "F"]} | other), intake.source / "a.parquet")
    report = intake.check(mapping(intake, table("parquet")))
    names = list(other)
    assert {names[at - 3]: found for at, found in kinds(report).items()} == {
        "float": {"phone"},
        "long": {"phone"},
        "unsigned": {"phone"},
        "list": {"email"},
        "nested": {"free_text"},
        "map": {"phone"},
        "picture": {"not_text"},
        "bytes": {"email"},
        "coded": {"email"},
        "large": {"email"},
    }


@pytest.mark.parametrize(
    "array",
    [
        pa.UnionArray.from_sparse(pa.array([0, 0], pa.int8()), [pa.array(["a@b.org", "x"])]),
        pc.run_end_encode(pa.array(["a@b.org", "a@b.org"])),
        pa.array(["a@b.org", "x"], pa.string_view()),
        pa.array([["a@b.org"]], pa.list_view(pa.string())),
        pa.chunked_array([["x"], ["a@b.org"]]),
    ],
)
def test_rare_kinds_of_arrays_are_looked_at(array: Any) -> None:
    looking = Unread(Needs())
    looking.bind(("c",))
    looking.look(0, array)
    assert [one.kind for one in looking.findings("t")] == ["email"]


@pytest.mark.slow
def test_labels_of_codes_and_columns_are_looked_at(intake: Any) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    frame = polars.DataFrame({"id": ["1", "2"], "Sex": ["F", "F"], "staff": [1.0, 2.0], "q7": ["Maria", "x"]})
    labels = {"staff": {1.0: "Mrs. Jane Doe", 2.0: "other"}}
    said = ["id", "sex", "who", "First name"]
    pyreadstat.write_sav(frame, str(intake.source / "a.sav"), column_labels=said, variable_value_labels=labels)
    assert kinds(intake.check(mapping(intake, table("sav")))) == {3: {"name"}, 4: {"possible_name"}}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["sav", "dta"])
def test_a_statistics_file_without_labels_is_looked_at(intake: Any, form: str) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    frame = polars.DataFrame({"id": ["1", "2"], "Sex": ["F", "F"], "q7": ["maria@example.org", "x"]})
    getattr(pyreadstat, f"write_{form}")(frame, str(intake.source / f"a.{form}"))
    assert kinds(intake.check(mapping(intake, table(form)))) == {3: {"email"}}


HARMLESS = "harmless:\n  - {column: _id, looks_like: [phone], because: numbers that the form gives}\n"


def test_a_column_of_numbers_is_declared_harmless_with_a_reason_that_stays(intake: Any) -> None:
    cells = ["182736451", "182736452"]
    assert not check(intake, "_id", cells).promotable
    report = check(intake, "_id", cells, extra=HARMLESS)
    assert report.promotable
    (finding,) = report.identifiers
    assert (finding.kind, finding.blocking, finding.because) == ("phone", False, "numbers that the form gives")
    assert "numbers that the form gives" in render(report, "de")
    again = check(intake, "_id", [*cells, "maria@example.org"], extra=HARMLESS)
    assert kinds(again) == {3: {"email"}}


def test_a_heading_that_stands_twice_cannot_be_declared_harmless(intake: Any) -> None:
    intake.deliver("id,Sex,_id,_id\n1,F,182736451,912345678\n")
    with pytest.raises(UserError, match=r"'_id', which the mapping declares harmless, stands 2 times \(columns C, D\)"):
        intake.check(mapping(intake, extra=HARMLESS))


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ("{column: Sex, looks_like: [phone], because: x}", "which a field reads"),
        ("{column: n, table: t, looks_like: [phone], because: x}", "unknown table 't'"),
        ("{column: n, looks_like: [free_text], because: x}", "harmless"),
        ("{column: n, looks_like: [email], because: x}", "harmless"),
        ("{column: n, looks_like: [], because: x}", "harmless"),
        ("{column: n, looks_like: [phone]}", "harmless"),
    ],
)
def test_what_cannot_be_declared_harmless(intake: Any, entry: str, match: str) -> None:
    with pytest.raises(UserError, match=match):
        mapping(intake, extra=f"harmless:\n  - {entry}\n")
    twice = "  - {column: n, looks_like: [phone], because: x}\n" * 2
    with pytest.raises(UserError, match="2 times"):
        mapping(intake, extra=f"harmless:\n{twice}")


def test_a_column_that_is_bad_enough_is_left(intake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "ENOUGH", 10)
    report = check(intake, "Note", [f"person{n}@example.org" for n in range(50)])
    assert [(one.distinct, one.at_least) for one in report.identifiers] == [(10, True)]
    assert "≥ 10" in render(report, "fr")
    # One that was declared is looked at to its end, for what was not declared.
    cells = [str(182736451 + n) for n in range(50)] + ["maria@example.org"]
    assert kinds(check(intake, "_id", cells, extra=HARMLESS)) == {3: {"email"}}


def test_parts_tell_what_the_whole_would() -> None:
    """As tasks of Spark do."""

    def looking() -> Unread:
        found = Unread(Needs(frozenset({"id"})))
        found.bind(("id", "Worker", "mr.doe@example.org"))
        return found

    texts = pa.array([*NAMES, *NAMES, NOTE, None, ""])
    whole, sum_ = looking(), looking()
    whole.look(1, texts)
    whole.look_left_out(0, "id", {NOTE: 2})
    for part in (texts.slice(0, 3), texts.slice(3)):
        own = looking()
        own.look(1, part)
        own.look_left_out(0, "id", {NOTE: 1})
        told = json.dumps(own.tell())
        assert "Lopez" not in told
        sum_.hear(json.loads(told))
    assert sum_.findings("t") == whole.findings("t")
    assert whole.findings("t")[1:3] == [
        Finding("t", "Worker", "free_text", 1, 1, True, 2, False),
        Finding("t", "Worker", "possible_name", 5, 10, True, 2, False),
    ]
