"""The release desk: no step out of order, nobody judges their own, votes are for exactly what stood there."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from markupsafe import escape
from tests.support.studio_people import make_person
from tests.unit.hub.studio import desks
from tests.unit.hub.studio.things import release_values

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.progress import Silent
from ctdc.hub.site.about.answers import Answer, add_answer
from ctdc.hub.studio.agreements.models import Agreement, Purpose
from ctdc.hub.studio.desk import accounts, acts, checklist, plans, populations, rules
from ctdc.hub.studio.desk.accounts import check_ledger
from ctdc.hub.studio.desk.models import ReleasePlan, Vote
from ctdc.hub.studio.desk.publishing import publish
from ctdc.hub.studio.desk.states import BY_STEP, STEPS, Rule, State, Step
from ctdc.hub.studio.desk.telling import step_of
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.events.record import verify as verify_events
from ctdc.hub.studio.jobs import worker
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Denied
from ctdc.hub.studio.people.roles import Role
from ctdc.hub.studio.place import Place
from ctdc.hub.studio.web.texts import catalogue
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Guarantee
from ctdc.release.certificate.keys import make_key, read_signing_key
from ctdc.release.tombstones import read_tombstones
from ctdc.release.verify import verify
from ctdc.standard.languages import LANGUAGES
from ctdc.vault import accesslog, erase
from ctdc.vault.vault import open_vault
from ctdc.workflow.run import TITLES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ALL = dict.fromkeys(checklist.POINTS, True)
WHY = "I have read the report and the ledger."


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Harmonised cases of invented people."""
    return desks.cases_file(tmp_path_factory.mktemp("cases"))


@pytest.fixture
def contributor(everybody: dict[str, Person]) -> Organisation:
    """The organisation whose delivery lies in the vault, with an agreement that allows everything."""
    organisation = Organisation.objects.create(slug=desks.CONTRIBUTOR, name="Simulated hotline")
    desks.agree(organisation, everybody["administrator"], Purpose.PROCESS, Purpose.RELEASE)
    return organisation


@pytest.fixture
def manifest(cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The hash of the delivery in the studio's vault."""
    monkeypatch.setattr(worker, "_renew", lambda job, over: None)  # a thread does not see the test's transaction
    desks.clear_place()
    key = tmp_path / "publisher.pem"
    make_key(key)
    update = {"vault_keys": ("file:vault.key",), "signing_key": str(key)}
    settings = plans.place().settings.model_copy(update=update)
    place = Place(plans.place().folder, settings)
    monkeypatch.setattr(plans.settings, "STUDIO", place)
    yield desks.fill_vault(cases)
    desks.clear_place()


def kinds() -> list[str]:
    return list(Event.objects.order_by("sequence").values_list("kind", flat=True))


def fresh(release: ReleasePlan) -> ReleasePlan:
    return ReleasePlan.objects.get(pk=release.pk)


def test_every_state_can_be_reached_and_every_rule_is_looked_at() -> None:
    reached = {State.DRAFT}
    for _ in State:
        reached |= {one.target for one in STEPS if set(one.sources) & reached}
    assert reached == set(State)
    assert not rules.unchecked()
    assert set(BY_STEP) == set(Step) and len(BY_STEP) == len(STEPS)


def test_nobody_publishes_without_votes_agreement_and_whole_files() -> None:
    assert {Rule.VOTES, Rule.RELEASE, Rule.WHOLE} <= set(BY_STEP[Step.PUBLISH].rules)
    assert {Rule.BUDGET, Rule.PROCESS} <= set(BY_STEP[Step.RUN].rules)
    assert [one.step for one in STEPS if one.target is State.PUBLISHED] == [Step.PUBLISH]
    assert [one.step for one in STEPS if one.target is State.APPROVED] == [Step.APPROVE]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"titles": {"en": "Only one"}}, "title is missing in these languages: .*(العربية.*Deutsch|Deutsch.*العربية)"),
        ({"people": 10_000_000, "delta": 1e-6}, "Delta is too large"),
        ({"length": 4}, "nothing can be measured"),
    ],
)
def test_a_plan_that_is_not_complete_is_not_fixed(
    everybody: dict[str, Person], contributor: Organisation, manifest: str, change: dict[str, object], said: str
) -> None:
    release = desks.planned(everybody, manifest, **change)
    with pytest.raises(ValidationError, match=said):
        acts.fix(everybody["steward"], release)
    assert fresh(release).state == State.DRAFT


