"""Tables that are not the standard's: their declaration on the way in, other shapes of the records on the way out.

Promise: whether a table can be read at all is known before a record is read; what is added to a protected folder is
made from the synthetic records and the public declaration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json, write_text
from ctdc.privacy.outputs import Finish, Records, write_pieces
from ctdc.table.coded import CodedTable
from ctdc.table.declare import Declaration, plain_declaration, read_declaration
from ctdc.table.recode import check_header
from ctdc.table.schema import Schema
from ctdc.table.shapes import condensed, long
from ctdc.workflow.places import Place

DECLARATION = "declaration.json"


@dataclass(frozen=True)
class Choices:
    """What a person chose for one run, in place of what the schema file says; None and empty leave it as it is."""

    subject_id: str | None = None
    columns: tuple[str, ...] | None = None
    max_rows: int | None = None


def declared(place: Place, schema_path: Path | None, choices: Choices) -> Declaration | None:
    """The declaration of the table at `place`, whose header fits it; None without a schema file.

    Raises UserError: ``protect.needs_schema`` for choices that have nothing to choose from.
    """
    if schema_path is None:
        if choices != Choices():
            raise UserError(
                "protect.needs_schema",
                "A subject's id, a choice of columns or a limit of rows needs a declaration of the table.",
                where=place.where,
                allowed="these options together with --schema",
                do="Describe the table in a schema file; see docs/how-to/any-table.md.",
            )
        return None
    found = read_declaration(
        schema_path, subject_id=choices.subject_id, columns=choices.columns, max_rows=choices.max_rows
    )
    check_header(place.names(found.delimiter), found, place.where)
    return found


def groups_of(schema: Schema, declaration: Declaration | None) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Each raw column with the positions of its variables."""
    return (declaration or plain_declaration(schema)).groups


def other_shapes(schema: Schema, declaration: Declaration | None, shapes: Sequence[str]) -> Finish:
    """What writes the wanted shapes of the synthetic records, and the declaration if there is one, into a folder.

    The wide shape is always there: what is published rests on it.
    """

    def finish(folder: Path, records: Records) -> None:
        for shape, make in MAKERS.items():
            if shape in shapes:
                made = make(records(), declaration or plain_declaration(schema))
                write_pieces(folder / f"synthetic_{shape}", made)
        if declaration is not None:
            write_text(folder / DECLARATION, as_json(declaration.describe()))

    return finish


def _condensed(pieces: Iterator[CodedTable], declaration: Declaration) -> Iterator[pa.Table]:
    return (condensed(piece, declaration) for piece in pieces)


def _long(pieces: Iterator[CodedTable], declaration: Declaration) -> Iterator[pa.Table]:
    """Subjects are counted on from piece to piece."""
    first = 1
    for piece in pieces:
        yield long(piece, declaration, first)
        first += piece.rows


MAKERS = {"condensed": _condensed, "long": _long}
