"""One table made anonymous in several ways, side by side: what is lost, what is distorted, what an attacker gains.

Promise: every way is given the same people; the protections made here are trials, not releases: they, their ledger and
every file of theirs are gone when the report is written, and the report says that it is never to be published. The
report has no record and no value of anybody, only counts of what happened to them.

Losses and errors are of the whole table. Attacks need people who are not in it, so they are played on the same ways
applied to one half, the other half being those people (`ctdc.privacy.attacks.release`).
"""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from ctdc.foundation import clock
from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy.attacks import candidates as attacked
from ctdc.privacy.attacks.findings import NEVER_PUBLISH, AttackSettings
from ctdc.privacy.attacks.release import attack_release, check_people
from ctdc.privacy.domain import joint
from ctdc.privacy.estimate import estimate
from ctdc.privacy.evaluation.coded import Candidate
from ctdc.privacy.evaluation.comparison_page import comparison_html
from ctdc.privacy.evaluation.evaluate import Report, evaluate
from ctdc.privacy.evaluation.published import Counts, Published
from ctdc.privacy.evaluation.settings import Settings as EvaluationSettings
from ctdc.privacy.kanonymity.successive import grown
from ctdc.privacy.outputs import MEASUREMENTS
from ctdc.privacy.protect import protect
from ctdc.privacy.settings import Settings
from ctdc.privacy.stored import read_measurements
from ctdc.release.protected import PRIVACY
from ctdc.release.vocabulary import vocabulary_of_profile
from ctdc.standard.loader import load
from ctdc.table.coded import CodedTable, read_table, table_from_matrix
from ctdc.workflow.anonymise import LevelSpec, Made, make_anonymous
from ctdc.workflow.attack import claim_in
from ctdc.workflow.evaluation_settings import plan_of
from ctdc.workflow.private import write_private_report
from ctdc.workflow.protect import find_source, settings_of

FORMAT = "ctdc-comparison/1"
RECORDS = "synthetic.csv"
REDACTED, LOCAL, COARSER, OURS, TOOL = "redacted", "local", "coarser", "ours", "tool"
WORST_SHOWN = 10  # marginals of each order that the report names
SHOWN = ("orders", "published", "charts", "rankings_kept", "trends", "subgroups", "propensity", "regressions")


@dataclass(frozen=True)
class Tool:
    """Somebody else's program. command: with arguments, ``{in}`` for a csv to read and ``{out}`` for one to write,
    anywhere in them. Raises UserError (``compare.tool``) for a command that cannot be taken apart or lacks one.
    """

    name: str
    command: str

    def __post_init__(self) -> None:
        if not all(place in " ".join(self.parts) for place in ("{in}", "{out}")):
            raise _failed(self, "is not told where to read and where to write")

    @property
    def parts(self) -> list[str]:
        """The program and its arguments. Raises UserError (``compare.tool``)."""
        try:
            return shlex.split(self.command)
        except ValueError:
            raise _failed(self, "cannot be started: a quote in its command is not closed") from None


@dataclass(frozen=True)
class Comparison:
    """What is compared. quasi: columns by which people could be found again; newcomers: share of people who are not in
    the first of two successive files; levels: see `ctdc.workflow.anonymise`; attacks: None for no attacks.
    """

    quasi: tuple[str, ...]
    k: int = 11
    epsilons: tuple[float, ...] = (1.0, 2.0, 4.0, 12.0)
    delta: float = 1e-6
    length: int = 3
    levels: Mapping[str, Sequence[LevelSpec]] = field(default_factory=dict)
    tools: tuple[Tool, ...] = ()
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    attacks: AttackSettings | None = field(default_factory=AttackSettings)
    newcomers: float = 0.05
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.newcomers < 1:
            raise UserError(
                "compare.newcomers", f"The share of newcomers is {self.newcomers}.", allowed="more than 0, less than 1"
            )
        names = [one.name for one in self.tools]
        if len(set(names)) < len(names) or not all(names):
            raise UserError("compare.tool", "Two tools have one name, or one has none.", do="--tool NAME=COMMAND")

    @property
    def attack_settings(self) -> AttackSettings:
        """How one half is attacked: by the same quasi-identifiers. Only for a comparison with attacks."""
        if self.attacks is None:
            raise ValueError("this comparison has no attacks")
        return replace(self.attacks, quasi=self.quasi)


