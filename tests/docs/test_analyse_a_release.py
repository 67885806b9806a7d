"""The examples of docs/how-to/analyse-a-release.md, run on a small release. Its noise is its own, so numbers are not
compared; words, signs of too few, bounds and errors are."""

import doctest
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from tests.support.invented_release import write_release

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "analyse-a-release.md"
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


class AnyNumber(doctest.OutputChecker):
    """Takes one number for another."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(NUMBER.sub("#", want), NUMBER.sub("#", got), optionflags)


def blocks() -> str:
    tokens = MarkdownIt("commonmark").parse(PAGE.read_text(encoding="utf-8"))
    return "\n".join(token.content for token in tokens if token.type == "fence" and token.info == "pycon")


@pytest.mark.slow
def test_the_examples_give_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = write_release(tmp_path)
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "latest").symlink_to(release)
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(blocks(), {}, PAGE.name, str(PAGE), 0)
    said: list[str] = []
    failed = doctest.DocTestRunner(AnyNumber()).run(test, out=said.append)
    assert failed.attempted >= 20
    assert failed.failed == 0, "".join(said)


def test_a_number_stands_for_any_other_but_words_do_not() -> None:
    check = AnyNumber().check_output
    assert check("4,003 (95 % interval -1 to 2.5)\n", "9 (95 % interval 3 to 1,000.25)\n", 0)
    assert not check("4,003 (bounds 1 to 2)\n", "4,003 (95 % interval 1 to 2)\n", 0)
