"""Drafts of declarations: what a table's own values suggest, to be edited by a person."""

from pathlib import Path
from typing import Any

import pytest

from ctdc.foundation.errors import UserError
from ctdc.table.declare import parse_declaration
from ctdc.table.infer import draft_declaration
from ctdc.table.recode import load_coded


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


def column(tmp_path: Path, *cells: str) -> dict[str, Any]:
    path = written(tmp_path, "x,y\n" + "".join(f'"{cell}",\n' for cell in cells))
    field: dict[str, Any] = draft_declaration(path, 300)["fields"][0]
    return field


def code_of(path: Path, *arguments: Any) -> str:
    with pytest.raises(UserError) as caught:
        draft_declaration(path, *arguments)
    return caught.value.detail.code


def test_few_values_are_codes(tmp_path: Path) -> None:
    path = written(tmp_path, "b,a,none\n2,x,\n10,,\n2,y,\n")
    schema = parse_declaration(draft_declaration(path, 3), "draft").schema
    assert schema.names == ("b", "a", "none")
    assert [variable.codes for variable in schema.variables] == [("10", "2"), ("x", "y"), ("1",)]
    assert code_of(path, 1) == "schema.too_many_codes"


@pytest.mark.parametrize("mark", [";", "|"])
def test_cells_that_hold_several_codes_are_split(tmp_path: Path, mark: str) -> None:
    field = column(tmp_path, f"food{mark} bed", "bed", f"law{mark}", "")
    assert field["constraints"]["enum"] == ["bed", "food", "law"]
    assert field["ctdc"] == {"split": mark}


def test_many_numbers_are_put_into_round_bands(tmp_path: Path) -> None:
    field = column(tmp_path, *map(str, range(3, 88)))
    assert (field["type"], field["ctdc"]["bands"]) == (
        "integer",
        {"edges": [0, 20, 40, 60, 80, 100], "outside": "open"},
    )
    field = column(tmp_path, *(str(number / 100) for number in range(1, 60)))
    assert field["type"] == "number"
    assert field["ctdc"]["bands"]["edges"] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("2020-04-30", {"by": "month", "from": "2020-02", "to": "2020-04"}),
        ("2021-10-01", {"by": "quarter", "from": "2020-Q1", "to": "2021-Q4"}),
        ("2024-01-01", {"by": "year", "from": "2020", "to": "2024"}),
    ],
)
def test_dates_are_put_into_periods_by_their_range(tmp_path: Path, last: str, expected: dict[str, str]) -> None:
    field = column(tmp_path, "2020-02-29T10:00", "", last)
    assert (field["type"], field["ctdc"]["bands"]) == ("date", expected | {"outside": "open"})


def test_a_draft_reads_the_table_that_it_was_taken_from(tmp_path: Path) -> None:
    lines = [f'{place % 40};{place};"a;b";2020-01-{place % 28 + 1:02};{place * 0.7}' for place in range(60)]
    path = written(tmp_path, "who;n;codes;day;x\n" + "\n".join(lines) + "\n")
    document = draft_declaration(path, 300, "who", ";")
    assert document["ctdc"] == {"subject_id": "who", "delimiter": ";"}
    assert load_coded(path, parse_declaration({**document, "ctdc": {"delimiter": ";"}, "fields": [
        *document["fields"], {"name": "who", "constraints": {"enum": [str(n) for n in range(40)]}},
    ]}, "draft")).rows == 60  # fmt: skip


def test_a_subject_s_id_must_be_there_and_names_unique(tmp_path: Path) -> None:
    assert code_of(written(tmp_path, "a\n1\n"), 9, "id") == "schema.unknown_variable"
    assert code_of(written(tmp_path, "a,a\n1,2\n"), 9) == "schema.names"


@pytest.mark.parametrize("delimiter", ["", "::", "é", '"'])
def test_what_cannot_stand_between_cells(tmp_path: Path, delimiter: str) -> None:
    assert code_of(written(tmp_path, "a\n1\n"), 9, "", delimiter) == "schema.declaration"
