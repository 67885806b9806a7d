"""What is true between variables by definition, and which of it can be said in the columns of a profile.

Promise: facts come from definitions in the codebooks (``facts.csv`` names the place), never from data. A profile has
a fact when it has both variables, in its own codes; where its codes are too coarse to tell, it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ctdc.standard import reading
from ctdc.standard.model import JOINER, Fact, Profile, ProfileColumn, Recode

FACT_COLUMNS = ("variable", "codes", "implies", "implied", "or_unknown", "why")
ANSWERS = {"yes": True, "no": False}


def read_facts(folder: Path) -> tuple[Fact, ...]:
    """The lines of ``facts.csv``. Raises UserError (``standard.broken``) for a line that repeats or is incomplete."""
    found: dict[str, Fact] = {}
    for place, row in reading.rows_if_there(folder / "facts.csv", FACT_COLUMNS):
        if row["or_unknown"] not in ANSWERS or not row["why"]:
            raise reading.broken("or_unknown is yes or no, and why is not empty.", place)
        codes, implied = (tuple(row[name].split(JOINER)) for name in ("codes", "implied"))
        fact = Fact(row["variable"], codes, row["implies"], implied, ANSWERS[row["or_unknown"]], row["why"])
        reading.add(found, f"{fact.variable} {row['codes']} {fact.implies}", fact, place)
    return tuple(found.values())


def with_facts(profile: Profile, facts: tuple[Fact, ...], recodes: Mapping[str, Recode]) -> Profile:
    """The profile with the facts that hold between its columns."""
    return replace(profile, facts=tuple(_in_columns(profile, facts, recodes)))


def _in_columns(profile: Profile, facts: tuple[Fact, ...], recodes: Mapping[str, Recode]) -> Iterator[Fact]:
    for fact in facts:
        given, then = (profile.by_variable.get(name) for name in (fact.variable, fact.implies))
        if given is None or then is None:
            continue
        codes = tuple(code for code in given.codes if _sources(given, code, recodes) <= set(fact.codes))
        implied = tuple(code for code in then.codes if _sources(then, code, recodes) & set(fact.implied))
        if codes:
            yield replace(fact, variable=given.name, codes=codes, implies=then.name, implied=implied)


def _sources(column: ProfileColumn, code: str, recodes: Mapping[str, Recode]) -> set[str]:
    """The variable's codes that a published code may stand for."""
    forward = recodes[column.recode].forward if column.recode in recodes else {code: code}
    return {harmonised for harmonised, published in forward.items() if published == code}
