"""A new collaborative: a folder that is complete, small and commented, and that runs as it is.

Promise: it is a copy of one that the software ships and tests; the folder appears whole or not at all, and nothing that
is there is overwritten. What was chosen (name, languages) is changed in the copy, and nothing else is.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from ctdc.foundation.collaborative import MARKER, NAME, PARTS, SHIPPED, Collaborative, read
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_folder, check_new_folder

SOURCES = {"example": SHIPPED.parent / "work-accidents", "trafficking": SHIPPED}
BY_LANGUAGE = frozenset({".toml", ".yaml"})
LEFT_OUT = re.compile(r"(__pycache__|README\.md)")


def make_collaborative(target: Path, source: str, languages: Sequence[str] = ()) -> Collaborative:
    """Write a collaborative into the new folder `target`, whose name becomes its id. source: one of `SOURCES`;
    languages: some of the source's, the first is the default; all of them where none are given.

    Raises UserError (``init.name``, ``init.language``, ``files.exists``).
    """
    if not NAME.fullmatch(target.name):
        raise UserError(
            "init.name",
            f"{target.name!r} cannot be the name of a collaborative.",
            allowed="lower-case letters, digits and single hyphens: work-accidents",
        )
    pattern = read(SOURCES[source])
    chosen = tuple(dict.fromkeys(languages)) or pattern.languages
    if unknown := [code for code in chosen if code not in pattern.languages]:
        raise UserError(
            "init.language",
            f"What this begins from has no words in {unknown[0]!r}.",
            allowed=", ".join(pattern.languages),
            do="Begin with some of these, and add the language afterwards: docs/tutorial/your-own-collaborative.md.",
        )
    check_new_folder(target)
    with atomic_folder(target) as folder:
        _copy(pattern, folder)
        _leave_out(folder, set(pattern.languages) - set(chosen))
        _rewrite(folder / MARKER, target.name, chosen)
    return read(target.resolve())


def _copy(pattern: Collaborative, folder: Path) -> None:
    for path in sorted(pattern.folder.iterdir()):
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    for name, usual in PARTS.items():
        part = pattern.part(name)
        if part is not None:
            (folder / usual).parent.mkdir(parents=True, exist_ok=True)
            if part.is_dir():
                shutil.copytree(
                    part, folder / usual, ignore=lambda _, names: [n for n in names if LEFT_OUT.fullmatch(n)]
                )
            else:
                shutil.copyfile(part, folder / usual)


def _leave_out(folder: Path, languages: set[str]) -> None:
    """Remove files and folders that are of one language alone."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and path.suffix in BY_LANGUAGE and path.stem in languages:
            path.unlink()
        elif path.is_dir() and path.name in languages:
            shutil.rmtree(path)


def _rewrite(path: Path, name: str, languages: Sequence[str]) -> None:
    """Put the chosen id and languages into the description, and take out where the pattern's parts lie."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r'(?m)^id = ".*"', f'id = "{name}"', text, count=1)
    listed = ", ".join(f'"{code}"' for code in languages)
    text = re.sub(r"(?m)^languages = \[.*?\]", f"languages = [{listed}]", text, count=1)
    text = re.sub(r"(?ms)^(# [^\n]*\n)?\[parts\]\n.*\Z", "", text)
    path.write_text(text.rstrip() + "\n", encoding="utf-8")
