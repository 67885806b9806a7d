"""Tokens: shown once, stored as a hash, over at their time, good for delivering and for nothing else."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory

from ctdc.foundation.clock import now
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.people import acts, tokens
from ctdc.hub.studio.people.models import Grant, Person, Token
from ctdc.hub.studio.people.policy import Denied
from ctdc.hub.studio.people.roles import Role

pytestmark = pytest.mark.django_db


def carrying(value: str) -> Person | None:
    return tokens.person_of(RequestFactory().post("/", headers={"Authorization": value}))


@pytest.fixture
def clerk(everybody: dict[str, Person]) -> Person:
    return everybody["shelter"]


@pytest.fixture
def secret(clerk: Person) -> str:
    return acts.make_token(clerk, "Nightly export", 30)[1]


def test_a_token_stands_for_its_person_and_is_stored_as_a_hash(clerk: Person, secret: str) -> None:
    assert carrying(f"Bearer {secret}") == clerk
    assert carrying(f"bearer  {secret} ") == clerk
    token = Token.objects.get()
    assert secret not in str(Token.objects.values()) + str(Event.objects.values())
    assert token.used is not None and len(secret) > 43


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {}x", "Bearer ctdc_", "Bearer é{}"]
)
def test_what_is_not_a_token_stands_for_nobody(secret: str, value: str) -> None:
    assert carrying(value.format(secret)) is None


@pytest.mark.parametrize("change", ["late", "withdrawn", "closed", "organisation closed", "no role"])
def test_a_token_ends_with_its_time_or_with_its_person(
    everybody: dict[str, Person], clerk: Person, secret: str, change: str
) -> None:
    if change == "late":
        Token.objects.update(until=now() - timedelta(seconds=1))
    elif change == "withdrawn":
        acts.withdraw_token(clerk, Token.objects.get())
    elif change == "closed":
        acts.set_active(everybody["administrator"], clerk, False)
    elif change == "organisation closed":
        acts.set_organisation_active(everybody["administrator"], clerk.organisation, False)
    else:
        Grant.objects.filter(person=clerk).delete()
    assert carrying(f"Bearer {secret}") is None


@pytest.mark.parametrize("days", [0, -1, 91, 10**6])
def test_a_token_works_for_at_most_ninety_days(clerk: Person, days: int) -> None:
    with pytest.raises(ValidationError, match="90"):
        acts.make_token(clerk, "Export", days)


def test_nobody_has_more_than_ten(clerk: Person) -> None:
    for number in range(tokens.MOST):
        acts.make_token(clerk, f"Export {number}", 1)
    with pytest.raises(ValidationError, match="10 tokens"):
        acts.make_token(clerk, "One more", 1)


def test_only_contributors_make_tokens_and_only_their_own_or_an_administrator_withdraws(
    everybody: dict[str, Person], secret: str
) -> None:
    token = Token.objects.get()
    for who, person in everybody.items():
        if person.roles != {Role.CONTRIBUTOR}:
            with pytest.raises(Denied):
                acts.make_token(person, "Export", 1)
        if who not in ("shelter", "administrator"):
            with pytest.raises(Denied):
                acts.withdraw_token(person, token)
    acts.withdraw_token(everybody["administrator"], token)
    assert Event.objects.last().kind == "token.withdrawn"  # type: ignore[union-attr]


def test_a_token_is_shown_once_on_screen(clerk: Person, signed_in: Callable[[Person], Client]) -> None:
    client = signed_in(clerk)
    page = client.post("/people/tokens/", {"name": "Nightly export", "days": "30"}).content.decode()
    assert tokens.PREFIX in page and "Nightly export" in page
    again = client.get("/people/tokens/").content.decode()
    assert "Nightly export" in again and tokens.PREFIX not in again
    for days in ("0", "91", "x", ""):
        assert 'class="error"' in client.post("/people/tokens/", {"name": "A", "days": days}).content.decode()


def test_no_token_opens_what_people_sign_in_for(clerk: Person, secret: str) -> None:
    client = Client(HTTP_HOST="localhost", headers={"Authorization": f"Bearer {secret}"})
    for address in ("/", "/people/", "/people/tokens/", "/editors/"):
        assert client.get(address)["Location"] == "/account/login/"
