"""A contributor's mapping: ``mapping.yaml`` and ``values.csv``, read, checked against the standard, and hashed.

Promise: a mapping that loads is complete (every harmonised variable is mapped or declared impossible), names only
tables, dates, codes and reasons that exist, and has a hash by which a harmonised row names it. Every error says which
file and which path in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ctdc.foundation.collaborative import current
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_bytes, hash_value
from ctdc.intake.linked import NUMBER, about, crosswalk_of, parts
from ctdc.intake.model import DateSpec, FieldSpec, JoinSpec, LinkedSpec, MappingSpec, Step, TableSpec
from ctdc.intake.outcomes import Target, reasons, targets_of_entity, targets_of_standard
from ctdc.intake.readers.frame import Needs
from ctdc.intake.text import column_key
from ctdc.intake.values import Crosswalk, read_crosswalk
from ctdc.intake.yaml_text import read_yaml_text
from ctdc.standard import load

SHIPPED = current().places["mappings"]


@dataclass(frozen=True)
class Mapping:
    """A mapping that was checked. `hash` covers both files; `targets` are the harmonised variables in order."""

    spec: MappingSpec
    crosswalk: Crosswalk
    folder: Path
    hash: str
    targets: MappingType[str, Target]
    linked: tuple[LinkedMapping, ...] = ()

    @property
    def id(self) -> str:
        """The mapping's id, the name of its folder."""
        return self.spec.id

    @property
    def main(self) -> TableSpec:
        """The table whose rows are persons."""
        return self.table(self.spec.main)

    @property
    def where(self) -> str:
        """The path of ``mapping.yaml``, for errors."""
        return str(self.folder / "mapping.yaml")

    def table(self, name: str | None) -> TableSpec:
        """A table by name; None is the main one."""
        return next(table for table in self.spec.tables if table.name == (name or self.spec.main))

    def join(self, table: str) -> JoinSpec:
        """How a table is joined to the main one."""
        return next(join for join in self.spec.joins if join.table == table)

    def impossible(self) -> dict[str, tuple[str, str]]:
        """Variables that the source cannot give: name to (missing reason, explanation)."""
        return {target: (entry.reason, entry.because) for entry in self.spec.impossible for target in entry.targets}

    def told_by_cells(self) -> tuple[str, ...]:
        """The variables that are read from cells alone, without a value that the mapping gives to everybody."""
        fields = (field for field in self.spec.fields if all(step.const is None for step in _steps(field)))
        return tuple(target for field in fields for target in field.all_targets)

    def needs(self, table: str) -> Needs:
        """The columns of `table` that the mapping reads."""
        columns: set[str] = set()
        prefixes: set[str] = set()
        main = self.spec.main
        for where, name, is_prefix in _columns(self.spec):
            if (where or main) == table:
                (prefixes if is_prefix else columns).add(column_key(name))
        return Needs(frozenset(columns), tuple(sorted(prefixes)))

    def explained(self, table: str) -> Needs:
        """The columns of `table` whose texts the fields of cases and of linked rows give a meaning."""
        dates = {day.name: day for day in self.spec.dates}
        named = [place for one in self.spec.fields for place in field_columns(one, dates)]
        mine = [(column_key(name), prefix) for where, name, prefix in named if (where or self.spec.main) == table]
        prefixes = tuple(sorted({name for name, is_prefix in mine if is_prefix}))
        own = Needs(frozenset(name for name, is_prefix in mine if not is_prefix), prefixes)
        return own.with_those_of(part.mapping.explained(table) for part in self.linked)

    def keys(self, table: str) -> frozenset[str]:
        """The columns of `table` that hold ids, of its rows or of the cases that they belong to."""
        names = [self.table(table).id, *(join.column for join in self.spec.joins if join.table == table)]
        names += [join.main_column for join in self.spec.joins if table == self.spec.main]
        return frozenset(column_key(name) for name in names if name is not None)

    def harmless(self, table: str) -> dict[str, dict[str, str]]:
        """The columns of `table` that are declared to identify nobody: name to kind to reason."""
        mine = (entry for entry in self.spec.harmless if (entry.table or self.spec.main) == table)
        return {column_key(entry.column): dict.fromkeys(entry.looks_like, entry.because) for entry in mine}


@dataclass(frozen=True)
class LinkedMapping:
    """The mapping of one source of linked rows. block: number of its repeated columns, 0 for a table of its own."""

    entity: str
    block: int
    mapping: Mapping


def _steps(step: Step) -> Iterator[Step]:
    yield step
    for inner in (*(step.any_of or ()), *(step.first_of or ())):
        yield from _steps(inner)


