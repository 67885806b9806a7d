"""For analysts of linked tables: linked rows are counted here, and people where `Analysis` counts.

Promise: as `analysis`. A linked row is counted with what is known about its person; variables of linked rows are named
as in the counts across both tables, ``linked.NAME``, or by their own name where no variable of people has it.

    release = ctdc.load("releases/pairs-0123456789ab")
    release.estimate(sex="woman")                                    # people
    release.linked.estimate(sex="woman", relation="employer")        # linked rows
    release.linked.share({"relation": "employer"}, among={"sex": "woman"})  # of linked rows
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl

from ctdc.foundation.errors import UserError
from ctdc.privacy.linear import Event, Query, event
from ctdc.privacy.linked_estimates import LinkedEstimates
from ctdc.privacy.linked_workload import NUMBER
from ctdc.release.answers import (
    DIFFERENCE,
    LINKED_ROWS,
    PEOPLE,
    RATIO,
    Answer,
    Level,
    Quantity,
    Rule,
    answer,
    compare,
)
from ctdc.release.linked import LinkedData
from ctdc.release.questions import Codes, Condition, Questions, Wanted
from ctdc.table.linked import LINKED
from ctdc.table.reporting import EXPECTED_FALSE


@dataclass(frozen=True)
class RowCondition(Condition):
    """Linked rows of `base` who belong to the alternatives. most: of one person that are counted."""

    most: int = 1

    def query(self) -> Query:
        """The rows as a sum of people: over each number of rows, that many times the people who have so many.

        A person's rows weigh one over their number where people are counted, so this counts every row once.
        """
        terms = super().query().terms
        found = ((links, factor, one & _number(links)) for links in range(1, self.most + 1) for factor, one in terms)
        return Query(tuple((links * factor, one) for links, factor, one in found if not one.impossible))

    @property
    def attributes(self) -> tuple[int, ...]:
        """All variables that decide; the number of rows always does."""
        return tuple(sorted({NUMBER, *super().attributes}))


def _number(links: int) -> Event:
    return event({NUMBER: [links]})


@dataclass(frozen=True)
class LinkedAnalysis:
    """The linked rows of a release, open for questions. Every number is one of linked rows, never of people.

    data: the published tables; groups: name to the flags of linked rows that share a denominator.
    """

    data: LinkedData
    groups: Mapping[str, tuple[str, ...]]
    estimates: LinkedEstimates = field(repr=False)
    level: Level = field(default_factory=Level)

    @property
    def people(self) -> pl.DataFrame:
        """The synthetic people with their ``id``."""
        return self.data.people

    @property
    def rows(self) -> pl.DataFrame:
        """The synthetic linked rows with the ``id`` of their person."""
        return self.data.rows

    @property
    def variables(self) -> tuple[str, ...]:
        """Names that questions may use: of people, the number of linked rows first, then of linked rows."""
        return self.estimates.across_schema.names

    def codes(self, variable: str) -> tuple[str, ...]:
        """The codes of a variable, in order."""
        schema = self.estimates.across_schema
        return schema.variables[self.questions.position(self.name(variable))].codes

    def at(self, confidence: float = 0.95, simultaneous: int = 1) -> LinkedAnalysis:
        """The same rows with other intervals: `simultaneous` of them hold together with this probability."""
        return replace(self, level=Level(confidence, simultaneous))

    def estimate(self, codes: Codes | None = None, /, **more: Wanted) -> Answer:
        """How many linked rows have all these codes, of the person and of the row; without any, how many there are.

        Raises UserError (``analysis.not_counted`` and those of `Questions`).
        """
        base = self.questions.event(self.named({**(codes or {}), **more}))
        return self._answer(Quantity(self.counted(Condition(base))))

    def share(self, part: Codes, among: Codes | None = None, *, of: str = "known") -> Answer:
        """Which share of the linked rows of `among` has the codes of `part`.

        of: ``"known"`` for the rows of which the variables of `part` are known, ``"all"`` for all rows in `among`.
        """
        if of not in ("known", "all"):
            raise UserError("analysis.of", f"There is no denominator {of!r}.", allowed='"known", "all"')
        wanted = self.named(part)
        base = self.questions.event(self.named(among or {}))
        whole = self.questions.denominator(wanted, base) if of == "known" else Condition(base)
        narrowed = whole.narrowed(self.questions.event(wanted))
        return self._answer(Quantity(self.counted(narrowed), self.counted(whole)))

    def answered(self, *names: str, among: Codes | None = None) -> Answer:
        """How many linked rows of `among` have an answer to each name: to a variable, or to any flag of a group."""
        base = self.questions.event(self.named(among or {}))
        return self.counted_number(self.questions.answered(map(self.name, names), base))

    def difference(self, first: Answer, second: Answer) -> Answer:
        """first - second: two counts or two shares of linked rows, their common errors taken into account."""
        return compare(self.level, DIFFERENCE, first, second)

    def ratio(self, first: Answer, second: Answer) -> Answer:
        """first / second: two counts or two shares of linked rows, their common errors taken into account."""
        return compare(self.level, RATIO, first, second)

    def counted_number(self, condition: Condition) -> Answer:
        """How many linked rows meet a condition. Raises UserError (``analysis.not_counted``)."""
        return self._answer(Quantity(self.counted(condition)))

    # ---- inside -----------------------------------------------------------------------------------------------------

    @cached_property
    def questions(self) -> Questions:
        """What understands the names, in full, and codes of both tables."""
        groups = {name: tuple(map(self.name, flags)) for name, flags in self.groups.items()}
        return Questions(self.estimates.across_schema, groups)

    @cached_property
    def rule(self) -> Rule:
        """When a count of linked rows is too few to say."""
        privacy = self.data.main.privacy
        expected = float(privacy.get("expected_false", EXPECTED_FALSE))
        return Rule(float(privacy["threshold"]), expected, self.estimates.across_schema.sizes)

    def name(self, name: str) -> str:
        """The full name of a variable; what no variable has stays as it is, and is refused by `Questions`."""
        known = self.variables
        return LINKED + name if name not in known and LINKED + name in known else name

    def named(self, codes: Codes) -> Codes:
        """The same codes with each variable by its full name."""
        return {self.name(name): wanted for name, wanted in codes.items()}

    def counted(self, condition: Condition) -> RowCondition:
        """The linked rows of a condition."""
        return RowCondition(condition.base, condition.alternatives, self.data.most)

    def _answer(self, quantity: Quantity) -> Answer:
        found = answer(self.estimates.joint, self.rule, self.level, quantity)
        if found is None:
            raise UserError(
                "analysis.not_counted",
                "Linked rows were not counted over these variables together.",
                allowed=f"up to {self.estimates.length} variables, the group or variable of a denominator included, at "
                "most two of them of the person; the number of linked rows goes with any of these",
                do="Ask for fewer variables, or count in the synthetic rows, whose error is not known.",
            )
        return replace(found, unit=LINKED_ROWS) if found.unit == PEOPLE else found
