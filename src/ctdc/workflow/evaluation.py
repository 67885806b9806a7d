"""Evaluating a release, or any table that stands for people, against these people: from files to a report.

Promise: for the steward. What is written is readable by its owner only, is whole or not there, and says on top that it
is never to be published. Errors name columns and rows, never a value of the true table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Progress
from ctdc.privacy.domain import People
from ctdc.privacy.evaluation.charts import PublishedShare, PublishedShares
from ctdc.privacy.evaluation.coded import Candidate, check_present, code_candidate
from ctdc.privacy.evaluation.evaluate import Report, evaluate
from ctdc.privacy.evaluation.evaluation_page import evaluation_html
from ctdc.privacy.evaluation.published import Counts, Published
from ctdc.privacy.evaluation.settings import Settings
from ctdc.release.analysis import Analysis
from ctdc.release.analysis import load as load_release
from ctdc.release.manifest import MANIFEST, read_manifest
from ctdc.release.protected import ProtectedData, read_json_as
from ctdc.release.verify import CODEBOOK, FIGURES
from ctdc.release.vocabulary import Vocabulary, read_vocabulary, vocabulary_of_profile
from ctdc.standard.loader import load
from ctdc.table.coded import CodedTable, code_column, code_table, column_names, read_table
from ctdc.table.declare import check_delimiter
from ctdc.table.schema import Schema
from ctdc.table.variable import MAX_CODES, Variable
from ctdc.workflow.evaluation_settings import Plan, plan_of
from ctdc.workflow.private import write_private_report
from ctdc.workflow.protect import find_source, is_harmonised, matching_profile, schema_of_profile

Labels = Mapping[str, str]
Names = Mapping[str, Labels]  # of variables and groups, "variable=code", and "family:family"


@dataclass(frozen=True)
class Choices:
    """What a person chose. columns: those to compare, all by default; coarser: values of the candidate that are no
    codes are withheld ones; settings: TOML file; length: longest combination; seed: of resampling.
    """

    profile: str | None = None
    schema: Path | None = None
    columns: tuple[str, ...] = ()
    coarser: bool = False
    settings: Path | None = None
    length: int | None = None
    seed: int | None = None
    delimiter: str = ","

    def __post_init__(self) -> None:
        check_delimiter(self.delimiter, "--delimiter")


@dataclass(frozen=True)
class Truth:
    """The true table. public: whether its codes are from a declaration and not from itself; profile: or empty; absent:
    texts that mean the same as an empty cell in files of that profile.
    """

    table: CodedTable
    public: bool
    profile: str = ""
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluated:
    """A report, and what the variables, codes, groups and families are called where that is known."""

    report: Report
    names: Names = field(default_factory=dict)


def evaluate_files(truth: Path, candidate: Path, choices: Choices, progress: Progress | None = None) -> Evaluated:
    """Evaluate the table or the release `candidate`, which stands for the people in the file `truth`.

    candidate: a csv or parquet file with the same columns, a release, or a folder of ``ctdc protect``. Raises UserError
    for what cannot be read, coded or compared.
    """
    release = load_release(candidate) if candidate.is_dir() else None
    people = _truth(truth, release, choices)
    schema = people.table.schema
    vocabulary = _vocabulary(candidate, release, people)
    groups = {group.id: group.variables for group in vocabulary.groups} if vocabulary else {}
    if release is not None:
        groups = groups or dict(release.groups)
    present = {name: kept for name, flags in groups.items() if (kept := tuple(f for f in flags if f in schema.names))}
    plan = plan_of(schema, present, choices.settings, standard=vocabulary is not None and bool(vocabulary.profile))
    report = evaluate(
        people.table,
        _candidate(candidate, release, people, choices),
        _chosen(plan, choices),
        published=_published(candidate, release, schema) if release else None,
        about=_about(candidate, release),
        progress=progress,
    )
    return Evaluated(report, _names(vocabulary, plan))


def write_report(path: Path, evaluated: Evaluated) -> None:
    """Write JSON if the name ends so, else the page, for the owner's eyes. Raises as `private.check_out`."""
    write_private_report(path, evaluated.report.as_dict(), lambda: evaluation_html(evaluated.report, evaluated.names))


def _chosen(plan: Plan, choices: Choices) -> Settings:
    given = {name: value for name in ("length", "seed") if (value := getattr(choices, name)) is not None}
    return replace(plan.settings, **given)


