"""A small protection of invented people in a linked profile of the standard. For tests only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.support.invented_release import CREATED, Seeded

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.protect import protect
from ctdc.privacy.settings import Settings
from ctdc.standard.loader import load
from ctdc.standard.model import ProfileColumn
from ctdc.table.coded import table_from_matrix
from ctdc.table.linked import LinkedSchema, LinkedTable
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

PROFILE = "victim-perpetrator-linked"


def _schema(columns: tuple[ProfileColumn, ...]) -> Schema:
    return Schema(tuple(Variable(column.name, tuple(column.codes)) for column in columns))


def _columns(schema: Schema, rows: int, random: np.random.Generator) -> np.ndarray:
    """Values without any relation, a third of them empty."""
    values = [random.integers(1, size, rows) for size in schema.sizes]
    return np.where(random.random((len(values), rows)) < 0.3, 0, np.array(values))


def some_people(people: int, seed: int = 1) -> LinkedTable:
    """People with none to six linked rows, in the columns of the profile."""
    profile, random = load().profile(PROFILE), np.random.default_rng(seed)
    links = profile.links
    if links is None:
        raise ValueError("the profile has no linked rows")
    schema = LinkedSchema(_schema(profile.columns), _schema(links.columns), links.most, links.number)
    owner = np.repeat(np.arange(people), random.choice(7, people, p=[0.3, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02]))
    main, rows = _columns(schema.main, people, random), _columns(schema.linked, len(owner), random)
    return LinkedTable(schema, table_from_matrix(schema.main, main), table_from_matrix(schema.linked, rows), owner)


def write_linked_profile(folder: Path, people: int = 1500) -> Path:
    """What the engine writes of them."""
    table = some_people(people)
    settings = Settings(Guarantee(8, 1e-6), length=2, seed=1)
    out = folder / "protected"
    protect(lambda: table, table.schema, settings, out, folder / "ledger.jsonl", CREATED, noise=Seeded())
    return out
