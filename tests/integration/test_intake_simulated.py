"""Five native shapes through intake: clean deliveries give the truth, and every spoilt cell is caught."""

import csv
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ctdc.foundation.progress import Silent
from ctdc.intake.harmonise import check, harmonise
from ctdc.intake.mapping import load_mapping
from ctdc.simulate.write import Simulation, write_deliveries
from ctdc.standard import load

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    return write_deliveries(tmp_path_factory.mktemp("clean") / "sim", cases=600, seed=5, dirt=0.0, progress=Silent())


def test_clean_deliveries_give_the_truth_cell_by_cell(clean: Simulation, tmp_path: Path) -> None:
    truth = {(row["_contributor"], row["_row"]): row for row in pq.read_table(clean.truth).to_pylist()}
    found = {}
    for delivery in clean.deliveries:
        out = tmp_path / f"{delivery.contributor}.parquet"
        mapping = load_mapping(delivery.mapping)
        report = harmonise(delivery.source, mapping, subject_key=b"k" * 32, out=out, progress=Silent())
        assert report.promotable
        found |= {(row["_contributor"], row["_row"]): row for row in pq.read_table(out).to_pylist()}
    assert found.keys() == truth.keys()
    for name in load().variables:
        for column in (name, f"{name}.missing"):
            assert {key: row[column] for key, row in found.items()} == {key: row[column] for key, row in truth.items()}


def test_every_spoilt_cell_is_caught_where_it_stands(tmp_path: Path) -> None:
    simulation = write_deliveries(tmp_path / "sim", cases=800, seed=7, dirt=0.2, progress=Silent())
    with simulation.dirt_record.open(encoding="utf-8", newline="") as stream:
        dirt = defaultdict(list)
        for row in csv.DictReader(stream):
            dirt[row["contributor"]].append(row)
    missed = []
    for delivery in simulation.deliveries:
        report = check(delivery.source, load_mapping(delivery.mapping), progress=Silent())
        cells = {(issue.row, part) for issue in report.issues for part in issue.column.split(" / ")}
        blockers = {blocker.code for blocker in report.blockers}
        for piece in dirt[delivery.contributor]:
            caught = (int(piece["row"]), piece["column"]) in cells
            if piece["kind"] == "stray_space":
                assert not caught, piece
            elif piece["kind"] == "duplicate_id":
                assert blockers & {"intake.id_repeated", "intake.id_spelling"}, piece
            elif not caught:
                missed.append(piece)
    assert not missed
