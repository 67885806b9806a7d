"""From a coded table to a folder: in which order, what it holds, and what is left when it fails."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.support.engine import WHEN, Failing, Integers, Invented, NoNoise, small_schema, some_people

from ctdc.foundation.errors import Refused, UserError
from ctdc.privacy import ledger, outputs
from ctdc.privacy import protect as module
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.aggregates import aggregate_table
from ctdc.privacy.estimate import estimate
from ctdc.privacy.noise import NoiseSource
from ctdc.privacy.protect import protect
from ctdc.privacy.settings import Settings
from ctdc.privacy.stored import read_measurements
from ctdc.table.coded import CodedTable
from ctdc.table.schema import read_schema

pytestmark = pytest.mark.slow

SIZES = (3, 2, 4)
SCHEMA = small_schema(SIZES)
SETTINGS = Settings(Guarantee(2, 1e-6), seed=3)
FILES = [
    "aggregates.csv",
    "aggregates.parquet",
    "measurements.parquet",
    "privacy.json",
    "report.html",
    "schema.json",
    "synthetic.csv",
    "synthetic.parquet",
]


def protected(
    tmp_path: Path,
    people: CodedTable | None = None,
    noise: NoiseSource | None = None,
    settings: Settings = SETTINGS,
    **options: Any,
) -> dict[str, Any]:
    people = people or some_people(SIZES, 200)
    return protect(
        lambda: people,
        people.schema,
        settings,
        tmp_path / "out",
        tmp_path / "ledger.jsonl",
        WHEN,
        noise=noise,
        **options,
    )


def charges(tmp_path: Path) -> int:
    return sum(line.event["kind"] == "charge" for line in ledger.read(tmp_path / "ledger.jsonl"))


def everything(tmp_path: Path) -> list[str]:
    """What is visible and what is hidden, but for the lock, which holds nothing."""
    return sorted(path.name for path in tmp_path.iterdir() if path.name != "ledger.jsonl.lock")


def test_the_folder_holds_what_is_promised(tmp_path: Path) -> None:
    statement = protected(tmp_path)
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert everything(tmp_path) == ["ledger.jsonl", "out"]
    assert json.loads((out / "privacy.json").read_text()) == statement
    assert read_schema(out / "schema.json") == SCHEMA
    assert statement["publishable"] is True
    assert statement["schema_hash"] == SCHEMA.content_hash()
    assert statement["certified_epsilon"] <= statement["epsilon"] == 2
    assert statement["unprotected_quantities"] == []
    assert charges(tmp_path) == 1


def test_records_are_as_many_as_the_protected_total_and_hold_codes_only(tmp_path: Path) -> None:
    statement = protected(tmp_path)
    parquet = pl.read_parquet(tmp_path / "out" / "synthetic.parquet")
    assert len(parquet) == max(0, round(statement["total"]["count"])) == statement["records"]
    assert parquet.columns == list(SCHEMA.names)
    for variable in SCHEMA.variables:
        assert set(parquet[variable.name].drop_nulls().cast(pl.String)) <= set(variable.codes)
    csv = pl.read_csv(tmp_path / "out" / "synthetic.csv", infer_schema_length=0)
    assert csv.equals(parquet.cast(pl.String))


def test_the_published_counts_can_be_computed_from_the_published_measurements(tmp_path: Path) -> None:
    statement = protected(tmp_path)
    found = estimate(read_measurements(tmp_path / "out" / "measurements.parquet", SCHEMA))
    recomputed = pl.DataFrame(aggregate_table(SCHEMA, found, statement["threshold"]))
    assert pl.read_parquet(tmp_path / "out" / "aggregates.parquet").equals(recomputed)
    written = pl.read_csv(tmp_path / "out" / "aggregates.csv")
    assert written["attributes"].equals(recomputed["attributes"])
    assert written["count"].equals(recomputed["count"])
    assert recomputed["count"][0] == statement["total"]["count"]


def test_all_aggregates_on_request(tmp_path: Path) -> None:
    statement = protected(tmp_path, settings=Settings(Guarantee(2, 1e-6), every_aggregate=True))
    assert statement["aggregates"] == "all"
    assert len(pl.read_parquet(tmp_path / "out" / "aggregates.parquet")) == 1 + 6 + 11 + 6


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize(("sizes", "length"), [((2,), 1), ((2,), 3), ((3, 2), 2), ((301,), 1)])
def test_tiny_tables_go_all_the_way(tmp_path: Path, rows: int, sizes: tuple[int, ...], length: int) -> None:
    settings = Settings(Guarantee(1, 1e-6), length=length)
    statement = protected(tmp_path, some_people(sizes, rows), settings=settings)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES
    assert len(pl.read_parquet(tmp_path / "out" / "synthetic.parquet")) == statement["records"]


def test_a_negative_total_means_no_records(tmp_path: Path) -> None:
    statement = protected(tmp_path, noise=Invented(-20))
    assert statement["total"]["count"] == -20
    assert statement["records"] == 0
    assert len(pl.read_parquet(tmp_path / "out" / "synthetic.parquet")) == 0
    assert (tmp_path / "out" / "synthetic.csv").read_text().splitlines() == ['"a","b","c"']


@pytest.mark.parametrize("noise", [NoNoise(), Invented()])
def test_what_a_test_s_noise_measured_is_marked_unpublishable(tmp_path: Path, noise: NoiseSource) -> None:
    assert protected(tmp_path, noise=noise)["publishable"] is False
    assert json.loads((tmp_path / "out" / "privacy.json").read_text())["publishable"] is False
    assert read_measurements(tmp_path / "out" / "measurements.parquet", SCHEMA).publishable is False


# ---- the order of things --------------------------------------------------------------------------------------------


def test_the_charge_is_on_the_disk_before_anything_is_measured(tmp_path: Path) -> None:
    seen: list[int] = []

    class Looking(NoNoise):
        def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
            seen.append(charges(tmp_path))
            return super().add(exact, scale, squared_sensitivity)

    protected(tmp_path, noise=Looking())
    assert seen
    assert set(seen) == {1}


def test_the_charge_is_the_plan_s_cost_and_says_what_for(tmp_path: Path) -> None:
    statement = protected(tmp_path)
    event = ledger.read(tmp_path / "ledger.jsonl")[0].event
    assert event["rho_billionths"] == pytest.approx(statement["rho"] * 1e9, abs=1)
    assert event["rho_billionths"] >= statement["rho"] * 1e9
    assert event["details"] | {"plan_hash": ""} == {
        "epsilon": 2, "delta": 1e-6, "length": 3, "schema_hash": SCHEMA.content_hash(), "plan_hash": "",
    }  # fmt: skip


def test_a_failure_while_measuring_has_been_paid_for_and_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="stops here"):
        protected(tmp_path, noise=Failing())
    assert charges(tmp_path) == 1
    assert everything(tmp_path) == ["ledger.jsonl"]


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.support.engine import WHEN, some_people
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.settings import Settings
from ctdc.privacy.protect import protect

class Killing:
    publishable = False
    def add(self, exact, scale, squared_sensitivity):
        os.kill(os.getpid(), signal.SIGKILL)

people, here = some_people((3, 2), 20), Path(sys.argv[1])
protect(lambda: people, people.schema, Settings(Guarantee(1, 1e-6)), here / "out", here / "ledger.jsonl", WHEN,
        noise=Killing())
"""


