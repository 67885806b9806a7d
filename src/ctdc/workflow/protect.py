"""Protecting a file of cases: find its public domain, then let the engine measure it once.

Promise: the domain is a release profile of the standard or a declared schema file, never taken from the records;
cases that intake has not cleared are refused before anything is charged.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ctdc.foundation import clock
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import atomic_file
from ctdc.foundation.hashing import canonical_json, hash_file
from ctdc.foundation.progress import Progress
from ctdc.intake.subject import KEY_BYTES, read_key
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.budgets import PART
from ctdc.privacy.cohorts import check_name, gather
from ctdc.privacy.domain import Domain, People
from ctdc.privacy.ledger import check_file
from ctdc.privacy.precheck import Precheck, Question, check_not_only_noise, precheck
from ctdc.privacy.protect import measure_records
from ctdc.privacy.protect import protect as protect_records
from ctdc.privacy.settings import Settings
from ctdc.privacy.workload import read_workload
from ctdc.standard.derive import derive
from ctdc.standard.loader import load
from ctdc.standard.model import Fact, Profile
from ctdc.standard.settle import derive_settled
from ctdc.table.coded import code_table, column_names, read_table
from ctdc.table.coder import Coder, DeclaredCoder
from ctdc.table.constraints import EMPTY, Implication
from ctdc.table.declare import Declaration, plain_declaration, read_declaration
from ctdc.table.engine import Engine
from ctdc.table.linked import LinkedSchema, LinkedTable
from ctdc.table.linked_recode import check_linked_header, load_linked
from ctdc.table.recode import load_coded
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable
from ctdc.workflow.any_table import Choices, declared, groups_of, other_shapes
from ctdc.workflow.coders import CasesCoder
from ctdc.workflow.combine import LINK
from ctdc.workflow.config import DEFAULT_PROFILE, MAX_DELTA, MAX_EPSILON
from ctdc.workflow.places import Here, Location, Place, opened

DEFAULT_LEDGER = "ledger.jsonl"


def schema_of_profile(profile: Profile, facts: bool = True) -> Schema:
    """A release profile as the engine's domain, with what is true in it by definition unless that is left out."""
    variables = tuple(Variable(column.name, tuple(column.codes)) for column in profile.columns)
    return Schema(variables, tuple(_implication(fact) for fact in profile.facts) if facts else ())


def domain_of_profile(profile: Profile, facts: bool = True) -> Domain:
    """As `schema_of_profile`, with the linked rows of a profile that has some."""
    main = schema_of_profile(profile, facts)
    if profile.links is None:
        return main
    return LinkedSchema(main, schema_of_profile(profile.linked(), facts), profile.links.most, profile.links.number)


def _implication(fact: Fact) -> Implication:
    allowed = (*fact.implied, EMPTY) if fact.or_unknown else fact.implied
    return Implication(fact.variable, fact.codes, fact.implies, allowed)


def matching_profile(names: tuple[str, ...]) -> Profile | None:
    """The newest release profile that has exactly these columns, in any order; None when there is none."""
    profiles = (profile for profile in load().profiles.values() if profile.links is None)
    matches = [profile for profile in profiles if set(profile.names) == set(names)]
    return max(matches, key=lambda profile: profile.years[1], default=None)


@dataclass(frozen=True)
class Source:
    """A file of records with its domain. profile: id of the standard's, empty for a declaration in a schema file.

    linked: what is linked to the records, where something is, with its declaration.
    """

    schema: Domain
    profile: str
    load: Callable[[], People]
    declaration: Declaration | None = None
    linked: tuple[Path, Declaration] | None = None

    def recoding(self) -> dict[str, str]:
        """What names the recoding of declared tables; nothing for a profile's columns, which are codes already."""
        found = {"declaration_hash": self.declaration.content_hash()} if self.declaration else {}
        return found | ({"linked_declaration_hash": self.linked[1].content_hash()} if self.linked else {})

    def one_table(self) -> Schema:
        """The domain of people without linked rows. Raises UserError (``linked.not_here``) where there are some."""
        if isinstance(self.schema, LinkedSchema):
            raise UserError(
                "linked.not_here",
                "Workloads, cohorts, other shapes and the check before protecting are for one table only.",
                allowed="--linked without --workload, --cohort, --add-cohorts, --format, --check and --cases",
                do="Leave out these options.",
            )
        return self.schema


@dataclass(frozen=True)
class Linked:
    """Rows that belong to the people of another file: their file and its schema, the column that both share, how many
    of a person count at most, and what their number is called.
    """

    path: Path
    schema: Path
    link: str
    most: int
    number: str = "links"


