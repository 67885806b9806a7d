"""Inviting, changing and closing people and organisations, as an administrator does it on screen."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client

from ctdc.foundation.clock import now
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.people.models import Invitation, Organisation, Person, Token
from ctdc.hub.studio.people.roles import Role
from ctdc.hub.studio.web.texts import catalogue
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SignedIn = Callable[[Person], Client]
PASSWORD = "correct horse battery staple"


@pytest.fixture
def administrator(everybody: dict[str, Person], signed_in: SignedIn) -> Client:
    return signed_in(everybody["administrator"])


def invitation(home: Organisation, **other: object) -> dict[str, object]:
    return {"name": "Nour", "email": "nour@example.org", "organisation": home.pk, "language": "ar", **other}


def test_an_invitation_goes_out_in_its_language_and_its_link_is_shown_once(
    administrator: Client, shelter: Organisation
) -> None:
    page = administrator.post("/people/invite/", invitation(shelter)).content.decode()
    link = re.search(r"http://localhost:8800(/people/join/\S+/)</code>", page)
    assert link is not None
    [letter] = mail.outbox
    assert letter.to == ["nour@example.org"] and link[0].removesuffix("</code>") in letter.body
    assert letter.subject == catalogue("people").text("ar", "letter.invitation.subject", hub="Test hub")
    assert link[1] not in administrator.get("/people/").content.decode()
    joining = Client(HTTP_HOST="localhost")
    assert 'lang="ar"' in joining.get(link[1]).content.decode()
    joining.post(link[1], {"password": PASSWORD, "again": PASSWORD})
    person = Person.objects.get(email="nour@example.org")
    assert person.roles == {Role.CONTRIBUTOR}
    assert UserSession.objects.filter(user=person).exists()  # among those that can be ended


def test_a_letter_that_cannot_be_sent_is_said_and_the_link_can_be_handed_over(
    administrator: Client, shelter: Organisation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from django.core.mail import EmailMessage

    def broken(self: EmailMessage) -> None:
        raise ConnectionRefusedError("nour@example.org refused")

    monkeypatch.setattr(EmailMessage, "send", broken)
    page = administrator.post("/people/invite/", invitation(shelter)).content.decode()
    assert catalogue("people").text("en", "invited.not_sent") in page and "/people/join/" in page
    assert "ConnectionRefusedError" in caplog.text and "nour@" not in caplog.text


def test_a_second_invitation_makes_the_first_worthless(administrator: Client, shelter: Organisation) -> None:
    administrator.post("/people/invite/", invitation(shelter))
    administrator.post("/people/invite/", invitation(shelter, email="NOUR@example.org"))
    assert [bool(one.withdrawn) for one in Invitation.objects.order_by("pk")] == [True, False]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"email": "hub.editor@example.org"}, "error.known"),
        ({"roles": ["steward"]}, "error.roles_away"),
        ({"email": "not an address"}, None),
        ({"name": ""}, None),
        ({"language": "tlh"}, None),
        ({"organisation": 10**30}, None),
        ({"roles": ["emperor"]}, None),
    ],
)
def test_what_cannot_be_invited_is_said_and_changes_nothing(
    administrator: Client, shelter: Organisation, change: dict[str, object], key: str | None
) -> None:
    page = administrator.post("/people/invite/", invitation(shelter) | change).content.decode()
    assert 'class="error"' in page or 'class="errors"' in page
    assert key is None or catalogue("people").text("en", key) in page
    assert not Invitation.objects.exists() and mail.outbox == []


def test_people_of_the_hub_need_a_role(administrator: Client, hub: Organisation) -> None:
    page = administrator.post("/people/invite/", invitation(hub)).content.decode()
    assert catalogue("people").text("en", "error.roles_home") in page
    administrator.post("/people/invite/", invitation(hub, roles=["editor", "translator"]))
    assert Invitation.objects.get().roles == ["editor", "translator"]


def test_withdrawing_an_invitation_and_one_that_was_used(
    administrator: Client, everybody: dict[str, Person], shelter: Organisation
) -> None:
    administrator.post("/people/invite/", invitation(shelter))
    one = Invitation.objects.get()
    administrator.post(f"/people/invitations/{one.pk}/withdraw/")
    one.refresh_from_db()
    assert one.withdrawn is not None
    page = administrator.post(f"/people/invitations/{one.pk}/withdraw/", follow=True).content.decode()
    assert catalogue("people").text("en", "error.invitation_used") in page


def test_roles_are_changed_on_screen_and_what_cannot_be_is_said(
    administrator: Client, everybody: dict[str, Person]
) -> None:
    editor = everybody["editor"]
    assert administrator.post(f"/people/{editor.pk}/roles/", {"roles": ["translator"]}).status_code == 302
    assert Person.objects.get(pk=editor.pk).roles == {Role.TRANSLATOR}
    page = administrator.post(f"/people/{editor.pk}/roles/", {"roles": ["administrator", "steward"]}).content.decode()
    assert "Nobody can be both" in page
    assert Person.objects.get(pk=editor.pk).roles == {Role.TRANSLATOR}


def test_closing_takes_effect_at_once_and_the_last_administrator_stays(
    administrator: Client, everybody: dict[str, Person], signed_in: SignedIn
) -> None:
    editor = signed_in(everybody["editor"])
    number = everybody["editor"].pk
    administrator.post(f"/people/{number}/close/")
    assert editor.get("/").status_code == 302
    administrator.post(f"/people/{number}/open/")
    assert Person.objects.get(pk=number).is_active
    page = administrator.post(f"/people/{everybody['administrator'].pk}/close/", follow=True).content.decode()
    assert catalogue("people").text("en", "error.last_administrator") in page


def test_removing_a_second_step_asks_first_ends_sessions_and_tells_the_person(
    administrator: Client, everybody: dict[str, Person]
) -> None:
    editor = everybody["editor"]
    address = f"/people/{editor.pk}/second-step/"
    assert catalogue("people").text("en", "second_step.sure") in administrator.get(address).content.decode()
    assert Authenticator.objects.filter(user=editor).exists()
    administrator.post(address)
    assert not Authenticator.objects.filter(user=editor).exists()
    assert mail.outbox[-1].to == [editor.email]
    assert Event.objects.last().kind == "person.second_step_removed"  # type: ignore[union-attr]
    own = f"/people/{everybody['administrator'].pk}/second-step/"
    page = administrator.post(own, follow=True).content.decode()
    assert catalogue("entrance").text("en", "error.own_second_step") in page


def test_organisations_are_made_closed_and_opened(administrator: Client, hub: Organisation) -> None:
    made = administrator.post("/people/organisations/new/", {"name": "Sea rescue", "slug": "sea-rescue"})
    assert made["Location"] == "/people/organisations/at/sea-rescue/"
    for path, active in (("close", False), ("open", True)):
        administrator.post(f"/people/organisations/at/sea-rescue/{path}/")
        assert Organisation.objects.get(slug="sea-rescue").active is active
    page = administrator.post("/people/organisations/at/hub/close/", follow=True).content.decode()
    assert catalogue("people").text("en", "error.hub_closed") in page


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Harbour shelter", "slug": "new"},
        {"name": "New", "slug": "shelter"},
        {"name": "New", "slug": "New!"},
        {"name": "New", "slug": "UPPER"},
        {"name": "", "slug": ""},
        {"name": "x" * 201, "slug": "x"},
    ],
)
def test_organisations_that_cannot_be_are_not_made(
    administrator: Client, shelter: Organisation, values: dict[str, str]
) -> None:
    page = administrator.post("/people/organisations/new/", values).content.decode()
    assert 'class="error"' in page
    assert set(Organisation.objects.values_list("slug", flat=True)) == {"hub", "shelter", "hotline"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_there_in_each_language(
    administrator: Client, everybody: dict[str, Person], language: str
) -> None:
    administrator.cookies["django_language"] = language
    clerk = everybody["shelter"]
    Token.objects.create(person=clerk, name="Export", secret="x", until=now() + timedelta(days=1))
    people = f"/people/{clerk.pk}/"
    for address in ("/people/", people, "/people/invite/", "/people/organisations/", "/people/organisations/new/"):
        page = administrator.get(address)
        assert page.status_code == 200 and f'lang="{language}"' in page.content.decode(), address


def test_an_auditor_sees_everybody_and_nothing_to_press(everybody: dict[str, Person], signed_in: SignedIn) -> None:
    client = signed_in(everybody["auditor"])
    for address in ("/people/", f"/people/{everybody['shelter'].pk}/", "/people/organisations/at/shelter/"):
        main = client.get(address).content.decode().split("<main")[1]
        assert "<form" not in main and "button" not in main, address


def test_names_are_text_wherever_they_stand(administrator: Client, everybody: dict[str, Person]) -> None:
    markup = "<script>alert(1)</script>"
    Person.objects.filter(pk=everybody["editor"].pk).update(name=markup)
    for address in ("/people/", f"/people/{everybody['editor'].pk}/", f"/people/{everybody['editor'].pk}/roles/"):
        assert markup not in administrator.get(address).content.decode()


def test_a_form_sets_nothing_that_it_does_not_show(administrator: Client, everybody: dict[str, Person]) -> None:
    editor = everybody["editor"]
    more = {"is_superuser": "1", "email": "other@example.org", "organisation": "2", "password": "x", "is_active": ""}
    administrator.post(f"/people/{editor.pk}/roles/", {"roles": ["editor"], **more})
    after = Person.objects.get(pk=editor.pk)
    fields = ("email", "organisation_id", "password", "is_superuser", "is_active")
    assert [getattr(after, name) for name in fields] == [getattr(editor, name) for name in fields]


def test_the_form_of_roles_shows_those_of_a_closed_account(administrator: Client, everybody: dict[str, Person]) -> None:
    editor = everybody["editor"]
    administrator.post(f"/people/{editor.pk}/close/")
    form = administrator.get(f"/people/{editor.pk}/roles/").content.decode()
    [box] = re.findall(r'<input[^>]*value="editor"[^>]*>', form)
    assert "checked" in box
