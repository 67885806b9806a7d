"""Which tables a release measures, and how much each of them matters: a declared, public choice.

Promise: a workload is immutable, checked when it is made, and equal to what it is read back from. It names variables
and never sees a record. All sets of up to `length` variables are measured, and the named longer ones with every subset
of theirs, so that the family is closed downwards: that is what estimates need. Weights divide one budget among the
tables and never change what it costs.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctdc.foundation.documents import BadDocument, parse_json, parse_toml
from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.allocation import balanced
from ctdc.privacy.plan import MAX_LENGTH, Attributes, Plan, all_sets, check_length, make_plan
from ctdc.table.schema import Schema

Names = tuple[str, ...]
Weight = Callable[[Sequence[int], Attributes], float]
DEFAULT_LENGTH = 3
KEYS = ("length", "scheme", "sets", "weights")


def _same_for_tables(sizes: Sequence[int], sets: Sequence[Attributes]) -> Weight:
    """The variance of every table counts the same."""
    return lambda sizes, attributes: 1.0


def _same_for_cells(sizes: Sequence[int], sets: Sequence[Attributes]) -> Weight:
    """The variance of every cell counts the same, so that large tables count more."""
    return lambda sizes, attributes: float(math.prod(sizes[attribute] for attribute in attributes))


# Name -> from the categories per variable and the measured sets to the weight of a table.
SCHEMES: Mapping[str, Callable[[Sequence[int], Sequence[Attributes]], Weight]] = {
    "balanced": balanced,
    "sets": _same_for_tables,
    "cells": _same_for_cells,
}


def _refuse(what: str, allowed: str = "", do: str = "") -> UserError:
    return UserError("workload", what, allowed=allowed, do=do or "See docs/how-to/choose-epsilon.md.")


@dataclass(frozen=True)
class Workload:
    """What is measured and what it is for.

    length: all sets of up to so many variables, 1 to 4; sets: names of variables that are counted together besides;
    scheme: one of `SCHEMES`; weights: (names, factor) pairs that make single tables count more (above 1) or less.
    Raises UserError (``privacy.length``; ``workload`` for a set without a variable, with one twice or with more than
    4, for a scheme that is not known, for a factor that is not above 0, and for two factors of one set).
    """

    length: int = DEFAULT_LENGTH
    sets: tuple[Names, ...] = ()
    scheme: str = "balanced"
    weights: tuple[tuple[Names, float], ...] = ()

    def __post_init__(self) -> None:
        check_length((), self.length)
        if self.scheme not in SCHEMES:
            raise _refuse(f"The workload's scheme is {self.scheme!r}.", ", ".join(SCHEMES))
        weighted = [names for names, _ in self.weights]
        for names in (*self.sets, *weighted):
            _check_names(names)
        for names, factor in self.weights:
            if not (math.isfinite(factor) and factor > 0):
                raise _refuse(f"The weight of {', '.join(names)} is {factor}.", "a finite number above 0; 1 is neutral")
        twice = len(weighted) - len({frozenset(names) for names in weighted})
        if twice:
            raise _refuse("A set of variables has two weights in the workload.", "one weight for a set, in any order")

    @property
    def longest(self) -> int:
        """Variables of the largest set that is measured, where there are as many."""
        return max([self.length, *(len(names) for names in self.sets)])

    def family(self, schema: Schema) -> list[Attributes]:
        """Every set that is measured, closed downwards, the empty one first, by size and then in order.

        Raises UserError (``schema.unknown_variable``) for a name that the schema does not have.
        """
        named = [positions(schema, names) for names in self.sets]
        longer = {
            chosen
            for outer in named
            for size in range(self.length + 1, len(outer) + 1)
            for chosen in itertools.combinations(outer, size)
        }
        return [*all_sets(len(schema.variables), self.length), *sorted(longer, key=lambda one: (len(one), one))]

    def weight(self, schema: Schema) -> Weight:
        """The weight of a table's variance, as `plan.make_plan` takes it.

        Raises UserError (``workload``) for a factor of a set that is not measured.
        """
        factors = {positions(schema, names): (names, factor) for names, factor in self.weights}
        for chosen in factors.keys() - set(self.family(schema) if factors else ()):
            raise _refuse(
                f"The workload gives a weight to {', '.join(factors[chosen][0])}, which it does not measure.",
                do="Name this set under 'sets' too.",
            )
        scheme = SCHEMES[self.scheme](schema.sizes, self.family(schema))

        def weight(sizes: Sequence[int], attributes: Attributes) -> float:
            factor = factors[attributes][1] if attributes in factors else 1.0
            return scheme(sizes, attributes) * factor

        return weight

    def longer(self, schema: Schema) -> list[Names]:
        """The measured sets that are longer than `length`, by size and then in the schema's order."""
        return [
            tuple(schema.names[attribute] for attribute in chosen)
            for chosen in self.family(schema)
            if len(chosen) > self.length
        ]

    def describe(self) -> dict[str, Any]:
        """The workload as JSON values, which `workload_from` reads back."""
        return {
            "length": self.length,
            "scheme": self.scheme,
            "sets": [list(names) for names in self.sets],
            "weights": [{"set": list(names), "weight": factor} for names, factor in self.weights],
        }


