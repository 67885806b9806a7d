"""docs/explanation/dp-checklist.md: everything that it names exists, and its figures follow from the accounting."""

import ast
import re
from pathlib import Path

import pytest

from ctdc.privacy.accounting import Cost, Guarantee, gaussian_mu, strongest_attacker

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/dp-checklist.md"
TEXT = PAGE.read_text(encoding="utf-8")
CODE = re.compile(r"\[`(\w+)`\]\((\.\./\.\./src/[\w/]+\.py)\)")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
DELTAS = (1e-5, 1e-6)


def sections() -> dict[str, str]:
    """The text of each numbered line of the checklist, by its heading."""
    pieces = re.split(r"^## (\d+\. .+)$", TEXT, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


SECTIONS = sections()


def defined(path: Path) -> set[str]:
    """Functions and classes at the top of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def points(section: str) -> dict[str, str]:
    """The list at the end of a section: Code, Test, Open, Outside."""
    found = re.findall(r"^\* (\w+): (.+?)(?=^\* |^$|\Z)", section, flags=re.MULTILINE | re.DOTALL)
    return dict(found)


def test_the_lines_are_numbered_without_gaps() -> None:
    assert [int(heading.partition(".")[0]) for heading in SECTIONS] == list(range(1, 23))


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_line_has_code_and_a_test_or_says_why_not(heading: str) -> None:
    listed = points(SECTIONS[heading])
    assert set(listed) <= {"Code", "Test", "Open", "Outside"}
    for kind, pattern in (("Code", CODE), ("Test", TEST)):
        assert pattern.search(listed.get(kind, "")) or len(listed.get("Outside", "")) > 40, f"{heading} has no {kind}"


@pytest.mark.parametrize("heading", SECTIONS)
def test_everything_that_is_named_exists(heading: str) -> None:
    for name, link in CODE.findall(SECTIONS[heading]):
        assert name in defined((PAGE.parent / link).resolve()), f"{link} defines no {name}"
    for file, name in TEST.findall(SECTIONS[heading]):
        assert name in defined(ROOT / file), f"{file} has no {name}"


def test_nothing_is_named_in_another_way() -> None:
    """A link or a test that these patterns do not see would not be checked."""
    assert len(CODE.findall(TEXT)) == TEXT.count("../../src/")
    assert len(TEST.findall(TEXT)) == TEXT.count("`tests/")


def row(epsilon: float) -> str:
    """A row of the table: what the best attacker can do at each delta."""
    cells = [f"{epsilon:g}"]
    for delta in DELTAS:
        mu = gaussian_mu(Guarantee(epsilon, delta))
        attacker = strongest_attacker(Cost(mu * mu / 2, mu * mu), delta)
        cells += [f"{attacker.accuracy:.0%}".replace("%", " %"), f"{attacker.power:.0%}".replace("%", " %")]
    return f"| {' | '.join(cells)} |"


def test_the_figures_follow_from_the_accounting() -> None:
    table = TEXT.partition("<!-- figures -->")[2].partition("<!-- end -->")[0]
    written = [line for line in table.splitlines() if re.match(r"\| \d", line)]
    assert written == [row(epsilon) for epsilon in (1, 4, 8, 12)]


def test_the_standard_is_linked_and_not_quoted() -> None:
    assert "https://doi.org/10.6028/NIST.SP.800-226" in TEXT
    assert "“" not in TEXT