def test_without_a_delivery_nothing_is_fixed(everybody: dict[str, Person], contributor: Organisation) -> None:
    release = acts.draft(everybody["steward"], release_values(), new_population=True)
    with pytest.raises(ValidationError, match="No delivery"):
        acts.fix(everybody["steward"], release)


def test_another_delivery_than_the_planned_one_is_refused(
    everybody: dict[str, Person], contributor: Organisation, manifest: str
) -> None:
    release = desks.planned(everybody, "0" * 64)
    with pytest.raises(ValidationError, match="not the delivery that was planned"):
        acts.fix(everybody["steward"], release)
    vault = open_vault(plans.place().vault)
    erase.remove(vault, desks.CONTRIBUTOR, "2025", desks.STEWARD, now())
    release = desks.planned(everybody, manifest)
    with pytest.raises(ValidationError, match="no longer in the vault"):
        acts.fix(everybody["steward"], release)


@pytest.mark.parametrize("agreement", ["none", "ended", "over", "deliver"])
def test_no_agreement_no_plan(
    everybody: dict[str, Person], contributor: Organisation, manifest: str, agreement: str
) -> None:
    found = Agreement.objects.filter(organisation=contributor)
    if agreement == "none":
        found.delete()
    elif agreement == "ended":
        found.update(state="ended")
    elif agreement == "over":
        found.update(valid_until=now().date() - timedelta(days=1))
    else:
        found.update(purposes=["deliver"])
    with pytest.raises(ValidationError):
        acts.fix(everybody["steward"], desks.planned(everybody, manifest))


def at(people: dict[str, Person], manifest: str, state: State) -> ReleasePlan:
    """A release whose plan was fixed and that is now in a state, without having been made."""
    release = desks.planned(people, manifest)
    acts.fix(people["steward"], release)
    ReleasePlan.objects.filter(pk=release.pk).update(state=state)
    return fresh(release)


def test_no_budget_no_run_and_what_exceeds_it_is_refused(
    everybody: dict[str, Person], contributor: Organisation, manifest: str
) -> None:
    release = at(everybody, manifest, State.TRIED)
    with pytest.raises(ValidationError, match="No budget is set"):
        acts.ask_run(everybody["steward"], release)
    acts.set_budget(everybody["administrator"], "people", 3.0, 1e-6, False)
    with pytest.raises(ValidationError, match=r"epsilon 4\.\d* is asked for, 3\.00 of 3\.00 remains|remains"):
        acts.ask_run(everybody["steward"], release)
    with pytest.raises(Denied):
        acts.set_budget(everybody["steward"], "people", 30.0, 1e-6, False)
    acts.set_budget(everybody["administrator"], "people", 5.0, 1e-6, False)
    acts.ask_run(everybody["steward"], release)
    assert fresh(release).state == State.RUNNING
    assert not [line for line in ledger.read(plans.place().ledger) if line.event["kind"] == "charge"]


def test_a_ledger_that_lacks_a_budget_that_the_log_names_is_found(everybody: dict[str, Person]) -> None:
    path = plans.place().ledger
    assert check_ledger(path) == 0
    for epsilon in (3.0, 5.0):
        acts.set_budget(everybody["administrator"], "people", epsilon, 1e-6, False, new_population=True)
    assert check_ledger(path) == 2
    whole = path.read_text()
    path.write_text(whole.splitlines(keepends=True)[0])  # what is left still hangs together
    with pytest.raises(UserError, match="lacks lines"):
        check_ledger(path)
    path.unlink()
    with pytest.raises(UserError, match="lacks lines"):
        check_ledger(path)
    path.write_text(whole)
    assert check_ledger(path) == 2


