"""The examples of docs/how-to/explore.md, asked of a small site with its services; and its words for addresses."""

import doctest
import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from markdown_it import MarkdownIt
from tests.support.invented_release import write_release

from ctdc.hub.server import site_and_service
from ctdc.hub.site.build import build_site
from ctdc.hub.site.explorer import section
from ctdc.hub.site.explorer.query import BARS, COUNT, SHARE, SHOW
from ctdc.hub.site.explorer.section import Explorer, api_query
from ctdc.hub.site.explorer.view import Explored
from ctdc.hub.site.serve import bind
from ctdc.hub.site.view import read_release

pytestmark = pytest.mark.slow
PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "explore.md").read_text(encoding="utf-8")
EXAMPLE = re.search(r"`/en/explorer/\?([^`]+)`", PAGE)[1]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def explored(release: Path) -> Explored:
    return Explorer(read_release(release)).explored("en")


@pytest.fixture(scope="module")
def site(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app = site_and_service(build_site(release, tmp_path_factory.mktemp("pages") / "site"))
    with pytest.MonkeyPatch.context() as patch, bind("127.0.0.1", 0) as listener:
        # A question must not wait until what was built is built again.
        patch.setattr(section, "compact_core", None)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def asked(site: str, path: str) -> str:
    with urllib.request.urlopen(site + path) as answer:
        return answer.read().decode()


def test_the_examples_give_what_the_page_says(site: str) -> None:
    tokens = MarkdownIt("commonmark").parse(PAGE)
    lines = "\n".join(token.content for token in tokens if token.type == "fence" and token.info == "pycon")
    test = doctest.DocTestParser().get_doctest(lines, {"SITE": site}, "explore.md", None, 0)
    said: list[str] = []
    failed = doctest.DocTestRunner().run(test, out=said.append)
    assert failed.attempted >= 6
    assert failed.failed == 0, "".join(said)


def test_the_example_of_an_address_is_understood_and_uses_every_part_of_the_table(explored: Explored) -> None:
    found, understood = explored.addresses.read(EXAMPLE)
    assert understood
    assert explored.addresses.read(explored.addresses.write(found).removeprefix("?")) == (found, True)
    assert (found.bars, len(found.show), len(found.filters)) == (COUNT, 2, 2)
    table = set(re.findall(r"^\| `?([^`|]+?)`? \|", PAGE, re.MULTILINE)) - {"part", "---"}
    assert table == {"a variable's name", SHOW, BARS}
    assert f"`{SHARE}` or `{COUNT}`" in PAGE


def test_a_served_page_loads_the_files_that_are_there(site: str) -> None:
    one, other = (
        re.findall(r'data-(?:core|long)="([^"]+)"', asked(site, f"/fr/explorer/{query}"))
        for query in ("", "?gender=Man")
    )
    assert one == other != []
    for path in one:
        with urllib.request.urlopen(site + path) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("query", ["gender=Woman&meansThreats=1", EXAMPLE, "isForcedLabour=1&meansThreats=1"])
def test_the_address_for_programs_answers_what_the_page_shows(site: str, explored: Explored, query: str) -> None:
    """Every number, but for the share of a chosen box of a group, of which the page of the documentation says so."""
    question, _ = explored.addresses.read(query)
    base = re.search('id="api" href="([^"?]+)', asked(site, "/en/explorer/"))[1]
    answer = json.loads(asked(site, base + api_query(question)))
    service = {(one["name"], cell["code"]): cell for one in answer["variables"] for cell in one["codes"]}
    lines = [(chart.topic, line) for chart in explored.page(question)["charts"] for line in chart.lines]
    assert len(lines) > 10
    for topic, line in lines:
        cell = service[line.choice.variable, line.choice.code]
        assert cell["too_few"] == line.people.few
        if not line.people.few:
            assert cell["count"] == pytest.approx(line.people.numbers[0], abs=0.06)
        if line.share.numbers and not (topic.is_group and line.chosen):
            assert cell["share"] == pytest.approx(line.share.numbers[0], abs=1e-4)
