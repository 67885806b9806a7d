"""A release is public when it was published, and at no other time, whatever failed on the way."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.hub.studio import desks
from tests.unit.hub.studio.things import release_values

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.progress import Silent
from ctdc.hub.studio import public_site
from ctdc.hub.studio.deliveries.preview import latest_release
from ctdc.hub.studio.desk import acts, jobs, plans, publishing
from ctdc.hub.studio.desk.models import Publication, ReleasePlan
from ctdc.hub.studio.desk.states import State
from ctdc.hub.studio.editors.acts import PUBLISH
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.jobs import work, worker
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.people.models import Person
from ctdc.release.manifest import read_manifest
from ctdc.release.tombstones import Tombstone, bury

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty place, and a worker whose thread does not look for the test's transaction."""
    monkeypatch.setattr(worker, "_renew", lambda job, over: None)
    desks.clear_place()
    yield
    desks.clear_place()


@pytest.fixture
def approved(everybody: dict[str, Person], site_release: Path, monkeypatch: pytest.MonkeyPatch) -> ReleasePlan:
    """A release that was made and approved; its votes and agreements are looked at in other tests."""
    monkeypatch.setattr(jobs, "_check_still", lambda step, job, release: None)
    monkeypatch.setattr(plans, "made_folder", lambda release: site_release)
    release = acts.draft(everybody["steward"], release_values(), new_population=True)
    release.folder, release.identifier = site_release.name, read_manifest(site_release)[0]
    release.state = State.APPROVED
    release.save()
    return release


def asked(kind: str, release: ReleasePlan) -> Job:
    """The job, done."""
    job = work.ask(kind, release.made_by, release=release.pk)
    taken = worker.take("test")
    assert taken is not None and taken.pk == job.pk
    worker.do(taken)
    job.refresh_from_db()
    return job


def laid(site_release: Path) -> Path:
    """A copy where the published ones lie."""
    target = plans.place().releases / site_release.name
    shutil.copytree(site_release, target)
    return target


def refuse(*_: object, **__: object) -> None:
    raise UserError("test.refused", "Not today.")


def test_what_merely_lies_there_is_never_shown(approved: ReleasePlan, site_release: Path) -> None:
    place, target = plans.place(), laid(site_release)
    assert public_site.build_site(place, Silent()) is None
    assert not place.site.exists()
    assert public_site.public_releases(place, target.name) == [target]
    found = Publication.objects.create(release=approved, identifier=approved.identifier, folder=target.name)
    assert public_site.public_releases(place) == [target]
    found.withdrawn = now()
    found.save()
    assert public_site.public_releases(place) == []


@pytest.mark.heavy
def test_what_is_published_is_noted_before_another_build_can_begin(
    approved: ReleasePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, at_end = public_site.alone, []

    class Watched:
        """The lock, and what was noted when it was given up."""

        def __init__(self, lock: Path) -> None:
            self._inner = alone(lock)

        def __enter__(self) -> None:
            self._inner.__enter__()

        def __exit__(self, *error: object) -> None:
            at_end.append(Publication.objects.filter(folder=approved.folder).exists())
            self._inner.__exit__(None, None, None)

    monkeypatch.setattr(public_site, "alone", Watched)
    job = asked("desk.publish", approved)
    assert (job.state, at_end) == ("done", [True]), job.problem
    place = plans.place()
    assert place.latest.resolve() == (place.releases / approved.folder).resolve()
    assert (place.site / "releases" / approved.folder).is_dir()


@pytest.mark.parametrize("kind", ["made", "published", "withdrawn"])
def test_a_worker_that_was_killed_behind_its_last_act_has_nothing_done_twice(
    approved: ReleasePlan, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    Publication.objects.create(release=approved, identifier=approved.identifier, folder=approved.folder, reason="error")
    ReleasePlan.objects.filter(pk=approved.pk).update(state=kind)
    for work_of in ((jobs, "run"), (publishing, "publish"), (publishing, "withdraw")):
        monkeypatch.setattr(*work_of, refuse)
    job = asked({"made": "desk.run", "published": "desk.publish", "withdrawn": "desk.withdraw"}[kind], approved)
    assert (job.state, Event.objects.filter(kind=f"release.{kind}").count()) == ("done", 0)


def test_a_publication_that_fails_leaves_nothing_behind(approved: ReleasePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    place = plans.place()
    monkeypatch.setattr(publishing, "build_site", refuse)
    job = asked("desk.publish", approved)
    assert job.state == "failed" and job.problem and job.problem["code"] == "test.refused"
    assert not list(place.releases.iterdir()) and not place.latest.is_symlink()
    approved.refresh_from_db()
    assert approved.state == State.APPROVED and not Publication.objects.exists()


def test_a_second_try_that_is_refused_takes_the_copy_of_the_first_away(
    approved: ReleasePlan, site_release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = laid(site_release)  # as the first left it when it was killed, with the site already built
    (plans.place().site / "releases" / target.name).mkdir(parents=True)
    monkeypatch.setattr(jobs, "_check_still", refuse)
    assert asked("desk.publish", approved).state == "failed"
    assert not target.exists()
    assert Job.objects.filter(kind=PUBLISH, state="waiting").count() == 1, "the site is built without it"


def test_a_failure_never_takes_away_what_is_published(
    approved: ReleasePlan, site_release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = laid(site_release)
    Publication.objects.create(release=approved, identifier=approved.identifier, folder=target.name)
    monkeypatch.setattr(publishing, "build_site", refuse)
    assert asked("desk.publish", approved).state == "failed"
    assert target.is_dir()


def test_what_does_not_verify_is_not_even_copied(site_release: Path, tmp_path: Path) -> None:
    made = Path(shutil.copytree(site_release, tmp_path / site_release.name))
    figures = made / "data" / "figures.json"
    figures.write_text(figures.read_text() + " ")
    with pytest.raises(Refused, match="does not verify"):
        publishing.publish(plans.place(), made, Silent())
    assert not plans.place().releases.exists()


def test_the_reason_that_readers_have_seen_counts(approved: ReleasePlan, site_release: Path) -> None:
    place = plans.place()
    laid(site_release)
    identifier, manifest = read_manifest(site_release)
    titles = {"en": "Twin"}
    bury(place.withdrawn, Tombstone(identifier, manifest.folder, manifest.created, titles, now(), "error", {"en": "x"}))
    found = Publication.objects.create(release=approved, identifier=identifier, folder=manifest.folder, reason="other")
    ReleasePlan.objects.filter(pk=approved.pk).update(state=State.PUBLISHED)
    job = asked("desk.withdraw", approved)
    assert job.state == "done", job.problem
    found.refresh_from_db()
    assert (found.reason, found.words) == ("error", {"en": "x"})
    assert Event.objects.get(kind="release.withdrawn").details["reason"] == "error"


def test_the_latest_release_is_one_that_is_published(approved: ReleasePlan, site_release: Path) -> None:
    place = plans.place()
    assert latest_release(place) is None
    target = laid(site_release)
    assert latest_release(place) is None, "it merely lies there"
    found = Publication.objects.create(release=approved, identifier=approved.identifier, folder=target.name)
    assert latest_release(place) == target
    half = target.rename(place.releases / f".{target.name}.part")
    assert latest_release(place) is None, "half copied"
    half.rename(target)
    found.withdrawn = now()
    found.save()
    assert latest_release(place) is None, "withdrawn"
