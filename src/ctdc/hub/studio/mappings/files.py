"""A version as the two files that intake reads, and their check.

Promise: what was checked is what is used: a version's files are written out unchanged, and a version that does not load
or whose own examples fail is never approved. A mapping speaks of the organisation that it belongs to, so that the keyed
ids of its people are the same in every delivery.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ctdc.foundation.errors import Refused, UserError
from ctdc.hub.studio.mappings.models import Line, LineState, MappingVersion, State
from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.web.texts import text
from ctdc.intake.examples import run_examples
from ctdc.intake.mapping import SHIPPED, Mapping, load_mapping, shipped_ids
from ctdc.intake.text import column_key, fold
from ctdc.intake.values import COLUMNS


def approved(organisation: Organisation) -> MappingVersion | None:
    """The version that counts, if there is one."""
    return MappingVersion.objects.filter(organisation=organisation, state=State.APPROVED).first()


@dataclass(frozen=True)
class ExpectedFile:
    """A file that a mapping reads. name: a pattern, in which an asterisk stands for anything; encoding: of text."""

    name: str
    format: str
    sheets: tuple[str, ...] = ()
    encoding: str = ""


def expected(version: MappingVersion | None) -> list[ExpectedFile]:
    """The files that a version reads, each once; none for one that does not load any more."""
    if version is None:
        return []
    try:
        with loaded(version.structure, version.values) as mapping:
            tables = mapping.spec.tables
    except UserError:  # whoever looks after mappings is told when one is checked
        return []
    found: dict[tuple[str, str, str], list[str]] = {}
    for table in tables:
        sheets = found.setdefault((table.file, table.format, table.encoding or ""), [])
        sheets += [table.sheet] if table.sheet else []
    return [ExpectedFile(name, kind, tuple(sheets), encoding) for (name, kind, encoding), sheets in found.items()]


def write(folder: Path, structure: str, values: str) -> Path:
    """The folder of a mapping, as `load_mapping` takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mapping.yaml").write_text(structure, encoding="utf-8")
    if values:
        (folder / "values.csv").write_text(values, encoding="utf-8")
    return folder


@contextmanager
def loaded(structure: str, values: str) -> Iterator[Mapping]:
    """The mapping, while its files are there. Raises UserError (``intake.*``) naming file and place."""
    with tempfile.TemporaryDirectory() as folder:
        yield load_mapping(write(Path(folder) / "mapping", structure, values))


def checked(organisation: Organisation, structure: str, values: str) -> tuple[str, int]:
    """Hash of the two files, and how many of the mapping's own examples ran, all as expected.

    Raises UserError (``intake.*``), Refused (``mapping.contributor``, ``mapping.no_examples``).
    """
    with loaded(structure, values) as mapping:
        if mapping.spec.contributor != organisation.slug:
            raise Refused(
                "mapping.contributor",
                text("mappings.refused.contributor", given=mapping.spec.contributor),
                where="mapping.yaml, contributor",
                allowed=organisation.slug,
            )
        ran = run_examples(mapping)
        if not ran:
            raise Refused("mapping.no_examples", text("mappings.refused.no_examples"), where="mapping.yaml, tests")
        return mapping.hash, ran


def compiled(values: str, lines: Iterable[Line], day: date) -> str:
    """``values.csv`` with the approved lines at its end. A row about the same value that nobody approved is retired."""
    rows = list(csv.DictReader(io.StringIO(values, newline=""))) if values else []
    added = [line for line in lines if line.state == LineState.APPROVED]
    about = {(column_key(line.column), fold(line.value)) for line in added}
    for row in rows:
        if (column_key(row["source_column"]), fold(row["source_value"])) in about and row["status"] in (
            "proposed",
            "flagged",
        ):
            row["status"] = "retired"
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows + [_row(line, day) for line in added])
    return buffer.getvalue()


def _row(line: Line, day: date) -> dict[str, str]:
    reviewer = line.decided_by.log_name if line.decided_by else ""
    return dict.fromkeys(COLUMNS, "") | {
        "source_column": line.column,
        "source_value": line.value,
        "target_variable": line.variable,
        "target_code": line.code,
        "relationship": line.relationship,
        "missing_reason": line.reason,
        "status": "approved",
        "reviewer": reviewer,
        "review_date": day.isoformat(),
    }


def shipped(name: str) -> tuple[str, str]:
    """The two files of a mapping that comes with the program. Raises UserError (``mapping.shipped``)."""
    if name not in shipped_ids():
        raise UserError(
            "mapping.shipped", text("web.error.mapping.shipped"), where=name, allowed=", ".join(shipped_ids())
        )
    values = SHIPPED / name / "values.csv"
    return (SHIPPED / name / "mapping.yaml").read_text(encoding="utf-8"), (
        values.read_text(encoding="utf-8") if values.is_file() else ""
    )