def is_harmonised(place: Path | Place) -> bool:
    """Whether the table was written by intake. Raises Refused when intake has held it back."""
    place = Here(place) if isinstance(place, Path) else place
    metadata = place.metadata()
    if any(one.get(b"ctdc.promotable", b"yes") != b"yes" for one in metadata):
        raise Refused(
            "protect.not_promotable",
            "These cases have values that no mapping knows, and may not go further.",
            where=place.where,
            do="Resolve or waive each value that the delivery's report lists, then harmonise again.",
        )
    return bool(metadata) and all(b"ctdc.cases" in one for one in metadata)


def _loading(place: Place, coder: Callable[[], Coder], whole: Callable[[], People]) -> Callable[[], People]:
    """How the people are loaded: held whole, or to be counted in passes."""
    return (lambda: place.rows(coder())) if place.in_passes else whole


def find_source(
    path: Path | Place,
    profile_id: str | None,
    schema_path: Path | None,
    choices: Choices | None = None,
    facts: bool = True,
    linked: Linked | None = None,
    delimiter: str = ",",
) -> Source:
    """Decide the domain of `path`, a file that is read whole or a table anywhere: the schema file, the named profile,
    or the profile its columns belong to.

    Harmonised cases are derived to the profile, by default the newest. choices: take the place of what the schema file
    says; facts: whether what is true by definition is part of the domain; linked: rows that belong to the people, whom
    a schema file then has to declare; delimiter: of a csv file that no schema file declares. Raises UserError
    (``protect.no_domain``, ``protect.needs_schema``).
    """
    place: Place = Here(path, whole=True) if isinstance(path, Path) else path
    if linked is not None:
        return find_linked(place, None if profile_id else schema_path, choices or Choices(), linked, facts)
    if profile_id and load().profile(profile_id).links:
        raise UserError(
            "protect.linked_profile",
            f"The profile {profile_id} has two tables, and this is one file.",
            where=place.where,
            allowed="profiles of one table; or two tables with --linked and a schema for each",
            do="Let 'ctdc run' derive both tables: profile = \"" + profile_id + '" in its plan.',
        )
    harmonised = is_harmonised(place)
    declaration = declared(place, schema_path, choices or Choices())
    if declaration is not None:
        chosen = declaration if facts else declaration.without_facts()
        if chosen.subject_id and isinstance(place, Here) and place.path.is_file():
            place = replace(place, whole=True)  # a person's rows may stand anywhere in the file
        load_declared = _loading(place, lambda: DeclaredCoder(chosen), lambda: load_coded(Path(place.where), chosen))
        return Source(chosen.schema, "", load_declared, chosen)
    if harmonised:
        profile = load().profile(profile_id or DEFAULT_PROFILE)
        schema = schema_of_profile(profile, facts)
        to_profile = derive_settled if facts else derive
        file = Path(place.where)
        load_cases = _loading(
            place,
            lambda: CasesCoder(profile.id, schema, facts, load().content_hash),
            lambda: code_table(to_profile(read_table(file), profile), schema, place.where),
        )
        return Source(schema, profile.id, load_cases)
    found = load().profile(profile_id) if profile_id else matching_profile(place.names(delimiter))
    if found is None:
        raise UserError(
            "protect.no_domain",
            "The columns of this file are not those of any release profile of the standard.",
            where=place.where,
            allowed="harmonised cases, the columns of a profile ('ctdc standard show'), or any table with --schema",
            do="Give a Table Schema that lists the codes of every column: --schema FILE.",
        )
    schema = schema_of_profile(found, facts)
    load_columns = _loading(
        place,
        lambda: DeclaredCoder(replace(plain_declaration(schema), delimiter=delimiter)),
        lambda: code_table(read_table(Path(place.where), delimiter), schema, place.where),
    )
    return Source(schema, found.id, load_columns)


