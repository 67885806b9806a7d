"""Two linked tables: who is kept, and how a person is spread over joint records."""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from ctdc.foundation.errors import UserError
from ctdc.table.coded import table_from_matrix
from ctdc.table.constraints import Implication
from ctdc.table.linked import MOST_LEFT_OUT, LinkedSchema, LinkedTable
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

MAIN = Schema((Variable("area", ("north", "south")),))
LINKED = Schema((Variable("age", ("young", "old", "very old")), Variable("works", ("1",))))


def table(owner: list[int], people: int, most: int, seed: int = 0) -> LinkedTable:
    random = np.random.default_rng(seed)
    schema = LinkedSchema(MAIN, LINKED, most, "members")
    main = table_from_matrix(MAIN, random.integers(0, 3, (1, people)))
    linked = table_from_matrix(LINKED, np.array([random.integers(0, size, len(owner)) for size in LINKED.sizes]))
    return LinkedTable(schema, main, linked, np.array(owner, dtype=np.int64))


def by_hand(table: LinkedTable) -> Counter[tuple[int, ...]]:
    """Joint record -> its share of people, from the definition; nobody may have more rows than count."""
    found: Counter[tuple[int, ...]] = Counter()
    values = table.linked.matrix().T.tolist()
    for person, main in enumerate(table.main.matrix().T.tolist()):
        mine = [row for row, owner in zip(values, table.owner.tolist(), strict=True) if owner == person]
        nobody = [0] * len(LINKED.variables)
        pairs = list(itertools.permutations(mine, 2)) or [(row, nobody) for row in mine] or [(nobody, nobody)]
        for own, other in pairs:
            found[len(mine), *main, *own, *other, 0] += Fraction(1, len(pairs))
    return found


def test_every_table_counts_each_person_once_and_evenly_over_pairs_of_rows() -> None:
    people = table([0, 0, 2, 3, 3, 3, 4, 4, 4, 4, 2], 6, most=4)
    tally = people.tally(np.random.default_rng(1))
    sizes, expected = people.schema.joint.sizes, by_hand(people)
    assert tally.whole == people.schema.whole == 12
    for size in range(4):
        for attributes in itertools.combinations(range(len(sizes)), size):
            exact = np.zeros([sizes[a] for a in attributes], dtype=object)
            for record, part in expected.items():
                exact[tuple(record[a] for a in attributes)] += part
            np.testing.assert_array_equal(tally.table(attributes, attributes, sizes), exact * tally.whole)


def test_of_more_rows_than_count_some_are_drawn_and_the_rest_is_counted() -> None:
    people = table([0] * 7 + [1] * 3 + [2] * 40, 4, most=3)
    drawn = Counter()
    for seed in range(60):
        tally = people.tally(np.random.default_rng(seed))
        single = tally.layers[1].matrix
        assert np.bincount(single[0]).tolist() == [1, 0, 0, 9]
        drawn.update(map(tuple, single[[2, 3]].T.tolist()))
    numbers, left_out = people.schema.joint.sizes[0], people.schema.left_out_place
    assert tally.table((0,), (0,), people.schema.joint.sizes).tolist() == [6, 0, 0, 18]
    assert numbers == 4
    counted = tally.table((left_out,), (left_out,), people.schema.joint.sizes)
    assert {place: int(count) for place, count in enumerate(counted) if count} == {0: 12, 4: 6, MOST_LEFT_OUT: 6}
    assert len(drawn) > 5  # not always the same rows


@pytest.mark.parametrize("most", range(1, 11))
def test_whole_divides_evenly(most: int) -> None:
    whole = LinkedSchema(MAIN, LINKED, most).whole
    assert all(whole % links == 0 for links in range(1, most + 1))
    assert all(whole % (links * (links - 1)) == 0 for links in range(2, most + 1))


def test_the_joint_table_names_and_places_every_variable() -> None:
    facts = (Implication("works", ("1",), "age", ("old", "very old")),)
    schema = LinkedSchema(MAIN, Schema(LINKED.variables, facts), 2, "members")
    names = schema.joint.names
    assert names == ("members", "area", "linked.age", "linked.works", "other.age", "other.works", "left out")
    assert [names[place] for place in schema.linked_places] == ["linked.age", "linked.works"]
    assert [names[place] for place in schema.other_places] == ["other.age", "other.works"]
    assert names[schema.left_out_place] == "left out"
    assert schema.people.names == ("members", "area")
    assert schema.numbers.codes == ("1", "2+")
    assert [(fact.given, fact.then) for fact in schema.joint.implications] == [
        ("linked.works", "linked.age"),
        ("other.works", "other.age"),
    ]


@pytest.mark.parametrize("most", [0, 11, -1])
def test_an_impossible_number_of_rows_is_refused(most: int) -> None:
    with pytest.raises(UserError, match=f"given as {most}"):
        LinkedSchema(MAIN, LINKED, most)


@pytest.mark.parametrize("number", ["area", "", "id", "left out", "linked.x", "other.x"])
def test_a_name_that_would_be_taken_twice_is_refused(number: str) -> None:
    with pytest.raises(UserError, match="cannot be the name"):
        LinkedSchema(MAIN, LINKED, 3, number)


def test_a_row_that_belongs_to_nobody_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="belongs to nobody"):
        table([0, 5], 2, most=3)
