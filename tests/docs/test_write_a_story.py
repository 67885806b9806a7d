"""The story in docs/how-to/write-a-story.md is one that the site can tell."""

import re
import shutil
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from ctdc.hub.site.stories.source import CHARTS, CONTENT, MEASURES, VERDICTS, read_stories

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-story.md"


@pytest.mark.slow
def test_the_story_of_the_page_can_be_read(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    shutil.copy(CONTENT / "terms.yaml", content)
    (content / "order.yaml").write_text("[comparing-ages]")
    folder = content / "comparing-ages"
    folder.mkdir()
    tokens = MarkdownIt("commonmark").parse(PAGE.read_text(encoding="utf-8"))
    story, words = (token.content for token in tokens if token.type == "fence" and token.info == "yaml")
    (folder / "story.yaml").write_text(story, encoding="utf-8")
    (folder / "en.yaml").write_text(words, encoding="utf-8")
    (found,) = read_stories(content)[1]
    assert list(found.numbers) == ["children", "adults", "gap"]
    assert set(found.words["en"].texts["sexual"]) == set(VERDICTS)


def test_the_page_lists_every_measure_and_chart() -> None:
    text = PAGE.read_text(encoding="utf-8")
    listed = {name for row in re.findall(r"^\| (`[^|]+) \|", text, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert set(MEASURES) <= listed
    assert all(f"`{kind}`" in text for kind in CHARTS)