@pytest.mark.parametrize("step", [one.step for one in STEPS if one.act])
def test_no_step_out_of_order(
    everybody: dict[str, Person], contributor: Organisation, manifest: str, step: Step
) -> None:
    release = at(everybody, manifest, State.PLANNED)
    outside = [state for state in State if state not in BY_STEP[step].sources]
    for state in outside:
        release.state = state
        with pytest.raises(rules.NotYet, match="cannot be done now"):
            rules.check(step, rules.Asked(release, everybody["reviewer"], "error"))


@pytest.mark.heavy
def test_the_whole_way(everybody: dict[str, Person], contributor: Organisation, manifest: str) -> None:
    steward, reviewer = everybody["steward"], everybody["reviewer"]
    second = make_person(steward.organisation, Role.REVIEWER, name="second reviewer")
    release = desks.planned(everybody, manifest)
    acts.fix(steward, release)
    hashed = fresh(release).plan_hash
    acts.ask_trial(steward, release)
    with pytest.raises(ValidationError, match="in progress"):
        acts.ask_trial(steward, release)
    job = desks.do_jobs()
    assert job is not None and job.state == "done", job and job.problem
    assert fresh(release).state == State.TRIED
    assert not plans.place().ledger.exists(), "a trial is charged to nobody"
    assert [line.event["kind"] for line in accesslog.read(plans.place().vault / accesslog.NAME)].count("read") == 0

    acts.set_budget(everybody["administrator"], "people", 9.0, 1e-6, False)
    acts.ask_run(steward, release)
    job = desks.do_jobs()
    assert job is not None and job.state == "done", job and job.problem
    release = fresh(release)
    assert (release.state, release.plan_hash) == (State.MADE, hashed)
    work = plans.folder_of(release) / "run" / "work"
    assert {path.name.split("-")[0] for path in work.iterdir() if path.is_dir()} == {"measure", "protect", "release"}

    acts.ask_evaluation(steward, release)
    job = desks.do_jobs()
    assert job is not None and job.state == "done", job and job.problem
    release = fresh(release)
    assert release.state == State.EVALUATED
    assert plans.report(release).stat().st_mode & 0o077 == 0
    assert not list(work.glob("open-*")) + list(work.glob("combine-*"))
    log = [line.event for line in accesslog.read(plans.place().vault / accesslog.NAME) if line.event["kind"] == "read"]
    assert {(one["actor"], one["purpose"]) for one in log} == {(steward.log_name, f"release plan {release.pk}")}

    acts.submit(steward, release)
    content = rules.content_hash(release)
    with pytest.raises(ValidationError, match="had a hand"):
        acts.vote(steward, release, True, WHY, ALL, content)
    with pytest.raises(Denied):
        acts.vote(everybody["auditor"], release, True, WHY, ALL, content)
    with pytest.raises(ValidationError, match="all points"):
        acts.vote(reviewer, release, True, WHY, ALL | {"harm": False}, content)
    with pytest.raises(ValidationError, match="has changed"):
        acts.vote(reviewer, release, True, WHY, ALL, "0" * 64)
    acts.vote(reviewer, release, True, WHY, ALL, content)
    with pytest.raises(rules.Again):
        acts.vote(reviewer, release, True, WHY, ALL, content)
    assert (Vote.objects.count(), kinds().count("release.voted")) == (1, 1), "a double click is one vote"
    acts.vote(reviewer, release, True, f"{WHY} And the words.", ALL, content)
    assert rules.replaced(release, content) == {Vote.objects.order_by("pk")[0].pk}
    assert fresh(release).state == State.IN_REVIEW, "one reviewer is one vote, however often"
    with pytest.raises(ValidationError):
        acts.ask_publication(steward, release)
    acts.vote(second, release, True, WHY, ALL, content)
    assert fresh(release).state == State.APPROVED
    acts.vote(second, release, False, "I have found a small shelter in it.", {}, content)
    assert fresh(release).state == State.IN_REVIEW
    acts.vote(second, release, True, WHY, ALL, content)
    assert fresh(release).state == State.APPROVED

    report = plans.report(release)
    was = report.read_bytes()
    report.write_bytes(was + b" ")
    assert rules.standing(release, rules.content_hash(release)) == []
    with pytest.raises(ValidationError):
        acts.ask_publication(steward, release)
    report.write_bytes(was)
    Agreement.objects.update(purposes=["process"])
    with pytest.raises(ValidationError):
        acts.ask_publication(steward, release)
    Agreement.objects.update(purposes=["process", "release"])
    assert kinds().count("release.approved") == 2
    assert Vote.objects.count() == 5

    acts.ask_publication(steward, release)
    Agreement.objects.update(purposes=["process"])  # it ends while the job waits
    job = desks.do_jobs()
    assert job is not None and job.state == "failed" and job.problem["code"] == "desk.rule"
    assert not plans.place().releases.exists()
    Agreement.objects.update(purposes=["process", "release"])
    answer = Answer("2026-03-01", {"en": "The map is too small."}, {"en": "We have made it larger."})
    add_answer(plans.place().answers, answer)
    acts.ask_publication(steward, release)
    job = desks.do_jobs()
    assert job is not None and job.state == "done", job and job.problem
    release, place = fresh(release), plans.place()
    assert any("We have made it larger." in page.read_text() for page in place.site.glob("en/**/index.html"))
    assert release.state == State.PUBLISHED
    assert place.signing_key is not None
    public = read_signing_key(place.signing_key, place.releases).public
    assert verify(place.releases / release.folder, key=public).ok
    other = place.signing_key.with_name("other.pem")
    make_key(other)
    stranger = Place(place.folder, place.settings.model_copy(update={"signing_key": str(other)}))
    with pytest.raises(Refused):
        publish(stranger, plans.made_folder(release), Silent())
    assert place.latest.resolve() == (place.releases / release.folder).resolve()
    assert (place.site / "releases" / release.folder / "manifest.json").is_file()
    assert not list(place.site.rglob("evaluation*")), "what comes from true cases is never public"
    with pytest.raises(ValidationError, match="cannot be done now"):
        acts.give_up(steward, release)

    with pytest.raises(ValidationError):
        acts.ask_withdrawal(steward, release, "because", {})
    acts.ask_withdrawal(steward, release, "error", {"en": "Two countries were exchanged."})
    job = desks.do_jobs()
    assert job is not None and job.state == "done", job and job.problem
    assert fresh(release).state == State.WITHDRAWN
    (stone,) = read_tombstones(place.withdrawn)
    assert (stone.id, stone.reason) == (release.identifier, "error")
    assert [path.name for path in place.releases.iterdir()] == ["withdrawn.json"]
    assert not (place.site / "releases").exists() and not place.latest.exists()
    assert "Two countries were exchanged." in (place.site / "en" / "index.html").read_text(encoding="utf-8")
    with pytest.raises(Refused, match="not published again"):
        publish(place, plans.made_folder(release), Silent())
    assert verify_events() == Event.objects.count()