def _step_columns(step: Step) -> Iterator[tuple[str | None, str, bool]]:
    for verb in (step.copy_, step.recode, step.band, step.country, step.year, getattr(step, "split", None)):
        if verb is not None and verb.column is not None:
            yield verb.table, verb.column, False
    if (split := getattr(step, "split_columns", None)) is not None:
        yield split.table, split.prefix, True


def field_columns(field: FieldSpec, dates: MappingType[str, DateSpec]) -> Iterator[tuple[str | None, str, bool]]:
    """(table or None for main, column or prefix, whether it is a prefix) of everything that one field reads."""
    for step in _steps(field):
        yield from _step_columns(step)
        for verb in (step.age_at, step.months_between, step.year):
            for part in ("born", "at", "start", "end", "date"):
                name = getattr(verb, part, None)
                if name is not None and name in dates:
                    yield dates[name].table, dates[name].column, False


def _columns(spec: MappingSpec) -> Iterator[tuple[str | None, str, bool]]:
    """(table or None for main, column or prefix, whether it is a prefix) of everything the mapping reads."""
    for field in spec.fields:
        for step in _steps(field):
            yield from _step_columns(step)
    for day in spec.dates:
        yield day.table, day.column, False
    for rule in spec.rows:
        yield None, rule.exclude.column, False
    for table in spec.tables:
        if table.id is not None:
            yield table.name, table.id, False
    for join in spec.joins:
        yield join.table, join.column, False
        if join.main_column is not None:
            yield None, join.main_column, False


def _block_columns(linked: LinkedSpec) -> Iterator[str]:
    """The columns that a linked part reads, as they are written."""
    for field in linked.fields:
        for step in _steps(field):
            yield from (name for _, name, _ in _step_columns(step))


def _path_text(path: tuple[Any, ...]) -> str:
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _model_error(error: ValidationError, where: str) -> UserError:
    """Pydantic's first complaint as a sentence; how many more there are."""
    problems = error.errors()
    first = problems[0]
    message = str(first["msg"]).removeprefix("Value error, ")
    allowed = ""
    if first["type"] == "extra_forbidden":
        message, allowed = "this key is not known here", "the keys in docs/how-to/map-a-contributor.md"
    elif first["type"] == "missing":
        message = "this key is required and is not there"
    more = f" ({len(problems) - 1} more problems follow it.)" if len(problems) > 1 else ""
    return UserError(
        "intake.mapping",
        f"In mapping.yaml, {_path_text(first['loc']) or 'the whole file'}: {message}.{more}",
        where=where,
        allowed=allowed,
        do="Correct this place; list entries are counted from 1.",
        facts={"place": _path_text(first["loc"])},
    )


