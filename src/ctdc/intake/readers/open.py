"""The one door to the readers: which file of a delivery belongs to a table, and the reader for its format."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.intake.model import SPREADSHEETS, TEXT_FORMATS, TableSpec
from ctdc.intake.readers.delimited import DelimitedTable
from ctdc.intake.readers.frame import Needs, OpenTable
from ctdc.intake.readers.limits import DEFAULT_LIMITS, Limits
from ctdc.intake.readers.parquet import ParquetTable
from ctdc.intake.readers.sandbox import SandboxedTable
from ctdc.intake.readers.unread import Unread


def delivery_files(source: Path) -> list[Path]:
    """The files of a delivery: the file itself, or those directly in the folder (hidden and lock files left out).

    Raises UserError (``intake.source_missing``).
    """
    if source.is_file():
        return [source]
    files = (
        sorted(p for p in source.iterdir() if p.is_file() and not p.name.startswith((".", "~$")))
        if source.is_dir()
        else []
    )
    if not files:
        raise UserError(
            "intake.source_missing",
            "There is no file to read." if source.is_dir() else "The file does not exist.",
            where=str(source),
            do="Give the path of the contributor's file, or of the folder with all files of the delivery.",
        )
    return files


def find_file(spec: TableSpec, files: Sequence[Path]) -> Path:
    """The one file that the table's pattern names.

    Raises UserError (``intake.file_missing``, ``intake.file_several``).
    """
    found = [path for path in files if fnmatch(path.name.lower(), spec.file.lower())]
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in files[:20])
    if not found:
        raise UserError(
            "intake.file_missing",
            f"No file of the delivery is called {spec.file} (table {spec.name!r} of the mapping).",
            where=names,
            do="Give the folder with all files of the delivery, or correct 'file' in the mapping.",
            facts={"expected": spec.file, "format": spec.format, "arrived": [path.name for path in files[:20]]},
        )
    raise UserError(
        "intake.file_several",
        f"{len(found)} files of the delivery are called like {spec.file} (table {spec.name!r}).",
        where=", ".join(path.name for path in found[:20]),
        do="Leave only this delivery's files in the folder, or make 'file' in the mapping more exact.",
        facts={"expected": spec.file, "arrived": [path.name for path in found[:20]]},
    )


def open_table(
    path: Path, spec: TableSpec, needs: Needs, limits: Limits = DEFAULT_LIMITS, unread: Unread | None = None
) -> OpenTable:
    """Open one table with the reader for its declared format. unread: is shown the columns that no field explains."""
    if spec.format in TEXT_FORMATS:
        return DelimitedTable(path, spec, needs, unread)
    if spec.format in SPREADSHEETS or spec.format in ("sav", "dta"):
        return SandboxedTable(path, spec, needs, limits, unread)
    return ParquetTable(path, spec, needs, unread)
