"""What there is before anybody writes: five languages, their shelves, two groups, and the step of the second editor.

Promise: this is made with the database, as migrations are, and again does nothing; it takes away what Wagtail brings
for a site of its own (a welcome page, its groups, a moderation without our rule): this studio shows readers no page.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import transaction
from wagtail.models import GroupPagePermission, Locale, Page, Site, Workflow, WorkflowPage, WorkflowTask

from ctdc.hub.studio.editors.models import Library, SecondEditor, StoryShelf, TextShelf
from ctdc.hub.studio.people.models import Grant, Person
from ctdc.hub.studio.people.roles import Role
from ctdc.standard.languages import AUTONYMS, DEFAULT, LANGUAGES

WORKFLOW = "A second editor"
# Groups, by the role that has them, and what they may do on a shelf as Wagtail asks; the rest is in `permissions`.
GROUPS = {Role.EDITOR: ("add_page", "change_page"), Role.TRANSLATOR: ("change_page",)}
# Of both: app, model and name of a permission, as the libraries' migrations make it.
OF_BOTH = (("wagtailadmin", "admin", "access_admin"), ("wagtail_localize", "translation", "submit_translation"))
WAGTAIL = ("wagtailadmin", "wagtailcore", "wagtail_localize")
# Shelves: model, slug and what they are called in the lists of Wagtail, which are in the language of the pages.
SHELVES = (
    (
        StoryShelf,
        "stories",
        {"ar": "القصص", "de": "Geschichten", "en": "Stories", "es": "Historias", "fr": "Récits"},
    ),
    (TextShelf, "pages", {"ar": "الصفحات", "de": "Seiten", "en": "Pages", "es": "Páginas", "fr": "Pages"}),
)


@transaction.atomic
def set_up(**_: Any) -> None:
    """Make what is missing."""
    call_command("createcachetable", verbosity=0)  # Wagtail keeps there where sites begin, and clears it below
    ContentType.objects.clear_cache()  # of a database that was emptied it would name what is gone
    for label in WAGTAIL:
        create_contenttypes(apps.get_app_config(label), verbosity=0)
        create_permissions(apps.get_app_config(label), verbosity=0)
    if not Library.objects.exists():
        _clear()
        _make_shelves()
    _make_groups()
    _make_workflow()


def _clear() -> None:
    """Take away what the migrations of Wagtail made."""
    Site.objects.all().delete()
    for page in Page.objects.filter(depth=2).exclude(content_type__app_label="ctdc_editors"):
        page.delete()
    Workflow.objects.all().delete()
    Group.objects.exclude(name__in=[group_name(role) for role in GROUPS]).delete()


def _make_shelves() -> None:
    root = Page.get_first_root_node() or Page.add_root(
        instance=Page(title="Root", slug="root", locale=_locale(DEFAULT))
    )
    first: dict[str, Page] = {}
    for code in sorted(LANGUAGES, key=lambda one: one != DEFAULT):
        library = root.add_child(instance=_page(Library, first, code, f"library-{code}", AUTONYMS[code]))
        for model, slug, names in SHELVES:
            library.add_child(instance=_page(model, first, code, slug, names.get(code, names["en"])))


def _page(model: type[Page], first: dict[str, Page], code: str, slug: str, title: str) -> Page:
    """A shelf, one in all languages: they share the key of translations."""
    page = model(title=title, slug=slug, locale=_locale(code), live=True)
    key = first.setdefault(model.__name__, page)
    page.translation_key = key.translation_key
    return page


def _locale(code: str) -> Locale:
    return Locale.objects.get_or_create(language_code=code)[0]


def group_name(role: Role) -> str:
    """The name of the group in Wagtail that holds the people of a role."""
    return f"studio {role}"


def _make_groups() -> None:
    for role, codenames in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=group_name(role))
        for label, model, codename in OF_BOTH:
            of, _ = ContentType.objects.get_or_create(app_label=label, model=model)
            allowed, _ = Permission.objects.get_or_create(
                content_type=of, codename=codename, defaults={"name": codename}
            )
            group.permissions.add(allowed)
        for codename in codenames:
            allowed = Permission.objects.get(content_type__app_label="wagtailcore", codename=codename)
            for library in Library.objects.all():
                GroupPagePermission.objects.get_or_create(group=group, page=library.page_ptr, permission=allowed)


def _make_workflow() -> None:
    workflow, _ = Workflow.objects.get_or_create(name=WORKFLOW)
    task, _ = SecondEditor.objects.get_or_create(name=WORKFLOW)
    WorkflowTask.objects.get_or_create(workflow=workflow, task=task.task_ptr, defaults={"sort_order": 0})
    for library in Library.objects.all():
        WorkflowPage.objects.get_or_create(page=library.page_ptr, defaults={"workflow": workflow})


def follow_roles(person: Person) -> None:
    """Put a person into the groups of their roles, and out of all others."""
    held = set(Grant.objects.filter(person=person).values_list("role", flat=True))  # not what was read before
    person.groups.set(Group.objects.filter(name__in=[group_name(role) for role in GROUPS if role in held]))
