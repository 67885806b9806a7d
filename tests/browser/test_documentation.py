"""The documentation in a browser: axe, the smallest phone, the dark, the search, the way out, and a silent console."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.survey import AXE
from tests.support.documentation import documentation_builder

from ctdc.hub.site.documentation import write_documentation
from ctdc.hub.site.serve import application

from .conftest import answering

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.heavy]
PAGES = (
    "index.html",
    "tutorial/contributor.html",
    "explanation/protection-for-survivors.html",
    "explanation/privacy-proof.html",
    "replication/dpia-template.html",
    "reference/python.html",
    "search.html?q=withdraw",
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("documentation")
    documentation_builder().build(folder / "pages")
    (folder / "site").mkdir()
    write_documentation(folder / "pages", folder / "site")
    with answering(application(folder / "site")) as place:
        yield f"{place}/docs/"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def looked_at(page: Page, address: str, width: int, scheme: str) -> tuple[list[str], bool]:
    """What axe finds, and whether something is wider than the window."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations.map(one => one.id + ': ' + one.nodes[0].html)")
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return found, wide


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_overflows_or_complains(address: str, page: Page, name: str) -> None:
    said: list[str] = []

    def listen(message: object) -> None:
        said.append(str(getattr(message, "text", "")))

    page.on("console", listen)
    assert looked_at(page, address + name, 1280, "light") == ([], False)
    assert looked_at(page, address + name, 320, "dark") == ([], False)
    page.remove_listener("console", listen)
    assert said == []


def test_the_search_finds_without_asking_anybody_else(address: str, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.fill("#find", "withdraw person")
    page.press("#find", "Enter")
    page.wait_for_selector("ul.search li a")
    assert page.locator("ul.search li").count() > 3
    assert all(url.startswith(address) for url in asked)
    assert page.context.cookies() == []


def test_the_way_out_leads_away_and_leaves_nothing_to_go_back_to(address: str, page: Page) -> None:
    page.route("https://en.wikipedia.org/**", lambda route: route.fulfill(body="neutral"))
    page.goto("about:blank")
    page.goto(address + "explanation/protection-for-survivors.html")
    page.click("#exit")
    page.wait_for_url("https://en.wikipedia.org/**")
    page.go_back()
    assert "survivors" not in page.url
