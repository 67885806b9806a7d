"""docs/reference/declaration.schema.json says of a declaration what the program says."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

from ctdc.foundation.errors import UserError
from ctdc.table.bands import DATE_KEYS, RULES
from ctdc.table.declare import FIELD_KEYS, TABLE_KEYS, parse_declaration

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCS / "reference" / "declaration.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def shown() -> Iterator[dict[str, Any]]:
    """Every declaration and field that the pages show."""
    for page in (DOCS / "how-to" / "any-table.md", DOCS / "replication" / "adapting.md"):
        for token in MarkdownIt("commonmark").parse(page.read_text("utf-8")):
            if token.type == "fence" and re.match(r"json (\S+\.schema\.json|field)$", token.info):
                document = json.loads(token.content)
                yield {"fields": [document]} if token.info == "json field" else document


DECLARATIONS = list(shown())


def test_the_schema_is_one_and_names_every_key() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["ctdc"]["properties"].keys() == TABLE_KEYS
    field = SCHEMA["$defs"]["field"]["properties"]["ctdc"]["properties"]
    assert field.keys() == FIELD_KEYS
    bands = SCHEMA["$defs"]["bands"]["oneOf"][1]["properties"]
    assert bands.keys() == DATE_KEYS
    assert all(set(bands[side]["enum"]) == set(RULES) for side in ("below", "above", "outside"))


@pytest.mark.parametrize("document", DECLARATIONS)
def test_what_the_pages_show_is_right_for_both(document: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(document)
    assert parse_declaration(document, "page").schema.variables


def broken() -> Iterator[dict[str, Any]]:
    """Declarations with one thing wrong that a schema can see."""
    good = DECLARATIONS[0]
    for change in (
        lambda one: one.pop("fields"),
        lambda one: one["fields"].clear(),
        lambda one: one["fields"][0].pop("name"),
        lambda one: one["fields"][2].pop("constraints"),
        lambda one: one["fields"][2]["ctdc"].update(split=""),
        lambda one: one["fields"][2]["ctdc"].update(unknown=1),
        lambda one: one["fields"][3]["ctdc"].update(zero_is_value="yes"),
        lambda one: one["fields"][0].update(type="string"),
        lambda one: one["fields"][0]["ctdc"]["bands"].update(above="nothing"),
        lambda one: one["fields"][0]["ctdc"]["bands"].pop("edges"),
        lambda one: one["fields"][1]["ctdc"]["bands"].update(by="week"),
        lambda one: one["fields"][1]["ctdc"]["bands"].pop("to"),
        lambda one: one["ctdc"].update(max_rows=0),
        lambda one: one["ctdc"].update(delimiter=";;"),
        lambda one: one["ctdc"].update(rows=3),
    ):
        document = copy.deepcopy(good)
        change(document)
        yield document


@pytest.mark.parametrize("document", list(broken()))
def test_what_the_schema_refuses_the_program_refuses(document: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(UserError):
        parse_declaration(document, "page")
