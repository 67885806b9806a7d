"""From a batch of raw rows to a batch of codes, as a value that can be sent to another machine.

Promise: a pure function of the batch and of public declarations; rows are coded one by one, so that any cut into
batches gives the same records. What does not fit is refused with its row and never its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from ctdc.foundation.errors import UserError
from ctdc.table.coded import CodedTable
from ctdc.table.declare import Declaration
from ctdc.table.recode import check_header, recode
from ctdc.table.schema import Schema


class Coder(Protocol):
    """Codes batches of one file's rows."""

    @property
    def schema(self) -> Schema:
        """The variables that result."""

    @property
    def most_rows(self) -> int | None:
        """A file with more rows is refused; None for no limit."""

    @property
    def delimiter(self) -> str:
        """Between the cells of a csv file."""

    def columns(self, present: tuple[str, ...], where: str) -> tuple[str, ...]:
        """Those of a file's columns that are read. Raises UserError (``table.columns``) where it does not fit."""

    def code(self, batch: pa.Table, where: str, first_row: int) -> CodedTable:
        """The coded rows. first_row: what a person would call the first of them. Raises UserError."""


@dataclass(frozen=True)
class DeclaredCoder:
    """Codes rows as their declaration says, one person a row."""

    declaration: Declaration

    def __post_init__(self) -> None:
        """Raise UserError (``table.one_row_each``) for people with several rows, who cannot be merged in batches."""
        if self.declaration.subject_id:
            raise UserError(
                "table.one_row_each",
                "A person with several rows cannot be put together while rows are read in pieces.",
                where=f"column {self.declaration.subject_id!r}",
                allowed="one row for each person; or one file with --engine memory, which is then read whole",
                do="Merge each person's rows first, then declare the table without subject_id.",
            )

    @property
    def schema(self) -> Schema:
        """The variables that result."""
        return self.declaration.schema

    @property
    def most_rows(self) -> int | None:
        """The declared limit."""
        return self.declaration.max_rows

    @property
    def delimiter(self) -> str:
        """As declared."""
        return self.declaration.delimiter

    def columns(self, present: tuple[str, ...], where: str) -> tuple[str, ...]:
        """The declared columns."""
        check_header(present, self.declaration, where)
        return self.declaration.columns

    def code(self, batch: pa.Table, where: str, first_row: int) -> CodedTable:
        """`recode`, without the limit of rows, which is for the whole file."""
        return recode(batch, self.declaration, where, first_row, limited=False)
