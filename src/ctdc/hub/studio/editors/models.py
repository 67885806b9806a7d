"""What editors write, as Wagtail keeps it: a shelf of stories and one of pages in each language.

Promise: a page is published only if it is whole, by the same rules as the site reads it, and only on the word of
somebody else than its author (`permissions`); publishing and withdrawing leave an event in the same transaction
(`signals`). What cannot be published is said at the field that is wrong (`checking`).
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from wagtail.admin.panels import FieldPanel, ObjectList, PublishingPanel, TabbedInterface
from wagtail.locks import WorkflowLock
from wagtail.models import Page, Revision, Task, TaskState
from wagtail_localize.fields import SynchronizedField, TranslatableField

from ctdc.hub.studio.editors import blocks, checking, permissions
from ctdc.hub.studio.editors.forms import StoryForm, TextForm
from ctdc.hub.studio.editors.moments import page_scheduled
from ctdc.hub.studio.editors.panels import LanguagePanel
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import lazy_text, text


def _tabs(*panels: Any) -> Any:
    settings = ObjectList([PublishingPanel()], heading=lazy_text("editors.tab.publication"))
    content = ObjectList([LanguagePanel(), *panels], heading=lazy_text("editors.tab.content"))
    return TabbedInterface([content, settings])


def _verbose(key: str, **options: Any) -> dict[str, Any]:
    label, help_text = lazy_text(f"editors.field.{key}"), lazy_text(f"editors.field.{key}.help")
    return {"verbose_name": label, "help_text": help_text, "blank": True, **options}


class Kept(Page):  # type: ignore[misc]  # the library has no types
    """Any page here: who may do what with it is asked of the studio's table of acts."""

    class Meta:
        abstract = True

    show_in_menus_default = False
    promote_panels: ClassVar[list[Any]] = []

    def permissions_for_user(self, user: Person) -> permissions.EditorsPermissions:
        """What `user` may do with the page."""
        return permissions.EditorsPermissions(user, self)


class Library(Kept):
    """The root of a language."""

    parent_page_types: ClassVar = ["wagtailcore.Page"]
    subpage_types: ClassVar = ["ctdc_editors.StoryShelf", "ctdc_editors.TextShelf"]
    is_creatable = False
    preview_modes: ClassVar[list[Any]] = []
    translatable_fields: ClassVar = [TranslatableField("title"), SynchronizedField("slug", overridable=False)]

    class Meta:
        verbose_name = lazy_text("editors.library")


class StoryShelf(Kept):
    """The stories of a language; those of a story's source language stand in the order in which the site lists them."""

    parent_page_types: ClassVar = ["ctdc_editors.Library"]
    subpage_types: ClassVar = ["ctdc_editors.StoryPage"]
    is_creatable = False
    preview_modes: ClassVar[list[Any]] = []
    translatable_fields = Library.translatable_fields

    class Meta:
        verbose_name = lazy_text("editors.stories")


class TextShelf(Kept):
    """The pages about the data, of a language."""

    parent_page_types: ClassVar = ["ctdc_editors.Library"]
    subpage_types: ClassVar = ["ctdc_editors.TextPage"]
    is_creatable = False
    preview_modes: ClassVar[list[Any]] = []
    translatable_fields = Library.translatable_fields

    class Meta:
        verbose_name = lazy_text("editors.pages")


class Written(Kept):
    """A page that readers will see."""

    class Meta:
        abstract = True

    subpage_types: ClassVar[list[str]] = []

    def faults(self) -> list[checking.Fault]:
        """Everything that keeps it from being published."""
        raise NotImplementedError

    def publish(self, revision: Revision, user: Person | None = None, **options: Any) -> None:
        """Publish a revision, or have it published at its time, if it is whole. Raises ValidationError, NotReady.

        Every way of publishing comes through here: moderation, a schedule, a translation.
        """
        checking.check_whole(revision.as_object())
        permissions.check_publication(self, revision, user)
        options["skip_permission_checks"] = True  # they were asked just now, of more than Wagtail knows
        with transaction.atomic():
            super().publish(revision, user=user, **options)
            revision.refresh_from_db(fields=["approved_go_live_at"])
            if revision.approved_go_live_at:
                page_scheduled.send(sender=type(self), instance=self, revision=revision)

    def unpublish(self, *args: Any, user: Person | None = None, **options: Any) -> None:
        """Withdraw it from readers."""
        if user is not None:
            policy.check(user, Act.PUBLISH_STORIES)
        with transaction.atomic():
            super().unpublish(*args, user=user, **options)


