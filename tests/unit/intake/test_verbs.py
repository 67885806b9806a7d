"""Every verb on a small delivery: what comes out, and what is reported."""

from typing import Any

import pyarrow.parquet as pq
import pytest

from ctdc.foundation.errors import UserError
from ctdc.intake.delivery import Quarantined


def rows(intake, mapping, **options: Any) -> list[dict[str, Any]]:
    return pq.read_table(intake.harmonise(mapping, **options)).to_pylist()


def pairs(found: list[dict[str, Any]], name: str) -> list[str]:
    return [row[name] if row[name] is not None else f"({row[name + '.missing']})" for row in found]


def test_recode_copy_const_and_missing_reasons(intake) -> None:
    fields = """  - {target: gender, recode: {column: Sex}}
  - {target: isAbduction, copy: {column: Taken}}
  - {target: Datasource, const: {code: Hotline}}"""
    values = intake.value("Sex", "F", "gender", "Woman") + intake.value("Sex", "?", "gender", reason="refused")
    intake.deliver("id,Sex,Taken,Name\n1, f ,1,x\n2,?,0,y\n3,,,z\n")
    found = rows(intake, intake.mapping(fields, values))
    assert pairs(found, "gender") == ["Woman", "(refused)", "(unknown)"]
    assert pairs(found, "isAbduction") == ["1", "0", "(unknown)"]
    assert pairs(found, "Datasource") == ["Hotline"] * 3
    assert pairs(found, "ageBroad") == ["(not_collected)"] * 3
    assert [row["_row"] for row in found] == [2, 3, 4]


def test_exactly_one_of_value_and_reason_is_there(intake) -> None:
    intake.deliver("id,Sex\n1,F\n2,\n")
    mapping = intake.mapping("  - {target: gender, recode: {column: Sex}}", intake.value("Sex", "F", "gender", "Woman"))
    table = pq.read_table(intake.harmonise(mapping))
    for name in mapping.targets:
        both = zip(table[name].is_null().to_pylist(), table[name + ".missing"].is_null().to_pylist(), strict=True)
        assert all(value != missing for value, missing in both)


def test_lists_set_flags_and_what_they_do_not_mention(intake) -> None:
    fields = """  - targets: [meansOfControlThreats, meansOfControlDebtBondage]
    split: {column: How, separator: ";", absent: {code: "0"}}"""
    values = (
        intake.value("How", "Threats; of law", "meansOfControlThreats", "1")
        + intake.value("How", "Threats", "meansOfControlThreats", "1")
        + intake.value("How", "Debt", "meansOfControlDebtBondage", "1")
        + intake.value("How", "Visa", "")
        + intake.value("How", "Not said", "", reason="unknown")
    )
    intake.deliver("id,How\n1,Threats;Debt\n2, threats ;\n3,Visa\n4,Not said\n5,\n6,Threats; of law\n")
    found = rows(intake, intake.mapping(fields, values))
    assert pairs(found, "meansOfControlThreats") == ["1", "1", "0", "(unknown)", "(unknown)", "1"]
    assert pairs(found, "meansOfControlDebtBondage") == ["1", "0", "0", "(unknown)", "(unknown)", "0"]


def test_an_unknown_item_leaves_the_unmentioned_targets_unmapped(intake) -> None:
    fields = """  - targets: [meansOfControlThreats, meansOfControlDebtBondage]
    split: {column: How, separator: " ", absent: {code: "0"}}"""
    intake.deliver("id,How\n1,threats hypnosis\n")
    mapping = intake.mapping(fields, intake.value("How", "threats", "meansOfControlThreats", "1"))
    report = intake.check(mapping)
    assert [(line.value, line.status) for line in report.quarantined] == [("hypnosis", "unmapped")]
    found = rows(intake, mapping, allow_quarantine=True)
    assert pairs(found, "meansOfControlThreats") == ["1"]
    assert pairs(found, "meansOfControlDebtBondage") == ["(unmapped)"]


