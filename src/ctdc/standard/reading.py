"""Reads the standard's data files: CSV with a fixed header, TOML, nothing else.

Promise: a file that is not what it should be is refused with its name and line, never read halfway. CSV and TOML
rather than YAML, because YAML turns the codes ``NO``, ``on`` and ``01`` into other things.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ctdc.foundation.collaborative import COMPLETE, SHIPPED, read
from ctdc.foundation.errors import UserError
from ctdc.standard.languages import LANGUAGES
from ctdc.standard.model import Labels

WITHOUT_TEXTS = ("country_names.csv", "country_policy.csv")


def broken(what: str, where: str) -> UserError:
    """The error for a standard that does not agree with itself."""
    return UserError(
        "standard.broken",
        what,
        where=where,
        do="Correct the data file of the standard; the checks are listed in docs/reference/standard.md.",
    )


def rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """(place, row) for each line of a CSV file that has `columns`, in any order; the place is file:line.

    Columns of languages that are not served may stand beside them: files serve collaboratives of fewer languages too.
    """
    if not path.is_file():
        raise broken("A data file of the standard is missing.", str(path))
    with path.open(encoding="utf-8", newline="") as stream:
        lines = csv.reader(stream, strict=True)
        header = next(lines, [])
        if not set(columns) <= set(header) or len(set(header)) < len(header) or _strange(header, columns):
            raise broken(f"The header is {header}, not {list(columns)}.", f"{path.name}:1")
        for cells in lines:
            place = f"{path.name}:{lines.line_num}"
            if len(cells) != len(header):
                raise broken(f"The line has {len(cells)} cells, not {len(header)}.", place)
            yield place, dict(zip(header, cells, strict=True))


def _strange(header: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether there is a column that is neither asked for nor the text of a language."""
    return any(name not in columns and name.removeprefix("definition_") not in COMPLETE for name in header)


def part(folder: Path, name: str) -> Path:
    """A file of the standard in `folder`; the shipped one where a collaborative leaves it to the software.

    Raises UserError (``standard.broken``) for one with texts, where a language is served that the software lacks.
    """
    own = folder / name
    if own.exists() or folder == shipped():
        return own
    lacking = [language for language in LANGUAGES if language not in COMPLETE]
    if lacking and name not in WITHOUT_TEXTS:
        what = f"The software's own {name} has no texts in {lacking[0]!r}; copy it from {shipped()} and add them."
        raise broken(what, str(own))
    return shipped() / name


@cache
def shipped() -> Path:
    """The standard that comes with the software."""
    return read(SHIPPED).places["standard"]


def rows_if_there(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """`rows` of a file that a standard may do without."""
    return rows(path, columns) if path.is_file() else iter(())


def toml(path: Path) -> dict[str, Any]:
    """A TOML file as nested dictionaries."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise broken(f"The file cannot be read: {error}.", path.name) from None


def texts(row: Mapping[str, str], place: str, prefix: str = "") -> Labels:
    """The row's text in each language. Raises when one is empty or has spaces around it."""
    found = {language: str(row.get(prefix + language, "")) for language in LANGUAGES}
    for language, text in found.items():
        if not text or text != text.strip():
            raise broken(f"The text in {language!r} is {'missing' if not text else 'surrounded by spaces'}.", place)
    return MappingProxyType(found)


def add(into: dict[str, Any], key: str, value: Any, place: str) -> None:
    """Put a new entry into `into`. Raises when the key is empty or there already."""
    if not key or key in into:
        raise broken(f"The entry {key!r} is {'there twice' if key else 'empty'}.", place)
    into[key] = value
