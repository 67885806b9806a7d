"""Which files of a release readers are offered, in which groups, and what each one is.

Promise: only files that the release's manifest lists, so that an older release offers what it has; sizes, rows and
checksums are the manifest's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ctdc.hub.site.datasets.words import DATASET_TEXTS
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.view import SiteRelease
from ctdc.release.datapackage import DATAPACKAGE
from ctdc.release.linked_words import file_names, file_sentences
from ctdc.release.manifest import CERTIFICATE, MANIFEST
from ctdc.release.metadata.cite import BIBTEX, CFF, RIS
from ctdc.release.metadata.croissant import CROISSANT
from ctdc.release.metadata.dcat import DCAT
from ctdc.release.metadata.ddi import DDI
from ctdc.release.metadata.facts import METADATA
from ctdc.release.metadata.hxl import HXL
from ctdc.release.metadata.registry import REGISTRY
from ctdc.release.numbers import number, size
from ctdc.release.protected import LINKED_SCHEMA, MEASUREMENTS, PRIVACY, SCHEMA
from ctdc.release.ready.files import PARQUET as READY_PARQUET
from ctdc.release.ready.files import csv_path, xlsx_path
from ctdc.release.ready.scripts import R_PATH, STATA_PATH
from ctdc.release.texts import RELEASE_TEXTS

ENDS = ("csv", "tsv", "xlsx", "parquet")
CITATIONS = (CFF, BIBTEX, RIS)
_PROGRAMS = (f"data/{MEASUREMENTS}", f"data/{SCHEMA}", f"data/{LINKED_SCHEMA}", "data/figures.json")
_DESCRIBED = (CROISSANT, DCAT, DDI, HXL, REGISTRY, *CITATIONS)


@dataclass(frozen=True)
class OfferedFile:
    """One file as text.

    path: in the release; rows, sha256: empty where there are none (the manifest and the certificate have no hash).
    """

    path: str
    name: str
    format: str
    about: str
    size: str
    rows: str
    sha256: str


@dataclass(frozen=True)
class FileGroup:
    """Files that belong together. id: the end of a text key."""

    id: str
    files: tuple[OfferedFile, ...]


def record_tables(view: SiteRelease) -> tuple[str, ...]:
    """Names of the files of records, without their ends: of linked tables the people first."""
    words = view.vocabulary.linked
    return ("synthetic",) if words is None else (words.main, words.linked)


def offered_groups(view: SiteRelease, language: str) -> tuple[FileGroup, ...]:
    """All files that the page of a release offers."""
    words = view.vocabulary.linked
    tables = (*record_tables(view), "aggregates") if words is None else tuple(file_names(words).values())
    groups = {
        "data": [*(f"data/{table}.{end}" for table in tables for end in ENDS), "codebook/codebook.csv"],
        "tables": [
            xlsx_path(language),
            csv_path(language),
            READY_PARQUET,
            R_PATH,
            STATA_PATH,
        ],
        "documents": [
            f"codebook/codebook.{language}.html",
            f"about/privacy.{language}.html",
            f"about/changelog.{language}.html",
            "about/engine-report.html",
        ],
        "metadata": [*(f"{METADATA}/{name}" for name in _DESCRIBED), f"data/{DATAPACKAGE}"],
        "programs": [*_PROGRAMS, "codebook/codebook.json", PRIVACY, MANIFEST, CERTIFICATE],
    }
    found = (
        FileGroup(name, tuple(_file(view, language, path) for path in paths if _is_there(view, path)))
        for name, paths in groups.items()
    )
    return tuple(group for group in found if group.files)


def offered_files(view: SiteRelease, language: str) -> list[OfferedFile]:
    """The files that a list of several releases offers of each: the data, the ready tables, and what programs read."""
    files = [(group.id, file) for group in offered_groups(view, language) for file in group.files]
    return [file for group, file in files if group in ("data", "tables", "programs") or file.path.endswith(DATAPACKAGE)]


def _is_there(view: SiteRelease, path: str) -> bool:
    if path == CERTIFICATE:  # beside the manifest, which does not list it
        return (view.folder / path).is_file()
    return path == MANIFEST or view.manifest.entry(path) is not None


def _file(view: SiteRelease, language: str, path: str) -> OfferedFile:
    entry = view.manifest.entry(path)
    name = path.rpartition("/")[2]
    amount = entry.bytes if entry else (view.folder / path).stat().st_size
    return OfferedFile(
        path=path,
        name=name,
        format=name.rpartition(".")[2].upper(),
        about=_about(view, language, path),
        size=size(language, amount),
        rows="" if entry is None or entry.rows is None else number(language, entry.rows),
        sha256=entry.sha256 if entry else "",
    )


def _about(view: SiteRelease, language: str, path: str) -> str:
    """What a file is: of linked tables, whether it counts people or linked rows."""
    stem = path.rpartition("/")[2].partition(".")[0]
    words = view.vocabulary.linked
    if words is not None:
        sentences = file_sentences(language, words)
        tables = {name: sentences[role] for role, name in file_names(words).items()}
        if stem in tables:
            return tables[stem]
    if stem == "figures" and view.place.shelf:
        return SITE_TEXTS.text(language, "releases.figures")  # the site's own may be those of a newer release
    if path.endswith(f".{language}.html") and stem in ("codebook", "privacy"):
        return RELEASE_TEXTS.text(language, f"{stem}.title")
    own = f"dataset.file.{stem}"
    known = own in DATASET_TEXTS.messages(language)
    return DATASET_TEXTS.text(language, own) if known else SITE_TEXTS.text(language, f"file.{stem}")


def has_workbooks(view: SiteRelease) -> bool:
    """Whether every table of records has a workbook, or none has because the release is from before there were any."""
    paths: Sequence[str] = [entry.path for entry in view.manifest.files]
    newer = [table for table in record_tables(view) if f"data/{table}.tsv" in paths]
    return all(f"data/{table}.xlsx" in paths for table in newer)
