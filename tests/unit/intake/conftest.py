"""Small mappings and files for tests of intake."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ctdc.foundation.progress import Silent
from ctdc.intake.delivery import DeliveryReport
from ctdc.intake.harmonise import check, harmonise
from ctdc.intake.mapping import Mapping, load_mapping
from ctdc.standard import load

HEADER = (
    "source_column,source_value,source_label,lang,target_variable,target_code,relationship,"
    "missing_reason,status,reviewer,review_date,comment\n"
)
CSV_TABLE = """
  - name: cases
    file: "*.csv"
    format: csv
    encoding: utf-8
    id: id
    null_tokens: [{token: "", reason: unknown}]
"""


def value(
    column: str, text: str, variable: str = "", code: str = "", *, reason: str = "", status: str = "approved"
) -> str:
    relationship = "equivalent" if code else "not_mappable"
    reviewer = "tester" if status == "approved" else ""
    return f'"{column}","{text}",,,{variable},{code},{relationship},{reason},{status},{reviewer},,\n'


class Intake:
    """Writes a mapping and a delivery, and runs them."""

    value = staticmethod(value)
    header = HEADER

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "delivery"
        self.source.mkdir()

    def write(
        self, fields: str, values: str = "", tables: str = CSV_TABLE, extra: str = "", impossible: bool = True
    ) -> Path:
        place = self.folder / "small"
        place.mkdir(exist_ok=True)
        covered = {target for field in yaml.safe_load(fields) for target in field.get("targets", [field.get("target")])}
        rest = [name for name in load().variables if name not in covered]
        text = (
            'format: 1\nid: small\nversion: "1"\ncontributor: small\ntitle: Small\n'
            f'standard: "{load().version}"\nmain: cases\ntables:{tables}\nfields:\n{fields}\n{extra}\n'
        )
        if impossible:
            text += f"impossible:\n  - {{targets: [{', '.join(rest)}], because: not in this test}}\n"
        (place / "mapping.yaml").write_text(text, encoding="utf-8")
        (place / "values.csv").write_text(HEADER + values, encoding="utf-8")
        return place

    def mapping(self, *args: object, **kwargs: object) -> Mapping:
        return load_mapping(self.write(*args, **kwargs))  # type: ignore[arg-type]

    def deliver(self, content: str | bytes, name: str = "cases.csv") -> Path:
        path = self.source / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def check(self, mapping: Mapping) -> DeliveryReport:
        return check(self.source, mapping, progress=Silent())

    def harmonise(self, mapping: Mapping, **options: object) -> Path:
        out = self.folder / "out" / "cases.parquet"
        harmonise(self.source, mapping, subject_key=b"k" * 32, out=out, progress=Silent(), **options)  # type: ignore[arg-type]
        return out


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(tmp_path)


@pytest.fixture
def value_row() -> Callable[..., str]:
    return value
