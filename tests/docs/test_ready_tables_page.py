"""The examples of docs/how-to/ready-tables.md, run on a small release."""

import doctest
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from tests.support.invented_release import write_release

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "ready-tables.md"


@pytest.mark.slow
def test_the_examples_give_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "release").symlink_to(write_release(tmp_path))
    monkeypatch.chdir(tmp_path)
    tokens = MarkdownIt("commonmark").parse(PAGE.read_text(encoding="utf-8"))
    text = "\n".join(token.content for token in tokens if token.type == "fence" and token.info == "pycon")
    test = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    said: list[str] = []
    failed = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert failed.attempted >= 5
    assert failed.failed == 0, "".join(said)
