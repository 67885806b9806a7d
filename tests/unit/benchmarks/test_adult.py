"""The Adult table is read with codes from its description and bands of ours."""

from __future__ import annotations

from benchmarks import adult

DESCRIPTION = """| a remark: nothing
age: continuous.
workclass: Private, Self-emp-not-inc.
fnlwgt: continuous.
hours-per-week: continuous.
sex: Female, Male.
"""


def test_columns_and_codes_come_from_the_description():
    columns = adult.describe(DESCRIPTION)
    assert list(columns) == ["age", "workclass", "fnlwgt", "hours-per-week", "sex", "income"]
    assert columns["workclass"] == ["Private", "Self-emp-not-inc"]
    assert columns["age"] == []


def test_records_are_banded_and_what_is_missing_is_empty():
    text = "|1x3 Cross validator\n39, ?, 77516, 40, Male, <=50K.\n\n90, Private, 1, 0, Female, >50K\n"
    first, second = adult.read(text, list(adult.describe(DESCRIPTION)))
    assert first == {"age": "35-39", "workclass": "", "hours-per-week": "40-44", "sex": "Male", "income": "<=50K"}
    assert second["age"] == "90+"
    assert second["hours-per-week"] == "0-9"


def test_the_schema_has_a_code_for_every_band_and_leaves_out_the_weight():
    fields = {
        field["name"]: field["constraints"]["enum"] for field in adult.schema(adult.describe(DESCRIPTION))["fields"]
    }
    assert "fnlwgt" not in fields
    assert len(fields["age"]) == len(adult.BANDS["age"])
    assert adult.band_names((0, 1, 2500)) == ["0", "1-2499", "2500+"]
