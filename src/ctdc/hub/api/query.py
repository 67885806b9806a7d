"""From the text of an address to a question, and to the one address that the question has.

Promise: two addresses ask the same if and only if they have the same canonical form, which asks the same again; so
that whoever keeps an answer keeps it once. Names and codes that do not exist are refused with those that do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from ctdc.foundation.errors import UserError
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

KNOWN, NOT_KNOWN = "known", "not-known"  # in place of a code: any of them, and none
RANGE = ".."
BY, OWN, NO = "by", "own", "no"
SAFE = ",.-_~"
LEAST_RUN = 3  # codes of an ordered variable in a row, from which on the canonical form writes a range


@dataclass(frozen=True)
class Question:
    """Some people, and by which variables they are counted.

    filters: variable to codes in order, "" for not known; by: in the order asked; own: see `Counter.explore`.
    """

    filters: Mapping[str, tuple[str, ...]]
    by: tuple[str, ...] = ()
    own: bool = True
    canonical: str = ""


def is_ordered(variable: Variable) -> bool:
    """Whether ranges of its codes mean something: years, ages and durations begin with digits."""
    return len(variable.codes) > 1 and all(code[:1].isdigit() for code in variable.codes)


def read_question(
    parameters: Sequence[tuple[str, str]],
    schema: Schema,
    reserved: Iterable[str],
    name_of: Callable[[str], str] = str,
) -> Question:
    """The question of an address' parameters.

    reserved: which of ``by`` and ``own`` the address knows; name_of: the full name of a variable. Raises UserError
    (``api.parameter``, ``api.code``, ``api.range`` and others).
    """
    reserved = set(reserved)
    given: dict[str, list[str]] = {}
    for short, value in parameters:
        name = short if short in reserved else name_of(short)
        if name not in reserved and name not in schema.names:
            raise UserError(
                "api.parameter",
                "A parameter is neither a variable of this release nor one of the address itself.",
                allowed=", ".join([*sorted(reserved), *schema.names]),
            )
        given.setdefault(name, []).append(value)
    by = _by(given.pop(BY, []), schema.names, name_of) if BY in reserved else ()
    own = _own(given.pop(OWN, [])) if OWN in reserved else True
    filters = {name: _codes(schema[name], given[name]) for name in sorted(given)}
    filters = {name: codes for name, codes in filters.items() if len(codes) < schema[name].size}
    return Question(filters, by, own, _canonical(filters, by, own, schema))


def _by(values: Sequence[str], names: Sequence[str], name_of: Callable[[str], str]) -> tuple[str, ...]:
    parts = [part for value in values for part in ([value] if value in names else value.split(",")) if part]
    found = tuple(map(name_of, parts))
    if any(name not in names for name in found) or len(set(found)) < len(found):
        raise UserError(
            "api.by", "The parameter 'by' names a variable twice, or one that is not there.", allowed=", ".join(names)
        )
    return found


def _own(values: Sequence[str]) -> bool:
    if any(value not in (NO, "yes") for value in values):
        raise UserError(
            "api.own", "The parameter 'own' says whether a variable's own filter counts.", allowed="yes, no"
        )
    return not values or values[-1] == "yes"


def _codes(variable: Variable, values: Sequence[str]) -> tuple[str, ...]:
    parts = [part for value in values for part in ([value] if value in variable.index else value.split(","))]
    wanted = {code for part in parts for code in _part(variable, part)}
    return tuple(code for code in (*variable.codes, "") if code in wanted)


def _part(variable: Variable, part: str) -> Sequence[str]:
    if part in variable.index:
        return (part,)
    if part in (KNOWN, NOT_KNOWN):
        return variable.codes if part == KNOWN else ("",)
    if RANGE in part and is_ordered(variable):
        return _range(variable, *part.split(RANGE, 1))
    shown = variable.codes if len(variable.codes) <= 40 else (*variable.codes[:40], "...")
    ranges = f", a range such as {variable.codes[0]}{RANGE}{variable.codes[-1]}" if is_ordered(variable) else ""
    raise UserError(
        "api.code",
        f"The variable {variable.name!r} does not have one of the codes that it was asked for.",
        allowed=f"{', '.join(shown)}{ranges}, {KNOWN}, {NOT_KNOWN}",
    )


def _range(variable: Variable, first: str, last: str) -> Sequence[str]:
    first, last = first or variable.codes[0], last or variable.codes[-1]
    if first not in variable.index or last not in variable.index or variable.index[first] > variable.index[last]:
        raise UserError(
            "api.range",
            f"A range of the variable {variable.name!r} does not run from one of its codes to a later one.",
            allowed=f"first{RANGE}last, {RANGE}last or first{RANGE} of {', '.join(variable.codes)}",
        )
    return variable.codes[variable.index[first] - 1 : variable.index[last]]


def _canonical(filters: Mapping[str, tuple[str, ...]], by: tuple[str, ...], own: bool, schema: Schema) -> str:
    """The parameters, sorted by name; codes in the order of the codebook."""
    pairs = [(name, part) for name, codes in filters.items() for part in _written(schema[name], codes)]
    pairs += [(BY, part) for part in _joined(by)] + ([] if own else [(OWN, NO)])
    return "&".join(f"{quote(name, safe=SAFE)}={quote(part, safe=SAFE)}" for name, part in sorted(pairs, key=_name))


def _name(pair: tuple[str, str]) -> str:
    return pair[0]


def _joined(parts: Sequence[str]) -> list[str]:
    """In one value; in a value each where one of them holds a comma."""
    if any("," in part for part in parts):
        return list(parts)
    return [",".join(parts)] if parts else []


def _written(variable: Variable, codes: Sequence[str]) -> list[str]:
    known = [code for code in codes if code]
    empty = [NOT_KNOWN] if "" in codes else []
    if len(known) == len(variable.codes) > 1:
        return _joined([KNOWN, *empty])
    return _joined([*(_runs(variable, known) if is_ordered(variable) else known), *empty])


def _runs(variable: Variable, known: Sequence[str]) -> list[str]:
    found: list[str] = []
    for _, group in groupby(enumerate(known), lambda pair: variable.index[pair[1]] - pair[0]):
        run = [code for _, code in group]
        found += [f"{run[0]}{RANGE}{run[-1]}"] if len(run) >= LEAST_RUN else run
    return found
