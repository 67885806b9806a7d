"""YAML in which every scalar is the text that the writer sees.

Promise: no YAML 1.1 typing (``NO``, ``on``, ``01`` and ``12:30`` stay what they are), no repeated keys that
silently replace one another, no anchors (which can unfold to gigabytes), no tags, no second document, no nesting
without end; every refusal names the line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ctdc.foundation.errors import UserError

MAX_BYTES = 2_000_000
MAX_DEPTH = 50  # the parser's time grows with the square of what is open at once


def _refuse(what: str, where: str, node_mark: Any, do: str) -> UserError:
    line = f", line {node_mark.line + 1}" if node_mark is not None else ""
    return UserError("intake.yaml", what, where=where + line, do=do)


class _TextLoader(yaml.BaseLoader):
    """PyYAML's base loader (all scalars are text) with repeated keys refused."""

    where = ""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _refuse("A key is not a plain text.", self.where, key_node.start_mark, "Write keys as words.")
            if key_node.value in result:
                raise _refuse(
                    f"The key {key_node.value!r} stands twice in one place; one of the two would be lost.",
                    self.where,
                    key_node.start_mark,
                    "Remove one, or make a list of the two.",
                )
            result[key_node.value] = self.construct_object(value_node, deep=True)
        return result


# The base loader's own constructor for mappings ignores the override unless it is registered again.
_TextLoader.add_constructor("tag:yaml.org,2002:map", _TextLoader.construct_mapping)


def _check_events(text: str, where: str) -> None:
    documents = depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _refuse(
                f"The file is nested deeper than {MAX_DEPTH} levels.", where, event.start_mark, "Close lists and maps."
            )
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _refuse(
                "Anchors and aliases (& and *) are not allowed here.",
                where,
                event.start_mark,
                "Write the text out; put quotes around a text that begins with & or *.",
            )
        if (tag := getattr(event, "tag", None)) is not None:
            raise _refuse(
                f"The tag {tag!r} is not allowed here.",
                where,
                event.start_mark,
                "Put quotes around a text that begins with !.",
            )
        documents += isinstance(event, yaml.DocumentStartEvent)
    if documents != 1:
        raise UserError("intake.yaml", f"The file holds {documents} YAML documents.", where=where, allowed="one")


def parse_yaml_text(text: str, where: str) -> Any:
    """Parse `text`; lists, dictionaries and texts only. Raises UserError (``intake.yaml``) with the line."""
    try:
        _check_events(text, where)
        loader = _TextLoader(text)
        loader.where = where
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _refuse(
            f"This is not valid YAML: {error.problem or error.context}.",
            where,
            mark,
            "Look at the indentation and the quotes of this line and the one above it.",
        ) from None
    except yaml.YAMLError as error:
        raise UserError("intake.yaml", f"This is not valid YAML: {error}.", where=where) from None


def read_yaml_text(path: Path) -> Any:
    """Read a YAML file of at most 2 MB. Raises UserError (``intake.yaml``) for what is missing, too long or wrong."""
    if not path.is_file():
        raise UserError(
            "intake.mapping_missing",
            "There is no mapping.yaml here.",
            where=str(path),
            do="Name the folder of a mapping, or the id of a shipped one ('ctdc intake mappings' lists them).",
        )
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise UserError(
            "intake.yaml", f"The file has {len(data)} bytes.", where=str(path), allowed=f"{MAX_BYTES} bytes"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            "intake.yaml", f"The file is not UTF-8 (byte {error.start}).", where=str(path), do="Save it as UTF-8."
        ) from None
    return parse_yaml_text(text, str(path))