@dataclass(frozen=True)
class Outcome:
    """What one way makes of some people, None where it leaves no record. counts: what is published beside them."""

    candidate: attacked.Candidate | None
    counts: attacked.Measured | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """One way of making people anonymous. kind: one of the constants above."""

    name: str
    kind: str
    make: Callable[[CodedTable], Outcome]
    about: Mapping[str, Any] = field(default_factory=dict)


Halves = tuple[CodedTable, CodedTable]  # people who are in the files that are attacked, and people who are not


def compare(people: CodedTable, wish: Comparison, progress: Progress | None = None) -> dict[str, Any]:
    """The report, JSON values in the form of docs/reference/comparison.md.

    Raises UserError (``compare.*``, and those of what is compared).
    """
    shown = progress or Silent()
    _check(people, wish)
    halves = _attackable(people, wish) if wish.attacks else None
    ways = list(_ways(wish))
    whole = [_worth(people, way, wish, shown) for way in ways]
    return {
        "format": FORMAT,
        "never_to_be_published": True,
        "notice": NEVER_PUBLISH,
        "people": people.rows,
        "columns": list(people.schema.names),
        "quasi": list(wish.quasi),
        "k": wish.k,
        "delta": wish.delta,
        "length": min(wish.length, len(people.schema.names)),
        "ways": whole,
        "successive": _successive(people, wish),
        "attacks": _attacked(*halves, ways, wish, shown) if halves else None,
    }


