"""Protecting a file of cases: find its public domain, then let the engine measure it once.

Promise: the domain is a release profile of the standard or a declared schema file, never taken from the records;
cases that intake has not cleared are refused before anything is charged.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctdc.foundation import clock
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_file, hash_value
from ctdc.foundation.progress import Progress
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.protect import Settings, measure_records
from ctdc.privacy.protect import protect as protect_records
from ctdc.privacy.workload import read_workload
from ctdc.standard.derive import derive
from ctdc.standard.loader import load
from ctdc.standard.model import Profile
from ctdc.table.coded import CodedTable, code_table, column_names, parquet_metadata, read_table
from ctdc.table.schema import Schema, Variable, read_schema
from ctdc.workflow.config import DEFAULT_PROFILE, MAX_DELTA, MAX_EPSILON

DEFAULT_LEDGER = "ledger.jsonl"


def schema_of_profile(profile: Profile) -> Schema:
    """A release profile as the engine's domain."""
    return Schema(tuple(Variable(column.name, tuple(column.codes)) for column in profile.columns))


def matching_profile(names: tuple[str, ...]) -> Profile | None:
    """The newest release profile that has exactly these columns, in any order; None when there is none."""
    matches = [profile for profile in load().profiles.values() if set(profile.names) == set(names)]
    return max(matches, key=lambda profile: profile.years[1], default=None)


@dataclass(frozen=True)
class Source:
    """A file of records with its domain. profile: id of the standard's, empty for a schema file."""

    schema: Schema
    profile: str
    load: Callable[[], CodedTable]


def is_harmonised(path: Path) -> bool:
    """Whether the file was written by intake. Raises Refused when intake has held it back."""
    if path.suffix.lower() != ".parquet":
        return False
    metadata = parquet_metadata(path)
    if metadata.get(b"ctdc.promotable", b"yes") != b"yes":
        raise Refused(
            "protect.not_promotable",
            "These cases have values that no mapping knows, and may not go further.",
            where=str(path),
            do="Resolve or waive each value that the delivery's report lists, then harmonise again.",
        )
    return b"ctdc.cases" in metadata


def find_source(path: Path, profile_id: str | None, schema_path: Path | None) -> Source:
    """Decide the domain of `path`: the schema file, the named profile, or the profile its columns belong to.

    Harmonised cases are derived to the profile, by default the newest. Raises UserError (``protect.no_domain``).
    """
    harmonised = is_harmonised(path)
    if schema_path is not None:
        schema = read_schema(schema_path)
        column_names(path)  # a file that is absent or no table is refused before anything is made of it
        return Source(schema, "", lambda: code_table(read_table(path), schema, str(path)))
    if harmonised:
        profile = load().profile(profile_id or DEFAULT_PROFILE)
        schema = schema_of_profile(profile)
        return Source(schema, profile.id, lambda: code_table(derive(read_table(path), profile), schema, str(path)))
    found = load().profile(profile_id) if profile_id else matching_profile(column_names(path))
    if found is None:
        raise UserError(
            "protect.no_domain",
            "The columns of this file are not those of any release profile of the standard.",
            where=str(path),
            allowed="harmonised cases, the columns of a profile ('ctdc standard show'), or any table with --schema",
            do="Give a Table Schema that lists the codes of every column: --schema FILE.",
        )
    schema = schema_of_profile(found)
    return Source(schema, found.id, lambda: code_table(read_table(path), schema, str(path)))


def settings_of(
    *,
    epsilon: float,
    delta: float,
    length: int = 3,
    population: str = "default",
    profile: str = "",
    seed: int | None = None,
    threshold: float = 10,
    aggregates: str = "threshold",
    workload: Path | None = None,
) -> Settings:
    """The engine's settings. seed: of the record synthesis only, drawn at random and recorded when None; workload: a
    file that says what is measured, in place of `length`.

    Raises UserError for an epsilon or delta that no release should have: a typing error is likelier than a wish.
    """
    if epsilon > MAX_EPSILON or delta >= MAX_DELTA:
        raise UserError(
            "privacy.epsilon" if epsilon > MAX_EPSILON else "privacy.delta",
            f"Epsilon {epsilon:g} with delta {delta:g} would protect nobody.",
            allowed=f"epsilon at most {MAX_EPSILON:g}, delta below {MAX_DELTA:g} and far below 1 / number of people",
            do="Choose again; 1 to 4 are common choices for epsilon, 1e-6 for delta.",
        )
    declared = read_workload(workload) if workload else None
    return Settings(
        guarantee=Guarantee(epsilon, delta),
        length=declared.length if declared else length,
        threshold=threshold,
        every_aggregate=aggregates == "all",
        seed=secrets.randbits(32) if seed is None else seed,
        population=population,
        facts={"profile": profile},
        workload=declared,
    )


def protect(
    cases: Path,
    out: Path,
    *,
    profile: str | None = None,
    schema: Path | None = None,
    ledger: Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Protect `cases` (csv or parquet) and write the folder `out`. Returns the content of privacy.json.

    ledger: where the charge is written, by default ``ledger.jsonl`` beside `out`; settings: see `settings_of`.
    Raises UserError for bad input, Refused when the budget forbids.
    """
    source = find_source(cases, profile, schema)
    chosen = settings_of(profile=source.profile, **settings)
    target = ledger or out.absolute().parent / DEFAULT_LEDGER
    identity = hash_value([hash_file(cases), source.schema.content_hash(), chosen.paid()])
    return protect_records(
        source.load, source.schema, chosen, out, target, clock.now(), identity=identity, progress=progress
    )


def measure(
    cases: Path,
    out: Path,
    *,
    profile: str,
    ledger: Path,
    progress: Progress | None = None,
    **settings: Any,
) -> None:
    """The paid half of `protect`, for a run that keeps what was paid for as a stage of its own."""
    source = find_source(cases, profile, None)
    chosen = settings_of(profile=source.profile, **settings)
    measure_records(source.load, source.schema, chosen, out, ledger, clock.now(), progress=progress)
