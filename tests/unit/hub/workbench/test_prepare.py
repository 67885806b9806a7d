"""The table that is protected: chosen columns only, ids as numbers, and what does not fit named by its row."""

import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "support"))

from bench import CHOSEN, project_with

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench.choices import Choice, declaration_of
from ctdc.hub.workbench.prepare import choices_hash, misfit_of, prepared, write_prepared
from ctdc.table.recode import load_coded, recode

CODES = Choice("kind", "codes", codes=("a", "b"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.parquet"
    columns = {"kind": ["a", None, "z", "b", "z"], "id": ["V1", "V2", "V1", None, "V3"], "name": ["x"] * 5}
    pq.write_table(pa.table(columns), path)
    return path


def test_cells_that_do_not_fit_are_counted_with_the_first_row(table: Path) -> None:
    misfit = misfit_of(table, CODES)
    assert misfit is not None
    assert (misfit.cells, misfit.first, misfit.texts) == (2, 3, ("z",))
    assert misfit_of(table, replace(CODES, rest="empty")) is None
    assert misfit_of(table, Choice("name", "out")) is None


def test_of_a_cell_with_several_values_those_are_shown_that_stand_on_no_list(tmp_path: Path) -> None:
    pq.write_table(pa.table({"kind": ["a;z", "b; a", "y;n/a;a"]}), tmp_path / "t.parquet")
    misfit = misfit_of(tmp_path / "t.parquet", Choice("kind", "several", codes=("a", "b"), absent=("n/a",)))
    assert misfit is not None
    assert (misfit.cells, misfit.first, misfit.texts) == (2, 1, ("z", "y"))


def test_what_was_not_declared_stops_the_preparation_and_is_not_quoted(table: Path) -> None:
    with pytest.raises(UserError) as caught:
        prepared(table, [CODES])
    assert caught.value.detail.code == "workbench.unfit"
    assert "row 3" in caught.value.detail.where
    assert "z" not in str(caught.value).split("cells")[0].split("kind")[1]


def test_left_out_columns_and_ids_go_no_further(table: Path) -> None:
    made = prepared(table, [replace(CODES, rest="code", rest_code="o"), Choice("id", "person"), Choice("name", "out")])
    assert made.column_names == ["kind", "person"]
    assert made.column("kind").to_pylist() == ["a", None, "o", "b", "o"]
    assert made.column("person").to_pylist() == ["1", "2", "1", None, "3"]


@pytest.mark.slow
def test_the_prepared_table_is_private_and_fits_its_declaration(tmp_path: Path) -> None:
    project = project_with(tmp_path / "p")
    out = tmp_path / "out" / "table.parquet"
    write_prepared(project.table, CHOSEN, out)
    assert out.stat().st_mode & 0o077 == 0
    declaration = declaration_of(CHOSEN)
    assert load_coded(out, declaration).rows == 400
    assert recode(prepared(project.table, CHOSEN), declaration, "t").schema == declaration.schema


def test_another_choice_or_another_table_is_another_declared_table() -> None:
    assert choices_hash([CODES], "x") == choices_hash([replace(CODES, confirmed=True)], "x")
    different = {
        choices_hash([one], "x") for one in (CODES, replace(CODES, absent=("z",)), replace(CODES, rest="empty"))
    }
    assert len(different | {choices_hash([CODES], "y")}) == 4