# ------------------------------------------------------------------------------------------------------------ the truth


def _truth(path: Path, release: Analysis | None, choices: Choices) -> Truth:
    """The true table, in the domain of the release, of the declaration, of a profile, or of its own values."""
    if release is not None:
        return _released_truth(path, release, choices)
    if choices.schema is None and not choices.profile and not _in_a_profile(path, choices):
        return _inferred_truth(path, choices)
    if choices.schema is None and not is_harmonised(path):
        return _published_truth(path, choices)
    source = find_source(path, choices.profile, choices.schema, facts=False)
    return Truth(_selected(_one(source.load()), choices.columns), public=True, profile=source.profile)


def _published_truth(path: Path, choices: Choices) -> Truth:
    """A file in the columns of a profile, such as one that was published; only the chosen columns are looked at."""
    found = (
        load().profile(choices.profile) if choices.profile else matching_profile(column_names(path, choices.delimiter))
    )
    if found is None:
        raise RuntimeError("the file is in no profile")
    schema, absent = _part(schema_of_profile(found, facts=False), choices.columns), tuple(found.missing)
    return Truth(_coded(path, schema, choices, absent), public=True, profile=found.id, absent=absent)


def _in_a_profile(path: Path, choices: Choices) -> bool:
    """Whether the standard says what the columns hold: of cases, unless some of their own columns are chosen."""
    if is_harmonised(path):
        return not choices.columns
    return matching_profile(column_names(path, choices.delimiter)) is not None


def _released_truth(path: Path, release: Analysis, choices: Choices) -> Truth:
    schema = release.data.schema.without_facts()
    profile = _profile_of(schema)
    if is_harmonised(path) and profile:
        found = _one(find_source(path, profile, None, facts=False).load())
        if found.schema.content_hash() == schema.content_hash():
            return Truth(_selected(found, choices.columns), public=True, profile=profile)
    return Truth(_coded(path, _part(schema, choices.columns), choices), public=True, profile=profile)


def _profile_of(schema: Schema) -> str:
    """The profile that the schema is that of; empty for a table of another field."""
    found = matching_profile(schema.names)
    same = found is not None and schema_of_profile(found, facts=False).content_hash() == schema.content_hash()
    return found.id if found is not None and same else ""


def _one(people: People) -> CodedTable:
    """Of one table, which one file is."""
    if isinstance(people, CodedTable):
        return people
    raise TypeError("a file without linked rows holds one table")


def _coded(path: Path, schema: Schema, choices: Choices, absent: Sequence[str] = ()) -> CodedTable:
    """The columns of the schema. absent: texts that mean the same as empty where they are no codes."""
    check_present(list(column_names(path, choices.delimiter)), schema, str(path))
    table = read_table(path, choices.delimiter, list(schema.names))
    columns = [
        code_column(
            table.column(one.name), one, str(path), absent=["", *(text for text in absent if text not in one.index)]
        )
        for one in schema.variables
    ]
    return CodedTable(schema, tuple(columns))


def _inferred_truth(path: Path, choices: Choices) -> Truth:
    """A table whose codes are its own values: nobody declared others."""
    names = choices.columns or column_names(path, choices.delimiter)
    check_names(names, column_names(path, choices.delimiter), str(path))
    table = read_table(path, choices.delimiter, list(names))
    variables = tuple(Variable(name, _values(table.column(name), name, path)) for name in names)
    return Truth(code_table(table, Schema(variables), str(path)), public=False)


def _values(column: pa.ChunkedArray, name: str, path: Path) -> tuple[str, ...]:
    values = sorted(value for value in pc.unique(pc.cast(column, pa.string())).to_pylist() if value)
    if len(values) > MAX_CODES:
        raise UserError(
            "evaluate.columns",
            f"The column {name!r} has {len(values)} different values.",
            where=str(path),
            allowed=f"at most {MAX_CODES}",
            do="Choose the columns that hold codes with --columns.",
        )
    return tuple(values) or ("1",)  # a column without any value has a code that nobody has


def check_names(names: Sequence[str], there: Sequence[str], where: str) -> None:
    """Raise UserError (``evaluate.columns``) unless each name is the name of one column and stands there once."""
    wrong = [name for name in names if there.count(name) != 1 or list(names).count(name) != 1]
    if wrong or not names:
        raise UserError(
            "evaluate.columns",
            f"Not (exactly) one column is called {', '.join(sorted(set(wrong)))}." if wrong else "No column is named.",
            where=where,
            allowed=", ".join(there),
            do="--columns A,B,C, each once",
        )


