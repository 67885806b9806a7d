"""Tables of many variables in one pass: by bit planes, cell by cell, and in compact places."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.table import accumulate
from ctdc.table.accumulate import Accumulator
from ctdc.table.count import marginal
from ctdc.table.counting import Request
from ctdc.table.planes import suits
from ctdc.table.tally import tally_of


def sets_up_to(variables: int, length: int) -> tuple[tuple[int, ...], ...]:
    return tuple(itertools.chain.from_iterable(itertools.combinations(range(variables), n) for n in range(length + 1)))


@pytest.mark.slow
@given(
    sizes=st.lists(st.sampled_from([2, 3, 4, 10, 33, 34, 250]), min_size=1, max_size=5),
    rows=st.sampled_from([0, 1, 63, 64, 65, 500]),
    length=st.integers(1, 4),
    threads=st.booleans(),
    pieces=st.integers(1, 3),
    seed=st.integers(0, 2**32),
)
def test_every_table_is_exact(sizes: list[int], rows: int, length: int, threads: bool, pieces: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    matrix = np.stack([random.integers(0, size, rows) for size in sizes]).astype(np.uint16)
    sets = [one for one in sets_up_to(len(sizes), length) if np.prod([sizes[a] for a in one]) < 100_000]
    request = Request(tuple(sizes), tuple(sets))
    found = Accumulator(request, threads)
    for piece in np.array_split(matrix, pieces, axis=1):
        found.add(piece)
    for attributes, table in request.cut(found.flat()).items():
        np.testing.assert_array_equal(table, marginal(matrix, sizes, attributes))


@pytest.mark.slow
@pytest.mark.parametrize("rows", [100, 101])
def test_chunks_change_nothing(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accumulate, "CHUNK_ROWS", 7)
    sizes = (2, 3, 40)
    matrix = np.stack([np.random.default_rng(3).integers(0, size, rows) for size in sizes]).astype(np.uint16)
    request = Request(sizes, sets_up_to(3, 3))
    found = Accumulator(request)
    found.add(matrix)
    for attributes, table in request.cut(found.flat()).items():
        np.testing.assert_array_equal(table, marginal(matrix, sizes, attributes))


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(2, 2, 40, 50), (3, 9, 40, 2)])
def test_compact_places_are_counted_as_the_held_table_counts_them(sizes: tuple[int, ...]) -> None:
    random = np.random.default_rng(1)
    matrix = np.stack([random.integers(0, size, 700) for size in sizes]).astype(np.uint16)
    places = {2: (np.arange(sizes[2]) % 5).astype(np.uint16), 3: np.zeros(sizes[3], np.uint16)}
    sets = sets_up_to(4, 3)
    compact = {one: tuple(a for a in one if a in places) for one in sets if len(one) == 3}
    request = Request(sizes, sets, places, compact)
    found = Accumulator(request)
    found.add(matrix)
    held = tally_of(matrix).tables(request)
    for attributes, table in request.cut(found.flat()).items():
        assert table.shape == request.shape(attributes)
        np.testing.assert_array_equal(table, held(attributes))


def test_nothing_wanted_is_nothing_counted() -> None:
    found = Accumulator(Request((3, 2), ()))
    found.add(np.zeros((2, 5), np.uint16))
    assert found.flat().shape == (0,)
    assert Request((3, 2), ()).cut(found.flat()) == {}


@pytest.mark.parametrize(
    ("sizes", "by_planes"),
    [((), True), ((2, 2, 2, 2), True), ((33,), True), ((34,), False), ((10, 10, 10), False), ((2,) * 5, False)],
)
def test_which_tables_have_planes(sizes: tuple[int, ...], by_planes: bool) -> None:
    assert suits(sizes) is by_planes