def plan_workload(schema: Schema, guarantee: Guarantee, workload: Workload) -> Plan:
    """The least noisy plan of the workload's tables that satisfies `guarantee`. Raises as `make_plan` does."""
    check_length(schema.sizes, workload.length)  # before sets are listed of which there may be billions
    sets = workload.family(schema) if workload.sets else None
    return make_plan(schema.sizes, guarantee, workload.length, workload.weight(schema), sets)


def _check_names(names: Names) -> None:
    if not names or len(set(names)) < len(names) or len(names) > MAX_LENGTH:
        raise _refuse(
            f"The workload names the set {', '.join(names) or 'of no variable'}.",
            f"1 to {MAX_LENGTH} different variables",
        )


def positions(schema: Schema, names: Iterable[str]) -> Attributes:
    """Positions of variables in the schema, ascending. Raises UserError (``schema.unknown_variable``)."""
    return tuple(sorted(schema.names.index(schema[name].name) for name in names))


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_weight(value: object) -> bool:
    if not (isinstance(value, dict) and value.keys() == {"set", "weight"} and _is_names(value["set"])):
        return False
    return isinstance(value["weight"], int | float) and not isinstance(value["weight"], bool)


def workload_from(document: object, where: str) -> Workload:
    """Read a parsed document. `where` names it in errors.

    Raises UserError (``workload`` and ``workload.format``): an unknown key is an error, never ignored.
    """
    if not isinstance(document, dict) or not document.keys() <= set(KEYS) or "length" not in document:
        raise UserError(
            "workload.format",
            "This is not a workload.",
            where=where,
            allowed=f"'length', which has to be there, and no other keys than {', '.join(KEYS)}",
            do="See docs/how-to/choose-epsilon.md for an example.",
        )
    sets, weights = document.get("sets", []), document.get("weights", [])
    length, scheme = document["length"], document.get("scheme", "balanced")
    wrong = {
        "length": not isinstance(length, int) or isinstance(length, bool),
        "scheme": not isinstance(scheme, str),
        "sets": not isinstance(sets, list) or not all(map(_is_names, sets)),
        "weights": not isinstance(weights, list) or not all(map(_is_weight, weights)),
    }
    if key := next((key for key, fault in wrong.items() if fault), ""):
        raise UserError(
            "workload.format",
            f"The workload's '{key}' cannot be read.",
            where=where,
            allowed='a whole number "length", a text "scheme", lists of names in "sets", and '
            '{"set": [names], "weight": number} in "weights"',
        )
    return Workload(
        length,
        tuple(tuple(names) for names in sets),
        scheme,
        tuple((tuple(one["set"]), float(one["weight"])) for one in weights),
    )


def read_workload(path: Path) -> Workload:
    """The workload in a TOML or JSON file, told apart by the name's end. Raises UserError as `workload_from`."""
    try:
        parse = parse_toml if path.suffix.lower() == ".toml" else parse_json
        document = parse(path.read_bytes())
    except FileNotFoundError:
        raise UserError("workload.missing", "The workload file does not exist.", where=str(path)) from None
    except BadDocument as error:
        raise UserError(
            "workload.format",
            f"The workload file is neither TOML nor JSON: {error}.",
            where=str(path),
            allowed="a file whose name ends in .toml or .json",
        ) from None
    return workload_from(document, str(path))
