"""The data files of linked tables as a Frictionless Data Package, which tells programs how the tables belong together.

Promise: made from the schemas and names alone; the foreign key leads from each linked row to its person.
Source: https://specs.frictionlessdata.io/tabular-data-package/
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctdc.release.info import ReleaseInfo
from ctdc.release.linked import FLATTENED, LinkedData, TableNames
from ctdc.release.linked_words import file_names, file_sentences
from ctdc.release.protected import AGGREGATE_COLUMNS, KEY, LINKED_SCHEMA, SCHEMA, read_json
from ctdc.release.vocabulary import LinkedWords
from ctdc.standard.languages import DEFAULT
from ctdc.standard.loader import load

DATAPACKAGE = "datapackage.json"
TYPES = {"length": "integer", "attributes": "string", "below_threshold": "boolean"}  # the other columns are numbers


def datapackage(data: LinkedData, info: ReleaseInfo, words: LinkedWords) -> dict[str, Any]:
    """The content of ``data/datapackage.json``."""
    schemas = _schemas(data, words)
    about = file_sentences(DEFAULT, words)
    resources = [
        {
            "name": name.replace("_", "-"),
            "path": f"{name}.csv",
            "profile": "tabular-data-resource",
            "description": about[role],
            "encoding": "utf-8",
            "schema": schemas[role],
        }
        for role, name in file_names(words).items()
    ]
    return {"profile": "tabular-data-package", "name": info.name, "title": info.title(DEFAULT), "resources": resources}


def describes(package: Any, data: LinkedData, words: LinkedWords) -> bool:
    """Whether a data package names these files with their schemas, whatever its language and wording.

    Of a table in a shape of another collaborative the names of the fields are compared.
    """
    resources = package.get("resources") if isinstance(package, dict) else None
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        return False
    schemas = _schemas(data, words)
    wanted = [(f"{name}.csv", schemas.get(role)) for role, name in file_names(words).items()]
    if [one.get("path") for one in resources] != [path for path, _ in wanted]:
        return False
    return all(
        one.get("schema") == schema if schema else _fields(one.get("schema")) == _columns(data.folder / path)
        for one, (path, schema) in zip(resources, wanted, strict=True)
    )


def _fields(schema: Any) -> list[Any]:
    fields = schema.get("fields") if isinstance(schema, dict) else None
    return [one.get("name") for one in fields if isinstance(one, dict)] if isinstance(fields, list) else []


def _columns(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream), [])


def _schemas(data: LinkedData, words: LinkedWords) -> dict[str, Any]:
    """The schema of each file by its role; none for one whose shape is a profile that the standard does not have."""
    found = dict.fromkeys(file_names(words), _counts())
    found |= {"main": _people(data), "linked": _rows(data, TableNames(words.main, words.linked))}
    if words.flattened:
        known = load().profiles.get(words.flattened)
        found[FLATTENED] = known.table_schema() if known else {}
    return found


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
