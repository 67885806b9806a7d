"""Chromium, and a site of a small invented release served on this machine."""

import shutil
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright
from starlette.types import ASGIApp
from tests.support.quick import small_picture

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from invented_release import write_release
from protected_twin import PROFILE, write_protected

from ctdc.hub.server import site_and_service
from ctdc.hub.site.build import build_site
from ctdc.hub.site.export import export_site
from ctdc.hub.site.kit import png
from ctdc.hub.site.search.route import search_routes
from ctdc.hub.site.serve import application, bind
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo

SOURCES = ("Beacon Hotline", "Registo Nacional", "Two")  # of two it is known when they reported


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Pictures take most of a site's time and no page shows them; how they look has tests of its own.

    A hook and not a fixture: it ends with each test, so that tests elsewhere see what is really drawn.
    """
    with pytest.MonkeyPatch.context() as patch:
        if item.path.is_relative_to(Path(__file__).parent):
            patch.setattr(png, "_drawn", lambda text, width: small_picture())
        return (yield)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one file: its driver runs an event loop in this thread as long as it is there, beside
    which Django refuses its database unless told otherwise, and in which no other test could start a loop of its own.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed (looked for chromium and chromium-browser in PATH)")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shown_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough people that most cells reach the threshold and some do not, and noise that shows as whiskers."""
    folder = tmp_path_factory.mktemp("browser")
    protected = write_protected(folder / "p", rows=12_000, error=25.0)
    info = ReleaseInfo("twin", simulated=True, profile=PROFILE, sources=SOURCES, terms="CC BY 4.0")
    return build(protected, folder / "store", info, None, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def shown_site(tmp_path_factory: pytest.TempPathFactory, shown_release: Path) -> Path:
    """The built pages."""
    return build_site(shown_release, tmp_path_factory.mktemp("browser-pages") / "site")


@pytest.fixture(scope="session")
def address(shown_site: Path) -> Iterator[str]:
    """Where the site is: http://127.0.0.1:port"""
    with served(shown_site) as place:
        yield place


@pytest.fixture(scope="session")
def measured_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release that the engine measured."""
    return write_release(tmp_path_factory.mktemp("measured"))


@pytest.fixture(scope="session")
def two_releases(tmp_path_factory: pytest.TempPathFactory, shown_release: Path) -> list[Path]:
    """The release that is shown, and one that followed it."""
    folder = tmp_path_factory.mktemp("two")
    protected = write_protected(folder / "p", rows=2000)
    info = ReleaseInfo("twin", simulated=True, profile=PROFILE, version="2027.1", sources=SOURCES)
    newer = build(protected, folder / "store", info, shown_release, datetime(2027, 3, 1, tzinfo=UTC))
    return [shown_release, newer]


@pytest.fixture(scope="session")
def two_built(tmp_path_factory: pytest.TempPathFactory, two_releases: list[Path]) -> Path:
    """The folder of the public site of both."""
    return export_site(two_releases, tmp_path_factory.mktemp("two-pages") / "site").out


@pytest.fixture(scope="session")
def site_of_two(two_built: Path, two_releases: list[Path]) -> Iterator[tuple[str, str]]:
    """Where that site is, and the name of the older of its two releases."""
    with answering(site_and_service(two_built)) as place:
        yield place, two_releases[0].name


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The pages in `site`, on this machine while the context is open."""
    with answering(application(site, search_routes(site))) as place:
        yield place


@contextmanager
def answering(app: ASGIApp) -> Iterator[str]:
    """An application, on this machine while the context is open."""
    with bind("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()
