"""What the columns of the ready tables are called, for whoever writes, describes or checks them."""

from __future__ import annotations

from collections.abc import Iterator

READY = "tables"  # what the files are called, without language and end
KEY = ("table", "among_variable", "among_code", "variable", "code", "variable_2", "code_2")
WHOLE = ("denominator", "denominator_low", "denominator_high", "denominator_source")
PEOPLE = ("count", "low", "high", "source", "too_few")
SHARES = ("share", "share_low", "share_high")
COLUMNS = (*KEY, *PEOPLE, *SHARES, *WHOLE)
TEXTS = frozenset({*KEY, "source", "denominator_source"})
KINDS = {"too_few": "boolean"} | {name: "number" for name in COLUMNS if name not in {*TEXTS, "too_few"}}


def labelled_columns() -> Iterator[str]:
    """The columns of a table in a language: each label after what it is the label of."""
    for name in COLUMNS:
        yield name
        if name in KEY:
            yield f"{name}_label"
