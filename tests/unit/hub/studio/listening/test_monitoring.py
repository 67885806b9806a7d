"""Monitoring: what is covered, how the public side is, and that looking again writes no line into the log."""

import json
import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.test import Client
from tests.support.vaults import STEWARD, deposit, new_vault, raw_file

from ctdc.foundation.clock import now
from ctdc.foundation.progress import Silent
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.jobs import schedule, worker
from ctdc.hub.studio.jobs.models import Job, State
from ctdc.hub.studio.listening.calendar import acts as calendar_acts
from ctdc.hub.studio.listening.models import Health
from ctdc.hub.studio.listening.monitoring import health, providers, rounds
from ctdc.hub.studio.listening.monitoring.coverage import coverage
from ctdc.hub.studio.listening.monitoring.health import Finding, Part
from ctdc.hub.studio.listening.monitoring.providers import Delivered, delivered, latest_by_organisation
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.release.manifest import read_manifest
from ctdc.standard.languages import LANGUAGES
from ctdc.vault.access import Access
from ctdc.vault.sources import LocalKey
from ctdc.vault.store import Deposit, put
from ctdc.vault.vault import create

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


# ---- what arrived -------------------------------------------------------------------------------------------------


def test_a_later_provider_that_knows_better_stands_in_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Delivered("shelter", "march", date(2026, 3, 2), rows=10)
    better = Delivered("shelter", "march", date(2026, 3, 2), rows=10, left_out=1, filled=0.9, first_year=2025)
    other = Delivered("hotline", "may", date(2026, 5, 1))
    monkeypatch.setattr(providers, "PROVIDERS", [lambda: [other, known], lambda: [better]])
    assert delivered() == [better, other]
    assert latest_by_organisation() == {"shelter": better, "hotline": other}


def test_a_studio_without_a_vault_has_no_deliveries(own_place: Path) -> None:
    assert delivered() == []
    create(own_place / "vault", [LocalKey(os.urandom(32))], 1, Access("test", "test"), now())
    assert delivered() == []
    (own_place / "vault" / "vault.json").write_text("{")
    assert delivered() == []


def test_only_tables_of_contributors_are_deliveries(own_place: Path, hub: Organisation) -> None:
    vault = new_vault(own_place)
    put(vault, deposit(own_place, range(3)), STEWARD, now())
    put(vault, Deposit(hub.slug, "agreement-1", files=[raw_file(own_place)]), STEWARD, now())
    put(vault, Deposit("shelter", "paper", files=[raw_file(own_place)]), STEWARD, now())
    put(vault, deposit(own_place, range(3), hub.slug), STEWARD, now())
    assert [(one.organisation, one.rows) for one in delivered()] == [("shelter", 3)]


def test_numbers_of_a_check_become_a_delivery() -> None:
    counts = {"rows": 120, "cases": 110, "row_errors": 4, "values": 2, "blockers": {}}
    variables = {"gender": {"state": "mapped"}, "ageBroad": {"state": "mapped"}, "means": {"state": "impossible"}}
    coverage_of = {"first_year": "2019", "last_year": "2024", "variables": variables}
    day = date(2026, 3, 1)
    found = providers.of_check("shelter", "delivery-1", day, counts, coverage_of)
    assert (found.rows, found.left_out, found.errors, found.filled) == (110, 10, 4, 2 / 3)
    assert (found.first_year, found.last_year) == (2019, 2024)
    assert providers.of_check("shelter", "x", day, {}, {}) == Delivered("shelter", "x", day)
    strange = {"first_year": "unknown", "last_year": None}
    assert providers.of_check("shelter", "x", day, {}, strange).first_year is None


@pytest.mark.skipif(not apps.is_installed(providers.DELIVERIES), reason="this studio has no app of deliveries")
def test_the_app_of_deliveries_is_asked(everybody: dict[str, Person]) -> None:
    model = apps.get_app_config("ctdc_deliveries").get_model("Delivery")
    assert {field.name for field in model._meta.get_fields()} >= {
        *("organisation", "state", "stored_as", "stored", "counts", "coverage")
    }
    assert list(providers.from_deliveries()) == []


# ---- coverage -----------------------------------------------------------------------------------------------------


def test_coverage_is_told_from_the_release_alone(
    everybody: dict[str, Person], own_place: Path, site_release: Path
) -> None:
    store = own_place / "releases"
    store.mkdir()
    (store / site_release.name).symlink_to(site_release)
    came = [
        Delivered("shelter", "x", date(2026, 1, 1), first_year=2024, last_year=2025),
        Delivered("gone", "y", date(2026, 1, 1)),
    ]
    found = coverage(store, came)
    _, manifest = read_manifest(site_release)
    assert found.newest == manifest
    assert found.age(manifest.created.date() + timedelta(days=4)) == 4
    figures = json.loads((site_release / "data" / "figures.json").read_text())
    years = next(one for one in figures["variables"] if one["name"] == "yearOfRegistration")["codes"]
    assert [year.people for year in found.years] == [
        None if one["below_threshold"] else one["count"] for one in sorted(years, key=lambda one: one["code"])
    ]
    assert [(source.name, source.first_year, source.last_year) for source in found.sources] == [
        ("gone", None, None),
        ("Harbour shelter", 2024, 2025),
    ]


