"""From two raw tables to coded ones: which person each linked row belongs to.

Promise: as `recode`. A person is whoever has an id in the people's table; the id itself does not reach the result. A
linked row of nobody is refused before a `LinkedTable` exists, with the row and never the id.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ctdc.foundation.errors import UserError
from ctdc.table.coded import column_names
from ctdc.table.coded import read_table as read_raw
from ctdc.table.declare import Declaration
from ctdc.table.linked import Ints, LinkedSchema, LinkedTable
from ctdc.table.recode import check_header, ids_of, in_order, recode


def check_linked_header(names: tuple[str, ...], declaration: Declaration, link: str, where: str) -> None:
    """Raise UserError (``table.columns``) unless these columns are those of declared linked rows, and their link."""
    if names.count(link) != 1:
        raise UserError(
            "table.columns",
            f"The file of linked rows has {names.count(link) or 'no'} columns {link!r}, which says whose row it is.",
            where=where,
            allowed="one such column in both files, with the same ids",
            do="Name the column that both files share: --link NAME.",
        )
    check_header([name for name in names if name != link], declaration, where)


def load_linked(main: Path, people: Declaration, linked: Path, rows: Declaration, schema: LinkedSchema) -> LinkedTable:
    """Read and recode both files.

    people: of the people's file, its `subject_id` naming the link; rows: of the file of linked rows, without it. Raises
    UserError as `recode` does, and (``linked.orphan``) for linked rows of people who are not in the people's file.
    """
    link = people.subject_id
    check_header(column_names(main, people.delimiter), people, str(main))
    check_linked_header(column_names(linked, rows.delimiter), rows, link, str(linked))
    mine = read_raw(main, people.delimiter, people.columns)
    theirs = read_raw(linked, rows.delimiter, (*rows.columns, link))
    coded = recode(mine, people, str(main))
    owner = owners(mine.column(link), theirs.column(link), link, str(linked))
    return LinkedTable(schema, coded, recode(theirs.drop_columns([link]), rows, str(linked)), owner)


def owners(people: pa.ChunkedArray, rows: pa.ChunkedArray, link: str, where: str) -> Ints:
    """For each linked row the number of its person, counted from 0 in order of first appearance among `people`."""
    mine, known = ids_of(people, link, where)
    theirs, said = ids_of(rows, link, where)
    number = np.full(len(known) + 1, -1, dtype=np.int64)  # of each person's id; the last for ids of nobody
    number[mine] = in_order(mine)
    place = pc.fill_null(pc.index_in(said, value_set=known), len(known)).to_numpy(zero_copy_only=False)
    found: Ints = number[np.append(place, len(known))[theirs]]
    lost = np.flatnonzero(found < 0)
    if len(lost):
        raise UserError(
            "linked.orphan",
            f"{len(lost)} linked rows belong to nobody in the file of people.",
            where=f"{where}, column {link!r}, first in row {int(lost[0]) + 1}",
            allowed="ids that stand in the people's file too",
            do="Add these people, or leave out the rows. Nothing was measured.",
        )
    return found
