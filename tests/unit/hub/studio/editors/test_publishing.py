"""Nothing reaches readers on the word of whoever wrote it, and each step leaves its line."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from tests.support.studio_people import make_person
from tests.unit.hub.studio.editors.conftest import page
from wagtail.models import Revision, TaskState, Workflow
from wagtail_localize.models import StringTranslation

from ctdc.foundation.progress import Silent
from ctdc.hub.studio.editors import acts, jobs, permissions, publish, signals, wanting
from ctdc.hub.studio.editors.models import StoryPage
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.events.record import verify
from ctdc.hub.studio.jobs.models import Job, State
from ctdc.hub.studio.jobs.worker import do, take
from ctdc.hub.studio.people import acts as people
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Denied
from ctdc.hub.studio.people.roles import Role
from ctdc.hub.studio.waiting import waiting

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
SignedIn = Callable[[Person], Client]


def write(story: StoryPage, by: Person, title: str) -> Revision:
    """A new version that nobody has read."""
    story.title = title
    return story.save_revision(user=by)


def submit(story: StoryPage, by: Person) -> TaskState:
    """Ask a second editor to read the newest version."""
    Workflow.objects.get().start(story, by)
    return story.current_workflow_task_state


def kinds() -> list[str]:
    return [event.kind for event in Event.objects.order_by("sequence")]


def test_a_second_editor_publishes_what_the_first_one_wrote(
    story: StoryPage, first: Person, second: Person, signed_in: SignedIn
) -> None:
    write(story, first, "Women and men")
    state = submit(story, first)
    address = f"/editors/pages/workflow/action/{story.pk}/approve/{state.pk}/"
    signed_in(first).post(address)
    assert page("en").title != "Women and men", "nobody approves their own"
    signed_in(second).post(address)
    assert page("en").title == "Women and men"
    assert [kind for kind in kinds() if kind.startswith("page.")][-3:] == [
        "page.submitted",
        "page.published",
        "page.approved",
    ]
    published = Event.objects.filter(kind="page.published").last()
    assert published is not None
    assert (published.actor, published.details["language"]) == (second.log_name, "en")
    verify()


def test_nobody_publishes_directly(story: StoryPage, first: Person, translator: Person, signed_in: SignedIn) -> None:
    revision = write(story, first, "Straight to readers")
    for person in (first, translator):
        with pytest.raises(PermissionDenied):
            revision.publish(user=person)
    form = signed_in(first).get(f"/editors/pages/{story.pk}/edit/").content.decode()
    assert 'name="action-publish"' not in form
    assert 'name="action-submit"' in form
    assert page("en").title != "Straight to readers"


def test_what_was_submitted_waits_for_a_second_editor_alone(
    story: StoryPage, first: Person, second: Person, translator: Person
) -> None:
    write(story, first, "Women and men")
    submit(story, first)
    moderation = "web.waiting.moderation"
    waits = {one: [each.number for each in waiting(one) if each.words == moderation] for one in (first, second)}
    assert (waits[first], waits[second]) == ([], [1])
    assert moderation not in {one.words for one in waiting(translator)}


def test_words_that_are_not_translated_wait_for_translators(story: StoryPage, translator: Person) -> None:
    def count() -> int:
        return sum(one.number for one in waiting(translator) if one.words == "web.waiting.translations")

    before = count()
    StringTranslation.objects.filter(locale__language_code="de").delete()
    assert count() > before


def test_what_was_read_is_published_and_nothing_newer(story: StoryPage, first: Person, second: Person) -> None:
    write(story, first, "As it was read")
    state = submit(story, first)
    write(story, first, "As it was changed behind their back")
    state.task.specific.on_action(state, second, "approve")
    assert page("en").title == "As it was read"


def test_while_it_is_read_nobody_changes_it(
    story: StoryPage, first: Person, second: Person, signed_in: SignedIn
) -> None:
    write(story, first, "To be read")
    submit(story, first)
    for person in (first, second):
        client = signed_in(person)
        assert page("en").permissions_for_user(person).page_locked()
        assert 'name="action-submit"' not in client.get(f"/editors/pages/{story.pk}/edit/").content.decode()
        asked = f"/editors/pages/workflow/action/{story.pk}/approve/"
        assert (asked in client.get("/editors/").content.decode()) == (person == second), "the second one decides"


def test_who_decides_does_so_on_the_page_first_of_all(
    story: StoryPage, first: Person, second: Person, signed_in: SignedIn
) -> None:
    write(story, first, "Decided where it is read")
    state = submit(story, first)
    address = f"/editors/pages/workflow/action/{story.pk}/approve/{state.pk}/"
    own = signed_in(first).get(f"/editors/pages/{story.pk}/edit/").content.decode()
    assert "action-cancel-workflow" in own
    assert "/editors/pages/workflow/action/" not in own
    client = signed_in(second)
    form = client.get(f"/editors/pages/{story.pk}/edit/").content.decode()
    places = [form.index(one) for one in (address, address.replace("approve", "reject"), "action-cancel-workflow")]
    assert places == sorted(places)
    client.post(address, {"next": ""})
    assert page("en").title == "Decided where it is read"
    assert "/editors/pages/workflow/action/" not in client.get(f"/editors/pages/{story.pk}/edit/").content.decode()


def test_a_second_editor_sends_it_back(story: StoryPage, first: Person, second: Person) -> None:
    write(story, first, "Not yet")
    state = submit(story, first)
    with pytest.raises(PermissionDenied):
        state.task.specific.on_action(state, first, "reject")
    state.task.specific.on_action(state, second, "reject", comment="Say what the data cannot say.")
    assert kinds()[-1] == "page.rejected"
    assert page("en").title != "Not yet"
    assert "Say what" not in str(Event.objects.last().details)  # type: ignore[union-attr]


def test_whoever_is_no_editor_approves_nothing(
    story: StoryPage, first: Person, translator: Person, hub: Organisation
) -> None:
    write(story, first, "For nobody else")
    state = submit(story, first)
    steward = make_person(hub, Role.STEWARD)
    for person in (translator, steward):
        assert state.task.specific.get_actions(story, person) == []
        with pytest.raises(Denied):
            state.task.specific.on_action(state, person, "approve")


def test_what_is_wrong_is_not_published_even_if_it_was_approved(
    story: StoryPage, first: Person, second: Person, signed_in: SignedIn
) -> None:
    write(story, first, "Half of 20 women")
    state = submit(story, first)
    with pytest.raises(ValidationError, match="A figure is typed here"):
        state.task.specific.on_action(state, second, "approve")
    client = signed_in(second)
    answer = client.post(f"/editors/pages/workflow/action/{story.pk}/approve/{state.pk}/", follow=True)
    assert "A figure is typed here" in answer.content.decode()
    assert page("en").title != "Half of 20 women"
    assert TaskState.objects.get(pk=state.pk).status == TaskState.STATUS_IN_PROGRESS


def test_one_editor_withdraws_a_story_at_once(
    story: StoryPage, first: Person, translator: Person, signed_in: SignedIn
) -> None:
    signed_in(translator).post(f"/editors/pages/{story.pk}/unpublish/")
    assert page("en").live
    signed_in(first).post(f"/editors/pages/{story.pk}/unpublish/")
    assert not page("en").live
    event = Event.objects.get(kind="page.unpublished")
    assert (event.actor, event.about) == (first.log_name, f"page:{story.pk}")


def test_several_publications_make_one_build(story: StoryPage, first: Person) -> None:
    before = Job.objects.filter(kind=acts.PUBLISH).count()
    assert before == 1, "all that was brought in is built at once"
    wanting.want(acts.PUBLISH, first)
    assert Job.objects.filter(kind=acts.PUBLISH).count() == 1
    Job.objects.update(state=State.RUNNING)
    wanting.want(acts.PUBLISH, first)
    assert Job.objects.filter(kind=acts.PUBLISH, state=State.WAITING).get().by == first


def test_the_job_writes_what_is_live(story: StoryPage, monkeypatch: pytest.MonkeyPatch) -> None:
    job = take("test")
    assert job is not None
    do(job)
    job.refresh_from_db()
    assert (job.state, job.problem) == (State.DONE, None)
    folder = settings.STUDIO.content / "stories"
    assert (folder / "order.yaml").read_text() == "- gender\n"
    page("en").unpublish()
    publish.publish(settings.STUDIO, Silent())
    assert (folder / "order.yaml").read_text() == "[]\n"


def test_what_was_approved_is_published_at_its_time(story: StoryPage, first: Person, second: Person) -> None:
    story.go_live_at = timezone.now() + timedelta(hours=1)
    write(story, first, "Tomorrow's story")
    state = submit(story, first)
    state.task.specific.on_action(state, second, "approve")
    assert page("en").title != "Tomorrow's story"
    assert "page.scheduled" in kinds()
    jobs.look_for_due()
    assert not Job.objects.filter(kind=acts.SCHEDULED).exists(), "nothing is due"
    Revision.objects.filter(approved_go_live_at__isnull=False).update(
        approved_go_live_at=timezone.now() - timedelta(minutes=1)
    )
    revision = Revision.objects.get(approved_go_live_at__isnull=False)
    revision.content["go_live_at"] = (timezone.now() - timedelta(minutes=1)).isoformat()
    revision.save()
    jobs.look_for_due()
    jobs.look_for_due()
    job = Job.objects.get(kind=acts.SCHEDULED)
    jobs.publish_scheduled(job, Silent())
    assert page("en").title == "Tomorrow's story"
    assert Event.objects.filter(kind="page.published").last().actor == "worker"  # type: ignore[union-attr]


def test_what_can_no_longer_be_published_loses_its_time_and_stops_nothing(story: StoryPage, first: Person) -> None:
    revision = write(story, first, "In 1999")
    Revision.objects.filter(pk=revision.pk).update(approved_go_live_at=timezone.now() - timedelta(minutes=1))
    jobs.publish_scheduled(Job(kind=acts.SCHEDULED), Silent())
    assert Event.objects.get(kind="page.refused").details == {"language": "en", "revision": revision.pk}
    assert not Revision.objects.filter(approved_go_live_at__isnull=False).exists()


def test_what_has_had_its_time_is_withdrawn(story: StoryPage) -> None:
    StoryPage.objects.filter(pk=story.pk).update(expire_at=timezone.now() - timedelta(minutes=1))
    jobs.look_for_due()
    jobs.publish_scheduled(Job.objects.get(kind=acts.SCHEDULED), Silent())
    assert not page("en").live
    assert kinds()[-1] == "page.unpublished"


def test_groups_follow_roles(hub: Organisation, first: Person) -> None:
    administrator = make_person(hub, Role.ADMINISTRATOR)
    assert [group.name for group in first.groups.all()] == ["studio editor"]
    people.set_roles(administrator, first, {Role.TRANSLATOR})
    assert [group.name for group in first.groups.all()] == ["studio translator"]
    people.set_roles(administrator, first, {Role.STEWARD})
    assert not first.groups.exists()
    assert not Person.objects.get(pk=first.pk).has_perm("wagtailadmin.access_admin")


def test_groups_follow_roles_that_are_changed_on_the_page(
    hub: Organisation, first: Person, signed_in: SignedIn
) -> None:
    administrator = signed_in(make_person(hub, Role.ADMINISTRATOR))
    administrator.post(f"/people/{first.pk}/roles/", {"roles": ["translator"]})
    assert [group.name for group in first.groups.all()] == ["studio translator"]
    administrator.post(f"/people/{first.pk}/roles/", {"roles": ["steward"]})
    assert not first.groups.exists()


def test_whoever_wrote_an_earlier_version_does_not_approve_a_later_one(
    story: StoryPage, first: Person, second: Person, hub: Organisation
) -> None:
    third = make_person(hub, Role.EDITOR, name="third editor")
    write(story, first, "All of it is by the first")
    state = submit(story, second)  # who saves one space more
    Revision.objects.filter(pk=state.revision_id).update(user=second)
    write(story, first, "All of it is by the first")
    state.revision = write(story, second, "All of it is by the first ")
    state.save()
    task = state.task.specific
    for author in (first, second):
        assert not task.get_task_states_user_can_moderate(author).exists()
        with pytest.raises(PermissionDenied):
            task.on_action(state, author, "approve")
    assert list(task.get_task_states_user_can_moderate(third)) == [state]
    task.on_action(state, third, "approve")
    assert page("en").title == "All of it is by the first "


def test_what_a_second_editor_has_read_is_new_no_longer(story: StoryPage, first: Person, second: Person) -> None:
    write(story, first, "By the first")
    state = submit(story, first)
    state.task.specific.on_action(state, second, "approve")
    page("en").unpublish(user=second)
    again = page("en")
    write(again, second, "By the second")
    state = submit(again, second)
    state.task.specific.on_action(state, first, "approve")
    assert (page("en").title, page("en").live) == ("By the second", True)


def test_the_job_is_locked_before_the_end_of_the_log(
    story: StoryPage, second: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    record, want = signals.record, wanting.want
    monkeypatch.setattr(signals, "record", lambda kind, *a, **k: (order.append(kind), record(kind, *a, **k)))
    monkeypatch.setattr(wanting, "want", lambda *a: (order.append("wanted"), want(*a)))
    story.unpublish(user=second)
    signals._moved(story)
    write(story, second, "Once more")
    with permissions.by_itself():
        story.get_latest_revision().publish()
    assert order == ["wanted", "page.unpublished", "wanted", "page.moved", "wanted", "page.published"]
