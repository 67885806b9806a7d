"""A sealed table: one key per row, so that a person is forgotten by destroying 60 bytes.

Promise: a row is opened with its own key, in its own place, or not at all; rows cannot be cut off, added, swapped or
made invisible without `damaged` being raised. Nothing outside the sealed rows depends on what stands in them, but for
their number and lengths.

Files of a table ``table-N``, all beside one another:

* ``.sealed``: for each row four bytes (length) and the row under its own key; the row's place is bound to it.
* ``.keys``: for each row 76 bytes: the person's keyed id (16), and the row's key (60) under the delivery's key. Zeros
  in place of the 60 bytes: this person has withdrawn.
* ``.head``: name, schema, number of rows and hash of the keyed ids, under the delivery's key.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import canonical_json
from ctdc.foundation.progress import Progress
from ctdc.table.coded import spark_fields
from ctdc.vault.access import check_subject
from ctdc.vault.rows import check_schema, from_rows, to_rows
from ctdc.vault.sealing import (
    KEY_BYTES,
    NONCE_BYTES,
    WRAPPED_BYTES,
    as_bytes,
    as_text,
    damaged,
    seal,
    unseal,
)

SUBJECT_BYTES = 16
ENTRY_BYTES = SUBJECT_BYTES + WRAPPED_BYTES
BATCH_ROWS = 1 << 14
DESTROYED = bytes(WRAPPED_BYTES)
_NONCE = bytes(NONCE_BYTES)  # a row's key seals this one row
_LENGTH = struct.Struct(">I")
_PLACE = struct.Struct(">Q")


@dataclass(frozen=True)
class TableHead:
    """What is sealed beside a table. subjects: SHA-256 over the keyed ids in order."""

    name: str
    schema: pa.Schema
    rows: int
    subjects: str

    def as_bytes(self) -> bytes:
        """The head as canonical JSON."""
        raw = {
            "name": self.name,
            "schema": as_text(self.schema.serialize().to_pybytes()),
            "rows": self.rows,
            "subjects": self.subjects,
        }
        return canonical_json(raw)

    @staticmethod
    def from_bytes(data: bytes) -> TableHead:
        """What `as_bytes` gave."""
        raw = json.loads(data)
        schema = pa.ipc.read_schema(pa.py_buffer(as_bytes(raw["schema"])))
        return TableHead(raw["name"], schema, raw["rows"], raw["subjects"])


def subjects_of(batch: pa.RecordBatch, column: str) -> list[str]:
    """The keyed ids of a batch. Raises UserError (``vault.subject``) for what is none."""
    texts: list[str] = batch.column(column).cast(pa.string()).to_pylist()
    for text in texts:
        check_subject(text or "")
    return texts


def open_table(path: Path, subject_column: str) -> pq.ParquetFile:
    """A parquet file that can be sealed. Raises UserError (``vault.table``, ``vault.subject``, ``vault.columns``)."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError):
        raise UserError("vault.table", "This is no readable parquet file.", where=str(path)) from None
    if subject_column not in file.schema_arrow.names:
        raise UserError(
            "vault.subject",
            f"The table has no column {subject_column!r} with the keyed id of each person.",
            where=str(path),
            do="Harmonise the file first (`ctdc intake harmonise`), or name the column.",
        )
    check_schema(file.schema_arrow)
    return file


def withdrawn_rows(file: pq.ParquetFile, subject_column: str, withdrawn: Set[str]) -> int:
    """How many rows belong to people who have withdrawn."""
    if not withdrawn:
        return 0
    batches = _batches(file, [subject_column])
    return sum(subject in withdrawn for batch in batches for subject in subjects_of(batch, subject_column))


def read_column(file: pq.ParquetFile, name: str) -> pa.ChunkedArray:
    """One column whole. Raises UserError (``vault.table``) where the file is damaged."""
    schema = pa.schema([file.schema_arrow.field(name)])
    return pa.Table.from_batches(list(_batches(file, [name])), schema=schema).column(0)


