"""Invented people from one population, for attacks on releases: as many crowds as wanted, all alike and all apart."""

import numpy as np

from ctdc.table.coded import CodedTable, table_from_matrix
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

SIZES = (80, 60, 24, 10, 5, 4, 3, 3, 2, 2, 2, 2)
SCHEMA = Schema(
    tuple(Variable(f"c{place}", tuple(f"v{code}" for code in range(1, size))) for place, size in enumerate(SIZES))
)


def crowd(people: int, seed: int) -> CodedTable:
    """People of five kinds; common codes are far more frequent than rare ones, and some cells are empty."""
    random = np.random.default_rng(seed)
    kind = random.choice(5, people, p=(0.4, 0.3, 0.15, 0.1, 0.05))
    columns = []
    for place, size in enumerate(SIZES):
        shares = 1 / np.arange(1, size) ** 1.3
        usual = np.random.default_rng([place, 7]).permuted(np.tile(np.arange(1, size), (5, 1)), axis=1)
        column = usual[kind, random.choice(size - 1, people, p=shares / shares.sum())]
        columns.append(np.where(random.random(people) < 0.15, 0, column))
    return table_from_matrix(SCHEMA, np.stack(columns))


def mixed(some: CodedTable, others: CodedTable, share: float, seed: int = 3) -> CodedTable:
    """`others` with a share of its rows replaced by rows of `some`, drawn at random."""
    matrix = others.matrix().copy()
    count = round(share * matrix.shape[1])
    rows = np.random.default_rng(seed).choice(some.rows, count, replace=False)
    matrix[:, :count] = some.matrix()[:, rows]
    return table_from_matrix(SCHEMA, matrix)


def stacked(*tables: CodedTable) -> CodedTable:
    """All rows, one table after the other."""
    return table_from_matrix(SCHEMA, np.concatenate([table.matrix() for table in tables], axis=1))


def part(table: CodedTable, rows: slice) -> CodedTable:
    """Some of the rows."""
    return table_from_matrix(SCHEMA, table.matrix()[:, rows])
