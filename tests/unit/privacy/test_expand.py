"""Records in shards: as good as in one piece, at a cost of a row and in a memory that do not grow."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.support.engine import WHEN, NoNoise, small_schema, some_people
from tests.support.protected_twin import Seeded

from ctdc.privacy import outputs
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.alone import worse_counts, worse_than_alone
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.expand import Shards
from ctdc.privacy.measure import measure
from ctdc.privacy.plan import make_plan
from ctdc.privacy.protect import protect
from ctdc.privacy.settings import Settings
from ctdc.privacy.structure import forbidden_pairs
from ctdc.privacy.synthesise import synthesise
from ctdc.table.constraints import Implication
from ctdc.table.count import marginal
from ctdc.table.schema import Schema
from ctdc.workflow.any_table import other_shapes

pytestmark = pytest.mark.slow
SIZES = (4, 2, 3, 2, 40, 3, 2)
ROWS = 12_000


@pytest.fixture(scope="module")
def found() -> Estimates:
    """Of some people, with noise as large as a protection has it, and the same every time."""
    people = some_people(SIZES, ROWS, seed=3).matrix()
    return estimate(measure(people, make_plan(SIZES, Guarantee(4, 1e-6), 3), Seeded()))


def error(found: Estimates, records: np.ndarray, length: int) -> float:
    """Root of the mean squared distance from the estimates, over measured cells of tables of `length` variables."""
    squares, cells = 0.0, 0
    for attributes in (one for one in found.sets if len(one) == length):
        table = found.table(attributes)
        distance = marginal(records, found.sizes, attributes) - table
        squares += float(np.nansum(distance**2))
        cells += int(np.isfinite(table).sum())
    return math.sqrt(squares / cells)


def built(found: Estimates, rows: int, shard: int, seed: int = 7) -> tuple[Shards, list[np.ndarray]]:
    shards = Shards(found, rows, seed, shard=shard)
    return shards, list(shards.build())


@pytest.mark.parametrize("shard", [6_000, 1_500])
def test_shards_fit_as_well_as_one_piece(found: Estimates, shard: int) -> None:
    """Of combinations of one to three: what is left of the last shard is no more than what one search leaves."""
    whole = synthesise(found, ROWS, seed=7)
    shards, parts = built(found, ROWS, shard)
    together = np.concatenate(parts, axis=1)
    assert together.shape == whole.shape
    assert shards.number == len(parts) == ROWS // shard
    for length in (1, 2, 3):
        assert error(found, together, length) <= 1.05 * error(found, whole, length) + 0.05
    assert worse_counts(found, shards.table, ROWS) == worse_than_alone(found, together) == []


def test_every_shard_is_like_the_whole(found: Estimates) -> None:
    """Whoever reads a shard alone reads a sample of the same people, not a part of them that was left over."""
    shards, parts = built(found, ROWS, 3_000)
    for part in parts:
        for variable in range(len(SIZES)):
            share = found.table((variable,)) / ROWS
            own = np.bincount(part[variable], minlength=SIZES[variable]) / part.shape[1]
            assert np.abs(own - share).max() < 0.02
    assert len({part.tobytes() for part in parts}) == shards.number, "no shard is a copy"


def test_the_counts_that_shards_keep_are_those_of_their_records(found: Estimates) -> None:
    shards, parts = built(found, 5_000, 1_000)
    together = np.concatenate(parts, axis=1)
    for attributes in found.sets:
        if len(attributes) < 3:
            np.testing.assert_array_equal(shards.table(attributes), marginal(together, SIZES, attributes))


def test_the_same_seed_gives_the_same_records_and_one_shard_is_the_one_piece(found: Estimates) -> None:
    one, two = (np.concatenate(built(found, 4_000, 1_000)[1], axis=1) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, np.concatenate(built(found, 4_000, 1_000, seed=8)[1], axis=1))
    np.testing.assert_array_equal(built(found, 2_000, 2_000)[1][0], synthesise(found, 2_000, 7))


@pytest.mark.parametrize("rows", [0, 1, 999, 1001])
def test_shards_are_as_long_as_asked(found: Estimates, rows: int) -> None:
    _, parts = built(found, rows, 1_000)
    lengths = [part.shape[1] for part in parts]
    assert sum(lengths) == rows
    assert max(lengths) - min(lengths) <= 1


def test_no_shard_has_what_cannot_be(found: Estimates) -> None:
    plain = small_schema(SIZES)
    schema = Schema(plain.variables, (Implication("a", ("a1",), "c", ("c2",)),))
    forbidden = forbidden_pairs(schema)
    for part in Shards(found, 3_000, 1, forbidden, shard=1_000).build():
        for (first, second), cells in forbidden.items():
            assert not cells[part[first], part[second]].any()


def test_a_release_in_shards_has_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written shard by shard, and the other shapes are made from what was written."""
    monkeypatch.setattr(outputs, "AT_ONCE", 1_000)
    monkeypatch.setattr("ctdc.privacy.expand.SHARD", 500)
    people = some_people(SIZES, 1_700)
    finish = other_shapes(people.schema, None, ("long", "condensed"))
    statement = protect(
        lambda: people,
        people.schema,
        Settings(Guarantee(4, 1e-6), seed=3),
        tmp_path / "out",
        tmp_path / "ledger.jsonl",
        WHEN,
        noise=NoNoise(),
        finish=finish,
    )
    assert (statement["records"], statement["synthesis_shards"]) == (1_700, 4)
    wide = pl.read_parquet(tmp_path / "out" / "synthetic.parquet")
    assert wide.height == 1_700
    assert pl.read_csv(tmp_path / "out" / "synthetic.csv", infer_schema_length=0).equals(wide.cast(pl.String))
    assert pl.read_parquet(tmp_path / "out" / "synthetic_condensed.parquet").equals(wide.cast(pl.String))
    long = pl.read_parquet(tmp_path / "out" / "synthetic_long.parquet")
    known = sum(wide[name].drop_nulls().len() for name in wide.columns)
    assert long.height == known
    assert (long["subject"].min(), long["subject"].max()) == (1, 1_700)
    for name in wide.columns:
        counted = long.filter(pl.col("attribute") == name)["value"].value_counts().sort("value")
        assert counted.equals(wide[name].cast(pl.String).drop_nulls().alias("value").value_counts().sort("value"))
