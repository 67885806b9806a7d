"""Who may do what with a page, asked of the studio's one table of acts.

Promise: nothing is published by whoever wrote it. A story or page goes to readers when a second editor has approved
what the first one submitted; a translation, when an editor publishes it who translated none of what is new in it.
Translators publish nothing, and change words alone. Withdrawing a story from readers needs one editor: it can be
urgent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from wagtail.log_actions import get_active_log_context
from wagtail.models import Page, Revision, TaskState
from wagtail.models.pages import PagePermissionTester
from wagtail_localize.models import StringSegment, StringTranslation, Translation

from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act

if TYPE_CHECKING:
    from ctdc.hub.studio.editors.models import Kept, Written

_by_itself: ContextVar[bool] = ContextVar("by_itself", default=False)


class EditorsPermissions(PagePermissionTester):  # type: ignore[misc]  # the library has no types
    """What a person may do with a page of the editors."""

    page: Kept

    def _written(self) -> bool:
        from ctdc.hub.studio.editors.models import Written  # noqa: PLC0415  it needs this module

        return isinstance(self.page.specific, Written)

    def _may(self, act: Act) -> bool:
        return self.user.is_active and policy.can(self.user, act)

    def _work(self) -> Translation | None:
        from ctdc.hub.studio.editors.reading import translation_of  # noqa: PLC0415

        return translation_of(self.page) if self._written() else None

    def can_edit(self) -> bool:
        """Editors write, translators translate; shelves are nobody's to change."""
        if not self._written():
            return False
        return self._may(Act.EDIT_STORIES) or (self._may(Act.TRANSLATE_STORIES) and self._work() is not None)

    def can_publish(self) -> bool:
        """A translation, by an editor who did not translate it. All else goes through a second editor."""
        work = self._work()
        return work is not None and self._may(Act.PUBLISH_STORIES) and not has_translated(work, self.user)

    def can_unpublish(self) -> bool:
        """What readers see can be taken from them by any editor, at once."""
        from ctdc.hub.studio.editors.models import StoryPage  # noqa: PLC0415

        is_story = issubclass(self.page.specific_class, StoryPage)  # the site lacks none of the other pages
        return bool(is_story and self.page.live and self._may(Act.PUBLISH_STORIES))

    def can_unschedule(self) -> bool:
        """What will be published can be held back in the same way."""
        return self._written() and self._may(Act.PUBLISH_STORIES)

    def can_submit_for_moderation(self) -> bool:
        """By editors; a translation has its own way."""
        return self._may(Act.EDIT_STORIES) and self._work() is None and bool(super().can_submit_for_moderation())

    def can_add_subpage(self) -> bool:
        """New stories, by editors."""
        return self._may(Act.EDIT_STORIES) and bool(super().can_add_subpage())

    def can_reorder_children(self) -> bool:
        """The order of the stories, by editors."""
        return not self._written() and self._may(Act.PUBLISH_STORIES)

    def can_delete(self, ignore_bulk: bool = False) -> bool:
        """A draft that no reader has ever seen."""
        seen = self.page.first_published_at is not None or not self._written()
        return not seen and self._may(Act.EDIT_STORIES)

    def can_copy(self) -> bool:
        """A copy would take the words of one language and lose the others."""
        return False

    def can_move(self) -> bool:
        """Pages stay on their shelf."""
        return False

    def can_publish_subpage(self) -> bool:
        """Nothing is made and published in one step."""
        return False

    def can_lock(self) -> bool:
        """Nobody keeps others out; what is being read is locked by itself."""
        return False

    def can_set_view_restrictions(self) -> bool:
        """The site shows everybody the same."""
        return False


def is_publisher(person: Person) -> bool:
    """Whether the person is an editor who may approve what others submit."""
    return policy.can(person, Act.PUBLISH_STORIES)


def may_approve(state: TaskState, person: Person) -> bool:
    """Whether the person may approve what waits: an editor who neither submitted it nor wrote any of what is new."""
    own = {state.workflow_state.requested_by_id, *_authors(state.revision)}
    return bool(is_publisher(person) and person.pk not in own)


def _authors(revision: Revision) -> set[int | None]:
    """Who wrote any of the versions up to this one that neither a reader nor a second editor has seen."""
    of_page = Revision.objects.filter(
        base_content_type_id=revision.base_content_type_id, object_id=revision.object_id, pk__lte=revision.pk
    )
    approved = of_page.filter(task_states__status=TaskState.STATUS_APPROVED).order_by("pk").last()
    seen = max(revision.content_object.live_revision_id or 0, approved.pk if approved else 0)
    return {revision.user_id, *of_page.filter(pk__gt=seen).values_list("user_id", flat=True)}


def check_approval(state: TaskState, person: Person) -> None:
    """Raise PermissionDenied unless `may_approve`."""
    policy.check(person, Act.PUBLISH_STORIES)
    if not may_approve(state, person):
        raise PermissionDenied


@contextmanager
def by_itself() -> Iterator[None]:
    """Where a job does what somebody has approved, or what is shipped is brought in: nobody is asked who they are."""
    before = _by_itself.set(True)
    try:
        yield
    finally:
        _by_itself.reset(before)


def check_publication(page: Written, revision: Revision, person: Person | None) -> None:
    """Raise PermissionDenied unless this person may have this version published.

    person: None where Wagtail does not pass on who it is: whoever acts in Wagtail now, and nobody but in `by_itself`.
    """
    from ctdc.hub.studio.editors.reading import translation_of  # noqa: PLC0415

    if person is None and _by_itself.get():
        return
    person = person or get_active_log_context().user
    if person is None:
        raise PermissionDenied
    policy.check(person, Act.PUBLISH_STORIES)
    work = translation_of(page)
    if has_translated(work, person) if work is not None else not _is_approved(revision, person):
        raise PermissionDenied


def _is_approved(revision: Revision, person: Person) -> bool:
    """Whether this person has approved exactly this version, and did not write it."""
    approved = TaskState.objects.filter(revision=revision, status=TaskState.STATUS_APPROVED, finished_by=person)
    return bool(revision.user_id != person.pk and approved.exists())


def has_translated(work: Translation, person: Person) -> bool:
    """Whether the person translated anything that readers have not seen yet."""
    own = StringTranslation.objects.filter(
        locale_id=work.target_locale_id,
        context__object_id=work.source.object_id,
        last_translated_by=person,
        translation_of_id__in=StringSegment.objects.filter(source=work.source).values("string_id"),
    )
    published = Page.objects.filter(translation_key=work.source.object_id, locale_id=work.target_locale_id)
    last = published.values_list("last_published_at", flat=True).first()
    newer = own.filter(updated_at__gt=last) if last else own
    return bool(newer.exists())
