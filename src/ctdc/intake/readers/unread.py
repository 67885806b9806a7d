"""Columns that no field of a mapping explains: what in them looks like a direct identifier of a person.

Promise: all rows are looked at, those that the mapping leaves out and those that are blank in what it reads included,
since the file is kept whole. A sample would be cheaper and would miss the one note in a row that was not drawn. Each
distinct text of a batch is looked at once, and most of them by Arrow alone; a column that is certain to hold the
delivery back is left after `ENOUGH` distinct texts of one kind, so that work grows with cells and memory does not.
What is kept of a text is a hash, until the report is made, and never longer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ctdc.intake.readers.frame import Needs
from ctdc.intake.text import fold, tidy
from ctdc.table.identifiers import (
    MANY_NAMES,
    NAMING,
    UNDER,
    Finding,
    heading_shown,
    is_answer,
    kind_of,
    kind_of_header,
    kind_under,
    looks_like_name,
    may_identify,
)

ENOUGH = 1_000  # distinct texts of one kind in a column: more change nothing about what is to be done
NOT_TEXT = "not_text"  # a kind: bytes that are no text, such as a picture or a fingerprint
NUMBERS = frozenset({"phone", "passport"})  # many ids look like them: they block only where the heading says so
LONG = 10_000  # numbers below have too few digits for any kind


def hash_of(text: str) -> int:
    """64 bits that tell texts apart."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


@dataclass
class Seen:
    """What was found of one kind: cells, and hashes of distinct texts."""

    cells: int = 0
    texts: set[int] = field(default_factory=set)


@dataclass
class Column:
    """One column. position: from 0; under: the kind that its heading says; harmless: kind to the reason why it is none.

    key: whether it holds ids, which are numbers by right; explained: whether a field reads it, in the rows that are not
    left out; settled: whether it is left alone from now on.
    """

    position: int
    heading: str
    under: str = ""
    key: bool = False
    explained: bool = False
    harmless: Mapping[str, str] = field(default_factory=dict)
    found: dict[str, Seen] = field(default_factory=dict)
    settled: bool = False

    def note(self, kind: str, text: str, cells: int) -> None:
        """Count a text of a kind."""
        seen = self.found.setdefault(kind, Seen())
        seen.cells += cells
        if len(seen.texts) < ENOUGH:
            seen.texts.add(hash_of(text))
        self.settled = self.settled or (len(seen.texts) >= ENOUGH and self._blocks(kind))

    def _blocks(self, kind: str) -> bool:
        """Whether texts of this kind hold the delivery back, if there are enough."""
        allowed = self.key and kind in NUMBERS and self.under != kind
        return not allowed and kind not in self.harmless

    def findings(self, table: str) -> Iterator[Finding]:
        """What is to be said of it."""
        for kind, seen in sorted(self._found().items()):
            least = MANY_NAMES if kind == "possible_name" and self.under != "name" else 1
            if len(seen.texts) < least:
                continue
            yield Finding(
                table,
                heading_shown(self.heading),
                kind,
                len(seen.texts),
                seen.cells,
                blocking=self._blocks(kind),
                position=self.position + 1,
                imported=self.key or self.explained,
                at_least=self.settled or len(seen.texts) >= ENOUGH,
                because=self.harmless.get(kind, ""),
            )

    def _found(self) -> dict[str, Seen]:
        """What was found, and the heading: a table may have a column for each person."""
        kind = "" if self.explained else kind_of(self.heading)
        if kind not in NAMING:
            return self.found
        cells = self.found.get(kind, Seen())
        return {**self.found, kind: Seen(cells.cells + 1, cells.texts | {hash_of(self.heading)})}


