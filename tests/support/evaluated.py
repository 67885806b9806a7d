"""Invented tables for tests of the evaluation, and short ways to write others."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ctdc.privacy.evaluation.coded import Candidate, code_candidate
from ctdc.table.coded import CodedTable, code_table, table_from_matrix
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

SCHEMA = Schema(
    (
        Variable("year", ("2020", "2021", "2022", "2023")),
        Variable("gender", ("woman", "man", "trans")),
        Variable("area", ("north", "south", "east", "west", "centre", "islands")),
        Variable("work", ("1",)),
        Variable("sex", ("1",)),
    )
)
GROUPS = {"kinds": ("work", "sex")}


def invented(seed: int, rows: int) -> CodedTable:
    """People with associations: area with gender, both kinds with gender, work growing over the years."""
    draw = np.random.default_rng(seed)
    year = draw.integers(0, 5, rows)
    gender = draw.choice(4, rows, p=[0.1, 0.6, 0.25, 0.05])
    area = np.where(draw.random(rows) < 0.5, gender, draw.integers(0, 7, rows))
    work = draw.random(rows) < 0.15 + 0.1 * (gender == 2) + 0.08 * year
    sex = draw.random(rows) < 0.5 - 0.3 * (gender == 2)
    return table_from_matrix(SCHEMA, np.stack([year, gender, area, work.astype(int), sex.astype(int)]))


def shuffled(table: CodedTable, seed: int) -> Candidate:
    """Every column in an order of its own: each alone is true, nothing goes together."""
    draw = np.random.default_rng(seed)
    return Candidate(table.schema, np.stack([draw.permutation(column) for column in table.matrix()]))


def candidate_of(table: CodedTable) -> Candidate:
    """A coded table, in which nothing is withheld."""
    return Candidate(table.schema, table.matrix())


def coded(columns: dict[str, Sequence[str | None]], schema: Schema) -> CodedTable:
    return code_table(pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()}), schema, "t")


def of_texts(columns: dict[str, Sequence[str | None]], schema: Schema, *, coarser: bool = False) -> Candidate:
    table = pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})
    return code_candidate(table, schema, "c", coarser=coarser)
