"""The feedback form and what takes its messages, for ``ctdc serve --feedback``.

Promise: it works without a script, a cookie or an account; nothing about the sender is stored or logged; a form that
another site sends is refused; what is shown again is escaped; a message is kept once, whole, or the reader is told why
not. The page around the form is the one that the site was built with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from ctdc.foundation.clock import now
from ctdc.hub.feedback.limits import Limits
from ctdc.hub.feedback.message import KINDS, MOST_CHARACTERS, Refusal, about_of, cleaned, message_from
from ctdc.hub.feedback.queue import Queue, QueueFull
from ctdc.hub.site.about.listening import FEEDBACK_PATH, FORM_END, FORM_START
from ctdc.hub.site.serve import SECURITY_HEADERS, Guard
from ctdc.release.texts import Catalogue
from ctdc.standard.languages import LANGUAGES

HERE = Path(__file__).parent
FEEDBACK_TEXTS = Catalogue(HERE / "texts")
MOST_BYTES = 32_768  # of a whole form: 2,000 characters of any script, percent-encoded, and the rest
FORM = "application/x-www-form-urlencoded"
TRAP = "website"  # a field that people do not see and programs fill in
ADDRESSES = {f"/{language}/{FEEDBACK_PATH}": language for language in LANGUAGES}
STATUS = {"error.foreign": 403, "error.often": 429, "error.large": 413, "error.form": 415, "error.full": 503}


def is_for_feedback(path: str) -> bool:
    """Whether the service answers at this address."""
    return path in ADDRESSES


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Pages:
    """The built pages around the form, read once. Raises KeyError where a site has none for a language."""

    def __init__(self, site: Path) -> None:
        self._around: dict[str, tuple[str, str]] = {}
        for address, language in ADDRESSES.items():
            path = site / address.strip("/") / "index.html"
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            if FORM_START in text and FORM_END in text:
                before, _, rest = text.partition(FORM_START)
                self._around[language] = before, rest.partition(FORM_END)[2]

    def __contains__(self, language: str) -> bool:
        return language in self._around

    def page(self, language: str, template: str, context: Mapping[str, Any]) -> str:
        """The page of a language with a template in the place of the form."""

        def text(key: str, **values: str) -> str:
            return FEEDBACK_TEXTS.text(language, key, **values)

        before, after = self._around[language]
        return before + _environment().get_template(template).render(context, f=text, language=language) + after


def feedback_service(site: Path, queue: Queue, clock: Callable[[], datetime] = now) -> Starlette:
    """The application for `ADDRESSES`. site: folder of built pages; clock: the present moment."""
    pages, limits = Pages(site), Limits(clock)

    async def show(request: Request) -> Response:
        language = ADDRESSES[request.url.path]
        if language not in pages:
            return _answered(PlainTextResponse("There is no such page.", 404))
        if request.query_params.get("sent") == "1":
            return _page(pages.page(language, "thanks.html.j2", {}))
        about = about_of(request.query_params.get("about", ""))
        return _page(pages.page(language, "form.html.j2", _form({"about": about})))

    async def take(request: Request) -> Response:
        language = ADDRESSES[request.url.path]
        if language not in pages:
            return _answered(PlainTextResponse("There is no such page.", 404))
        fields: dict[str, str] = {}
        try:
            fields = await _fields(request)
            if not fields.get(TRAP):
                message = message_from(fields, queue.new_id(), clock().date().isoformat(), language)
                limits.count(request.client.host if request.client else "")
                queue.add(message)
        except Refusal as refusal:
            return _refused(pages, language, fields, refusal)
        except (QueueFull, OSError):
            return _refused(pages, language, fields, Refusal("error.full"))
        # A page of its own, so that loading it again sends nothing again.
        return _answered(RedirectResponse(f"{request.url.path}?sent=1", status_code=303))

    routes = [Route(address, show, methods=["GET", "HEAD"]) for address in ADDRESSES]
    routes += [Route(address, take, methods=["POST"]) for address in ADDRESSES]

    async def fail(request: Request, error: Exception) -> Response:
        return _answered(PlainTextResponse("The server could not take this.", 500))

    return Starlette(routes=routes, exception_handlers={500: fail}, middleware=[Middleware(Guard)])


async def _fields(request: Request) -> dict[str, str]:
    """The form's fields. Raises Refusal for one of another site, of another type, or too large."""
    if not is_own(request.headers):
        raise Refusal("error.foreign")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refusal("error.form")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Refusal("error.large")
    try:
        pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise Refusal("error.form") from None
    return dict(pairs)


def is_own(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a form came from this site.

    Pages send no referrer, so ``Origin`` may be ``null``; every current browser then says ``Sec-Fetch-Site``. What says
    neither is no browser that we know, and is refused.
    """
    site, origin = headers.get("sec-fetch-site", ""), headers.get("origin", "")
    named = origin not in ("", "null")
    if named and origin.partition("://")[2].lower() != headers.get("host", "").lower():
        return False
    return site == "same-origin" if site else named


def _form(fields: Mapping[str, str], error: str = "", field: str = "") -> dict[str, Any]:
    return {
        "kinds": KINDS,
        "trap": TRAP,
        "most": MOST_CHARACTERS,
        "error": error,
        "wrong": field,
        "about": about_of(fields.get("about", "")),
        "useful": fields.get("useful", ""),
        "kind": fields.get("kind", ""),
        "message": cleaned(fields.get("message", ""), lines=True),
        "contact": cleaned(fields.get("contact", "")),
    }


def _refused(pages: Pages, language: str, fields: Mapping[str, str], refusal: Refusal) -> Response:
    """The form again, with what was written and why it was not taken."""
    body = pages.page(language, "form.html.j2", _form(fields, refusal.key, refusal.field))
    return _page(body, STATUS.get(refusal.key, 422))


def _page(body: str, status: int = 200) -> Response:
    return _answered(Response(body, status, media_type="text/html; charset=utf-8"))


def _answered(response: Response) -> Response:
    for name, value in (*SECURITY_HEADERS.items(), ("Cache-Control", "no-store")):
        response.headers[name] = value
    return response
