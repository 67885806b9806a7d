"""What the workbench says, in the reader's language: sentences, numbers, and errors of the rooms below in plain words.

Promise: every sentence comes from the catalogues; an error that has no sentence of its own is shown as it was written,
in English and marked as such, under a sentence in the reader's language. What is shown of an error is shown to the
keeper of the table only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.lists import format_list

from ctdc.foundation.errors import UserError
from ctdc.hub.problems import sentence_of
from ctdc.hub.workbench.child import FAULT
from ctdc.release.numbers import number, percent, significant, size
from ctdc.release.texts import Catalogue

WORKBENCH_TEXTS = Catalogue(Path(__file__).parent / "texts")
COLUMN = re.compile(r"column '(.*)'", re.DOTALL)
ROW = re.compile(r"first in row (\d+)|after row ([\d,]+)")
NAMED = re.compile(r"(?:column|field|variable) '([^']*)'")


@dataclass(frozen=True)
class Said:
    """An error in words. what: a sentence in the reader's language; detail: lines as they were written, in English."""

    what: str
    detail: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """The words of one language. in_studio: what has a sentence of its own within a studio is said so."""

    language: str
    in_studio: bool = False

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence `key`, its placeholders filled."""
        return WORKBENCH_TEXTS.text(
            self.language, self._key(key), **{name: str(value) for name, value in values.items()}
        )

    def _key(self, key: str) -> str:
        """The key of what is said here."""
        own = f"{key}.studio"
        return own if self.in_studio and own in WORKBENCH_TEXTS.messages(self.language) else key

    def many(self, key: str, count: int, **values: Any) -> str:
        """The sentence `key` in the plural form of `count`, which fills ``{n}``."""
        said = {name: str(value) for name, value in values.items()}
        return WORKBENCH_TEXTS.plural(self.language, self._key(key), count, n=number(self.language, count), **said)

    def number(self, value: float, digits: int = 0) -> str:
        """A number."""
        return number(self.language, value, digits)

    def error(self, value: float) -> str:
        """A standard error, with a decimal where it is small."""
        return number(self.language, value, 1 if value < 100 else 0)

    def share(self, value: float, digits: int = 1) -> str:
        """A share from 0 to 1."""
        return percent(self.language, value, digits)

    def figures(self, value: float) -> str:
        """A number with three significant figures."""
        return significant(self.language, value, 3)

    def size(self, value: int) -> str:
        """An amount of bytes."""
        return size(self.language, value)

    def several(self, items: list[str]) -> str:
        """Items as one list with "and"."""
        return str(format_list(items, locale=self.language))

    def said(self, error: UserError | Mapping[str, Any]) -> Said:
        """An error in words."""
        detail = error.detail.as_dict() if isinstance(error, UserError) else dict(error)
        code = str(detail.get("code", ""))
        lines = tuple(str(detail[part]) for part in ("what", "where", "allowed", "do") if detail.get(part))
        messages = WORKBENCH_TEXTS.messages(self.language)
        key = sentence_of(code, messages) or ("error.fault" if code == FAULT else "error.other")
        return Said(self(key, **_values(detail)), lines)


def _values(detail: Mapping[str, Any]) -> dict[str, str]:
    """What sentences about errors may name: the column, the first row, what is allowed."""
    where, what = str(detail.get("where", "")), str(detail.get("what", ""))
    column, row = COLUMN.search(where) or NAMED.search(what), ROW.search(where)
    return {
        "column": column.group(1) if column else where,
        "row": next(part for part in row.groups() if part) if row else "?",
        "allowed": str(detail.get("allowed", "")),
        "where": where,
    }
