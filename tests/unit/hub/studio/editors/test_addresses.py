"""Wagtail answers editors and translators at the addresses that are named, and nobody anywhere else."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse
from tests.unit.hub.studio.editors.conftest import page
from tests.unit.hub.studio.test_matrix import patterns
from wagtail.models import Page

from ctdc.hub.studio.editors.addresses import OPEN
from ctdc.hub.studio.editors.models import StoryPage
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.people.models import Person

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
SignedIn = Callable[[Person], Client]
OURS = "ctdc.hub.studio"
# Where the studio answers in Wagtail's place.
REPLACED = {
    "wagtailadmin_login",
    "wagtailadmin_logout",
    "wagtailadmin_account",
    "wagtailadmin_pages:set_page_position",
    "wagtail_localize:upload_pofile",
    "wagtail_localize:update_translations",
}


def of_wagtail() -> dict[str, str]:
    """The addresses of Wagtail and its extensions, by name, with something in every place that asks for it."""
    found = {}
    for name, pattern in patterns():
        if (
            name
            and name.startswith(("wagtail", "wagtail_localize"))
            and not pattern.callback.__module__.startswith(OURS)
        ):
            keys = pattern.pattern.converters
            given = {key: 1 if "Int" in type(one).__name__ else "x" for key, one in keys.items()}
            try:
                found[name] = reverse(name, kwargs=given)
            except NoReverseMatch:
                continue
    return found


def test_addresses_that_are_open_exist() -> None:
    assert OPEN - {name for name, _ in patterns()} == set()


def test_what_is_not_named_answers_nobody(first: Person, translator: Person, signed_in: SignedIn) -> None:
    closed = {name: address for name, address in of_wagtail().items() if name not in OPEN | REPLACED}
    assert {"wagtailimages:add", "wagtailusers_users:index", "wagtailsites:index", "wagtaildocs:add"} <= set(closed)
    assert len(closed) > 80
    for person in (first, translator):
        client = signed_in(person)
        for name, address in closed.items():
            assert client.get(address).status_code == 403, name


def test_whoever_is_no_editor_finds_no_wagtail(
    story: StoryPage, everybody: dict[str, Person], signed_in: SignedIn
) -> None:
    addresses = ("/editors/", f"/editors/pages/{story.pk}/edit/", f"/editors/pages/{page('de').pk}/edit/")
    for who, person in everybody.items():
        allowed = who in ("editor", "translator")
        for address in addresses:
            status = signed_in(person).get(address).status_code
            assert (status in (200, 302)) if allowed else (status == 403), (who, address)


def test_signing_in_and_out_is_the_studios(first: Person, signed_in: SignedIn) -> None:
    assert Client(HTTP_HOST="localhost").get("/editors/")["Location"] == "/account/login/"
    client = signed_in(first)
    answer = client.post("/editors/logout/")
    assert (answer.status_code, answer["Location"]) == (307, "/account/logout/")
    client.post("/account/logout/")
    assert client.get("/editors/")["Location"] == "/account/login/"


def test_the_sites_assets_are_shown_to_editors_alone(
    first: Person, everybody: dict[str, Person], signed_in: SignedIn
) -> None:
    client = signed_in(first)
    assert client.get("/assets/fonts/OFL.txt").status_code == 200
    assert client.get("/assets/../settings.py").status_code == 404
    assert client.get("/assets/site.css").status_code == 404
    assert signed_in(everybody["steward"]).get("/assets/fonts/OFL.txt").status_code == 403


def test_nobody_is_told_that_pages_have_no_address(story: StoryPage, first: Person, signed_in: SignedIn) -> None:
    """Wagtail knows of no site: the pages are built elsewhere."""
    answer = signed_in(first).get(f"/editors/pages/{story.get_parent().pk}/")
    assert answer.status_code == 200
    assert story.title in answer.content.decode()
    assert "accessible at any URL" not in answer.content.decode()


def test_an_editor_moves_a_story_on_its_shelf_and_the_log_says_who(
    story: StoryPage, first: Person, translator: Person, signed_in: SignedIn
) -> None:
    shelf = story.get_parent()
    other = StoryPage(title="Another", slug="another", locale=story.locale)
    shelf.add_child(instance=other)
    address = f"/editors/pages/{other.pk}/set_position/"
    assert signed_in(translator).post(f"{address}?position=0").status_code == 403
    client = signed_in(first)
    for wrong in ("-1", "2", "x", "٠", "9223372036854775808", "9" * 5_000):
        assert client.post(f"{address}?position={wrong}").status_code == 400, wrong
    assert client.get(f"{address}?position=0").status_code == 405
    assert client.post(f"/editors/pages/{Page.get_first_root_node().pk}/set_position/").status_code == 404
    assert [page.slug for page in shelf.get_children()] == ["gender", "another"]
    assert client.post(f"{address}?position=0").status_code == 200
    assert [page.slug for page in shelf.get_children()] == ["another", "gender"]
    moved = Event.objects.get(kind="page.moved")
    assert moved.actor == first.log_name
    assert client.post(address).status_code == 200
    assert [page.slug for page in shelf.get_children()] == ["gender", "another"]
