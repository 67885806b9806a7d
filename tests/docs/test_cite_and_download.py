"""The examples of docs/how-to/cite-and-download.md are run; docs/reference/release-files.md lists a release's files."""

import doctest
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from tests.support.protected_twin import PROFILE, write_protected

from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.standard.languages import LANGUAGES

DOCS = Path(__file__).parents[2] / "docs"
PAGE, FILES = DOCS / "how-to/cite-and-download.md", DOCS / "reference/release-files.md"
pytestmark = pytest.mark.slow  # each needs a release


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    protected = write_protected(tmp_path_factory.mktemp("p") / "p", rows=300)
    info = ReleaseInfo("cited", simulated=True, profile=PROFILE)
    return build(protected, tmp_path_factory.mktemp("store"), info, None, datetime(2026, 3, 1, tzinfo=UTC))


def test_the_examples_give_what_the_page_says(release, tmp_path, monkeypatch):
    (tmp_path / "release").symlink_to(release)
    monkeypatch.chdir(tmp_path)
    tokens = MarkdownIt("commonmark").parse(PAGE.read_text(encoding="utf-8"))
    blocks = "\n".join(token.content for token in tokens if token.type == "fence" and token.info == "pycon")
    said: list[str] = []
    test = doctest.DocTestParser().get_doctest(blocks, {}, PAGE.name, str(PAGE), 0)
    result = doctest.DocTestRunner().run(test, out=said.append)
    assert result.attempted >= 10
    assert result.failed == 0, "".join(said)


def test_every_file_of_a_release_is_described_and_nothing_else(release):
    described = set()
    for path in re.findall(r"^\| `([^`]+)` \|", FILES.read_text(encoding="utf-8"), re.MULTILINE):
        described |= {path.replace("LANG", language) for language in LANGUAGES}
    found = {path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()}
    assert found == described
