"""People of every role, and clients that have signed in with both steps."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from tests.support.studio_people import client_of, make_person

from ctdc.hub.studio.bench.rooms import ROOMS
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sockets_for_the_database(socket_enabled: None) -> None:
    """Django's test client and the event loop of threads use sockets of this machine."""


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """The language of a request stays the thread's, and would be that of the next test."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _rooms_end() -> Iterator[None]:
    """Rooms at the workbench are in the memory of this process and of the machine."""
    yield
    for number in ROOMS.people():
        if room := ROOMS.take(number):
            room.close()


@pytest.fixture(autouse=True)
def _readers_files_end() -> Iterator[None]:
    """What readers sent and were answered is in files, which no transaction takes back."""
    yield
    settings.STUDIO.answers.unlink(missing_ok=True)
    shutil.rmtree(settings.STUDIO.feedback, ignore_errors=True)


@pytest.fixture
def hub(db: None) -> Organisation:
    """The hub."""
    return Organisation.objects.create(slug="hub", name="Test hub", is_hub=True)


@pytest.fixture
def shelter(db: None) -> Organisation:
    """An organisation that contributes."""
    return Organisation.objects.create(slug="shelter", name="Harbour shelter")


@pytest.fixture
def hotline(db: None) -> Organisation:
    """Another one."""
    return Organisation.objects.create(slug="hotline", name="National hotline")


@pytest.fixture
def everybody(hub: Organisation, shelter: Organisation, hotline: Organisation) -> dict[str, Person]:
    """One person for each role of the hub, and one for each contributing organisation."""
    people = {role.value: make_person(hub, role) for role in Role if role is not Role.CONTRIBUTOR}
    people["shelter"] = make_person(shelter, Role.CONTRIBUTOR)
    people["hotline"] = make_person(hotline, Role.CONTRIBUTOR)
    return people


@pytest.fixture
def signed_in() -> Callable[[Person], Client]:
    """A client of somebody who has signed in with both steps."""

    return partial(client_of, confirmed=True)
