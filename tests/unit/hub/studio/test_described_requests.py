"""Every address of the studio, asked as its description says by everybody who may: no answer is a fault of ours.

Schemathesis invents the requests from a description that is read from the code (`described`); `test_hostile_requests`
sends what no description allows.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
import schemathesis
from django.conf import settings as studio
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.http import HttpResponse
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import response_headers_conformance, status_code_conformance
from tests.unit.hub.studio.described import LIBRARIES, description
from tests.unit.hub.studio.test_matrix import ours
from tests.unit.hub.studio.things import Things, make_things

from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.web import jinja, middleware

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.heavy]
load_all_checks()
CHECKS = [not_a_server_error, status_code_conformance, response_headers_conformance]
EXAMPLES = 2  # of each operation: the simplest, and one by chance about what is there
HOME = "shelter"  # whose things those are
OF_OURS = {name for name, view in ours() if hasattr(view.callback, "act")}
REFUSED = (401, 403, 404, 405)


class Unguarded(WSGIRequest):
    """A request that needs no token of the page before it: otherwise nothing invented would get as far as a view."""

    _dont_enforce_csrf_checks = True


class Handler(WSGIHandler):
    """The studio, which is asked by such requests."""

    request_class = Unguarded


class Sessions:
    """Sessions of people who have signed in; anew when an address has ended one."""

    def __init__(self, signed_in: Callable[[Person], Client]) -> None:
        self._signed_in = signed_in
        self._keys: dict[int, str] = {}

    def of(self, person: Person) -> str:
        """The value of the cookie."""
        key = self._keys.get(person.pk)
        if key is None or not Session.objects.filter(pk=key).exists():
            cookies = self._signed_in(Person.objects.get(pk=person.pk)).cookies
            key = self._keys[person.pk] = cookies[studio.SESSION_COOKIE_NAME].value
        return key


@pytest.fixture(autouse=True)
def _database_stays() -> Iterator[None]:
    """The end of a request leaves the connection, with what this test has put into the database, as it is."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_the_description_has_every_address_and_no_other() -> None:
    operations = [one for path in description()["paths"].values() for one in path.values()]
    assert {one["x-name"] for one in operations} == {name for name, _ in ours()} | LIBRARIES


def test_the_description_has_what_views_read() -> None:
    paths = description()["paths"]

    def sent(path: str) -> set[str]:
        return set(paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"])

    def asked(path: str) -> set[str]:
        return {one["name"] for one in paths[path]["get"]["parameters"] if one["in"] == "query"}

    assert {"email", "roles"} <= sent("/people/invite/")
    assert {"row", "choice"} <= sent("/mappings/values/{number}/")
    assert {"title", "summary"} <= sent("/editors/pages/{page_id}/edit/")
    assert "month" in asked("/usage/")


@contextmanager
def undone() -> Iterator[None]:
    """What is done meanwhile is undone: whom one address closes another may ask for."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(
    operation: schemathesis.APIOperation, people: list[Person], things: Things, sessions: Sessions, app: Handler
) -> int:
    """Ask for what chance names, then for what there is, as nobody and as these people; how many got to the view."""
    raw, turn, reached = operation.definition.raw, count(), 0
    there = things.arguments.get(raw["x-name"], {}).get(HOME)

    # What is found is told as it was found: to shrink it takes longer than to find it.
    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
        deadline=None,
    )
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def send(case: schemathesis.Case) -> None:
        nonlocal reached
        if next(turn) and there:
            case.path_parameters = dict(zip(raw["x-arguments"], there, strict=True))
        for person in (None, *people):
            cache.clear()  # limits of attempts would answer in the place of what is tried
            cookies = {studio.SESSION_COOKIE_NAME: sessions.of(person)} if person else {}
            answer = case.call(base_url="http://localhost", app=app, cookies=cookies)
            case.validate_response(answer, checks=CHECKS)
            sent_away = answer.headers.get("location", [""])[0].startswith(("/account/login/", "/account/reauth"))
            reached += answer.status_code not in REFUSED and not sent_away

    send()
    return reached


def test_no_answer_is_a_fault(everybody: dict[str, Person], signed_in: Callable[[Person], Client]) -> None:
    """Also: somebody gets to every view of ours, unless what it shows is not there (`things`)."""
    things, app, silent = make_things(everybody), Handler(), set()
    for result in schemathesis.openapi.from_dict(description()).get_all_operations():
        operation = result.ok()
        raw = operation.definition.raw
        people = [everybody[who] for who in raw["x-asked-by"]]
        with undone():
            if not ask(operation, people, things, Sessions(signed_in), app) and operation.method.upper() != "PUT":
                silent.add(raw["x-name"])
    assert {name for name in silent if name in OF_OURS and 404 not in things.also(name)} == set()


def of_root(everybody: dict[str, Person], signed_in: Callable[[Person], Client]) -> None:
    """Ask for the first page alone."""
    operation = schemathesis.openapi.from_dict(description())["/"]["GET"]
    ask(operation, [everybody["steward"]], Things(), Sessions(signed_in), Handler())


def _fails(*_: object) -> Any:
    raise LookupError("planted")


@pytest.mark.parametrize(
    ("where", "name", "planted", "said"),
    [
        (jinja, "entries", _fails, "Server error"),
        (middleware, "redirect", lambda *_: HttpResponse(status=418), "Undocumented status code"),
        (
            middleware.Headers,
            "__call__",
            lambda self, request: self._next(request),
            "Missing required",
        ),
    ],
)
def test_the_walk_finds_a_planted_fault(
    where: object,
    name: str,
    planted: object,
    said: str,
    everybody: dict[str, Person],
    signed_in: Callable[[Person], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of_root(everybody, signed_in)
    monkeypatch.setattr(where, name, planted)
    with pytest.raises(FailureGroup, match=said):
        of_root(everybody, signed_in)
