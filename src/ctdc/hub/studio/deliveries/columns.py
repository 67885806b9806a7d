"""The columns that harmonised cases may have: those of the standard, and where a row comes from."""

from __future__ import annotations

from collections.abc import Collection

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.web.texts import text
from ctdc.intake.cases import MISSING_SUFFIX, PROVENANCE
from ctdc.standard import load


def allowed_columns() -> frozenset[str]:
    """Names of columns, of linked rows too."""
    standard = load()
    known = {*standard.variables, *(name for entity in standard.entities.values() for name in entity.variables)}
    return frozenset({*known, *(name + MISSING_SUFFIX for name in known), *PROVENANCE})


def column_codes() -> dict[str, frozenset[str]]:
    """The codes of each column that has some, of linked rows too; both lists where two columns have one name."""
    standard, found = load(), dict[str, frozenset[str]]()
    for room in (standard, *(standard.of_entity(name) for name in standard.entities)):
        for name, one in room.variables.items():
            if one.code_list:
                found[name] = found.get(name, frozenset()) | frozenset(room.codes(name))
    return found


def check_columns(names: Collection[str]) -> list[str]:
    """The names in order, all of them columns. Raises UserError (``delivery.columns``), which does not repeat one.

    What stands in the logs for ever is the name of a column, and never what somebody typed by mistake.
    """
    if set(names) - allowed_columns():
        raise UserError("delivery.columns", text("deliveries.refused.columns"))
    return sorted(names)
