"""What is published depends on a record only through the noisy measurements.

The engine is run on very different tables with a noise source that ignores the true numbers and returns invented
ones. Whatever then differs between two runs (a byte of a file, a name, a step of the progress, a charge, a printed
letter) has reached the outside beside the noise.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.support.engine import WHEN, Invented, Listener, NoNoise, small_schema, some_people

from ctdc.foundation.hashing import hash_tree
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.noise import NoiseSource
from ctdc.privacy.protect import protect
from ctdc.privacy.settings import Settings
from ctdc.table.coded import CodedTable, table_from_matrix

pytestmark = pytest.mark.slow

SIZES = (3, 2, 5, 2)
SCHEMA = small_schema(SIZES)
Capture = pytest.CaptureFixture[str]


def with_one_more(people: CodedTable, person: tuple[int, ...]) -> CodedTable:
    return table_from_matrix(SCHEMA, np.column_stack([people.matrix(), person]))


CROWD = some_people(SIZES, 300)
TABLES = {
    "everybody": CROWD,
    "and one odd person": with_one_more(CROWD, (2, 1, 4, 1)),
    "and one who told nothing": with_one_more(CROWD, (0, 0, 0, 0)),
    "one person alone": table_from_matrix(SCHEMA, np.array([[2], [1], [4], [1]])),
    "nobody": some_people(SIZES, 0),
    "a hundred alike": table_from_matrix(SCHEMA, np.repeat([[1], [0], [3], [1]], 100, axis=1)),
}


@dataclass(frozen=True)
class Outside:
    """All that anybody but the engine gets to see of a run."""

    files: dict[str, str]
    progress: list[tuple[object, ...]]
    ledger: str
    statement: str
    printed: tuple[str, str]


def seen_from_outside(people: CodedTable, noise: NoiseSource, folder: Path, capfd: Capture) -> Outside:
    folder.mkdir()
    listener = Listener()
    settings = Settings(Guarantee(2, 1e-6), every_aggregate=True, seed=1)
    statement = protect(
        lambda: people, SCHEMA, settings, folder / "out", folder / "ledger", WHEN, noise=noise, progress=listener
    )
    files = {path.name: path.read_bytes().hex() for path in (folder / "out").iterdir()}
    return Outside(files, listener.events, (folder / "ledger").read_text(), json.dumps(statement), capfd.readouterr())


@pytest.mark.parametrize("total", [-5, 0, 1, 250])
def test_without_the_measurements_all_tables_look_the_same(tmp_path: Path, capfd: Capture, total: int) -> None:
    views = [
        seen_from_outside(people, Invented(total), tmp_path / name.replace(" ", "-"), capfd)
        for name, people in TABLES.items()
    ]
    first = views[0]
    assert len(first.files) == 8
    for view in views[1:]:
        assert [name for name in first.files if view.files[name] != first.files[name]] == []
        assert view == first


def test_this_test_sees_a_person_who_gets_past_the_noise(tmp_path: Path, capfd: Capture) -> None:
    """The same comparison without any noise: one person more is seen in every file that holds numbers."""
    one, other = (
        seen_from_outside(TABLES[name], NoNoise(), tmp_path / name.replace(" ", "-"), capfd)
        for name in ("everybody", "and one odd person")
    )
    differ = {name for name in one.files if one.files[name] != other.files[name]}
    assert differ >= {"aggregates.csv", "measurements.parquet", "privacy.json", "synthetic.csv"}
    assert one.files["schema.json"] == other.files["schema.json"]
    (paid, done), (paid_too, done_too) = (view.ledger.splitlines() for view in (one, other))
    assert paid == paid_too
    assert done != done_too, "the end names the hash of what was measured"


def test_the_same_measurements_give_the_same_bytes(tmp_path: Path, capfd: Capture) -> None:
    for name in ("a", "b"):
        seen_from_outside(CROWD, Invented(100), tmp_path / name, capfd)
    assert hash_tree(tmp_path / "a" / "out") == hash_tree(tmp_path / "b" / "out")


def test_codes_that_nobody_has_are_published_like_all_others(tmp_path: Path, capfd: Capture) -> None:
    """The domain is public, so a value's absence from the records must not be seen from its absence in a file."""
    nobody_has = table_from_matrix(SCHEMA, np.array([[1] * 50, [0] * 50, [2] * 50, [0] * 50]))
    seen_from_outside(nobody_has, Invented(50), tmp_path / "x", capfd)
    lines = (tmp_path / "x" / "out" / "aggregates.csv").read_text()
    for variable in SCHEMA.variables:
        for code in variable.codes:
            assert f'{{""{variable.name}"":""{code}""}}' in lines
