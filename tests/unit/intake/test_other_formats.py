import importlib.util
from pathlib import Path

import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ctdc.foundation.errors import UserError
from ctdc.intake.model import TableSpec
from ctdc.intake.readers.frame import Needs
from ctdc.intake.readers.open import open_table


def read(path: Path, format_: str) -> tuple[dict[str, list[str]], dict]:
    spec = TableSpec.model_validate({"name": "t", "file": "*", "format": format_, "id": "id"})
    table = open_table(path, spec, Needs(everything=True))
    columns: dict[str, list[str]] = {}
    for frame in table.frames():
        for name, column in frame.columns.items():
            columns.setdefault(name, []).extend(column.texts[i] for i in column.indices)
    return columns, table.receipt.workbook


def test_parquet_values_become_text(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [1, 2],
            "n": [8.0, None],
            "x": [1.5, float("nan")],
            "b": [True, None],
            "d": pa.array([18000, None], pa.date32()),
            "c": pa.array(["a", "b"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    columns, _ = read(tmp_path / "a.parquet", "parquet")
    assert columns == {
        "id": ["1", "2"],
        "n": ["8", ""],
        "x": ["1.5", ""],
        "b": ["true", ""],
        "d": ["2019-04-14", ""],
        "c": ["a", "b"],
    }


def test_what_is_no_parquet_or_holds_lists(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("no")
    with pytest.raises(UserError, match="not Parquet"):
        read(tmp_path / "a.parquet", "parquet")
    pq.write_table(pa.table({"id": ["1"], "l": [["a"]]}), tmp_path / "b.parquet")
    with pytest.raises(UserError, match="lists or structures"):
        read(tmp_path / "b.parquet", "parquet")


@pytest.mark.slow
def test_spss_keeps_user_missing_codes_and_shows_labels(tmp_path: Path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    frame = polars.DataFrame({"id": [1.0, 2.0, 3.0], "sex": [1.0, 99.0, 2.0]})
    path = tmp_path / "a.sav"
    labels = {"sex": {1.0: "Female", 2.0: "Male", 99.0: "Refused"}}
    pyreadstat.write_sav(frame, str(path), variable_value_labels=labels, missing_ranges={"sex": [99.0]})
    columns, facts = read(path, "sav")
    assert columns == {"id": ["1", "2", "3"], "sex": ["1", "99", "2"]}
    assert facts["value_labels"]["sex"] == {"1": "Female", "2": "Male", "99": "Refused"}
    assert facts["user_missing"]["sex"] == [["99", "99"]]


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.sav").write_bytes(b"$FL2")
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyreadstat" else real(name))
    with pytest.raises(UserError, match="needs an extra library") as caught:
        read(tmp_path / "a.sav", "sav")
    assert "ctdc[stats]" in caught.value.detail.do
