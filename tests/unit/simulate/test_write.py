"""A whole simulation: equal bytes for equal seeds, labels everywhere, limits that say what is allowed."""

import csv
import re
from pathlib import Path
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from ctdc.cli.simulate import command
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_tree
from ctdc.foundation.progress import Silent
from ctdc.simulate import files, write
from ctdc.simulate.dirt import DIRT_COLUMNS
from ctdc.simulate.world import CONTRIBUTORS
from ctdc.simulate.write import Simulation, share_out, write_deliveries
from ctdc.standard import load


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    return write_deliveries(tmp_path_factory.mktemp("simulate") / "out", 400, 7, 0.1, Silent())


@pytest.mark.slow
def test_equal_seeds_give_equal_bytes(simulation: Simulation, tmp_path: Path) -> None:
    again = write_deliveries(tmp_path / "again", 400, 7, 0.1, Silent())
    assert hash_tree(again.folder) == hash_tree(simulation.folder)
    other = write_deliveries(tmp_path / "other", 400, 8, 0.1, Silent())
    assert hash_tree(other.folder) != hash_tree(simulation.folder)


def test_workbooks_do_not_know_when_they_were_made(simulation: Simulation) -> None:
    with ZipFile(simulation.deliveries[0].source) as book:
        assert {entry.date_time[:3] for entry in book.infolist()} == {(1980, 1, 31)}
        properties = book.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", properties)) == {"2026-01-01T00:00:00Z"}


@pytest.mark.slow
def test_dirt_does_not_change_the_people(simulation: Simulation, tmp_path: Path) -> None:
    clean = write_deliveries(tmp_path / "clean", 400, 7, 0.0, Silent())
    assert pq.read_table(clean.truth).equals(pq.read_table(simulation.truth))
    assert clean.dirt == 0
    assert clean.dirt_record.read_text("utf-8") == ",".join(DIRT_COLUMNS) + "\n"


def test_everything_says_that_it_is_simulated(simulation: Simulation) -> None:
    for delivery in simulation.deliveries:
        folder = delivery.source if delivery.source.is_dir() else delivery.source.parent
        assert all(path.name.startswith("SIMULATED") for path in folder.iterdir())
    assert "invented" in (simulation.folder / "SIMULATED.txt").read_text("utf-8")
    metadata = pq.read_schema(simulation.truth).metadata
    assert metadata[b"ctdc.simulated"] == b"yes: invented people"
    book = CalamineWorkbook.from_path(str(simulation.deliveries[0].source))
    for name in book.sheet_names:
        assert str(book.get_sheet_by_name(name).to_python()[0][0]).startswith("SIMULATED DATA")


def test_ids_are_marked_and_unique_over_all_contributors(simulation: Simulation) -> None:
    rows = list(csv.DictReader(simulation.deliveries[1].source.open(encoding="utf-8", newline="")))
    assert all(row["Case Number"].startswith("SIM-") for row in rows)
    assert rows[0]["Case Number"] == f"SIM-{simulation.deliveries[0].cases + 1:06d}"


def test_the_native_shapes_are_those_of_their_kind(simulation: Simulation) -> None:
    sources = {delivery.contributor: delivery.source for delivery in simulation.deliveries}
    book = CalamineWorkbook.from_path(str(sources["sim-aftercare"]))
    visible = {sheet.name: str(sheet.visible) for sheet in book.sheets_metadata}
    assert (visible["Clients"], visible["Lists"], visible["_export"]) == tuple(
        f"SheetVisibleEnum.{state}" for state in ("Visible", "Hidden", "VeryHidden")
    )
    text = sources["sim-registo"].read_bytes()
    with pytest.raises(UnicodeDecodeError):
        text.decode("utf-8")
    assert text.decode("cp1252").splitlines()[0].split(";")[0] == "N.º do processo"
    assert len(list(sources["sim-alliance"].glob("*.csv"))) == 5


def test_perpetrators_are_told_apart_in_three_ways(simulation: Simulation) -> None:
    sources = {delivery.contributor: delivery.source for delivery in simulation.deliveries}
    book = CalamineWorkbook.from_path(str(sources["sim-caseworks"]))
    assert book.sheet_names == ["Cases", "Perpetrators", "Codes"]
    header = rows_of(sources["sim-hotline"])[0]
    assert [name for name in header if name.endswith("Gender")] == [
        "Victim Gender",
        *(f"Trafficker {number} Gender" for number in (1, 2, 3, 4)),
    ]
    truth = pq.read_table(simulation.linked_truth)
    assert set(truth["_contributor"].to_pylist()) == {"sim-caseworks", "sim-hotline", "sim-alliance"}