def test_kobo_columns_of_group_question_choice(intake) -> None:
    fields = """  - targets: [typeOfLabourAgriculture, typeOfLabourConstruction, typeOfLabourOther]
    split_columns: {prefix: "work/sector/", yes: ["1"], no: ["0"], absent: {missing: not_asked}}"""
    values = intake.value("work/sector/", "farm", "typeOfLabourAgriculture", "1") + intake.value(
        "work/sector/", "build", "typeOfLabourConstruction", "1"
    )
    intake.deliver("id,work/sector,work/sector/farm,work/sector/build\n1,farm,1,0\n2,,,\n")
    found = rows(intake, intake.mapping(fields, values))
    assert pairs(found, "typeOfLabourAgriculture") == ["1", "(unknown)"]
    assert pairs(found, "typeOfLabourConstruction") == ["0", "(unknown)"]
    assert pairs(found, "typeOfLabourOther") == ["(not_asked)", "(not_asked)"]
    intake.deliver("id,work/sector/farm,work/sector/build,work/sector/mine\n1,1,0,1\n2,,,\n")
    report = intake.check(intake.mapping(fields, values))
    assert "source_value mine" in report.quarantined[0].hint


def test_list_variables_join_their_codes_in_order(intake) -> None:
    fields = '  - {target: IP_Gender, split: {column: P, separator: ";"}}'
    values = intake.value("P", "m", "IP_Gender", "Male") + intake.value("P", "f", "IP_Gender", "Female")
    intake.deliver("id,P\n1,m;f;m\n2,m\n")
    assert pairs(rows(intake, intake.mapping(fields, values)), "IP_Gender") == ["Female;Male", "Male"]


def test_age_band_year_and_duration_from_dates(intake) -> None:
    dates = """dates:
  - {name: born, column: DOB, formats: ["%d/%m/%Y"]}
  - {name: seen, column: Seen, formats: ["%d/%m/%Y"]}
  - {name: start, column: Start, formats: ["%d/%m/%Y"]}"""
    fields = """  - {target: ageBroad, age_at: {born: born, at: seen}}
  - {target: majorityStatus, age_at: {born: born, at: seen, bands: [{code: Minor, to: 17}, {code: Adult, from: 18}]}}
  - {target: yearOfRegistration, year: {date: seen}}
  - {target: traffickMonths, months_between: {start: start, end: seen}}"""
    intake.deliver(
        "id,DOB,Seen,Start\n1,02/03/2001,01/03/2019,02/03/2018\n2,01/03/2001,01/03/2019,28/02/2017\n"
        "3,01/01/2030,01/03/2019,\n4,,01/03/2019,01/04/2019\n"
    )
    mapping = intake.mapping(fields, extra=dates)
    found = rows(intake, mapping)
    assert pairs(found, "ageBroad") == ["09--17", "18--20", "(parse_error)", "(unknown)"]
    assert pairs(found, "majorityStatus") == ["Minor", "Adult", "(parse_error)", "(unknown)"]
    assert pairs(found, "yearOfRegistration") == ["2019"] * 4
    assert pairs(found, "traffickMonths") == ["0--12 (0-1 yr)", "13--24 (1-2 yrs)", "(unknown)", "(parse_error)"]
    report = intake.check(mapping)
    assert {(issue.row, issue.code) for issue in report.issues} == {(4, "implausible"), (5, "implausible")}
    assert report.promotable
    assert "DOB" not in pq.read_schema(intake.harmonise(mapping)).names


def test_a_year_alone_is_too_coarse_for_an_age(intake) -> None:
    dates = 'dates:\n  - {name: born, column: B, formats: ["%Y"]}\n  - {name: at, column: A, formats: [iso]}'
    intake.deliver("id,B,A\n1,2001,2019-01-01\n")
    with pytest.raises(UserError, match="too coarse"):
        intake.check(intake.mapping("  - {target: ageBroad, age_at: {born: born, at: at}}", extra=dates))


