"""Hostile and odd text files: each is read right or refused with a sentence that helps."""

import gzip

import pyarrow.parquet as pq
import pytest

from ctdc.foundation.errors import UserError
from ctdc.intake.delivery import Quarantined

FIELD = "  - {target: gender, recode: {column: Sexo}}"


def table(encoding: str = "utf-8", more: str = "") -> str:
    return (
        f'\n  - {{name: cases, file: "*.csv*", format: csv, encoding: {encoding}, id: id, '
        f'null_tokens: [{{token: "", reason: unknown}}]{more}}}\n'
    )


def genders(intake, tables: str, *values: tuple[str, str]) -> list[str | None]:
    rows = "".join(intake.value("Sexo", text, "gender", code) for text, code in values)
    return pq.read_table(intake.harmonise(intake.mapping(FIELD, rows, tables=tables)))["gender"].to_pylist()


WOMAN = ("Mulher", "Woman")


def test_preamble_header_row_delimiter_and_old_code_page(intake) -> None:
    text = (
        "Registo nacional\r\nConfidencial; não divulgar\r\n\r\nid;Sexo;Situação\r\n1;Mulher;à espera\r\n2;Não sei;\r\n"
    )
    intake.deliver(text.encode("cp1252"))
    tables = table("cp1252", ', header_row: 4, delimiter: ";"')
    found = genders(intake, tables, WOMAN, ("Não sei", "Man"))
    assert found == ["Woman", "Man"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "tis-620", "cp1251", "utf-8-sig"])
def test_declared_encodings(intake, encoding: str) -> None:
    text = {"tis-620": "หญิง", "cp1251": "женщина"}.get(encoding, "女")
    intake.deliver(f"id,Sexo\n1,{text}\n".encode(encoding))
    assert genders(intake, table(encoding), (text, "Woman")) == ["Woman"]


def test_a_byte_order_mark_is_no_part_of_the_first_name(intake) -> None:
    intake.deliver(b"\xef\xbb\xbfid,Sexo\n1,Mulher\n")
    assert genders(intake, table(), WOMAN) == ["Woman"]


def test_mixed_encodings_are_located_to_the_byte(intake) -> None:
    good = "id,Sexo\n1,não\n"
    intake.deliver(good.encode() + "2,não\n".encode("cp1252"))
    with pytest.raises(UserError, match=r"byte 18 \(0xE3\) does not fit") as caught:
        intake.check(intake.mapping(FIELD, tables=table()))
    assert "line 3, byte offset 18" in caught.value.detail.where
    assert "two encodings" in caught.value.detail.do
    assert "it may be cp" not in caught.value.detail.do  # three letters are too few for a proposal


def test_detection_only_proposes(intake) -> None:
    intake.deliver(("id,Sexo\n" + "1,não há informação disponível à data\n" * 20).encode("cp1252"))
    with pytest.raises(UserError, match="byte 11") as caught:
        intake.check(intake.mapping(FIELD, tables=table()))
    assert "it may be cp125" in caught.value.detail.do


def test_the_offset_is_right_far_into_a_large_file(intake) -> None:
    body = "id,Sexo\n" + "".join(f"{i},é\n" for i in range(200_000))
    intake.deliver(body.encode() + b"x,\xff\n")
    with pytest.raises(UserError) as caught:
        intake.check(intake.mapping(FIELD, tables=table()))
    assert f"line 200,002, byte offset {len(body.encode()) + 2:,}" in caught.value.detail.where


def test_utf16_that_was_declared_as_utf8(intake) -> None:
    intake.deliver("id,Sexo\n1,x\n".encode("utf-16"))
    with pytest.raises(UserError, match="mark of utf-16"):
        intake.check(intake.mapping(FIELD, tables=table()))
    intake.deliver("id,Sexo\n1,x\n".encode("utf-16-le"))
    with pytest.raises(UserError, match="zero bytes"):
        intake.check(intake.mapping(FIELD, tables=table()))