def test_pages_say_what_happens_next_in_every_language(
    everybody: dict[str, Person],
    contributor: Organisation,
    manifest: str,
    signed_in: Callable[[Person], Client],
) -> None:
    release = desks.planned(everybody, manifest)
    for language in LANGUAGES:
        client = signed_in(everybody["steward"])
        client.cookies["django_language"] = language
        texts = catalogue("desk").messages(language)
        page = client.get(f"/releases/{release.pk}/").content.decode()
        assert escape(texts["about.fix"]) in page
        assert escape(texts["step_name.give_up"]) in page
        for path in ("privacy", "changes", "evaluation", "review", "withdraw"):
            assert client.get(f"/releases/{release.pk}/{path}/").status_code == 200


def test_a_vote_through_the_page_is_refused_for_the_one_who_planned(
    everybody: dict[str, Person], contributor: Organisation, manifest: str, signed_in: Callable[[Person], Client]
) -> None:
    release = at(everybody, manifest, State.IN_REVIEW)
    given = {"of": "0" * 64, "answers": list(checklist.POINTS), "says": "yes", "reasons": WHY}
    for who in ("steward", "reviewer"):
        signed_in(everybody[who]).post(f"/releases/{release.pk}/review/", given)
    assert not Vote.objects.exists()
    page = signed_in(everybody["steward"]).get(f"/releases/{release.pk}/review/").content.decode()
    assert 'name="says"' not in page
    assert signed_in(everybody["auditor"]).get(f"/releases/{release.pk}/evaluation/").status_code == 403


