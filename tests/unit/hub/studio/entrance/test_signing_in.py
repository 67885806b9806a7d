"""Signing in: both steps, what is refused, what is told by letter, and what the log says of it."""

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache, caches
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.entrance import acts, sealing
from ctdc.hub.studio.entrance.adapter import LETTERS, SAID
from ctdc.hub.studio.entrance.passwords import NotAboutHere
from ctdc.hub.studio.entrance.second_step import TAKEN_KEY
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Denied
from ctdc.hub.studio.web.texts import catalogue, plural
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
PASSWORD = "a sentence of several words"


@pytest.fixture(autouse=True)
def _counts_from_nothing(db: None) -> None:
    cache.clear()


def code_of(person: Person, steps: int = 0) -> str:
    """What the person's app shows now, or some half minutes from now."""
    secret = sealing.open_sealed(Authenticator.objects.get(user=person, type="totp").data["secret"])
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def browser() -> Client:
    return Client(HTTP_HOST="localhost")


def first_step(client: Client, person: Person, password: str = PASSWORD) -> None:
    client.post("/account/login/", {"login": person.email, "password": password})


def come_in(person: Person) -> Client:
    client = browser()
    first_step(client, person)
    client.post("/account/2fa/authenticate/", {"code": code_of(person)})
    return client


def kinds() -> list[str]:
    return list(Event.objects.values_list("kind", flat=True))


def test_both_steps_let_in_and_are_noted(everybody: dict[str, Person]) -> None:
    editor, client = everybody["editor"], browser()
    first_step(client, editor)
    assert client.get("/")["Location"] == "/account/login/"
    answer = client.post("/account/2fa/authenticate/", {"code": code_of(editor)})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    event = Event.objects.get(kind="session.begun")
    assert (event.actor, event.details) == (editor.log_name, {"how": "password+totp"})
    assert editor.email not in str(list(Event.objects.values())) and "127.0.0.1" not in str(
        list(Event.objects.values())
    )


def test_the_studio_speaks_the_language_of_the_account(everybody: dict[str, Person]) -> None:
    editor = everybody["editor"]
    Person.objects.update(language="ar")
    assert 'dir="rtl"' in come_in(editor).get("/").content.decode()


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_off_and_a_code_counts_once(everybody: dict[str, Person], steps: int) -> None:
    editor = everybody["editor"]
    code = code_of(editor, steps)
    for expected in (302, 200):
        client = browser()
        first_step(client, editor)
        assert client.post("/account/2fa/authenticate/", {"code": code}).status_code == expected
    assert client.get("/").status_code == 302


def test_a_code_is_not_taken_again_after_the_library_forgot_it(everybody: dict[str, Person]) -> None:
    """The library keeps a code for half a minute; with clocks that are off it is valid for three times that."""
    editor = everybody["editor"]
    code = code_of(editor, 1)
    first = browser()
    first_step(first, editor)
    assert first.post("/account/2fa/authenticate/", {"code": code}).status_code == 302
    cache.delete(f"allauth.mfa.totp.used?user={editor.pk}&code={code}")
    second = browser()
    first_step(second, editor)
    assert second.post("/account/2fa/authenticate/", {"code": code}).status_code == 200


def test_a_code_with_spaces_is_the_same_code(everybody: dict[str, Person]) -> None:
    editor = everybody["editor"]
    code = code_of(editor, 1)
    first, second = browser(), browser()
    first_step(first, editor)
    first_step(second, editor)
    assert first.post("/account/2fa/authenticate/", {"code": code}).status_code == 302
    cache.delete(f"allauth.mfa.totp.used?user={editor.pk}&code={code}")
    spaced = f"{code[:3]} {code[3:]}"
    assert second.post("/account/2fa/authenticate/", {"code": spaced}).status_code == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_password_is_said_in_each_language_and_noted_without_the_address(
    everybody: dict[str, Person], language: str
) -> None:
    client = browser()
    client.cookies["django_language"] = language
    for login in (everybody["editor"].email, "stranger@example.org"):
        page = client.post("/account/login/", {"login": login, "password": "wrong"}).content.decode()
        assert catalogue("entrance").text(language, "error.mismatch") in page
    noted = list(Event.objects.filter(kind="session.failed"))
    assert [event.about for event in noted] == [everybody["editor"].log_name, ""]
    assert "@" not in str([event.content() for event in noted])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "address",
    ["account_login", "account_reset_password", "account_change_password", "mfa_index", "mfa_activate_totp"],
)
def test_no_page_mixes_languages(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client], language: str, address: str
) -> None:
    """What a form of the library says by itself would be English where the library has no word for it."""
    person = everybody["editor"]
    client = browser() if address in ("account_login", "account_reset_password") else signed_in(person)
    client.cookies["django_language"] = language
    page = client.post(reverse(address), {}, follow=True).content.decode()
    english = {"Password", "Email", "required", "Forgot", "Remember", "This", "the"}
    shown = re.sub(r"<[^>]*>", " ", page)
    if language != "en":
        assert not english & set(re.findall(r"\w+", shown)), address