def test_an_encoding_that_does_not_exist(intake) -> None:
    intake.deliver("id,Sexo\n")
    with pytest.raises(UserError, match="no text encoding 'rot13'"):
        intake.check(intake.mapping(FIELD, tables=table("rot13")))


def test_duplicate_headers_are_refused_where_they_matter(intake) -> None:
    intake.deliver("id,Sexo,Sexo\n1,Mulher,Homem\n")
    with pytest.raises(UserError, match=r"'Sexo' stands 2 times \(columns B, C\)"):
        intake.check(intake.mapping(FIELD, tables=table()))
    intake.deliver("id,Sexo,Nota,Nota\n1,Mulher,a,b\n")
    report = intake.check(intake.mapping(FIELD, intake.value("Sexo", *("Mulher", "gender", "Woman")), tables=table()))
    assert report.promotable
    assert [entry["columns"] for entry in report.structure if entry["code"] == "duplicate_ignored"] == [["C", "D"]]


def test_missing_columns_come_with_suggestions(intake) -> None:
    intake.deliver("id,Sexo do utente\n1,x\n")
    with pytest.raises(UserError, match="'Sexo'"):
        intake.check(intake.mapping(FIELD, tables=table()))
    intake.deliver("id,SEXO\n1,x\n")
    with pytest.raises(UserError, match="renamed to 'SEXO'"):
        intake.check(intake.mapping(FIELD, tables=table()))


def test_a_wrong_delimiter_is_named(intake) -> None:
    intake.deliver("id;Sexo;Idade\n1;Mulher;3\n")
    with pytest.raises(UserError, match="divided by ';'"):
        intake.check(intake.mapping(FIELD, tables=table()))


def test_rows_that_do_not_fit_are_named_and_never_shifted(intake) -> None:
    intake.deliver('id,Sexo,Nota\n1,Mulher,a\n2,Mulher\n\n3,Mulher,"b\nc"\n4,Mulher,x,y\n5,Mulher,z\n')
    mapping = intake.mapping(FIELD, intake.value("Sexo", "Mulher", "gender", "Woman"), tables=table())
    with pytest.raises(Quarantined, match=r"2 rows do not have the 3 cells of the header \(first: row 3 \(2 cells\)"):
        intake.harmonise(mapping)
    out = intake.harmonise(mapping, allow_quarantine=True)
    assert pq.read_table(out)["_row"].to_pylist() == [2, 5, 7]


def test_a_quotation_mark_without_its_partner(intake) -> None:
    intake.deliver('id,Sexo\n1,"Mulher\n' + "2,Mulher\n" * 2_000_000)
    with pytest.raises(UserError) as caught:
        intake.check(intake.mapping(FIELD, intake.value("Sexo", "Mulher", "gender", "Woman"), tables=table()))
    assert caught.value.detail.code in ("intake.quotes", "intake.quarantine")


def test_ids_written_in_two_ways(intake) -> None:
    intake.deliver("id,Sexo\n007,Mulher\n7,Mulher\n8.0,Mulher\n8,Mulher\n")
    values = intake.value("Sexo", "Mulher", "gender", "Woman")
    with pytest.raises(Quarantined, match="one number written in two ways"):
        intake.harmonise(intake.mapping(FIELD, values, tables=table()))
    intake.deliver("id,Sexo\n007,Mulher\n8.0,Mulher\n ,Mulher\n")
    with pytest.raises(Quarantined, match="1 row has no id"):
        intake.harmonise(intake.mapping(FIELD, values, tables=table()))