def test_a_plan_through_the_page(
    everybody: dict[str, Person], contributor: Organisation, manifest: str, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(everybody["steward"])
    given: dict[str, object] = {
        "name": "Global 2026",
        "profile": "synthetic-2026",
        "population": "people",
        "people": "300",
        "epsilon": "nan",
        "delta": "0.000001",
        "length": "1",
        "threshold": "10",
        "deliveries": ["sim-hotline/2025"],
    }
    refused = client.post("/releases/new/", given).content.decode()
    assert "“Global 2026” cannot be the name, because of: G, space." in refused and not ReleasePlan.objects.exists()
    given |= {"name": "global-2026", "epsilon": "1e400"}
    assert client.post("/releases/new/", given).status_code == 200
    given |= {"epsilon": "2", "deliveries": ["sim-hotline/2024"]}
    assert client.post("/releases/new/", given).status_code == 200
    assert not ReleasePlan.objects.exists()
    given |= {"deliveries": ["sim-hotline/2025"]}
    refused = client.post("/releases/new/", given).content.decode()
    assert "“people” is not known here" in refused and not ReleasePlan.objects.exists()
    given |= {"new_population": "on"}
    for _ in range(2):  # a double click
        assert client.post("/releases/new/", given).status_code == 302
    made = ReleasePlan.objects.get()
    assert made.deliveries == [{"organisation": "sim-hotline", "delivery": "2025", "manifest": manifest}]
    client.post(f"/releases/{made.pk}/step/", {"step": "approve"})
    client.post(f"/releases/{made.pk}/step/", {"step": "publish"})
    assert fresh(made).state == State.DRAFT


def test_the_form_says_what_is_in_the_vault_and_what_a_fixed_plan_needs(
    everybody: dict[str, Person], contributor: Organisation, manifest: str, signed_in: Callable[[Person], Client]
) -> None:
    page = signed_in(everybody["steward"]).get("/releases/new/").content.decode()
    assert re.search(r"Simulated hotline: stored [^<]*, [0-9,]+ rows \(sim-hotline/2025\)", page)
    assert page.count("(needed before the plan is fixed)") == len(LANGUAGES)
    assert "invents at most 20,000" in page


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Demonstration", "demonstration"),
        ("demon stration", "demonstration"),
        ("demon\u00adstration", "demonstration"),
        ("Démonstration", "demonstration"),
        ("DEMONSTRATION/2026", "demonstration"),
        ("global-2026", "global/2026"),
        ("Rescapées", "rescapees"),
        ("demonstration", ""),
        ("demonstrations", ""),
        ("demonstration/2026", ""),
        ("global", ""),
    ],
)
def test_a_slip_of_typing_in_a_population_is_found(name: str, meant: str) -> None:
    found = populations.twin(name, ("demonstration", "global/2026", "rescapees"))
    assert (found[1] if found else "") == meant


def test_a_population_is_known_or_said_to_be_new(everybody: dict[str, Person], manifest: str) -> None:
    """A typing error would charge the same people in two accounts."""
    steward, administrator = everybody["steward"], everybody["administrator"]
    with pytest.raises(ValidationError, match="not known here"):
        acts.set_budget(administrator, "survivors", 9.0, 1e-6, False)
    acts.set_budget(administrator, "survivors", 9.0, 1e-6, False, new_population=True)
    with pytest.raises(rules.Again):
        acts.set_budget(administrator, "survivors", 9.0, 1e-6, False)
    with pytest.raises(ValidationError, match="known population “survivors”"):
        acts.set_budget(administrator, "Survivors", 9.0, 1e-6, False, new_population=True)
    assert len(ledger.read(plans.place().ledger)) == 1
    for said_new in (False, True):
        with pytest.raises(ValidationError, match="known population “survivors”"):
            acts.draft(steward, release_values(population="survi-vors"), said_new)
    known = acts.draft(steward, release_values(population="survivors"))
    with pytest.raises(ValidationError, match="not known here"):
        acts.change(steward, known, {"population": "survivers"})
    assert kinds().count("population.begun") == 1
    acts.change(steward, known, {"population": "others"}, new_population=True)
    acts.change(steward, fresh(known), {"edition": "2026.1"})  # once is enough
    begun = Event.objects.filter(kind="population.begun", about=known.log_name)
    assert [one.details for one in begun] == [{"population": populations.mark("others")}]


