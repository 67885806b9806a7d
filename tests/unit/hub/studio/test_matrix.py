"""Every address x every role x every organisation: what is not allowed by the table of acts is refused."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from tests.unit.hub.studio.things import Things, make_things

from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import RULES, Act
from ctdc.hub.studio.web.middleware import BEFORE_SIGN_IN, SECOND_STEP, SIGNED_IN

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
OURS = "ctdc.hub.studio"


def patterns(resolver: URLResolver | None = None, path: str = "", space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address with its name, namespaces in front."""
    resolver = resolver or get_resolver()
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from patterns(entry, path + str(entry.pattern), inner)
        else:
            yield f"{space}{entry.name or ''}", entry


def whole(name: str) -> tuple[str, dict[str, object]]:
    """The path of a named address, with ``%(name)s`` for each argument, and their converters in its order."""
    resolver, start = get_resolver(), ""
    space, _, last = name.rpartition(":")
    for part in filter(None, space.split(":")):
        prefix, resolver = resolver.namespace_dict[part]
        start += str(prefix)
    possible, _, _, converters = resolver.reverse_dict.getlist(last)[0]
    path, arguments = possible[0]
    return start + path, {key: converters.get(key) for key in arguments}


def ours() -> list[tuple[str, URLPattern]]:
    """The addresses of our own views."""
    return [(name, one) for name, one in patterns() if one.callback.__module__.startswith(OURS)]


def test_every_view_says_for_whom_it_is() -> None:
    undeclared = [
        name for name, one in ours() if not hasattr(one.callback, "act") and not hasattr(one.callback, "open_to_all")
    ]
    assert undeclared == []


def test_every_act_has_its_rule() -> None:
    assert set(RULES) == set(Act)


def test_addresses_of_the_libraries_that_people_reach_exist() -> None:
    names = {name for name, _ in patterns()}
    assert (BEFORE_SIGN_IN | SECOND_STEP | SIGNED_IN) - names == set()


@pytest.mark.parametrize("name", [name for name, one in ours() if hasattr(one.callback, "act")])
def test_only_those_who_may(name: str, everybody: dict[str, Person], signed_in: Callable[[Person], Client]) -> None:
    """For each person: refused by role is 403, another organisation's thing is 404, and nothing else is either."""
    view = dict(ours())[name].callback
    act: Act = view.act
    things = make_things(everybody)
    for who, person in everybody.items():
        client = signed_in(person)
        for home in ("shelter", "hotline"):
            address = things.address(name, home)
            ask = client.get if "GET" in view.methods else getattr(client, view.methods[0].lower())
            status = ask(address).status_code
            rule = RULES[act]
            everywhere = bool(rule.everywhere & person.roles)
            at_home = bool(rule.at_home & person.roles)
            about = (name, who, home)
            if not everywhere and not at_home:
                assert status == 403, about
            elif not everywhere and things.belongs(name) and home != who:
                assert status == 404, about
            else:
                assert status in (200, 302, *things.also(name)), about


def test_nobody_comes_in_without_signing_in(db: None, everybody: dict[str, Person]) -> None:
    things: Things = make_things(everybody)
    for name, one in ours():
        if hasattr(one.callback, "act"):
            answer = Client(HTTP_HOST="localhost").get(things.address(name, "shelter"))
            assert (answer.status_code, answer.headers.get("Location")) == (302, "/account/login/"), name
