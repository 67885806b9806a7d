"""How far two published linked tables are from the true ones, by tables of victims, of perpetrators and of both.

Promise: total variation distance (TVD) of shares, the empty value being a category like another, averaged over all
tables of a kind; checked against a brute force in ``tests/unit/benchmarks/test_linked_errors.py``.

* *victims*: all tables of 1 to 3 variables of victims, the number of perpetrators being one of them;
* *number*: the table of the number alone;
* *perpetrators*: of 1 to 3 variables of perpetrators, every perpetrator counting once;
* *across*: of variables of both, every perpetrator counting once: one and one; one and two, two and one;
* *siblings*: of one variable each of two perpetrators of one victim, all ordered pairs of different ones counting once;
* *joined*: of 1 to 3 variables of the shape that CTDC publishes (`flat.to_joined`).

Distances read true data: they are for the person who holds them, and outside any privacy guarantee.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
import polars as pl

from benchmarks.coding import Coded, code_together
from benchmarks.linked.cases import NUMBER, Linked, Places
from benchmarks.linked.flat import to_joined

ORDERS = (1, 2, 3)
Sets = Iterable[tuple[int, ...]]


def table_of(records: Coded, chosen: Sequence[int]) -> Places:
    """Counts of all cells of a set of variables, the last one fastest."""
    keys = np.zeros(records.rows, dtype=np.int64)
    for variable in chosen:
        keys = keys * records.sizes[variable] + records.codes[:, variable]
    return np.bincount(keys, minlength=prod(records.sizes[variable] for variable in chosen))


def _shares(counts: Places) -> Any:
    return counts / max(int(counts.sum()), 1)


def distance(truth: Coded, made: Coded, chosen: Sequence[int]) -> float:
    """The TVD of one table; 1 where only one of the two has any rows."""
    if not truth.rows or not made.rows:
        return float(truth.rows != made.rows)
    return float(np.abs(_shares(table_of(truth, chosen)) - _shares(table_of(made, chosen))).sum() / 2)


def mean_distance(truth: Coded, made: Coded, sets: Sets) -> float:
    """The mean TVD of some tables."""
    return float(np.mean([distance(truth, made, chosen) for chosen in sets]))


def by_order(truth: Coded, made: Coded) -> dict[str, float]:
    """Order (as text) to the mean TVD of all tables of that many variables."""
    places = range(len(truth.names))
    return {str(order): mean_distance(truth, made, combinations(places, order)) for order in ORDERS}


def people_of(cases: Linked) -> pl.DataFrame:
    """Victims with the number of their perpetrators in front."""
    return pl.DataFrame([pl.Series(NUMBER, cases.numbers).cast(pl.String), *cases.victims.get_columns()])


def pairs_of(cases: Linked) -> tuple[Places, Places]:
    """All ordered pairs of different perpetrators of one victim, as rows of perpetrators."""
    order = np.argsort(cases.owner, kind="stable")
    numbers = cases.numbers
    starts = np.cumsum(numbers) - numbers
    first: list[Places] = [np.zeros(0, np.int64)]
    second: list[Places] = [np.zeros(0, np.int64)]
    for many in np.unique(numbers[numbers > 1]):
        own, other = np.nonzero(~np.eye(many, dtype=bool))
        begins = starts[numbers == many][:, None]
        first.append(order[(begins + own).ravel()])
        second.append(order[(begins + other).ravel()])
    return np.concatenate(first), np.concatenate(second)


def _beside(left: Coded, right: Coded, left_rows: Places, right_rows: Places) -> Coded:
    """Rows of two tables side by side."""
    codes = np.asfortranarray(np.concatenate([left.codes[left_rows], right.codes[right_rows]], axis=1))
    return Coded(codes, (*left.names, *right.names), (*left.sizes, *right.sizes))


def across_sets(main: int, linked: int) -> dict[str, list[tuple[int, ...]]]:
    """Order (as text) to the sets of up to two variables of each of two tables side by side, three together."""
    sets: dict[str, list[tuple[int, ...]]] = {"2": [], "3": []}
    for of_main, of_linked in ((1, 1), (2, 1), (1, 2)):
        for left in combinations(range(main), of_main):
            rights = combinations(range(main, main + linked), of_linked)
            sets[str(of_main + of_linked)] += [(*left, *right) for right in rights]
    return sets


def linked_errors(truth: Linked, made: Linked, joined: pl.DataFrame | None = None) -> dict[str, Any]:
    """The measures of the module's promise. joined: what a tool wrote in that shape, where it did."""
    people = code_together([people_of(truth), people_of(made)])
    rows = code_together([truth.perpetrators, made.perpetrators])
    true_both, both = (
        _beside(coded, linked, cases.owner, np.arange(linked.rows))
        for coded, linked, cases in zip(people, rows, (truth, made), strict=True)
    )
    true_pairs, pairs = (
        _beside(linked, linked, *pairs_of(cases)) for linked, cases in zip(rows, (truth, made), strict=True)
    )
    main, linked = len(people[0].names), len(rows[0].names)
    siblings = [(one, linked + other) for one in range(linked) for other in range(one, linked)]
    return {
        "victims": by_order(*people),
        "number": {"1": distance(people[0], people[1], (0,))},
        "perpetrators": by_order(*rows),
        "across": {order: mean_distance(true_both, both, sets) for order, sets in across_sets(main, linked).items()},
        "siblings": {"2": mean_distance(true_pairs, pairs, siblings)},
        "joined": by_order(*code_together([to_joined(truth), to_joined(made) if joined is None else joined])),
    }
