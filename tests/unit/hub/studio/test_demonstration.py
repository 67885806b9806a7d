"""A demonstration: what holds in it and nowhere else."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from click.testing import CliRunner
from django.conf import settings
from django.test import Client
from tests.unit.hub.studio.delivering import begin, make_agreement, make_scene
from tests.unit.hub.studio.things import release_values

from ctdc.cli.main import ctdc
from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Silent
from ctdc.hub.studio import place, starting
from ctdc.hub.studio.demonstration import accounts, acts, files, rules, running, source
from ctdc.hub.studio.demonstration.making import ORGANISATIONS, PEOPLE
from ctdc.hub.studio.desk import acts as desk
from ctdc.hub.studio.desk import plans
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.events.record import record
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.roles import Role
from ctdc.intake.harmonise import check
from ctdc.intake.mapping import load_mapping
from ctdc.standard.languages import LANGUAGES


@pytest.fixture
def demonstration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """This studio is one."""
    (folder := tmp_path / "demo" / "studio").mkdir(parents=True)
    inner = settings.STUDIO.settings.model_copy(update={"demonstration": True})
    monkeypatch.setattr(settings, "STUDIO", replace(settings.STUDIO, folder=folder, settings=inner))
    return folder


def account(who: str = "steward") -> accounts.Account:
    passphrase, secret = accounts.new_passphrase(), accounts.new_secret()
    return accounts.Account(who, "Stella", f"{who}@hub.example", "Hub", ("steward",), "en", passphrase, secret)


# ---- its place --------------------------------------------------------------------------------------------------


def make_place(folder: Path) -> place.Place:
    return place.create(folder, address="http://localhost:8800", hub="x", sender="a@hub.example", demonstration=True)


def test_its_settings_say_what_it_is(tmp_path: Path) -> None:
    made = make_place(tmp_path / "one")
    assert made.settings.demonstration and made.settings.vault_keys == ("file:vault.key",)
    real = place.create(tmp_path / "two", address="http://localhost:8800", hub="x", sender="a@example.org")
    assert not real.settings.demonstration


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('address = "http://localhost:8800"', 'address = "https://studio.example.org"'),
        ('database = "sqlite"', 'database = "environment"'),
        ('mail = "folder"', 'mail = "environment"'),
        ('vault = "vault"', 'vault = "/srv/vault"'),
        ('vault_keys = ["file:vault.key"]', 'vault_keys = ["file:/etc/key"]'),
        ('signing_key = ""', 'signing_key = "/etc/key"'),
        ('public_address = ""', 'public_address = "https://data.example.org"'),
        ('releases = "releases"', 'releases = "../releases"'),
    ],
)
def test_it_reaches_nothing_but_its_own_folder_and_this_machine(tmp_path: Path, before: str, after: str) -> None:
    path = make_place(tmp_path / "one").folder / place.SETTINGS
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(UserError) as error:
        place.read(path.parent)
    assert error.value.detail.code == "studio.demonstration"


def test_its_public_site_is_shown_to_this_machine_alone(tmp_path: Path) -> None:
    found = make_place(tmp_path / "studio")
    result = CliRunner().invoke(ctdc, ["studio", "site", str(found.folder), "--host", "0.0.0.0"])
    assert isinstance(result.exception, UserError) and result.exception.detail.code == "studio.demonstration"
    place.check_host(found, "127.0.0.1")


@pytest.mark.django_db
def test_a_studio_does_not_become_one(demonstration: Path) -> None:
    rules.check_kind()  # a log that has not begun says nothing
    record("studio.made", "command line")
    with pytest.raises(UserError, match="do not say what it was made as"):
        rules.check_kind()
    with pytest.raises(UserError, match="from its making"):
        acts.declare()


@pytest.mark.django_db
def test_it_does_not_become_a_real_studio(demonstration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acts.declare()
    assert Event.objects.get().kind == rules.FIRST
    rules.check_kind()
    inner = settings.STUDIO.settings.model_copy(update={"demonstration": False})
    monkeypatch.setattr(settings, "STUDIO", replace(settings.STUDIO, settings=inner))
    with pytest.raises(UserError, match="its passphrases were printed"):
        rules.check_kind()


# ---- accounts ---------------------------------------------------------------------------------------------------


def test_its_codes_are_those_of_an_app() -> None:
    one, moment = account(), time.time()
    assert one.code(moment) == format_hotp_value(hotp_value(one.secret, int(moment) // 30))


def test_accounts_are_for_their_owner_alone_and_new_each_time(tmp_path: Path) -> None:
    made = [account("steward"), account("editor")]
    accounts.write(tmp_path, made)
    assert accounts.read(tmp_path) == tuple(made)
    assert (tmp_path / accounts.NAME).stat().st_mode & 0o077 == 0
    assert len({one.passphrase for one in made} | {one.secret for one in made}) == 4
    assert accounts.find(made, "editor@hub.example") == made[1]
    with pytest.raises(UserError, match="no account 'nobody'"):
        accounts.find(made, "nobody")
    with pytest.raises(UserError, match="no accounts that anybody may use"):
        accounts.read(tmp_path / "elsewhere")


def test_there_is_somebody_for_every_role_and_two_for_what_takes_two() -> None:
    roles = [role for _, _, _, role, _ in PEOPLE]
    assert set(roles) == set(Role)
    assert roles.count(Role.REVIEWER) >= 2 and roles.count(Role.EDITOR) >= 2
    assert {home for _, _, home, role, _ in PEOPLE if role is Role.CONTRIBUTOR} == set(ORGANISATIONS)
    assert {language for *_, language in PEOPLE} == set(LANGUAGES)


# ---- its pages --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_its_page_shows_accounts_codes_and_what_to_try(demonstration: Path, language: str) -> None:
    one = account()
    accounts.write(demonstration, [one])
    client = Client(HTTP_HOST="localhost")
    client.cookies["django_language"] = language
    page = client.get("/demonstration/").content.decode()
    assert one.passphrase in page and one.email in page and files.DIRTY in page
    assert one.code(time.time()) in page
    assert one.secret not in page
    for path in ("/demonstration/", "/account/login/", "/nowhere/"):
        assert 'class="demonstration"' in client.get(path).content.decode(), path


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_its_page_leads_to_the_public_site_where_it_is_shown(
    demonstration: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    accounts.write(demonstration, [account()])
    client = Client(HTTP_HOST="localhost")
    client.cookies["django_language"] = language
    monkeypatch.delenv(place.SITE_BESIDE, raising=False)
    assert "http://" not in client.get("/demonstration/").content.decode().partition("<main")[2]
    monkeypatch.setenv(place.SITE_BESIDE, "8765")
    assert f'<a href="http://localhost:8765/{language}/">' in client.get("/demonstration/").content.decode()


def test_the_process_of_the_pages_knows_the_port_of_the_public_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []
    monkeypatch.setenv(place.SITE_BESIDE, "1")  # so that the test's environment is put back
    monkeypatch.setattr(starting, "_keep", lambda command, over: None)
    monkeypatch.setattr(starting.signal, "signal", lambda *_: None)
    monkeypatch.setattr(
        starting.uvicorn.Server, "run", lambda self, sockets: seen.append(os.environ.get(place.SITE_BESIDE))
    )
    listener: Any = None  # nothing is listened to
    starting.run_pages(listener, tmp_path, False, 8765)
    starting.run_pages(listener, tmp_path, False)
    assert seen == ["8765", None]


def test_everybody_who_can_sign_in_is_printed(tmp_path: Path) -> None:
    made = make_place(tmp_path / "studio")
    everybody = [replace(account(who), roles=(role.value,)) for who, _, _, role, _ in PEOPLE]
    accounts.write(made.folder, everybody)
    printed = running.guide(made, tmp_path, 8800, 8765)
    assert "auditor" in {one.who for one in everybody}
    for one in everybody:
        assert f"  {one.who:<14} {one.email}" in printed and one.passphrase in printed


@pytest.mark.django_db
def test_in_any_other_studio_there_is_no_such_page() -> None:
    client = Client(HTTP_HOST="localhost")
    assert client.get("/demonstration/").status_code == 404
    assert 'class="demonstration"' not in client.get("/account/login/").content.decode()


# ---- what it takes and gives ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_it_takes_no_file_that_is_not_called_simulated(
    everybody: dict[str, Person], signed_in: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = make_scene(everybody, tmp_path / "studio", monkeypatch)
    make_agreement(everybody, scene.shelter)
    inner = settings.STUDIO.settings.model_copy(update={"demonstration": True})
    monkeypatch.setattr(settings, "STUDIO", replace(settings.STUDIO, settings=inner))
    client = signed_in(everybody["shelter"])  # type: ignore[operator]
    refused = begin(client, {"SIMULATED_a.csv": b"x", "cases.csv": b"x"})
    assert refused.status_code == 409 and refused.json()["type"] == "urn:ctdc:demonstration.mark"
    assert begin(client, {"SIMULATED_a.csv": b"x"}).status_code == 201


@pytest.mark.django_db
def test_what_it_publishes_says_that_it_is_simulated(everybody: dict[str, Person], demonstration: Path) -> None:
    plan = desk.draft(everybody["steward"], release_values(simulated=False), new_population=True)
    assert plans.declare(plan, "")["release"]["simulated"] is True


# ---- its files --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_repaired_file_has_one_word_that_nobody_knows(tmp_path: Path) -> None:
    made = files.write(tmp_path, 800)
    mapping = load_mapping(files.CONTRIBUTOR)
    dirty, repaired = (check(one, mapping, progress=Silent()) for one in (made.dirty, made.repaired))
    assert not dirty.promotable and not repaired.promotable
    unknown = {one.value for one in repaired.quarantined}
    assert unknown == {files.NEW_WORD} and dirty.issues_total > repaired.issues_total
    assert {one.value for one in dirty.quarantined} > unknown
    assert dirty.rows_read == repaired.rows_read
    assert all(path.name.startswith(rules.MARK) for path in (made.dirty, made.repaired))


def test_there_has_to_be_something_to_make_it_of(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no demonstration here"):
        source.find(tmp_path)
    (made := tmp_path / "work" / "simulate-1").mkdir(parents=True)
    (release := tmp_path / "latest").mkdir()
    for path in (release / "manifest.json", tmp_path / "ledger.jsonl"):
        path.write_text("{}")
    (made / "deliveries.json").write_text('[{"source": "files", "mapping": "somebody-elses"}]')
    (made / "files").mkdir()
    with pytest.raises(UserError, match="of the collaborative that is shipped"):
        source.find(tmp_path)


def test_what_is_no_demonstration_is_not_touched(tmp_path: Path) -> None:
    real = place.create(tmp_path / "studio", address="http://localhost:8800", hub="x", sender="a@example.org")
    with pytest.raises(UserError, match="something else in the place"):
        running._clear(real.folder)
    assert (real.folder / place.SETTINGS).is_file()
    shown = make_place(tmp_path / "demo" / "studio")
    running._clear(shown.folder)  # it has no accounts yet: it was cut off
    assert not shown.folder.exists()
