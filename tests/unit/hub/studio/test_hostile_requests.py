"""A walk over every address as everybody, with what no description allows: no answer is a fault of ours.

`test_described_requests` asks as the description says.
"""

import re
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.unit.hub.studio.test_matrix import ours, patterns, whole

from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.web import jinja
from ctdc.hub.studio.web.middleware import BEFORE_SIGN_IN, SECOND_STEP, SIGNED_IN

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
METHODS = ("get", "post", "post", "post", "head", "put", "delete", "patch", "options")
WHO = ("nobody", "steward", "reviewer", "editor", "translator", "administrator", "auditor", "shelter")
KINDS = ["application/json", "text/xml", "multipart/form-data; boundary=x", "", "a/b; c=\u00e9"]
# Every name that a form here reads, and some that none does.
FIELDS = [
    *("name", "email", "organisation", "roles", "language", "days", "slug", "password", "again", "login", "password1"),
    *("password2", "oldpassword", "code", "credential", "passwordless", "next", "page", "is_superuser", "__proto__"),
]
NUMBERS = st.one_of(st.integers(0, 5), st.integers(0, 10**40), st.just(2**63), st.just(2**31))
ODD = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "'\"><script>",
        "../../etc/passwd",
        "%00",
        "{{7*7}}",
        "${7*7}",
        "\u202egnp",
        "\ud7ff",
        "a" * 5_000,
        "null",
        "[]",
        "{}",
        '{"id": 1}',
        '{"response": {"userHandle": "AAAA"}}',
        "-1",
        "1e999",
        "NaN",
        "؟",
        "١٢٣",
        "\r\nX: y",
    ]
)
TEXTS = st.one_of(ODD, st.text(max_size=40), NUMBERS.map(str))


def _addresses() -> list[str]:
    """Patterns of all that is reachable: our own views, and the library's pages that the gate lets through."""
    names = {name for name, _ in ours()} | BEFORE_SIGN_IN | SECOND_STEP | SIGNED_IN
    return sorted({whole(name)[0] for name, _ in patterns() if name in names})


@st.composite
def _requests(draw: st.DrawFn) -> tuple[str, str, str, dict[str, list[str]], dict[str, str]]:
    address = draw(st.sampled_from(_addresses()))

    def argument(match: re.Match[str]) -> str:
        name = match[1]
        if name in ("number", "pk"):
            return str(draw(NUMBERS))
        return draw(st.text("abcdefghij-_0123456789é؟", min_size=1, max_size=30))

    filled = "/" + re.sub(r"%\((\w+)\)s", argument, address)
    values = draw(st.dictionaries(st.sampled_from(FIELDS), st.lists(TEXTS, max_size=3), max_size=8))
    query = draw(st.dictionaries(st.sampled_from(["page", "next", "language"]), TEXTS, max_size=2))
    return draw(st.sampled_from(WHO)), draw(st.sampled_from(METHODS)), filled, values, query


def test_the_walk_knows_every_address() -> None:
    found = _addresses()
    assert len(found) >= 40 and "people/join/%(secret)s/" in found and "account/login/" in found


def _walk(everybody: dict[str, Person], signed_in: Callable[[Person], Client]) -> None:
    # What is found is told as it was found: to shrink it takes longer than to find it.
    @settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.generate])
    @given(request=_requests())
    def ask(request: tuple[str, str, str, dict[str, list[str]], dict[str, str]]) -> None:
        who, method, address, values, query = request
        cache.clear()  # limits of attempts would answer in the place of what is tried
        person = None if who == "nobody" else Person.objects.get(pk=everybody[who].pk)
        client = signed_in(person) if person else Client(HTTP_HOST="localhost")
        sent = {"data": values} if method == "post" else {}
        answer = getattr(client, method)(address, query_params=query, **sent)
        assert answer.status_code < 500, (who, method, address)

    ask()


def test_nothing_that_is_asked_is_a_fault(everybody: dict[str, Person], signed_in: Callable[[Person], Client]) -> None:
    _walk(everybody, signed_in)


def test_the_walk_finds_a_planted_fault(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def planted(person: object) -> None:
        raise LookupError("planted")

    monkeypatch.setattr(jinja, "entries", planted)  # in the frame of every page, so that no chance decides
    with pytest.raises(LookupError, match="planted"):
        _walk(everybody, signed_in)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(KINDS), body=st.binary(max_size=300))
def test_bodies_of_any_kind_are_read_or_refused(everybody: dict[str, Person], kind: str, body: bytes) -> None:
    cache.clear()
    client = Client(HTTP_HOST="localhost", raise_request_exception=False)
    for address in ("/account/login/", "/account/2fa/webauthn/login/", "/language/"):
        assert client.generic("POST", address, body, content_type=kind).status_code < 500, address


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headers=st.dictionaries(
        st.sampled_from(
            ["Accept-Language", "Accept", "Authorization", "Cookie", "Referer", "Origin", "X-Forwarded-For"]
        ),
        st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00"), max_size=60),
        max_size=5,
    )
)
def test_headers_of_any_kind_are_read_or_refused(db: None, headers: dict[str, str]) -> None:
    cache.clear()
    client = Client(HTTP_HOST="localhost", raise_request_exception=True)
    for address in ("/", "/account/login/"):
        assert client.get(address, headers=headers).status_code < 500
