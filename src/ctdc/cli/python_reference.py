"""Writes docs/reference/python.md from the docstrings of what programs may use; a test compares the two.

Run as ``python -m ctdc.cli.python_reference FILE`` ('make docs').
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ctdc.foundation.files import write_text

HEAD = """# Python reference

<!-- Written by 'make docs' from the docstrings; do not edit. -->

What programs may use and what keeps its names until the next major version. Everything else can be imported and may
change. Examples: [Analyse a release](../how-to/analyse-a-release.md).
"""
# Module -> the names in it that programs may use, in the order of the page.
PUBLIC: dict[str, tuple[str, ...]] = {
    "ctdc": ("load",),
    "ctdc.release.client": ("Release", "Told", "Codebook"),
    "ctdc.release.analysis": ("Analysis",),
    "ctdc.release.answers": ("Answer", "Level"),
    "ctdc.release.linked_analysis": ("LinkedAnalysis",),
    "ctdc.release.verify": ("verify", "VerifyReport"),
    "ctdc.release.certificate.file": ("read_certificate",),
    "ctdc.hub.site.kit.spec": ("ChartSpec",),
    "ctdc.table.declare": ("parse_declaration", "Declaration"),
    "ctdc.foundation.errors": ("UserError", "Refused"),
}


class _Type:
    """A type as it was written, without the modules that it comes from."""

    def __init__(self, written: Any) -> None:
        text = written if isinstance(written, str) else inspect.formatannotation(written)
        self._text = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", text)

    def __repr__(self) -> str:
        return self._text


def _typed(written: Any) -> Any:
    return written if written is inspect.Parameter.empty else _Type(written)


def _signature(name: str, thing: Any) -> str:
    """A call as one writes it."""
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    given = [one.replace(annotation=_typed(one.annotation)) for one in found.parameters.values() if one.name != "self"]
    returned = inspect.Signature.empty if inspect.isclass(thing) else _typed(found.return_annotation)
    return name + str(found.replace(parameters=given, return_annotation=returned)).replace("<factory>", "...")


def _doc(thing: Any) -> str:
    """A docstring as Markdown: two backticks are one."""
    return (inspect.getdoc(thing) or "").replace("``", "`")


def _members(cls: type) -> Iterator[tuple[str, Any, bool]]:
    """What a class defines itself for others: its methods and properties, each with whether it is called."""
    for name, member in vars(cls).items():
        inner = getattr(member, "func", None) or getattr(member, "fget", None) or getattr(member, "__func__", member)
        if not name.startswith("_") and callable(inner) and inspect.getdoc(inner):
            yield name, inner, callable(member) or isinstance(member, classmethod | staticmethod)


def _section(module: str, name: str) -> list[str]:
    thing = getattr(importlib.import_module(module), name)
    lines = [f"## {name}", "", f"`from {module} import {name}`", ""]
    lines += ["```python", _signature(name, thing), "```", "", _doc(thing), ""]
    if inspect.isclass(thing):
        for member, inner, called in _members(thing):
            lines += [f"### {name}.{member}", "", "```python"]
            lines += [_signature(member, inner) if called else member, "```", "", _doc(inner), ""]
    return lines


def reference() -> str:
    """The whole page."""
    sections = [line for module, names in PUBLIC.items() for name in names for line in _section(module, name)]
    return HEAD + "\n" + "\n".join(sections)


def main(path: str) -> None:
    """Write the page to `path`."""
    write_text(Path(path), reference().rstrip() + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
