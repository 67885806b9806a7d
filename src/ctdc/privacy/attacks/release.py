"""Attacks on a release: does what is published tell who was in the data, beyond what it tells about everybody?

Promise: `attack_release` is the one way in. Every attack is made on people who were in the data (members) and on others
of the same population who were not (control), by one rule; only the difference counts. What is found holds at the
stated confidence for the whole report; what is not found comes with the smallest leak that would have been. What a
file's own guarantee allows is told apart from what it does not. A check that looks at no file says whether the control
is like the members. The same input and seed give the same report.

Half of the control is the attacker's own knowledge of the population (the reference), the other half is attacked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy.attacks import search
from ctdc.privacy.attacks.candidates import Candidate
from ctdc.privacy.attacks.difference import Compared, compare, compare_marks, compare_scores, either_way
from ctdc.privacy.attacks.findings import (
    ALONE,
    ATTACKS,
    CHECKS,
    EVERYBODY,
    FEWEST,
    FILE,
    ISOLATED,
    Attacked,
    AttackReport,
    AttackSettings,
    Finding,
)
from ctdc.privacy.attacks.marginals import Evidence, gather, surprise
from ctdc.privacy.attacks.search import Integers, Marks, Matrix, Rows
from ctdc.privacy.attacks.singling import by_one_value, by_several_values, equal_crowds, singled_out
from ctdc.table.coded import CodedTable
from ctdc.table.schema import Schema

Floats = npt.NDArray[np.float64]
LEAST_COLUMNS = 3
MOST_QUASI = 5  # quasi-identifiers where none are named: the columns with most codes
CHUNK = 500  # people examined between two signs of life
# How much a row with one wrong cell, and with two, says beside one that fits wholly.
FAR, FARTHER, NONE = 0.1, 0.01, 0.001


def attack_release(
    members: CodedTable,
    control: CodedTable,
    candidates: Sequence[Candidate],
    settings: AttackSettings | None = None,
    progress: Progress | None = None,
) -> AttackReport:
    """Attack each candidate as somebody would who wants to know whether, and as what, people are in the data.

    members: the people from whom the candidates were made; control: people of the same population who were not among
    them. All share one schema's variables. Raises UserError (``attack.too_few``, ``attack.columns``,
    ``attack.control``, ``attack.settings``).
    """
    wanted = settings or AttackSettings()
    quasi = check_people(members, control, wanted, candidates)
    game = Game(members.schema, members.matrix(), control.matrix(), quasi, wanted, progress or Silent())
    return game.played(candidates)


def check_people(
    members: CodedTable, control: CodedTable, settings: AttackSettings, candidates: Sequence[Candidate] = ()
) -> Integers:
    """The positions of the quasi-identifiers, if everything fits together. Raises as `attack_release`."""
    schema = members.schema
    if any(one.variables != schema.variables for one in (control.schema, *(each.schema for each in candidates))):
        raise UserError("attack.columns", "The tables do not have the same columns and codes.")
    width = len(schema.variables)
    if not LEAST_COLUMNS <= width <= search.MOST_COLUMNS:
        raise UserError(
            "attack.columns",
            f"The tables have {width} columns.",
            allowed=f"{LEAST_COLUMNS} to {search.MOST_COLUMNS}",
            do="Choose columns with --columns.",
        )
    for name, table in (("members", members), ("people of the control", control)):
        if table.rows < FEWEST:
            raise UserError(
                "attack.too_few",
                f"The {name} are {table.rows} in number: too few to show anything.",
                allowed=f"at least {FEWEST}, better thousands",
            )
    if members.rows == control.rows and _same_crowd(members, control):
        raise UserError(
            "attack.control",
            "The control holds the same people as the members.",
            allowed="people of the same population who were not in the data",
            do="Split the people before protecting them: ctdc attack split.",
        )
    return _quasi(schema, settings.quasi)


def _same_crowd(members: CodedTable, control: CodedTable) -> bool:
    """Whether both have the same rows, in whatever order."""
    both = search.row_numbers(np.concatenate([members.matrix(), control.matrix()], axis=1))
    return bool((np.sort(both[: members.rows]) == np.sort(both[members.rows :])).all())


def _quasi(schema: Schema, names: Sequence[str]) -> Integers:
    """Positions of the quasi-identifiers. Some column is always left to be found out."""
    width = len(schema.variables)
    if not names:
        return np.sort(np.argsort([-size for size in schema.sizes], kind="stable")[: min(MOST_QUASI, width - 1)])
    unknown = [name for name in names if name not in schema.names]
    if unknown or len(set(names)) < len(names) or len(names) == width:
        what = f"There is no column {unknown[0]!r}." if unknown else "All columns are named, or one is named twice."
        raise UserError(
            "attack.columns",
            what,
            where="quasi-identifiers",
            allowed="some, not all, of " + ", ".join(schema.names),
        )
    return np.sort(np.array([schema.names.index(name) for name in names]))


@dataclass(frozen=True)
class Targets:
    """People who are attacked. matrix: (variables, members, then others); members: how many of them are members;
    secrets: the column that is to be found out of each.
    """

    matrix: Matrix
    members: int
    secrets: Integers

    def sides(self, found: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """What was found about the members, and about the others."""
        return found[: self.members], found[self.members :]


@dataclass(frozen=True)
class Game:
    """Members and control with everything that is the same for all candidates."""

    schema: Schema
    members: Matrix
    control: Matrix
    quasi: Integers
    settings: AttackSettings
    progress: Progress
    random: np.random.Generator = field(init=False)
    reference: Matrix = field(init=False)
    others: Matrix = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "random", np.random.default_rng(self.settings.seed))
        order = self.random.permutation(self.control.shape[1])
        half = len(order) // 2
        object.__setattr__(self, "reference", np.ascontiguousarray(self.control[:, order[:half]]))
        object.__setattr__(self, "others", np.ascontiguousarray(self.control[:, order[half:]]))

    def played(self, candidates: Sequence[Candidate]) -> AttackReport:
        """All attacks on all candidates."""
        risk = (1 - self.settings.confidence) / (len(CHECKS) + sum(len(_tests(one)) for one in candidates))
        people = np.concatenate([targets.matrix for targets in self.groups.values()], axis=1)
        gathered, unknown = gather(people, self.reference, self.schema.sizes, candidates, self.random, self.progress)
        attacked = [self._attacked(one, evidence, risk) for one, evidence in zip(candidates, gathered, strict=True)]
        return AttackReport(
            self.settings,
            self.schema.names,
            tuple(self.schema.names[column] for column in self.quasi),
            self.members.shape[1],
            self.control.shape[1],
            self.reference.shape[1],
            1 - risk,
            self._checked(unknown, risk),
            tuple(attacked),
        )

    def _attacked(self, candidate: Candidate, evidence: Evidence, risk: float) -> Attacked:
        """All attacks on one candidate, in the order of `ATTACKS`."""
        found = self._file(candidate, risk)
        for name, targets in self.groups.items():
            seen = Seen(
                targets,
                self._examined(candidate, targets),
                self.near[name],
                candidate.rows,
                self.reference.shape[1],
                evidence.of(self.parts[name]),
            )
            found += [Finding(attack, name, seen.compared(attack, risk)) for attack in _of(candidate, name)]
        found += self._alone(candidate, risk)
        order = list(ATTACKS)
        found.sort(key=lambda finding: order.index(finding.attack))
        # A description is of nobody in particular, so a guarantee says nothing of how often it fits one person.
        judged = (
            one if one.targets == FILE else replace(one, compared=one.compared.under(candidate.claim)) for one in found
        )
        return Attacked(candidate.name, candidate.kind, candidate.rows, candidate.claim, tuple(judged))

    @cached_property
    def parts(self) -> Mapping[str, slice]:
        """Where each group stands among all who are attacked, one group after the other."""
        ends = np.cumsum([0, *(targets.matrix.shape[1] for targets in self.groups.values())]).tolist()
        return {name: slice(start, end) for name, start, end in zip(self.groups, ends, ends[1:], strict=False)}

    @cached_property
    def near(self) -> Mapping[str, Integers]:
        """What the reference says of each group."""
        rows = search.plain_rows(self.reference, self.schema.sizes)
        return {name: self._nearness(one.matrix, rows, "Other people") for name, one in self.groups.items()}

    @cached_property
    def surprises(self) -> tuple[Floats, Floats]:
        """How unusual each member is, and each of the others."""
        return tuple(surprise(crowd, self.reference, self.schema.sizes) for crowd in (self.members, self.others))  # type: ignore[return-value]

    @cached_property
    def groups(self) -> Mapping[str, Targets]:
        """Whom is attacked by everything that is known of them."""
        limit = np.quantile(np.concatenate(self.surprises), 1 - self.settings.isolated)
        return {
            EVERYBODY: self._targets(*(np.ones(len(one), np.bool_) for one in self.surprises)),
            ISOLATED: self._targets(*(one >= limit for one in self.surprises)),
        }

    def _targets(self, *able: Marks) -> Targets:
        """Up to so many members and others, of those who are marked."""
        parts = []
        for crowd, marks in zip((self.members, self.others), able, strict=True):
            chosen = self.random.permutation(np.flatnonzero(marks))[: self.settings.attacks]
            parts.append(crowd[:, chosen])
        matrix = np.ascontiguousarray(np.concatenate(parts, axis=1))
        return Targets(matrix, parts[0].shape[1], self._secrets(matrix))

    def _secrets(self, people: Matrix) -> Integers:
        """For each person a column that somebody wants to know: one that is filled in where there is one."""
        free = np.setdiff1d(np.arange(len(people)), self.quasi)
        draw = self.random.random((len(free), people.shape[1])) + (people[free] > 0)
        secrets: Integers = free[draw.argmax(axis=0)].astype(np.int64)
        return secrets

    def _nearness(self, people: Matrix, rows: Rows, task: str) -> Integers:
        out = np.zeros((people.shape[1], 9), np.int64)
        packed = rows.packed()
        self.progress.start(task, total=len(out))
        for start in range(0, len(out), CHUNK):
            part = slice(start, start + CHUNK)
            search.nearness(np.ascontiguousarray(people[:, part]), rows.nodes, rows.weights, *packed, out[part])
            self.progress.advance(CHUNK)
        self.progress.finish()
        return out

    def _examined(self, candidate: Candidate, targets: Targets) -> Integers:
        """What the file says of each target, shape (targets, 9)."""
        rows, sizes = candidate.distinct, np.array(self.schema.sizes, np.int64)
        out = np.zeros((targets.matrix.shape[1], 9), np.int64)
        half, quasi = np.zeros(len(sizes), np.bool_), np.zeros(len(sizes), np.bool_)
        half[np.argsort(-sizes, kind="stable")[::2]] = True  # both halves get columns with many codes
        quasi[self.quasi] = True
        packed = rows.packed()
        self.progress.start(candidate.name, total=len(out))
        for start in range(0, len(out), CHUNK):
            part = slice(start, start + CHUNK)
            people = np.ascontiguousarray(targets.matrix[:, part])
            search.examine(
                people, targets.secrets[part], sizes, rows.nodes, rows.weights, *packed, half, quasi, out[part]
            )
            self.progress.advance(CHUNK)
        self.progress.finish()
        return out

    def _alone(self, candidate: Candidate, risk: float) -> list[Finding]:
        """Matches by quasi-identifiers of those whom nobody shares them with."""
        everyone = np.concatenate([self.members[self.quasi], self.others[self.quasi]], axis=1)
        _, place, counts = np.unique(search.row_numbers(everyone), return_inverse=True, return_counts=True)
        alone = counts[place] == 1
        count = self.members.shape[1]
        random = np.random.default_rng(self.settings.seed)
        sides = []
        rows = candidate.distinct.only(self.quasi)
        for start, marks in ((0, alone[:count]), (count, alone[count:])):
            chosen = random.permutation(np.flatnonzero(marks))[: self.settings.attacks] + start
            people = np.ascontiguousarray(everyone[:, chosen])
            sides.append(self._nearness(people, rows, candidate.name)[:, search.MATCHES])
        return [
            Finding("quasi", ALONE, compare_marks(sides[0] > 0, sides[1] > 0, risk)),
            Finding("quasi-one", ALONE, compare_marks(sides[0] == 1, sides[1] == 1, risk)),
        ]

    def _file(self, candidate: Candidate, risk: float) -> list[Finding]:
        """Attacks that begin with the file: singling out."""
        random = np.random.default_rng(self.settings.seed)
        members, control = equal_crowds(self.members, self.control, self.schema.sizes, random)
        found = []
        for attack, descriptions in (
            ("singling-one", by_one_value(candidate.distinct)),
            (
                "singling-several",
                by_several_values(candidate.distinct, self.settings.attacks, self.settings.described_by, random),
            ),
        ):
            tried = len(descriptions)
            hits, alarms = singled_out(descriptions, members), singled_out(descriptions, control)
            found.append(Finding(attack, FILE, compare(hits, tried, alarms, tried, risk)))
        return found

    def _checked(self, unknown: Floats, risk: float) -> tuple[Finding, ...]:
        """Attacks that look at no file, on everybody: whether members are like the control as far as can be seen."""
        members, both = self.members.shape[1], self.members.shape[1] + self.others.shape[1]
        numbers = search.row_numbers(np.concatenate([self.members, self.others, self.reference], axis=1))
        match = np.isin(numbers, numbers[both:])
        lacking = self.groups[ISOLATED].sides(unknown[self.parts[ISOLATED]])
        return (
            Finding("exact", EVERYBODY, either_way(compare_marks(match[:members], match[members:both], risk))),
            Finding("surprise", EVERYBODY, _either(*self._mixed(self.surprises), risk)),
            Finding("lacking", ISOLATED, _either(*lacking, risk)),
        )

    def _mixed(self, scores: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """The scores in random order, as `compare_scores` needs them: those of members stand in the order of a file.

        Drawn apart from everything else, so that this changes no other attack.
        """
        random = np.random.default_rng(self.settings.seed)
        members, others = (one[random.permutation(len(one))] for one in scores)
        return members, others


def _either(members: Floats, others: Floats, risk: float) -> Compared:
    """Whether a score tells members from others, be it higher or lower for them."""
    both = [compare_scores(sign * members, sign * others, risk) for sign in (1, -1)]
    return either_way(max(both, key=lambda one: one.low))


def _of(candidate: Candidate, group: str) -> list[str]:
    """The attacks on a group of people that this file allows."""
    return [
        attack
        for attack, groups in ATTACKS.items()
        if group in groups and (attack != "membership-counts" or candidate.counts is not None)
    ]


def _tests(candidate: Candidate) -> list[tuple[str, str]]:
    return [(attack, group) for group in (EVERYBODY, ISOLATED, ALONE, FILE) for attack in _of(candidate, group)]


@dataclass(frozen=True)
class Seen:
    """What the attacker sees of some targets in a file, and in the reference."""

    targets: Targets
    file: Integers
    reference: Integers
    rows: int
    reference_rows: int
    evidence: Evidence

    def compared(self, attack: str, risk: float) -> Compared:
        """The attack of this name."""
        if attack.startswith("membership"):
            members, control = self.targets.sides(SCORES[attack](self))
            return compare_scores(members, control, risk)
        members, control = self.targets.sides(MARKS[attack](self))
        return compare_marks(members, control, risk)

    def guessed(self, column: int) -> Marks:
        """Whether the secret was guessed right."""
        truth = self.targets.matrix[self.targets.secrets, np.arange(len(self.targets.secrets))]
        marks: Marks = self.file[:, column] == truth
        return marks

    @property
    def distance(self) -> Floats:
        """How much nearer the file comes than other people do."""
        nearer = self.reference[:, search.NEAREST] - self.file[:, search.NEAREST]
        return nearer.astype(np.float64)

    @property
    def density(self) -> Floats:
        """How much denser the file is here than the population (van Breugel et al. 2023, AISTATS: DOMIAS)."""
        return _density(self.file, self.rows) - _density(self.reference, self.reference_rows)


def _density(near: Integers, rows: int) -> Floats:
    fits, one, two = (near[:, search.MATCHES + wrong].astype(np.float64) for wrong in range(3))
    density: Floats = np.log((fits + FAR * (one - fits) + FARTHER * (two - one) + NONE) / rows)
    return density


MARKS: Mapping[str, Callable[[Seen], Marks]] = {
    "exact": lambda seen: seen.file[:, search.MATCHES] > 0,
    "linkability": lambda seen: seen.file[:, search.LINKED] == 1,
    "inference-nearest": lambda seen: seen.guessed(search.BY_NEAREST),
    "inference-match": lambda seen: seen.guessed(search.BY_MATCH),
    "inference-quasi": lambda seen: seen.guessed(search.BY_QUASI),
}


def _by_counts(seen: Seen) -> Floats:
    if seen.evidence.counts is None:
        raise ValueError("the file has no counts")
    return seen.evidence.counts


SCORES: Mapping[str, Callable[[Seen], Floats]] = {
    "membership-distance": lambda seen: seen.distance,
    "membership-density": lambda seen: seen.density,
    "membership-records": lambda seen: seen.evidence.records,
    "membership-lacking": lambda seen: seen.evidence.lacking,
    "membership-counts": _by_counts,
}
