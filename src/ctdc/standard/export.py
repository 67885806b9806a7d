"""The standard in forms that other programs read: a flat CSV and one JSON document.

Promise: everything that the standard says about variables and codes is in both, in five languages; no cell of the
CSV begins with a character that a spreadsheet would take for a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from ctdc.standard.languages import LANGUAGES
from ctdc.standard.model import CodeList, Fact, Labels, Profile, Standard, VariableDef

CSV_COLUMNS = (
    "variable",
    "code",
    "kind",
    "group",
    "denominator",
    "derived_from",
    *(f"label_{language}" for language in LANGUAGES),
    *(f"definition_{language}" for language in LANGUAGES),
    "source",
)
_NO_TEXTS: Labels = dict.fromkeys(LANGUAGES, "")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(standard: Standard, profile: Profile | None = None) -> str:
    """A line per variable (empty `code`) followed by a line per code; of one profile's columns, or of all variables."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows([_safe(cell) for cell in row] for row in _lines(standard, profile))
    return out.getvalue()


def _lines(standard: Standard, profile: Profile | None) -> Iterator[list[str]]:
    if profile is None:
        for variable in (*standard.variables.values(), *standard.derived.values()):
            yield _variable_line(variable.name, variable)
            for code in standard.code_lists[variable.code_list].codes:
                yield _code_line(variable.name, code.code, variable, code.labels)
        return
    for column in profile.columns:
        variable = standard.variable(column.variable)
        yield _variable_line(column.name, variable)
        for text in column.codes:
            yield _code_line(column.name, text, variable, column.code_labels[text])


def _variable_line(name: str, variable: VariableDef) -> list[str]:
    derived = f"{variable.rule}: {' '.join(variable.sources)}" if variable.is_derived else ""
    facts = [name, "", variable.kind, variable.group, variable.denominator or "", derived]
    return [*facts, *_texts(variable.labels), *_texts(variable.definitions), variable.source]


def _code_line(name: str, code: str, variable: VariableDef, labels: Labels) -> list[str]:
    return [name, code, variable.kind, variable.group, "", "", *_texts(labels), *_texts(_NO_TEXTS), ""]


def _texts(labels: Labels) -> list[str]:
    return [labels[language] for language in LANGUAGES]


def _safe(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would calculate."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def to_dict(standard: Standard) -> dict[str, Any]:
    """The whole standard as one JSON object."""
    return {
        "version": standard.version,
        "content_hash": standard.content_hash,
        "languages": list(LANGUAGES),
        "groups": {group.id: dict(group.labels) for group in standard.groups.values()},
        "variables": [variable_dict(v) for v in (*standard.variables.values(), *standard.derived.values())],
        "code_lists": {name: _code_list_dict(code_list) for name, code_list in standard.code_lists.items()},
        "missing_reasons": {
            reason.id: {"labels": dict(reason.labels), "definitions": dict(reason.definitions)}
            for reason in standard.missing_reasons.values()
        },
        "profiles": {profile.id: profile_dict(profile) for profile in standard.profiles.values()},
        "crosswalks": [
            {
                "source": one.source,
                "target": one.target,
                "absent": list(one.absent),
                "partial": list(one.partial),
                "dropped": list(one.dropped),
                "note": one.note,
            }
            for one in standard.crosswalks.values()
        ],
    }


def variable_dict(variable: VariableDef) -> dict[str, Any]:
    """One variable as a JSON object."""
    return {
        "name": variable.name,
        "kind": variable.kind,
        "code_list": variable.code_list,
        "group": variable.group,
        "denominator": variable.denominator,
        "labels": dict(variable.labels),
        "definitions": dict(variable.definitions),
        "source": variable.source,
        "derived": variable.is_derived,
        "rule": variable.rule,
        "sources": list(variable.sources),
    }


def _code_list_dict(code_list: CodeList) -> dict[str, Any]:
    codes: list[Mapping[str, Any]] = [
        {"code": code.code, "labels": dict(code.labels), **({"parent": code.parent} if code.parent else {})}
        for code in code_list.codes
    ]
    return {"source": code_list.source, "codes": codes}


def profile_dict(profile: Profile) -> dict[str, Any]:
    """One profile as a JSON object."""
    return {
        "title": dict(profile.title),
        "years": list(profile.years),
        "separator": profile.separator,
        "source": profile.source,
        "missing": dict(profile.missing),
        "columns": [
            {"name": c.name, "variable": c.variable, "code_list": c.code_list, "recode": c.recode}
            for c in profile.columns
        ],
        "groups": {group: list(names) for group, names in profile.groups.items()},
        "facts": [fact_dict(fact) for fact in profile.facts],
    }


def fact_dict(fact: Fact) -> dict[str, Any]:
    """One fact of a profile as a JSON object."""
    return {
        "variable": fact.variable,
        "codes": list(fact.codes),
        "implies": fact.implies,
        "implied": list(fact.implied),
        "or_unknown": fact.or_unknown,
        "why": fact.why,
    }