def _batches(file: pq.ParquetFile, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a file. Raises UserError (``vault.table``) where it is damaged; what Arrow says may repeat values."""
    try:
        yield from file.iter_batches(BATCH_ROWS, columns=columns)
    except (pa.ArrowException, OSError):
        raise UserError("vault.table", "The parquet file is damaged.", do="Make it again.") from None


@dataclass
class _Writer:
    """Seals rows one after the other."""

    rows_file: BinaryIO
    keys_file: BinaryIO
    cipher: AESGCM
    context: bytes
    count: int = 0

    def write(self, rows: list[bytes], subjects: list[str]) -> None:
        fresh = os.urandom((KEY_BYTES + NONCE_BYTES) * len(rows))
        sealed: list[bytes] = []
        entries: list[bytes] = []
        for at, (row, subject) in enumerate(zip(rows, subjects, strict=True)):
            start = at * (KEY_BYTES + NONCE_BYTES)
            key, nonce = fresh[start : start + KEY_BYTES], fresh[start + KEY_BYTES : start + KEY_BYTES + NONCE_BYTES]
            place = self.context + _PLACE.pack(self.count + at)
            text = AESGCM(key).encrypt(_NONCE, row, place)
            person = bytes.fromhex(subject)
            sealed += [_LENGTH.pack(len(text)), text]
            entries += [person, nonce, self.cipher.encrypt(nonce, key, place + person)]
        self.count += len(rows)
        self.rows_file.write(b"".join(sealed))
        self.keys_file.write(b"".join(entries))


def seal_table(
    file: pq.ParquetFile,
    stem: Path,
    *,
    name: str,
    subject_column: str,
    key: bytes,
    context: bytes,
    leave_out: Set[str],
    progress: Progress,
) -> int:
    """Seal a table into ``stem.sealed``, ``.keys`` and ``.head``; returns the number of rows sealed.

    key: the delivery's, 32 bytes; context: bound to every row; leave_out: keyed ids whose rows are not stored.
    """
    digest = hashlib.sha256()
    progress.start(f"Sealing {name}", float(file.metadata.num_rows))
    with stem.with_suffix(".sealed").open("xb") as rows_file, stem.with_suffix(".keys").open("xb") as keys_file:
        writer = _Writer(rows_file, keys_file, AESGCM(key), context)
        for batch in _batches(file):
            subjects = subjects_of(batch, subject_column)
            if leave_out:
                kept = [subject not in leave_out for subject in subjects]
                batch = batch.filter(pa.array(kept, pa.bool_()))
                subjects = [subject for subject in subjects if subject not in leave_out]
            writer.write(to_rows(batch), subjects)
            digest.update(bytes.fromhex("".join(subjects)))
            progress.advance(float(len(subjects)))
        _sync(rows_file)
        _sync(keys_file)
    head = TableHead(name, _whole_schema(file), writer.count, digest.hexdigest())
    with stem.with_suffix(".head").open("xb") as stream:
        stream.write(seal(head.as_bytes(), key, context + b"head"))
        _sync(stream)
    progress.finish()
    return writer.count


def _whole_schema(file: pq.ParquetFile) -> pa.Schema:
    """The schema with all that the file says of itself, which Arrow keeps apart from the schema."""
    said = spark_fields(file.metadata.metadata or {})  # Spark keeps what is said of a table in a place of its own
    return file.schema_arrow.with_metadata({key: value for key, value in said.items() if key != b"ARROW:schema"})


def _sync(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def read_head(stem: Path, key: bytes, context: bytes) -> TableHead:
    """The sealed head of a table. Raises UserError (``vault.damaged``)."""
    where = f"{stem.name}.head"
    return TableHead.from_bytes(unseal(_bytes_of(stem.with_suffix(".head"), where), key, context + b"head", where))


def _bytes_of(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise damaged(where) from None


Entries = np.ndarray[Any, np.dtype[np.uint8]]


def entries(path: Path) -> Entries:
    """The entries of a ``.keys`` file, shape (rows, 76), bytes. Raises UserError (``vault.damaged``)."""
    data = _bytes_of(path, path.name)
    if len(data) % ENTRY_BYTES:
        raise damaged(path.name)
    return np.frombuffer(data, np.uint8).reshape(-1, ENTRY_BYTES)


def subjects_hash(table: Entries) -> str:
    """SHA-256 over the keyed ids in order, as the head has it."""
    return hashlib.sha256(table[:, :SUBJECT_BYTES].tobytes()).hexdigest()


def rows_of(table: Entries, subjects: Set[str]) -> list[int]:
    """Places of the rows that belong to any of the people."""
    if not subjects or not len(table):
        return []
    wanted = np.frombuffer(bytes.fromhex("".join(sorted(subjects))), f"V{SUBJECT_BYTES}")
    there = np.ascontiguousarray(table[:, :SUBJECT_BYTES]).view(f"V{SUBJECT_BYTES}").ravel()
    lookup = set(wanted.tolist())
    return [at for at, person in enumerate(there.tolist()) if person in lookup]


def destroyed_rows(table: Entries) -> list[int]:
    """Places of the rows whose keys are gone."""
    found: list[int] = np.flatnonzero(~table[:, SUBJECT_BYTES:].any(axis=1)).tolist()
    return found


def destroy_keys(path: Path, rows: list[int]) -> None:
    """Overwrite the keys of rows with zeros in place, and wait until that is on the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        for row in rows:
            os.pwrite(descriptor, DESTROYED, row * ENTRY_BYTES + SUBJECT_BYTES)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_table(
    stem: Path, head: TableHead, *, key: bytes, context: bytes, withdrawn: Set[str]
) -> Iterator[pa.RecordBatch]:
    """The rows of everybody who has not withdrawn, in batches. Use them when the iterator has ended without an error.

    Raises UserError (``vault.damaged``), also when a key is gone though nobody withdrew.
    """
    where = f"{stem.name}.sealed"
    table = entries(stem.with_suffix(".keys"))
    gone = set(rows_of(table, withdrawn))
    if len(table) != head.rows or subjects_hash(table) != head.subjects or set(destroyed_rows(table)) - gone:
        raise damaged(f"{stem.name}.keys")
    sealed = io.BufferedReader(io.FileIO(_existing(stem.with_suffix(".sealed"), where)), 1 << 20)
    with sealed:
        for start in range(0, len(table), BATCH_ROWS):
            part = table[start : start + BATCH_ROWS].tobytes()
            rows = _open_rows(sealed, part, start, gone, AESGCM(key), context, where)
            yield from_rows(rows, head.schema)
        if sealed.read(1):
            raise damaged(where)


def _existing(path: Path, where: str) -> str:
    if not path.is_file():
        raise damaged(where)
    return str(path)


def _open_rows(
    sealed: BinaryIO, table: bytes, start: int, gone: Set[int], cipher: AESGCM, context: bytes, where: str
) -> list[bytes]:
    rows: list[bytes] = []
    try:
        for at in range(len(table) // ENTRY_BYTES):
            (length,) = _LENGTH.unpack(sealed.read(_LENGTH.size))
            text = sealed.read(length)
            if start + at in gone:
                continue
            entry = table[at * ENTRY_BYTES : (at + 1) * ENTRY_BYTES]
            person, nonce = entry[:SUBJECT_BYTES], entry[SUBJECT_BYTES : SUBJECT_BYTES + NONCE_BYTES]
            place = context + _PLACE.pack(start + at)
            key = cipher.decrypt(nonce, entry[SUBJECT_BYTES + NONCE_BYTES :], place + person)
            rows.append(AESGCM(key).decrypt(_NONCE, text, place))
    except (InvalidTag, ValueError, struct.error):
        raise damaged(where) from None
    return rows
