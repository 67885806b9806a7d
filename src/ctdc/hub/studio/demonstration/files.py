"""Files to deliver in a demonstration: one with errors as organisations have them, and one in which they are put right.

Promise: both hold the same invented people, who are in no other file of the demonstration. What is left in the second
is a word that the organisation writes on purpose and no mapping knows yet: somebody has to say what it means.
"""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ctdc.foundation.files import atomic_file
from ctdc.foundation.progress import Silent
from ctdc.simulate.write import write_deliveries

CONTRIBUTOR = "sim-hotline"
FOLDER = "to-deliver"
DIRTY, REPAIRED = "SIMULATED_hotline_2026_with_errors.csv", "SIMULATED_hotline_2026_repaired.csv"
CASES, SEED, DIRT = 4_000, 2026, 0.008
# Errors that somebody can find and put right in a file.
KINDS = ("misspelt_code", "wrong_date", "age_out_of_range")
ID, FIRST_ID = "Case Number", 900_000  # numbers from here on belong to nobody in the other files
COLUMN, OLD_WORD, NEW_WORD = "Victim Gender", "Gender Minority", "Transgender or nonbinary"


@dataclass(frozen=True)
class Written:
    """Where the two files lie."""

    dirty: Path
    repaired: Path


def written(demo: Path) -> Written:
    """Where the files of the demonstration in `demo` lie."""
    return Written(demo / FOLDER / DIRTY, demo / FOLDER / REPAIRED)


def write(demo: Path, cases: int = CASES) -> Written:
    """Write both, in the place of what was there. cases: people of all contributors, of whom the hotline has half."""
    made = written(demo)
    with tempfile.TemporaryDirectory() as scratch:
        for share, target in ((0.0, made.repaired), (DIRT, made.dirty)):
            simulation = write_deliveries(Path(scratch) / target.stem, cases, SEED, share, Silent(), kinds=KINDS)
            source = next(one.source for one in simulation.deliveries if one.contributor == CONTRIBUTOR)
            _write(source, target)
    return made


def _write(source: Path, target: Path) -> None:
    with source.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row[ID] = f"SIM-{int(row[ID].rpartition('-')[2]) + FIRST_ID:06d}"
        if row[COLUMN] == OLD_WORD:
            row[COLUMN] = NEW_WORD
    with atomic_file(target) as path, path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
