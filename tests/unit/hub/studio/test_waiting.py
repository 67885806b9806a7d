"""The first page says what waits for whoever looks, of what they may see and do, and of nothing else."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from tests.support.studio_people import make_person
from tests.unit.hub.studio.delivering import make_agreement, make_scene
from tests.unit.hub.studio.things import release_values

from ctdc.foundation.clock import now
from ctdc.hub.feedback.message import Message
from ctdc.hub.feedback.queue import Queue
from ctdc.hub.studio import waiting as waiting_for
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.desk import acts as desk
from ctdc.hub.studio.desk import rules
from ctdc.hub.studio.desk.models import ReleasePlan, Vote
from ctdc.hub.studio.listening.inbox import acts as inbox
from ctdc.hub.studio.mappings.models import Line, MappingVersion
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.people.roles import Role
from ctdc.hub.studio.waiting import waiting
from ctdc.hub.studio.web.texts import catalogue
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.django_db
SignedIn = Callable[[Person], Client]


@pytest.fixture(autouse=True)
def _own_place(everybody: dict[str, Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_scene(everybody, tmp_path, monkeypatch)


def seen(person: Person) -> dict[str, int]:
    """What waits for somebody, by the end of its words' name."""
    return {one.words.rpartition(".")[2]: one.number for one in waiting(person)}


def everything(everybody: dict[str, Person]) -> None:
    """One thing of each kind of the shelter, and one delivery of the hotline."""
    steward = everybody["steward"]
    ends = {"shelter": now().date() + timedelta(days=30), "hotline": now().date() + timedelta(days=300)}
    for slug, state in (("shelter", "held_back"), ("hotline", "ready")):
        home = everybody[slug].organisation
        agreement = make_agreement(everybody, home, valid_until=ends[slug])
        Delivery.objects.create(
            organisation=home, by=everybody[slug], agreement=agreement, folder=f"folder of {slug}", state=state
        )
    version = MappingVersion.objects.create(
        organisation=everybody["shelter"].organisation, number=1, structure="", proposed_by=everybody["shelter"]
    )
    Line.objects.create(version=version, column="c", value="v", relationship="equivalent", proposed_by=steward)
    for number in range(3):
        Queue(settings.STUDIO.feedback).add(Message(f"{number:016x}", "2026-03-01", "en", message="A page is missing."))
    inbox.mark_help(everybody["editor"], f"{0:016x}")
    ReleasePlan.objects.filter(pk=desk.draft(steward, release_values(), new_population=True).pk).update(
        state="in_review"
    )
    ReleasePlan.objects.filter(pk=desk.draft(steward, release_values(name="two"), new_population=True).pk).update(
        state="approved"
    )


def test_each_role_is_told_of_its_own_work(everybody: dict[str, Person]) -> None:
    everything(everybody)
    assert {who: seen(person) for who, person in everybody.items()} == {
        "steward": {"help": 1, "held_back": 1, "ready": 1, "publish": 1, "messages": 2},
        "reviewer": {"values": 1, "votes": 1},
        "editor": {"help": 1, "messages": 2},
        "translator": {},
        "administrator": {"agreements": 1},
        "auditor": {},
        "shelter": {"held_back": 1, "agreements": 1},
        "hotline": {},
    }


def test_a_version_waits_when_its_values_are_decided_and_for_others_than_who_proposed(
    everybody: dict[str, Person],
) -> None:
    everything(everybody)
    Line.objects.update(state="approved", decided_by=everybody["reviewer"])
    assert "mappings" not in seen(everybody["steward"]), "they proposed a value of it"
    assert seen(everybody["reviewer"])["mappings"] == 1


@pytest.mark.parametrize("of", ["this", "an earlier state"])
def test_a_vote_on_what_is_there_now_is_enough(
    everybody: dict[str, Person], monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    everything(everybody)
    reviewer, release = everybody["reviewer"], ReleasePlan.objects.get(state="in_review")
    monkeypatch.setattr(rules, "content_hash", lambda _: "this")
    Vote.objects.create(release=release, reviewer=reviewer, yes=True, reasons="Looked at.", of=of)
    assert ("votes" in seen(reviewer)) is (of != "this")


def test_what_is_at_work_waits_for_nobody(everybody: dict[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    everything(everybody)
    monkeypatch.setattr(ReleasePlan, "is_busy", True)
    assert "publish" not in seen(everybody["steward"]) and "votes" not in seen(everybody["reviewer"])


def test_nothing_is_counted_for_whoever_may_see_nothing_of_it(everybody: dict[str, Person]) -> None:
    """Each kind's acts go with the right to see what is counted."""
    sees = {
        "listening:inbox": Act.SEE_FEEDBACK,
        "deliveries:list": Act.SEE_DELIVERIES,
        "mappings:list": Act.SEE_MAPPINGS,
        "desk:list": Act.SEE_RELEASES,
        "wagtailadmin_home": Act.TRANSLATE_STORIES,
        "agreements:list": Act.SEE_AGREEMENTS,
    }
    for kind in waiting_for._KINDS:
        for person in everybody.values():
            may = waiting_for.policy.acts_of(person)
            assert not may & set(kind.acts) or sees[kind.page] in may, (kind.words, person)


def test_somebody_of_the_hub_with_two_roles_is_told_of_both(everybody: dict[str, Person]) -> None:
    everything(everybody)
    both = make_person(everybody["steward"].organisation, Role.STEWARD, Role.REVIEWER, name="both")
    assert {"values", "votes", "held_back"} <= set(seen(both))


def main_of(client: Client) -> str:
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.content.decode().partition("<main")[2]


def test_the_page_leads_to_what_waits(everybody: dict[str, Person], signed_in: SignedIn) -> None:
    everything(everybody)
    page = re.sub(r"\s+", " ", main_of(signed_in(everybody["steward"])))
    assert '<a href="/deliveries/"><strong>1</strong> Deliveries held back</a>' in page
    assert "Nothing waits" not in page


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_said_in_a_sentence(language: str, everybody: dict[str, Person], signed_in: SignedIn) -> None:
    client = signed_in(everybody["auditor"])
    client.cookies["django_language"] = language
    page = main_of(client)
    assert catalogue("web").text(language, "waiting.none") in page and "<a " not in page
