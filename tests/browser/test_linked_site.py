"""Pages of linked tables in a real browser: as readable and accessible as those of one table."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.conftest import served
from tests.browser.test_site import AXE, DRAWN, OVERFLOW
from tests.support.linked_profile import PROFILE, write_linked_profile

from ctdc.hub.site.build import build_site
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Pages that look different for linked tables.
CHANGED = ("", "data/", "codebook/", "privacy/", "stories/", "stories/perpetrators/", "explorer/")


@pytest.fixture(scope="module")
def linked_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("browser-linked")
    info = ReleaseInfo("pairs", simulated=True, profile=PROFILE)
    release = build(write_linked_profile(folder), folder / "store", info, None, datetime(2026, 3, 1, tzinfo=UTC))
    with served(build_site(release, folder / "site")) as place:
        yield place


def opened(browser: Browser, address: str, width: int) -> Iterator[tuple[str, Page]]:
    """Each page that is different, in a language of each direction."""
    context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    page = context.new_page()
    for language in ("en", "ar"):
        for path in CHANGED:
            page.goto(f"{address}/{language}/{path}")
            yield f"{language}/{path}", page
    context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_overflows_and_axe_finds_nothing(browser, linked_address, width):
    for path, page in opened(browser, linked_address, width):
        assert not page.evaluate(OVERFLOW), path
        page.add_script_tag(path=AXE)
        found = page.evaluate("async () => (await axe.run()).violations.map(fault => [fault.id, fault.nodes[0].html])")
        assert found == [], path


def test_bars_of_linked_rows_are_drawn_as_long_as_their_values(browser, linked_address):
    for path, page in opened(browser, linked_address, 1280):
        if path in ("en/", "ar/"):
            bars = [bar for bar in page.evaluate(DRAWN) if bar["chart"].startswith("linked-")]
            assert len(bars) > 10
            assert all(abs(bar["part"] - bar["stated"]) < 0.01 for bar in bars)
