"""What is measured on the two linked tables: the engine on both, and three ways to do without it.

Promise: every method is a process of its own on files that hold the same victims, at the same epsilon, delta and
length; what was made of the two tables before it, and is made of its records after it, is not in its cost.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.coding import read_table
from benchmarks.data import write_schema
from benchmarks.linked import alone
from benchmarks.linked.cases import LINK, MOST, NUMBER, Files, Linked, read_records
from benchmarks.linked.flat import BETWEEN, SEVERAL, from_joined, from_wide, to_joined, to_wide, wide_codes
from benchmarks.methods import SCRIPTS, Settings
from benchmarks.peers import environment_python

SEED = 0  # of what stands where in the two flat shapes; no privacy depends on it
PROTECTED = "protected"


@dataclass(frozen=True)
class Made:
    """What a method left: two tables, and the joined shape where that is what it wrote."""

    records: Linked
    joined: pl.DataFrame | None = None


@dataclass(frozen=True)
class Method:
    """One thing to measure. prepare: writes what it reads and gives the command; read: what it wrote.

    environment: of a peer, empty for the project's own.
    """

    name: str
    title: str
    prepare: Callable[[Linked, Files, Settings, Path], list[str]]
    read: Callable[[Path], Made]
    environment: str = ""


def _protect(cases: Path, schema: Path, settings: Settings, out: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "ctdc.cli.main", "protect", str(cases), "--schema", str(schema)),
        *("--epsilon", str(settings.epsilon), "--delta", str(settings.delta), "--length", str(settings.length)),
        *("--out", str(out / PROTECTED)),
    ]


def linked_command(cases: Linked, files: Files, settings: Settings, out: Path) -> list[str]:
    """``ctdc protect --linked`` as a person would type it."""
    return [
        *_protect(files.victims, files.victims_schema, settings, out),
        *("--linked", str(files.perpetrators), "--linked-schema", str(files.perpetrators_schema)),
        *("--link", LINK, "--max-links", str(MOST), "--number-name", NUMBER),
    ]


def read_linked(out: Path) -> Made:
    """The two synthetic tables."""
    folder = out / PROTECTED
    return Made(read_records(folder / "synthetic.parquet", folder / "linked.parquet", link="id"))


def slots_command(cases: Linked, files: Files, settings: Settings, out: Path) -> list[str]:
    """``ctdc protect`` of the one table in which perpetrators stand in slots."""
    table, schema = out / "wide.csv", out / "wide.schema.json"
    to_wide(cases, np.random.default_rng(SEED)).write_csv(table)
    write_schema(wide_codes(), schema)
    return _protect(table, schema, settings, out)


def read_slots(out: Path) -> Made:
    """The two tables that the slots give."""
    return Made(from_wide(read_table(out / PROTECTED / "synthetic.parquet")))


def pac_synth(use_synthetic_counts: bool) -> Callable[[Linked, Files, Settings, Path], list[str]]:
    """pac-synth on the joined shape, with its multi-value columns."""

    def prepare(cases: Linked, files: Files, settings: Settings, out: Path) -> list[str]:
        table, schema, job = out / "joined.csv", out / "joined.schema.json", out / "job.json"
        joined = to_joined(cases)
        joined.write_csv(table)
        write_schema({name: joined[name].drop_nulls().unique().sort().to_list() for name in joined.columns}, schema)
        several = [column.name for column in SEVERAL]
        options = {"use_synthetic_counts": use_synthetic_counts, "several": several, "between": BETWEEN}
        privacy = {"epsilon": settings.epsilon, "delta": settings.delta, "length": settings.length}
        document = {"input": str(table), "schema": str(schema), "out": str(out), "options": options} | privacy
        job.write_text(json.dumps(document, indent=1), encoding="utf-8")
        return [str(environment_python("pac-synth")), str(SCRIPTS / "pac_synth_joined.py"), str(job)]

    return prepare


def read_joined(out: Path) -> Made:
    """The joined records, and the two tables that can be guessed from them."""
    joined = read_table(out / "synthetic.csv")
    return Made(from_joined(joined, np.random.default_rng(SEED)), joined)


def alone_command(cases: Linked, files: Files, settings: Settings, out: Path) -> list[str]:
    """The floor."""
    words = (str(files.victims.parent), str(out), str(settings.epsilon), str(settings.delta))
    return [sys.executable, "-m", "benchmarks.linked.alone", *words]


def read_alone(out: Path) -> Made:
    """Its two tables."""
    return Made(read_records(out / alone.VICTIMS, out / alone.PERPETRATORS))


ENGINE = "ctdc"
METHODS: tuple[Method, ...] = (
    Method(ENGINE, "**ctdc**, two linked tables", linked_command, read_linked),
    Method("slots", "ctdc, one table with slots", slots_command, read_slots),
    Method("pac-synth", "pac-synth 0.0.8, joined values", pac_synth(False), read_joined, "pac-synth"),
    Method(
        "pac-synth-counts",
        "pac-synth 0.0.8, joined values, `use_synthetic_counts`",
        pac_synth(True),
        read_joined,
        "pac-synth",
    ),
    Method("alone", "every column alone", alone_command, read_alone),
)
