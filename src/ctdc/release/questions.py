"""From the names and codes that an analyst writes to the events that the engine can count.

Promise: whatever is asked with a wrong name or code is answered by an error that lists the right ones; the
denominator of a share follows the codebook's rule (section 6 of the synthetic codebook 2024): of a variable, the
people for whom it is known; of a flag of a group, the people with any answer in the group.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from ctdc.foundation.errors import UserError
from ctdc.privacy.linear import Event, Query, count_where, event
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

EMPTY = ""
SHOWN_CODES = 40  # in an error; a list of 250 countries helps nobody


class Known(Enum):
    """The type of `KNOWN`."""

    KNOWN = "known"


KNOWN = Known.KNOWN  # any code: the people for whom a variable is known
Wanted = str | Known | Collection[str]
Codes = Mapping[str, Wanted]


@dataclass(frozen=True)
class Condition:
    """People of `base` who belong, for each of the alternatives, to at least one of its events."""

    base: Event
    alternatives: tuple[tuple[Event, ...], ...] = ()

    @property
    def attributes(self) -> tuple[int, ...]:
        """All variables that decide, ascending."""
        events = [self.base, *(one for events in self.alternatives for one in events)]
        return tuple(sorted({variable for one in events for variable in one.attributes}))

    def query(self) -> Query:
        """The condition as a sum of counts. Only for few variables: its terms double with every alternative."""
        return count_where(self.base, self.alternatives)

    def narrowed(self, further: Event) -> Condition:
        """Those who also belong to `further`; alternatives that this makes certain are left out."""
        base = self.base & further
        kept = (events for events in self.alternatives if not any(_within(base, one) for one in events))
        return Condition(base, tuple(kept))


def _within(one: Event, other: Event) -> bool:
    """Whether everybody in `one` is in `other`."""
    own = dict(one.chosen)
    return all(variable in own and own[variable] <= categories for variable, categories in other.chosen)


@dataclass(frozen=True)
class Questions:
    """Understands names and codes. groups: name to the flags that share a denominator."""

    schema: Schema
    groups: Mapping[str, tuple[str, ...]]

    def event(self, codes: Codes) -> Event:
        """The people with these codes. Raises UserError for a name or code that does not exist."""
        chosen = {self.position(name): self._categories(self.schema[name], wanted) for name, wanted in codes.items()}
        sizes = self.schema.sizes
        return event({variable: own for variable, own in chosen.items() if len(own) < sizes[variable]})

    def position(self, name: str) -> int:
        """Where a variable stands. Raises UserError (``analysis.unknown_variable``)."""
        if name not in self.schema.names:
            raise UserError(
                "analysis.unknown_variable", f"There is no variable {name!r}.", allowed=", ".join(self.schema.names)
            )
        return self.schema.names.index(name)

    def _categories(self, variable: Variable, wanted: Wanted) -> frozenset[int]:
        if isinstance(wanted, Known):
            return frozenset(range(1, variable.size))
        texts = [wanted] if isinstance(wanted, str) else list(wanted)
        unknown = [text for text in texts if text != EMPTY and text not in variable.index]
        if unknown or not texts:
            shown = ", ".join(variable.codes[:SHOWN_CODES]) + (", ..." if len(variable.codes) > SHOWN_CODES else "")
            what = f"has no code {unknown[0]!r}" if unknown else "was given an empty list of codes"
            raise UserError(
                "analysis.unknown_code",
                f"The variable {variable.name!r} {what}.",
                allowed=f'{shown}; a list of several; "" for empty; known of the release for any code',
            )
        return frozenset(0 if text == EMPTY else variable.index[text] for text in texts)

    def answered(self, names: Iterable[str], base: Event) -> Condition:
        """People of `base` with an answer to each of the names: of a variable any code, of a group any flag."""
        condition = Condition(base)
        for name in names:
            if name in self.groups:
                flags = tuple(self.event({flag: KNOWN}) for flag in self.groups[name])
                condition = Condition(condition.base, (*condition.alternatives, flags)).narrowed(Event())
            elif name in self.schema.names:
                condition = condition.narrowed(self.event({name: KNOWN}))
            else:
                raise UserError(
                    "analysis.unknown_variable",
                    f"There is no variable or group {name!r}.",
                    allowed=", ".join([*self.groups, *self.schema.names]),
                )
        return condition

    def denominator(self, part: Codes, base: Event) -> Condition:
        """Of whom a share counts, by the codebook's rule.

        Raises UserError (``analysis.denominator``) for a flag of no group: "1 or empty" does not tell who was asked.
        """
        return self.answered([self._answered_with(name) for name in part], base)

    def _answered_with(self, name: str) -> str:
        self.position(name)
        group = next((group for group, flags in self.groups.items() if name in flags), None)
        if group is None and len(self.schema[name].codes) == 1:
            raise UserError(
                "analysis.denominator",
                f"The variable {name!r} has one code and belongs to no group: who was asked is not known.",
                allowed=f"a variable of several codes, or a flag of a group: {', '.join(self.groups) or 'none given'}",
                do='Name its group, load(..., groups={"name": [flags]}), or ask for the share of everybody: of="all".',
            )
        return group or name
