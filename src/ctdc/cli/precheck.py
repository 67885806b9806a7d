"""The answer of ``ctdc protect --check`` as text for a person.

Promise: every number comes from the pre-check, which knows public facts only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ctdc.privacy.precheck import Precheck

VERDICTS = {"fine": "fine", "sparse": "too sparse", "noise": "only noise", "unknown": "say --cases N"}


def rounded(number: float) -> str:
    """A number to two digits, for what is approximate anyway."""
    if number < 100:
        return f"{math.ceil(number):,}"
    step = 10 ** (math.floor(math.log10(number)) - 1)
    return f"{math.ceil(number / step) * step:,}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a text table; the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [header, *rows]
    ]


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.0%}" if value >= 0.01 or value == 0 else "<1%"


def _error(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"


def _reach_lines(answer: Precheck) -> list[str]:
    header = ("characteristics", "tables", "combinations", "error", "listed from", "at most", "evenly", "people", "")
    rows = [
        (
            str(one.length),
            f"{one.tables:,}",
            f"{one.combinations:,}",
            f"{one.error:.1f}",
            rounded(one.listed_from),
            _share(one.at_most),
            _share(one.evenly),
            rounded(one.enough_people),
            VERDICTS[one.verdict],
        )
        for one in answer.reach
    ]
    return [
        *_table(header, rows),
        "",
        "error: standard error of a count in the median table. listed from: smallest count that it lists.",
        "at most: no more of the combinations can be listed, whatever the records are. evenly: tables that list",
        "their average combination if people are spread evenly. people: with so many, half of the tables do.",
    ]


def _typical_lines(answer: Precheck) -> list[str]:
    """For numbers of people that nobody declared: at most, and evenly."""
    if not answer.typical:
        return []
    header = ("characteristics", *(f"{people:,} people" for people, _ in answer.typical))
    rows = [
        (str(one.length), *(f"{_share(reach[at].at_most)} / {_share(reach[at].evenly)}" for _, reach in answer.typical))
        for at, one in enumerate(answer.reach)
    ]
    return ["", *_table(header, rows), "", "at most / evenly, for some typical numbers of people."]


def _saving_lines(answer: Precheck) -> list[str]:
    rows = [
        (f"without {one.column}", f"{one.tables:,}", f"{one.numbers:,}", f"-{one.share:.0%}", _error(one.error))
        for one in answer.savings
    ]
    rows += [
        (
            f"--length {one.length}",
            f"{one.tables:,}",
            f"{one.numbers:,}",
            f"-{1 - one.numbers / answer.numbers:.0%}",
            _error(one.error),
        )
        for one in answer.shorter
    ]
    if not rows:
        return []
    header = ("what to leave out", "tables", "noisy numbers", "", "error of the longest")
    return ["", *_table(header, rows)]


def precheck_text(answer: Precheck, people: int | None) -> str:
    """The whole answer as lines of text."""
    about = f"about {people:,} people" if people else "an unknown number of people (say --cases N)"
    first = f"{answer.variables} variables, {about}: {answer.tables:,} tables, {answer.numbers:,} noisy numbers."
    lines = [first, "Nothing was charged; no record was read.", ""]
    lines += _reach_lines(answer) if answer.reach else []
    lines += _typical_lines(answer)
    lines += _saving_lines(answer)
    lines += ["", *answer.warnings] if answer.warnings else []
    if answer.only_noise:
        lines.append("Nothing but noise would come out: this would be refused without --anyway.")
    return "\n".join(lines)
