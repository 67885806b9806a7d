"""What every metadata format says about a release, said once.

Promise: made from the release's own files alone. A release cannot name itself by its id inside its own files, because
the id follows from them; it is named by the hash of its data instead, which a reader can compute again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ctdc.foundation.collaborative import current
from ctdc.foundation.hashing import canonical_json
from ctdc.release.citation import citation
from ctdc.release.estimates import Z95
from ctdc.release.info import ReleaseInfo
from ctdc.release.manifest import FileEntry
from ctdc.release.numbers import number, number_range
from ctdc.release.protected import AGGREGATE_COLUMNS
from ctdc.release.texts import RELEASE_TEXTS, Catalogue
from ctdc.release.vocabulary import VariableWords, Vocabulary
from ctdc.standard.languages import DEFAULT

METADATA = "metadata"
METADATA_TEXTS = Catalogue(Path(__file__).parent / "texts")
DATA = "data/"
MEDIA_TYPES = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
DISTORTIONS = ("noise", "rare", "longer", "empty", "identified")
KEYWORDS = (*current().keywords, "differential privacy")
PRIVACY_FACTS = ("unit", "neighbours", "mechanism", "epsilon", "delta", "rho", "mu", "length", "threshold")
SIMPLE_KINDS = {"length": "integer", "attributes": "string", "below_threshold": "boolean"}


@dataclass(frozen=True)
class Table:
    """A table of the release. name: of its files, without their ends; rows: how many; variables: None for counts.

    keyed: its first column is the id that links two tables.
    """

    name: str
    rows: int
    variables: tuple[VariableWords, ...] | None
    keyed: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns in their order, without the id."""
        return AGGREGATE_COLUMNS if self.variables is None else tuple(words.name for words in self.variables)


@dataclass(frozen=True)
class ReleaseFacts:
    """What is known of a release before its metadata are written.

    privacy: content of ``privacy.json``; figures: content of ``data/figures.json``; files: entries of its tables.
    """

    info: ReleaseInfo
    created: datetime
    vocabulary: Vocabulary
    privacy: Mapping[str, Any]
    figures: Mapping[str, Any]
    files: tuple[FileEntry, ...]

    @property
    def title(self) -> str:
        """The title in English, which formats with one language use."""
        return self.info.title(DEFAULT)

    @cached_property
    def urn(self) -> str:
        """A name that follows from the data: a UUID of version 8 (RFC 9562) made of the SHA-256 of all tables."""
        named = [self.info.as_dict(), self.created.isoformat(), [[file.path, file.sha256] for file in self.files]]
        digest = bytearray(hashlib.sha256(canonical_json(named)).digest()[:16])
        digest[6] = (digest[6] & 0x0F) | 0x80
        digest[8] = (digest[8] & 0x3F) | 0x80
        return uuid.UUID(bytes=bytes(digest)).urn

    @property
    def address(self) -> str:
        """Where the release is published; its name by content while that is not known."""
        return self.info.url if self.info.url.startswith(("https://", "http://")) else self.urn

    @property
    def terms_address(self) -> str:
        """The address of the terms of use, empty where they are given in words or not at all."""
        return self.info.terms if self.info.terms.startswith(("https://", "http://")) else ""

    @property
    def version(self) -> str:
        """The publisher's own label, or the day of publication."""
        return self.info.version or f"{self.created:%Y.%m.%d}"

    @property
    def day(self) -> str:
        """The day of publication, as in ISO 8601."""
        return f"{self.created:%Y-%m-%d}"

    @property
    def years(self) -> tuple[str, str] | None:
        """First and last year that the data are about, None if they say none."""
        found = (one for one in self.figures["headlines"] if one["id"] == "years" and one["kind"] == "range")
        years = next(found, None)
        return None if years is None else (str(years["first"]), str(years["last"]))

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The tables: records, then counts; of linked tables the people first."""
        linked, words = self.vocabulary.linked, self.vocabulary.variables
        records: dict[str, tuple[VariableWords, ...] | None] = {"synthetic": words}
        if linked is not None:
            records = {linked.main: words, linked.linked: linked.variables}
        stems = dict.fromkeys(_stem(file.path) for file in self.files)
        found = []
        for stem in [*records, *(stem for stem in stems if stem.endswith("aggregates"))]:
            rows = next(file.rows for file in self.files if _stem(file.path) == stem and file.rows is not None)
            found.append(Table(stem, rows, records.get(stem), linked is not None and stem in records))
        return tuple(found)

    def files_of(self, table: Table) -> Sequence[FileEntry]:
        """The files that hold a table, by their format."""
        return [file for file in self.files if _stem(file.path) == table.name]

    def abstract(self, language: str) -> str:
        """What this is, in two or three sentences; simulated data say so first."""
        total = self.privacy["total"]
        margin = Z95 * total["standard_error"]
        text = METADATA_TEXTS.text(
            language,
            "metadata.abstract",
            count=number(language, total["count"]),
            range=number_range(language, max(0.0, total["count"] - margin), total["count"] + margin),
            rows=number(language, self.figures["rows"]),
            variables=number(language, len(self.vocabulary.variables)),
            threshold=number(language, self.privacy["threshold"]),
        )
        return f"{RELEASE_TEXTS.text(language, 'citation.simulated')} {text}" if self.info.simulated else text

    def distortions(self, language: str) -> list[str]:
        """What is known to differ from the cases, each as a sentence."""
        length = number(language, self.privacy["length"])
        threshold = number(language, self.privacy["threshold"])
        return [
            METADATA_TEXTS.text(language, f"metadata.distortion.{name}", length=length, threshold=threshold)
            for name in DISTORTIONS
            if name != "identified" or self.vocabulary.profile
        ]

    def protection(self, language: str) -> str:
        """How people are protected, in one paragraph."""
        parts = (RELEASE_TEXTS.text(language, f"privacy.{part}.text") for part in ("what", "promise"))
        return " ".join(parts)

    @property
    def privacy_facts(self) -> dict[str, Any]:
        """The parameters of the guarantee that ``privacy.json`` states, by name."""
        return {key: self.privacy[key] for key in PRIVACY_FACTS if self.privacy.get(key) is not None}

    @property
    def privacy_line(self) -> str:
        """The same on one line, for formats that have only text."""
        return "; ".join(f"{key}: {value}" for key, value in self.privacy_facts.items())

    def citation(self, language: str) -> str:
        """The sentence to put in a bibliography."""
        return citation(language, self.info, self.created)

    @property
    def keywords(self) -> list[str]:
        """Words to be found by."""
        first = KEYWORDS if self.vocabulary.profile else KEYWORDS[-1:]
        return [*first, "synthetic data", *(["simulated data"] if self.info.simulated else [])]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


def table_files(entries: Sequence[FileEntry]) -> tuple[FileEntry, ...]:
    """Of the files of a release those that hold a table for people, by path: each in every format that there is."""
    return tuple(
        sorted(
            (
                entry
                for entry in entries
                if entry.path.startswith(DATA)
                and entry.rows is not None
                and entry.path.rpartition(".")[2] in MEDIA_TYPES
            ),
            key=lambda entry: entry.path,
        )
    )


def media_type(path: str) -> str:
    """The media type of a table's file."""
    return MEDIA_TYPES[path.rpartition(".")[2]]
