"""Journeys: people by where they are from and where they were exploited.

Promise: only corridors that say enough are listed, the largest first; all others are too few to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ctdc.foundation.errors import UserError
from ctdc.hub.api.answers import rows_of
from ctdc.release.counting import Counter
from ctdc.release.figures import EXPLOITATION, ORIGIN


def flow_variables(counter: Counter) -> tuple[str, str]:
    """The variables of origin and exploitation. Raises UserError (``api.no_flows``)."""
    found = [next((name for name in names if name in counter.variables), None) for names in (ORIGIN, EXPLOITATION)]
    if found[0] is None or found[1] is None:
        raise UserError(
            "api.no_flows", "This release does not say where people are from and where they were exploited."
        )
    return found[0], found[1]


def flows(counter: Counter, filters: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """The corridors among some people, as rows."""
    names = flow_variables(counter)
    found = counter.count(filters, names)
    said = ~found.too_few & np.array([all(codes) for codes in found.codes])
    return sorted(rows_of(found, said), key=lambda row: (-row["count"], *row["codes"].values()))
