"""What the studio answers in the place of Wagtail, and what the site's pages load in a preview."""

from __future__ import annotations

from pathlib import Path

import polib  # type: ignore[import-untyped]  # it has no types
from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from wagtail.actions.move_page import MovePageAction
from wagtail.admin import messages
from wagtail.admin.auth import require_admin_access
from wagtail.log_actions import LogContext
from wagtail.models import Page
from wagtail_localize.views.edit_translation import upload_pofile
from wagtail_localize.views.update_translations import UpdateTranslationsForm, UpdateTranslationsView

from ctdc.hub.site.build import FONTS
from ctdc.hub.site.frame import HERE, asset_bytes, asset_names
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text
from ctdc.hub.studio.web.views import Request, does, shows, takes

HEAD = "X-WagtailLocalize-TranslationID"
LARGEST = 2_000_000  # bytes of a file of translations; a story's has some thousands
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


class Repeated(HttpResponseRedirect):
    """The same form, sent to another address."""

    status_code = 307


@shows(Act.SEE_HOME)
def home(request: Request) -> HttpResponse:
    """Wagtail's pages about somebody's account are ours."""
    return redirect("home")


@takes(Act.TRANSLATE_STORIES)
def upload_translations(request: Request, translation_id: int) -> HttpResponse:
    """Take a file of translations, once it has been looked at: Wagtail fails at one without a head."""
    given = request.FILES.get("file")
    data = given.read(LARGEST + 1) if given else b""
    if given is None or not _is_catalogue(data):
        messages.error(request, text("editors.refused.po"))
        return redirect("wagtailadmin_home")
    given.seek(0)
    with LogContext(user=request.user):
        return upload_pofile(request, translation_id)  # type: ignore[no-any-return]


class _NothingPublished(UpdateTranslationsForm):  # type: ignore[misc]  # the library has no types
    publish_translations = forms.BooleanField(required=False, disabled=True, initial=False, widget=forms.HiddenInput)


class _BringUpToDate(UpdateTranslationsView):  # type: ignore[misc]
    def get_form(self) -> forms.Form:
        return _NothingPublished(self.request.POST if self.request.method == "POST" else None)


_up_to_date = require_admin_access(_BringUpToDate.as_view())


@does(Act.TRANSLATE_STORIES)
def bring_up_to_date(request: Request, translation_source_id: int) -> HttpResponse:
    """Have translations show what is new as words that wait. Wagtail would publish them here without asking who may."""
    if request.POST.get("publish_translations"):
        raise PermissionDenied
    return _up_to_date(request, translation_source_id=translation_source_id)  # type: ignore[no-any-return]


@takes(Act.PUBLISH_STORIES)
def set_position(request: Request, page_to_move_id: int) -> HttpResponse:
    """Move a page to another place on its shelf.

    Wagtail asks its own table who may, by which nobody may here, and fails at the root and at very large numbers.
    """
    moved = get_object_or_404(Page, pk=page_to_move_id)
    shelf = moved.get_parent()
    if shelf is None:
        raise Http404
    if not shelf.specific.permissions_for_user(request.user).can_reorder_children():
        raise PermissionDenied
    pages = list(shelf.get_children())
    position = request.GET.get("position", str(len(pages) - 1))  # Wagtail's script names none for the end
    if position not in map(str, range(len(pages))):
        return HttpResponseBadRequest("There is no such place.", content_type="text/plain")
    to, now = pages[int(position)], pages.index(moved)
    if to != moved:
        with LogContext(user=request.user):
            side = "left" if int(position) < now else "right"
            MovePageAction(moved, to, pos=side, user=request.user).execute(skip_permission_checks=True)
    return HttpResponse()


def _is_catalogue(data: bytes) -> bool:
    """Whether a file is one that Wagtail wrote for translators, and no larger than those are."""
    if len(data) > LARGEST:
        return False
    try:
        read = polib.pofile(data.decode() + "\n")
    except (OSError, UnicodeDecodeError, ValueError, IndexError):
        return False
    return HEAD in read.metadata


@takes(Act.SEE_HOME)
def sign_out(request: Request) -> HttpResponse:
    """Wagtail's button, which sends a form, does what ours does."""
    return Repeated("/account/logout/")


@shows(Act.TRANSLATE_STORIES)
def asset(request: Request, name: str) -> HttpResponse:
    """A style, a script or a font of the public site, for previews."""
    files = {address.rpartition("/")[2]: asset_bytes()[own] for own, address in asset_names().items()}
    fonts = {f"fonts/{font}": HERE / "assets" / "fonts" / font for font in FONTS}
    if name not in files and name not in fonts:
        raise Http404
    data = files[name] if name in files else fonts[name].read_bytes()
    return HttpResponse(data, content_type=TYPES.get(Path(name).suffix, "text/plain"))
