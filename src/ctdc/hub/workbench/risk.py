"""The risk today: who could be told apart if the table were given away as it is.

Promise: exact, and therefore for the keeper of the table only; kept in the project, never in what is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ctdc.foundation.progress import Progress
from ctdc.hub.workbench.choices import declaration_of, read_choices
from ctdc.hub.workbench.prepare import choices_hash, prepared
from ctdc.hub.workbench.project import Project
from ctdc.table.rare import FEW, rarity
from ctdc.table.recode import recode


def work(project: Project, folder: Path, asked: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Look at the table as it is declared now. asked: ``table``, the hash of the table as it came.

    Result: the rarity, and ``declared``, what tells the declared table that was looked at from others: choices may have
    changed since the look was asked for. Raises UserError where the table does not fit.
    """
    choices = read_choices(project)
    declaration = declaration_of(choices)
    table = recode(prepared(project.table, choices), declaration, "table")
    return {
        "declared": choices_hash(choices, asked["table"]),
        **asdict(rarity(table, declaration.groups, FEW, progress)),
    }