def test_too_many_wrong_passwords_are_held_off_even_with_the_right_one(everybody: dict[str, Person]) -> None:
    editor, client = everybody["editor"], browser()
    for _ in range(5):
        first_step(client, editor, "wrong")
    answer = client.post("/account/login/", {"login": editor.email, "password": PASSWORD})
    assert catalogue("entrance").text("en", "error.too_many") in answer.content.decode()
    assert Event.objects.filter(kind="session.failed", details={"how": "too many attempts"}).exists()


def test_too_many_wrong_codes_are_held_off(everybody: dict[str, Person]) -> None:
    editor, client = everybody["editor"], browser()
    first_step(client, editor)
    for _ in range(5):
        client.post("/account/2fa/authenticate/", {"code": "000000"})
    page = client.post("/account/2fa/authenticate/", {"code": code_of(editor)}).content.decode()
    assert catalogue("entrance").text("en", "error.too_many") in page
    assert kinds().count("session.failed") == 5


def test_many_attempts_from_one_place_get_a_page_of_ours(everybody: dict[str, Person]) -> None:
    client = browser()
    for number in range(31):
        answer = client.post("/account/login/", {"login": f"p{number}@example.org", "password": "wrong"})
    assert answer.status_code == 429
    assert catalogue("web").text("en", "problem.too_many.title") in answer.content.decode()


def test_a_recovery_code_lets_in_once(everybody: dict[str, Person]) -> None:
    editor = everybody["editor"]
    code = Authenticator.objects.get(user=editor, type="recovery_codes").wrap().get_unused_codes()[0]
    for expected in (302, 200):
        client = browser()
        first_step(client, editor)
        assert client.post("/account/2fa/authenticate/", {"code": code}).status_code == expected


def test_keys_of_second_steps_are_sealed_in_the_database(everybody: dict[str, Person]) -> None:
    secret = generate_totp_secret()
    Authenticator.objects.filter(type="totp").delete()
    stored = TOTP.activate(everybody["editor"], secret).instance.data["secret"]
    assert secret not in stored and sealing.open_sealed(stored) == secret
    assert stored != sealing.seal(secret)
    changed = stored[:-4] + ("AAAA" if stored[-4:] != "AAAA" else "BBBB")
    for broken in (changed, "", "not base64!", stored[:20]):
        with pytest.raises(UserError, match="cannot be opened"):
            sealing.open_sealed(broken)


def test_a_session_from_before_the_second_step_is_worth_nothing_after_it(everybody: dict[str, Person]) -> None:
    """Somebody with a stolen password alone signs in before its person sets up the second step."""
    editor = everybody["editor"]
    Authenticator.objects.filter(user=editor).delete()
    thief = browser()
    first_step(thief, editor)
    assert thief.get("/")["Location"] == "/account/2fa/"
    TOTP.activate(editor, generate_totp_secret())
    for address in ("/account/2fa/", "/account/2fa/webauthn/add/", "/"):
        assert thief.get(address)["Location"].startswith("/account/login/")


def test_recovery_codes_alone_are_no_second_step(everybody: dict[str, Person]) -> None:
    editor = everybody["editor"]
    Authenticator.objects.filter(user=editor, type="totp").delete()
    client = browser()
    first_step(client, editor)
    assert client.get("/")["Location"] == "/account/2fa/"


