"""The examples of docs/how-to/use-the-api.md, asked over HTTP of a service with a small release."""

import doctest
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from markdown_it import MarkdownIt
from tests.support.invented_release import write_release

from ctdc.hub.api.service import service
from ctdc.hub.api.shelf import open_shelf
from ctdc.hub.site.serve import bind

pytestmark = pytest.mark.slow
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-the-api.md"


def blocks(kind: str) -> list[str]:
    tokens = MarkdownIt("commonmark").parse(PAGE.read_text(encoding="utf-8"))
    return [token.content for token in tokens if token.type == "fence" and token.info == kind]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    release = write_release(tmp_path_factory.mktemp("release"))
    with bind("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(service(open_shelf(release)), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def test_the_examples_give_what_the_page_says(site: str) -> None:
    test = doctest.DocTestParser().get_doctest("\n".join(blocks("pycon")), {"SITE": site}, PAGE.name, str(PAGE), 0)
    said: list[str] = []
    failed = doctest.DocTestRunner().run(test, out=said.append)
    assert failed.attempted >= 15
    assert failed.failed == 0, "".join(said)


def test_the_line_for_curl_gives_counts(site: str) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    line = next(line for block in blocks("console") for line in block.splitlines() if "curl" in line)
    command = [curl, *shlex.split(line.removeprefix("$ curl ").replace("SITE", site))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '"counts":[{"codes":{"gender":"Woman"}' in done.stdout
