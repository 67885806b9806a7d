"""The logs on screen: the studio's own in the reader's words, and the vault's, in which no case is opened."""

import ast
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation
from tests.unit.hub.studio.delivering import Scene, make_scene, work_off

from ctdc.hub.studio.events.kinds import KINDS
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.events.record import WORKER, record
from ctdc.hub.studio.events.shown import ABOUT
from ctdc.hub.studio.jobs.models import Job, State
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.web.texts import STUDIO, catalogue
from ctdc.standard.languages import LANGUAGES
from ctdc.vault.access import Access
from ctdc.vault.accesslog import EVENTS

pytestmark = pytest.mark.django_db
SignedIn = Callable[[Person], Client]
WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
SUBJECT = "0123456789abcdef" * 2


@pytest.fixture
def scene(everybody: dict[str, Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return make_scene(everybody, tmp_path, monkeypatch)


def fill(scene: Scene) -> None:
    """Lines of every kind that says something of a delivery or a person."""
    steward, vault = Access(scene.people["steward"].log_name, "promotion of a delivery"), scene.vault
    put = {"organisation": "shelter", "delivery": "delivery-1", "manifest": "f" * 64, "up_to": 310}
    begun = vault.record("put", steward, WHEN, accepted="Phone_of_caller", **put)
    vault.record("stored", steward, WHEN, of=begun.sequence)
    release = Access("worker", "release of 2026")
    vault.record("read", release, WHEN, organisation="shelter", delivery="delivery-1", part="cases", up_to=310)
    withdrawal = Access(scene.people["shelter"].log_name, "withdrawal of a person: asked")
    vault.record("withdraw", withdrawal, WHEN, organisation="shelter", subject=SUBJECT)


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode().partition("<main")[2]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_act_has_words_in_every_language(language: str) -> None:
    words = catalogue("events").messages(language)
    wanted = {f"act.{kind}" for kind in KINDS} | {f"vault.act.{kind}" for kind in EVENTS}
    assert wanted | {f"about.{kind}" for kind in ABOUT} <= set(words)
    said = [words[f"act.{kind}"] for kind in KINDS]
    assert sorted(said) == sorted(set(said)), "two acts are said with the same words"


def test_everything_that_acts_are_about_has_words() -> None:
    """What stands before the colon in ``about=f"delivery:{number}"``, wherever acts name it."""
    found = set()
    for path in STUDIO.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "about" and isinstance(node.value, ast.JoinedStr):
                found.add(str(getattr(node.value.values[0], "value", "")).rstrip(":"))
    assert {"delivery", "job"} <= found <= set(ABOUT)


def test_people_are_named_with_their_roles_to_those_who_may_see_people(
    everybody: dict[str, Person], signed_in: SignedIn
) -> None:
    steward = everybody["steward"]
    record("release.trial_asked", steward, about="release:7", job=3)
    record("delivery.sealed", WORKER, organisation=everybody["shelter"].organisation, manifest="a", agreement=1)
    page = text_of(signed_in(everybody["auditor"]), "/events/")
    assert f"{steward.name} Data steward" in page
    assert "Trial on invented people asked for" in page and "Release 7" in page
    assert "The studio itself" in page and "Harbour shelter" in page
    assert "act: release.trial_asked" in page and f"actor: {steward.log_name}" in page, "the line as it stands"


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_log_is_in_the_language_of_the_reader(
    language: str, everybody: dict[str, Person], signed_in: SignedIn
) -> None:
    auditor = everybody["auditor"]
    record("release.trial_asked", everybody["steward"], about="release:7", job=3)
    Event.objects.update(at="2026-03-01T12:30:00Z")
    client = signed_in(auditor)
    client.cookies["django_language"] = language
    page = text_of(client, "/events/")
    with translation.override(language):
        assert str(catalogue("events").messages(language)["act.release.trial_asked"]) in page
    day = {"en": "March 1, 2026", "de": "1. März 2026", "es": "1 de marzo de 2026", "fr": "1 mars 2026"}
    assert f"{day.get(language, '1 مارس 2026')}, 12:30 UTC" in page


def check(everybody: dict[str, Person], client: Client) -> tuple[Job, str]:
    """Have the log checked, and read the page of the work."""
    answer = client.post("/events/verify/")
    work_off()
    job = Job.objects.latest("pk")
    return job, text_of(client, answer.headers["Location"])


@pytest.mark.slow
def test_the_page_of_a_check_says_how_many_lines_are_sound(
    everybody: dict[str, Person], signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctdc.hub.studio.jobs.worker._renew", lambda job, over: None)
    for _ in range(3):
        record("session.begun", everybody["auditor"], how="totp")
    job, page = check(everybody, signed_in(everybody["auditor"]))
    assert job.state == State.DONE
    assert f"The log is whole. Lines checked: {Event.objects.count()};" in page


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_a_check_says_which_line_is_wrong_and_what_to_do(
    language: str, everybody: dict[str, Person], signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctdc.hub.studio.jobs.worker._renew", lambda job, over: None)
    for number in range(3):
        record("session.begun", everybody["auditor"], how=f"step {number}")
    Event.objects.filter(sequence=2).update(actor="person-99")
    client = signed_in(everybody["auditor"])
    client.cookies["django_language"] = language
    job, page = check(everybody, client)
    words = catalogue("events")
    assert job.state == State.FAILED
    assert words.text(language, "broken", line="2") in page and words.text(language, "broken.do") in page
    assert "has been changed" not in page, "the sentence of the command line"


def test_a_studio_without_a_vault_says_so(everybody: dict[str, Person], signed_in: SignedIn, tmp_path: Path) -> None:
    assert "There is no vault yet." in text_of(signed_in(everybody["auditor"]), "/events/vault/")


@pytest.mark.slow
@pytest.mark.parametrize("who", ["auditor", "administrator", "steward"])
def test_the_vaults_log_says_who_did_what_and_why(scene: Scene, signed_in: SignedIn, who: str) -> None:
    fill(scene)
    before = scene.vault.log.read_bytes()
    page = text_of(signed_in(scene.people[who]), "/events/vault/")
    assert "The log is whole. Lines checked just now: 5;" in page
    order = ["Withdrawal of a person begun", "Delivery opened and read", "Delivery stored", "Storing a delivery begun"]
    listed = page.partition("Line 5")[2]
    places = [listed.index(words) for words in order[1:]]
    assert order[0] in listed and places == sorted(places), "newest first"
    assert "promotion of a delivery" in page and "Harbour shelter · delivery-1" in page
    assert "Rows, rounded up to tens: 310" in page and "End of what began with line 2" in page
    assert scene.people["steward"].name in page, "their own name, or one that they may know"
    assert (scene.people["shelter"].name in page) is (who != "steward")
    assert "Contributor" in page
    for hidden in (SUBJECT, "Phone_of_caller", "f" * 64):
        assert hidden not in page
    assert scene.vault.log.read_bytes() == before, "looking opens nothing, and writes nothing"


@pytest.mark.slow
def test_the_vaults_log_is_filtered_and_paged(
    scene: Scene, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(scene)
    monkeypatch.setattr("ctdc.hub.studio.events.views.ON_A_PAGE", 1)
    for _ in range(2):
        scene.vault.record("list", Access("worker", "plan a release"), WHEN)
    client = signed_in(scene.people["auditor"])
    answer = client.get("/events/vault/?act=list")
    page = answer.content.decode()
    assert page.count("<time") == 1 and 'href="?act=list&amp;page=2"' in page
    assert "plan a release" in page and "release of 2026" not in page
    assert client.get("/events/vault/?act=list&page=2").content.decode().count("plan a release") == 1
    assert client.get("/events/vault/?act=no-such").content.decode().count("<time") == 1


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["changed", "cut"])
def test_a_damaged_log_of_the_vault_is_told_and_shown_up_to_there(
    scene: Scene, signed_in: SignedIn, damage: str
) -> None:
    fill(scene)
    texts = scene.vault.log.read_text().splitlines(keepends=True)
    if damage == "changed":
        texts[2] = texts[2].replace("promotion", "promotiom")
    else:
        del texts[-1]
    scene.vault.log.write_text("".join(texts))
    page = text_of(signed_in(scene.people["auditor"]), "/events/vault/")
    assert "The log is not whole." in page and "Treat it as an incident." in page
    assert "The log is whole" not in page
    assert ("The first wrong line is line 3." in page) is (damage == "changed")
    assert "Storing a delivery begun" in page.partition("Line 2")[2], "what stands before is shown"


def test_a_keyring_that_cannot_be_read_is_told_too(scene: Scene, signed_in: SignedIn) -> None:
    fill(scene)
    (scene.vault.folder / "keyring.json").write_text("{")
    page = text_of(signed_in(scene.people["auditor"]), "/events/vault/")
    assert "keyring" in page
    assert "The log is whole" not in page


@pytest.mark.parametrize("who", ["shelter", "reviewer", "editor", "translator"])
def test_nobody_else_sees_the_vaults_log(everybody: dict[str, Person], signed_in: SignedIn, who: str) -> None:
    client = signed_in(everybody[who])
    assert client.get("/events/vault/").status_code == 403
    assert "/events/vault/" not in client.get("/").content.decode()