def _part(schema: Schema, columns: tuple[str, ...]) -> Schema:
    """Only these columns, or all if none is named."""
    if not columns:
        return schema
    check_names(columns, schema.names, "--columns")
    return Schema(tuple(schema[name] for name in columns))


def _selected(table: CodedTable, columns: tuple[str, ...]) -> CodedTable:
    """The same of a table."""
    schema = _part(table.schema, columns)
    return CodedTable(schema, tuple(table.columns[table.schema.names.index(name)] for name in schema.names))


# -------------------------------------------------------------------------------------------------------- the candidate


def _candidate(path: Path, release: Analysis | None, truth: Truth, choices: Choices) -> Candidate:
    schema = truth.table.schema
    if release is not None:
        path = release.data.folder / release.data.records_file
    delimiter = "," if release is not None else choices.delimiter
    check_present(list(column_names(path, delimiter)), schema, str(path))
    table = read_table(path, delimiter, list(schema.names))
    return code_candidate(table, schema, str(path), coarser=choices.coarser, public=truth.public, absent=truth.absent)


def _published(folder: Path, release: Analysis, schema: Schema) -> Published | None:
    """The counts, estimates and shares of a release; None where only some of its columns are compared."""
    if schema.names != release.data.schema.names:
        return None
    figures = folder / FIGURES
    shares = _read_shares(figures) if figures.is_file() else {}
    return Published(_counts(release.data), release.estimates, shares)


def _counts(data: ProtectedData) -> Counts:
    wide = data.wide
    codes = [
        wide[variable.name].cast(pl.Enum(variable.codes)).to_physical().cast(pl.Int32).fill_null(-1) + 1
        for variable in data.schema.variables
    ]
    count, low, high, below = (wide[name].to_numpy() for name in ("count", "low95", "high95", "below_threshold"))
    return Counts(np.stack([column.to_numpy() for column in codes], axis=1).astype(np.uint16), count, low, high, below)


def _read_shares(path: Path) -> PublishedShares:
    """The shares in a release's figures. Raises UserError (``release.figures``) for a file of another form."""
    return read_json_as(_shares, path, "release.figures", "The figures lack or misstate")


def _shares(figures: Mapping[str, Any]) -> PublishedShares:
    """The published shares by chart, variable and code."""
    found: dict[tuple[str, str, str], PublishedShare] = {}

    def add(chart: str, variable: str, code: str, share: Mapping[str, float] | None) -> None:
        if share is not None:
            found[chart, variable, code] = PublishedShare(share["share"], share["low95"], share["high95"])

    for variable in figures["variables"]:
        for code in variable["codes"]:
            add(variable["name"], variable["name"], code["code"], code["share"])
    for group in figures["groups"]:
        for member in group["members"]:
            add(group["id"], member["variable"], "1", member["share"])
    return found


# ------------------------------------------------------------------------------------------------------------ its words


def _vocabulary(path: Path, release: Analysis | None, truth: Truth) -> Vocabulary | None:
    """What variables and codes are called; None for tables of other fields."""
    if release is not None and (path / CODEBOOK).is_file():
        return read_vocabulary(path / CODEBOOK)
    if not truth.profile:
        return None
    standard = load()
    return vocabulary_of_profile(standard, standard.profile(truth.profile), truth.table.schema)


def _names(vocabulary: Vocabulary | None, plan: Plan) -> Names:
    names: dict[str, Labels] = {f"family:{family}": labels for family, labels in plan.families.items()}
    if vocabulary is not None:
        for words in vocabulary.variables:
            names[words.name] = words.labels
            names |= {f"{words.name}={code.code}": code.labels for code in words.codes}
        names |= {group.id: group.labels for group in vocabulary.groups}
    return names


def _about(path: Path, release: Analysis | None) -> dict[str, Any]:
    """What was evaluated, and with what."""
    about: dict[str, Any] = {"candidate": path.resolve().name, "ctdc": version("ctdc")}
    if release is not None:
        about |= {name: release.data.privacy.get(name) for name in ("epsilon", "delta")}
        if (path / MANIFEST).is_file():
            about["release"] = read_manifest(path)[1].id[:12]
    return about