def test_a_population_is_looked_at_again_when_the_plan_is_fixed(
    everybody: dict[str, Person], contributor: Organisation, manifest: str
) -> None:
    steward, release = everybody["steward"], desks.planned(everybody, manifest)
    ReleasePlan.objects.filter(pk=release.pk).update(population="somebody")  # as drafts of before are
    with pytest.raises(rules.NotYet, match="not known here") as refused:
        acts.fix(steward, fresh(release))
    assert refused.value.rule is Rule.POPULATION
    ReleasePlan.objects.filter(pk=release.pk).update(population="people")
    acts.set_budget(everybody["administrator"], "peoples", 9.0, 1e-6, False, new_population=True)
    path = plans.place().ledger
    ledger.set_budget(path, "PEOPLE", Guarantee(9.0, 1e-6), now())  # on the command line
    with pytest.raises(rules.NotYet, match="known population “PEOPLE”"):
        acts.fix(steward, fresh(release))
    path.write_text(path.read_text().replace("peoples", "people"))
    with pytest.raises(rules.NotYet, match="damaged or changed"):
        acts.fix(steward, fresh(release))
    path.unlink()
    acts.fix(steward, fresh(release))


def test_what_cannot_be_undone_wants_a_tick_and_a_double_click_is_no_fault(
    everybody: dict[str, Person], contributor: Organisation, manifest: str, signed_in: Callable[[Person], Client]
) -> None:
    release = at(everybody, manifest, State.TRIED)
    acts.set_budget(everybody["administrator"], "people", 5.0, 1e-6, False)
    client, address = signed_in(everybody["steward"]), f"/releases/{release.pk}/"
    assert 'name="sure"' in client.get(address).content.decode()
    said = client.post(f"{address}step/", {"step": "run"}, follow=True).content.decode()
    assert "this step cannot be undone" in said and fresh(release).state == State.TRIED
    for _ in range(2):
        said = client.post(f"{address}step/", {"step": "run", "sure": "yes"}, follow=True).content.decode()
        assert fresh(release).state == State.RUNNING and "Work on this release is in progress" not in said
    assert kinds().count("release.run_asked") == 1


def test_the_plan_says_with_how_many_people_it_is_tried(
    everybody: dict[str, Person], contributor: Organisation, manifest: str, signed_in: Callable[[Person], Client]
) -> None:
    release = desks.planned(everybody, manifest, people=22_000)
    acts.fix(everybody["steward"], release)
    release = fresh(release)
    assert plans.trial_plan(release).simulation.cases == plans.people_of_trial(release) == plans.MOST_TRIED
    ReleasePlan.objects.filter(pk=release.pk).update(state=State.TRIED)
    report = plans.report(release, plans.TRIAL)
    report.parent.mkdir(parents=True)
    sign = {"kind": "coverage", "order": 1, "value": 0.95, "beside": 0.95, "look": False}
    report.write_text(json.dumps({"summary": [sign]}))
    page = signed_in(everybody["steward"]).get(f"/releases/{release.pk}/").content.decode()
    assert "number of people: 20,000" in page and "The plan expects more (22,000)" in page


