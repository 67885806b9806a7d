"""Singling out: does a description taken from a file fit exactly one person?

Promise: as Anonymeter has it (Giomi et al. 2023, PoPETs 2023:312), with other people as null: a description is made
from one record of the file and fits no other record there; it succeeds where it fits exactly one of the people. Unlike
there, a person who is singled out several times counts once, so that one odd person is not many successes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ctdc.privacy.attacks.search import Integers, Matrix, Rows, fitting, plain_rows

TRIES = 4  # descriptions drawn for each that is wanted: most fit several records of the file


@dataclass(frozen=True)
class Description:
    """Columns, ascending, and the code that a person has in each."""

    columns: tuple[int, ...]
    codes: tuple[int, ...]

    def in_rows(self, rows: Rows) -> tuple[int, int]:
        """How many rows it fits, and the position of one of them."""
        count, last = fitting(np.array(self.columns), np.array(self.codes), rows.nodes, rows.weights)
        return int(count), int(last)


def by_one_value(rows: Rows) -> list[Description]:
    """Every code that exactly one record of the file has."""
    found = []
    for column, size in enumerate(rows.sizes):
        counted = np.bincount(rows.nodes[column], rows.weights, minlength=size)[:size]
        found += [Description((column,), (int(code),)) for code in np.flatnonzero(counted == 1) if code]
    return found


def by_several_values(rows: Rows, wanted: int, width: int, random: np.random.Generator) -> list[Description]:
    """Up to `wanted` descriptions by `width` codes, each of another record and fitting that record alone."""
    known = (rows.nodes > 0) & (rows.nodes < np.array(rows.sizes)[:, None])
    able = random.permutation(np.flatnonzero(known.sum(axis=0) >= width))
    found: dict[Description, None] = {}
    for record in able[: TRIES * wanted]:
        columns = np.sort(random.choice(np.flatnonzero(known[:, record]), width, replace=False))
        one = Description(tuple(columns.tolist()), tuple(rows.nodes[columns, record].tolist()))
        if one not in found and one.in_rows(rows)[0] == 1:
            found[one] = None
        if len(found) == wanted:
            break
    return list(found)


def singled_out(descriptions: Iterable[Description], people: Rows) -> int:
    """How many people are the only one whom a description fits."""
    seen = (one.in_rows(people) for one in descriptions)
    return len({last for count, last in seen if count == 1})


def equal_crowds(
    members: Matrix, control: Matrix, sizes: Sequence[int], random: np.random.Generator
) -> tuple[Rows, Rows]:
    """As many members as others, without choice: in a smaller crowd more descriptions fit one person."""
    size = min(members.shape[1], control.shape[1])
    one, two = (_some(crowd, size, random) for crowd in (members, control))
    return plain_rows(one, tuple(sizes)), plain_rows(two, tuple(sizes))


def _some(crowd: Matrix, size: int, random: np.random.Generator) -> Matrix:
    if crowd.shape[1] == size:
        return crowd
    chosen: Integers = np.sort(random.choice(crowd.shape[1], size, replace=False))
    return np.ascontiguousarray(crowd[:, chosen])
