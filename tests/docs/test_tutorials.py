"""Tutorials and guides name what is on the screen by its words, and their figures follow from the code."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click import Group, Option
from markdown_it import MarkdownIt

from ctdc.cli.main import ctdc
from ctdc.hub.site.kit.geo import read_geometry
from ctdc.privacy.accounting import Cost, Guarantee, gaussian_mu, strongest_attacker

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ROLES = ("contributor", "steward", "editor", "researcher", "operator")
PAGES = [DOCS / "tutorial" / f"{role}.md" for role in ROLES]
GUIDE = sorted((DOCS / "replication").glob("*.md"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)


ON_SCREEN = {
    text
    for path in (ROOT / "src/ctdc/hub").rglob("texts/en.yaml")
    for text in _texts(yaml.safe_load(path.read_text("utf-8")))
}


def in_bold(page: Path) -> list[str]:
    """What a page has in bold, but for sentences."""
    found: list[str] = []
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8")):
        inside = False
        for child in token.children or []:
            if child.type == "strong_open":
                inside = True
                found.append("")
            elif child.type == "strong_close":
                inside = False
            elif inside:
                found[-1] += child.content or " "
    return [words for words in found if not words.endswith((".", "?"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_calls_what_is_on_the_screen_by_its_name(page: Path) -> None:
    assert not set(in_bold(page)) - ON_SCREEN


def test_the_words_of_tutorials_are_looked_at() -> None:
    assert sum(len(in_bold(page)) for page in PAGES) > 30


@pytest.mark.parametrize("page", [*PAGES, *GUIDE], ids=lambda page: page.stem)
def test_every_command_that_is_named_exists(page: Path) -> None:
    for line in re.findall(r"\bctdc((?: [a-z][a-z-]+)+)", page.read_text("utf-8")):
        command: Any = ctdc
        for word in line.split():
            if not isinstance(command, Group):
                break
            command = command.get_command(None, word)  # type: ignore[arg-type]
            assert command is not None, f"{page.name}: ctdc{line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_has_commands_that_are_run(page: Path) -> None:
    assert re.search(r"^```(console|pycon) run", page.read_text("utf-8"), flags=re.MULTILINE)


def test_the_map_that_the_tutorial_shows_is_read(tmp_path: Path) -> None:
    tokens = MarkdownIt("commonmark").parse((DOCS / "tutorial" / "your-own-collaborative.md").read_text("utf-8"))
    (shown,) = (token.content for token in tokens if token.info == "json map.geojson")
    (path := tmp_path / "map.geojson").write_text(shown, "utf-8")
    assert read_geometry(path).codes == {"capital"}


def row(epsilon: float) -> str:
    """What the best attacker can do, as the page for lawyers says it."""
    mu = gaussian_mu(Guarantee(epsilon, 1e-6))
    attacker = strongest_attacker(Cost(mu * mu / 2, mu * mu), 1e-6)
    return f"| {epsilon:g} | {attacker.accuracy * 100:.0f} % | {attacker.power * 100:.0f} % |"


def test_the_figures_for_lawyers_follow_from_the_accounting() -> None:
    text = (DOCS / "explanation/protection-for-lawyers.md").read_text("utf-8")
    table = text.partition("<!-- figures -->")[2].partition("<!-- end -->")[0]
    assert re.findall(r"^\| \d.*", table, flags=re.MULTILINE) == [row(epsilon) for epsilon in (1, 4, 8, 12)]


def test_the_page_for_survivors_promises_nothing_absolute() -> None:
    text = (DOCS / "explanation/protection-for-survivors.md").read_text("utf-8")
    assert not re.search(
        r"\b(anonymous|guaranteed|100 ?%|no risk|completely safe|perfectly)\b", text, flags=re.IGNORECASE
    )
    assert "Getting help" in text and "Exit this page" in text
    assert {"Getting help", "Exit this page"} <= ON_SCREEN


def test_the_template_of_an_assessment_asks_what_the_law_asks() -> None:
    """Article 35(7): processing, necessity and proportion, risks to people, measures; 35(9): the views of others."""
    text = (DOCS / "replication/dpia-template.md").read_text("utf-8")
    headings = re.findall(r"^## ([A-F])\. ", text, flags=re.MULTILINE)
    assert headings == list("ABCDEF")
    assert text.count("Given:") >= 10 and text.count("Yours") >= 12


def test_commands_of_every_day_have_the_options_without_which_they_fail() -> None:
    """Each whole command in the operator's table names what it cannot do without."""
    text = (DOCS / "tutorial/operator.md").read_text("utf-8")
    table = text.partition("## 5. Every day")[2].partition("\n\nSend")[0]
    commands = re.findall(r"`ctdc ([^`]+)`", table)
    assert len(commands) == 3
    for line in commands:
        words = shlex.split(line)
        command: Any = ctdc
        while isinstance(command, Group):
            command = command.get_command(None, words.pop(0))  # type: ignore[arg-type]
        for option in command.params:
            assert not (isinstance(option, Option) and option.required) or set(option.opts) & set(words), line
