"""Joining by invitation, roles that go together, and the last administrator."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.test import Client

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.people import acts, policy
from ctdc.hub.studio.people.models import Grant, Invitation, Organisation, Person, Token
from ctdc.hub.studio.people.roles import Role

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


def invited(everybody: dict[str, Person], organisation: Organisation, *roles: Role) -> tuple[Invitation, str]:
    return acts.invite(everybody["administrator"], organisation, "new@example.org", "Somebody New", roles, "ar")


def test_a_person_joins_by_the_letter_once(everybody: dict[str, Person], shelter: Organisation) -> None:
    _, secret = invited(everybody, shelter, Role.CONTRIBUTOR)
    client = Client(HTTP_HOST="localhost")
    address = f"/people/join/{secret}/"
    assert "Somebody New" in client.get(address).content.decode()
    answer = client.post(address, {"password": PASSWORD, "again": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/account/2fa/")
    person = Person.objects.get(email="new@example.org")
    assert (person.roles, person.organisation, person.language) == ({Role.CONTRIBUTOR}, shelter, "ar")
    assert Client(HTTP_HOST="localhost").get(address).status_code == 410
    assert secret not in str(Invitation.objects.values()) + str(Event.objects.values())


def test_whoever_has_no_second_step_gets_nowhere_else(everybody: dict[str, Person], hub: Organisation) -> None:
    _, secret = invited(everybody, hub, Role.STEWARD)
    client = Client(HTTP_HOST="localhost")
    client.post(f"/people/join/{secret}/", {"password": PASSWORD, "again": PASSWORD})
    for address in ("/", "/jobs/", "/editors/"):
        assert client.get(address)["Location"] == "/account/2fa/"
    assert client.get("/account/2fa/totp/activate/").status_code == 200


@pytest.mark.parametrize("change", ["late", "withdrawn", "closed"])
def test_an_invitation_that_is_over_lets_nobody_in(
    everybody: dict[str, Person], shelter: Organisation, change: str
) -> None:
    invitation, secret = invited(everybody, shelter, Role.CONTRIBUTOR)
    if change == "late":
        Invitation.objects.update(until=now() - timedelta(seconds=1))
    elif change == "withdrawn":
        acts.withdraw_invitation(everybody["administrator"], invitation)
    else:
        acts.set_organisation_active(everybody["administrator"], shelter, False)
    with pytest.raises(ValidationError):
        acts.join(secret, PASSWORD)


@pytest.mark.parametrize("weak", ["short", "password1234", "new@example.org"])
def test_weak_passwords_are_refused(everybody: dict[str, Person], shelter: Organisation, weak: str) -> None:
    _, secret = invited(everybody, shelter, Role.CONTRIBUTOR)
    with pytest.raises(ValidationError):
        acts.join(secret, weak)
    assert not Person.objects.filter(email="new@example.org").exists()


@pytest.mark.parametrize(
    ("home", "roles"),
    [
        ("shelter", {Role.STEWARD}),
        ("shelter", set()),
        ("hub", {Role.CONTRIBUTOR}),
        ("hub", {Role.ADMINISTRATOR, Role.STEWARD}),
        ("hub", {Role.AUDITOR, Role.EDITOR}),
    ],
)
def test_roles_that_cannot_be(everybody: dict[str, Person], home: str, roles: set[Role]) -> None:
    with pytest.raises(ValidationError):
        acts.check_roles(Organisation.objects.get(slug=home), roles)


def test_the_last_administrator_stays(everybody: dict[str, Person]) -> None:
    administrator = everybody["administrator"]
    with pytest.raises(ValidationError):
        acts.set_roles(administrator, administrator, {Role.EDITOR})
    with pytest.raises(ValidationError):
        acts.set_active(administrator, administrator, False)
    assert Person.objects.get(pk=administrator.pk).roles == {Role.ADMINISTRATOR}


def test_a_closed_person_or_organisation_may_nothing(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    clerk = everybody["shelter"]
    client = signed_in(clerk)
    assert client.get("/").status_code == 200
    acts.set_organisation_active(everybody["administrator"], clerk.organisation, False)
    assert client.get("/").status_code == 403
    steward = everybody["steward"]
    acts.set_active(everybody["administrator"], steward, False)
    assert not policy.can(Person.objects.get(pk=steward.pk), policy.Act.SEE_HOME)


def test_what_somebody_may_is_asked_once_for_a_page(
    everybody: dict[str, Person],
    signed_in: Callable[[Person], Client],
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    for person in everybody.values():
        assert policy.acts_of(person) == {act for act in policy.Act if policy.can(person, act)}
    assert policy.acts_of(AnonymousUser()) == frozenset()
    client = signed_in(everybody["steward"])
    client.get("/")
    # Nine of them look what waits for the person; there was one more for each place of the navigation.
    with django_assert_max_num_queries(17):
        assert client.get("/").status_code == 200


def test_roles_are_given_by_administrators_alone(everybody: dict[str, Person]) -> None:
    for who, person in everybody.items():
        if who != "administrator":
            with pytest.raises(policy.Denied):
                acts.set_roles(person, person, {Role.STEWARD})


def test_a_session_ends_after_rest_and_after_its_longest_time(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    from ctdc.hub.studio.web.middleware import REST_KEY, START_KEY

    for key, ago in ((REST_KEY, 31 * 60), (START_KEY, 8 * 3600 + 60)):
        client = signed_in(everybody["editor"])
        session = client.session
        session[key] = int(now().timestamp()) - ago
        session.save()
        assert client.get("/")["Location"] == "/account/login/"


def test_the_first_administrator_is_invited_until_somebody_has_joined(db: None) -> None:
    _, lost = acts.make_studio("Hub", "ada@example.org", "Ada")
    _, secret = acts.make_studio("Hub", "ada@example.org", "Ada")
    with pytest.raises(ValidationError):
        acts.join(lost, PASSWORD)
    acts.join(secret, PASSWORD)
    with pytest.raises(UserError, match="has an administrator"):
        acts.make_studio("Hub", "eve@example.org", "Eve")
    assert Organisation.objects.filter(is_hub=True).count() == 1


def test_an_invitation_that_was_just_accepted_is_not_withdrawn(
    everybody: dict[str, Person], shelter: Organisation
) -> None:
    before, secret = invited(everybody, shelter, Role.CONTRIBUTOR)
    joined = acts.join(secret, PASSWORD)
    with pytest.raises(ValidationError):
        acts.withdraw_invitation(everybody["administrator"], before)  # as it was read before
    kept = Invitation.objects.get(pk=before.pk)
    assert (kept.person, kept.withdrawn) == (joined, None)


def test_the_whole_invitation_is_looked_at_under_the_lock(
    everybody: dict[str, Person], shelter: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, secret = invited(everybody, shelter, Role.CONTRIBUTOR)
    locked: list[bool] = []
    select = type(Invitation.objects).select_for_update

    def withdrawn_meanwhile(self, **options):  # type: ignore[no-untyped-def]
        """It is withdrawn in the moment before the lock is had."""
        locked.append(True)
        Invitation.objects.filter(pk=before.pk).update(withdrawn=now())
        return select(self, **options)

    monkeypatch.setattr(type(Invitation.objects), "select_for_update", withdrawn_meanwhile)
    with pytest.raises(ValidationError):
        acts.join(secret, PASSWORD)
    assert locked and not Person.objects.filter(email=before.email).exists()


def test_acts_write_nothing_but_what_they_change(everybody: dict[str, Person], shelter: Organisation) -> None:
    administrator, clerk = everybody["administrator"], everybody["shelter"]
    token, _ = acts.make_token(clerk, "Export", 1)
    changed = Person.objects.get(pk=clerk.pk)
    changed.set_password(PASSWORD)
    changed.save()
    Organisation.objects.filter(pk=shelter.pk).update(name="Harbour house")
    Token.objects.update(used=now())
    acts.withdraw_token(clerk, token)
    acts.set_active(administrator, clerk, False)
    acts.set_organisation_active(administrator, shelter, False)
    kept = Person.objects.get(pk=clerk.pk)
    assert kept.check_password(PASSWORD) and not kept.is_active
    assert (kept.organisation.name, kept.organisation.active) == ("Harbour house", False)
    assert Token.objects.get().used is not None and Token.objects.get().withdrawn is not None


def test_roles_are_compared_with_those_of_now(everybody: dict[str, Person]) -> None:
    editor = Person.objects.prefetch_related("grants").get(pk=everybody["editor"].pk)
    Grant.objects.create(person_id=editor.pk, role=Role.TRANSLATOR)
    acts.set_roles(everybody["administrator"], editor, {Role.TRANSLATOR})
    assert Person.objects.get(pk=editor.pk).roles == {Role.TRANSLATOR}


def test_whoever_joins_has_their_address_in_the_same_step(
    everybody: dict[str, Person], shelter: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = invited(everybody, shelter, Role.CONTRIBUTOR)

    def broken(**_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch, pytest.raises(ConnectionError):
        patch.setattr(EmailAddress.objects, "create", broken)
        acts.join(secret, PASSWORD)
    assert not Person.objects.filter(email="new@example.org").exists()
    joined = acts.join(secret, PASSWORD)  # the letter is still good
    own = EmailAddress.objects.get(user=joined)
    assert (own.email, own.verified, own.primary) == (joined.email, True, True)


def test_closing_an_account_ends_its_sessions_and_tokens_for_good(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    administrator, clerk = everybody["administrator"], everybody["shelter"]
    key = signed_in(clerk).session.session_key
    UserSession.objects.create(user=clerk, session_key=key, ip="127.0.0.1")
    acts.make_token(clerk, "Export", 1)
    acts.set_active(administrator, clerk, False)
    acts.set_active(administrator, clerk, True)
    assert not Session.objects.filter(session_key=key).exists()
    assert not UserSession.objects.filter(user=clerk).exists()
    assert not Token.objects.filter(person=clerk, withdrawn=None).exists()


def test_an_administrator_closes_their_own_account(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    administrator = everybody["administrator"]
    Grant.objects.filter(person=everybody["editor"]).update(role=Role.ADMINISTRATOR)
    client = signed_in(administrator)
    UserSession.objects.create(user=administrator, session_key=client.session.session_key, ip="127.0.0.1")
    assert client.post(f"/people/{administrator.pk}/close/").status_code == 302
    assert client.get("/")["Location"] == "/account/login/"
    assert not Person.objects.get(pk=administrator.pk).is_active
