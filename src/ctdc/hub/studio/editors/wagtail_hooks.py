"""Where Wagtail's own pages are changed: what its menus show, who may open a form, and the direction of fields."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.models import Page

from ctdc.hub.studio.editors.deciding import decisions
from ctdc.hub.studio.web.texts import lazy_text

MENU = frozenset({"explorer", "reports", "studio"})
SCRIPTS = ("editors/direction.js", "editors/choosers.js", "editors/deciding.js")
REPORTS = frozenset({"workflow", "workflow-tasks", "translations"})


def studio_item() -> MenuItem:
    """The way back."""
    return MenuItem(lazy_text("editors.studio"), reverse("home"), name="studio", icon_name="home", order=1)


def keep_ours(request: HttpRequest, items: list[MenuItem]) -> None:
    """Users, sites, settings, pictures and documents are hidden from everybody."""
    items[:] = [item for item in items if item.name in MENU]


def keep_reports(request: HttpRequest, items: list[MenuItem]) -> None:
    """What waits for a second editor, and how far translations are."""
    items[:] = [item for item in items if item.name.replace("_", "-") in REPORTS]


def keep_no_summary(request: HttpRequest, items: list[Any]) -> None:
    """Numbers of pictures and documents say nothing here."""
    items[:] = []


def style() -> SafeString:
    """Ours."""
    return format_html('<link rel="stylesheet" href="{}">', static("editors/editors.css"))


def script() -> SafeString:
    """Gives every field of words the direction of its language, and begins what Wagtail's own scripts would."""
    return format_html_join("", '<script type="module" src="{}"></script>', [[static(name)] for name in SCRIPTS])


def check_edit(request: HttpRequest, page: Page) -> None:
    """Raise PermissionDenied for whoever may not change this page, before any other page is shown in its place."""
    if not page.permissions_for_user(request.user).can_edit():
        raise PermissionDenied


def keep_actions(items: list[Any], request: HttpRequest, context: dict[str, Any]) -> None:
    """Translations go on for as long as their page is there: nothing here makes an alias of one. Who may decide on a
    page does so there, before anything else.
    """
    kept = [item for item in items if item.name not in ("localize-convert-to-alias",)]
    items[:] = [*decisions(request, context), *kept]


hooks.register("register_admin_menu_item", studio_item)
hooks.register("construct_main_menu", keep_ours)
hooks.register("construct_reports_menu", keep_reports)
hooks.register("construct_homepage_summary_items", keep_no_summary)
hooks.register("insert_global_admin_css", style)
hooks.register("insert_global_admin_js", script)
hooks.register("before_edit_page", check_edit, order=-10)
hooks.register("construct_page_action_menu", keep_actions)
