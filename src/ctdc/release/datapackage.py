"""The data files of linked tables as a Frictionless Data Package, which tells programs how the tables belong together.

Promise: made from the schemas and names alone; the foreign key leads from each linked row to its person.
Source: https://specs.frictionlessdata.io/tabular-data-package/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctdc.release.info import ReleaseInfo
from ctdc.release.linked import FLATTENED, LinkedData, TableNames
from ctdc.release.linked_words import file_names, file_sentences
from ctdc.release.protected import AGGREGATE_COLUMNS, KEY, LINKED_SCHEMA, SCHEMA, read_json
from ctdc.release.vocabulary import LinkedWords
from ctdc.standard.loader import load

DATAPACKAGE = "datapackage.json"
TYPES = {"length": "integer", "attributes": "string", "below_threshold": "boolean"}  # the other columns are numbers


def datapackage(data: LinkedData, info: ReleaseInfo, words: LinkedWords) -> dict[str, Any]:
    """The content of ``data/datapackage.json``."""
    names = TableNames(words.main, words.linked)
    schemas = {"main": _people(data), "linked": _rows(data, names)}
    if words.flattened:
        schemas[FLATTENED] = load().profile(words.flattened).table_schema()
    about = file_sentences("en", words)
    resources = [
        {
            "name": name.replace("_", "-"),
            "path": f"{name}.csv",
            "profile": "tabular-data-resource",
            "description": about[role],
            "encoding": "utf-8",
            "schema": schemas.get(role) or _counts(),
        }
        for role, name in file_names(words).items()
    ]
    return {"profile": "tabular-data-package", "name": info.name, "title": info.title("en"), "resources": resources}


def _keyed(document: Mapping[str, Any]) -> dict[str, Any]:
    key = {"name": KEY, "type": "integer", "constraints": {"required": True}}
    return {"fields": [key, *document["fields"]], "missingValues": [""]}


def _people(data: LinkedData) -> dict[str, Any]:
    return {**_keyed(read_json(data.folder / SCHEMA)), "primaryKey": [KEY]}


def _rows(data: LinkedData, names: TableNames) -> dict[str, Any]:
    reference = {"resource": names.main.replace("_", "-"), "fields": [KEY]}
    return {
        **_keyed(read_json(data.folder / LINKED_SCHEMA)),
        "foreignKeys": [{"fields": [KEY], "reference": reference}],
    }


def _counts() -> dict[str, Any]:
    return {"fields": [{"name": name, "type": TYPES.get(name, "number")} for name in AGGREGATE_COLUMNS]}
