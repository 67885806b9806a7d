"""Rows of a table as bytes, one by one, and back: so that every person's row can be sealed under a key of its own.

Promise: what comes back equals what went in, to the type, the null and the empty text. A row's bytes depend on this row
and on the schema alone: no dictionary, statistic or neighbour of a person outlives the person's key.

Form: fields in the order of the schema, as text, with U+001F between them; U+0000 for null; U+001B escapes these three.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ctdc.foundation.errors import UserError

_BETWEEN, _NULL, _ESCAPE = "\x1f", "\x00", "\x1b"
_ESCAPED = ((_ESCAPE, _ESCAPE + "e"), (_BETWEEN, _ESCAPE + "s"), (_NULL, _ESCAPE + "z"))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_kept(kind: pa.DataType) -> bool:
    """Whether text and back gives the same value."""
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    plain = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_float32, pa.types.is_float64, pa.types.is_date32)
    dated = pa.types.is_timestamp(kind) and kind.tz is None
    return _is_text(kind) or dated or pa.types.is_null(kind) or any(test(kind) for test in plain)


def check_schema(schema: pa.Schema) -> None:
    """Raise UserError (``vault.columns``) for columns that rows cannot hold."""
    refused = [field.name for field in schema if not _is_kept(field.type)]
    if refused:
        raise UserError(
            "vault.columns",
            f"Columns of this kind cannot be sealed row by row: {', '.join(refused[:10])}.",
            allowed="text, whole numbers, floating-point numbers, yes or no, dates, times without a zone",
        )


def _escaped(text: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(text, "[\x00\x1b\x1f]"), min_count=0).as_py():
        for plain, escaped in _ESCAPED:
            text = pc.replace_substring(text, plain, escaped)
    return text


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):  # the few different texts are looked at, not every cell
        return _escaped(column.dictionary.cast(pa.string())).take(column.indices)
    text = column.cast(pa.string())
    return _escaped(text) if _is_text(column.type) else text  # numbers and dates have nothing to escape


def to_rows(batch: pa.RecordBatch) -> list[bytes]:
    """Each row of `batch` as bytes."""
    if not batch.num_columns:
        return [b""] * batch.num_rows
    columns = [_as_text(column) for column in batch.columns]
    joined = pc.binary_join_element_wise(*columns, _BETWEEN, null_handling="replace", null_replacement=_NULL)
    rows: list[bytes] = joined.cast(pa.binary()).to_pylist()
    return rows


def _from_text(text: pa.Array, kind: pa.DataType) -> pa.Array:
    text = pc.if_else(pc.equal(text, _NULL), pa.scalar(None, pa.string()), text)
    if not (_is_text(kind) or pa.types.is_dictionary(kind)):
        return pa.nulls(len(text), kind) if pa.types.is_null(kind) else text.cast(kind)
    if pc.any(pc.match_substring(text, _ESCAPE), min_count=0).as_py():
        for plain, escaped in reversed(_ESCAPED):
            text = pc.replace_substring(text, escaped, plain)
    return text.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else text.cast(kind)


def from_rows(rows: list[bytes], schema: pa.Schema) -> pa.RecordBatch:
    """The batch that `to_rows` was given. Raises ValueError when the rows are not of this schema."""
    width = len(schema)
    if not width or not rows:
        return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
    parts = pc.split_pattern(pa.array(rows, pa.binary()).cast(pa.string()), _BETWEEN)
    fields = parts.flatten()
    if not pc.all(pc.equal(pc.list_value_length(parts), width)).as_py():
        raise ValueError("a row has another number of fields than the schema")
    starts = pa.array(range(0, len(fields), width), pa.int64())
    columns = [_from_text(fields.take(pc.add(starts, position)), field.type) for position, field in enumerate(schema)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
