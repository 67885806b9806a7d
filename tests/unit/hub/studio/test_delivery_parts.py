"""The parts of deliveries by themselves: folders in memory, letters, differences, columns, mappings' files, figures."""

import fcntl
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from tests.unit.hub.studio.delivering import (
    Scene,
    announced,
    make_agreement,
    make_mapping,
    make_scene,
)
from tests.unit.hub.studio.things import release_values

from ctdc.foundation.errors import Refused, UserError
from ctdc.hub.studio.deliveries import letters, memory, reports
from ctdc.hub.studio.deliveries.announced import read_announced
from ctdc.hub.studio.deliveries.columns import check_columns
from ctdc.hub.studio.deliveries.differences import differences
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.opening import vault_with_keys
from ctdc.hub.studio.deliveries.preview import covered
from ctdc.hub.studio.desk import acts as desk
from ctdc.hub.studio.desk.models import Publication
from ctdc.hub.studio.mappings import acts as mapping_acts
from ctdc.hub.studio.mappings import files
from ctdc.hub.studio.mappings.models import Line, MappingVersion
from ctdc.hub.studio.mappings.workbench import Meaning, meaning_of
from ctdc.hub.studio.people.models import Person
from ctdc.release.manifest import read_manifest

sys.path.insert(0, str(Path(__file__).parents[3] / "support"))
from invented_release import write_release

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def scene(everybody: dict[str, Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return make_scene(everybody, tmp_path, monkeypatch)


def test_a_private_folder_is_gone_afterwards(scene: Scene) -> None:
    with pytest.raises(KeyboardInterrupt), memory.private_folder() as folder:
        (folder / "cases.csv").write_text("x")
        assert folder.stat().st_mode & 0o077 == 0 and folder.parent.stat().st_mode & 0o077 == 0
        raise KeyboardInterrupt
    assert not folder.exists()


def test_what_a_killed_worker_left_is_removed_and_what_another_uses_is_not(scene: Scene) -> None:
    with memory.private_folder() as used:
        parent = used.parent
        killed = parent / "00killed"
        script = (
            "import fcntl, os, pathlib, signal, sys\n"
            "folder = pathlib.Path(sys.argv[1])\n"
            "lock = folder.with_suffix('.lock').open('w')\n"
            "fcntl.flock(lock, fcntl.LOCK_EX)\n"
            "folder.mkdir(); (folder / 'cases.csv').write_text('x')\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        assert subprocess.run([sys.executable, "-c", script, str(killed)], check=False).returncode == -9
        assert (killed / "cases.csv").exists()
        (bare := parent / "01bare").mkdir()
        memory.clear_abandoned()
        assert (killed.exists(), bare.exists(), used.exists()) == (False, False, True)
        with used.with_suffix(".lock").open() as stream, pytest.raises(BlockingIOError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("wrong", ["open", "link", "owner"])
def test_a_place_that_somebody_else_may_enter_is_not_used(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    parent, elsewhere = memory._parent(), scene.folder / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    if wrong == "link":
        parent.symlink_to(elsewhere)
    else:
        parent.mkdir(mode=0o700)
        parent.chmod(0o755 if wrong == "open" else 0o700)
    monkeypatch.setattr(memory.os, "geteuid", lambda: parent.lstat().st_uid + (wrong == "owner"))
    with pytest.raises(UserError, match="somebody else") as error, memory.private_folder():
        pass
    assert error.value.detail.code == "studio.memory"
    assert not list(elsewhere.iterdir()) and not list(parent.iterdir())


def test_a_lock_that_another_cleared_away_is_not_relied_on(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    locks = fcntl.flock
    cleared: list[str] = []

    def late(stream: IO[str], how: int) -> None:
        if how == fcntl.LOCK_EX and not cleared:  # between opening it and holding it
            memory.clear_abandoned()
            cleared.append(stream.name)
        locks(stream, how)

    monkeypatch.setattr(memory.fcntl, "flock", late)
    with memory.private_folder() as folder:
        lock = folder.with_suffix(".lock")
        assert lock.exists() and cleared and str(lock) not in cleared
        memory.clear_abandoned()
        assert folder.exists()
    assert list(folder.parent.iterdir()) == []


def test_a_letter_is_read_by_the_worker_alone_and_destroyed(scene: Scene) -> None:
    letter = letters.seal("رقم ٧ / case 7")
    parts = list((scene.folder / "letters").rglob("piece-*"))
    assert len(parts) == 1 and b"case 7" not in parts[0].read_bytes()
    other = letters.seal("7")
    assert {path.stat().st_size for path in (scene.folder / "letters").rglob("piece-*")} == {parts[0].stat().st_size}
    assert letters.read(vault_with_keys(), letter) == "رقم ٧ / case 7"
    letters.destroy(letter)
    assert (letters.is_there(letter), letters.is_there(other)) == (False, True)
    with pytest.raises(UserError):
        letters.is_there("../vault")


def test_names_of_files_and_reports_open_in_their_place_alone(scene: Scene, everybody: dict[str, Person]) -> None:
    sealed = reports.seal_name("one", "cases of Anna B.csv")
    assert (reports.open_name("one", sealed), "Anna" in sealed) == ("cases of Anna B.csv", False)
    with pytest.raises(UserError):
        reports.open_name("two", sealed)
    assert (scene.folder / reports.KEY).stat().st_mode & 0o077 == 0
    one, two = Delivery(folder="one", checks=1), Delivery(folder="two", checks=1)
    reports.store(one, 1, {reports.REPORT: b'{"secret": 1}'})
    assert reports.latest(one) == {"secret": 1}
    moved = scene.folder / "reports" / "two" / "1"
    moved.mkdir(parents=True)
    (moved / reports.REPORT).write_bytes((scene.folder / "reports" / "one" / "1" / reports.REPORT).read_bytes())
    assert reports.latest(two) is None
    reports.forget(one)
    assert reports.latest(one) is None


def _report(rows: int, columns: list[str], values: list[str], known: int) -> dict[str, object]:
    return {
        "rows_read": rows,
        "rows_written": rows,
        "receipts": [{"imported_columns": columns, "ignored_columns": []}],
        "values": [{"column": "a", "value": one} for one in values],
        "variables": [{"variable": "gender", "known": known, "rows": rows}],
    }


def test_differences_between_two_reports() -> None:
    found = differences(_report(10, ["a", "b"], ["x", "y"], 9), _report(20, ["a", "c"], ["y", "z"], 10))
    assert (found.rows, found.new_columns, found.gone_columns) == ((10, 20), ("c",), ("b",))
    assert (found.new_values, found.gone_values) == ((("a", "z"),), (("a", "x"),))
    assert [(one.variable, one.before, one.after) for one in found.known] == [("gender", 0.9, 0.5)]
    same = _report(10, ["a"], ["x"], 9)
    assert differences(same, same).known == ()


def test_only_columns_can_be_accepted() -> None:
    assert check_columns(["gender", "ageBroad"]) == ["ageBroad", "gender"]
    with pytest.raises(UserError) as error:
        check_columns(["Anna B"])
    assert "Anna" not in str(error.value)


@pytest.mark.parametrize("name", ["", "a/b.csv", "a\\b.csv", ".x", "~$x.xlsx", "a\nb.csv", "x" * 201])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(UserError, match="name"):
        read_announced(json.loads(announced({name: b"x"})))


def test_two_files_of_one_name_cannot_be() -> None:
    with pytest.raises(UserError, match="same name"):
        read_announced(json.loads(announced({"a.csv": b"x", "A.CSV": b"y"})))


def test_a_mapping_speaks_of_its_own_organisation_and_has_examples(scene: Scene) -> None:
    structure, values = files.shipped("sim-hotline")
    with pytest.raises(Refused, match="sim-hotline"):
        mapping_acts.propose(scene.people["steward"], scene.shelter, structure, values)
    own = structure.replace("contributor: sim-hotline", "contributor: shelter")
    with pytest.raises(Refused, match="no examples"):
        mapping_acts.propose(scene.people["steward"], scene.shelter, own[: own.index("\ntests:")], values)
    with pytest.raises(UserError, match=r"mapping\.yaml"):
        mapping_acts.propose(scene.people["steward"], scene.shelter, "format: [", values)
    assert not MappingVersion.objects.exists()
    version = mapping_acts.propose(scene.people["steward"], scene.shelter, own, values)
    with pytest.raises(ValidationError, match="open"):
        mapping_acts.propose(scene.people["steward"], scene.shelter, own, values)
    with pytest.raises(ValidationError, match="themselves"):
        mapping_acts.approve(scene.people["steward"], version)
    mapping_acts.reject(scene.people["reviewer"], version)
    with pytest.raises(ValidationError, match="already"):
        mapping_acts.approve(scene.people["reviewer"], version)


def test_a_version_whose_examples_fail_is_not_approved(scene: Scene) -> None:
    version = make_mapping(scene.people, scene.shelter)
    meaning = Meaning("Victim Gender", "Lady", "gender", "Woman")
    line = mapping_acts.propose_line(scene.people["steward"], scene.shelter, meaning)
    mapping_acts.decide_line(scene.people["reviewer"], line, True)
    broken = line.version
    # What an example expects is changed behind the back of whoever approves.
    example = broken.structure.index("\ntests:")
    changed = broken.structure[example:].replace("citizenship: MEX", "citizenship: USA", 1)
    assert changed != broken.structure[example:]
    MappingVersion.objects.filter(pk=broken.pk).update(structure=broken.structure[:example] + changed)
    with pytest.raises(UserError) as error:
        mapping_acts.approve(scene.people["reviewer"], broken)
    assert error.value.detail.code == "intake.example"
    version.refresh_from_db()
    assert (version.state, Line.objects.get().state) == ("approved", "approved")


def test_a_value_has_one_meaning_in_a_version(scene: Scene) -> None:
    make_mapping(scene.people, scene.shelter)
    meaning = Meaning("Victim Gender", "Lady", "gender", "Woman")
    mapping_acts.propose_line(scene.people["steward"], scene.shelter, meaning)
    with pytest.raises(ValidationError):
        mapping_acts.propose_line(scene.people["shelter"], scene.shelter, meaning)
    for wrong in (
        Meaning("Victim Gender", "x", "gender", "Robot"),
        Meaning("Victim Gender", "x", "shoe size", "9"),
        Meaning("Victim Gender", "x", "gender", "", "no such reason"),
    ):
        with pytest.raises(UserError):
            mapping_acts.propose_line(scene.people["steward"], scene.shelter, wrong)


def test_masked_and_understood_values_are_not_mapped() -> None:
    line = {"column": "c", "value": "v", "targets": ["gender"], "status": "unmapped"}
    report = {"values": [line, line | {"masked": True}, line | {"status": "mapped"}]}
    assert meaning_of(report, 0, "gender=Woman").code == "Woman"
    for row, choice in (
        (1, "gender=Woman"),
        (2, "gender=Woman"),
        (3, "gender=Woman"),
        (-1, "x"),
        (0, "age=1"),
        (0, ""),
    ):
        with pytest.raises(UserError):
            meaning_of(report, row, choice)


@pytest.mark.heavy
def test_figures_come_from_the_latest_release_and_coverage_from_the_mapping(
    scene: Scene, signed_in: Callable[[Person], Client]
) -> None:
    make_agreement(scene.people, scene.shelter)
    version = make_mapping(scene.people, scene.shelter)
    coverage = covered(version)
    assert (coverage["gender"], coverage["isForcedMarriage"]) == ("covered", "absent")
    assert set(coverage.values()) == {"covered", "partial", "absent"}
    client = signed_in(scene.people["shelter"])
    assert "Nothing was published yet" in client.get("/deliveries/published/").content.decode()
    made = write_release(scene.folder / "made")
    (releases := scene.folder / "releases").mkdir()
    folder = made.rename(releases / made.name)
    assert "Nothing was published yet" in client.get("/deliveries/published/").content.decode(), "it merely lies there"
    plan = desk.draft(scene.people["steward"], release_values(), new_population=True)
    Publication.objects.create(release=plan, identifier=read_manifest(folder)[0], folder=folder.name)
    page = client.get("/deliveries/published/").content.decode()
    assert folder.name in page and re.search(r"<bdi>\d+–\d+</bdi>", page)
    hotline = signed_in(scene.people["hotline"]).get("/deliveries/published/?organisation=shelter")
    assert "Harbour shelter" not in hotline.content.decode()
