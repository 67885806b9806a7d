"""Whether the further formats and the metadata of a release say what its data say.

Promise: a file that an older release does not have is not missed; one that is there is compared with the records, the
counts, the code book, the privacy facts and the manifest. Wording is not compared, so that a release stays good when a
later version of the programs words something better.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import yaml
from python_calamine import CalamineError, CalamineWorkbook

from ctdc.release.checks import DIFFERENT_FILES, Problem, Problems
from ctdc.release.linked import LinkedData
from ctdc.release.manifest import Manifest
from ctdc.release.metadata.croissant import CROISSANT, UP
from ctdc.release.metadata.dcat import DCAT
from ctdc.release.metadata.ddi import DDI, NAMESPACE
from ctdc.release.metadata.facts import DATA, METADATA, PRIVACY_FACTS
from ctdc.release.metadata.hxl import HXL, NUMBERS, hxl
from ctdc.release.metadata.registry import REGISTERED, REGISTRY
from ctdc.release.metadata.write import PACKAGE, records_of
from ctdc.release.protected import ProtectedData, read_json
from ctdc.release.vocabulary import VariableWords, Vocabulary
from ctdc.release.yamls import parse_yaml


def formats_agree(
    folder: Path, manifest: Manifest, data: ProtectedData | LinkedData, vocabulary: Vocabulary
) -> Problems:
    """Everything of a release that these modules wrote, as far as it is there."""
    paths = {entry.path for entry in manifest.files}
    people = data.main if isinstance(data, LinkedData) else data
    if people.files.keyed != (vocabulary.linked is not None) or people.files.keyed != bool(manifest.linked):
        return  # another check says what is wrong
    try:
        tables = records_of(data, vocabulary)
    except pl.exceptions.PolarsError:  # as before
        return
    for name, (records, _) in tables.items():
        yield from _tables(folder, paths, name, records)
    for path in (f"{METADATA}/{CROISSANT}", f"{METADATA}/{DCAT}", PACKAGE):
        if path in paths and not (path == PACKAGE and manifest.linked):  # which has a check and a form of its own
            yield from _hashes(read_json(folder / path), path, manifest)
    if f"{METADATA}/{CROISSANT}" in paths:
        yield from _privacy(read_json(folder / METADATA / CROISSANT), people.privacy)
    if f"{METADATA}/{REGISTRY}" in paths:
        yield from _registered(folder / METADATA / REGISTRY, people.privacy)
    if f"{METADATA}/{DDI}" in paths:
        yield from _variables((folder / METADATA / DDI).read_bytes(), vocabulary)
    if f"{METADATA}/{HXL}" in paths and not _same(folder / METADATA / HXL, hxl(people)):
        yield Problem("hxl.differs", "The counts with hashtags are not those of the release.", f"{METADATA}/{HXL}")


def _tables(folder: Path, paths: set[str], name: str, records: pl.DataFrame) -> Problems:
    texts = records.with_columns(pl.all().cast(pl.String))
    readers = {"tsv": _read_tsv, "xlsx": _read_xlsx}
    for end, read in readers.items():
        path = f"{DATA}{name}.{end}"
        if path in paths and not read(folder / path, texts.columns).equals(texts):
            yield Problem(f"{end}.differs", DIFFERENT_FILES, path)


def _read_tsv(path: Path, columns: list[str]) -> pl.DataFrame:
    try:
        return _named(pl.read_csv(path, separator="\t", infer_schema=False), columns)
    except pl.exceptions.PolarsError:
        return pl.DataFrame()


def _read_xlsx(path: Path, columns: list[str]) -> pl.DataFrame:
    try:
        header, *rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    except (CalamineError, ValueError):  # not a workbook, or an empty sheet
        return pl.DataFrame()
    cells = [[_cell(cell) for cell in row] for row in rows]
    return _named(pl.DataFrame(cells, schema=dict.fromkeys(map(str, header), pl.String), orient="row"), columns)


def _cell(value: Any) -> str | None:
    """A cell as the text of the other formats: the ids of linked tables are numbers."""
    if value == "":
        return None
    return str(int(value)) if isinstance(value, float) else str(value)


def _named(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The frame, or an empty one without columns if its columns are others."""
    return frame if frame.columns == columns else pl.DataFrame()


