"""A release with one table as a Frictionless Data Package, which stands beside the data so that its paths lead nowhere
else; linked tables have one of their own (`ctdc.release.datapackage`).

Promise: the types and codes are those of the table's own schema; how people are protected stands in it.
Source: https://specs.frictionlessdata.io/tabular-data-package/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctdc.release.metadata.facts import DATA, SIMPLE_KINDS, ReleaseFacts, Table
from ctdc.release.ready.columns import KINDS, READY, labelled_columns
from ctdc.standard.languages import DEFAULT


def package(facts: ReleaseFacts, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The content of ``data/datapackage.json``. schema: the content of ``data/schema.json``."""
    return {
        "profile": "tabular-data-package",
        "name": facts.info.name,
        "id": facts.urn,
        "title": facts.title,
        "description": facts.abstract(DEFAULT),
        "version": facts.version,
        "created": f"{facts.day}T00:00:00Z",
        "keywords": facts.keywords,
        "contributors": [{"title": facts.info.publisher, "role": "publisher"}],
        **({} if facts.address == facts.urn else {"homepage": facts.address}),
        **_licences(facts),
        "privacy": facts.privacy_facts,
        "knownDistortions": facts.distortions(DEFAULT),
        "resources": [*(_resource(facts, table, schema) for table in facts.tables), *_ready(facts)],
    }


def _licences(facts: ReleaseFacts) -> dict[str, Any]:
    if not facts.terms_address:
        return {}
    return {"licenses": [{"path": facts.terms_address, "title": "Terms of use"}]}


def _resource(facts: ReleaseFacts, table: Table, schema: Mapping[str, Any]) -> dict[str, Any]:
    file = next(file for file in facts.files_of(table) if file.path.endswith(".csv"))
    counts = {"fields": [{"name": name, "type": SIMPLE_KINDS.get(name, "number")} for name in table.columns]}
    records = {"fields": schema["fields"], "missingValues": [""]}
    return {
        "name": table.name,
        "path": file.path.removeprefix(DATA),
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "schema": counts if table.variables is None else records,
    }


def _ready(facts: ReleaseFacts) -> list[dict[str, Any]]:
    """The ready tables in the default language."""
    found = (file for file in facts.files if file.path == f"{DATA}{READY}.{DEFAULT}.csv")
    return [
        {
            "name": READY,
            "path": file.path.removeprefix(DATA),
            "profile": "tabular-data-resource",
            "description": "Tables that people ask for, ready to use: people and shares with their 95 % intervals.",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "bytes": file.bytes,
            "hash": f"sha256:{file.sha256}",
            "schema": {"fields": [{"name": name, "type": KINDS.get(name, "string")} for name in labelled_columns()]},
        }
        for file in found
    ]
