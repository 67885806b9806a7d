"""Looking for people in a file, beside the same done cell by cell."""

import numpy as np
import pytest

from ctdc.privacy.attacks import search

SIZES = (5, 4, 3, 2, 3)
QUASI = np.array([True, True, False, False, False])
HALF = np.array([True, False, True, False, True])


def a_file(seed: int) -> search.Rows:
    """Rows with two coarse values in the first variable (a pair of codes, anything) and one in the second."""
    random = np.random.default_rng(seed)
    coarse = (
        np.array([[False, True, True, False, False], [True] * 5]),
        np.array([[True] * 4]),
        *(np.zeros((0, size), np.bool_) for size in SIZES[2:]),
    )
    nodes = np.stack([random.integers(0, size + len(own), 300) for size, own in zip(SIZES, coarse, strict=True)])
    return search.distinct(nodes.astype(np.uint16), SIZES, coarse)


def cost(rows: search.Rows, column: int, row: int, code: int) -> int:
    node = int(rows.nodes[column, row])
    if node < SIZES[column]:
        return 0 if node == code else search.FULL
    codes = rows.coarse[column][node - SIZES[column]]
    return (search.SUPPRESSED if codes.all() else search.GROUPED) if codes[code] else search.FULL


def plainly(rows: search.Rows, person: np.ndarray, secret: int) -> list[int]:
    """What `examine` finds, by its words."""
    count = rows.nodes.shape[1]
    cells = np.array([[cost(rows, column, row, int(person[column])) for row in range(count)] for column in range(5)])
    wrong = (cells >= search.WRONG).sum(axis=0)
    total, known = cells.sum(axis=0), np.delete(cells, secret, axis=0).sum(axis=0)
    half, other = cells[HALF].sum(axis=0), cells[~HALF].sum(axis=0)
    said = rows.nodes[secret].astype(int)
    votes = np.zeros(SIZES[secret])
    for row in np.flatnonzero(known == known.min()):
        if said[row] < SIZES[secret]:
            votes[said[row]] += rows.weights[row]

    def agreed(marks: np.ndarray) -> int:
        codes = {int(code) for code in said[marks] if code < SIZES[secret]}
        return search.NOBODY if not codes else codes.pop() if len(codes) == 1 else search.DIFFER

    both = (half == half.min()) & (other == other.min())
    fits_quasi = (cells[QUASI] < search.WRONG).all(axis=0)
    return [
        int(total.min()),
        *(int(rows.weights[wrong <= most].sum()) for most in range(3)),
        int(rows.weights[fits_quasi].sum()),
        int(rows.weights[both].sum()),
        int(votes.argmax()) if votes.any() else search.NOBODY,
        agreed((np.delete(cells, secret, axis=0) < search.WRONG).all(axis=0)),
        agreed(fits_quasi),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_what_is_found_is_what_going_through_every_cell_finds(seed: int) -> None:
    random = np.random.default_rng(seed + 100)
    rows = a_file(seed)
    people = np.stack([random.integers(0, size, 40) for size in SIZES]).astype(np.uint16)
    secrets = random.integers(2, 5, 40)
    out, near = np.zeros((40, 9), np.int64), np.zeros((40, 9), np.int64)
    packed = rows.packed()
    search.examine(people, secrets, np.array(SIZES), rows.nodes, rows.weights, *packed, HALF, QUASI, out)
    search.nearness(people, rows.nodes, rows.weights, *packed, near)
    for person in range(40):
        wanted = plainly(rows, people[:, person], int(secrets[person]))
        assert out[person].tolist() == wanted
        assert near[person, : search.QUASI].tolist() == wanted[: search.QUASI]


@pytest.mark.slow
def test_more_rows_than_a_block_are_searched_to_the_end() -> None:
    random = np.random.default_rng(1)
    nodes = np.stack([random.integers(0, 200, 3 * search.BLOCK + 5) for _ in range(4)]).astype(np.uint16)
    rows = search.plain_rows(nodes, (200,) * 4)
    assert rows.total == nodes.shape[1]
    out = np.zeros((nodes.shape[1], 9), np.int64)
    search.nearness(nodes, rows.nodes, rows.weights, *rows.packed(), out)
    assert (out[:, search.NEAREST] == 0).all()
    count, last = search.fitting(np.array([0, 3]), rows.nodes[[0, 3], -1], rows.nodes, rows.weights)
    assert (count, last) == (rows.weights[(rows.nodes[[0, 3]] == rows.nodes[[0, 3], -1:]).all(axis=0)].sum(), last)
    assert (rows.nodes[[0, 3], last] == rows.nodes[[0, 3], -1]).all()


def test_rows_have_equal_numbers_when_they_are_equal_even_where_many_codes_multiply() -> None:
    random = np.random.default_rng(2)
    rows = random.integers(0, 2, (9, 500)) * 60_000
    numbers = search.row_numbers(rows)
    texts = [tuple(row) for row in rows.T]
    assert len(set(zip(texts, numbers.tolist(), strict=True))) == len(set(texts)) == len(set(numbers.tolist()))


def test_some_columns_of_rows_are_counted_together() -> None:
    rows = a_file(1).only(np.array([0, 1]))
    assert rows.total == 300
    assert rows.nodes.shape[1] == len(np.unique(rows.nodes, axis=1).T)
    assert len(rows.coarse[0]) == 2
