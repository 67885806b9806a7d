"""What a protection could show, said before any budget is spent, and what to leave out when that is too little.

Promise: a function of public things only: the domain, the guarantee, the length, the threshold and a declared,
approximate number of people. No record is read, so the answer discloses nothing and costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from ctdc.foundation.errors import Refused, UserError
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.plan import MAX_CELLS, MAX_LENGTH, MAX_SETS, Attributes, Plan, check_length, make_plan
from ctdc.table.reporting import smallest_reported

Groups = Sequence[tuple[str, tuple[int, ...]]]

MOST_SAVINGS = 8  # columns whose leaving out is worked through; each means another plan
MOST_TABLES = 10_000  # a plan of more takes seconds, so that only the columns' shares are told
MAX_PEOPLE = 10**12  # more than there are
TYPICAL = (300, 3_000, 30_000, 300_000)  # numbers of people that are answered for when nobody says how many
SPARSE = 0.5  # share of tables that should show their average combination


@dataclass(frozen=True)
class Question:
    """What is asked. sizes: categories per variable, empty included; groups: raw column -> its variables' positions;
    people: declared and approximate, None when nobody said.
    """

    sizes: tuple[int, ...]
    groups: tuple[tuple[str, tuple[int, ...]], ...]
    guarantee: Guarantee
    length: int
    threshold: float
    people: int | None = None

    def without(self, column: str) -> Question:
        """The same question about a table without one raw column."""
        kept = [(name, positions) for name, positions in self.groups if name != column]
        sizes = [self.sizes[position] for _, positions in kept for position in positions]
        groups, start = [], 0
        for name, positions in kept:
            groups.append((name, tuple(range(start, start + len(positions)))))
            start += len(positions)
        return replace(self, sizes=tuple(sizes), groups=tuple(groups))


@dataclass(frozen=True)
class Reach:
    """What counts of `length` characteristics are worth.

    combinations: of known values, over all tables; error: standard error of a count in the median table, low and
    high in the best and the worst; listed_from: smallest count that the median table lists; enough_people: with so
    many, spread evenly, half of the tables list their average combination. With a declared number of people also
    at_most: no more than this share of the combinations can be listed, whatever the records are; evenly: share of the
    tables that list their average combination if people are spread evenly; verdict: ``fine``, ``sparse`` (evenly
    below a half) or ``noise`` (no table could list a combination even if everybody had it), else ``unknown``.
    """

    length: int
    tables: int
    combinations: int
    error: float
    low: float
    high: float
    listed_from: float
    enough_people: int
    at_most: float | None
    evenly: float | None
    verdict: str


@dataclass(frozen=True)
class Saving:
    """What leaving one raw column out saves. share: of the noisy numbers, those that exist for this column's sake;
    tables, numbers: that remain; error: of the longest combinations in the median table then, None if not worked out.
    """

    column: str
    share: float
    tables: int
    numbers: int
    error: float | None


@dataclass(frozen=True)
class Shorter:
    """What a shorter length leaves: tables, noisy numbers, and the median error at that length (None: too wide)."""

    length: int
    tables: int
    numbers: int
    error: float | None


@dataclass(frozen=True)
class Precheck:
    """The answer. fits: whether the engine would take it at all; reach: empty when not; typical: the reach for typical
    numbers of people, if nobody said how many; warnings: for a person.
    """

    variables: int
    tables: int
    numbers: int
    fits: bool
    reach: tuple[Reach, ...]
    typical: tuple[tuple[int, tuple[Reach, ...]], ...]
    savings: tuple[Saving, ...]
    shorter: tuple[Shorter, ...]
    warnings: tuple[str, ...]

    @property
    def only_noise(self) -> bool:
        """Whether no count of any length could be told from noise."""
        return bool(self.reach) and all(one.verdict == "noise" for one in self.reach)

    def as_dict(self) -> dict[str, Any]:
        """The answer as JSON values."""
        return asdict(self) | {"only_noise": self.only_noise}


def plan_size(sizes: Sequence[int], length: int) -> tuple[int, int]:
    """Tables and noisy numbers of a plan, without making it: elementary symmetric polynomials of the shapes."""
    numbers = [1] + [0] * length
    for size in sizes:
        for chosen in range(length, 0, -1):
            numbers[chosen] += numbers[chosen - 1] * (size if size > 2 else 1)
    return sum(math.comb(len(sizes), chosen) for chosen in range(length + 1)), sum(numbers)


def fits(sizes: Sequence[int], length: int) -> bool:
    """Whether the engine would take a plan of this size."""
    tables, numbers = plan_size(sizes, length)
    return tables <= MAX_SETS and numbers <= MAX_CELLS


@dataclass(frozen=True)
class _Table:
    """One table of the plan: its cells, those of known values, its standard error, the smallest count it lists."""

    cells: int
    known: int
    error: float
    limit: float


def _tables(question: Question) -> dict[int, list[_Table]]:
    """Every table with at least one variable, by length."""
    plan = make_plan(question.sizes, question.guarantee, question.length)
    found: dict[int, list[_Table]] = {}
    for attributes in plan.deviations:
        if attributes:
            found.setdefault(len(attributes), []).append(_table(question, attributes, plan))
    return found


def _table(question: Question, attributes: Attributes, plan: Plan) -> _Table:
    sizes = [question.sizes[attribute] for attribute in attributes]
    known = math.prod(size - 1 for size in sizes)
    error = math.sqrt(plan.variance(attributes))
    limit = smallest_reported(known, len(sizes), error, question.threshold)
    return _Table(math.prod(sizes), known, error, limit)


def _reach(length: int, tables: Sequence[_Table], people: int | None) -> Reach:
    errors = [table.error for table in tables]
    combinations = sum(table.known for table in tables)
    at_most = evenly = None
    verdict = "unknown"
    if people is not None:
        # A table's counts add up to at most everybody, so that no more combinations than this can reach the limit.
        at_most = sum(min(table.known, int(people / table.limit)) for table in tables if table.limit) / combinations
        evenly = sum(people / table.cells >= table.limit for table in tables) / len(tables)
        hopeless = all(table.limit > people for table in tables)
        verdict = "noise" if hopeless else "sparse" if evenly < SPARSE else "fine"
    return Reach(
        length=length,
        tables=len(tables),
        combinations=combinations,
        error=median(errors),
        low=min(errors),
        high=max(errors),
        listed_from=median(table.limit for table in tables),
        enough_people=math.ceil(median(table.limit * table.cells for table in tables)),
        at_most=at_most,
        evenly=evenly,
        verdict=verdict,
    )


def _longest_error(question: Question) -> float | None:
    """Median standard error of the longest combinations; None where it would take long or cannot be."""
    if not question.sizes or not fits(question.sizes, question.length):
        return None
    if plan_size(question.sizes, question.length)[0] > MOST_TABLES:
        return None
    tables = _tables(question)
    return median(table.error for table in tables[max(tables)])


def _savings(question: Question) -> tuple[Saving, ...]:
    """The raw columns whose leaving out saves most, the first most of all. Empty when there is but one column."""
    if len(question.groups) < 2:
        return ()
    numbers = plan_size(question.sizes, question.length)[1]
    found = []
    for column, _ in question.groups:
        tables, left = plan_size(question.without(column).sizes, question.length)
        found.append(Saving(column, 1 - left / numbers, tables, left, None))
    found.sort(key=lambda saving: saving.numbers)
    return tuple(
        replace(saving, error=_longest_error(question.without(saving.column))) for saving in found[:MOST_SAVINGS]
    )


def _shorter(question: Question) -> tuple[Shorter, ...]:
    answers = []
    for length in range(question.length - 1, 0, -1):
        tables, numbers = plan_size(question.sizes, length)
        answers.append(Shorter(length, tables, numbers, _longest_error(replace(question, length=length))))
    return tuple(answers)


def _outlook(tables: dict[int, list[_Table]], people: int | None) -> tuple[Reach, ...]:
    """What each length is worth, shortest first."""
    return tuple(_reach(length, of_length, people) for length, of_length in sorted(tables.items()))


def precheck(question: Question, *, thorough: bool = True) -> Precheck:
    """The whole answer. thorough: also what to leave out, which takes a plan for each possibility.

    Raises UserError (``privacy.length``, ``privacy.no_guarantee`` ...) for what could not be asked of any table, and
    (``precheck.people``) for an impossible number of people.
    """
    if question.people is not None and not 1 <= question.people <= MAX_PEOPLE:
        raise UserError("precheck.people", "The number of people is out of range.", allowed=f"1 to {MAX_PEOPLE:,}")
    if not 1 <= question.length <= MAX_LENGTH:
        check_length(question.sizes, question.length)
    question = replace(question, length=min(question.length, len(question.sizes)))
    tables, numbers = plan_size(question.sizes, question.length)
    possible = fits(question.sizes, question.length)
    worth = _tables(question) if possible else {}
    reach = _outlook(worth, question.people)
    asked = TYPICAL if thorough and possible and question.people is None else ()
    typical = tuple((people, _outlook(worth, people)) for people in asked)
    savings, shorter = (_savings(question), _shorter(question)) if thorough else ((), ())
    warnings = _warnings(question, reach) if possible else _too_wide(question, tables, numbers)
    return Precheck(len(question.sizes), tables, numbers, possible, reach, typical, savings, shorter, warnings)


def _too_wide(question: Question, tables: int, numbers: int) -> tuple[str, ...]:
    advice = [f"--length {length}" for length in range(question.length - 1, 0, -1) if fits(question.sizes, length)][:1]
    dropped = _to_drop(question)
    if dropped:
        advice.append("leave out " + ", ".join(dropped))
    return (
        f"Too wide: {tables:,} tables with {numbers:,} noisy numbers, at most {MAX_SETS:,} and {MAX_CELLS:,} are "
        f"possible. Choose {', or '.join(advice)}, or fewer codes.",
    )


def _to_drop(question: Question) -> list[str]:
    """Columns to leave out until the table fits, always the one that saves most; empty when none would be left."""
    dropped: list[str] = []
    while question.groups and not fits(question.sizes, question.length):
        column = min(
            (name for name, _ in question.groups),
            key=lambda name: plan_size(question.without(name).sizes, question.length)[1],
        )
        dropped.append(column)
        question = question.without(column)
    return dropped if question.groups else []


def _warnings(question: Question, reach: Sequence[Reach]) -> tuple[str, ...]:
    """One sentence for every length that shows too little."""
    texts = []
    for one in reach:
        shorter = f"--length {one.length - 1}" if one.length > 1 else "a larger --epsilon"
        advice = f"Choose {shorter}, or leave columns out."
        if one.verdict == "noise":
            texts.append(
                f"Too small: of {question.people:,} people no count of {one.length} characteristic(s) can be told from "
                f"noise; it takes {one.listed_from:,.0f} in the median table. {advice}"
            )
        elif one.verdict == "sparse":
            texts.append(
                f"Too sparse: with {question.people:,} people, spread evenly, {1 - (one.evenly or 0):.0%} of the "
                f"tables of {one.length} characteristic(s) could not show their average combination; about "
                f"{one.enough_people:,} people would be enough for half of them. {advice}"
            )
    return tuple(texts)


def check_not_only_noise(answer: Precheck, people: int | None) -> None:
    """Raise Refused (``precheck.only_noise``) when nothing that would be published could be told from noise."""
    if answer.only_noise:
        raise Refused(
            "precheck.only_noise",
            f"Of about {people or 0:,} people nothing could be told from noise, and the budget would be spent on it.",
            allowed=f"about {min(one.listed_from for one in answer.reach):,.0f} people at least, and several times as "
            "many to be of use",
            do="See what would help with --check: a larger --epsilon, a smaller --length, fewer columns, a lower "
            "--threshold. With --anyway it is done all the same. Nothing was charged.",
        )
