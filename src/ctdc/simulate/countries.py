"""The countries of the standard, as the simulated contributors write them.

Promise: positions follow the order of the standard's list, so that arrays of positions mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from babel import Locale

from ctdc.simulate.people import Ints
from ctdc.standard import load

# What people write in English instead of the name in the United Nations' list.
EVERYDAY: Mapping[str, str] = {
    "BOL": "Bolivia",
    "CIV": "Ivory Coast",
    "COD": "DR Congo",
    "CPV": "Cape Verde",
    "CZE": "Czech Republic",
    "GBR": "UK",
    "IRN": "Iran",
    "KOR": "South Korea",
    "LAO": "Laos",
    "MDA": "Moldova",
    "MMR": "Burma",
    "NLD": "Netherlands",
    "PRK": "North Korea",
    "RUS": "Russia",
    "SYR": "Syria",
    "TUR": "Turkey",
    "TZA": "Tanzania",
    "USA": "United States",
    "VEN": "Venezuela",
    "VNM": "Vietnam",
}
UNINHABITED = frozenset({"ATA", "ATF", "BVT", "HMD", "IOT", "SGS", "UMI"})
# M49 regions as positions in natives.perpetrators.REGIONS (Africa, Americas and Oceania, Asia, Europe).
REGION_POSITIONS: Mapping[str, int] = {"002": 0, "019": 1, "009": 1, "142": 2, "150": 3}


@dataclass(frozen=True)
class Countries:
    """Names and codes of each country, all in one order; region: position of its region, shape (countries,)."""

    alpha3: tuple[str, ...]
    alpha2: tuple[str, ...]
    english: tuple[str, ...]
    everyday: tuple[str, ...]
    portuguese: tuple[str, ...]
    region: Ints


@cache
def load_countries() -> Countries:
    """The inhabited countries of the standard's list."""
    lists = load().code_lists
    pairs = zip(lists["country"].codes, lists["country_alpha2"].codes, strict=True)
    kept = [(long, short) for long, short in pairs if long.code not in UNINHABITED]
    regions = [lists["m49_subregion"].by_code[long.parent].parent for long, _ in kept]
    portuguese = Locale("pt", "PT").territories
    # The invented contributors write English and Portuguese, whichever languages the collaborative serves.
    others = Locale("en").territories
    english = tuple(long.labels.get("en") or others[short.code] for long, short in kept)
    return Countries(
        alpha3=tuple(long.code for long, _ in kept),
        alpha2=tuple(short.code for _, short in kept),
        english=english,
        everyday=tuple(EVERYDAY.get(long.code, name) for (long, _), name in zip(kept, english, strict=True)),
        portuguese=tuple(portuguese[short.code] for _, short in kept),
        region=np.array([REGION_POSITIONS[region] for region in regions], dtype=np.int32),
    )
