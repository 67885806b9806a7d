"""What other programs get: csv, json, table schema; and a reference page that has not drifted."""

import csv
import io
import json
import re
from pathlib import Path

from ctdc.standard import load
from ctdc.standard.export import CSV_COLUMNS, to_csv, to_dict
from ctdc.standard.reference import to_markdown
from ctdc.table.schema import schema_from_table_schema

STANDARD = load()
REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "standard.md"


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_csv_has_every_variable_and_every_code() -> None:
    rows = lines(to_csv(STANDARD))
    variables = [row["variable"] for row in rows if not row["code"]]
    assert variables == [*STANDARD.variables, *STANDARD.derived]
    assert {row["code"] for row in rows if row["variable"] == "gender" and row["code"]} == set(STANDARD.codes("gender"))


def test_the_csv_of_a_profile_has_its_columns() -> None:
    profile = STANDARD.profile("synthetic-2026")
    rows = lines(to_csv(STANDARD, profile))
    assert [row["variable"] for row in rows if not row["code"]] == list(profile.names)
    assert {row["label_de"] for row in rows if row["variable"] == "sectorOfSexProstitution" and row["code"]} == {"Ja"}


def test_no_cell_is_a_formula() -> None:
    for row in csv.reader(io.StringIO(to_csv(STANDARD))):
        assert len(row) == len(CSV_COLUMNS)
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_the_json_is_json_and_whole() -> None:
    document = json.loads(json.dumps(to_dict(STANDARD), ensure_ascii=False))
    assert len(document["variables"]) == len(STANDARD.variables) + len(STANDARD.derived)
    assert set(document["profiles"]) == set(STANDARD.profiles)
    assert document["code_lists"]["m49_subregion"]["codes"][0]["parent"] == "002"


def test_a_profiles_table_schema_is_the_domain_of_a_coded_table() -> None:
    profile = STANDARD.profile("synthetic-2024")
    schema = schema_from_table_schema(profile.table_schema("ar"), "the standard")
    assert schema.names == profile.names
    assert schema["gender"].codes == profile.codes("gender")
    assert profile.table_schema("ar")["fields"][1]["title"] == "النوع الاجتماعي"


def test_lists_of_any_codes_have_a_pattern_instead_of_a_closed_list() -> None:
    profile = STANDARD.profile("kanonymised-2018")
    field = next(f for f in profile.table_schema()["fields"] if f["name"] == "RecruiterRelationship")
    pattern = re.compile(field["constraints"]["pattern"])
    assert pattern.fullmatch("Family/Relative; Friend")
    assert not pattern.fullmatch("Friend; Neighbour")


def test_the_reference_page_is_what_the_standard_says() -> None:
    message = "run 'ctdc standard export --format markdown --out docs/reference/standard.md'"
    assert REFERENCE.read_text(encoding="utf-8") == to_markdown(STANDARD), message