def test_countries_in_many_languages_exactly_and_the_first_of_several(intake) -> None:
    fields = """  - {target: citizenship, country: {column: C, separator: ";", several: first}}
  - target: CountryOfExploitation
    first_of: [{country: {column: Last}}, {country: {column: Office}}]"""
    values = intake.value("C", "Burma (old)", "citizenship", "MMR")
    intake.deliver(
        "id,C,Last,Office\n1,Côte d’Ivoire; Mali,,NA\n2,Burma (old),Deutschland,US\n3,NER,ألمانيا,\n"
        "4,NG,,\n5,Niger,Nigeria,\n"
    )
    found = rows(intake, intake.mapping(fields, values))
    assert pairs(found, "citizenship") == ["CIV", "MMR", "NER", "NGA", "NER"]
    assert pairs(found, "CountryOfExploitation") == ["NAM", "DEU", "DEU", "(unknown)", "NGA"]


@pytest.mark.parametrize("text", ["Nigerria", "Korea", "Gunea Bissau", "Mali / Niger", "Transnistria?"])
def test_a_country_that_is_nearly_right_is_quarantined_with_suggestions_only(intake, text: str) -> None:
    intake.deliver(f"id,C\n1,{text}\n")
    report = intake.check(intake.mapping("  - {target: citizenship, country: {column: C}}"))
    assert not report.promotable
    assert report.quarantined[0].becomes == ("(unmapped)",)


def test_any_of_prefers_yes_over_no_over_unknown(intake) -> None:
    fields = "  - {target: isAbduction, any_of: [{copy: {column: A}}, {copy: {column: B}}]}"
    intake.deliver("id,A,B\n1,0,1\n2,,0\n3,,\n4,1,\n")
    assert pairs(rows(intake, intake.mapping(fields)), "isAbduction") == ["1", "0", "(unknown)", "1"]


JOINED = """
  - {name: cases, file: case.csv, format: csv, encoding: utf-8, id: Id, null_tokens: [{token: "", reason: unknown}]}
  - {name: events, file: event.csv, format: csv, encoding: utf-8, null_tokens: [{token: "", reason: not_asked}]}
"""


def test_objects_in_several_files_joined_by_id(intake) -> None:
    fields = """  - targets: [isForcedLabour, isSexualExploit]
    split: {column: Type__c, table: events, separator: ";", absent: {code: "0"}}
  - {target: CountryOfExploitation, country: {column: Country__c, table: events}}
  - {target: traffickMonths, months_between: {start: first, end: last}}"""
    extra = """joins:
  - {table: events, column: Case__c, several: last, no_row_reason: not_applicable}
dates:
  - {name: first, table: events, column: Date__c, formats: [iso], pick: earliest}
  - {name: last, table: events, column: Date__c, formats: [iso], pick: latest}"""
    values = intake.value("Type__c", "Labour", "isForcedLabour", "1") + intake.value(
        "Type__c", "Sex", "isSexualExploit", "1"
    )
    intake.deliver("Id\nA\nB\nC\n", "case.csv")
    intake.deliver(
        "Case__c,Type__c,Country__c,Date__c\nB,Sex,MLI,2019-01-01\nA,Labour,,2018-05-01\nA,Sex,TUR,2015-05-01\n"
        "A,Sex,GRC,\nX,Sex,GRC,\n",
        "event.csv",
    )
    mapping = intake.mapping(fields, values, tables=JOINED, extra=extra)
    found = rows(intake, mapping)
    assert pairs(found, "isForcedLabour") == ["1", "0", "(not_applicable)"]
    assert pairs(found, "isSexualExploit") == ["1", "1", "(not_applicable)"]
    assert pairs(found, "CountryOfExploitation") == ["GRC", "MLI", "(not_applicable)"]
    assert pairs(found, "traffickMonths") == ["25--60 (2-5 yrs)", "0--12 (0-1 yr)", "(not_applicable)"]
    assert [entry["count"] for entry in intake.check(mapping).structure if entry["code"] == "orphan_rows"] == [1]


