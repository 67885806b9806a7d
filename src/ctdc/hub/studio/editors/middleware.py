"""What editors are told when something cannot be published, wherever in Wagtail they asked for it."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from wagtail.admin import messages

from ctdc.hub.studio.editors.checking import NotReady
from ctdc.hub.studio.web.middleware import EDITORS
from ctdc.hub.studio.web.texts import text


class Explained:
    """Turns what cannot be published into a message above the page that the editor came from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer."""
        return self._next(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """None leaves the exception to others."""
        if not request.path.startswith(EDITORS) or not isinstance(exception, ValidationError | NotReady):
            return None
        reasons = [str(exception)] if isinstance(exception, NotReady) else list(dict.fromkeys(exception.messages))
        messages.error(request, f"{text('editors.refused.publish')} {' '.join(reasons)}")
        return redirect(request.headers.get("Referer") or "wagtailadmin_home")
