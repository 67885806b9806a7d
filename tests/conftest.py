"""What all tests share: no network, reproducible generative tests, and the published files where they are at hand."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, connection, connections
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, socket_allow_hosts
from tests.support import ready_database

UNIT = Path(__file__).parent / "unit"
LOOPBACK = ["127.0.0.1", "::1", "localhost"]

# No deadline: a slow machine is not a fault. A failing example is printed so that it can be replayed anywhere.
# The same examples every time: a change is judged by what it changes, not by the dice. `make explore` throws them.
settings.register_profile(
    "ctdc", deadline=None, print_blob=True, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("ctdc"), max_examples=1000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ctdc"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests come first: what is left at the end is short, and no core waits long for another."""
    heavy = {item.path for item in items if item.get_closest_marker("heavy")}
    items.sort(key=lambda item: item.path not in heavy)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A failure is told at once, and not only at the end, which a run that is stopped does not reach."""
    if report.failed and not os.environ.get("PYTEST_XDIST_WORKER"):
        print(f"\nFAILED at {report.when}: {report.nodeid}\n{report.longreprtext}\n", file=sys.__stderr__, flush=True)


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Unit tests reach no network at all; the others reach this machine only. (Sockets between threads stay.)"""
    if UNIT in item.path.parents:
        disable_socket(allow_unix_socket=True)
    else:
        socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """The tests' own database begins as a copy of a ready one."""
    ready_database.fill_new()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """What migrations put into the database is known to every connection to it.

    Django keeps it at the connection that made the database. Where a browser's loop runs, a test has another one: its
    database was filled by a signal instead, under other keys, and the next file's tests found both.
    """
    here = connections[DEFAULT_DB_ALIAS]
    if hasattr(here, "_test_serialized_contents"):
        type(here)._test_serialized_contents = here._test_serialized_contents


@pytest.fixture(autouse=True, scope="module")
def _database_filled_again(django_db_blocker: Any) -> Iterator[None]:
    """Tests with transactions of their own empty the studio's database; whatever file comes next finds it as it was."""
    yield
    if not hasattr(connection, "_test_serialized_contents"):
        return  # no test has needed it yet
    with django_db_blocker.unblock():
        if not ContentType.objects.exists():
            connection.creation.deserialize_db_from_string(connection._test_serialized_contents)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with CTDC's published files; a test that asks for it is skipped where there is none."""
    folder = os.environ.get("CTDC_REAL_DATA")
    if not folder:
        pytest.skip(
            "CTDC_REAL_DATA does not name a folder with CTDC's published files (their terms forbid a copy here)"
        )
    return Path(folder)
