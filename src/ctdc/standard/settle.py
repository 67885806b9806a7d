"""Cases brought into agreement with what is true by definition, on their way to a published shape.

Promise: an answer that nobody gave but that follows from one that was given is filled in (a sector of labour means
forced labour); where two answers contradict each other, the narrower one, from which the other would follow, is left
out, and nothing is put in its place. Everything else stays. What is derived contradicts no fact of the profile. Row by
row: converting a file piece by piece gives the same rows as converting it whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ctdc.standard import columns as cols
from ctdc.standard.columns import EMPTY, Column
from ctdc.standard.derive import derive
from ctdc.standard.loader import load
from ctdc.standard.model import Fact, Profile

Mask = npt.NDArray[np.bool_]


def derive_settled(cases: Any, profile: Profile) -> Any:
    """`derive` of the settled cases. Arguments, result and errors: see there."""
    return derive(settle(cases, profile), profile)


def settle(cases: Any, profile: Profile) -> Any:
    """Harmonised cases (a `pyarrow.Table`) with the variables changed that the profile's facts speak of.

    Facts about derived variables need no settling: deriving them makes them true.
    """
    facts = facts_to_settle(profile, cases.schema.names)
    if not facts:
        return cases
    settling = _Settling(cases, facts)
    settling.drop_contradicted()
    settling.fill_what_follows()
    settling.drop_unsupported()
    for name, column in settling.columns().items():
        array = cols.to_arrow(column)
        place = cases.schema.get_field_index(name)
        cases = cases.append_column(name, array) if place < 0 else cases.set_column(place, name, array)
    return cases


def facts_to_settle(profile: Profile, names: list[str]) -> tuple[Fact, ...]:
    """The standard's facts, in its own codes, between harmonised variables that the profile shows.

    names: the variables at hand; a fact from one that is not there says nothing.
    """
    standard = load()
    shown = set(profile.by_variable) & set(standard.variables)
    return tuple(fact for fact in standard.facts if {fact.variable, fact.implies} <= shown and fact.variable in names)


class _Settling:
    """The columns that facts speak of, while they are being settled."""

    def __init__(self, cases: Any, facts: tuple[Fact, ...]) -> None:
        self.facts = facts
        names = dict.fromkeys(name for fact in facts for name in (fact.variable, fact.implies))
        self.codes = {name: load().codes(name) for name in names}
        self.cells = {name: self._column(cases, name) for name in names}

    def _column(self, cases: Any, name: str) -> cols.Indices:
        if name not in cases.schema.names:
            return cols.empty_column(cases.num_rows).indices
        return cols.restrict(cols.from_arrow(cases.column(name)), self.codes[name]).indices

    def columns(self) -> dict[str, Column]:
        """The columns as they are now, by variable."""
        return {name: Column(cells, self.codes[name]) for name, cells in self.cells.items()}

    def _has(self, name: str, codes: tuple[str, ...]) -> Mask:
        return np.isin(self.cells[name], [self.codes[name].index(code) for code in codes])

    def _open(self, fact: Fact, answered: bool) -> Mask:
        """Where the fact's condition holds, and its consequence was answered otherwise, or not answered."""
        is_known = self.cells[fact.implies] != EMPTY
        without: Mask = self._has(fact.variable, fact.codes) & ~self._has(fact.implies, fact.implied)
        without &= is_known if answered else ~is_known
        return without

    def drop_contradicted(self) -> None:
        """Leave out every condition whose consequence was answered otherwise."""
        self._until_nothing_changes(lambda fact: self._drop(fact, self._open(fact, answered=True)))

    def fill_what_follows(self) -> None:
        """Fill in every consequence that was not answered, must be known, and can be one code only."""

        def fill(fact: Fact) -> bool:
            missing = self._open(fact, answered=False)
            if fact.or_unknown or len(fact.implied) != 1:
                return False
            self.cells[fact.implies][missing] = self.codes[fact.implies].index(fact.implied[0])
            return bool(missing.any())

        self._until_nothing_changes(fill)

    def drop_unsupported(self) -> None:
        """Leave out every condition that is still without its consequence, as when what was filled in has to fall."""

        def drop(fact: Fact) -> bool:
            wrong = self._open(fact, answered=True)
            return self._drop(fact, wrong if fact.or_unknown else wrong | self._open(fact, answered=False))

        self._until_nothing_changes(drop)

    def _until_nothing_changes(self, step: Callable[[Fact], bool]) -> None:
        changes = [True]
        while any(changes):
            changes = [step(fact) for fact in self.facts]

    def _drop(self, fact: Fact, wrong: Mask) -> bool:
        self.cells[fact.variable][wrong] = EMPTY
        return bool(wrong.any())
