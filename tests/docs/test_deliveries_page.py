"""The page for stewards shows the states of deliveries as the program has them."""

from pathlib import Path

from ctdc.hub.studio.deliveries.states import as_table

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "receive-deliveries.md"


def test_the_table_of_states_is_current() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = text.partition("<!-- moves: from ctdc.hub.studio.deliveries.states -->\n")[2]
    assert shown.partition("<!-- end of moves -->")[0] == as_table() + "\n"