def find_linked(place: Place, schema_path: Path | None, choices: Choices, linked: Linked, facts: bool) -> Source:
    """Two declared tables of which one belongs to the other. Raises UserError (``protect.needs_schema``)."""
    if not isinstance(place, Here):
        raise UserError(
            "linked.engine",
            "Linked tables are put together in memory only.",
            where=place.where,
            allowed="--linked with --engine memory",
            do="Leave out --engine spark; the memory engine reads both tables whole.",
        )
    path = place.path
    if schema_path is None or choices.subject_id is not None:  # or a profile, which is of one table
        raise UserError(
            "protect.needs_schema",
            "Linked tables need a declaration of both, and share the column that --link names.",
            where=str(path),
            allowed="--schema, --linked, --linked-schema, --link and --max-links, without --subject-id and --profile",
            do="Describe both tables in schema files; see docs/how-to/linked-tables.md.",
        )
    people = declared(place, schema_path, replace(choices, subject_id=linked.link))
    if people is None:
        raise RuntimeError("a schema file declares nothing")
    said = read_declaration(linked.schema)
    if said.subject_id not in ("", linked.link):
        raise UserError(
            "linked.subject",
            f"The schema of the linked rows says that {said.subject_id!r} tells whose row it is.",
            where=str(linked.schema),
            allowed=f"no subject_id, or {linked.link!r}, the column that --link names",
            do="Linked rows are not merged: leave subject_id out.",
        )
    fields = tuple(field for field in said.fields if field.name != linked.link)
    rows = replace(said, fields=fields, subject_id="")
    if not facts:
        people, rows = people.without_facts(), rows.without_facts()
    check_linked_header(column_names(linked.path, rows.delimiter), rows, linked.link, str(linked.path))
    schema = LinkedSchema(people.schema, rows.schema, linked.most, linked.number)

    def load_both() -> LinkedTable:
        return load_linked(path, people, linked.path, rows, schema)

    return Source(schema, "", load_both, people, (linked.path, rows))


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
    facts: bool = True,
    cohort: str = "",
    workload: Path | None = None,
) -> Settings:
    """The engine's settings. seed: of the record synthesis only, drawn at random and recorded when None; facts:
    whether what is true by definition was part of the domain, recorded when it was left out; cohort: the part of the
    population that is charged, when only its new people are measured; workload: a file that says what is measured, in
    place of `length`.

    Raises UserError for an epsilon or delta that no release should have: a typing error is likelier than a wish.
    """
    if epsilon > MAX_EPSILON or delta >= MAX_DELTA:
        raise UserError(
            "privacy.epsilon" if epsilon > MAX_EPSILON else "privacy.delta",
            f"Epsilon {epsilon:g} with delta {delta:g} would protect nobody.",
            allowed=f"epsilon at most {MAX_EPSILON:g}, delta below {MAX_DELTA:g} and far below 1 / number of people",
            do="Choose again; 1 to 4 are common choices for epsilon, 1e-6 for delta.",
        )
    if cohort:
        check_name(cohort)
    declared = read_workload(workload) if workload else None
    return Settings(
        guarantee=Guarantee(epsilon, delta),
        length=declared.length if declared else length,
        threshold=threshold,
        every_aggregate=aggregates == "all",
        seed=secrets.randbits(32) if seed is None else seed,
        population=f"{population}{PART}{cohort}" if cohort else population,
        cohort=cohort,
        facts={"profile": profile} if facts else {"profile": profile, "facts_left_out": True},
        workload=declared,
    )


def check(
    cases: Location,
    *,
    profile: str | None = None,
    schema: Path | None = None,
    choices: Choices | None = None,
    facts: bool = True,
    people: int | None = None,
    thorough: bool = True,
    engine: Engine | None = None,
    **settings: Any,
) -> Precheck:
    """What protecting `cases` with these settings could show; charges nothing and reads no more than the header.

    people: declared, about how many. Raises UserError for what `protect` would refuse before reading records.
    """
    with opened(engine or Engine(), cases) as place:
        source = find_source(place, profile, schema, choices, facts)
    return _check(source, settings_of(**settings), people, thorough)


def _check(source: Source, chosen: Settings, people: int | None, thorough: bool) -> Precheck:
    schema = source.one_table()
    groups = groups_of(schema, source.declaration)
    question = Question(schema.sizes, groups, chosen.guarantee, chosen.length, chosen.threshold, people)
    return precheck(question, thorough=thorough)


def _key_beside(ledger: Path) -> tuple[bytes, Callable[[], None]]:
    """The ledger's key, and what writes it if it is new, to be called when something is about to be charged.

    Under it a repetition of some work is recognised by a name that tells nothing to those without the key. A plain
    hash would: whoever knows all records but one could try that one.
    """
    check_file(ledger)
    path = ledger.with_name(ledger.name + ".key")
    try:
        if path.exists():
            return read_key(path), lambda: None
    except PermissionError:
        raise UserError(
            "protect.key", "The ledger's key cannot be read.", where=str(path), do="Ask the ledger's keeper."
        ) from None
    key = secrets.token_bytes(KEY_BYTES)

    def write() -> None:
        with atomic_file(path, private=True) as temporary:
            temporary.write_bytes(key)

    return key, write


