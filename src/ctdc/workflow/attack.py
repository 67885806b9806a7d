"""From files to attacks on a release: who was in the data, who was not, and what is attacked.

Promise: people and files are coded by one public schema where there is one (a schema file, a profile of the standard, a
release), else by the people's own values; a control that shares a person with the members is refused where identities
are known; no error holds a person's value. What is written is private: it belongs where the cases are.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.foundation.documents import BadDocument, parse_json
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json, atomic_folder, write_text
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress
from ctdc.intake.subject import read_or_create_key
from ctdc.privacy.attacks.candidates import (
    Candidate,
    Counts,
    Groups,
    Measured,
    coded_candidate,
    listed_counts,
    read_candidate,
)
from ctdc.privacy.attacks.claims import Claim
from ctdc.privacy.attacks.findings import AttackReport, AttackSettings
from ctdc.privacy.attacks.halves import in_first_half
from ctdc.privacy.attacks.release import attack_release
from ctdc.release.analysis import load
from ctdc.release.manifest import MANIFEST
from ctdc.release.protected import PRIVACY
from ctdc.table.coded import CodedTable, code_table, column_names, parquet_metadata, read_table
from ctdc.table.declare import Declaration, check_delimiter
from ctdc.table.recode import recode
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable
from ctdc.workflow.anonymise import DATA as ANONYMISED
from ctdc.workflow.anonymise import level_of, read_hierarchies
from ctdc.workflow.any_table import Choices
from ctdc.workflow.combine import IDENTITY
from ctdc.workflow.private import check_out
from ctdc.workflow.protect import Source, find_source, is_harmonised, matching_profile

RECORDS, COUNTS = "synthetic.csv", "aggregates.csv"  # of a folder that another tool wrote
GAUSSIAN = "rounding lemma and Gaussian trade-off curve"  # the certificate of a curve
BAND = re.compile(r"(-?[0-9]+)\.\.(-?[0-9]+)")
MOST_VALUES = 5000  # of a column whose codes nobody declared; with more it says who, not what
MEMBERS, CONTROL, REPORT = "members", "control", "split.json"


@dataclass(frozen=True)
class Reading:
    """How the files are read.

    schema: Table Schema of all columns; profile: of harmonised cases; columns: to look at, all by default; identity:
    column that says whose row it is, in members and control; hierarchies: TOML file of `ctdc anonymise`; delimiter: of
    csv files.
    """

    schema: Path | None = None
    profile: str | None = None
    columns: tuple[str, ...] = ()
    identity: str = ""
    hierarchies: Path | None = None
    delimiter: str = ","

    def __post_init__(self) -> None:
        check_delimiter(self.delimiter, "--delimiter")


@dataclass(frozen=True)
class Coded:
    """Members and control, and how they were declared, if they were."""

    members: CodedTable
    control: CodedTable
    declaration: Declaration | None = None

    @property
    def schema(self) -> Schema:
        """Columns and codes of both."""
        return self.members.schema


def attack(
    candidates: Sequence[tuple[str, Path]],
    members: Path,
    control: Path,
    reading: Reading,
    settings: AttackSettings,
    progress: Progress,
) -> AttackReport:
    """Attack files, each given with its name. members: the people whom they were made from; control: others.

    Raises UserError (``attack.control``, ``attack.names``, ``attack.not_a_release``, and what reading raises).
    """
    names = [name for name, _ in candidates]
    if not names or len(set(names)) < len(names):
        raise UserError("attack.names", "Each file needs a name of its own.", do="Write NAME=FILE.")
    _check_apart(members, control, reading)
    releases = {path for _, path in candidates if is_release(path)}
    published = next((load(path).data.schema for _, path in candidates if path in releases), None)
    coded = read_people(members, control, reading, published)
    read = [_candidate(name, path, coded, reading, path in releases) for name, path in candidates]
    return attack_release(coded.members, coded.control, read, settings, progress)


def is_release(path: Path) -> bool:
    """Whether it is a folder that ``ctdc run``, ``ctdc release`` or ``ctdc protect`` wrote."""
    return (path / MANIFEST).is_file() or (path / PRIVACY).is_file()


# ---- people ---------------------------------------------------------------------------------------------------------


def _check_apart(members: Path, control: Path, reading: Reading) -> None:
    """Refuse a control that is known to hold members. Only their number is told."""
    same = members.is_file() and control.is_file() and hash_file(members) == hash_file(control)
    columns = _identity(members, control, reading)
    shared = 0
    if columns and not same:
        one, two = (_identities(path, columns, reading.delimiter) for path in (members, control))
        shared = one.unique().join(two.unique(), on=list(columns), how="inner").height
    if same or shared:
        raise UserError(
            "attack.control",
            "The control is the file of the members." if same else f"{shared:,} people of the control are members.",
            where=str(control),
            allowed="people of the same population who were not in the data",
            do="Split the people before protecting them: ctdc attack split.",
        )


def _identity(members: Path, control: Path, reading: Reading) -> tuple[str, ...]:
    """The columns that say whose row it is; none where that is not known."""
    if reading.identity:
        return (reading.identity,)
    names = [set(column_names(path, reading.delimiter)) for path in (members, control)]
    return tuple(IDENTITY) if all(set(IDENTITY) <= each for each in names) else ()


def _identities(path: Path, columns: Sequence[str], delimiter: str) -> pl.DataFrame:
    _check_there(columns, column_names(path, delimiter), path)
    frame = pl.DataFrame(read_table(path, delimiter, list(columns)))
    return frame.select(pl.all().cast(pl.String)).drop_nulls()


def _check_there(wanted: Sequence[str], present: Sequence[str], path: Path) -> None:
    lacking = [name for name in wanted if name not in present]
    if lacking:
        raise UserError("attack.columns", f"There is no column {lacking[0]!r}.", where=str(path))


def read_people(members: Path, control: Path, reading: Reading, published: Schema | None = None) -> Coded:
    """Members and control by one schema: the declared one, a profile's, the `published` one, or of their own values.

    Raises UserError: ``table.columns`` for files that do not fit together, ``table.unknown_code``, ``attack.columns``.
    """
    sources = _sources((members, control), reading)
    if sources is not None:
        one, two = (source.load() for source in sources)
        if not isinstance(one, CodedTable) or not isinstance(two, CodedTable):
            raise UserError("attack.columns", "Linked rows cannot be attacked; give the table of people.")
        wanted = reading.columns or ((published.names if published else ()) if not reading.schema else ())
        return Coded(_chosen(one, wanted), _chosen(two, wanted), sources[0].declaration)
    tables = [_texts(path, reading) for path in (members, control)]
    schema = _narrowed(published, reading.columns) if published else _of_values(tables, str(members))
    one, two = (code_table(table, schema, str(path)) for table, path in zip(tables, (members, control), strict=True))
    return Coded(one, two)


def _sources(paths: tuple[Path, Path], reading: Reading) -> tuple[Source, Source] | None:
    """How the declared or harmonised files, or those with the columns of a profile, are read; None for others."""

    def known(path: Path) -> bool:
        return is_harmonised(path) or matching_profile(column_names(path, reading.delimiter)) is not None

    if not reading.schema and not all(known(path) for path in paths):
        return None
    choices = Choices(reading.identity or None) if reading.schema else None
    one, two = (
        find_source(path, reading.profile, reading.schema, choices, facts=False, delimiter=reading.delimiter)
        for path in paths
    )
    return one, two


def _chosen(table: CodedTable, columns: Sequence[str]) -> CodedTable:
    """The table with some of its columns, in their order; all when none are named."""
    schema = _narrowed(table.schema, columns)
    names = table.schema.names
    return CodedTable(schema, tuple(table.columns[names.index(name)] for name in schema.names))


def _narrowed(schema: Schema, columns: Sequence[str]) -> Schema:
    """Some of the variables, without facts: an attacker need not know them, and people may contradict them."""
    return Schema(tuple(schema[name] for name in columns) if columns else schema.variables)


def _texts(path: Path, reading: Reading) -> pa.Table:
    """The columns of a file that are looked at."""
    names = column_names(path, reading.delimiter)
    _check_there(reading.columns, names, path)
    wanted = reading.columns or tuple(name for name in names if name != reading.identity)
    return read_table(path, reading.delimiter, list(wanted))


def _of_values(tables: Sequence[pa.Table], where: str) -> Schema:
    """The schema of what the people have: this reads records, as everything here does, and is never published."""
    variables = []
    for name in tables[0].column_names:
        parts = [pl.Series(table.column(name)).cast(pl.String) for table in tables if name in table.column_names]
        values = [value for value in pl.concat(parts).unique().sort().to_list() if value]
        if len(values) > MOST_VALUES:
            raise UserError(
                "attack.columns",
                f"The column {name!r} has {len(values):,} different values: it says who somebody is, not what.",
                where=where,
                allowed=f"at most {MOST_VALUES:,} values",
                do="Name it with --id if it does, or choose other columns with --columns.",
            )
        variables.append(Variable(name, tuple(values) or ("1",)))
    return Schema(tuple(variables))


# ---- what is attacked -----------------------------------------------------------------------------------------------


def _candidate(name: str, path: Path, coded: Coded, reading: Reading, release: bool) -> Candidate:
    """A release with its counts, or a file of records."""
    if release:
        return _release(name, path, coded.schema)
    records, counts = _records(path)
    if is_harmonised(records):
        derived = find_source(records, reading.profile, None, facts=False).load()
        if isinstance(derived, CodedTable):
            return coded_candidate(name, _chosen(derived, coded.schema.names))
    names = column_names(records, reading.delimiter)
    raw = None if coded.declaration is None else _raw(coded.declaration, names)
    if raw is not None:  # whatever is chosen of it, all of it is needed to recode it
        whole = recode(read_table(records, reading.delimiter, list(raw.columns)), raw, str(records))
        return coded_candidate(name, _chosen(whole, coded.schema.names))
    table = read_table(records, reading.delimiter, [one for one in reading.columns if one in names] or None)
    groups = _groups(table, coded.schema, reading)
    found = read_candidate(name, table, coded.schema, groups, str(records))
    return replace(found, counts=_counts(counts, coded.schema, found.rows))


def _raw(declaration: Declaration, names: Sequence[str]) -> Declaration | None:
    """How a file with these columns is recoded: as the people are, row by row; None for one that is coded already."""
    raw = replace(declaration, subject_id="")
    whole = set(raw.columns) <= set(names) <= set(declaration.columns)
    return raw if whole and set(raw.columns) != set(raw.schema.names) else None


def _release(name: str, path: Path, schema: Schema) -> Candidate:
    """A release: its records and its measurements. Raises UserError (``attack.columns``)."""
    analysis = load(path)
    own = analysis.data.schema
    table = analysis.data.synthetic.to_arrow()
    lacking = [one for one in schema.names if one not in own.names]
    if lacking:
        raise UserError("attack.columns", f"The release has no column {lacking[0]!r}.", where=str(path))
    found = read_candidate(name, table.select(schema.names), schema, {}, str(path))
    whole = own.names == schema.names and own.sizes == schema.sizes
    counts = Measured(analysis.estimates) if whole else None
    return replace(found, counts=counts, claim=claim_in(analysis.data.privacy), kind="release")


def claim_in(privacy: Mapping[str, Any]) -> Claim:
    """The guarantee that a privacy statement states."""
    curve = float(privacy["mu"]) if privacy.get("certificate") == GAUSSIAN else None
    epsilon, delta, rho, mu = (float(privacy[key]) for key in ("epsilon", "delta", "rho", "mu"))
    return Claim(epsilon, delta, rho, mu, curve)


def _records(path: Path) -> tuple[Path, Path | None]:
    """The file of records, and of the counts beside it if there is one. Raises UserError (``attack.not_a_release``)."""
    if not path.is_dir():
        return path, None
    for records in (path / ANONYMISED, path / RECORDS):
        if records.is_file():
            return records, path / COUNTS if (path / COUNTS).is_file() else None
    raise UserError(
        "attack.not_a_release",
        "The folder is neither a release nor holds a file of records.",
        where=str(path),
        allowed=f"a release, a folder of 'ctdc protect' or 'ctdc anonymise', one with {RECORDS}, a csv or parquet file",
    )


def _groups(table: pa.Table, schema: Schema, reading: Reading) -> Groups:
    """What the coarse values of a file stand for: bands of whole numbers, and the levels of a file of hierarchies."""
    levels = read_hierarchies(reading.hierarchies)
    found: dict[str, dict[str, list[str]]] = {}
    for variable in schema.variables:
        if variable.name not in table.column_names:
            continue
        values = pl.Series(table.column(variable.name)).cast(pl.String).unique().drop_nulls().to_list()
        groups = {value: codes for value in values if (codes := _band(value, variable.codes))}
        for spec in levels.get(variable.name, ()):
            level = level_of(variable.name, spec, ["", *variable.codes])
            groups |= {group: [*groups.get(group, ()), *members] for group, members in level.items()}
        found[variable.name] = groups
    return found


def _band(value: str, codes: Sequence[str]) -> list[str]:
    """The whole numbers among `codes` that ``first..last`` stands for."""
    match = BAND.fullmatch(value)
    if match is None or value in codes:
        return []
    first, last = (int(end) for end in match.groups())
    return [code for code in codes if re.fullmatch(r"-?[0-9]+", code) and first <= int(code) <= last]


def _counts(path: Path | None, schema: Schema, rows: int) -> Counts | None:
    """Published counts: csv with the columns ``attributes`` (JSON, variable to code) and ``count``."""
    if path is None:
        return None
    try:
        frame = pl.read_csv(path, columns=["attributes", "count"], schema_overrides={"attributes": pl.String})
        pairs = zip(frame["attributes"], frame["count"].cast(pl.Float64), strict=True)
        return listed_counts(schema, (_listed(codes, count) for codes, count in pairs), float(rows))
    except (pl.exceptions.PolarsError, BadDocument):
        raise UserError(
            "attack.counts",
            "The counts beside the records cannot be read.",
            where=str(path),
            allowed='csv with the columns attributes ({"variable":"code"}) and count',
        ) from None


def _listed(codes: str | None, count: float | None) -> tuple[Mapping[str, str], float]:
    """One published count. Raises BadDocument for a line of another form."""
    found = parse_json((codes or "").encode())
    if not isinstance(found, dict) or not all(isinstance(code, str) for code in found.values()):
        raise BadDocument("it does not give each variable a code")
    if count is None or not math.isfinite(count):
        raise BadDocument("it lacks a count")
    return found, count


# ---- halves ---------------------------------------------------------------------------------------------------------


def split(
    path: Path, out: Path, identity: str = "", key_file: Path | None = None, delimiter: str = ","
) -> dict[str, Any]:
    """Write two halves of the people of `path` into the new folder `out`, in the format of `path`; return a report.

    identity: the column that says whose row it is; else, of harmonised cases, their subjects; else a row is a person.
    key_file: the secret key that decides, made when it is not there; by default beside `out`. Only their owner can read
    the halves. Raises UserError (``attack.columns``, ``private.out``).
    """
    check_delimiter(delimiter, "--delimiter")
    check_out(out)
    names = column_names(path, delimiter)
    columns = (identity,) if identity else tuple(IDENTITY) if set(IDENTITY) <= set(names) else ()
    _check_there(columns, names, path)
    table = read_table(path, delimiter)
    if path.suffix.lower() == ".parquet":  # what the file says of itself: that it holds harmonised cases, for instance
        said = {name: value for name, value in parquet_metadata(path).items() if name != b"ARROW:schema"}
        table = table.replace_schema_metadata(said)
    key, _ = read_or_create_key(key_file or out.with_name(f"{out.name}.key"))
    first = pl.Series(in_first_half(_whose(table, columns), key))
    ending = ".parquet" if path.suffix.lower() == ".parquet" else ".csv"
    with atomic_folder(out, private=True) as folder:
        rows = {}
        for name, marks in ((MEMBERS, first), (CONTROL, ~first)):
            half = table.filter(pa.array(marks))
            rows[name] = half.num_rows
            _write(half, folder / f"{name}{ending}", delimiter)
        report = {"format": "ctdc-halves/1", "by": list(columns) or "row", "rows": rows, "file": ending}
        write_text(folder / REPORT, as_json(report))
    return report


def _whose(table: pa.Table, columns: Sequence[str]) -> Iterator[str]:
    """Whose each row is; a row without that is a person of its own."""
    if not columns:
        yield from (f"row {number}" for number in range(table.num_rows))
        return
    frame = pl.DataFrame(table.select(list(columns))).select(pl.all().cast(pl.String))
    for number, values in enumerate(frame.iter_rows()):
        yield json.dumps(values) if all(values) else f"row {number}"


def _write(table: pa.Table, path: Path, delimiter: str) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        pl.DataFrame(table).select(pl.all().cast(pl.String)).write_csv(path, separator=delimiter)