def test_nobody_drops_their_only_second_step(everybody: dict[str, Person]) -> None:
    editor = everybody["editor"]
    client = come_in(editor)
    client.post("/account/2fa/reauthenticate/?next=/account/2fa/totp/deactivate/", {"code": code_of(editor, 1)})
    page = client.post("/account/2fa/totp/deactivate/").content.decode()
    assert catalogue("entrance").text("en", "error.last_step") in page
    key = Authenticator.objects.create(user=editor, type="webauthn", data={"name": "Blue key", "credential": {}})
    Authenticator.objects.filter(user=editor, type="totp").delete()
    assert client.post(f"/account/2fa/webauthn/keys/{key.pk}/remove/").status_code == 302
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_whoever_has_a_second_step_confirms_with_it_not_with_the_password(everybody: dict[str, Person]) -> None:
    client = come_in(everybody["editor"])
    assert client.get("/account/2fa/webauthn/add/")["Location"].startswith("/account/2fa/reauthenticate/")
    assert client.post("/account/reauthenticate/", {"password": PASSWORD})["Location"].startswith("/account/2fa/")
    assert client.get("/account/2fa/webauthn/add/").status_code == 302


def test_setting_up_an_app_shows_codes_once(
    everybody: dict[str, Person], django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]]
) -> None:
    editor = everybody["editor"]
    Authenticator.objects.filter(user=editor).delete()
    client = browser()
    first_step(client, editor)
    client.post("/account/reauthenticate/?next=/account/2fa/totp/activate/", {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/").content.decode()
    secret = re.search(r"<bdi><code>([A-Z2-7]{32})</code></bdi>", page)
    assert secret is not None
    code = format_hotp_value(hotp_value(secret[1], int(time.time()) // 30))
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/2fa/totp/activate/", {"code": code})
    session = client.session
    session[TAKEN_KEY] = (
        editor.pk
    )  # what is told after the commit came too late for this request; a browser's test has it
    session.save()
    answer = client.get("/account/2fa/recovery-codes/")
    shown = re.findall(r"<code>(\d{4} \d{4} \d{4})</code>", answer.content.decode())
    assert len(shown) == 10
    assert re.findall(r"<code>(\d{4})", client.get("/account/2fa/recovery-codes/").content.decode()) == []
    assert client.get("/account/2fa/recovery-codes/download/").status_code == 403
    assert client.get("/").status_code == 200
    assert kinds().count("person.second_step_added") == 1 and kinds().count("person.recovery_codes_made") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_password_comes_by_letter_and_leaves_the_second_step(everybody: dict[str, Person], language: str) -> None:
    editor = everybody["editor"]
    Person.objects.update(language=language)
    earlier = come_in(editor)
    client = browser()
    client.post("/account/password/reset/", {"email": editor.email.upper()})
    [letter] = mail.outbox
    assert letter.to == [editor.email]
    assert letter.subject == catalogue("entrance").text(language, "letter.reset.subject", hub="Test hub")
    link = re.search(r"http://localhost\S*(/account/password/reset/key/\S+)", letter.body)
    assert link is not None
    form = client.get(link[1], follow=True)
    there = form.redirect_chain[-1][0]
    assert link[1] != there
    new = "another sentence of words"
    client.post(there, {"password1": new, "password2": new})
    assert earlier.get("/").status_code == 302  # its session is over
    assert client.get("/").status_code == 302  # and this one has not begun
    first_step(client, editor, new)
    assert client.get("/")["Location"] == "/account/login/"
    assert client.post("/account/2fa/authenticate/", {"code": code_of(editor, 1)}).status_code == 302
    assert browser().get(link[1]).status_code == 200  # said to be over, in words
    assert mail.outbox[-1].subject == catalogue("entrance").text(
        language, "letter.password_changed.subject", hub="Test hub"
    )
    assert "person.password_changed" in kinds()


def test_nothing_tells_whether_there_is_an_account_and_strangers_get_no_letter(everybody: dict[str, Person]) -> None:
    pages = []
    for email in (everybody["editor"].email, "stranger@example.org"):
        answer = browser().post("/account/password/reset/", {"email": email}, follow=True)
        pages.append(re.sub(r'value="[^"]*"', "", answer.content.decode()))
    assert pages[0] == pages[1]
    assert [letter.to for letter in mail.outbox] == [[everybody["editor"].email]]


def test_whose_account_is_closed_gets_no_letter_and_does_not_come_in(everybody: dict[str, Person]) -> None:
    editor = everybody["editor"]
    Person.objects.filter(pk=editor.pk).update(is_active=False)
    browser().post("/account/password/reset/", {"email": editor.email})
    assert mail.outbox == []
    client = browser()
    answer = client.post("/account/login/", {"login": editor.email, "password": PASSWORD}, follow=True)
    assert catalogue("entrance").text("en", "closed.title") in answer.content.decode()
    assert client.get("/").status_code == 302


def test_ending_the_other_sessions(everybody: dict[str, Person]) -> None:
    editor = everybody["editor"]
    Authenticator.objects.filter(user=editor, type="totp").update(data={"secret": sealing.seal(generate_totp_secret())})
    first = come_in(editor)
    cache.clear()
    second = come_in(editor)
    page = second.get("/account/sessions/").content.decode()
    assert page.count("<tr><th scope") == 2 + 1
    assert second.post("/account/sessions/")["Location"].startswith("/account/2fa/reauthenticate/")
    second.post("/account/2fa/reauthenticate/", {"code": code_of(editor, 1)})
    second.post("/account/sessions/")
    assert first.get("/").status_code == 302
    assert second.get("/").status_code == 200
    assert "session.ended" in kinds()


def test_signing_out_is_noted_and_ends_the_session(everybody: dict[str, Person]) -> None:
    client = come_in(everybody["editor"])
    before = client.cookies["session"].value
    client.post("/account/logout/")
    assert kinds()[-1] == "session.ended"
    client.cookies["session"] = before
    assert client.get("/").status_code == 302


def test_the_session_has_another_name_after_signing_in(everybody: dict[str, Person]) -> None:
    client = browser()
    first_step(client, everybody["editor"])
    before = client.cookies["session"].value
    client.post("/account/2fa/authenticate/", {"code": code_of(everybody["editor"])})
    assert client.cookies["session"].value != before


def test_nobody_signs_up(everybody: dict[str, Person]) -> None:
    new = {"email": "x@example.org", "password1": PASSWORD, "password2": PASSWORD}
    assert browser().post("/account/signup/", new)["Location"] == "/account/login/"
    assert come_in(everybody["editor"]).post("/account/signup/", new).status_code == 403
    assert not Person.objects.filter(email="x@example.org").exists()


@pytest.mark.parametrize("address", ["account_email", "account_set_password", "account_confirm_login_code"])
def test_what_the_library_offers_beside_is_closed(everybody: dict[str, Person], address: str) -> None:
    assert come_in(everybody["editor"]).get(reverse(address)).status_code == 403


@pytest.mark.parametrize("address", ["/editors/login/", "/editors/password_reset/", "/admin/login/"])
def test_no_other_page_lets_anybody_in(everybody: dict[str, Person], address: str) -> None:
    client = browser()
    sent = {"username": everybody["editor"].email, "email": everybody["editor"].email, "password": PASSWORD}
    assert client.post(address, sent).status_code in (302, 404)
    assert client.get("/")["Location"] == "/account/login/"
    assert mail.outbox == []


def test_an_administrator_lets_set_up_anew_and_the_sessions_end(everybody: dict[str, Person]) -> None:
    editor, administrator = everybody["editor"], everybody["administrator"]
    client = come_in(editor)
    acts.remove_second_step(administrator, editor)
    assert client.get("/")["Location"] == "/account/login/"
    assert not Authenticator.objects.filter(user=editor).exists()
    for who in ("steward", "auditor", "editor", "shelter"):
        with pytest.raises(Denied):
            acts.remove_second_step(everybody[who], editor)
    with pytest.raises(Exception, match="Somebody else"):
        acts.remove_second_step(administrator, administrator)


def test_every_letter_and_saying_has_its_words_in_all_languages() -> None:
    for language in LANGUAGES:
        words = catalogue("entrance").messages(language)
        for key in LETTERS.values():
            name = key.removeprefix("entrance.")
            assert {f"{name}.subject", f"{name}.body"} <= set(words)
        assert {key.removeprefix("entrance.") for key in SAID.values()} <= set(words)


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("Test hub studio", False),
        ("hub.editor@example.org hub", False),
        ("administrator1", False),
        ("administrator of seven seas", True),
        ("a sentence of several words", True),
    ],
)
def test_a_password_is_more_than_the_names_of_the_place(
    everybody: dict[str, Person], password: str, good: bool
) -> None:
    if good:
        return NotAboutHere().validate(password, everybody["editor"])
    with pytest.raises(ValidationError, match="more than the names"):
        NotAboutHere().validate(password, everybody["editor"])


def test_wrong_codes_after_the_right_password_are_told_once(everybody: dict[str, Person]) -> None:
    editor, client = everybody["editor"], browser()
    first_step(client, editor)
    for number in range(5):
        client.post("/account/2fa/authenticate/", {"code": "000000"})
        assert len(mail.outbox) == (1 if number >= 2 else 0)
    assert mail.outbox[0].to == [editor.email] and "somebody knows" in mail.outbox[0].subject


def test_asking_for_a_letter_takes_as_long_whoever_asks(everybody: dict[str, Person], settings: Any) -> None:
    settings.PASSWORD_RESET_TAKES = 0.5
    for email in (everybody["editor"].email, "stranger@example.org"):
        began = time.monotonic()
        browser().post("/account/password/reset/", {"email": email})
        assert time.monotonic() - began >= 0.5


def test_confirming_changes_the_name_of_the_session_and_keeps_it_in_the_list(everybody: dict[str, Person]) -> None:
    editor = everybody["editor"]
    client = come_in(editor)
    before = client.cookies["session"].value
    client.post("/account/2fa/reauthenticate/?next=/account/2fa/webauthn/add/", {"code": code_of(editor, 1)})
    assert client.get("/account/2fa/webauthn/add/").status_code == 200
    assert client.cookies["session"].value != before
    assert UserSession.objects.get(user=editor).session_key == client.cookies["session"].value
    stolen = browser()
    stolen.cookies["session"] = before
    assert stolen.get("/").status_code == 302


def test_what_changes_people_wants_a_confirmation_of_the_last_ten_minutes(everybody: dict[str, Person]) -> None:
    client = come_in(everybody["administrator"])
    for address in ("/people/invite/", f"/people/{everybody['editor'].pk}/roles/"):
        assert client.get(address)["Location"].startswith("/account/2fa/reauthenticate/")
    client.post("/account/2fa/reauthenticate/", {"code": code_of(everybody["administrator"], 1)})
    assert client.get("/people/invite/").status_code == 200
    session = client.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [one | {"at": time.time() - 601} for one in records]
    session.save()
    assert client.get("/people/invite/").status_code == 302


def test_an_administrator_ends_all_sessions_of_somebody(everybody: dict[str, Person]) -> None:
    client = come_in(everybody["editor"])
    acts.end_sessions(everybody["administrator"], everybody["editor"])
    assert client.get("/").status_code == 302
    with pytest.raises(Denied):
        acts.end_sessions(everybody["steward"], everybody["editor"])


def test_changing_the_password_wants_the_present_one_and_ends_every_session(everybody: dict[str, Person]) -> None:
    editor, new = everybody["editor"], "another sentence of words"
    elsewhere, client = come_in(editor), None
    cache.clear()
    Authenticator.objects.filter(user=editor, type="totp").update(data={"secret": sealing.seal(generate_totp_secret())})
    client = come_in(editor)
    wrong = {"oldpassword": "not mine", "password1": new, "password2": new}
    page = client.post("/account/password/change/", wrong).content.decode()
    assert catalogue("entrance").text("en", "error.current_password") in page
    differ = {"oldpassword": PASSWORD, "password1": new, "password2": new + "!"}
    page = client.post("/account/password/change/", differ).content.decode()
    assert catalogue("entrance").text("en", "error.differ") in page
    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    for one in (elsewhere, client):
        assert one.get("/").status_code == 302
    assert mail.outbox[-1].subject == "Test hub: your password was changed"
    assert Person.objects.get(pk=editor.pk).check_password(new)


@pytest.mark.parametrize(
    "password",
    ["twelve small letters"[:12] + "x", "كلمة مرور طويلة جدًا", " spaces at both ends ", "x y" * 100, "🦊" * 12],
)
def test_a_password_of_any_characters_is_taken_as_it_is(everybody: dict[str, Person], password: str) -> None:
    editor, client = everybody["editor"], come_in(everybody["editor"])
    sent = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert client.post("/account/password/change/", sent).status_code == 302
    person = Person.objects.get(pk=editor.pk)
    assert person.check_password(password) and not person.check_password(password.strip() + "x")
    assert not any(person.check_password(other) for other in {password.upper(), password[:-1]} - {password})


def test_a_link_of_a_letter_works_for_an_hour(everybody: dict[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import datetime, timedelta

    from allauth.account.forms import EmailAwarePasswordResetTokenGenerator as Links

    browser().post("/account/password/reset/", {"email": everybody["editor"].email})
    link = re.search(r"http://localhost\S*(/account/password/reset/key/\S+)", mail.outbox[0].body)
    assert link is not None
    for minutes, status in ((59, 302), (61, 200)):
        later = datetime.now() + timedelta(minutes=minutes)
        monkeypatch.setattr(Links, "_now", lambda self, later=later: later)
        assert browser().get(link[1]).status_code == status


def test_passwords_are_stored_by_argon2() -> None:
    from ctdc.hub.studio import settings

    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    from django.contrib.auth.hashers import Argon2PasswordHasher

    made = Argon2PasswordHasher().encode("a sentence of several words", "salt-of-some-length")
    assert made.startswith("argon2$argon2id$") and "m=102400" in made


def test_with_a_new_secret_key_old_codes_are_wrong_and_new_ones_right(
    everybody: dict[str, Person], settings: Any
) -> None:
    editor = everybody["editor"]
    client, code = browser(), code_of(editor)
    old = Authenticator.objects.get(user=editor, type="recovery_codes").wrap()
    recovery, count = old.generate_codes()[0], len(old.get_unused_codes())
    settings.SECRET_KEY = "another key than the one that sealed them"
    first_step(client, editor)
    for wrong in (code, recovery):
        page = client.post("/account/2fa/authenticate/", {"code": wrong})
        assert page.status_code == 200 and catalogue("entrance").text("en", "error.code") in page.content.decode()
    assert count and old.get_unused_codes() == []
    Authenticator.objects.filter(user=editor, type="totp").delete()
    TOTP.activate(editor, generate_totp_secret())
    answer = client.post("/account/2fa/authenticate/", {"code": code_of(editor)})
    assert (answer.status_code, answer["Location"]) == (302, "/"), "the old recovery codes are in nobody's way"


def test_with_a_new_secret_key_ones_own_page_shows_that_no_code_is_left(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client], settings: Any
) -> None:
    settings.SECRET_KEY = "another key than the one that sealed them"
    client = signed_in(everybody["editor"])
    for address in ("/account/2fa/", "/account/2fa/recovery-codes/", "/account/2fa/recovery-codes/generate/"):
        assert client.get(address).status_code == 200, address
    assert plural("entrance.me.codes.left", 0) in client.get("/account/2fa/").content.decode()


def test_wrong_codes_are_counted_for_an_hour(everybody: dict[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    from ctdc.foundation.clock import now
    from ctdc.hub.studio.entrance import warnings

    began = now()
    # Not `cache`, which stands for this one and has no attributes of its own that could be put back.
    monkeypatch.setattr(
        caches["default"], "default_timeout", 0
    )  # what is kept without a time of its own is gone at once
    found = {}
    for who, minutes in (("editor", (0, 20, 40)), ("steward", (0, 20, 61))):
        for minute in minutes:
            monkeypatch.setattr(warnings, "now", lambda minute=minute: began + timedelta(minutes=minute))
            found[who] = warnings.is_due(everybody[who])
    assert found == {"editor": True, "steward": False}