def compare_file(
    path: Path,
    wish: Comparison,
    profile: str | None = None,
    schema: Path | None = None,
    *,
    facts: bool = True,
    settings: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """`compare` of the people in a csv or parquet file, declared as for ``ctdc protect``.

    facts: whether protections keep to what is true by definition; settings: a file of what is evaluated, in place of
    what is shipped for profiles of the standard.
    """
    source = find_source(path, profile, schema, facts=facts)
    domain, groups = source.one_table(), {}
    if source.profile:
        standard = load()
        words = vocabulary_of_profile(standard, standard.profile(source.profile), domain)
        groups = {group.id: group.variables for group in words.groups}
    plan = plan_of(domain, groups, settings, standard=bool(source.profile))
    people = source.load()
    if not isinstance(people, CodedTable):
        raise TypeError("a domain of one table has two")
    return compare(people, replace(wish, evaluation=replace(plan.settings, length=wish.length)), progress)


def write_comparison(path: Path, report: Mapping[str, Any]) -> None:
    """Write JSON if the name ends so, else the page, for the owner's eyes. Raises as `private.check_out`."""
    write_private_report(path, report, lambda: comparison_html(report))


def _check(people: CodedTable, wish: Comparison) -> None:
    if not people.rows:
        raise UserError("compare.empty", "The table has no records.", do="Give a table with records.")
    unknown = [name for name in wish.quasi if name not in people.schema.names]
    if unknown:
        raise UserError(
            "compare.columns", f"There is no column {unknown[0]!r}.", allowed=", ".join(people.schema.names)
        )


def _attackable(people: CodedTable, wish: Comparison) -> Halves:
    """The two halves on which attacks are played; refuses what none could be: too few people or columns."""
    halves = divided(people, 0.5, wish.seed)
    try:
        check_people(*halves, wish.attack_settings)
    except UserError as error:
        detail = error.detail
        raise UserError(
            detail.code,
            f"The attacks on one half of the table cannot be made. {detail.what}",
            where=detail.where,
            allowed=detail.allowed,
            do="Compare without attacks: --attacks 0.",
        ) from None
    return halves


# ---- the ways -----------------------------------------------------------------------------------------------------


def _ways(wish: Comparison) -> Iterator[Way]:
    def anonymous(kind: str, method: str, levels: Mapping[str, Sequence[LevelSpec]]) -> Way:
        return Way(kind, kind, lambda people: _anonymous(people, wish, method, levels))

    yield anonymous(REDACTED, "redact", {})
    yield anonymous(LOCAL, "local", {})
    if wish.levels:
        yield anonymous(COARSER, "local", wish.levels)
    for tool in wish.tools:
        yield Way(tool.name, TOOL, lambda people, tool=tool: _tool(people, tool))  # type: ignore[misc]
    for epsilon in wish.epsilons:
        chosen = settings_of(epsilon=epsilon, delta=wish.delta, length=wish.length, seed=wish.seed)
        yield Way(f"epsilon {epsilon:g}", OURS, lambda people, own=chosen: _ours(people, own), {"epsilon": epsilon})  # type: ignore[misc]


def texts_of(people: CodedTable) -> pl.DataFrame:
    """The codes as text, "" where empty."""
    columns = {}
    for variable, codes in zip(people.schema.variables, people.columns, strict=True):
        columns[variable.name] = pl.Series(["", *variable.codes], dtype=pl.String).gather(codes.astype(np.uint32))
    return pl.DataFrame(columns)


def _made(people: CodedTable, wish: Comparison, method: str, levels: Mapping[str, Sequence[LevelSpec]]) -> Made:
    return make_anonymous(texts_of(people), wish.quasi, wish.k, method, levels, where="the table")


def _anonymous(people: CodedTable, wish: Comparison, method: str, levels: Mapping[str, Sequence[LevelSpec]]) -> Outcome:
    made = _made(people, wish, method, levels)
    about = {name: made.report[name] for name in ("removed", "smallest_class", "loss", "cells")}
    if not made.table.height:
        return Outcome(None, about=about)
    found = attacked.read_candidate(method, made.table.to_arrow(), people.schema, made.groups, "the k-anonymous table")
    return Outcome(found, about=about)


def _ours(people: CodedTable, settings: Settings) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        protect(lambda: people, people.schema, settings, folder / "out", folder / "ledger", clock.now())
        records = read_table(folder / "out" / RECORDS)
        counts = attacked.Measured(estimate(read_measurements(folder / "out" / MEASUREMENTS, joint(people.schema))))
        claim = claim_in(json.loads((folder / "out" / PRIVACY).read_text(encoding="utf-8")))
    found = attacked.read_candidate("ours", records, people.schema, {}, "the protected records", counts)
    return Outcome(replace(found, claim=claim), counts)


def _tool(people: CodedTable, tool: Tool) -> Outcome:
    """What somebody else's program makes of these people, who are in a folder that only we can read."""
    with tempfile.TemporaryDirectory() as name:
        given, made = Path(name) / "in.csv", Path(name) / "out.csv"
        texts_of(people).write_csv(given)
        command = [part.replace("{in}", str(given)).replace("{out}", str(made)) for part in tool.parts]
        try:
            done = subprocess.run(  # noqa: S603 - the steward names the program
                command, stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
        except OSError as error:
            raise _failed(tool, f"could not be started: {error.strerror}") from None
        if done.returncode or not made.exists():
            # What it said may quote records, so it is not repeated.
            raise _failed(tool, f"ended with {done.returncode}, and " + ("a" if made.exists() else "no") + " file")
        records = read_table(made)
    found = attacked.read_candidate(tool.name, _in_order(records, people), people.schema, {}, f"what {tool.name} wrote")
    return Outcome(found)


def _in_order(records: pa.Table, people: CodedTable) -> pa.Table:
    missing = [name for name in people.schema.names if name not in records.column_names]
    return records if missing else records.select(list(people.schema.names))


def _failed(tool: Tool, what: str) -> UserError:
    return UserError(
        "compare.tool",
        f"The program for {tool.name!r} {what}.",
        allowed="a command with {in}, a csv to read, and {out}, a csv to write with the same columns",
        do="Try it by hand on a simulated table; what it says is not shown here, because it may quote records.",
    )


# ---- what they are worth ------------------------------------------------------------------------------------------


def _worth(people: CodedTable, way: Way, wish: Comparison, progress: Progress) -> dict[str, Any]:
    """What one way leaves of the table."""
    progress.start(f"Making {way.name}")
    made = way.make(people)
    found = {"name": way.name, "kind": way.kind, **way.about, **made.about}
    if made.candidate is None:
        return {**found, "records": 0, "withheld": None, "evaluation": None}
    candidate = Candidate(people.schema, made.candidate.codes_or_other)
    published = _unlisted(people, made.counts) if made.counts else None
    report = evaluate(people, candidate, wish.evaluation, published=published, progress=progress)
    withheld = {name: report.withheld.get(name, 0.0) for name in wish.quasi}
    return {**found, "records": made.candidate.rows, "withheld": withheld, "evaluation": _shortened(report)}


def _unlisted(people: CodedTable, counts: attacked.Measured) -> Published:
    """The estimates alone: a trial lists no counts."""
    width, nothing = len(people.schema.variables), np.zeros(0)
    listed = Counts(np.zeros((0, width), np.uint16), nothing, None, None, np.zeros(0, np.bool_))
    return Published(listed, counts.estimates)


def _shortened(report: Report) -> dict[str, Any]:
    """The evaluation without what no comparison shows."""
    orders = tuple(replace(one, marginals=one.marginals[:WORST_SHOWN]) for one in report.orders)
    found = replace(report, orders=orders).as_dict()
    found["published"] = [
        {"order": one["order"], "estimates": one["estimates"], "coverage": one["estimate_coverage"]}
        for one in found["published"]
    ]
    found["charts"] = [{name: value for name, value in one.items() if name != "shares"} for one in found["charts"]]
    return {name: value for name, value in found.items() if name in SHOWN}


# ---- what an attacker gains ---------------------------------------------------------------------------------------


def divided(people: CodedTable, share: float, seed: int) -> Halves:
    """So large a share of the people, drawn at random, and the others; both in the order of the table."""
    first = np.zeros(people.rows, np.bool_)
    first[np.random.default_rng(seed).permutation(people.rows)[: round(share * people.rows)]] = True
    matrix = people.matrix().astype(np.int64)
    return table_from_matrix(people.schema, matrix[:, first]), table_from_matrix(people.schema, matrix[:, ~first])


def _attacked(
    members: CodedTable, control: CodedTable, ways: Sequence[Way], wish: Comparison, progress: Progress
) -> dict[str, Any]:
    """What the attacks gain from each way applied to one half."""
    made = []
    for way in ways:
        progress.start(f"Making {way.name} of one half")
        if (candidate := way.make(members).candidate) is not None:
            made.append(replace(candidate, name=way.name, kind=way.kind))
    found = attack_release(members, control, made, wish.attack_settings, progress).as_dict()
    return {name: value for name, value in found.items() if name != "notice"}


def _successive(people: CodedTable, wish: Comparison) -> dict[str, Any]:
    """What two files in succession say of those who are only in the second, by subtraction, for removal of records.

    The other ways write classes of different coarseness in the two files.
    """
    earlier, newcomers = divided(people, 1 - wish.newcomers, wish.seed)
    before, after = (_made(one, wish, "redact", {}).table.select(wish.quasi) for one in (earlier, people))
    keys = pl.concat([before, after]).select(pl.all().cast(pl.Categorical).to_physical()).to_numpy().astype(np.int64)
    found = grown(keys[: before.height], keys[before.height :], wish.k)
    return {"newcomers": newcomers.rows, **asdict(found)}
