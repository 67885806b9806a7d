"""How a column of a profile is reached from a set of variables that are at hand.

Promise: one answer, used by the derivation, by the crosswalks and by the checks of the loader, so that what is
declared and what is computed cannot differ. A variable is taken as it is when it is at hand, and otherwise derived
from those of its sources that are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ctdc.standard.model import Profile, Standard, VariableDef


def all_variables(standard: Standard) -> Mapping[str, VariableDef]:
    """Harmonised and derived variables."""
    return {**standard.variables, **standard.derived}


def available_sources(standard: Standard, name: str, at_hand: Collection[str]) -> tuple[str, ...]:
    """The sources of a derived variable that can be had, directly or derived in turn."""
    return tuple(
        source
        for source in standard.variable(name).sources
        if source in at_hand or available_sources(standard, source, at_hand)
    )


def is_absent(standard: Standard, name: str, at_hand: Collection[str]) -> bool:
    """Whether nothing at hand tells about the variable. A variable that needs all its sources misses if one does."""
    if name in at_hand:
        return False
    found = available_sources(standard, name, at_hand)
    return not found or (standard.variable(name).rule == "all" and len(found) < len(standard.variable(name).sources))


def losses(
    standard: Standard, source: Profile, target: Profile
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """(absent, partial, dropped) columns when `source` becomes `target`, as `Crosswalk` defines them."""
    at_hand = set(source.by_variable)
    absent = [column.name for column in target.columns if is_absent(standard, column.variable, at_hand)]
    partial = []
    used = set()
    for column in target.columns:
        if column.variable in at_hand:
            used.add(column.variable)
            continue
        sources = available_sources(standard, column.variable, at_hand)
        used.update(sources)
        if column.name not in absent and len(sources) < len(standard.variable(column.variable).sources):
            partial.append(column.name)
    dropped = [column.name for column in source.columns if column.variable not in used]
    return tuple(absent), tuple(partial), tuple(dropped)