def test_no_release_and_a_damaged_one(own_place: Path, site_release: Path) -> None:
    assert coverage(own_place / "releases", []).newest is None
    folder = own_place / "releases" / site_release.name
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text((site_release / "manifest.json").read_text())
    assert coverage(own_place / "releases", []).damaged


# ---- health -------------------------------------------------------------------------------------------------------


def test_no_site_and_something_else(own_place: Path) -> None:
    assert health.look_at_site(own_place / "site", Silent())[0].state == "missing"
    (own_place / "site").mkdir()
    (own_place / "site" / "site.json").write_text('{"format": "ctdc-site/1"}')
    assert health.look_at_site(own_place / "site", Silent())[0].state == "unreadable"


def test_a_row_goes_on_until_something_changes(db: None) -> None:
    for state in ("fine", "fine", "fine", "changed", "fine"):
        rounds.keep(Finding(Part.SITE, state, {"files": 3}))
    rows = list(Health.objects.order_by("pk"))
    assert [(row.state, row.looks) for row in rows] == [("fine", 3), ("changed", 1), ("fine", 1)]
    assert Event.objects.filter(kind="health.changed").count() == 3


# ---- again and again ----------------------------------------------------------------------------------------------


def test_one_job_looks_again_and_again(own_place: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_renew", lambda job, over: None)  # a thread does not see the test's transaction
    moment = now()
    for module in (rounds, worker):
        monkeypatch.setattr(module, "now", lambda: moment)
    for _ in range(3):
        rounds.look_again()
        job = worker.take("one")
        assert job is not None
        rounds.look_again()  # it runs: nothing more is asked for
        worker.do(job)
        rounds.look_again()  # its end is not long ago
        assert worker.take("one") is None
        moment += rounds.EVERY
    assert (Job.objects.count(), Job.objects.get().state) == (1, State.DONE)
    assert {row.part: (row.state, row.looks) for row in Health.objects.all()} == {
        "site": ("missing", 3),
        "api": ("unset", 3),
    }
    assert sorted(Event.objects.values_list("kind", flat=True)) == ["health.changed", "health.changed", "job.asked"]


def test_a_look_that_a_person_asks_for_counts_too(
    everybody: dict[str, Person],
    signed_in: Callable[[Person], Client],
    own_place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "_renew", lambda job, over: None)
    answer = signed_in(everybody["reviewer"]).post("/monitoring/look/")
    job = worker.take("one")
    assert job is not None and answer["Location"] == f"/jobs/{job.pk}/"
    rounds.look_again()
    assert Job.objects.count() == 1
    worker.do(job)
    assert Job.objects.get(pk=job.pk).state == State.DONE
    assert Health.objects.count() == 2


def test_what_fails_while_looking_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[str] = []

    def broken() -> None:
        raise RuntimeError("Maria, passport AB1234567")

    def good() -> None:
        called.append("good")

    monkeypatch.setattr(schedule, "PLANS", [schedule.Planned(60, broken), schedule.Planned(60, good)])
    schedule.look()
    schedule.look()
    assert called == ["good"]
    assert "broken failed: RuntimeError" in caplog.text and "Maria" not in caplog.text


# ---- the page -----------------------------------------------------------------------------------------------------

STATES = {
    "site": ("fine", "missing", "unreadable", "changed"),
    "api": ("fine", "unset", "unreachable", "wrong_answer", "another_release"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_words_for_every_state(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client], own_place: Path, language: str
) -> None:
    client = signed_in(everybody["auditor"])
    client.cookies["django_language"] = language
    assert client.get("/monitoring/").status_code == 200
    numbers = {"files": 3, "wrong": 2, "built": "2026-03-01T00:00:00Z"}
    for part, states in STATES.items():
        for state in states:
            rounds.keep(Finding(Part(part), state, numbers if part == "site" and state in ("fine", "changed") else {}))
            assert client.get("/monitoring/").status_code == 200, (part, state)


def test_the_page_tells_who_is_due_and_how_deliveries_were(
    everybody: dict[str, Person],
    signed_in: Callable[[Person], Client],
    own_place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = signed_in(everybody["reviewer"])
    assert "no deliveries yet" in client.get("/monitoring/").content.decode()
    calendar_acts.plan(everybody["steward"], everybody["shelter"].organisation, 6, now().date() - timedelta(days=1))
    came = [
        Delivered(
            "shelter",
            "one",
            date(2026, 1, 1),
            rows=1234,
            left_out=5,
            errors=17,
            filled=0.75,
            first_year=2025,
            last_year=2025,
        ),
        Delivered("shelter", "two", date(2026, 2, 1)),
    ]
    monkeypatch.setattr(providers, "PROVIDERS", [lambda: came])
    page = client.get("/monitoring/").content.decode()
    for part in ("1,234", "17", "75%", "2025", "Overdue", "not known"):
        assert part in page
    assert "no deliveries yet" not in page
