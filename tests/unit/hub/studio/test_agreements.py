"""Agreements: what is allowed, when, and that nothing else is."""

import hashlib
import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused
from ctdc.hub.studio.agreements import acts, paper
from ctdc.hub.studio.agreements.models import CLAUSES, TRANSITIONS, Agreement, Purpose, State
from ctdc.hub.studio.agreements.rules import check_agreement, covers, kept_until
from ctdc.hub.studio.agreements.templates import prefilled
from ctdc.hub.studio.deliveries import memory
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Denied
from ctdc.standard.languages import LANGUAGES
from ctdc.vault.access import Access
from ctdc.vault.sources import LocalKey
from ctdc.vault.store import Deposit, get, put
from ctdc.vault.vault import Vault, create

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
DAY = date(2027, 3, 1)
PAPER = b"%PDF-1.7 signed by both sides"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    """The vault of the studio, with its key at hand."""
    made = create(tmp_path / "vault", [LocalKey(os.urandom(32))], 1, Access("test", "test"), now())
    monkeypatch.setattr(type(settings.STUDIO), "vault", made.folder)
    return made


def drafted(people: dict[str, Person], **changes: object) -> Agreement:
    shelter, hub = people["shelter"].organisation, people["administrator"].organisation
    values = prefilled(shelter, hub, "en", DAY - timedelta(days=10)) | changes
    return acts.draft(people["administrator"], shelter, values)


def in_force(people: dict[str, Person], **changes: object) -> Agreement:
    agreement = drafted(people, **changes)
    Agreement.objects.filter(pk=agreement.pk).update(state=State.IN_FORCE)
    return Agreement.objects.get(pk=agreement.pk)


def refusal(organisation: Organisation, purpose: Purpose, day: date = DAY, population: str = "") -> str:
    assert not covers(organisation, purpose, day, population)
    with pytest.raises(Refused) as error:
        check_agreement(organisation, purpose, day, population)
    return error.value.detail.code


@pytest.mark.parametrize("purpose", list(Purpose))
def test_nothing_is_allowed_without_an_agreement_in_force(everybody: dict[str, Person], purpose: Purpose) -> None:
    shelter = everybody["shelter"].organisation
    assert refusal(shelter, purpose) == "agreement.none"
    agreement = drafted(everybody)
    assert refusal(shelter, purpose) == "agreement.none"
    Agreement.objects.update(state=State.IN_FORCE)
    assert check_agreement(shelter, purpose, DAY) == agreement
    assert refusal(everybody["hotline"].organisation, purpose) == "agreement.none"
    acts.end(everybody["administrator"], agreement, "both sides wish so")
    assert refusal(shelter, purpose) == "agreement.none"


def test_days_purposes_and_populations_are_kept(everybody: dict[str, Person]) -> None:
    shelter = everybody["shelter"].organisation
    agreement = in_force(everybody, purposes=["deliver"], populations=["global"])
    first, last = agreement.valid_from, agreement.valid_until
    for day in (first, last):
        assert covers(shelter, Purpose.DELIVER, day, "global")
    assert refusal(shelter, Purpose.DELIVER, first - timedelta(days=1)) == "agreement.not_yet"
    assert refusal(shelter, Purpose.DELIVER, last + timedelta(days=1)) == "agreement.over"
    assert refusal(shelter, Purpose.PROCESS) == "agreement.purpose"
    assert refusal(shelter, Purpose.DELIVER, DAY, "perpetrators") == "agreement.population"
    in_force(everybody, purposes=["process"], populations=[])
    assert covers(shelter, Purpose.PROCESS, DAY, "perpetrators")
    assert not covers(shelter, Purpose.RELEASE, DAY)


def test_a_refusal_names_the_day_and_what_to_do(everybody: dict[str, Person]) -> None:
    in_force(everybody, valid_from=date(2026, 1, 1), valid_until=date(2027, 2, 14))
    with pytest.raises(Refused, match=r"Harbour shelter was valid until February 14, 2027[\s\S]*administrator"):
        check_agreement(everybody["shelter"].organisation, Purpose.DELIVER, DAY)


@pytest.mark.parametrize(
    ("months", "stored", "last"),
    [
        (1, date(2027, 1, 31), date(2027, 2, 28)),
        (12, date(2028, 2, 29), date(2029, 2, 28)),
        (60, date(2027, 12, 1), date(2032, 12, 1)),
    ],
)
def test_the_end_of_retention(everybody: dict[str, Person], months: int, stored: date, last: date) -> None:
    assert kept_until(Agreement(retention_months=months), stored) == last


