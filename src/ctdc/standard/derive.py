"""From harmonised cases to a published shape.

Promise: a profile's column holds only the profile's codes; what has no counterpart there is empty, never guessed. An
explicit "no" survives only in shapes that publish it. Pure functions of a batch: converting a file piece by piece
gives the same rows as converting it whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from ctdc.foundation.errors import UserError
from ctdc.standard import columns as cols
from ctdc.standard.columns import Column
from ctdc.standard.loader import load
from ctdc.standard.model import JOINER, Profile, ProfileColumn, Standard, VariableDef
from ctdc.standard.resolve import all_variables, is_absent


def derive(cases: Any, profile: Profile) -> Any:
    """Harmonised cases (a `pyarrow.Table` or `RecordBatch`) as a table in the profile's columns.

    cases: a column per harmonised variable, as strings or dictionaries of strings, null where missing; other columns
    are ignored. Variables that are not there count as missing in every case; a table with none of the profile's
    variables is refused. Result: dictionary<int32, string> columns over exactly the profile's codes, null where empty.
    Raises UserError (``standard.not_cases``).
    """
    standard = load()
    at_hand = {name: cols.from_arrow(cases.column(name)) for name in cases.schema.names if name in standard.variables}
    if all(is_absent(standard, column.variable, at_hand) for column in profile.columns):
        raise UserError(
            "standard.not_cases",
            f"The table has no variable from which {profile.id} could be derived.",
            allowed="harmonised cases, with columns such as yearOfRegistration and isForcedLabour",
            do="Harmonise the file first with 'ctdc intake harmonise', or convert a published file with a crosswalk.",
        )
    return from_variables(standard, at_hand, profile, cases.num_rows)


def derive_linked(rows: Any, profile: Profile) -> Any:
    """Harmonised rows of an entity as the linked table of `profile`, row by row. Arguments as of `derive`.

    Without any of the entity's variables every cell is empty. Raises UserError (``standard.not_linked``).
    """
    linked = profile.linked()
    standard = load().of_entity(profile.links.entity if profile.links else "")
    known = all_variables(standard)
    at_hand = {name: cols.from_arrow(rows.column(name)) for name in rows.schema.names if name in known}
    return from_variables(standard, at_hand, linked, rows.num_rows)


def derive_batches(batches: Iterator[Any], profile: Profile) -> Iterator[Any]:
    """`derive` for a stream of record batches: constant memory."""
    for batch in batches:
        yield from derive(batch, profile).to_batches()


def from_variables(standard: Standard, at_hand: Mapping[str, Column], profile: Profile, rows: int) -> Any:
    """The profile's table from variables in the standard's own codes."""
    arrays = [
        cols.to_arrow(_published(standard, compute(standard, column.variable, at_hand, rows), column, profile))
        for column in profile.columns
    ]
    return pa.Table.from_arrays(arrays, names=list(profile.names))


def compute(standard: Standard, name: str, at_hand: Mapping[str, Column], rows: int) -> Column:
    """A variable in the standard's codes: as it is when at hand, otherwise derived, otherwise empty."""
    if name in at_hand:
        return at_hand[name]
    if is_absent(standard, name, at_hand):
        return cols.empty_column(rows)
    variable = standard.variable(name)
    sources = [compute(standard, source, at_hand, rows) for source in variable.sources]
    return _RULES[variable.rule](standard, variable, sources)


def _published(standard: Standard, column: Column, target: ProfileColumn, profile: Profile) -> Column:
    """The variable in the words of the profile, cut to the codes that the profile declares."""
    if target.kind == "list":
        words = standard.recodes[target.recode].forward if target.recode else None
        listed = cols.translate(column, lambda value: _relist(value, words, profile.separator))
        return listed if profile.is_open_list(target) else cols.restrict(listed, target.codes)
    words = standard.recodes[target.recode].forward if target.recode else None
    return cols.restrict(cols.translate(column, words) if words is not None else column, target.codes)


def _relist(value: str, words: Mapping[str, str] | None, separator: str) -> str | None:
    """A harmonised list value in a profile's words: codes without a counterpart fall out, order is alphabetical."""
    parts = value.split(JOINER)
    kept = sorted({words[part] for part in parts if part in words} if words is not None else set(parts))
    return separator.join(kept) or None


def _any(standard: Standard, variable: VariableDef, sources: list[Column]) -> Column:
    """1 when one source is 1; 0 when one is an explicit 0 and none is 1."""
    yes = np.logical_or.reduce([cols.holds(source, "1") for source in sources])
    no = np.logical_or.reduce([cols.holds(source, "0") for source in sources])
    return cols.flag(yes, no)


def _all(standard: Standard, variable: VariableDef, sources: list[Column]) -> Column:
    """1 when every source is 1; 0 when all are known and one is 0."""
    yes = np.logical_and.reduce([cols.holds(source, "1") for source in sources])
    no = np.logical_and.reduce([cols.known(source) for source in sources])
    return cols.flag(yes, no)


def _join(standard: Standard, variable: VariableDef, sources: list[Column]) -> Column:
    """The texts of the flags that are 1, in alphabetical order, as the codebook asks."""
    texts = standard.codes(variable.name)[: len(sources)]
    order = sorted(range(len(sources)), key=lambda position: texts[position])
    return cols.join_flags([sources[i] for i in order], [texts[i] for i in order], JOINER)


def _recode(standard: Standard, variable: VariableDef, sources: list[Column]) -> Column:
    return cols.translate(sources[0], standard.recodes[variable.recode].forward)


def _among(standard: Standard, variable: VariableDef, sources: list[Column]) -> Column:
    """1 where one of the codes of a list is recoded to 1; 0 where the list is known and none is."""
    forward = standard.recodes[variable.recode].forward

    def answer(value: str) -> str:
        return "1" if any(forward.get(part) == "1" for part in value.split(JOINER)) else "0"

    return cols.translate(sources[0], answer)


_RULES = {"any": _any, "all": _all, "join": _join, "recode": _recode, "among": _among}
