"""From pieces to the vault: what arrives rests sealed, is checked, corrected, mapped, stored, and forgotten."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet
from django.test import Client
from tests.unit.hub.studio.delivering import (
    WRONG,
    Scene,
    begin,
    everything_on_disk,
    first_id,
    make_agreement,
    make_mapping,
    make_scene,
    send,
    simulated_files,
    upload,
    with_column,
    with_wrong_value,
    work_off,
)

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.progress import Silent
from ctdc.hub.studio.agreements.models import Agreement
from ctdc.hub.studio.deliveries import acts, arriving, jobs, letters, memory, reports
from ctdc.hub.studio.deliveries.models import Delivery, DeliveryFile
from ctdc.hub.studio.deliveries.states import MOVES, State, can_move
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.jobs.models import State as JobState
from ctdc.hub.studio.mappings import acts as mapping_acts
from ctdc.hub.studio.mappings.models import Line, MappingVersion
from ctdc.hub.studio.mappings.workbench import Meaning
from ctdc.hub.studio.people.acts import make_token, withdraw_token
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act
from ctdc.intake.words import mark_in
from ctdc.standard.languages import LANGUAGES
from ctdc.vault.access import Access
from ctdc.vault.accesslog import scan
from ctdc.vault.store import get, read_table

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SignedIn = Callable[[Person], Client]
ME = Access("test", "test")


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return simulated_files(tmp_path_factory.mktemp("hotline"))


@pytest.fixture
def scene(everybody: dict[str, Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = make_scene(everybody, tmp_path, monkeypatch)
    make_agreement(everybody, made.shelter)
    return made


@pytest.fixture
def mapped(scene: Scene) -> Scene:
    make_mapping(scene.people, scene.shelter)
    return scene


def test_what_arrives_rests_sealed_and_is_stored_when_it_is_understood(
    mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes], tmp_path: Path
) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), clean)
    assert delivery.state == State.RECEIVED
    case, name = first_id(clean), next(iter(clean))
    resting = everything_on_disk(mapped.folder)
    assert case.encode() not in resting and name.encode() not in resting
    work_off()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.counts["rows"] > 0) == (State.READY, True)
    steward = signed_in(mapped.people["steward"])
    steward.post(f"/deliveries/{delivery.pk}/promote/")
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.SEALED
    table = read_table(mapped.vault, "shelter", delivery.stored_as, "cases", ME, now())
    assert table.num_rows == delivery.counts["cases"]
    paths = get(mapped.vault, "shelter", delivery.stored_as, tmp_path / "out", ME, now())
    assert [path.read_bytes() for path in paths if path.name == name] == [clean[name]]
    assert not arriving.folder_of(delivery).exists()
    assert delivery.coverage["contributor"] == "shelter"
    assert delivery.retain_until and delivery.retain_until > now().date() + timedelta(days=5 * 365)
    assert list(memory._parent().glob("*")) == []


def test_an_upload_goes_on_where_it_was_cut_off(mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]) -> None:
    client = signed_in(mapped.people["shelter"])
    first = begin(client, clean)
    assert first.status_code == 201
    address, data = first.json()["files"][0]["address"], next(iter(clean.values()))
    assert send(client, address, 0, data[:9000]).headers["Upload-Offset"] == "9000"
    assert send(client, address, 0, data[:9000]).status_code == 409
    assert send(client, address, 9001, data[9001:]).status_code == 409
    again = begin(client, clean)
    assert (again.status_code, again.json()["delivery"]) == (200, first.json()["delivery"])
    asked = client.head(address)
    assert (asked.headers["Upload-Offset"], asked.headers["Upload-Length"]) == ("9000", str(len(data)))
    assert send(client, address, 9000, data[9000:]).status_code == 204
    delivery = Delivery.objects.get()
    assert delivery.state == State.RECEIVED
    assert send(client, address, 0, data[:10]).status_code == 409
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.READY


def test_a_file_that_is_not_the_announced_one_is_refused(
    mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]
) -> None:
    client, data = signed_in(mapped.people["shelter"]), next(iter(clean.values()))
    address = begin(client, clean).json()["files"][0]["address"]
    send(client, address, 0, data[:-1] + b"x")
    work_off()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.problem) == (State.REFUSED, "delivery.hash")
    assert not arriving.folder_of(delivery).exists()
    assert "not the one" in client.get(f"/deliveries/{delivery.pk}/").content.decode()


def test_held_back_reported_corrected_and_replaced(mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]) -> None:
    client = signed_in(mapped.people["shelter"])
    wrong = upload(client, with_wrong_value(clean))
    work_off()
    wrong.refresh_from_db()
    assert (wrong.state, wrong.problem, wrong.counts["values"]) == (State.HELD_BACK, "delivery.values", 1)
    assert WRONG not in str(list(Delivery.objects.values())) + str(list(Job.objects.values()))
    assert WRONG.encode() not in everything_on_disk(mapped.folder)
    page = client.get(f"/deliveries/{wrong.pk}/report/").content.decode()
    assert WRONG in page
    errors = client.post(f"/deliveries/{wrong.pk}/take/", {"part": "row-errors.csv"}).content.decode("utf-8-sig")
    assert errors.count(WRONG) == 3
    copy = client.post(f"/deliveries/{wrong.pk}/take/", {"part": "annotated-copy.xlsx"})
    (path := mapped.folder / "copy.xlsx").write_bytes(copy.content)
    marked = [cell for row in openpyxl.load_workbook(path).active.iter_rows() for cell in row if cell.comment]
    assert [cell.value for cell in marked] == [WRONG] * 3
    path.unlink()
    corrected = upload(client, clean, replaces=wrong.pk)
    work_off()
    wrong.refresh_from_db()
    corrected.refresh_from_db()
    assert (wrong.state, wrong.ended_because, corrected.state) == (State.WITHDRAWN, "replaced", State.READY)
    assert not arriving.folder_of(wrong).exists()
    assert "delivery.copy_taken" in Event.objects.values_list("kind", flat=True)


def test_a_delivery_without_rows_is_held_back_and_compared_with_nothing(
    mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]
) -> None:
    client, steward = signed_in(mapped.people["shelter"]), signed_in(mapped.people["steward"])
    first = upload(client, clean)
    work_off()
    empty = upload(client, {name: data.splitlines(keepends=True)[0] for name, data in clean.items()})
    work_off()
    empty.refresh_from_db()
    assert (empty.state, empty.counts["rows"], empty.counts["blockers"]) == ("held_back", 0, {"intake.no_rows": 1})
    steward.post(f"/deliveries/{empty.pk}/promote/")
    work_off()
    empty.refresh_from_db()
    assert empty.state == State.HELD_BACK
    report = client.get(f"/deliveries/{empty.pk}/report/").content.decode()
    assert "table of cases without any row to take over" in report
    assert "There is no earlier delivery to compare with." in report
    after = upload(client, with_wrong_value(clean))
    work_off()
    compared = client.get(f"/deliveries/{after.pk}/report/").content.decode()
    assert f'<p><a href="/deliveries/{first.pk}/">' in compared, "beside one without rows every value would be new"


def test_stewards_see_the_report_and_never_the_copy(
    mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]
) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), with_wrong_value(clean))
    work_off()
    steward = signed_in(mapped.people["steward"])
    assert steward.get(f"/deliveries/{delivery.pk}/report/").status_code == 200
    assert steward.post(f"/deliveries/{delivery.pk}/take/", {"part": "annotated-copy.xlsx"}).status_code == 403
    assert steward.post(f"/deliveries/{delivery.pk}/take/", {"part": "../../report.key"}).status_code == 404


NOTES = ("call Maria on +351 912 345 678", "see maria.lopez@example.org", "Mrs. Maria Lopez")
TELLING = ("912 345", "maria.lopez", "Lopez")


def test_a_column_that_nothing_reads_holds_a_delivery_back_until_it_is_taken_out(
    mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    client, steward = signed_in(mapped.people["shelter"]), signed_in(mapped.people["steward"])
    held = upload(client, with_column(clean, "Remarks", NOTES))
    work_off()
    held.refresh_from_db()
    assert (held.state, held.counts["blockers"]) == (State.HELD_BACK, {"intake.identifiers_unread": 1})
    with pytest.raises(Refused):
        acts.promote(mapped.people["steward"], held)
    shown = [steward.get(f"/deliveries/{held.pk}/").content.decode()]
    shown += [json.dumps(client.get(f"/deliveries/{held.pk}/receipt/").json())]
    for language in LANGUAGES:
        client.cookies["django_language"] = language
        page = client.get(f"/deliveries/{held.pk}/report/").content.decode()
        assert f'<html lang="{language}"' in page and "<bdi>Remarks</bdi>" in page
        assert re.search(r"<bdi>[A-Z]{1,2}</bdi> \(", page)
        shown += [page, client.post(f"/deliveries/{held.pk}/take/", {"part": "report.html"}).content.decode()]
    assert steward.post(f"/deliveries/{held.pk}/take/", {"part": "annotated-copy.xlsx"}).status_code == 403
    copy = client.post(f"/deliveries/{held.pk}/take/", {"part": "annotated-copy.xlsx"})
    (path := mapped.folder / "copy.xlsx").write_bytes(copy.content)
    sheet = openpyxl.load_workbook(path).active
    assert [(cell.value, cell.comment.text) for row in sheet.iter_rows() for cell in row if cell.comment] == [
        ("Remarks", mark_in("identifiers: email, name, phone", LANGUAGES[-1]))
    ]
    path.unlink()
    rows = [list(model.objects.values()) for model in (Delivery, DeliveryFile, Job, Event)]
    for told in (*shown, str(rows), caplog.text, everything_on_disk(mapped.folder).decode(errors="replace")):
        assert not [part for part in TELLING if part in told]
    corrected = upload(client, clean, replaces=held.pk)
    work_off()
    steward.post(f"/deliveries/{corrected.pk}/promote/")
    work_off()
    held.refresh_from_db()
    corrected.refresh_from_db()
    assert (held.state, held.ended_because, corrected.state) == (State.WITHDRAWN, "replaced", State.SEALED)


def test_two_people_declare_a_column_of_numbers_harmless_and_that_is_logged(
    mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]
) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), with_column(clean, "_id", ("182736451", "182736452")))
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.HELD_BACK
    base = MappingVersion.objects.get(state="approved")
    because = "numbers that the form gives"
    declared = f"harmless:\n  - {{column: _id, looks_like: [phone], because: {because}}}\n"
    version = mapping_acts.propose(mapped.people["steward"], mapped.shelter, base.structure + declared, base.values)
    reviewer = signed_in(mapped.people["reviewer"])
    for language, kind in (("en", "telephone number"), ("ar", "رقم هاتف")):
        reviewer.cookies["django_language"] = language
        page = reviewer.get(f"/mappings/{version.pk}/").content.decode()
        assert f"<bdi>_id</bdi></th><td>{kind}</td><td><bdi>{because}</bdi>" in page
    with pytest.raises(ValidationError):
        mapping_acts.approve(mapped.people["steward"], version)
    mapping_acts.approve(mapped.people["reviewer"], version)
    work_off()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.mapping) == (State.READY, version)
    assert because in signed_in(mapped.people["steward"]).get(f"/deliveries/{delivery.pk}/report/").content.decode()
    acts.promote(mapped.people["steward"], delivery)
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.SEALED
    version.refresh_from_db()
    logged = Event.objects.filter(about=f"mapping:{version.pk}").values_list("kind", "details")
    assert {kind for kind, _ in logged} == {"mapping.proposed", "mapping.approved"}
    assert version.hash in str([details for _, details in logged])


def test_what_is_declared_harmless_is_shown_however_it_is_spelled(mapped: Scene, signed_in: SignedIn) -> None:
    base = MappingVersion.objects.get(state="approved")
    entry = '"harml\\u0065ss": [{column: _id, looks_like: [phone], because: numbers}]\n'
    version = mapping_acts.propose(mapped.people["steward"], mapped.shelter, base.structure + entry, base.values)
    client = signed_in(mapped.people["reviewer"])
    page = client.get(f"/mappings/{version.pk}/").content.decode()
    assert "<bdi>_id</bdi></th><td>telephone number</td><td><bdi>numbers</bdi>" in page
    assert "can no longer be read" not in page
    MappingVersion.objects.filter(pk=version.pk).update(structure="harmless: [")  # as one of an earlier standard
    for language, words in (("en", "can no longer be read"), ("ar", "لا يمكن قراءة هذه النسخة")):
        client.cookies["django_language"] = language
        assert words in client.get(f"/mappings/{version.pk}/").content.decode()


def test_what_was_ready_before_such_columns_were_looked_at_is_held_back_when_it_is_stored(
    mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]
) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), with_column(clean, "Remarks", NOTES))
    work_off()
    Delivery.objects.filter(pk=delivery.pk).update(state=State.READY, problem="")  # as an earlier studio left it
    delivery.refresh_from_db()
    acts.promote(mapped.people["steward"], delivery)
    work_off()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == (State.HELD_BACK, "intake.quarantine")
    assert not list(mapped.vault.delivery_folders("shelter"))
    client = signed_in(mapped.people["shelter"])
    client.cookies["django_language"] = "fr"
    page = client.get(f"/deliveries/{delivery.pk}/").content.decode()
    assert "de la faire contrôler de nouveau" in page
    assert not [part for part in TELLING if part in page]


def test_two_people_teach_the_mapping_a_value(mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), with_wrong_value(clean))
    work_off()
    steward, reviewer = signed_in(mapped.people["steward"]), signed_in(mapped.people["reviewer"])
    bench = steward.get(f"/mappings/values/{delivery.pk}/").content.decode()
    assert '<option value="gender=Woman" selected>' in bench
    row = re.search(r'name="row" value="(\d+)"', bench)
    assert row
    steward.post(f"/mappings/values/{delivery.pk}/", {"row": row[1], "choice": "gender=Robot"})
    assert not Line.objects.exists()
    steward.post(f"/mappings/values/{delivery.pk}/", {"row": row[1], "choice": "gender=Woman"})
    line, version = Line.objects.get(), MappingVersion.objects.get(state="open")
    for person, offered in ((steward, False), (reviewer, True)):
        shown = person.get(f"/mappings/{version.pk}/").content.decode()
        assert ("Approve this version" in shown, "so somebody else has to approve it" in shown) == (
            offered,
            not offered,
        )
        assert "Give it up" in shown
    steward.post(f"/mappings/lines/{line.pk}/", {"outcome": "approve"})
    line.refresh_from_db()
    assert line.state == "proposed"
    reviewer.post(f"/mappings/{version.pk}/approve/", {"outcome": "approve"})
    reviewer.post(f"/mappings/lines/{line.pk}/", {"outcome": "approve"})
    steward.post(f"/mappings/{version.pk}/approve/", {"outcome": "approve"})
    version.refresh_from_db()
    assert version.state == "open"
    done = reviewer.post(f"/mappings/{version.pk}/approve/", {"outcome": "approve"}, follow=True).content.decode()
    assert '<li class="success">Done.' in done
    version.refresh_from_db()
    assert (version.state, version.examples > 0, WRONG in version.values) == ("approved", True, True)
    assert MappingVersion.objects.filter(state="approved").count() == 1
    work_off()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.mapping) == (State.READY, version)


@pytest.mark.parametrize("choice", ["!unknown", "!not_asked"])
def test_a_value_is_waived_by_name(mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes], choice: str) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), with_wrong_value(clean))
    work_off()
    contributor, people = signed_in(mapped.people["shelter"]), mapped.people
    bench = contributor.get(f"/mappings/values/{delivery.pk}/").content.decode()
    row = re.search(r'name="row" value="(\d+)"', bench)
    assert row
    contributor.post(f"/mappings/values/{delivery.pk}/", {"row": row[1], "choice": choice})
    mapping_acts.decide_line(people["steward"], Line.objects.get(), True)
    mapping_acts.approve(people["steward"], MappingVersion.objects.get(state="open"))
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.READY


def test_without_an_agreement_nothing_moves(
    everybody: dict[str, Person],
    signed_in: SignedIn,
    clean: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = make_scene(everybody, tmp_path, monkeypatch)
    client = signed_in(everybody["shelter"])
    answer = begin(client, clean)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:ctdc:agreement.none")
    agreement = make_agreement(everybody, scene.shelter, purposes=["deliver"])
    make_mapping(everybody, scene.shelter)
    delivery = upload(client, clean)
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.READY
    with pytest.raises(Refused, match="harmonises and protects"):
        acts.promote(everybody["steward"], delivery)
    # Between the question of the steward and the work of the worker it may end too.
    Agreement.objects.filter(pk=agreement.pk).update(purposes=["deliver", "process"])
    acts.promote(everybody["steward"], delivery)
    Agreement.objects.filter(pk=agreement.pk).update(state="ended")
    work_off()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == (State.HELD_BACK, "agreement.none")
    acts.recheck(everybody["steward"], delivery)
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.REFUSED
    assert not (scene.vault.folder / "deliveries" / "shelter").exists()


def test_a_kill_between_storing_and_saying_so_stores_nothing_twice(
    mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), clean)
    work_off()
    acts.promote(mapped.people["steward"], delivery)

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    job = Job.objects.get(kind=acts.PROMOTE)
    with monkeypatch.context() as patch:
        patch.setattr(jobs.acts, "stored", killed)
        with pytest.raises(Killed):
            jobs.promote_delivery(job, Silent())
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.SEALED
    puts = [line for line in mapped.vault.log.read_text().splitlines() if '"put"' in line]
    assert len(puts) == 1


def _stored_and_not_told(scene: Scene, delivery: Delivery, patch: pytest.MonkeyPatch) -> Path:
    """What lies in the vault of a delivery whose promotion failed between storing it and saying so."""

    def fails(*_: object) -> None:
        raise RuntimeError

    acts.promote(scene.people["steward"], delivery)
    with patch.context() as patched:
        patched.setattr(jobs.acts, "stored", fails)
        work_off()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.stored_as) == (State.READY, "")
    (folder,) = scene.vault.delivery_folders("shelter")
    return folder


@pytest.mark.parametrize("end", [acts.refuse, acts.withdraw])
def test_what_was_stored_and_not_told_is_forgotten_too(
    mapped: Scene,
    signed_in: SignedIn,
    clean: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Person, Delivery, str], None],
) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), clean)
    work_off()
    _stored_and_not_told(mapped, delivery, monkeypatch)
    end(mapped.people["steward"], delivery, "mistake")
    work_off()
    assert mapped.vault.delivery_folders("shelter") == []
    assert Event.objects.filter(kind="delivery.forgotten").count() == 1


def test_what_was_stored_and_not_told_is_not_taken_for_that_of_another_mapping(
    mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), clean)
    work_off()
    before = _stored_and_not_told(mapped, delivery, monkeypatch)
    meaning = Meaning("Victim Gender", "Lady", "gender", "Woman")
    line = mapping_acts.propose_line(mapped.people["steward"], mapped.shelter, meaning)
    mapping_acts.decide_line(mapped.people["reviewer"], line, True)
    mapping_acts.approve(mapped.people["reviewer"], line.version)
    work_off()  # what waits is checked again by itself
    delivery.refresh_from_db()
    acts.promote(mapped.people["steward"], delivery)
    work_off()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.mapping_id) == (State.SEALED, line.version_id)
    assert delivery.stored_as != before.name
    assert [one.name for one in mapped.vault.delivery_folders("shelter")] == [delivery.stored_as]


def test_a_missing_key_is_not_the_contributors_fault(
    mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]
) -> None:
    (mapped.folder / "vault.key").rename(mapped.folder / "elsewhere")
    delivery = upload(signed_in(mapped.people["shelter"]), clean)
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.RECEIVED
    assert Job.objects.get(kind=acts.CHECK).problem["code"] == "vault.key"
    (mapped.folder / "elsewhere").rename(mapped.folder / "vault.key")
    acts.recheck(mapped.people["steward"], delivery)
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.READY


def test_a_person_is_forgotten_by_the_organisations_own_id(
    mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]
) -> None:
    client, case = signed_in(mapped.people["shelter"]), first_id(clean)
    delivery = upload(client, clean)
    work_off()
    acts.promote(mapped.people["steward"], delivery)
    work_off()
    delivery.refresh_from_db()
    rows = read_table(mapped.vault, "shelter", delivery.stored_as, "cases", ME, now()).num_rows
    form = {"organisation": mapped.shelter.pk, "case_id": f" {case} ", "because": "asked", "sure": "on"}
    assert client.post("/deliveries/person/", form).status_code == 302
    known = str(list(Job.objects.values())) + str(list(Event.objects.values()))
    assert case not in known and case.encode() not in everything_on_disk(mapped.folder)
    work_off()
    left = read_table(mapped.vault, "shelter", delivery.stored_as, "cases", ME, now())
    assert left.num_rows == rows - 1
    assert len(scan(mapped.vault.log).of("shelter")) == 1
    assert not list((mapped.folder / "letters").rglob("piece-*"))
    Delivery.objects.update(received=now() - timedelta(days=2))  # else it is taken for the same delivery
    again = upload(client, clean)
    work_off()
    acts.promote(mapped.people["steward"], again)
    work_off()
    again.refresh_from_db()
    assert (again.state, again.problem) == (State.HELD_BACK, "vault.withdrawn")
    acts.recheck(mapped.people["steward"], again)
    work_off()
    acts.promote(mapped.people["steward"], Delivery.objects.get(pk=again.pk), leave_out=True)
    work_off()
    again.refresh_from_db()
    assert again.state == State.SEALED


def test_a_whole_delivery_is_forgotten(mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]) -> None:
    client = signed_in(mapped.people["shelter"])
    delivery = upload(client, clean)
    work_off()
    acts.promote(mapped.people["steward"], delivery)
    work_off()
    delivery.refresh_from_db()
    assert "See the report" in client.get(f"/deliveries/{delivery.pk}/").content.decode()
    client.post(f"/deliveries/{delivery.pk}/withdraw/", {"because": "mistake"})
    assert "See the report" not in client.get(f"/deliveries/{delivery.pk}/").content.decode(), "before it is destroyed"
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.WITHDRAWN
    assert not mapped.vault.path("shelter", delivery.stored_as).exists()
    assert not (mapped.folder / "reports" / delivery.folder).exists()
    assert Event.objects.filter(kind="delivery.forgotten").count() == 1


@pytest.mark.parametrize("state", [JobState.STOPPED, JobState.FAILED])
def test_forgetting_that_was_cut_off_is_asked_for_again(mapped: Scene, signed_in: SignedIn, state: JobState) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), {"a.csv": b"x"})
    acts.refuse(mapped.people["steward"], delivery, "mistake")
    acts.withdraw_person(mapped.people["steward"], mapped.shelter, "case 7", "asked")
    forgetting = Job.objects.filter(kind__in=(acts.FORGET, acts.PERSON))
    jobs.look_for_what_is_not_forgotten()
    assert forgetting.count() == 2  # they wait
    forgetting.update(state=state)
    jobs.look_for_what_is_not_forgotten()
    jobs.look_for_what_is_not_forgotten()
    assert forgetting.count() == 4
    work_off()
    assert not arriving.folder_of(delivery).exists() and letters.there() == []
    assert len(scan(mapped.vault.log).of("shelter")) == 1
    jobs.look_for_what_is_not_forgotten()
    assert forgetting.count() == 4


def test_without_a_reason_no_letter_is_left(mapped: Scene) -> None:
    with pytest.raises(UserError, match="reason"):
        acts.withdraw_person(mapped.people["steward"], mapped.shelter, "case 7", "Anna asked")
    assert letters.there() == []


@pytest.mark.parametrize("state", [State.RECEIVED, State.READY, State.SEALED])
def test_what_is_replaced_is_withdrawn_however_far_it_came(mapped: Scene, signed_in: SignedIn, state: State) -> None:
    client = signed_in(mapped.people["shelter"])
    wrong = upload(client, {"a.csv": b"x"})
    Delivery.objects.filter(pk=wrong.pk).update(state=State.HELD_BACK)
    made = begin(client, {"a.csv": b"y"}, replaces=wrong.pk).json()
    Delivery.objects.filter(pk=wrong.pk).update(state=state)
    assert send(client, made["files"][0]["address"], 0, b"y").status_code == 204
    wrong.refresh_from_db()
    assert (wrong.state, wrong.ended_because) == (State.WITHDRAWN, "replaced")


def test_a_delivery_that_is_all_there_is_completed_by_whoever_sends_it_again(
    mapped: Scene, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, files = signed_in(mapped.people["shelter"]), {"a.csv": b"x"}
    address = begin(client, files).json()["files"][0]["address"]
    completes = acts.complete

    def killed(*_: object) -> None:
        raise RuntimeError

    def beaten(by: Person, delivery: Delivery) -> Job:
        completes(by, delivery)
        return completes(by, delivery)

    with monkeypatch.context() as patch:
        patch.setattr(acts, "complete", killed)
        with pytest.raises(RuntimeError):
            send(client, address, 0, b"x")
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.offset) == (State.RECEIVING, 1)
    with monkeypatch.context() as patch:
        patch.setattr(acts, "complete", beaten)  # somebody else has completed it a moment earlier
        again = begin(client, files)
    assert (again.status_code, again.json()["delivery"], again.json()["state"]) == (200, delivery.pk, State.RECEIVED)
    assert Job.objects.filter(kind=acts.CHECK).count() == 1


@pytest.mark.parametrize("state", acts.ARRIVED)
def test_whoever_did_not_hear_that_all_has_arrived_makes_no_second_delivery(
    mapped: Scene, signed_in: SignedIn, state: State
) -> None:
    client, files = signed_in(mapped.people["shelter"]), {"a.csv": b"x"}
    first = upload(client, files)
    Delivery.objects.update(state=state)
    again = begin(client, files)
    told = again.json()
    assert (again.status_code, told["delivery"], told["sent_already"], told["state"]) == (200, first.pk, True, state)
    assert told["files"][0]["offset"] == 1
    page = client.get(told["page"]).content.decode()
    assert "These files have arrived already" in page
    answer = client.post("/deliveries/new/", {"chosen": [SimpleUploadedFile("a.csv", b"x")]}, follow=True)
    assert answer.redirect_chain == [(f"/deliveries/{first.pk}/", 302)]
    assert "These files have arrived already" in answer.content.decode()
    assert Delivery.objects.count() == Job.objects.filter(kind=acts.CHECK).count() == 1


@pytest.mark.parametrize("state", acts.ARRIVED)
def test_a_program_that_did_not_hear_that_all_has_arrived_changes_nothing(mapped: Scene, state: State) -> None:
    client, files = Client(HTTP_HOST="localhost"), {"a.csv": b"x"}
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {make_token(mapped.people['shelter'], 'nightly', 30)[1]}"
    first = upload(client, files)
    Delivery.objects.update(state=state)
    told = begin(client, files).json()
    assert (told["delivery"], told["sent_already"], told["state"]) == (first.pk, True, state)
    assert Job.objects.filter(kind=acts.CHECK).count() == 1
    assert Event.objects.filter(kind="delivery.received").count() == 1


def test_the_same_files_are_another_delivery_later_or_when_the_first_has_ended(
    mapped: Scene, signed_in: SignedIn
) -> None:
    client, files = signed_in(mapped.people["shelter"]), {"a.csv": b"x"}
    upload(client, files)
    assert begin(client, {"a.csv": b"y"}).status_code == 201
    for change in (
        {"received": now() - timedelta(days=1, minutes=1)},
        {"by": mapped.people["hotline"]},
        *({"state": state} for state in (State.REFUSED, State.WITHDRAWN)),
    ):
        Delivery.objects.update(**change)
        again = begin(client, files)
        assert (again.status_code, again.json()["sent_already"]) == (201, False), change
        upload(client, files)


def test_a_correction_whose_answer_was_lost_is_found_again(mapped: Scene, signed_in: SignedIn) -> None:
    client = signed_in(mapped.people["shelter"])
    wrong = upload(client, {"a.csv": b"x"})
    Delivery.objects.update(state=State.HELD_BACK)
    same = upload(client, {"a.csv": b"x"}, replaces=wrong.pk)  # on purpose: the mapping may be another by now
    assert same.pk != wrong.pk
    assert begin(client, {"a.csv": b"x"}, replaces=wrong.pk).json()["delivery"] == same.pk


def test_a_delivery_is_held_while_a_piece_is_written(
    mapped: Scene, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, held = signed_in(mapped.people["shelter"]), []
    address = begin(client, {"a.csv": b"xy"}).json()["files"][0]["address"]
    locks = QuerySet.select_for_update

    def seen(self: QuerySet[DeliveryFile], *args: Any, **options: Any) -> QuerySet[DeliveryFile]:
        held.append((self.model, options.get("of")))
        return locks(self, *args, **options)

    monkeypatch.setattr(QuerySet, "select_for_update", seen)
    assert send(client, address, 0, b"x").status_code == 204
    assert (DeliveryFile, ("self", "delivery")) in held


def test_what_may_no_longer_be_kept_is_forgotten(mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), clean)
    work_off()
    acts.promote(mapped.people["steward"], delivery)
    work_off()
    jobs.look_for_what_is_over()
    assert Delivery.objects.get(pk=delivery.pk).state == State.SEALED
    Delivery.objects.filter(pk=delivery.pk).update(retain_until=now().date())
    jobs.look_for_what_is_over()  # the last day on which it may be kept
    assert Delivery.objects.get(pk=delivery.pk).state == State.SEALED
    Delivery.objects.filter(pk=delivery.pk).update(retain_until=now().date() - timedelta(days=1))
    jobs.look_for_what_is_over()
    work_off()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.ended_because) == (State.WITHDRAWN, acts.OVER)
    assert not mapped.vault.path("shelter", delivery.stored_as).exists()
    assert "end of retention" in mapped.vault.log.read_text()


def test_a_program_delivers_with_a_token(mapped: Scene, clean: dict[str, bytes]) -> None:
    token, secret = make_token(mapped.people["shelter"], "nightly", 30)
    client = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    assert begin(client, clean).status_code == 302
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}x"
    assert begin(client, clean).status_code == 401
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    delivery = upload(client, clean)
    assert delivery.state == State.RECEIVED
    receipt = client.get(f"/deliveries/{delivery.pk}/receipt/").json()
    assert receipt["files"][0]["sha256"] == hashlib.sha256(next(iter(clean.values()))).hexdigest()
    assert client.get("/deliveries/").status_code == 302  # a token opens no pages
    withdraw_token(mapped.people["shelter"], token)
    assert begin(client, clean).status_code == 401


def test_a_browser_needs_the_secret_of_the_form(mapped: Scene, clean: dict[str, bytes], signed_in: SignedIn) -> None:
    client = signed_in(mapped.people["shelter"])
    client.handler.enforce_csrf_checks = True
    assert begin(client, clean).status_code == 403
    assert not Delivery.objects.exists()


def test_a_plain_form_delivers_too(mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]) -> None:
    client = signed_in(mapped.people["shelter"])
    files = [SimpleUploadedFile(name, data) for name, data in clean.items()]
    answer = client.post("/deliveries/new/", {"chosen": files})
    assert answer.status_code == 302
    work_off()
    assert Delivery.objects.get().state == State.READY


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'{"files": []}',
        b'{"files": [{"name": "../a.csv", "length": 1, "sha256": "%s"}]}' % (b"0" * 64),
        b'{"files": [{"name": ".hidden", "length": 1, "sha256": "%s"}]}' % (b"0" * 64),
        b'{"files": [{"name": "a.csv", "length": 0, "sha256": "%s"}]}' % (b"0" * 64),
        b'{"files": [{"name": "a.csv", "length": 1, "sha256": "ABC"}]}',
    ],
)
def test_what_cannot_be_announced(mapped: Scene, signed_in: SignedIn, document: bytes) -> None:
    client = signed_in(mapped.people["shelter"])
    answer = client.post("/deliveries/begin/", document, content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:ctdc:delivery.announced")


def test_pieces_have_a_form(mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes]) -> None:
    client = signed_in(mapped.people["shelter"])
    address = begin(client, clean).json()["files"][0]["address"]
    assert client.patch(address, b"x", content_type="text/plain").status_code == 400
    assert send(client, address, 0, b"").status_code in (400, 409)
    assert send(client, address, 0, bytes(3_000_000)).status_code in (400, 409)
    other = signed_in(mapped.people["hotline"])
    assert other.head(address).status_code == 404
    assert signed_in(mapped.people["steward"]).head(address).status_code == 403


def test_an_unreadable_file_is_held_back_and_says_why(mapped: Scene, signed_in: SignedIn) -> None:
    client = signed_in(mapped.people["shelter"])
    delivery = upload(client, {"hotline.csv": b"Case Number,Victim Gender\n\xff\xfe,1\n"})
    work_off()
    delivery.refresh_from_db()
    assert delivery.state == State.HELD_BACK
    detail = json.loads(reports.read(delivery, reports.PROBLEM))
    assert detail["code"] == delivery.problem
    assert client.get(f"/deliveries/{delivery.pk}/").status_code == 200


def test_only_so_many_are_on_their_way(mapped: Scene, signed_in: SignedIn) -> None:
    client = signed_in(mapped.people["shelter"])
    codes = [begin(client, {f"{number}.csv": b"x" * (number + 1)}).status_code for number in range(6)]
    assert codes == [201] * 5 + [409]
    Delivery.objects.update(made=now() - timedelta(days=8))
    assert begin(client, {"6.csv": b"1234567"}).status_code == 201
    assert Delivery.objects.filter(state=State.WITHDRAWN, ended_because="stale").count() == 5


def test_the_table_of_moves() -> None:
    assert {move.before for move in MOVES} | {move.after for move in MOVES} == set(State)
    assert not [move for move in MOVES if move.before in (State.REFUSED, State.WITHDRAWN)]
    for act in (None, *Act):
        assert not can_move(State.HELD_BACK, State.SEALING, act)
        assert not can_move(State.RECEIVED, State.SEALED, act)


@pytest.mark.parametrize("state", [State.RECEIVING, State.CHECKING])
def test_nobody_has_checked_again_what_is_on_its_way_or_being_checked(
    mapped: Scene, signed_in: SignedIn, state: State
) -> None:
    delivery = upload(signed_in(mapped.people["shelter"]), {"a.csv": b"x"})
    Delivery.objects.update(state=state)
    client = signed_in(mapped.people["steward"])
    answer = client.post(f"/deliveries/{delivery.pk}/recheck/", follow=True)
    assert "This cannot be done with the delivery as it is now" in answer.content.decode()
    delivery.refresh_from_db()
    assert delivery.state == state
    assert Job.objects.filter(kind=acts.CHECK).count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_in_every_language(mapped: Scene, signed_in: SignedIn, clean: dict[str, bytes], language: str) -> None:
    client = signed_in(mapped.people["shelter"])
    client.cookies["django_language"] = language
    delivery = upload(client, with_wrong_value(clean))
    work_off()
    version = MappingVersion.objects.get(state="approved")
    paths = ["deliveries/", "deliveries/new/", "deliveries/person/", "deliveries/published/", "mappings/"]
    paths += [f"deliveries/{delivery.pk}/{end}" for end in ("", "report/", "withdraw/")]
    paths += [f"mappings/values/{delivery.pk}/", f"mappings/{version.pk}/", "mappings/propose/"]
    for path in paths:
        answer = client.get(f"/{path}")
        assert answer.status_code == 200, path
        assert f'<html lang="{language}"' in answer.content.decode(), path