class _Checker:
    """The rules that need the whole mapping and the standard."""

    def __init__(self, spec: MappingSpec, walk: Crosswalk, targets: MappingType[str, Target], where: str) -> None:
        self.spec, self.walk, self.targets, self.where = spec, walk, targets, where
        self.linked: list[tuple[MappingSpec, MappingType[str, Target]]] = []
        self.tables = {table.name for table in spec.tables}

    def fail(self, what: str, allowed: str = "", do: str = "Correct the mapping.") -> UserError:
        return UserError("intake.mapping", what, where=self.where, allowed=allowed, do=do)

    def run(self) -> None:
        self.check_structure()
        self.check_values()

    def check_structure(self) -> None:
        self.check_tables()
        self.check_names()
        self.check_coverage()
        for field in self.spec.fields:
            for step in _steps(field):
                self.check_step(field, step)

    def check_tables(self) -> None:
        repeated = [name for name, n in Counter(t.name for t in self.spec.tables).items() if n > 1]
        if repeated:
            raise self.fail(f"Two tables have the name {repeated[0]!r}.")
        if self.spec.main not in self.tables:
            raise self.fail(f"'main' names no table: {self.spec.main!r}.", ", ".join(sorted(self.tables)))
        main = next(table for table in self.spec.tables if table.name == self.spec.main)
        if main.id is None and not main.id_is_row_number:
            raise self.fail(
                f"The main table {main.name!r} has no 'id'.",
                "id: COLUMN, or id_is_row_number: true when the source has none",
            )
        joined = [join.table for join in self.spec.joins]
        for name in self.tables - {self.spec.main}:
            if joined.count(name) != 1:
                raise self.fail(f"The table {name!r} has {joined.count(name)} entries in 'joins'.", "exactly one")
        for join in self.spec.joins:
            if join.table not in self.tables or join.table == self.spec.main:
                raise self.fail(f"'joins' names the table {join.table!r}.", "the tables other than the main one")
            if join.main_column is None and main.id is None:
                raise self.fail(f"The join of {join.table!r} needs 'main_column': the main table has no id column.")

    def check_names(self) -> None:
        for reason in self.named_reasons():
            if reason not in reasons():
                raise self.fail(f"There is no missing reason {reason!r}.", ", ".join(reasons()))
        for table, column, _ in _columns(self.spec):
            if table is not None and table not in self.tables:
                raise self.fail(
                    f"The column {column!r} is said to be in an unknown table {table!r}.", ", ".join(self.tables)
                )
        repeated = [name for name, n in Counter(day.name for day in self.spec.dates).items() if n > 1]
        if repeated:
            raise self.fail(f"Two dates have the name {repeated[0]!r}.")

    def check_harmless(self, mapping: Mapping) -> None:
        """What a field reads cannot be declared harmless: its values are mapped or waived one by one."""
        places = [(entry.table or self.spec.main, column_key(entry.column)) for entry in self.spec.harmless]
        for (table, column), count in Counter(places).items():
            if table not in self.tables:
                raise self.fail(f"'harmless' names an unknown table {table!r}.", ", ".join(sorted(self.tables)))
            if count > 1:
                raise self.fail(f"'harmless' names the column {column!r} {count} times.", "each column once")
            if mapping.explained(table).wants(column):
                raise self.fail(
                    f"'harmless' names the column {column!r}, which a field reads.",
                    "columns that no field reads",
                    "Map its values, or waive them by name in values.csv.",
                )

    def named_reasons(self) -> Iterator[str]:
        for table in self.spec.tables:
            yield from (token.reason for token in table.null_tokens)
        yield from (join.no_row_reason for join in self.spec.joins)
        yield from (entry.reason for entry in self.spec.impossible)

    def check_coverage(self) -> None:
        mapped = [target for field in self.spec.fields for target in field.all_targets]
        impossible = [target for entry in self.spec.impossible for target in entry.targets]
        for name, count in Counter(mapped + impossible).items():
            if name not in self.targets:
                derived = " It is derived from others and never delivered." if name in load().derived else ""
                raise self.fail(f"The standard has no variable {name!r}.{derived}", ", ".join(self.targets))
            if count > 1:
                raise self.fail(
                    f"The variable {name!r} is covered {count} times.",
                    "each variable once, by a field or under 'impossible'",
                    "Use any_of or first_of when several columns fill one variable.",
                )
        if open_ := [name for name in self.targets if name not in set(mapped + impossible)]:
            raise self.fail(
                f"{len(open_)} variables of the standard are not covered: {', '.join(open_[:12])}"
                + (" ..." if len(open_) > 12 else "")
                + ".",
                "every variable by a field, or under 'impossible' with the reason",
                "Add a field where the source has the information, else list it under 'impossible'.",
            )

    def check_step(self, field: FieldSpec, step: Step) -> None:
        names = field.all_targets
        dates = {day.name for day in self.spec.dates}
        for verb in (step.age_at, step.months_between, step.year):
            for part in ("born", "at", "start", "end", "date"):
                name = getattr(verb, part, None)
                if name is not None and name not in dates:
                    raise self.fail(
                        f"{names[0]}: there is no date {name!r}.", ", ".join(sorted(dates)) or "none declared"
                    )
        outcomes = [step.const, getattr(getattr(step, "split", None), "absent", None)]
        outcomes.append(getattr(getattr(step, "split_columns", None), "absent", None))
        for outcome in outcomes:
            if outcome is not None:
                self.check_outcome(names, outcome.code, outcome.missing)
        for banded in (step.age_at, step.months_between, step.band):
            for band in banded.bands if banded is not None else ():
                self.check_outcome(names, band.code, None)
        if len(names) > 1 and any(self.targets[name].kind == "list" for name in names):
            raise self.fail(f"A list variable needs a field of its own: {', '.join(names)}.")

    def check_outcome(self, names: tuple[str, ...], code: str | None, reason: str | None) -> None:
        if reason is not None and reason not in reasons():
            raise self.fail(f"{names[0]}: there is no missing reason {reason!r}.", ", ".join(reasons()))
        for name in names:
            if code is not None and self.targets[name].outcome(code) is None:
                raise self.fail(f"{name}: there is no code {code!r}.", ", ".join(self.targets[name].atoms[:40]))

    def check_values(self) -> None:
        specs = [self.spec, *(spec for spec, _ in self.linked)]
        known = {column_key(name) for spec in specs for _, name, _ in _columns(spec)}
        known |= {column_key(name) for linked in self.spec.linked for name in _block_columns(linked)}
        known |= {f"{table}.{name}" for table in self.tables for name in known}
        for row in self.walk.rows:
            place = f"{self.walk.where}, line {row.line}"
            everybody = (self.targets, *(targets for _, targets in self.linked))
            named = [targets[row.target_variable] for targets in everybody if row.target_variable in targets]
            fitting = [target for target in named if target.outcome(row.target_code) is not None]
            target = next(iter(fitting or named), None)
            if column_key(row.source_column) not in known:
                raise UserError(
                    "intake.values",
                    f"No field of mapping.yaml reads the column {row.source_column!r}.",
                    where=place,
                    do="Correct the column, or remove the row.",
                    facts={"line": str(row.line), "column": row.source_column},
                )
            if row.target_variable and target is None:
                raise UserError(
                    "intake.values",
                    f"The standard has no variable {row.target_variable!r}.",
                    where=place,
                    facts={"line": str(row.line), "value": row.target_variable},
                )
            if target is not None and row.target_code and target.outcome(row.target_code) is None:
                raise UserError(
                    "intake.values",
                    f"{row.target_variable} has no code {row.target_code!r}.",
                    where=place,
                    allowed=", ".join(target.atoms[:40]),
                    do="Codes are compared letter by letter; 'ctdc standard show' lists them.",
                    facts={"line": str(row.line), "value": row.target_code, "allowed": target.atoms[:40]},
                )


