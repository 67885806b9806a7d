"""The declaration of a table: how each raw column becomes coded variables, said before anybody looks at a record.

Promise: a declaration is immutable and public; it comes from a file that a person wrote (a Frictionless Table Schema
with an object ``ctdc`` per field and at the top), and the engine's domain follows from it alone. A key that is not
known is an error, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_value
from ctdc.table.bands import EPOCH, Bands, parse_bands
from ctdc.table.constraints import Implication
from ctdc.table.schema import Schema, document_facts, document_fields, field_codes, read_document
from ctdc.table.variable import Variable

PRESENT, NOT_PRESENT = "1", "0"
FIELD_KEYS = {"split", "bands", "absent", "zero_is_value"}
TABLE_KEYS = {"subject_id", "columns", "max_rows", "delimiter", "implications"}
KINDS = {"integer": "integer", "number": "number", "date": "date", "datetime": "date"}


@dataclass(frozen=True)
class CodeField:
    """A column whose cells are codes. absent: texts that mean empty, the empty text always among them."""

    name: str
    codes: tuple[str, ...]
    absent: frozenset[str]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The one variable that it becomes."""
        return (Variable(self.name, self.codes),)

    def describe(self) -> dict[str, Any]:
        """The field as an entry of a Table Schema."""
        return {"name": self.name, "type": "string", "constraints": {"enum": list(self.codes)}} | _extras(self.absent)


@dataclass(frozen=True)
class SplitField:
    """A column whose cells hold several codes, which becomes one yes/no flag per declared code.

    zero_is_value: "not this one" of a person whose cell is known is a value of its own, apart from "not known".
    """

    name: str
    codes: tuple[str, ...]
    absent: frozenset[str]
    delimiter: str
    zero_is_value: bool = False

    @property
    def variables(self) -> tuple[Variable, ...]:
        """One flag per code, named COLUMN:CODE."""
        answers = (NOT_PRESENT, PRESENT) if self.zero_is_value else (PRESENT,)
        return tuple(Variable(f"{self.name}:{code}", answers) for code in self.codes)

    def describe(self) -> dict[str, Any]:
        """The field as an entry of a Table Schema."""
        zero = {"zero_is_value": True} if self.zero_is_value else {}
        extras = _extras(self.absent, {"split": self.delimiter} | zero)
        return {"name": self.name, "type": "string", "constraints": {"enum": list(self.codes)}} | extras


@dataclass(frozen=True)
class BandField:
    """A column of numbers or dates (kind: ``integer``, ``number``, ``date``), which becomes the band of each."""

    name: str
    kind: str
    bands: Bands
    absent: frozenset[str]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The one variable that it becomes; its codes are the bands' labels."""
        return (Variable(self.name, self.bands.labels),)

    def describe(self) -> dict[str, Any]:
        """The field as an entry of a Table Schema, with every edge and label written out."""
        bands = {
            "edges": [_edge(edge, self.kind) for edge in self.bands.edges],
            "labels": list(self.bands.labels),
            "below": self.bands.below,
            "above": self.bands.above,
        }
        return {"name": self.name, "type": self.kind} | _extras(self.absent, {"bands": bands})


Field = CodeField | SplitField | BandField


def _edge(edge: float, kind: str) -> str | int | float:
    if kind == "date":
        return str(EPOCH + timedelta(days=int(edge)))
    return int(edge) if kind == "integer" else edge


def _extras(absent: frozenset[str], extras: Mapping[str, Any] | None = None) -> dict[str, Any]:
    own = sorted(absent - {""})
    found = {**(extras or {}), **({"absent": own} if own else {})}
    return {"ctdc": found} if found else {}


