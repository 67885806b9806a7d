"""Reading what the engine published: the data files of a protected folder, or of a release's ``data/``.

Promise: every value comes from the published files alone; tables are read whole, column by column, never row by
row, so that hundreds of thousands of combinations take seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from ctdc.foundation.documents import BadDocument, parse_json
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file
from ctdc.table.schema import Schema, read_schema

T = TypeVar("T")
SYNTHETIC_CSV = "synthetic.csv"
SYNTHETIC = "synthetic.parquet"
AGGREGATES_CSV = "aggregates.csv"
AGGREGATES = "aggregates.parquet"
MEASUREMENTS = "measurements.parquet"
SCHEMA = "schema.json"
PRIVACY = "privacy.json"
COHORTS = "cohorts"
DATA_FILES = (SYNTHETIC_CSV, SYNTHETIC, AGGREGATES_CSV, AGGREGATES, MEASUREMENTS, SCHEMA)
LINKED_SCHEMA = "linked_schema.json"  # only beside linked tables
KEY = "id"  # of a synthetic person, in both linked tables
AGGREGATE_COLUMNS = (
    "length",
    "attributes",
    "count",
    "standard_error",
    "low95",
    "high95",
    "below_threshold",
)
PRIVACY_KEYS = ("unit", "neighbours", "rho", "epsilon", "delta", "mu", "length", "threshold", "total", "publishable")


def read_json(path: Path) -> Any:
    """A JSON file's content. Raises UserError (``release.file_missing``, ``release.not_json``)."""
    try:
        return parse_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError("release.file_missing", f"The file {path.name} is missing.", where=str(path)) from None
    except BadDocument as error:
        raise UserError("release.not_json", f"{path.name} is not JSON: {error}.", where=str(path)) from None


def read_json_as(make: Callable[[Any], T], path: Path, code: str, complaint: str) -> T:
    """What `make` makes of a released JSON file. code: of the UserError for a file of another form; complaint: its
    beginning, such as "The figures lack or misstate"."""
    try:
        return make(read_json(path))
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            code,
            f"{complaint} {error}.",
            where=str(path),
            do="Fetch the release again; 'ctdc release verify' names every file that is not as it was released.",
        ) from None


def read_privacy(path: Path) -> Mapping[str, Any]:
    """The privacy facts.

    Raises UserError (``release.privacy_incomplete``) when one is missing, (``release.privacy_wrong``) for one that no
    release could have.
    """
    document = read_json(path)
    missing = [key for key in PRIVACY_KEYS if key not in document] if isinstance(document, dict) else PRIVACY_KEYS
    if missing:
        raise UserError(
            "release.privacy_incomplete",
            f"privacy.json does not state {', '.join(missing)}.",
            where=str(path),
            allowed=", ".join(PRIVACY_KEYS),
            do="Protect the cases again with 'ctdc protect' of this version.",
        )
    if wrong := next((key for key, sound in _SOUND.items() if key in document and not sound(document[key])), ""):
        raise UserError(
            "release.privacy_wrong",
            f"privacy.json says something impossible of {wrong!r}.",
            where=str(path),
            do="Fetch the release again, or protect the cases again.",
        )
    return dict(document)


def _amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


_SOUND: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("rho", "epsilon", "delta", "threshold"), _amount),
    "length": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "total": lambda value: isinstance(value, dict),
    "expected_false": lambda value: _amount(value) and 1e-6 <= value < 1,  # below, a float has no such share of cells
}


def read_table(path: Path) -> pl.DataFrame:
    """A published table, csv or parquet; texts stay texts and empty cells become null."""
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except FileNotFoundError:
        raise UserError("release.file_missing", f"The file {path.name} is missing.", where=str(path)) from None
    except pl.exceptions.PolarsError as error:
        raise UserError("release.unreadable", f"{path.name} cannot be read: {error}.", where=str(path)) from None


@dataclass(frozen=True)
class TableFiles:
    """What the files of one table are called, without their ends. keyed: its records begin with the column `KEY`."""

    records: str = "synthetic"
    aggregates: str = "aggregates"
    keyed: bool = False


ONE_TABLE = TableFiles()


