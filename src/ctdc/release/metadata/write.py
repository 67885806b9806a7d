"""The files of metadata and further formats that a release gets, made from what it has already.

Promise: a function of its inputs alone. The tables come first, because the metadata state their hashes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ctdc.release.linked import LinkedData
from ctdc.release.metadata.cite import BIBTEX, CFF, RIS, bibtex, cff, ris
from ctdc.release.metadata.croissant import CROISSANT, croissant
from ctdc.release.metadata.dcat import DCAT, dcat
from ctdc.release.metadata.ddi import DDI, ddi
from ctdc.release.metadata.facts import DATA, METADATA, ReleaseFacts
from ctdc.release.metadata.hxl import HXL, hxl
from ctdc.release.metadata.package import package
from ctdc.release.metadata.registry import REGISTRY, registry_entry
from ctdc.release.metadata.sheets import fits_excel, tsv, xlsx
from ctdc.release.protected import SCHEMA, ProtectedData, read_json
from ctdc.release.vocabulary import VariableWords, Vocabulary

PACKAGE = f"{DATA}datapackage.json"


def more_tables(
    data: ProtectedData | LinkedData, vocabulary: Vocabulary, facts: ReleaseFacts
) -> dict[str, tuple[bytes, int]]:
    """The records as text with tabs and as a workbook, by path, with their numbers of rows.

    facts: of a release without these files. A table that no sheet can hold has no workbook.
    """
    found = {}
    for name, (records, words) in records_of(data, vocabulary).items():
        found[f"{DATA}{name}.tsv"] = (tsv(records), records.height)
        if fits_excel(records.height):
            found[f"{DATA}{name}.xlsx"] = (xlsx(facts, name, records, words), records.height)
    return found


def records_of(
    data: ProtectedData | LinkedData, vocabulary: Vocabulary
) -> dict[str, tuple[pl.DataFrame, Sequence[VariableWords]]]:
    """The records of each table with the words of their variables, by what the table's files are called."""
    if isinstance(data, ProtectedData):
        return {data.files.records: (data.records, vocabulary.variables)}
    linked = vocabulary.linked
    if linked is None:
        raise TypeError("linked tables have the words of one table")
    return {linked.main: (data.people, vocabulary.variables), linked.linked: (data.rows, linked.variables)}


def metadata_files(data: ProtectedData | LinkedData, facts: ReleaseFacts) -> dict[str, bytes]:
    """The content of each file of metadata, by path. facts: of a release with all of its tables."""
    people = data.main if isinstance(data, LinkedData) else data
    files = {
        CROISSANT: _json(croissant(facts)),
        DCAT: _json(dcat(facts)),
        DDI: ddi(facts),
        CFF: cff(facts).encode(),
        BIBTEX: bibtex(facts).encode(),
        RIS: ris(facts).encode(),
        HXL: hxl(people),
        REGISTRY: registry_entry(facts).encode(),
    }
    found = {f"{METADATA}/{name}": content for name, content in files.items()}
    if isinstance(data, ProtectedData):
        found[PACKAGE] = _json(package(facts, read_json(data.folder / SCHEMA)))
    return found


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()
