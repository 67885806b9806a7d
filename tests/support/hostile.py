"""Hostile input for tests: values that nobody means, documents with one thing wrong, and the command line as it is run.

A call of a command is whole or nothing: it ends with 0 and what it promised, or with a sentence, no traceback, and
every file as it was.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ctdc.cli.main import main
from ctdc.foundation.hashing import hash_file

NUMBERS = (
    *("0", "-0.0", "-1", "nan", "inf", "-inf", "5e-324", "1e-300", "1e-9", "1e308", "1e400", "9" * 400, "1" + "0" * 18),
    *("", " ", "abc", "1,5", "0x10", "٣", "1e", "--"),
)
NAMES = ("", " ", "zz", "a,a", "..", "/", "a\nb", "\udcff", "é", "x" * 300, "'; --", "$(id)", "=1+1")
VALUES = (
    *(None, True, False, 0, -1, 1, 2**63, 10**299, 0.5, -0.0, 1e308, 5e-324),
    *("", " ", "0", "x", "é", "\u200f", "a\nb", "x" * 1000, "2001-02-30", "nan", [], {}),
    *([[]], [None], {"": None}, ["x", "x"]),
)  # fmt: skip


def numbers() -> st.SearchStrategy[str]:
    """Numbers as somebody could type them, most of them senseless."""
    return st.sampled_from(NUMBERS) | st.floats().map(repr) | st.integers().map(str)


def names() -> st.SearchStrategy[str]:
    """Texts where a name is asked for. No NUL: the system does not let one through."""
    return st.sampled_from(NAMES) | st.text(st.characters(exclude_characters="\0"), max_size=8)


def values() -> st.SearchStrategy[Any]:
    """What may stand in a JSON file."""
    return st.sampled_from(VALUES).map(copy.deepcopy) | st.recursive(
        st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    )


def places(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a document."""
    if at:
        yield at
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inner:
        yield from places(value, (*at, key))


@st.composite
def changed(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to three things taken out, put elsewhere, or another value in their place."""
    result = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        paths = list(places(result))
        if not paths:
            return draw(values())
        *way, last = draw(st.sampled_from(paths))
        holder = result
        for key in way:
            holder = holder[key]
        act = draw(st.sampled_from(("replace", "remove", "double", "swap", "rename")))
        if act == "remove":
            del holder[last]
        elif act == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))
        elif act == "rename" and isinstance(holder, dict):
            holder[draw(st.text(max_size=3))] = holder.pop(last)
        elif act == "swap":
            other = draw(st.sampled_from(paths))
            found = result
            for key in other:
                found = found[key] if isinstance(found, list | dict) else found
            holder[last] = copy.deepcopy(found)
        else:
            holder[last] = draw(values())
    return result


def toml_of(value: Any) -> str:
    """A document as TOML in which all but the top is inline. None, which TOML lacks, becomes an empty text."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml_of(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    return json.dumps(value) if value is not None else '""'


def toml_document(document: Any) -> str:
    """The file of a document; what is no table becomes one that holds it."""
    table = document if isinstance(document, dict) else {"value": document}
    return "".join(f"{json.dumps(key)} = {toml_of(value)}\n" for key, value in table.items())


@dataclass(frozen=True)
class Said:
    """What a call of ``ctdc`` said and did. changed: files that are new, gone or other than before."""

    code: int
    out: str
    err: str
    changed: frozenset[str]

    def is_a_refusal(self) -> bool:
        """A sentence with an exit code of its own, and nothing else happened. Says what is not so."""
        assert self.code in (2, 3, 4), (self.code, self.err)
        assert "Error: " in self.err, self.err
        assert "Traceback" not in self.out + self.err, self.err
        assert not self.changed, (self.changed, self.err)
        return True


def files(folder: Path) -> dict[str, str]:
    """Every file and folder below `folder` with its hash; locks, which are empty, left out."""
    found = (path for path in folder.rglob("*") if not path.name.endswith(".lock"))
    return {path.relative_to(folder).as_posix(): hash_file(path) if path.is_file() else "" for path in found}


def ctdc(folder: Path, *arguments: object) -> Said:
    """Run ``ctdc`` in `folder`. What is not turned into a message, an exception of ours, leaves this function too."""
    before, out, err = files(folder), io.StringIO(), io.StringIO()
    here = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main([str(argument) for argument in arguments])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        os.chdir(here)
    after = files(folder)
    other = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return Said(code, out.getvalue(), err.getvalue(), frozenset(other))
