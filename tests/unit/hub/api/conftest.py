"""A small release, measured by the engine, and the service that answers for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.support.invented_release import write_release

from ctdc.hub.api.service import Service, service
from ctdc.hub.api.shelf import Shelf, open_shelf


@pytest.fixture(scope="session")
def api_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="session")
def shelf(api_release: Path) -> Shelf:
    return open_shelf(api_release)


@pytest.fixture(scope="session")
def app(shelf: Shelf) -> Service:
    return service(shelf)


@pytest.fixture(scope="session")
def client(app: Service) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="session")
def at(shelf: Shelf) -> str:
    """The address of the release."""
    return shelf.latest.address