def test_rows_of_perpetrators_point_at_their_lines_and_cases_over_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "BLOCK", 7)
    made = write_deliveries(tmp_path / "out", 300, 3, 0.0, Silent())
    folder = next(delivery.source for delivery in made.deliveries if delivery.contributor == "sim-alliance")
    lines = rows_of(folder / "SIMULATED_Perpetrator__c.csv")
    cases = rows_of(folder / "SIMULATED_Case__c.csv")
    place, case_id = lines[0].index("Case__c"), cases[0].index("Id")
    truth = [row for row in pq.read_table(made.linked_truth).to_pylist() if row["_contributor"] == "sim-alliance"]
    assert len(truth) > 5
    for row in truth:
        assert lines[row["_row"] - 1][place] == cases[row["_case"] - 1][case_id]


def test_the_record_of_dirt_points_at_real_cells(simulation: Simulation) -> None:
    records = list(csv.DictReader(simulation.dirt_record.open(encoding="utf-8", newline="")))
    assert len(records) == simulation.dirt > 0
    hotline = [record for record in records if record["contributor"] == "sim-hotline"]
    lines = list(csv.reader(simulation.deliveries[1].source.open(encoding="utf-8", newline="")))
    for record in hotline:
        assert lines[int(record["row"]) - 1][lines[0].index(record["column"])] == record["injected"]


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_row_numbers_go_on_from_block_to_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "BLOCK", 7)
    made = write_deliveries(tmp_path / "out", 120, 3, 0.5, Silent())
    deliveries = {delivery.contributor: delivery.source for delivery in made.deliveries}
    records = list(csv.DictReader(made.dirt_record.open(encoding="utf-8", newline="")))
    for record in records:
        if record["contributor"] != "sim-alliance":
            continue
        lines = rows_of(deliveries["sim-alliance"] / record["file"])
        assert lines[int(record["row"]) - 1][lines[0].index(record["column"])] == record["injected"]
    truth = pq.read_table(made.truth)
    hotline = [c == "sim-hotline" for c in truth["_contributor"].to_pylist()]
    assert truth.filter(hotline)["_row"].to_pylist() == list(range(2, 62))
    assert len(rows_of(deliveries["sim-hotline"])) == 61


def test_truth_has_a_value_or_a_reason_never_both(simulation: Simulation) -> None:
    truth = pq.read_table(simulation.truth)
    assert truth.num_rows == simulation.shared
    for variable in load().variables:
        filled = [value is not None for value in truth[variable].to_pylist()]
        reasons = [value is not None for value in truth[f"{variable}.missing"].to_pylist()]
        assert all(one != other for one, other in zip(filled, reasons, strict=True)), variable


@pytest.mark.parametrize("cases", [5, 6, 17, 100, 99_999])
def test_cases_are_shared_out_exactly(cases: int) -> None:
    counts = share_out(cases)
    assert sum(counts.values()) == cases
    assert min(counts.values()) >= 1
    if cases > 50:
        assert all(abs(counts[entry.key] - entry.share * cases) <= 1 for entry in CONTRIBUTORS)


@pytest.mark.parametrize(
    ("cases", "seed", "dirt", "code"),
    [(4, 1, 0.0, "simulate.cases"), (100, -1, 0.0, "simulate.seed"), (100, 1, 1.5, "simulate.dirt")],
)
def test_impossible_wishes_are_refused(tmp_path: Path, cases: int, seed: int, dirt: float, code: str) -> None:
    with pytest.raises(UserError) as error:
        write_deliveries(tmp_path / "out", cases, seed, dirt, Silent())
    assert error.value.detail.code == code
    assert not (tmp_path / "out").exists()


def test_a_sheet_that_is_full_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LAST_SHEET_ROW", 10)
    with pytest.raises(UserError, match="spreadsheet"):
        write_deliveries(tmp_path / "out", 100, 1, 0.0, Silent())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_command_tells_what_it_made(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--cases", "20", "--out", str(tmp_path / "out"), "--dirt", "0.2"])
    assert result.exit_code == 0, result.output
    assert "They describe no real person" in result.output
    assert "sim-registo" in result.output
    assert "truth.perpetrator.parquet" in result.output
    assert (tmp_path / "out" / "truth.perpetrator.parquet").is_file()