def _hashes(document: Any, path: str, manifest: Manifest) -> Problems:
    """Each file that a description names has there the hash that the manifest states."""
    named = dict(_files_in(document))
    listed = {entry.path: entry.sha256 for entry in manifest.files}
    if not named or any(listed.get(file) != sha256 for file, sha256 in named.items()):
        yield Problem("metadata.hash", "A file is described there with another checksum than the manifest's.", path)


def _files_in(document: Any) -> Iterator[tuple[str, Any]]:
    """Path and hash of each file in one of the descriptions: Croissant, DCAT or a data package."""
    if isinstance(document, list):
        for value in document:
            yield from _files_in(value)
    elif isinstance(document, dict):
        if "contentUrl" in document:
            yield str(document["contentUrl"]).removeprefix(UP), document.get("sha256")
        elif "dcat:downloadURL" in document:
            checksum = document.get("spdx:checksum", {}).get("spdx:checksumValue", {})
            yield str(document["dcat:downloadURL"]["@id"]).removeprefix(UP), checksum.get("@value")
        elif "hash" in document:
            yield DATA + str(document.get("path")), str(document["hash"]).removeprefix("sha256:")
        for value in document.values():
            yield from _files_in(value)


def _privacy(document: Any, privacy: Mapping[str, Any]) -> Problems:
    properties = document.get("additionalProperty", []) if isinstance(document, dict) else []
    stated = {one["propertyID"].removeprefix("privacy."): one["value"] for one in properties}
    if stated != {key: privacy[key] for key in PRIVACY_FACTS if privacy.get(key) is not None}:
        what = "The privacy parameters stated there are not those of privacy.json."
        yield Problem("metadata.privacy", what, f"{METADATA}/{CROISSANT}")


def _registered(path: Path, privacy: Mapping[str, Any]) -> Problems:
    """The registry's entry states the guarantee of the release, and the protected number of people."""
    try:
        loss = parse_yaml(path.read_text(encoding="utf-8"))["deployment"]["privacy_loss"]
        stated = [loss["privacy_parameters"], loss["number_of_privacy_units"]]
    except (KeyError, TypeError, UnicodeDecodeError, yaml.YAMLError):
        yield Problem("registry.unreadable", "This is not a registry's entry.", f"{METADATA}/{REGISTRY}")
        return
    if stated != [{name: privacy[name] for name in REGISTERED}, max(0, round(privacy["total"]["count"]))]:
        what = "The guarantee or the number of people stated there is not that of privacy.json."
        yield Problem("registry.differs", what, f"{METADATA}/{REGISTRY}")


def _variables(content: bytes, vocabulary: Vocabulary) -> Problems:
    words: list[VariableWords] = [*vocabulary.variables]
    if vocabulary.linked is not None:
        words += vocabulary.linked.variables
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - expat itself bounds what entities grow to
    except ElementTree.ParseError:
        root = ElementTree.Element("none")
    found = [
        (node.get("name"), [value.text or "" for value in node.iter(f"{{{NAMESPACE}}}catValu")])
        for node in root.iter(f"{{{NAMESPACE}}}var")
    ]
    if found != [(one.name, [code.code for code in one.codes]) for one in words]:
        what = "The variables and codes described there are not those of the code book."
        yield Problem("metadata.variables", what, f"{METADATA}/{DDI}")


def _same(path: Path, wanted: bytes) -> bool:
    """Whether two tables of counts with hashtags hold the same, numbers by their value."""
    try:
        left, right = (_counts(source) for source in (path, io.BytesIO(wanted)))
    except pl.exceptions.PolarsError:
        return False
    return left.equals(right)


def _counts(source: Path | io.BytesIO) -> pl.DataFrame:
    """The counts without the line of hashtags."""
    return pl.read_csv(source, infer_schema=False)[1:].with_columns(pl.col(*NUMBERS).cast(pl.Float64))
