"""The last look before a table is stored for release work: does a column hold direct identifiers?

Promise: says column, kind and a number of cells rounded up to tens, never a value. A column that is not on the list of
allowed ones, that is called like an identifier, or whose texts look like some, keeps the table out, unless a person
accepts this column by name; that is logged. Finding nothing is no proof that nothing is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ctdc.foundation.errors import Refused
from ctdc.table.identifiers import kind_of_header, looks_like_case_id, scan_values, without_dates
from ctdc.vault import records
from ctdc.vault.access import rounded

# What `ctdc intake harmonise` writes about a row beside the variables: hashes, and names that mappings give.
PROVENANCE = frozenset({"_mapping_hash", "_row"})
SEPARATOR = ";"  # between the codes of one cell
NO_CODES: Mapping[str, Collection[str]] = {}
LONG_NUMBER = 10_000_000  # eight digits and more, as telephone numbers have


@dataclass(frozen=True)
class Suspicion:
    """A column and why: ``not_allowed``, ``called_KIND``, or a kind of identifier in its cells (rounded up)."""

    column: str
    kind: str
    cells: int = 0

    def text(self) -> str:
        """The suspicion for a person, in English."""
        cells = f" (up to {self.cells:,} cells)" if self.cells else ""
        return f"{self.column}: {self.kind.replace('_', ' ')}{cells}"


def suspicions(
    file: pq.ParquetFile,
    passed: Set[str],
    allowed: Collection[str] | None,
    codes: Mapping[str, Collection[str]] = NO_CODES,
) -> tuple[Suspicion, ...]:
    """What is suspicious in a table.

    passed: columns that are not looked at (keyed ids, what was accepted by name); allowed: names of the columns that
    may be there at all, None when there is no such list; codes: column to its public codes. A cell that is made of
    these alone says nothing of one person, however long it is.
    """
    found: list[Suspicion] = []
    for field in file.schema_arrow:
        if field.name in passed or field.name in PROVENANCE:
            continue
        if allowed is not None and field.name not in allowed:
            found.append(Suspicion(field.name, "not_allowed"))
        if kind := kind_of_header(field.name):
            found.append(Suspicion(field.name, f"called_{kind}"))
        found += _in_values(field.name, records.read_column(file, field.name), frozenset(codes.get(field.name, ())))
    return tuple(found)


def _in_values(name: str, column: pa.ChunkedArray, codes: Set[str]) -> Iterator[Suspicion]:
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        if long := _long_numbers(column.cast(pa.float64(), safe=False)):
            yield Suspicion(name, "long_number", rounded(long))
        return
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)) and not (
        pa.types.is_dictionary(column.type)
    ):
        return
    counts = pc.value_counts(column.cast(pa.string()).drop_null())
    pairs = list(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))
    pairs = [(text, count) for text, count in pairs if not set(text.split(SEPARATOR)) <= codes]
    if name.startswith("_"):  # names of files and sheets, which often hold a day
        pairs = [(without_dates(text), count) for text, count in pairs]
    ids = [count for text, count in pairs if looks_like_case_id(text)]
    if ids:
        yield Suspicion(name, "case_id", rounded(sum(ids)))
    others = [(text, count) for text, count in pairs if not looks_like_case_id(text)]  # some look like numbers too
    for finding in scan_values("", name, others, blocking=True):
        yield Suspicion(name, finding.kind, rounded(finding.cells))


def _long_numbers(numbers: pa.ChunkedArray) -> int:
    """Cells with a long whole number. Whole numbers with gaps come as floats from programs that have no gaps else."""
    whole = pc.and_(pc.is_finite(numbers), pc.equal(numbers, pc.floor(numbers)))
    return int(pc.sum(pc.and_(whole, pc.greater_equal(pc.abs(numbers), LONG_NUMBER))).as_py() or 0)


def check(
    file: pq.ParquetFile,
    where: str,
    passed: Set[str],
    allowed: Collection[str] | None,
    codes: Mapping[str, Collection[str]] = NO_CODES,
) -> None:
    """Raise Refused (``vault.identifiers``) naming columns and kinds."""
    found = suspicions(file, passed, allowed, codes)
    if found:
        listed = "".join(f"\n    - {one.text()}" for one in found[:20])
        raise Refused(
            "vault.identifiers",
            f"Columns that may hold direct identifiers of people:{listed}",
            where=where,
            allowed="codes and numbers that say nothing of one person alone",
            facts={"columns": list(dict.fromkeys(one.column for one in found[:20]))},
            do="Take the columns out of the table. After looking at it yourself, accept one by name (--accept).",
        )
