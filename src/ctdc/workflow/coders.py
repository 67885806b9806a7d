"""Harmonised cases as the engine's codes, batch by batch.

Promise: row by row, the same as deriving the whole table and coding it; sent to other machines by the profile's name,
and used there with the very standard that it was made with, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from ctdc.standard.derive import derive
from ctdc.standard.loader import check_same, load
from ctdc.standard.settle import derive_settled
from ctdc.table.coded import CodedTable, code_table
from ctdc.table.schema import Schema


@dataclass(frozen=True)
class CasesCoder:
    """Derives a profile's columns from harmonised cases. schema: of the profile; settled: as its facts want it;
    standard: hash of the standard's content.
    """

    profile: str
    schema: Schema
    settled: bool
    standard: str

    @property
    def most_rows(self) -> int | None:
        """No limit."""
        return None

    @property
    def delimiter(self) -> str:
        """Of no use: cases are parquet files."""
        return ","

    def columns(self, present: tuple[str, ...], where: str) -> tuple[str, ...]:
        """The harmonised variables."""
        return tuple(name for name in present if name in load().variables)

    def code(self, batch: pa.Table, where: str, first_row: int) -> CodedTable:
        """Derived, then coded. Raises UserError (``standard.other``, ...)."""
        check_same(self.standard)
        to_profile = derive_settled if self.settled else derive
        return code_table(to_profile(batch, load().profile(self.profile)), self.schema, where, first_row)