class StoryPage(Written):
    """A data story: words of one language, and the numbers and charts that they bind, which all languages share."""

    summary = models.TextField(**_verbose("summary"))
    category = models.CharField(max_length=30, **_verbose("category"))
    analysis = models.CharField(max_length=30, **_verbose("analysis"))
    sisters = models.JSONField(default=list, **_verbose("sisters"))
    reviewed = models.DateField(default=timezone.localdate, **_verbose("reviewed", blank=False))
    release = models.CharField(max_length=200, **_verbose("release"))
    headline = models.CharField(max_length=60, **_verbose("headline"))
    notes = models.JSONField(default=list, **_verbose("notes"))
    numbers = blocks.Blocks(blocks.numbers(), **_verbose("numbers"))
    parts = blocks.Blocks(blocks.parts(), **_verbose("parts"))

    parent_page_types: ClassVar = ["ctdc_editors.StoryShelf"]
    base_form_class = StoryForm
    bindings: ClassVar = ("slug", "category", "analysis", "sisters", "reviewed", "release", "headline", "notes")
    translatable_fields: ClassVar = [
        *(TranslatableField(name) for name in ("title", "summary", "numbers", "parts")),
        *(SynchronizedField(name, overridable=False) for name in bindings),
    ]
    edit_handler = _tabs(
        FieldPanel("title"),
        FieldPanel("summary"),
        FieldPanel("slug", heading=lazy_text("editors.field.slug"), help_text=lazy_text("editors.field.slug.help")),
        *(FieldPanel(name) for name in ("category", "analysis", "reviewed", "release")),
        FieldPanel("numbers"),
        FieldPanel("headline"),
        FieldPanel("parts"),
        FieldPanel("notes"),
        FieldPanel("sisters"),
    )

    class Meta:
        verbose_name = lazy_text("editors.story")
        verbose_name_plural = lazy_text("editors.stories")

    def faults(self) -> list[checking.Fault]:
        """What is wrong with the story, in the words of whoever reads."""
        return checking.story_faults(self)

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        """The story as the site will show it, of the newest release."""
        from ctdc.hub.studio.editors.preview import story_preview  # noqa: PLC0415  it needs this module

        return story_preview(self)


class TextPage(Written):
    """A page about the data: methods, questions, words and the like. Its place on the site is its slug."""

    nav = models.CharField(max_length=60, **_verbose("nav"))
    lead = models.TextField(**_verbose("lead"))
    sections = blocks.Blocks(blocks.sections(), **_verbose("sections"))

    parent_page_types: ClassVar = ["ctdc_editors.TextShelf"]
    is_creatable = False
    base_form_class = TextForm
    translatable_fields: ClassVar = [
        *(TranslatableField(name) for name in ("title", "nav", "lead", "sections")),
        SynchronizedField("slug", overridable=False),
    ]
    edit_handler = _tabs(FieldPanel("title"), FieldPanel("nav"), FieldPanel("lead"), FieldPanel("sections"))

    class Meta:
        verbose_name = lazy_text("editors.page")
        verbose_name_plural = lazy_text("editors.pages")

    def faults(self) -> list[checking.Fault]:
        """What is wrong with the page, in the words of whoever reads."""
        return checking.page_faults(self)

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        """The page as the site will show it, of the newest release."""
        from ctdc.hub.studio.editors.preview import page_preview  # noqa: PLC0415

        return page_preview(self)


class Reading(WorkflowLock):  # type: ignore[misc]
    """Why nobody can change a page for now."""

    def get_message(self, user: Person) -> str:
        """What stands above the form."""
        return text("editors.second.reading")


class SecondEditor(Task):  # type: ignore[misc]
    """The one step before publication: an editor who neither wrote nor submitted it reads it, and says yes or no.

    While it is read, nobody changes it: what is approved is what was read.
    """

    lock_class = Reading

    class Meta:
        verbose_name = lazy_text("editors.second")

    def locked_for_user(self, obj: Page, user: Person) -> bool:
        """Nobody edits what is being read."""
        return True

    def user_can_access_editor(self, obj: Page, user: Person) -> bool:
        """Whoever may say yes or no can open it."""
        return bool(self.get_actions(obj, user))

    def get_actions(self, obj: Page, user: Person) -> list[tuple[str, Any, bool]]:
        """Yes and no, for somebody else than its author."""
        state = obj.current_workflow_task_state
        if state is None or not permissions.may_approve(state, user):
            return []
        return [
            ("reject", lazy_text("editors.second.reject"), True),
            ("approve", lazy_text("editors.second.approve"), False),
        ]

    def on_action(self, task_state: TaskState, user: Person, action_name: str, **kwargs: Any) -> None:
        """Say yes or no. Raises PermissionDenied for its author, whichever way they came."""
        permissions.check_approval(task_state, user)
        super().on_action(task_state, user, action_name, **kwargs)

    def get_task_states_user_can_moderate(self, user: Person, **kwargs: Any) -> models.QuerySet[TaskState]:
        """What waits for this person."""
        waiting: models.QuerySet[TaskState] = self.task_states.filter(status=TaskState.STATUS_IN_PROGRESS)
        if not permissions.is_publisher(user):
            return waiting.none()
        return waiting.filter(pk__in=[state.pk for state in waiting if permissions.may_approve(state, user)])

    @classmethod
    def get_description(cls) -> str:
        """What the step is."""
        return str(lazy_text("editors.second.description"))