def protect(
    cases: Location,
    out: Path,
    *,
    engine: Engine | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Protect `cases` (csv or parquet, or a folder of parquet files) and write the folder `out`.

    engine: reads and counts the rows, by default this machine's memory; options: see `protect_place`, which raises what
    this raises, and whose result it returns. Raises UserError where the engine is not there.
    """
    with opened(engine or Engine(), cases, progress) as place:
        return protect_place(place, out, progress=progress, **options)


def protect_place(
    cases: Place,
    out: Path,
    *,
    profile: str | None = None,
    schema: Path | None = None,
    ledger: Path | None = None,
    facts: bool = True,
    add_cohorts: Sequence[Path] = (),
    replace_cohort: bool = False,
    notice: Callable[[str], None] | None = None,
    progress: Progress | None = None,
    choices: Choices | None = None,
    shapes: Sequence[str] = (),
    people: int | None = None,
    anyway: bool = False,
    warn: Callable[[str], None] = lambda _: None,
    linked: Linked | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Protect `cases` and write the folder `out`. Returns the content of privacy.json.

    ledger: where the charge is written, by default ``ledger.jsonl`` beside `out`; choices: take the place of what the
    schema file says; facts: whether records must satisfy what is true by definition; shapes: of the synthetic records,
    beside the wide one; people: about how many, so that `warn` is told before anything is charged what could not be
    shown; anyway: go on where only noise would come out; add_cohorts: folders of earlier protections whose people are
    not in `cases`; replace_cohort: but for those of this cohort, who are measured anew; notice: hears what a person has
    to know before paying; linked: rows that belong to these people and are protected with them; settings: see
    `settings_of`. Raises UserError for bad input, Refused when the budget forbids
    or nothing could be shown.
    """
    if (add_cohorts or replace_cohort) and not settings.get("cohort"):
        raise UserError("cohorts.name", "The new people have no cohort's name.", do="Name it: --cohort 2026.")
    source = find_source(cases, profile, schema, choices, facts, linked)
    chosen = settings_of(profile=source.profile, facts=facts, **settings)
    chosen = replace(chosen, facts=chosen.facts | source.recoding())
    if people is not None:
        answer = _check(source, chosen, people, thorough=False)
        for text in answer.warnings:
            warn(text)
        if not anyway and answer.only_noise:  # singles are what is left when longer combinations are given up
            check_not_only_noise(_check(source, replace(chosen, length=1), people, thorough=False), people)
    one_table = bool(chosen.cohort or shapes or chosen.workload)
    earlier = gather(add_cohorts, source.one_table(), chosen.cohort, anew=replace_cohort) if one_table else ()
    target = ledger or out.absolute().parent / DEFAULT_LEDGER
    key, write_key = _key_beside(target)
    work = [cases.identity(), source.schema.content_hash(), chosen.paid(), source.recoding()]
    if source.linked:
        work.append(hash_file(source.linked[0]))

    def load_checked() -> People:
        table = source.load()
        write_key()
        return table

    return protect_records(
        load_checked,
        source.schema,
        chosen,
        out,
        target,
        clock.now(),
        identity=hmac.digest(key, canonical_json(work), "sha256").hex(),
        earlier=earlier,
        notice=notice,
        progress=progress,
        finish=None if source.linked else other_shapes(source.one_table(), source.declaration, shapes),
    )


def measure(
    cases: Path,
    out: Path,
    *,
    profile: str,
    ledger: Path,
    linked: Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> None:
    """The paid half of `protect`, for a run that keeps what was paid for as a stage of its own.

    linked: the derived linked table, of a profile that has one. Facts by definition are no part of it: a run settles
    its columns by them before, and records keep to them after.
    """
    source = _columns_of_run(cases, load().profile(profile), linked)
    chosen = settings_of(profile=source.profile, **settings)
    measure_records(source.load, source.schema, chosen, out, ledger, clock.now(), progress=progress)


def _columns_of_run(cases: Path, profile: Profile, linked: Path | None) -> Source:
    """The tables that a run has derived."""
    schema = domain_of_profile(profile, facts=False)
    if not isinstance(schema, LinkedSchema):
        return find_source(Here(cases), profile.id, None, facts=False)
    if linked is None:
        raise ValueError("a linked profile has two tables")
    people = replace(plain_declaration(schema.main), subject_id=LINK)
    rows = plain_declaration(schema.linked)
    return Source(schema, profile.id, lambda: load_linked(cases, people, linked, rows, schema), people, (linked, rows))
