"""What a coded table may contain: its variables and, for each, the closed list of codes.

Promise: a schema is immutable and public; it comes from a declared source (the standard or a schema file),
never from records, unless the person who asked was told that inferring it is outside the privacy guarantee.
The empty value ("not known") is a category of its own in every variable and is never listed among the codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ctdc.foundation.documents import BadDocument, parse_json
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_value
from ctdc.table.constraints import Implication, Pairs, forbidden_pairs, read_implications
from ctdc.table.nearest import contradiction, possible
from ctdc.table.variable import Variable


@dataclass(frozen=True)
class Schema:
    """The ordered variables of a table, and the facts between them that are true by definition.

    Raises UserError (``schema.names``) when a name repeats or none is given, (``schema.facts``,
    ``schema.facts_contradict``) for facts about what is not there or which leave a code that no record could have.
    """

    variables: tuple[Variable, ...]
    implications: tuple[Implication, ...] = ()

    def __post_init__(self) -> None:
        names = [variable.name for variable in self.variables]
        if not names:
            raise UserError("schema.names", "The schema has no variables.", allowed="at least one variable")
        if len(set(names)) < len(names):
            repeated = next(name for name in names if names.count(name) > 1)
            raise UserError(
                "schema.names", f"The schema names the variable {repeated!r} twice.", allowed="unique names"
            )
        self._check_facts()

    def _check_facts(self) -> None:
        """What the facts leave possible: something for everybody, and every declared code for somebody."""
        for place, categories in possible(self.sizes, self.forbidden).items():
            variable = self.variables[place]
            if not categories.any():
                raise contradiction()
            lost = [code for code, lives in zip(variable.codes, categories[1:], strict=True) if not lives]
            if lost:
                raise UserError(
                    "schema.facts_contradict",
                    f"The facts of the schema leave no record that has the code {lost[0]!r} in {variable.name!r}.",
                    do="Correct ctdc.implications in the schema, or take the code out of its variable.",
                )

    @cached_property
    def forbidden(self) -> Pairs:
        """The forbidden cells of every pair of variables that a fact speaks of; see `Pairs`."""
        return forbidden_pairs(self.variables, self.implications)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the variables, in order."""
        return tuple(variable.name for variable in self.variables)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Categories of each variable, the empty one included, in order."""
        return tuple(variable.size for variable in self.variables)

    def __getitem__(self, name: str) -> Variable:
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise UserError(
            "schema.unknown_variable",
            f"There is no variable {name!r} in the schema.",
            allowed=", ".join(self.names),
        )

    def content_hash(self) -> str:
        """SHA-256 of names and codes: equal for equal domains, whatever file they came from.

        Facts are part of it where there are any, in whatever order they were declared.
        """
        domain = [[variable.name, list(variable.codes)] for variable in self.variables]
        if not self.implications:
            return hash_value(domain)
        facts = [[f.given, sorted(f.given_codes), f.then, sorted(f.then_codes)] for f in self.implications]
        return hash_value({"variables": domain, "implications": sorted(facts)})

    def without_facts(self) -> Schema:
        """The same variables, nothing declared between them."""
        return replace(self, implications=())

    def to_table_schema(self) -> dict[str, Any]:
        """The schema as a Frictionless Table Schema (v1): string fields with ``constraints.enum``.

        Facts, which Table Schema has no word for, stand in a property of our own: ``ctdc.implications``.
        """
        fields = [
            {"name": variable.name, "type": "string", "constraints": {"enum": list(variable.codes)}}
            for variable in self.variables
        ]
        document: dict[str, Any] = {"fields": fields, "missingValues": [""]}
        if self.implications:
            document["ctdc"] = {"implications": [fact.as_dict() for fact in self.implications]}
        return document


def field_codes(field: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """The codes that a field of a Table Schema lists. Raises UserError (``schema.enum_missing``) when it lists none."""
    constraints = field.get("constraints")
    enum = constraints.get("enum") if isinstance(constraints, Mapping) else None
    if not isinstance(enum, Sequence) or isinstance(enum, str):
        raise UserError(
            "schema.enum_missing",
            f"The field {field.get('name')!r} does not list its codes.",
            where=where,
            allowed='"constraints": {"enum": ["code", ...]} for every field',
            do="Add the list from your code book. 'ctdc schema infer' drafts one, but a domain that is taken from "
            "sensitive records is outside the privacy guarantee.",
        )
    return tuple(str(code) for code in enum if code is not None and str(code) != "")


def document_fields(document: Any, where: str) -> tuple[Mapping[str, Any], ...]:
    """The fields of a Table Schema given as parsed JSON, each with a name. Raises UserError for what is not one."""
    if not isinstance(document, Mapping) or not isinstance(document.get("fields"), Sequence):
        raise UserError(
            "schema.not_table_schema",
            "This is not a Table Schema.",
            where=where,
            allowed='a JSON object with a list "fields"',
            do="See the Frictionless Table Schema specification, or use 'ctdc standard export --format table-schema'.",
        )
    for position, field in enumerate(document["fields"]):
        if not isinstance(field, Mapping) or not isinstance(field.get("name"), str):
            raise UserError("schema.field", f"Field {position + 1} has no name.", where=where, allowed='"name": text')
    return tuple(document["fields"])


def document_facts(document: Mapping[str, Any], where: str) -> tuple[Implication, ...]:
    """The facts that a Table Schema declares, ``ctdc.implications``."""
    own = document.get("ctdc")
    return read_implications(own["implications"], where) if isinstance(own, Mapping) and "implications" in own else ()


def schema_from_table_schema(document: Any, where: str) -> Schema:
    """Read a Frictionless Table Schema given as parsed JSON. `where` names its source in errors."""
    fields = document_fields(document, where)
    variables = tuple(Variable(field["name"], field_codes(field, where)) for field in fields)
    return Schema(variables, document_facts(document, where))


def read_document(path: Path) -> Any:
    """The parsed JSON of a schema file. Raises UserError when there is no such file, or when it is not JSON."""
    try:
        return parse_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError("schema.file_missing", "The schema file does not exist.", where=str(path)) from None
    except BadDocument as error:
        raise UserError("schema.not_json", f"The schema file is not JSON: {error}.", where=str(path)) from None


def read_schema(path: Path) -> Schema:
    """Read a Frictionless Table Schema from a JSON file. Raises UserError for what is not one."""
    return schema_from_table_schema(read_document(path), str(path))