def test_a_kill_while_measuring_has_been_paid_for_and_shows_no_folder(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=root, capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    assert charges(tmp_path) == 1
    assert not (tmp_path / "out").exists()
    protected(tmp_path)
    assert charges(tmp_path) == 2


def unreadable() -> CodedTable:
    raise UserError("table.unknown_code", "A file that is no good.")


def test_a_broken_file_costs_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no good"):
        protect(unreadable, SCHEMA, SETTINGS, tmp_path / "out", tmp_path / "ledger.jsonl", WHEN)
    assert everything(tmp_path) == []


def test_records_of_another_schema_cost_nothing(tmp_path: Path) -> None:
    people = some_people((3, 3), 5)
    with pytest.raises(ValueError, match="another schema"):
        protect(lambda: people, SCHEMA, SETTINGS, tmp_path / "out", tmp_path / "ledger.jsonl", WHEN)
    assert everything(tmp_path) == []


def test_an_impossible_plan_is_refused_before_the_records_are_read(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        protect(unreadable, SCHEMA, Settings(Guarantee(1, 1e-6), length=9), tmp_path / "out", tmp_path / "l", WHEN)
    assert caught.value.detail.code == "privacy.length"
    assert everything(tmp_path) == []


def test_a_folder_that_exists_is_left_alone_and_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError) as caught:
        protect(unreadable, SCHEMA, SETTINGS, tmp_path / "out", tmp_path / "ledger.jsonl", WHEN)
    assert caught.value.detail.code == "files.exists"
    assert everything(tmp_path) == ["out"]


def test_beyond_the_budget_nothing_is_measured(tmp_path: Path) -> None:
    ledger.set_budget(tmp_path / "ledger.jsonl", "default", Guarantee(1, 1e-6), WHEN)
    with pytest.raises(Refused):
        protected(tmp_path, noise=Failing())
    assert everything(tmp_path) == ["ledger.jsonl"]
    assert charges(tmp_path) == 0


@pytest.mark.parametrize("threshold", [-1, float("nan"), float("inf")])
def test_a_threshold_that_is_none(threshold: float) -> None:
    with pytest.raises(UserError) as caught:
        Settings(Guarantee(1, 1e-6), threshold=threshold)
    assert caught.value.detail.code == "privacy.threshold"


# ---- a failure after the payment ------------------------------------------------------------------------------------


def fail(*_: object) -> str:
    raise OSError("no space left")


def test_a_failure_while_publishing_is_continued_without_a_second_payment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(outputs, "report_html", fail)
        with pytest.raises(OSError, match="no space"):
            protected(tmp_path, identity="this work")
    assert not (tmp_path / "out").exists()
    kept = read_measurements(tmp_path / ".out.measured" / "measurements.parquet", SCHEMA)
    protected(tmp_path, identity="this work", noise=Failing())
    assert charges(tmp_path) == 1
    published = read_measurements(tmp_path / "out" / "measurements.parquet", SCHEMA)
    assert all(np.array_equal(kept.values[key], published.values[key]) for key in kept.values)
    assert everything(tmp_path) == ["ledger.jsonl", "out"]


@pytest.mark.parametrize("identity", ["other work", ""])
def test_measurements_of_other_work_are_not_taken_for_this(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identity: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(outputs, "report_html", fail)
        with pytest.raises(OSError, match="no space"):
            protected(tmp_path, identity="this work")
    with pytest.raises(UserError) as caught:
        protected(tmp_path, identity=identity)
    assert caught.value.detail.code == "protect.other_work"
    assert charges(tmp_path) == 1


def test_what_is_published_must_be_what_was_paid_for(tmp_path: Path) -> None:
    people = some_people(SIZES, 20)
    module.measure_records(lambda: people, SCHEMA, SETTINGS, tmp_path / "m", tmp_path / "ledger.jsonl", WHEN)
    with pytest.raises(ValueError, match="paid"):
        module.publish_measurements(tmp_path / "m", Settings(Guarantee(1, 1e-6)), tmp_path / "out")
    for number, threshold in enumerate((10.0, 20.0)):
        again = Settings(Guarantee(2, 1e-6), threshold=threshold, seed=number)
        module.publish_measurements(tmp_path / "m", again, tmp_path / f"out{number}")
    assert charges(tmp_path) == 1
