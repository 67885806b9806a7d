"""The values that nothing explains yet, what each could mean, and what somebody says that it means.

Promise: values come from the sealed report of a delivery, never from the browser; those that look like identifiers of
people are masked there and cannot be mapped, only put right at their source. A meaning names a variable that the value
is read for, and a code that the standard has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.mappings.files import loaded
from ctdc.hub.studio.mappings.models import MappingVersion
from ctdc.hub.studio.web.texts import language, text
from ctdc.intake.mapping import Mapping
from ctdc.intake.outcomes import Target
from ctdc.intake.text import column_key, fold
from ctdc.intake.words import hint_of
from ctdc.standard import load

UNEXPLAINED = ("unmapped", "unreadable", "proposed")
WAIVED, NOTHING = "!", "!nothing"  # how a choice begins that gives no code; known, and it says nothing
_JUDGED = re.compile(r"\b([A-Z]{3}) \(")


@dataclass(frozen=True)
class Meaning:
    """What a value of a column means: a code of a variable, or none and why."""

    column: str
    value: str
    variable: str = ""
    code: str = ""
    reason: str = ""

    @property
    def relationship(self) -> str:
        """As ``values.csv`` has it."""
        return "equivalent" if self.code else "not_mappable"

    def fields(self) -> dict[str, str]:
        """The fields of a line."""
        return {
            "column": self.column,
            "value": self.value,
            "variable": self.variable,
            "code": self.code,
            "reason": self.reason,
            "relationship": self.relationship,
        }


@dataclass(frozen=True)
class Option:
    """One thing that a value could mean. choice: what the form sends; label: for people."""

    choice: str
    label: str


@dataclass(frozen=True)
class Unexplained:
    """A value of the report. row: its place there; groups: label of a variable to its options; suggested: a choice."""

    row: int
    column: str
    value: str
    count: int
    hint: str
    masked: bool
    groups: tuple[tuple[str, tuple[Option, ...]], ...]
    suggested: str


def unexplained(report: MappingType[str, Any], version: MappingVersion) -> list[Unexplained]:
    """The values of a report that keep its delivery back, each with what it could mean."""
    with loaded(version.structure, version.values) as mapping:
        targets = all_targets(mapping)
        return [
            _offer(row, line, mapping, targets)
            for row, line in enumerate(report["values"])
            if line["status"] in UNEXPLAINED
        ]


def all_targets(mapping: Mapping) -> dict[str, Target]:
    """Every variable that the mapping fills, those of linked rows included."""
    found = dict(mapping.targets)
    for linked in mapping.linked:
        found |= linked.mapping.targets
    return found


def _offer(row: int, line: MappingType[str, Any], mapping: Mapping, targets: MappingType[str, Target]) -> Unexplained:
    names = [name for name in line["targets"] if name in targets]
    groups = [(_label(name), _options(targets[name])) for name in names]
    reasons = tuple(Option(f"{WAIVED}{name}", _reason(name)) for name in load().missing_reasons if name != "unmapped")
    if len(names) > 1:
        reasons = (Option(NOTHING, text("mappings.nothing")), *reasons)
    return Unexplained(
        row,
        line["column"],
        line["value"],
        line["count"],
        hint_of(line["hint"], language()),
        bool(line.get("masked")),
        (*groups, (text("mappings.waive"), reasons)),
        _suggested(line, names, mapping),
    )


def _options(target: Target) -> tuple[Option, ...]:
    return tuple(Option(f"{target.name}={code}", _code_label(target, code)) for code in target.atoms)


def _code_label(target: Target, code: str) -> str:
    """The code in the reader's language, and as the standard writes it where that is something else."""
    if target.is_flag:
        return f"{_label(target.name)}: {text('mappings.is_yes' if code == '1' else 'mappings.is_no')}"
    label = _labels(target.name).get(code, code)
    return label if label == code else f"{label} ({code})"


def _labels(name: str) -> dict[str, str]:
    standard = load()
    for variables in (standard.variables, *(entity.variables for entity in standard.entities.values())):
        if name in variables and variables[name].code_list in standard.code_lists:
            codes = standard.code_lists[variables[name].code_list].codes
            return {one.code: str(one.labels[language()]) for one in codes}
    return {}


def _label(name: str) -> str:
    standard = load()
    for variables in (standard.variables, *(entity.variables for entity in standard.entities.values())):
        if name in variables:
            return str(variables[name].labels[language()])
    return name


def _reason(name: str) -> str:
    return str(load().missing_reasons[name].labels[language()])


def _suggested(line: MappingType[str, Any], names: list[str], mapping: Mapping) -> str:
    """A choice to judge: what intake suggests, else what the most similar value of the column means."""
    judged = _JUDGED.search(line["hint"])
    if judged and len(names) == 1:
        return f"{names[0]}={judged[1]}"
    rows = {
        fold(row.source_value): row
        for row in mapping.crosswalk.rows
        if column_key(row.source_column) == column_key(line["column"]) and row.approved and row.target_code
    }
    near = get_close_matches(fold(line["value"]), list(rows), n=1, cutoff=0.75)
    if not near or rows[near[0]].target_variable not in names:
        return ""
    return f"{rows[near[0]].target_variable}={rows[near[0]].target_code}"


def meaning_of(report: MappingType[str, Any], row: int, choice: str) -> Meaning:
    """What the form chose for a value of the report. Raises UserError (``mapping.meaning``)."""
    lines = report["values"]
    if not 0 <= row < len(lines) or lines[row]["status"] not in UNEXPLAINED or lines[row].get("masked"):
        raise _wrong()
    line = lines[row]
    known = [name for name in line["targets"] if " " not in name]
    single = known[0] if len(line["targets"]) == 1 and known else ""
    if choice == NOTHING:
        return Meaning(line["column"], line["value"])
    if choice.startswith(WAIVED):
        return Meaning(line["column"], line["value"], single, "", choice.removeprefix(WAIVED))
    variable, _, code = choice.partition("=")
    if variable not in line["targets"] or not code:
        raise _wrong()
    return Meaning(line["column"], line["value"], variable, code)


def check_meaning(version: MappingVersion, meaning: Meaning) -> None:
    """Raise UserError (``mapping.meaning``) for a variable, a code or a reason that there is not."""
    with loaded(version.structure, version.values) as mapping:
        target = all_targets(mapping).get(meaning.variable)
    if meaning.code and (target is None or target.outcome(meaning.code) is None):
        raise _wrong()
    if meaning.variable and target is None:
        raise _wrong()
    if meaning.reason and meaning.reason not in load().missing_reasons:
        raise _wrong()


def _wrong() -> UserError:
    return UserError("mapping.meaning", text("mappings.error.meaning"))