def test_the_ledger_shows_every_charge_and_how_they_add_up(
    everybody: dict[str, Person], contributor: Organisation, manifest: str, signed_in: Callable[[Person], Client]
) -> None:
    steward, path = everybody["steward"], plans.place().ledger
    acts.set_budget(everybody["administrator"], "people", 20.0, 1e-6, False, new_population=True)
    release = at(everybody, manifest, State.TRIED)
    job = acts.ask_run(steward, release)
    Job.objects.filter(pk=job.pk).update(began=now())
    cost = plans.cost_of(release)
    details = {"epsilon": 4.0, "delta": 1e-6}
    ledger.charge(path, "people", cost, details, now())
    Job.objects.filter(pk=job.pk).update(state="done", ended=now() + timedelta(seconds=1))
    later = now() + timedelta(minutes=1)
    ledger.charge(path, "people", cost, details, later)  # on the command line
    (state,) = accounts.states(path, now().year)
    first, second = state.charges
    assert (first.release, first.by, first.unfinished) == (release, steward.name, True)
    assert (second.release, second.by) == (None, "")
    twice = (cost + cost).epsilon(1e-6)
    assert first.epsilon == second.epsilon == first.together == pytest.approx(4.0, abs=0.01)
    assert second.together == pytest.approx(twice, rel=1e-6) and twice < 2 * first.epsilon
    assert state.two is not None and state.two.together == pytest.approx(twice, rel=1e-6)
    (more,) = state.one_more  # nothing is planned: one like the last
    assert more.release is None and more.fits and more.before == state.accounts[0].spent
    ledger.charge(path, "people", cost, details, later)
    (after,) = accounts.states(path, now().year)
    assert after.accounts[0].spent == pytest.approx(more.spent, rel=1e-6)
    assert after.accounts[0].remaining == pytest.approx(more.remaining, abs=2e-4)
    draft = acts.draft(steward, release_values(epsilon=19.0, name="large", titles={"en": "Women & children"}))
    assert [one.release for one in accounts.states(path, now().year)[0].one_more] == [None], "a draft is no plan"
    ReleasePlan.objects.filter(pk=draft.pk).update(state=State.PLANNED)
    (state,) = accounts.states(path, now().year)
    assert [(one.release, one.fits) for one in state.one_more] == [(draft, False)]
    for language in LANGUAGES:
        client = signed_in(steward)
        client.cookies["django_language"] = language
        page = client.get("/releases/ledger/").content.decode()
        assert escape(catalogue("desk").text(language, "ledger.compose")) in page
        assert page.count(f'href="/releases/{release.pk}/"') == 1 and escape(steward.name) in page
    assert "“Women &amp; children”" in signed_in(steward).get("/releases/ledger/").content.decode()
    page = signed_in(everybody["administrator"]).get("/releases/ledger/").content.decode()
    assert f'href="/releases/{release.pk}/"' not in page and release.titles["en"] not in page, "who sees no releases"
    assert f"No. {release.pk}" in page and f"“No. {draft.pk}”" in page


def test_every_step_of_a_run_has_its_words() -> None:
    for language in LANGUAGES:
        texts = catalogue("desk").messages(language)
        assert all(f"step.{name}" in texts for name in (*TITLES, "publish", "withdraw", "work"))
        assert all(f"{part}.{step}" in texts for step in Step for part in ("step_name", "about") if BY_STEP[step].act)
    assert [step_of(f"{title} sim/2025") for title in TITLES.values()] == list(TITLES)
    assert step_of("Harmonised") == "work"


def test_a_damaged_ledger_and_a_vault_that_is_gone_stop_everything_and_break_no_page(
    everybody: dict[str, Person], contributor: Organisation, manifest: str, signed_in: Callable[[Person], Client]
) -> None:
    release = at(everybody, manifest, State.TRIED)
    acts.set_budget(everybody["administrator"], "people", 5.0, 1e-6, False)
    path = plans.place().ledger
    path.write_text(path.read_text().replace("people", "others"))
    client = signed_in(everybody["steward"])
    assert "damaged or changed" in client.get("/releases/ledger/").content.decode()
    assert "damaged or changed" in client.get(f"/releases/{release.pk}/").content.decode()
    with pytest.raises(ValidationError, match="damaged or changed"):
        acts.ask_run(everybody["steward"], release)
    (plans.place().vault / "keyring.json").unlink()
    assert client.get(f"/releases/{release.pk}/").status_code == 200
    assert client.get("/releases/new/").status_code == 200
    with pytest.raises(ValidationError):
        acts.ask_run(everybody["steward"], release)
    assert fresh(release).state == State.TRIED