@dataclass(frozen=True)
class ProtectedData:
    """The published files of one table, read on first use.

    folder: where the data files are; schema: its variables and codes; privacy: the content of ``privacy.json``.
    """

    folder: Path
    schema: Schema
    privacy: Mapping[str, Any]
    files: TableFiles = ONE_TABLE

    @cached_property
    def records(self) -> pl.DataFrame:
        """The synthetic records as they stand in their file, all as text, null for empty."""
        return read_table(self.folder / self.records_file).with_columns(pl.all().cast(pl.String))

    @cached_property
    def synthetic(self) -> pl.DataFrame:
        """The synthetic records: one text column per variable, null for empty."""
        return self.records.drop(KEY, strict=False) if self.files.keyed else self.records

    @property
    def records_file(self) -> str:
        """Name of the parquet file of records."""
        return f"{self.files.records}.parquet"

    @property
    def aggregates_file(self) -> str:
        """Name of the parquet file of counts."""
        return f"{self.files.aggregates}.parquet"

    @cached_property
    def aggregates(self) -> pl.DataFrame:
        """The counts as published, in order; see `AGGREGATE_COLUMNS`."""
        frame = read_table(self.folder / self.aggregates_file)
        missing = [name for name in AGGREGATE_COLUMNS if name not in frame.columns]
        if missing:
            raise UserError(
                "release.aggregates_columns",
                f"{self.aggregates_file} lacks {', '.join(missing)}.",
                where=str(self.folder / self.aggregates_file),
                allowed=", ".join(AGGREGATE_COLUMNS),
            )
        return frame.select(
            pl.col("length").cast(pl.Int64),
            pl.col("attributes").cast(pl.String),
            pl.col("count", "standard_error", "low95", "high95").cast(pl.Float64),
            pl.col("below_threshold").cast(pl.Boolean),
        )

    @cached_property
    def wide(self) -> pl.DataFrame:
        """The counts with one text column per variable in place of ``attributes``; null where it is not named."""
        frame = self.aggregates
        codes = decode_attributes(frame["attributes"], self.schema)
        return frame.drop("attributes").hstack(codes)

    def combinations(self, *variables: str) -> pl.DataFrame:
        """The published counts of combinations of exactly these variables, with their columns and the numbers."""
        rows = self.wide.filter(
            pl.col("length") == len(variables), pl.all_horizontal(pl.col(list(variables)).is_not_null())
        )
        return rows.select(*variables, "count", "standard_error", "low95", "high95", "below_threshold")

    @cached_property
    def singles(self) -> pl.DataFrame:
        """The counts of single codes as columns variable, code and the numbers."""
        numbers = ["count", "standard_error", "low95", "high95", "below_threshold"]
        rows = self.wide.filter(pl.col("length") == 1)
        long = rows.unpivot(on=list(self.schema.names), index=numbers, variable_name="variable", value_name="code")
        return long.drop_nulls("code")


def cohort_files(data: ProtectedData) -> dict[str, Path]:
    """Path inside the data folder to file: the measurements of each cohort that was added up; empty when none was.

    Raises UserError (``release.cohorts``) when the files are not those that the privacy statement lists.
    """
    files = {path.name: path for path in sorted((data.folder / COHORTS).glob("*.parquet"))}
    stated = {f"{one['name']}.parquet": one["measurements_sha256"] for one in data.privacy.get("cohorts", ())}
    if stated != {name: hash_file(path) for name, path in files.items()}:
        raise UserError(
            "release.cohorts",
            "The measurements of the cohorts are not those that privacy.json lists.",
            where=str(data.folder / COHORTS),
            do="Give the folder that 'ctdc protect' wrote, whole.",
        )
    return {f"{COHORTS}/{name}": path for name, path in files.items()}


def decode_attributes(attributes: pl.Series, schema: Schema) -> pl.DataFrame:
    """JSON objects of variable to code as one text column per variable of the schema, null where not named.

    Raises UserError (``release.attributes_json``) when one is not JSON. Names that the schema does not have are
    left out: `ctdc.release.checks` finds them by writing the attributes again.
    """
    shape = pl.Struct(dict.fromkeys(schema.names, pl.String))
    try:
        return attributes.str.json_decode(shape).struct.unnest()
    except pl.exceptions.PolarsError:
        raise UserError(
            "release.attributes_json",
            "The column 'attributes' holds something that is not a JSON object of variable to code.",
            allowed='{"VARIABLE":"CODE","OTHER":"CODE"}, and {} for the total',
        ) from None


def read_protected(folder: Path, privacy: Path | None = None, records: str = "synthetic") -> ProtectedData:
    """Open a folder that ``ctdc protect`` wrote. `privacy` is where ``privacy.json`` lies if not in `folder`.

    records: what the file of records is called in it. Of linked tables this is the table of people; the rest is for
    `ctdc.release.linked`. Raises UserError when a file is missing or unreadable.
    """
    if not folder.is_dir():
        raise UserError("release.no_folder", f"There is no folder {folder}.", do="Run 'ctdc protect' first.")
    files = TableFiles(records=records, keyed=(folder / LINKED_SCHEMA).is_file())
    require_files(folder, [f"{records}.csv", f"{records}.parquet", *DATA_FILES[2:]])
    return ProtectedData(folder, read_schema(folder / SCHEMA), read_privacy(privacy or folder / PRIVACY), files)


def require_files(folder: Path, names: Iterable[str]) -> None:
    """Raise UserError (``release.file_missing``) unless all are in the folder."""
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise UserError(
            "release.file_missing",
            f"The folder lacks {', '.join(missing)}.",
            where=str(folder),
            do="Give the folder that 'ctdc protect' wrote, whole.",
        )
