"""Journeys: people by where they are from and where they were exploited.

Promise: only corridors that say enough are listed, the largest first; all others are too few to say.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ctdc.foundation.errors import UserError
from ctdc.release.counting import Counted, Counter
from ctdc.release.figures import ORIGIN, PLACE
from ctdc.release.told import DECIMALS, Places


def flow_variables(counter: Counter) -> tuple[str, str]:
    """The variables of origin and exploitation. Raises UserError (``api.no_flows``)."""
    found = [next((name for name in names if name in counter.variables), None) for names in (ORIGIN, PLACE)]
    if found[0] is None or found[1] is None:
        raise UserError(
            "api.no_flows", "This release does not say where people are from and where they were exploited."
        )
    return found[0], found[1]


def flows(counter: Counter, filters: Mapping[str, tuple[str, ...]]) -> tuple[Counted, Places]:
    """The corridors among some people, and which of them say enough, in order."""
    found = counter.count(filters, flow_variables(counter))
    said = np.flatnonzero(~found.too_few & np.array([all(codes) for codes in found.codes]))
    counts = np.round(found.count, DECIMALS)
    order = sorted(said.tolist(), key=lambda place: (-counts[place], found.codes[place]))
    return found, np.array(order, dtype=np.int64)
