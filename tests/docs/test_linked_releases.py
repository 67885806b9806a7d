"""The examples of docs/how-to/linked-releases.md, run on a small release. Numbers are not compared; words are."""

import doctest
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from tests.docs.test_analyse_a_release import AnyNumber
from tests.support.linked_release import write_linked_release

from ctdc.standard.languages import LANGUAGES

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "linked-releases.md"


def blocks() -> str:
    tokens = MarkdownIt("commonmark").parse(PAGE.read_text(encoding="utf-8"))
    return "\n".join(token.content for token in tokens if token.type == "fence" and token.info == "pycon")


@pytest.mark.slow
def test_the_examples_give_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = write_linked_release(tmp_path)
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "latest").symlink_to(release)
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(blocks(), {}, PAGE.name, str(PAGE), 0)
    said: list[str] = []
    failed = doctest.DocTestRunner(AnyNumber()).run(test, out=said.append)
    assert failed.attempted >= 9
    assert failed.failed == 0, "".join(said)


@pytest.mark.slow
def test_the_files_that_the_page_lists_are_in_the_release(tmp_path: Path) -> None:
    release = write_linked_release(tmp_path)
    listed = {line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")}
    (of_each_language,) = (name for name in listed if "LANGUAGE" in name)
    named = {of_each_language.replace("LANGUAGE", language) for language in LANGUAGES}
    expected = (listed | named) - {of_each_language, "flattened.csv"}
    assert {path.name for path in (release / "data").glob("*.csv")} == expected
