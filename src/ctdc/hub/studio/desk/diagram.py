"""The states of a release as a diagram and a table: ``python -m ctdc.hub.studio.desk.diagram PAGE``.

Promise: made of `states.STEPS` alone; what stands between the two marks of the page is replaced, nothing else.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ctdc.foundation.files import write_text
from ctdc.hub.studio.desk.states import STEPS, State, Transition
from ctdc.hub.studio.people.policy import RULES

BEGIN, END = "<!-- states -->", "<!-- end -->"
_WORDS = {"idle": "no job at work", "process": "agreements allow processing", "release": "agreements allow release"}
_RULES = {
    **_WORDS,
    "complete": "plan complete",
    "population": "population known, or said to be new",
    "deliveries": "deliveries in the vault as planned",
    "budget": "budget set and enough",
    "previous": "compared with the newest",
    "whole": "files as they were made",
    "outsider": "by somebody who did nothing of it",
    "votes": "two yes of others, no no",
    "reason": "reason given",
}


def _name(text: str) -> str:
    return text.replace("_", " ")


def who(transition: Transition) -> str:
    """The roles that may take a step, or the studio itself."""
    if transition.act is None:
        return "the studio"
    return ", ".join(sorted(RULES[transition.act].everywhere))


def mermaid() -> str:
    """The diagram, as GitHub and other readers of Markdown draw it."""
    lines = ["stateDiagram-v2", "    [*] --> draft"]
    for one in STEPS:
        for source in one.sources:
            if source != one.target:
                lines.append(f"    {source} --> {one.target}: {_name(one.step)}")
    ends = [state for state in State if not any(state in one.sources for one in STEPS)]
    return "\n".join([*lines, *(f"    {state} --> [*]" for state in ends)])


def table() -> str:
    """The same as a table, with who may and what must hold."""
    rows = [
        f"| {_name(one.step)} | {', '.join(map(_name, one.sources))} | {_name(one.target)} | {who(one)} | "
        f"{'; '.join(_RULES[rule] for rule in one.rules) or 'nothing'} | {f'`{one.job}`' if one.job else ''} |"
        for one in STEPS
    ]
    head = "| step | from | to | who may | what must hold | job |\n|---|---|---|---|---|---|"
    return "\n".join([head, *rows])


def rendered() -> str:
    """What stands between the marks of the page."""
    return f"{BEGIN}\n\n```mermaid\n{mermaid()}\n```\n\n{table()}\n\n{END}"


def updated(page: str) -> str:
    """The page with the diagram of now. Raises ValueError when the marks are missing."""
    before, behind = page.index(BEGIN), page.index(END) + len(END)
    return page[:before] + rendered() + page[behind:]


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_text(target, updated(target.read_text(encoding="utf-8")))