def test_from_template_to_force(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client], vault: Vault, tmp_path: Path
) -> None:
    client = signed_in(everybody["administrator"])
    shelter = everybody["shelter"].organisation
    answer = client.post("/agreements/begin/", {"organisation": shelter.pk, "language": "ar"})
    agreement = Agreement.objects.get()
    assert answer["Location"] == f"/agreements/{agreement.pk}/edit/"
    assert shelter.name in agreement.purpose and agreement.language == "ar"
    one = f"/agreements/{agreement.pk}/"
    client.post(f"{one}force/", {"signed": ""})
    assert Agreement.objects.get().state == State.DRAFT
    client.post(f"{one}sign/", {"paper": SimpleUploadedFile("../signed copy.pdf", PAPER)})
    agreement = Agreement.objects.get()
    assert agreement.signed and agreement.signed in client.get(one).content.decode()
    client.post(f"{one}force/", {"signed": "0" * 64})
    assert Agreement.objects.get().state == State.DRAFT
    client.post(f"{one}force/", {"signed": agreement.signed})
    assert covers(shelter, Purpose.DELIVER, now().date())
    paths = get(vault, "hub", agreement.sealed_as, tmp_path / "out", Access("test", "test"), now())
    assert [path.read_bytes() for path in paths] == [PAPER]
    assert not any(PAPER in path.read_bytes() for path in vault.folder.rglob("*") if path.is_file())
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"agreement.drafted", "agreement.signed", "agreement.in_force"} <= kinds


def test_a_changed_draft_needs_a_new_signature(everybody: dict[str, Person], vault: Vault) -> None:
    administrator, agreement = everybody["administrator"], drafted(everybody)
    acts.attach_signed(administrator, agreement, "paper.pdf", PAPER)
    signed = Agreement.objects.get().signed
    acts.change(administrator, agreement, {"credit": "Another wording."})
    with pytest.raises(ValidationError):
        acts.put_into_force(administrator, agreement, signed)


def test_what_is_in_force_stays_as_it_was_signed_and_a_new_version_replaces_it(
    everybody: dict[str, Person], vault: Vault
) -> None:
    administrator, old = everybody["administrator"], in_force(everybody)
    with pytest.raises(ValidationError):
        acts.change(administrator, old, {"purpose": "Anything at all."})
    fresh = acts.revise(administrator, old)
    assert [getattr(fresh, name) for name in CLAUSES] == [getattr(old, name) for name in CLAUSES]
    with pytest.raises(ValidationError):
        acts.revise(administrator, old)
    assert check_agreement(old.organisation, Purpose.DELIVER, DAY) == old
    acts.attach_signed(administrator, fresh, "paper.pdf", PAPER)
    fresh.refresh_from_db()
    acts.put_into_force(administrator, fresh, fresh.signed)
    old.refresh_from_db()
    assert (old.state, check_agreement(old.organisation, Purpose.DELIVER, DAY)) == (State.ENDED, fresh)


def test_what_cannot_be_agreed(everybody: dict[str, Person]) -> None:
    administrator = everybody["administrator"]
    with pytest.raises(ValidationError):
        drafted(everybody, purposes=[])
    with pytest.raises(ValidationError):
        drafted(everybody, purposes=["sell"])
    with pytest.raises(ValidationError):
        drafted(everybody, valid_until=DAY - timedelta(days=400))
    with pytest.raises(ValidationError):
        acts.end(administrator, drafted(everybody), "  ")
    with pytest.raises(ValidationError):
        acts.draft(administrator, administrator.organisation, {})


def test_contributors_read_their_own_and_change_nothing(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    agreement = drafted(everybody)
    assert agreement.title in signed_in(everybody["shelter"]).get("/agreements/").content.decode()
    assert agreement.title not in signed_in(everybody["hotline"]).get("/agreements/").content.decode()
    with pytest.raises(Denied):
        acts.end(everybody["shelter"], agreement, "because")
    with pytest.raises(Denied):
        acts.change(everybody["steward"], agreement, {"purpose": "x"})


def test_what_has_ended_stays_ended() -> None:
    assert not TRANSITIONS[State.ENDED]
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_and_templates_in_every_language(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client], language: str
) -> None:
    shelter, hub = everybody["shelter"].organisation, everybody["administrator"].organisation
    agreement = acts.draft(everybody["administrator"], shelter, prefilled(shelter, hub, language, date(2028, 2, 29)))
    client = signed_in(everybody["administrator"])
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    for path in ("", "begin/", f"{agreement.pk}/", *(f"{agreement.pk}/{end}/" for end in ("edit", "sign", "end"))):
        text = client.get(f"/agreements/{path}").content.decode()
        assert f'<html lang="{language}"' in text
    assert agreement.valid_until == date(2031, 2, 28)


def test_the_hash_of_the_paper_is_of_its_bytes(everybody: dict[str, Person], vault: Vault) -> None:
    agreement = drafted(everybody)
    acts.attach_signed(everybody["administrator"], agreement, "..", PAPER)
    agreement.refresh_from_db()
    assert (agreement.signed, agreement.signed_bytes) == (hashlib.sha256(PAPER).hexdigest(), len(PAPER))


def test_the_paper_waits_in_a_private_folder_alone(
    everybody: dict[str, Person], vault: Vault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[Path] = []

    def watched(into: Vault, deposit: Deposit, access: Access, when: datetime) -> None:
        seen.extend(deposit.files)
        put(into, deposit, access, when)

    monkeypatch.setattr(memory, "MEMORY", tmp_path)
    monkeypatch.setattr(paper, "put", watched)
    acts.attach_signed(everybody["administrator"], drafted(everybody), "signed.pdf", PAPER)
    (path,) = seen
    assert path.parent.parent == memory._parent()
    assert list(memory._parent().iterdir()) == []
