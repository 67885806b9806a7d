"""Linked rows on their way through a run: those of the delivery that a person stands in, each with its person."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ctdc.foundation.progress import Silent
from ctdc.intake.harmonise import harmonise
from ctdc.intake.linked_rows import linked_path
from ctdc.intake.mapping import load_mapping
from ctdc.simulate.write import Simulation, write_deliveries
from ctdc.standard import load
from ctdc.standard.derive import derive_linked
from ctdc.standard.flatten import flatten
from ctdc.workflow.combine import LINK, combine, combine_linked, derive_linked_rows, derive_profile

PROFILE = load().profile("victim-perpetrator-linked")
ENTITY = "perpetrator"


def write(path: Path, people: str, genders: str = "", contributor: str = "org") -> Path:
    """A table with a person per letter of `people`, and as IP_Gender F or M in `genders`."""
    words = {"F": "Female", "M": "Male"}
    columns = {"_contributor": [contributor] * len(people), "_subject": list(people)}
    own = {"IP_Gender": [words[letter] for letter in genders]} if genders else {"gender": ["Woman"] * len(people)}
    pl.DataFrame(columns | own).write_parquet(path)
    return path


def derived(folder: Path, files: list[Path], linked: list[Path | None]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the run makes of deliveries: columns and linked rows."""
    cases, rows = folder / "all.parquet", folder / "rows.parquet"
    combine(files, cases, Silent())
    combine_linked(files, linked, rows)
    columns, out = folder / "columns.parquet", folder / "linked.parquet"
    derive_profile(cases, PROFILE, columns, Silent())
    derive_linked_rows(cases, rows, PROFILE, columns, out)
    return pl.read_parquet(columns), pl.read_parquet(out)


def test_a_person_delivered_again_has_the_rows_of_the_later_delivery_only(tmp_path: Path) -> None:
    files = [write(tmp_path / "1", "abc"), write(tmp_path / "2", "bc")]
    linked = [write(tmp_path / "1.rows", "abbc", "FFFF"), write(tmp_path / "2.rows", "b", "M")]
    columns, rows = derived(tmp_path, files, linked)
    assert columns[LINK].to_list() == [0, 1, 2]
    assert rows.select(LINK, "IP_Gender").rows() == [(0, "Female"), (1, "Male")]  # a; b; c has none any more


def test_a_later_delivery_without_linked_rows_leaves_none(tmp_path: Path) -> None:
    files = [write(tmp_path / "1", "ab"), write(tmp_path / "2", "b")]
    _, rows = derived(tmp_path, files, [write(tmp_path / "1.rows", "ab", "FM"), None])
    assert rows[LINK].to_list() == [0]


def test_people_of_two_contributors_keep_their_own_rows(tmp_path: Path) -> None:
    files = [write(tmp_path / "1", "a"), write(tmp_path / "2", "a", contributor="other")]
    linked = [write(tmp_path / "1.rows", "a", "F"), write(tmp_path / "2.rows", "aa", "MF", contributor="other")]
    _, rows = derived(tmp_path, files, linked)
    assert rows.select(LINK, "IP_Gender").rows() == [(0, "Female"), (1, "Male"), (1, "Female")]


def test_rows_of_one_person_keep_their_order(tmp_path: Path) -> None:
    """Content is hashed in order, and the same rows in another order would be measured, and paid for, again."""
    people = "".join(chr(0x4E00 + number) for number in range(5_000))
    genders = "".join("FM"[number % 7 == 0] for number in range(10_000))
    files, linked = [write(tmp_path / "1", people)], [write(tmp_path / "1.rows", people[::-1] * 2, genders)]
    _, rows = derived(tmp_path, files, linked)
    first = [genders[::-1][5_000:], genders[::-1][:5_000]]
    wanted = [{"F": "Female", "M": "Male"}[part[at]] for at in range(5_000) for part in first]
    assert rows["IP_Gender"].to_list() == wanted


def test_no_linked_rows_at_all_are_an_empty_table(tmp_path: Path) -> None:
    columns, rows = derived(tmp_path, [write(tmp_path / "1", "ab")], [None])
    assert columns.height == 2
    assert rows.height == 0
    assert rows.columns == [LINK, *PROFILE.linked().names]


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    return write_deliveries(tmp_path_factory.mktemp("simulate") / "out", 800, 21, 0.0, Silent())


@pytest.mark.slow
def test_invented_deliveries_become_the_linked_profile_of_their_truth(simulation: Simulation, tmp_path: Path) -> None:
    files = []
    for delivery in simulation.deliveries:
        out = tmp_path / f"{delivery.contributor}.parquet"
        harmonise(delivery.source, load_mapping(delivery.mapping), subject_key=b"k" * 32, out=out, progress=Silent())
        files.append(out)
    linked = [path if (path := linked_path(file, ENTITY)).exists() else None for file in files]
    columns, rows = derived(tmp_path, files, linked)
    truth = derive_linked(pq.read_table(simulation.linked_truth), PROFILE)
    names = PROFILE.linked().names
    assert Counter(rows.select(names).rows()) == Counter(pl.DataFrame(pa.table(truth)).cast(pl.String).rows())
    assert columns.height == simulation.shared
    flat, _ = flatten(*(table.rename({LINK: "id"}).to_arrow() for table in (columns, rows)), PROFILE)
    assert flat.num_rows == columns.height
    any_exploiter = rows.filter(pl.col("IP_Exploiter") == "1")[LINK].n_unique()
    assert flat["IP_Exploiter"].to_pylist().count("1") == any_exploiter > 0