class Unread:
    """The columns of one table that no field explains. A reader says which there are (`bind`) and shows them."""

    def __init__(
        self,
        explained: Needs,
        keys: Collection[str] = (),
        nothing: Collection[str] = (),
        harmless: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """explained: the columns that fields read; keys: those with ids; nothing: texts that mean a missing value.

        harmless: heading to kinds that are declared to be none, with the reason.
        """
        self._explained, self._keys = explained, frozenset(keys)
        self._nothing = frozenset(map(fold, nothing))
        self._harmless = harmless or {}
        self.columns: dict[int, Column] = {}

    def bind(self, header: Sequence[str], width: int = 0, said: Mapping[str, str | None] | None = None) -> None:
        """Which columns there are. width: of the table, where cells stand beyond the header; said: heading to what the
        file calls the column besides, None where it calls it nothing.
        """
        for position, heading in enumerate((*header, *("" for _ in range(width - len(header))))):
            if heading and self._explained.wants(heading):
                continue
            words, key = (heading, (said or {}).get(heading) or ""), heading in self._keys
            under = next((kind for kind in map(kind_of_header, words) if kind in UNDER), "")
            harmless = self._harmless.get(heading, {})
            self.columns[position] = Column(position, heading, under, key, harmless=harmless)

    def look(self, position: int, cells: pa.Array | pa.ChunkedArray) -> None:
        """Look at cells of the column at `position` (from 0), of any type; at an explained one not at all."""
        column = self.columns.get(position)
        if column is None or column.explained or column.settled:
            return
        for array in cells.chunks if isinstance(cells, pa.ChunkedArray) else (cells,):
            try:
                for texts in _texts(array):
                    self._look_at(column, texts)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
                column.note(NOT_TEXT, str(position), len(array) - array.null_count)

    def look_all(self, arrays: Mapping[int, pa.Array]) -> None:
        """Look at a batch. arrays: cells by the position of their column, from 0; of more columns than these, too."""
        for position in self.columns:
            self.look(position, arrays[position])

    def look_left_out(self, position: int, heading: str, texts: Mapping[str, int]) -> None:
        """Look at texts, and how often they stand, of an explained column: in rows that are left out, nothing else is
        done with them.
        """
        for text, count in texts.items():
            if kind := kind_of(tidy(text), heading) or ("possible_name" if looks_like_name(tidy(text)) else ""):
                self.columns.setdefault(position, Column(position, heading, explained=True)).note(kind, text, count)

    def _look_at(self, column: Column, texts: pa.DictionaryArray) -> None:
        counts = np.bincount(texts.indices.drop_null().to_numpy(zero_copy_only=False), minlength=len(texts.dictionary))
        worth = counts > 0
        if not column.under:
            worth &= may_identify(texts.dictionary)
        if not worth.any():
            return
        chosen = texts.dictionary.filter(pa.array(worth)).to_pylist()
        for text, count in zip(map(tidy, chosen), counts[worth].tolist(), strict=True):
            if kind := self._kind(column, text):
                column.note(kind, text, count)
            if column.settled:
                return

    def _kind(self, column: Column, text: str) -> str:
        if fold(text) in self._nothing:
            return ""
        if found := kind_of(text) or kind_under(column.under, text):
            return found
        return "possible_name" if looks_like_name(text) and not is_answer(text) else ""

    def findings(self, table: str) -> list[Finding]:
        """What is to be said of all of them, in their order."""
        return [finding for _, column in sorted(self.columns.items()) for finding in column.findings(table)]

    def tell(self) -> list[dict[str, Any]]:
        """What was found, as JSON can carry it: of each column with something, kinds to cells and hashes."""
        return [
            {
                "position": column.position,
                "heading": column.heading,
                "settled": column.settled,
                "found": {kind: [seen.cells, sorted(seen.texts)] for kind, seen in column.found.items()},
            }
            for column in self.columns.values()
            if column.found
        ]

    def hear(self, told: Iterable[Mapping[str, Any]]) -> None:
        """Add what another one of the same table has told."""
        for one in told:
            position = one["position"]
            column = self.columns.setdefault(position, Column(position, one["heading"], explained=True))
            column.settled |= one["settled"]
            for kind, (cells, texts) in one["found"].items():
                seen = column.found.setdefault(kind, Seen())
                seen.cells += cells
                seen.texts |= set(texts)


def _texts(array: pa.Array) -> Iterator[pa.DictionaryArray]:
    """The texts of an array of any type, those within lists and structures too, and whole numbers as texts.

    Raises ArrowInvalid, ArrowNotImplementedError or UnicodeDecodeError for bytes that are no text.
    """
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        yield from () if kind.extension_name == "arrow.uuid" else _texts(array.storage)
    elif pa.types.is_dictionary(kind):
        yield from (array,) if _is_text(kind.value_type) else _texts(array.dictionary_decode())
    elif pa.types.is_nested(kind):
        for part in _parts(array):
            yield from _texts(part)
    elif pa.types.is_floating(kind):  # whole numbers come as floats from programs that have no gaps else
        if pa.types.is_float16(kind):  # Arrow rounds none
            array = array.cast(pa.float32())
        whole = array.filter(pc.and_(pc.is_finite(array), pc.equal(array, pc.floor(array))))
        yield from _texts(whole.cast(pa.int64(), safe=False))
    elif pa.types.is_unsigned_integer(kind):  # which Arrow compares with signed ones only up to their largest
        array = array.cast(pa.uint64())
        yield array.filter(pc.greater_equal(array, pa.scalar(LONG, pa.uint64()))).cast(pa.string()).dictionary_encode()
    elif pa.types.is_integer(kind):
        yield array.filter(pc.greater_equal(pc.abs(array), LONG)).cast(pa.string()).dictionary_encode()
    elif not (pa.types.is_boolean(kind) or pa.types.is_temporal(kind) or pa.types.is_null(kind)):
        yield array.drop_null().cast(pa.string()).dictionary_encode()


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _parts(array: pa.Array) -> Iterator[pa.Array]:
    """What an array of lists, structures, maps, unions or runs is made of."""
    kind = array.type
    if pa.types.is_map(kind):
        yield from (array.keys, array.items)
    elif pa.types.is_struct(kind):
        yield from array.flatten()
    elif pa.types.is_union(kind):
        yield from (array.field(number) for number in range(kind.num_fields))
    elif pa.types.is_run_end_encoded(kind):
        yield pc.run_end_decode(array)
    else:
        yield array.flatten()
