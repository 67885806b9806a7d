"""Whom an attacker looks for: pairs of crowds that differ by one invented person, chosen to give most away.

Promise: nobody in them exists; they follow from the domain and a random generator alone. Each pair names what is
special about its person. The worst case of the mechanism is the same for everybody (every record moves it equally far);
that of a mistake is not, which is why there are several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.privacy.domain import Domain, People
from ctdc.table.coded import table_from_matrix
from ctdc.table.linked import LinkedSchema, LinkedTable
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

Codes = tuple[int, ...]
Household = tuple[Codes, tuple[Codes, ...]]  # a person, and the rows that are linked to them
ALIKE = 9  # one short of the reporting threshold that protections have by default
INVENTED = Schema(
    (Variable("situation", ("one", "two")), Variable("flag", ("1",)), Variable("region", ("north", "south")))
)
INVENTED_LINKED = LinkedSchema(
    Schema((Variable("flag", ("1",)),)), Schema((Variable("role", ("one", "two")),)), 2, "members"
)


@dataclass(frozen=True)
class Pair:
    """Two neighbouring tables. name: what is special about the one person by whom they differ."""

    name: str
    without: People
    having: People

    @property
    def worlds(self) -> tuple[People, People]:
        """Without the person, and with them."""
        return self.without, self.having


def coded(domain: Domain, crowd: Sequence[Household]) -> People:
    """A coded table, or two linked ones, of these people."""
    main = domain.main if isinstance(domain, LinkedSchema) else domain
    people = table_from_matrix(main, _matrix([own for own, _ in crowd], len(main.variables)))
    if not isinstance(domain, LinkedSchema):
        return people
    owner = np.array([number for number, (_, rows) in enumerate(crowd) for _ in rows], dtype=np.int64)
    rows = _matrix([row for _, theirs in crowd for row in theirs], len(domain.linked.variables))
    return LinkedTable(domain, people, table_from_matrix(domain.linked, rows), owner)


def _matrix(rows: Sequence[Codes], width: int) -> npt.NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(len(rows), width).T


@dataclass(frozen=True)
class _Maker:
    """Makes pairs of one domain. others: people who are in both worlds beside those that matter."""

    domain: Domain
    others: Sequence[Household]

    def __call__(self, name: str, crowd: Sequence[Household], person: Household) -> Pair:
        without = [*crowd, *self.others]
        return Pair(name, coded(self.domain, without), coded(self.domain, [*without, person]))


def _invented(sizes: Sequence[int], random: np.random.Generator) -> Codes:
    return tuple(int(random.integers(0, size)) for size in sizes)


def pairs(domain: Domain, random: np.random.Generator, others: int = 0) -> list[Pair]:
    """The pairs for a domain. others: so many random people are added to both worlds of each.

    Where a domain declares facts they are left out: an attack is on the mechanism, which does not use them.
    """
    if isinstance(domain, LinkedSchema):
        return linked_pairs(domain.without_facts(), random, others)
    return single_pairs(domain.without_facts(), random, others)


def single_pairs(schema: Schema, random: np.random.Generator, others: int = 0) -> list[Pair]:
    """Of one table."""
    sizes = schema.sizes
    crowd = [(_invented(sizes, random), ()) for _ in range(others)]
    pair = _Maker(schema, crowd)
    nothing: Household = ((0,) * len(sizes), ())
    last: Household = (tuple(size - 1 for size in sizes), ())
    first: Household = ((1,) * len(sizes), ())
    unknown: Household = ((0, *last[0][1:]), ())
    mixed = [(_invented(sizes, random), ()) for _ in range(ALIKE)]
    return [
        pair("fills every field, with the rarest codes", [nothing] * ALIKE, last),
        pair("tells nothing", [last] * ALIKE, nothing),
        pair("brings a group to the reporting threshold", [first] * ALIKE, first),
        pair("is the double of somebody", mixed, mixed[-1]),
        pair("has a code that the standard does not know, read as empty", [last] * ALIKE, unknown),
        pair("is the only one", [], last),
    ]


def linked_pairs(schema: LinkedSchema, random: np.random.Generator, others: int = 0) -> list[Pair]:
    """Of two linked tables."""
    sizes, rows, most = schema.main.sizes, schema.linked.sizes, schema.most

    def several(many: int) -> tuple[Codes, ...]:
        return tuple(_invented(rows, random) for _ in range(many))

    crowd = [(_invented(sizes, random), several(int(random.integers(0, most + 1)))) for _ in range(others)]
    pair = _Maker(schema, crowd)
    plain, full = (0,) * len(sizes), tuple(size - 1 for size in sizes)
    row = tuple(size - 1 for size in rows)
    different = tuple(tuple((number + 1) % size for size in rows) for number in range(most))
    alone: Household = (plain, ())
    middle: list[Household] = [(plain, (row,))] * 4 + [(plain, (row,) * most)] * 4
    return [
        pair("has as many linked rows as count, all alike", [alone] * ALIKE, (full, (row,) * most)),
        pair("has as many linked rows as count, all different", [alone] * ALIKE, (full, different)),
        pair("has more linked rows than count", [alone] * ALIKE, (full, (row,) * (most + 3))),
        pair("has no linked row", [(full, (row,) * most)] * ALIKE, alone),
        pair("moves the middle number of linked rows", middle, (plain, (row,) * most)),
    ]
