"""The feedback form and the survey, and what takes what is sent, for ``ctdc serve --feedback``.

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
from ctdc.foundation.errors import UserError
from ctdc.hub.feedback.limits import Limits
from ctdc.hub.feedback.message import (
    KINDS,
    MOST_CHARACTERS,
    SURVEY,
    Message,
    Refusal,
    about_of,
    cleaned,
    message_from,
    text_of,
)
from ctdc.hub.feedback.queue import Queue, QueueFull
from ctdc.hub.feedback.survey import Survey, add_answers, chosen_in, read_survey
from ctdc.hub.site.about.listening import FEEDBACK_PATH, FORM_END, FORM_START
from ctdc.hub.site.serve import SECURITY_HEADERS, Guard
from ctdc.release.numbers import date
from ctdc.release.texts import Catalogue
from ctdc.standard.languages import LANGUAGES

HERE = Path(__file__).parent
FEEDBACK_TEXTS = Catalogue(HERE / "texts")
MOST_BYTES = 32_768  # of a whole form: 2,000 characters of any script, percent-encoded, and the rest
FORM = "application/x-www-form-urlencoded"
TRAP = "website"  # a field that people do not see and programs fill in
THANKS = {"1": "thanks.html.j2", "survey": "survey_thanks.html.j2"}
ADDRESSES = {f"/{language}/{FEEDBACK_PATH}": language for language in LANGUAGES}
MOST_SURVEYS = 1000  # answers to a survey, of all senders and day
STATUS = {
    "survey.over": 410,
    "error.foreign": 403,
    "error.often": 429,
    "error.large": 413,
    "error.form": 415,
    "error.full": 503,
}


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


class Desk:
    """Takes what readers send. site: folder of built pages; clock: the present moment."""

    def __init__(self, site: Path, queue: Queue, clock: Callable[[], datetime]) -> None:
        self.pages = Pages(site)
        self._queue, self._clock = queue, clock
        self._limits, self._survey_limits = Limits(clock), Limits(clock, of_all=MOST_SURVEYS)

    @property
    def _day(self) -> str:
        return self._clock().date().isoformat()

    def survey(self) -> Survey | None:
        """What readers are asked today. A survey that cannot be read is none: messages are taken all the same."""
        try:
            found = read_survey(self._queue.folder)
        except (UserError, OSError):
            return None
        return found if found and found.is_open(self._clock().date()) else None

    def take(self, fields: Mapping[str, str], language: str, address: str) -> None:
        """Keep a message. Raises Refusal, QueueFull, OSError."""
        message = message_from(fields, self._queue.new_id(), self._day, language)
        self._limits.count(address)
        self._queue.add(message)

    def take_survey(self, fields: Mapping[str, str], language: str, address: str) -> None:
        """Count the answers to the survey, and keep what was written as a message. Raises as `take` does."""
        survey = self.survey()
        if survey is None or fields.get("survey") != survey.id:
            raise Refusal("survey.over")
        chosen, words = chosen_in(survey, fields), text_of(fields)
        if not chosen and not words:
            raise Refusal("survey.empty")
        self._survey_limits.count(address)
        if words:
            self._queue.add(Message(self._queue.new_id(), self._day, language, kind=SURVEY, message=words))
        try:
            add_answers(self._queue.folder, survey, chosen)
        except UserError:
            raise Refusal("error.full") from None

    def form(self, language: str, fields: Mapping[str, str], refusal: Refusal | None = None) -> str:
        """The page with the form, filled with what was written."""
        survey = self.survey()
        context = _form(fields, refusal.key if refusal else "", refusal.field if refusal else "")
        until = date(language, datetime.fromisoformat(survey.closes)) if survey else ""
        return self.pages.page(language, "form.html.j2", {**context, "survey_until": until})

    def survey_form(self, language: str, fields: Mapping[str, str], refusal: Refusal | None = None) -> str:
        """The page with the survey, filled with what was chosen; the form where there is none."""
        survey = self.survey()
        if survey is None:
            return self.form(language, {}, refusal)
        context = _form(fields, refusal.key if refusal else "", refusal.field if refusal else "")
        context |= {"survey": survey, "chosen": chosen_in(survey, fields)}
        return self.pages.page(language, "survey.html.j2", context)


def feedback_service(site: Path, queue: Queue, clock: Callable[[], datetime] = now) -> Starlette:
    """The application for `ADDRESSES`. site: folder of built pages; clock: the present moment."""
    desk = Desk(site, queue, clock)

    async def show(request: Request) -> Response:
        language = ADDRESSES[request.url.path]
        if language not in desk.pages:
            return _answered(PlainTextResponse("There is no such page.", 404))
        thanks = THANKS.get(request.query_params.get("sent", ""))
        if thanks:
            return _page(desk.pages.page(language, thanks, {}))
        if request.query_params.get("survey"):
            return _page(desk.survey_form(language, {}))
        return _page(desk.form(language, {"about": request.query_params.get("about", "")}))

    async def take(request: Request) -> Response:
        language = ADDRESSES[request.url.path]
        if language not in desk.pages:
            return _answered(PlainTextResponse("There is no such page.", 404))
        fields: dict[str, str] = {}
        try:
            fields = await _fields(request)
            keep = desk.take_survey if "survey" in fields else desk.take
            if not fields.get(TRAP):
                keep(fields, language, request.client.host if request.client else "")
        except Refusal as refusal:
            return _refused(desk, language, fields, refusal)
        except (QueueFull, OSError):
            return _refused(desk, language, fields, Refusal("error.full"))
        # A page of its own, so that loading it again sends nothing again.
        sent = "survey" if "survey" in fields else "1"
        return _answered(RedirectResponse(f"{request.url.path}?sent={sent}", status_code=303))

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


def _refused(desk: Desk, language: str, fields: Mapping[str, str], refusal: Refusal) -> Response:
    """The form again, with what was written and why it was not taken."""
    again = desk.survey_form if "survey" in fields else desk.form
    return _page(again(language, fields, refusal), STATUS.get(refusal.key, 422))


def _page(body: str, status: int = 200) -> Response:
    return _answered(Response(body, status, media_type="text/html; charset=utf-8"))


def _answered(response: Response) -> Response:
    for name, value in (*SECURITY_HEADERS.items(), ("Cache-Control", "no-store")):
        response.headers[name] = value
    return response