def test_several_rows_where_one_is_allowed(intake) -> None:
    extra = "joins:\n  - {table: events, column: Case, several: refuse}"
    intake.deliver("Id\nA\n", "case.csv")
    intake.deliver("Case,F\nA,1\nA,0\n", "event.csv")
    mapping = intake.mapping("  - {target: isAbduction, copy: {column: F, table: events}}", tables=JOINED, extra=extra)
    with pytest.raises(UserError, match="several rows in the table 'events'") as caught:
        intake.check(mapping)
    assert "rows 2, 3" in caught.value.detail.where


def test_rows_are_left_out_with_their_reason(intake) -> None:
    extra = """rows:
  - {exclude: {column: Consent, other_than: ["Yes"]}, reason: no consent}
  - {exclude: {column: S, values: [screened out]}, reason: no victim}"""
    intake.deliver("id,Consent,S,G\n1,yes,,1\n2,No,,1\n3,Yes,Screened Out,1\n")
    report = intake.check(intake.mapping("  - {target: isAbduction, copy: {column: G}}", extra=extra))
    assert report.rows_written == 1
    assert report.excluded == [{"reason": "no consent", "rows": 1}, {"reason": "no victim", "rows": 1}]


def test_unmapped_values_refuse_promotion_until_waived_by_name(intake) -> None:
    fields = "  - {target: gender, recode: {column: Sex}}"
    intake.deliver("id,Sex\n1,F\n2,X9\n3,x9\n")
    good = intake.value("Sex", "F", "gender", "Woman")
    with pytest.raises(Quarantined, match="'X9' in 1 cell") as caught:
        intake.harmonise(intake.mapping(fields, good))
    assert caught.value.exit_code == 3
    assert not (intake.folder / "out" / "cases.parquet").exists()
    out = intake.harmonise(intake.mapping(fields, good), allow_quarantine=True)
    assert pq.read_metadata(out).metadata[b"ctdc.promotable"] == b"no"
    assert pq.read_table(out)["gender.missing"].to_pylist() == [None, "unmapped", "unmapped"]
    proposed = good + intake.value("Sex", "X9", "gender", "Man", status="proposed")
    with pytest.raises(Quarantined, match="nobody has approved"):
        intake.harmonise(intake.mapping(fields, proposed))
    out = intake.harmonise(intake.mapping(fields, good + intake.value("Sex", "X9", reason="unknown")))
    assert pq.read_metadata(out).metadata[b"ctdc.promotable"] == b"yes"


def test_an_empty_cell_must_be_declared(intake) -> None:
    tables = '\n  - {name: cases, file: "*.csv", format: csv, encoding: utf-8, id: id}\n'
    intake.deliver("id,G\n1,1\n2,\n")
    report = intake.check(intake.mapping("  - {target: isAbduction, copy: {column: G}}", tables=tables))
    assert report.quarantined[0].hint == "empty cell: declare a null token for it"


def test_identical_rows_are_two_persons_and_repeated_ids_are_refused_always(intake) -> None:
    mapping = intake.mapping("  - {target: isAbduction, copy: {column: G}}")
    intake.deliver("id,G\n1,1\n2,1\n")
    found = rows(intake, mapping)
    assert len({row["_subject"] for row in found}) == 2
    intake.deliver("id,G\n1,1\n1,0\n")
    with pytest.raises(Quarantined, match="in more than one row"):
        intake.harmonise(mapping, allow_quarantine=True)


def test_the_raw_id_is_nowhere_in_the_output(intake) -> None:
    intake.deliver("id,G\nSECRET-4711,1\n")
    out = intake.harmonise(intake.mapping("  - {target: isAbduction, copy: {column: G}}"))
    assert all(b"SECRET-4711" not in path.read_bytes() for path in out.parent.iterdir())


def test_coverage_stands_beside_the_cases(intake) -> None:
    import json

    intake.deliver("id,G\n1,1\n")
    out = intake.harmonise(intake.mapping("  - {target: isAbduction, copy: {column: G}}"))
    coverage = json.loads(out.with_name("cases.parquet.coverage.json").read_text())
    assert coverage["variables"]["isAbduction"] == {"state": "mapped"}
    assert coverage["variables"]["gender"]["reason"] == "not_collected"
