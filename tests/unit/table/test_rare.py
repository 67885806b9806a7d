"""Who is linkable, checked against a count by hand."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctdc.table import rare
from ctdc.table.coded import table_from_matrix
from ctdc.table.rare import Reached, affordable, crowds, rarity
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable


def table_of(rows, sizes):
    schema = Schema(tuple(Variable(f"v{place}", tuple(map(str, range(1, size)))) for place, size in enumerate(sizes)))
    return table_from_matrix(schema, np.array(rows, dtype=np.int64).reshape(-1, len(sizes)).T)


def by_hand(rows, groups, length, few):
    """Linkable and alone by length, and for each group linkable through it and without it."""
    people = len(rows)
    rarest = [10**9] * people
    found = [[] for _ in range(people)]
    reached = []
    for size in range(1, length + 1):
        for chosen in itertools.combinations(range(len(rows[0])), size):
            counts = Counter(tuple(row[place] for place in chosen) for row in rows if all(row[p] for p in chosen))
            for person, row in enumerate(rows):
                if all(row[place] for place in chosen):
                    crowd = counts[tuple(row[place] for place in chosen)]
                    rarest[person] = min(rarest[person], crowd)
                    if crowd < few:
                        found[person].append(set(chosen))
        reached.append(Reached(size, sum(one < few for one in rarest), sum(one == 1 for one in rarest)))
    parts = {}
    for name, places in groups:
        through = sum(any(one & set(places) for one in mine) for mine in found)
        without = sum(any(not one & set(places) for one in mine) for mine in found)
        parts[name] = (through, without)
    return tuple(reached), parts


@pytest.mark.slow
@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(*(st.integers(0, size) for size in (2, 1, 3, 2))), min_size=1, max_size=30),
    few=st.integers(1, 5),
)
def test_the_count_is_that_by_hand(rows, few):
    groups = (("a", (0,)), ("b", (1, 2)), ("c", (3,)))
    found = rarity(table_of(rows, (3, 2, 4, 3)), groups, few)
    reached, parts = by_hand(rows, groups, 3, few)
    assert found.reached == reached
    assert {part.name: (part.through, part.without) for part in found.parts} == parts
    assert found.people == len(rows)


def test_the_value_through_which_somebody_is_alone_is_named():
    rows = [(1, 1)] * 20 + [(2, 1)]
    found = rarity(table_of(rows, (3, 2)), (("a", (0,)), ("b", (1,))), few=10)
    assert (found.values[0].variable, found.values[0].code, found.values[0].people) == ("v0", "2", 1)
    assert found.parts[0].name == "a"
    assert found.parts[0].without == 0


def test_unknown_tells_nobody_apart():
    rows = [(0, 0)] + [(1, 1)] * 20
    assert rarity(table_of(rows, (2, 2)), (("a", (0,)), ("b", (1,)))).reached[-1].linkable == 0


def test_large_tables_are_counted_the_same_way(monkeypatch):
    chance = np.random.default_rng(1)
    table = table_of(chance.integers(0, 4, (200, 3)), (4, 4, 4))
    plain = crowds(table, (0, 1, 2))
    monkeypatch.setattr(rare, "MOST_CELLS", 1)
    sorted_ = crowds(table, (0, 1, 2))
    assert all((one == other).all() for one, other in zip(plain, sorted_, strict=True))


@pytest.mark.parametrize(
    ("rows", "variables", "length"), [(1_000, 10, 3), (200_000, 27, 3), (500_000, 63, 2), (9, 2, 2)]
)
def test_what_would_take_long_is_looked_at_less_deeply(rows, variables, length):
    assert affordable(rows, variables) == length


def test_a_table_that_is_too_large_for_pairs_is_looked_at_one_value_at_a_time():
    assert affordable(10**9, 60) == 1