@dataclass(frozen=True)
class Declaration:
    """How a raw table is read.

    subject_id: the column that says whose row it is, empty when every row is a person; chosen: whether a choice of
    columns was declared, so that others may be in the file and are left alone; max_rows: a file with more is
    refused; delimiter: between the cells of a csv file; implications: facts between the variables that result. Raises
    UserError when no variable, or one twice, would result.
    """

    fields: tuple[Field, ...]
    subject_id: str = ""
    chosen: bool = False
    max_rows: int | None = None
    delimiter: str = ","
    implications: tuple[Implication, ...] = ()

    def __post_init__(self) -> None:
        if any(field.name == self.subject_id for field in self.fields):
            raise ValueError("the column that says whose row it is may not reach the engine")
        _ = self.schema

    @cached_property
    def schema(self) -> Schema:
        """The engine's domain: every field's variables, in order."""
        return Schema(tuple(variable for field in self.fields for variable in field.variables), self.implications)

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that are read, the subject's id last."""
        return (*(field.name for field in self.fields), *((self.subject_id,) if self.subject_id else ()))

    @property
    def groups(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Each raw column with the positions of its variables in the schema."""
        found, position = [], 0
        for field in self.fields:
            width = len(field.variables)
            found.append((field.name, tuple(range(position, position + width))))
            position += width
        return tuple(found)

    def describe(self) -> dict[str, Any]:
        """The declaration with everything written out, which `parse_declaration` reads back to an equal one."""
        table: dict[str, Any] = {"delimiter": self.delimiter}
        if self.subject_id:
            table["subject_id"] = self.subject_id
        if self.chosen:
            table["columns"] = [field.name for field in self.fields]
        if self.max_rows is not None:
            table["max_rows"] = self.max_rows
        if self.implications:
            table["implications"] = [fact.as_dict() for fact in self.implications]
        return {"fields": [field.describe() for field in self.fields], "missingValues": [""], "ctdc": table}

    def without_facts(self) -> Declaration:
        """The same table, nothing declared between its variables."""
        return replace(self, implications=())

    def content_hash(self) -> str:
        """SHA-256 of everything that decides how a raw table is coded."""
        return hash_value(self.describe())


def plain_declaration(schema: Schema) -> Declaration:
    """The declaration of a table that holds the codes of `schema` already."""
    fields = tuple(CodeField(each.name, each.codes, frozenset({""})) for each in schema.variables)
    return Declaration(fields, implications=schema.implications)


def read_declaration(path: Path, **choices: Any) -> Declaration:
    """The declaration in a JSON file. choices: see `parse_declaration`."""
    return parse_declaration(read_document(path), str(path), **choices)


def parse_declaration(
    document: Any,
    where: str,
    *,
    subject_id: str | None = None,
    columns: Sequence[str] | None = None,
    max_rows: int | None = None,
) -> Declaration:
    """The declaration in a Table Schema given as parsed JSON; `where` names its source in errors.

    subject_id, columns, max_rows: take the place of what the document says. Raises UserError for what is not a Table
    Schema, and (``schema.declaration``, ``schema.bands``, ``schema.absent_code``) for what declares nothing sensible.
    """
    entries = document_fields(document, where)
    table = _keys(document.get("ctdc"), TABLE_KEYS, "the table", where)
    subject = _text(table, "subject_id", where) if subject_id is None else subject_id
    wanted = columns if columns is not None else _texts(table.get("columns"), "columns", where)
    limit = max_rows if max_rows is not None else table.get("max_rows")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise _wrong("The limit of rows is not a whole number of at least 1.", where)
    delimiter = _text(table, "delimiter", where) or ","
    check_delimiter(delimiter, where)
    missing = frozenset(_texts(document.get("missingValues"), "missingValues", where) or ()) | {""}
    used = [entry for entry in _chosen(entries, wanted, subject, where) if entry["name"] != subject]
    fields = tuple(_field(entry, missing, where) for entry in used)
    names = {variable.name for field in fields for variable in field.variables}
    facts = document_facts(document, where)
    if wanted is not None:  # a fact about a column that was not chosen says nothing here
        facts = tuple(fact for fact in facts if {fact.given, fact.then} <= names)
    return Declaration(fields, subject, wanted is not None, limit, delimiter, facts)


def check_delimiter(delimiter: str, where: str) -> None:
    """Raise UserError (``schema.declaration``) for what cannot stand between the cells of a csv file."""
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
        raise _wrong("The delimiter of the file is not a single ASCII character.", where, "such as , ; | or a tab")


def _chosen(
    entries: Sequence[Mapping[str, Any]], wanted: Sequence[str] | None, subject: str, where: str
) -> list[Mapping[str, Any]]:
    """The wanted entries, in the schema's order."""
    names = [entry["name"] for entry in entries]
    unknown = [name for name in wanted or () if name not in names and name != subject]
    if unknown:
        raise UserError(
            "schema.unknown_variable",
            f"The column {unknown[0]!r} is chosen, but not declared.",
            where=where,
            allowed=", ".join(names),
            do="Choose declared columns, or declare this one as a field.",
        )
    return [entry for entry in entries if wanted is None or entry["name"] in wanted]


def _field(entry: Mapping[str, Any], missing: frozenset[str], where: str) -> Field:
    name = entry["name"]
    extras = _keys(entry.get("ctdc"), FIELD_KEYS, f"the field {name!r}", where)
    zero = extras.get("zero_is_value", False)
    if not isinstance(zero, bool):
        raise _wrong(f'"zero_is_value" of the field {name!r} is neither true nor false.', where)
    own = frozenset(_texts(extras.get("absent"), "absent", where) or ())
    if zero and NOT_PRESENT in own:
        raise _wrong(f"The field {name!r} says both that zero is a value and that it is absent.", where)
    absent = (missing - {NOT_PRESENT} if zero else missing) | own
    if "bands" in extras:
        return _band_field(entry, extras, absent, where)
    codes = field_codes(entry, where)
    _check_codes(name, codes, absent, where)
    if "split" in extras:
        return _split_field(name, codes, absent, extras, zero, where)
    if zero and NOT_PRESENT not in codes:
        raise _wrong(f'In the field {name!r} zero is a value, but "0" is not among its codes.', where)
    return CodeField(name, codes, absent)


def _band_field(entry: Mapping[str, Any], extras: Mapping[str, Any], absent: frozenset[str], where: str) -> BandField:
    name, kind = entry["name"], KINDS.get(str(entry.get("type")))
    if kind is None:
        raise _wrong(f"The field {name!r} has bands, but its type is not integer, number or date.", where)
    if "split" in extras:
        raise _wrong(f"The field {name!r} has both bands and a delimiter to split at.", where)
    return BandField(name, kind, parse_bands(extras["bands"], kind, name, where), absent)


def _split_field(
    name: str, codes: tuple[str, ...], absent: frozenset[str], extras: Mapping[str, Any], zero: bool, where: str
) -> SplitField:
    delimiter = extras["split"]
    if not isinstance(delimiter, str) or not delimiter:
        raise _wrong(f"The field {name!r} is split at nothing.", where)
    if any(delimiter in code or code != code.strip() for code in codes):
        raise _wrong(f"A code of the field {name!r} holds the delimiter, or begins or ends with a space.", where)
    if zero and NOT_PRESENT in codes:
        raise _wrong(f'In the field {name!r} "0" means "none of them", so it cannot be a code as well.', where)
    return SplitField(name, codes, absent, delimiter, zero)


def _check_codes(name: str, codes: Sequence[str], absent: frozenset[str], where: str) -> None:
    both = sorted(set(codes) & absent)
    if both:
        raise UserError(
            "schema.absent_code",
            f"The field {name!r} lists {both[0]!r} both as a code and as absent.",
            where=where,
            allowed='a text is either a code, or absent ("absent" of the field, "missingValues" of the table)',
            do='Take it out of one of them; "zero_is_value": true exempts a field\'s zeros from "missingValues".',
        )


def _keys(value: Any, known: set[str], whose: str, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    unknown = sorted(set(value) - known) if isinstance(value, Mapping) else ["no object"]
    if not isinstance(value, Mapping) or unknown:
        raise _wrong(f'"ctdc" of {whose} is not understood: {unknown[0]!r}.', where, ", ".join(sorted(known)))
    return value


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise _wrong(f"{key!r} is not a text.", where)
    return value


def _texts(value: Any, key: str, where: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _wrong(f"{key!r} is not a list.", where)
    return tuple(str(one) for one in value)


def _wrong(what: str, where: str, allowed: str = "") -> UserError:
    return UserError(
        "schema.declaration",
        what,
        where=where,
        allowed=allowed,
        do="Correct the schema; docs/how-to/any-table.md shows every key.",
    )
