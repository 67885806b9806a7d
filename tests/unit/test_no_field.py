"""The rooms above the standard know no field: no variable of the shipped collaborative, nor its word, is in them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ctdc.standard import load
from ctdc.standard.presentation import ROLES

SOURCE = Path(__file__).parents[2] / "src" / "ctdc"
ROOMS = ("table", "privacy", "release", "hub")
CONTENT = ("hub/site/stories/content", "hub/site/about/content", "hub/studio/agreements/drafts")
FILES = sorted(
    path
    for room in ROOMS
    for path in (SOURCE / room).rglob("*")
    if path.suffix in (".py", ".j2", ".js", ".html") and not path.relative_to(SOURCE).as_posix().startswith(CONTENT)
)
WORD = "trafficking"


def names() -> frozenset[str]:
    standard = load()
    found = {*standard.variables, *standard.derived}
    for entity in standard.entities.values():
        found |= {*entity.variables, *entity.derived}
    for profile in standard.profiles.values():
        columns = (*profile.columns, *(profile.links.columns if profile.links else ()))
        found |= {column.name for column in columns} | ({profile.links.number} if profile.links else set())
    return frozenset(found - set(ROLES))  # "gender" is a role of any collaborative, too


def strings(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    else:
        yield text


def named(text: str, known: frozenset[str]) -> set[str]:
    """Names of variables in a string: a plain English word only where it is the whole string."""
    words = set(re.findall(r"\w+", text))
    return {name for name in known & words if not name.islower() or text == name}


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 300
    known = names()
    assert {"isForcedLabour", "citizenship", "IP_Gender", "numberOfPerpetrators"} <= known
    assert named("share of isForcedLabour", known) and named("citizenship", known)
    assert not named("people by citizenship", known)


@pytest.mark.slow
def test_no_room_names_a_variable_of_the_shipped_standard() -> None:
    known = names()
    guilty = {
        f"{path.relative_to(SOURCE).as_posix()}: {name}"
        for path in FILES
        for text in strings(path)
        for name in named(text, known)
    }
    assert not guilty


def test_no_room_names_the_field() -> None:
    guilty = [
        path.relative_to(SOURCE).as_posix() for path in FILES if WORD in path.read_text(encoding="utf-8").casefold()
    ]
    assert not guilty


@pytest.mark.slow
def test_no_text_of_the_software_on_public_pages_names_the_field() -> None:
    words = re.compile(
        r"traffick|victim|menschenhandel|\bopfer|victime|\btraite\b|(?<!se )\btrata\b|víctima|ضحايا|الضحية|الاتجار",
        re.I,
    )
    rooms = (
        "hub/site",
        "hub/feedback",
        "release",
        "hub/site/stories",
        "hub/site/about",
        "hub/site/explorer",
        "hub/workbench",
    )
    guilty = [
        f"{room}/{path.name}: {line[:60]}"
        for room in rooms
        for path in sorted((SOURCE / room / "texts").glob("*.yaml"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if words.search(line)
    ]
    assert not guilty
