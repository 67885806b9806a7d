"""The page about the release desk shows the table of states that the program goes by."""

from pathlib import Path

import pytest

from ctdc.hub.studio.desk.diagram import mermaid, rendered, table, updated
from ctdc.hub.studio.desk.states import STEPS, State

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "release-desk.md"


def test_the_diagram_is_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert updated(page) == page, "run: python -m ctdc.hub.studio.desk.diagram docs/explanation/release-desk.md"


def test_every_state_and_step_is_drawn() -> None:
    assert all(f" {state}" in mermaid() for state in State)
    assert all(f"| {one.step.replace('_', ' ')} |" in table() for one in STEPS)


def test_a_page_without_marks_is_refused_and_the_rest_of_one_stays() -> None:
    with pytest.raises(ValueError, match="substring"):
        updated("# A page")
    changed = updated("before\n<!-- states -->\nold\n<!-- end -->\nbehind\n")
    assert changed == f"before\n{rendered()}\nbehind\n"
