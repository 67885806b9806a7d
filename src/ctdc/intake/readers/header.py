"""Headers: which columns there are, which are missing, repeated or probably renamed.

Promise: a column is found by its exact name (white space evened out), never by position or likeness; likeness
only makes suggestions to the person who reads the error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from ctdc.foundation.errors import UserError
from ctdc.intake.model import TableSpec
from ctdc.intake.readers.frame import Needs
from ctdc.intake.text import column_key, counted
from ctdc.table.identifiers import heading_shown

_SHOWN = 12


def column_letter(position: int) -> str:
    """The spreadsheet letter of the column at `position` (0 is A)."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def suggestions(name: str, header: Sequence[str]) -> list[str]:
    """Up to three names of `header` that look like `name`."""
    lowered = {entry.lower(): entry for entry in reversed(header)}
    return [lowered[match] for match in get_close_matches(name.lower(), lowered, n=3, cutoff=0.6)]


def repeated(header: Sequence[str]) -> dict[str, list[str]]:
    """Names that stand more than once, with the letters of their columns."""
    counts = Counter(name for name in header if name)
    return {
        name: [column_letter(i) for i, other in enumerate(header) if other == name]
        for name, count in counts.items()
        if count > 1
    }


def clean_header(cells: Sequence[str]) -> tuple[str, ...]:
    """Header cells as column names; empty cells at the right end are no columns."""
    names = [column_key(cell) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def distinct(header: Sequence[str]) -> tuple[str, ...]:
    """`header` with a number after names that repeat, for copies that show every column."""
    seen: Counter[str] = Counter()
    names = []
    for name in header:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


def _missing_lines(missing: Sequence[str], header: Sequence[str]) -> str:
    parts = []
    for name in missing[:_SHOWN]:
        near = suggestions(name, header)
        parts.append(f"{name!r}" + (f" (renamed to {' or '.join(map(repr, near))}?)" if near else ""))
    more = len(missing) - _SHOWN
    return ", ".join(parts) + (f" and {more} more" if more > 0 else "")


def check_declared(header: Sequence[str], declared: Collection[str], where: str) -> None:
    """Raise UserError (``intake.columns_repeated``) when a column that is declared harmless stands twice.

    What was said of one would be taken for the other.
    """
    for name, letters in repeated(header).items():
        if name in declared:
            raise UserError(
                "intake.columns_repeated",
                f"The column {heading_shown(name)!r}, which the mapping declares harmless, stands {len(letters)} times "
                f"(columns {', '.join(letters)}); which of them is meant cannot be known.",
                where=where,
                allowed="one column of each name under 'harmless'",
                do="Rename or delete the extra column in the file and deliver it again.",
                facts={"file": where, "column": heading_shown(name), "positions": letters},
            )


@dataclass(frozen=True)
class HeaderPlace:
    """Where a header stands: in a sentence, and its parts by themselves."""

    said: str
    facts: dict[str, str]


def place_of(name: str, spec: TableSpec) -> HeaderPlace:
    """Where the header of a table stands. name: of the file."""
    sheet, row = spec.sheet or "", str(spec.header_row)
    said = f"{name}, sheet {sheet}, row {row}" if sheet else f"{name}, row {row}"
    return HeaderPlace(said, {"file": name} | ({"sheet": sheet} if sheet else {}) | {"row": row})


def check_header(header: Sequence[str], needs: Needs, where: HeaderPlace) -> None:
    """Raise UserError when a needed column is missing (``intake.columns_missing``) or stands twice
    (``intake.columns_repeated``)."""
    if not header:
        raise UserError(
            "intake.header_empty",
            "The header row is empty.",
            where=where.said,
            do="Check 'header_row' in the mapping: it is the row with the column names, as your program numbers rows.",
            facts=where.facts,
        )
    twice = {name: letters for name, letters in repeated(header).items() if needs.wants(name)}
    if twice and not needs.everything:
        name, letters = next(iter(twice.items()))
        raise UserError(
            "intake.columns_repeated",
            f"The column {name!r} stands {len(letters)} times (columns {', '.join(letters)}); "
            "which of them is meant cannot be known.",
            where=where.said,
            allowed="column names that are all different",
            do="Rename or delete the extra column in the file and deliver it again.",
            facts={**where.facts, "column": name, "positions": letters},
        )
    missing = sorted(needs.columns - set(header))
    if missing:
        raise UserError(
            "intake.columns_missing",
            f"The file lacks {counted(len(missing), 'column', 'columns')} that the mapping reads: "
            f"{_missing_lines(missing, header)}.",
            where=where.said,
            allowed=", ".join(map(heading_shown, header[:60])) + (" ..." if len(header) > 60 else ""),
            do="If columns were renamed, correct the mapping; if this is another form, it needs a mapping of its own.",
            facts={**where.facts, "columns": missing[:60], "found": [heading_shown(one) for one in header[:60] if one]},
        )
