"""A release as one JSON-LD that search engines (schema.org/Dataset) and machine-learning tools (Croissant 1.1) read.

Promise: each file is there with its size and SHA-256; each column of the records is a field; how people are protected
and what is known to be distorted stand beside them. Addresses of files are relative to the document.
Sources: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html, https://schema.org/Dataset
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ctdc.release.manifest import FileEntry
from ctdc.release.metadata.facts import METADATA_TEXTS, SIMPLE_KINDS, ReleaseFacts, Table, media_type
from ctdc.release.protected import KEY
from ctdc.standard.languages import DEFAULT, LANGUAGES

CROISSANT = "croissant.json"
UP = "../"  # from the folder of the metadata to the release
_CONFORMS = "http://mlcommons.org/croissant/1.1"
_PARQUET = "application/x-parquet"  # the format's own word; the registered one is not known to its tools
_WHOLE = re.compile(r"0|[1-9][0-9]*")
NUMBERS_OF_VERSION = 3
_DATA_TYPES = {"integer": "sc:Integer", "boolean": "sc:Boolean", "string": "sc:Text", "number": "sc:Float"}
_BY_LANGUAGE = {"@container": "@language"}
_JSON: Mapping[str, str] = {"@type": "@json"}
# The context that the specification prescribes.
_CONTEXT: Mapping[str, Any] = {
    "@language": DEFAULT,
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", **_JSON},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": _BY_LANGUAGE,
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", **_JSON},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": _BY_LANGUAGE,
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(facts: ReleaseFacts) -> dict[str, Any]:
    """The content of ``metadata/croissant.json``."""
    publisher = {"@type": "Organization", "name": facts.info.publisher}
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _CONFORMS,
        "name": facts.info.name,
        "alternateName": facts.title,
        "description": facts.abstract(DEFAULT),
        "url": facts.address,
        "identifier": facts.urn,
        "version": _version(facts),
        "datePublished": facts.day,
        "license": facts.info.terms or METADATA_TEXTS.text(DEFAULT, "metadata.terms.none"),
        "citeAs": facts.citation(DEFAULT),
        "creator": publisher,
        "publisher": publisher,
        "isAccessibleForFree": True,
        "inLanguage": list(LANGUAGES),
        "keywords": facts.keywords,
        **_coverage(facts),
        "measurementTechnique": str(facts.privacy.get("mechanism", "differential privacy")),
        "variableMeasured": [
            {
                "@type": "PropertyValue",
                "name": words.name,
                "description": words.definitions[DEFAULT] or words.labels[DEFAULT],
            }
            for words in facts.vocabulary.variables
        ],
        "additionalProperty": [
            {"@type": "PropertyValue", "propertyID": f"privacy.{key}", "value": value}
            for key, value in facts.privacy_facts.items()
        ],
        "rai:personalSensitiveInformation": facts.protection(DEFAULT),
        "rai:dataLimitations": facts.distortions(DEFAULT),
        "distribution": [_file(file) for file in facts.files],
        "recordSet": [_records(facts, table) for table in facts.tables],
    }


def _version(facts: ReleaseFacts) -> str:
    """Three numbers with dots, which the format asks for: the publisher's own where it has that form, or the day."""
    parts = facts.info.version.split(".")
    if len(parts) <= NUMBERS_OF_VERSION and all(_WHOLE.fullmatch(part) for part in parts):
        return ".".join([*parts, "0", "0"][:NUMBERS_OF_VERSION])
    return f"{facts.created.year}.{facts.created.month}.{facts.created.day}"


def _coverage(facts: ReleaseFacts) -> dict[str, str]:
    return {} if facts.years is None else {"temporalCoverage": "/".join(facts.years)}


def _file(file: FileEntry) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": UP + file.path,
        "encodingFormat": _PARQUET if file.path.endswith(".parquet") else media_type(file.path),
        "contentSize": f"{file.bytes} B",
        "sha256": file.sha256,
    }


def _records(facts: ReleaseFacts, table: Table) -> dict[str, Any]:
    source = next(file.path for file in facts.files_of(table) if file.path.endswith(".parquet"))
    columns = [*([KEY] if table.keyed else []), *table.columns]
    about = {words.name: words.labels[DEFAULT] for words in table.variables or ()}
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{table.name}/{column}",
                "name": column,
                "description": about.get(column, column),
                "dataType": _data_type(table, column),
                "source": {"fileObject": {"@id": source}, "extract": {"column": column}},
            }
            for column in columns
        ],
    }


def _data_type(table: Table, column: str) -> str:
    if table.variables is not None:
        return "sc:Integer" if column == KEY and table.keyed else "sc:Text"
    return _DATA_TYPES[SIMPLE_KINDS.get(column, "number")]


def moved(document: Mapping[str, Any], base: str) -> dict[str, Any]:
    """The same description for a page elsewhere. base: address of the release's folder, with a slash at its end."""
    files = [
        {**file, "contentUrl": base + str(file["contentUrl"]).removeprefix(UP)} for file in document["distribution"]
    ]
    return {**document, "distribution": files}
