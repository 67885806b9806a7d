"""Who is due, whom to write to, and the reminder."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from tests.unit.hub.studio.listening.conftest import Watching

from ctdc.foundation.clock import now
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.listening.calendar import acts
from ctdc.hub.studio.listening.calendar.days import Standing, lines, months_later
from ctdc.hub.studio.listening.models import Contact, UpdatePlan
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Denied
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def today() -> date:
    return now().date()


def planned(everybody: dict[str, Person], home: str = "shelter", days: int = 10, months: int = 6) -> UpdatePlan:
    organisation = everybody[home].organisation
    return acts.plan(everybody["steward"], organisation, months, today() + timedelta(days=days))


def contact(
    everybody: dict[str, Person], language: str = "en", name: str = "Inès Contact", home: str = "shelter"
) -> Contact:
    values = {"name": name, "function": "data", "email": f"{language}@example.org", "language": language}
    return acts.add_contact(everybody["steward"], everybody[home].organisation, values)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 12, 5), 1, date(2027, 1, 5)),
        (date(2026, 3, 5), 24, date(2028, 3, 5)),
    ],
)
def test_months_are_months_of_the_calendar(day: date, months: int, expected: date) -> None:
    assert months_later(day, months) == expected


def test_the_most_urgent_come_first(everybody: dict[str, Person], shelter: Organisation, hotline: Organisation) -> None:
    third = Organisation.objects.create(slug="third", name="A third")
    fourth = Organisation.objects.create(slug="fourth", name="A fourth")
    planned(everybody, "shelter", days=200)
    planned(everybody, "hotline", days=-1)
    acts.plan(everybody["steward"], third, 12, today() + timedelta(days=30))
    found = lines([fourth, shelter, hotline, third], today())
    assert [(line.organisation, line.standing) for line in found] == [
        (hotline, Standing.OVERDUE),
        (third, Standing.SOON),
        (shelter, Standing.LATER),
        (fourth, Standing.UNPLANNED),
    ]


def test_what_came_moves_the_next_day(everybody: dict[str, Person]) -> None:
    plan = planned(everybody, days=-10, months=6)
    first = plan.due
    plan = acts.note_received(everybody["steward"], plan)
    assert (plan.due, plan.received, plan.reminded) == (months_later(first, 6), today(), None)
    UpdatePlan.objects.update(received=today() - timedelta(days=1))
    plan = planned(everybody, days=-400, months=6)
    assert acts.note_received(everybody["steward"], plan).due == months_later(today(), 6)


def test_noted_twice_on_one_day_it_moves_once(everybody: dict[str, Person]) -> None:
    plan = planned(everybody, days=-10, months=6)
    first = plan.due
    acts.note_received(everybody["steward"], plan)
    with pytest.raises(ValidationError, match="noted today"):
        acts.note_received(everybody["administrator"], plan)  # as the page was when both of them opened it
    assert UpdatePlan.objects.get().due == months_later(first, 6)
    assert Event.objects.filter(kind="updates.received").count() == 1


def test_the_hub_delivers_nothing(everybody: dict[str, Person], hub: Organisation) -> None:
    with pytest.raises(ValidationError):
        acts.plan(everybody["steward"], hub, 6, today())
    with pytest.raises(ValidationError):
        planned(everybody, months=0)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("days", [-3, 20])
def test_a_reminder_is_in_the_language_of_whoever_gets_it(
    everybody: dict[str, Person], language: str, days: int
) -> None:
    plan = planned(everybody, days=days)
    contact(everybody, language)
    assert acts.remind(everybody["steward"], plan) == 1
    (letter,) = mail.outbox
    assert (letter.to, letter.content_subtype, letter.attachments) == ([f"{language}@example.org"], "plain", [])
    for part in ("Inès Contact", "Harbour shelter", "http://localhost:8800", "Test hub"):
        assert part in letter.body
    assert "{" not in letter.subject + letter.body


def test_a_reminder_goes_out_once_a_day_and_not_to_nobody(everybody: dict[str, Person]) -> None:
    plan = planned(everybody)
    with pytest.raises(ValidationError, match="nobody"):
        acts.remind(everybody["steward"], plan)
    contact(everybody)
    contact(everybody, "ar")
    assert acts.remind(everybody["administrator"], plan) == 2
    with pytest.raises(ValidationError, match="today"):
        acts.remind(everybody["steward"], plan)
    assert len(mail.outbox) == 2
    event = Event.objects.get(kind="updates.reminded")
    assert (event.about, event.details, event.organisation) == ("updates:shelter", {"letters": 2}, "shelter")


def test_a_reminder_that_cannot_be_sent_is_not_noted(everybody: dict[str, Person], settings: object) -> None:
    plan = planned(everybody)
    contact(everybody)
    settings.EMAIL_BACKEND = "tests.unit.hub.studio.listening.conftest.Refusing"  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match="could not be sent"):
        acts.remind(everybody["steward"], plan)
    assert UpdatePlan.objects.get().reminded is None
    assert not Event.objects.filter(kind="updates.reminded").exists()


def test_while_mail_is_sent_the_end_of_the_log_is_free(everybody: dict[str, Person], settings: object) -> None:
    plan = planned(everybody)
    contact(everybody)
    Watching.noted.clear()
    settings.EMAIL_BACKEND = "tests.unit.hub.studio.listening.conftest.Watching"  # type: ignore[attr-defined]
    acts.remind(everybody["steward"], plan)
    assert Watching.noted == [0]
    assert Event.objects.filter(kind="updates.reminded").count() == 1
    assert 0 < django_settings.EMAIL_TIMEOUT <= 10


def test_contacts_leave_nothing_but_a_number(everybody: dict[str, Person]) -> None:
    found = contact(everybody)
    number = found.pk
    values = {"name": "Somebody Else", "function": "", "email": "else@example.org", "language": "fr"}
    acts.change_contact(everybody["administrator"], found, values)
    acts.remind(everybody["steward"], planned(everybody))
    acts.remove_contact(everybody["steward"], found)
    assert not Contact.objects.exists()
    logged = str(list(Event.objects.values()))
    assert f"contact:{number}" in logged
    for part in ("Inès", "Else", "@example.org"):
        assert part not in logged


def test_an_address_stands_once_in_an_organisation(everybody: dict[str, Person]) -> None:
    contact(everybody)
    contact(everybody, home="hotline")
    other = contact(everybody, "fr")
    with pytest.raises(ValidationError) as error:
        contact(everybody, "EN".lower())
    assert "email" in error.value.error_dict
    values = {"name": "x", "function": "", "email": "EN@example.org", "language": "en"}
    with pytest.raises(ValidationError):
        acts.change_contact(everybody["steward"], other, values)
    with pytest.raises(ValidationError):
        acts.add_contact(everybody["steward"], everybody["shelter"].organisation, {**values, "email": "no address"})


def test_a_contributor_sees_their_own_day_and_nobody_s_contacts(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    planned(everybody, "shelter")
    planned(everybody, "hotline")
    contact(everybody)
    client = signed_in(everybody["shelter"])
    page = client.get("/calendar/").content.decode()
    assert "Harbour shelter" in page and "National hotline" not in page
    assert client.get("/calendar/shelter/").status_code == 403
    for who, status in (("steward", 200), ("administrator", 200), ("auditor", 403), ("reviewer", 403)):
        assert signed_in(everybody[who]).get("/calendar/shelter/").status_code == status
    assert "example.org" not in signed_in(everybody["auditor"]).get("/calendar/").content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_calendar_through_its_pages(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client], language: str
) -> None:
    client = signed_in(everybody["steward"])
    client.cookies["django_language"] = language
    assert client.post("/calendar/shelter/plan/", {"months": "0", "due": "soon"}).status_code == 200
    assert client.post("/calendar/shelter/plan/", {"months": "6", "due": "2026-01-01"}).status_code == 302
    wrong = client.post("/calendar/shelter/contacts/", {"name": "", "email": "x", "language": "xx"})
    assert wrong.status_code == 200
    values = {"name": "Inès", "email": "ines@example.org", "language": language, "function": ""}
    assert client.post("/calendar/shelter/contacts/", values).status_code == 302
    assert client.post("/calendar/shelter/contacts/", values).status_code == 200  # it is there already
    page = client.get("/calendar/shelter/").content.decode()
    assert page.count("ines@example.org") >= 2 and f'lang="{language}"' in page
    assert client.post("/calendar/shelter/remind/").status_code == 302
    assert client.post("/calendar/shelter/received/").status_code == 302
    number = Contact.objects.get().pk
    assert client.get(f"/calendar/contacts/{number}/change/").status_code == 200
    assert client.post(f"/calendar/contacts/{number}/remove/").status_code == 302
    assert client.get("/calendar/").status_code == 200
    assert client.get("/calendar/hub/").status_code == 404
    assert len(mail.outbox) == 1


def test_who_may_not_plans_nothing(everybody: dict[str, Person]) -> None:
    plan = planned(everybody)
    for who in ("auditor", "reviewer", "editor", "shelter"):
        with pytest.raises(Denied):
            acts.remind(everybody[who], plan)
        with pytest.raises(Denied):
            contact_of = everybody["shelter"].organisation
            acts.add_contact(everybody[who], contact_of, {})
