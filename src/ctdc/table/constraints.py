"""Facts that are true by definition between two variables of a table: "a sector of labour means forced labour".

Promise: facts are declared beside the schema, by people, from definitions; nothing here looks at records to find
one. What the declared facts forbid together is worked out when a schema is made, so that facts which contradict
each other, or leave a code that nobody could ever have, are refused before there are records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.table.variable import Variable

Mask = npt.NDArray[np.bool_]
Pairs = dict[tuple[int, int], Mask]  # (i, j) with i < j -> shape (n_i, n_j), True where no record may be
EMPTY = ""  # in a list of codes: "not known", category 0
FORM = '{"if": {"variable": ["code", ...]}, "then": {"other variable": ["code", ...]}}; "" stands for not known'


@dataclass(frozen=True)
class Implication:
    """Whoever has one of `given_codes` in `given` has one of `then_codes` in `then`; "" among codes is "not known"."""

    given: str
    given_codes: tuple[str, ...]
    then: str
    then_codes: tuple[str, ...]

    def as_dict(self) -> dict[str, dict[str, list[str]]]:
        """The fact as the JSON object that a schema file has for it."""
        return {"if": {self.given: list(self.given_codes)}, "then": {self.then: list(self.then_codes)}}

    def forbidden(self, variables: Sequence[Variable]) -> Forbidden:
        """What the fact excludes. Raises UserError (``schema.facts``) for names or codes that are not there."""
        by_name = {variable.name: variable for variable in variables}
        for name, codes in ((self.given, self.given_codes), (self.then, self.then_codes)):
            if name not in by_name:
                raise _wrong(f"A fact names the variable {name!r}, which the schema does not have.")
            unknown = [code for code in codes if code != EMPTY and code not in by_name[name].index]
            if unknown or not codes:
                named = f"the code {unknown[0]!r}, which it does not have" if unknown else "no code"
                raise _wrong(f"A fact about {name!r} names {named}.")
        if self.given == self.then:
            raise _wrong(f"A fact about {self.given!r} has the same variable on both sides.")
        others = (EMPTY, *by_name[self.then].codes)
        return Forbidden(
            self.given, self.given_codes, self.then, tuple(code for code in others if code not in self.then_codes)
        )


@dataclass(frozen=True)
class Forbidden:
    """No record has one of `first_codes` in `first` and at the same time one of `second_codes` in `second`."""

    first: str
    first_codes: tuple[str, ...]
    second: str
    second_codes: tuple[str, ...]

    def cells(self, first: Variable, second: Variable) -> Mask:
        """The forbidden cells of the table over the two variables, shape (n_first, n_second), empty first."""
        return np.outer(_chosen(first, self.first_codes), _chosen(second, self.second_codes))


def _wrong(what: str) -> UserError:
    return UserError("schema.facts", what, allowed=FORM, do="Correct ctdc.implications in the schema.")


def _chosen(variable: Variable, codes: Sequence[str]) -> Mask:
    chosen = np.zeros(variable.size, dtype=np.bool_)
    for code in codes:
        chosen[0 if code == EMPTY else variable.index[code]] = True
    return chosen


def forbidden_pairs(variables: Sequence[Variable], implications: Sequence[Implication]) -> Pairs:
    """All facts as forbidden cells per pair of variables; pairs about which nothing is said are left out."""
    places = {variable.name: place for place, variable in enumerate(variables)}
    pairs: Pairs = {}
    for implication in implications:
        rule = implication.forbidden(variables)
        first, second = places[rule.first], places[rule.second]
        cells = rule.cells(variables[first], variables[second])
        key, cells = ((first, second), cells) if first < second else ((second, first), cells.T)
        if cells.any():
            pairs[key] = pairs[key] | cells if key in pairs else cells
    return pairs


def read_implications(entries: Any, where: str) -> tuple[Implication, ...]:
    """The facts of a schema file, given as parsed JSON: one variable under "if", one or more under "then".

    Raises UserError (``schema.facts``) for anything else. Names and codes are checked by the schema.
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise UserError("schema.facts", "ctdc.implications is not a list.", where=where, allowed=f"a list of {FORM}")
    return tuple(fact for number, entry in enumerate(entries, start=1) for fact in _implications(entry, number, where))


def _implications(entry: Any, number: int, where: str) -> Iterator[Implication]:
    sides = (entry.get("if"), entry.get("then")) if isinstance(entry, Mapping) and len(entry) == 2 else (None, None)
    if not all(isinstance(side, Mapping) and side and _are_lists(side) for side in sides) or len(sides[0] or ()) != 1:
        raise UserError("schema.facts", f"Fact {number} has another form.", where=where, allowed=FORM)
    condition, consequences = dict(sides[0] or {}), dict(sides[1] or {})
    ((given, codes),) = condition.items()
    for then, allowed in consequences.items():
        yield Implication(given, tuple(map(str, codes)), then, tuple(map(str, allowed)))


def _are_lists(side: Mapping[str, Any]) -> bool:
    return all(isinstance(codes, Sequence) and not isinstance(codes, str) for codes in side.values())


def against(
    columns: Sequence[npt.NDArray[np.integer]], variables: Sequence[Variable], facts: Sequence[Implication]
) -> Iterator[tuple[Implication, npt.NDArray[np.intp]]]:
    """Each fact with the rows that contradict it, facts without any left out. One look-up a record for each fact.

    columns[i]: shape (rows,), categories of variables[i], 0 for empty.
    """
    places = {variable.name: place for place, variable in enumerate(variables)}
    for fact in facts:
        rule = fact.forbidden(variables)
        first, second = places[rule.first], places[rule.second]
        cells = rule.cells(variables[first], variables[second])
        wrong = np.flatnonzero(cells[columns[first], columns[second]])
        if len(wrong):
            yield fact, wrong


def refuse_against(
    columns: Sequence[npt.NDArray[np.integer]],
    variables: Sequence[Variable],
    facts: Sequence[Implication],
    where: str,
    first_row: int = 1,
) -> None:
    """Raise UserError (``table.against_facts``) for the first fact that a record contradicts; see `against`.

    The message names columns and rows, never a value.
    """
    for fact, wrong in against(columns, variables, facts):
        raise UserError(
            "table.against_facts",
            f"{len(wrong)} records contradict a fact that is true by definition: what stands in {fact.given!r} does "
            f"not go with what stands in {fact.then!r}.",
            where=f"{where}, columns {fact.given!r} and {fact.then!r}, first in row {int(wrong[0]) + first_row}",
            allowed=f"with {_listed(fact.given_codes)} in {fact.given!r}, {fact.then!r} is {_listed(fact.then_codes)}",
            do="Correct these records, or leave facts by definition out (--no-facts): then published records may "
            "contradict them too. Nothing was measured.",
        )


def _listed(codes: Sequence[str]) -> str:
    shown = [code or "empty" for code in codes]
    return " or ".join(shown) if len(shown) <= 6 else f"one of {len(shown)} codes of the schema"