def test_na_is_namibia_unless_it_is_declared_missing(intake) -> None:
    intake.deliver("id,C\n1,NA\n2,NO\n")
    field = "  - {target: citizenship, country: {column: C}}"
    found = pq.read_table(intake.harmonise(intake.mapping(field)))["citizenship"].to_pylist()
    assert found == ["NAM", "NOR"]
    tables = table().replace('{token: "", reason: unknown}', '{token: "NA", reason: not_asked}')
    found = pq.read_table(intake.harmonise(intake.mapping(field, tables=tables)))["citizenship.missing"].to_pylist()
    assert found == ["not_asked", None]


def test_gzip_is_read_and_a_gzip_bomb_is_not(intake) -> None:
    intake.deliver(gzip.compress(b"id,Sexo\n1,Mulher\n"), "cases.csv.gz")
    assert genders(intake, table(), WOMAN) == ["Woman"]
    intake.deliver(gzip.compress(b"id,Sexo\n" + b" " * 30_000_000, 9), "cases.csv.gz")
    with pytest.raises(UserError, match="unfolds far beyond its size"):
        intake.check(intake.mapping(FIELD, tables=table()))


def test_a_damaged_gzip(intake) -> None:
    intake.deliver(gzip.compress(b"id,Sexo\n1,Mulher\n" * 500)[:-20], "cases.csv.gz")
    with pytest.raises(UserError, match="damaged"):
        intake.check(intake.mapping(FIELD, tables=table()))


def test_files_that_are_missing_or_too_many(intake) -> None:
    mapping = intake.mapping(FIELD, tables=table())
    with pytest.raises(UserError, match="no file to read"):
        intake.check(mapping)
    intake.deliver("x", "notes.txt")
    with pytest.raises(UserError, match="No file of the delivery is called"):
        intake.check(mapping)
    intake.deliver("id,Sexo\n", "a.csv")
    intake.deliver("id,Sexo\n", "b.csv")
    with pytest.raises(UserError, match="2 files of the delivery are called like"):
        intake.check(mapping)


def test_an_empty_file_and_a_file_with_a_header_only(intake) -> None:
    intake.deliver("")
    with pytest.raises(UserError, match=r"ends before row 1|header row is empty"):
        intake.check(intake.mapping(FIELD, tables=table()))
    intake.deliver("id,Sexo\n")
    assert intake.check(intake.mapping(FIELD, tables=table())).rows_read == 0


def test_free_text_and_identifiers_are_warned_of_masked_and_refused(intake) -> None:
    intake.deliver("id,Sexo\n1,call Mrs. Maria Lopez on +351 912 345 678\n2,maria@example.org\n")
    report = intake.check(intake.mapping(FIELD, tables=table()))
    assert "intake.identifiers" in {blocker.code for blocker in report.blockers}
    assert {finding.kind for finding in report.identifiers} == {"phone", "email"}
    text = str(report.as_dict())
    assert "Lopez" not in text
    assert "example.org" not in text
    with pytest.raises(Quarantined) as caught:
        intake.harmonise(intake.mapping(FIELD, tables=table()))
    assert "Lopez" not in str(caught.value)


def test_columns_that_no_field_names_are_not_imported(intake) -> None:
    intake.deliver("id,Sexo,Bairro,Telefone\n1,Mulher,Alfama,sim\n")
    values = intake.value("Sexo", "Mulher", "gender", "Woman")
    report = intake.check(intake.mapping(FIELD, values, tables=table()))
    assert report.promotable
    assert report.receipts[0]["ignored_columns"] == ["Bairro", "Telefone"]
    assert "Alfama" not in str(report.as_dict())


def test_buddhist_years_are_explained(intake) -> None:
    intake.deliver("id,Y\n1,2562\n")
    report = intake.check(intake.mapping("  - {target: yearOfRegistration, year: {column: Y}}", tables=table()))
    assert "Buddhist" in report.quarantined[0].hint
    out = intake.harmonise(
        intake.mapping("  - {target: yearOfRegistration, year: {column: Y, calendar: buddhist}}", tables=table())
    )
    assert pq.read_table(out)["yearOfRegistration"].to_pylist() == ["2019"]