def parse_mapping(document: Any, where: str) -> MappingSpec:
    """The parsed YAML as a checked model. Raises UserError (``intake.mapping``) with the path inside the file."""
    try:
        return MappingSpec.model_validate(document)
    except ValidationError as error:
        raise _model_error(error, where) from None


def make_mapping(spec: MappingSpec, walk: Crosswalk, folder: Path, content_hash: str) -> Mapping:
    """Check a mapping as a whole against the standard."""
    where = str(folder / "mapping.yaml")
    version = load().version
    if spec.standard != version:
        raise UserError(
            "intake.mapping_standard",
            f"The mapping is written for version {spec.standard} of the standard; this is version {version}.",
            where=where,
            do="Review the mapping against the changes of the standard, then set 'standard'.",
            facts={"found": spec.standard, "expected": version},
        )
    targets = targets_of_standard()
    checker = _Checker(spec, walk, targets, where)
    linked = []
    try:
        found = list(parts(spec))
    except ValueError as error:
        raise checker.fail(f"In 'linked': {error}.", "a table with an entry in 'joins', or blocks of columns") from None
    repeated = [name for name, n in Counter(one.entity for one in spec.linked).items() if n > 1]
    if repeated:
        raise checker.fail(f"'linked' names {repeated[0]!r} twice.", "each entity once")
    # Sources of an entity share its targets: their rows go to one file, where combinations of codes are numbered once.
    targets_by_entity = {part.entity: targets_of_entity(part.entity) for part in found}
    for entry in spec.linked:
        same = [name for name in _block_columns(entry) if NUMBER not in name]
        if (entry.blocks or 0) > 1 and same:
            raise checker.fail(
                f"In 'linked', the column {same[0]!r} is the same in all {entry.blocks} blocks.",
                f"a name with {NUMBER}, which stands for the number of the block",
            )
    for part in found:
        own = targets_by_entity[part.entity]
        checker.linked.append((part.spec, own))
        part_walk = about(crosswalk_of(walk, part.block, reasons()), own, reasons())
        _Checker(part.spec, part_walk, own, where).check_structure()
        mapping = Mapping(part.spec, part_walk, folder, content_hash, own)
        linked.append(LinkedMapping(part.entity, part.block, mapping))
    checker.run()
    mapping = Mapping(spec, about(walk, targets, reasons()), folder, content_hash, targets, tuple(linked))
    checker.check_harmless(mapping)
    return mapping


def shipped_ids() -> tuple[str, ...]:
    """The ids of the mappings of the collaborative that is served."""
    return tuple(sorted(path.parent.name for path in SHIPPED.glob("*/mapping.yaml")))


def find_folder(name: str | Path) -> Path:
    """The folder of a mapping given as a path or a shipped id. Raises UserError (``intake.mapping_missing``)."""
    folder = Path(name)
    if (folder / "mapping.yaml").is_file():
        return folder
    if str(name) in shipped_ids():
        return SHIPPED / str(name)
    raise UserError(
        "intake.mapping_missing",
        f"There is no mapping {str(name)!r}: neither a folder with a mapping.yaml nor a shipped id.",
        allowed=", ".join(shipped_ids()),
        do="Give the folder of the contributor's mapping.",
    )


def load_mapping(name: str | Path) -> Mapping:
    """Load a mapping from its folder or by its shipped id.

    Raises UserError: ``intake.mapping*``, ``intake.yaml``, ``intake.values*`` with file and place.
    """
    folder = find_folder(name)
    path, values = folder / "mapping.yaml", folder / "values.csv"
    spec = parse_mapping(read_yaml_text(path), str(path))
    walk = read_crosswalk(values, reasons())
    parts = [hash_bytes(file.read_bytes()) if file.is_file() else "" for file in (path, values)]
    return make_mapping(spec, walk, folder, hash_value(parts))
