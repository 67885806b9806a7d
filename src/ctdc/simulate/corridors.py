"""Where invented people come from and where they are exploited.

Promise: origins and destinations are ranked by hand in regional pools and weighted by Zipf's law, so a few
corridors carry most cases and many carry one or two; a thin tail reaches every country of the standard. Nothing here
was estimated from records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

ZIPF_EXPONENT = 1.25
TAIL_SHARE = 0.02  # of origins and of destinations: any country at all

ORIGINS: Mapping[str, str] = {
    "eastern_europe": "UKR MDA BLR ROU BGR UZB KGZ RUS KAZ GEO ALB ARM TJK AZE SRB HUN MKD TKM BIH POL LTU LVA SVK",
    "south_east_asia": "PHL KHM IDN MMR VNM THA LAO CHN MYS MNG TLS",
    "south_asia": "BGD NPL IND LKA PAK AFG",
    "west_africa": "NGA GHA GIN SLE CIV MLI BEN TGO SEN NER CMR BFA GMB LBR",
    "east_africa": "ETH UGA KEN MDG BDI ERI MOZ SOM TZA ZWE MWI RWA COD AGO ZAF",
    "latin_america": "MEX COL HND GTM BRA SLV VEN HTI PER DOM NIC CUB ECU BOL PRY ARG",
    "north_america": "USA",
    "western_europe": "PRT ESP FRA GBR CAN ITA DEU NLD",
    "middle_east": "SYR MAR IRQ EGY TUN JOR SDN YEM",
}
DESTINATIONS: Mapping[str, str] = {
    "eastern_europe": "RUS POL TUR UKR ITA DEU CZE GRC ARE KAZ ESP MDA NLD MKD BIH GBR CYP ISR ALB",
    "south_east_asia": "MYS THA IDN SAU SGP ARE TWN KHM KOR CHN JPN KWT HKG LBN JOR MMR OMN ZAF",
    "south_asia": "SAU ARE QAT IND KWT MYS OMN LBN JOR MDV GBR CYP SGP ROU",
    "west_africa": "LBY ITA KWT MLI CIV LBN OMN EGY GHA MAR RUS ESP FRA NGA GAB",
    "east_africa": "SAU ARE KWT LBN YEM KEN OMN ZAF SDN QAT BHR LBY JOR TZA",
    "latin_america": "USA ARG MEX ESP COL ECU CHL ITA PER BRA BOL TTO PAN SUR",
    "north_america": "USA CAN MEX",
    "western_europe": "ESP PRT GBR FRA NLD CHE DEU",
    "middle_east": "LBN TUR LBY JOR ARE ITA SAU GRC QAT",
}
POOLS: Mapping[str, Mapping[str, float]] = {
    "world": {
        "eastern_europe": 46,
        "south_east_asia": 25,
        "south_asia": 7,
        "west_africa": 6,
        "east_africa": 8,
        "latin_america": 5,
        "middle_east": 2,
        "western_europe": 0.5,
        "north_america": 0.3,
    },
    "america": {
        "north_america": 55,
        "latin_america": 26,
        "south_east_asia": 11,
        "south_asia": 2,
        "eastern_europe": 2,
        "east_africa": 1.5,
        "west_africa": 1,
        "middle_east": 0.5,
        "western_europe": 1,
    },
    "asia": {"south_east_asia": 68, "south_asia": 25, "east_africa": 4, "west_africa": 1, "eastern_europe": 2},
    "registry": {
        "south_asia": 24,
        "western_europe": 20,
        "eastern_europe": 22,
        "latin_america": 12,
        "west_africa": 14,
        "east_africa": 4,
        "middle_east": 4,
    },
    "aftercare": {"eastern_europe": 52, "south_east_asia": 22, "east_africa": 12, "west_africa": 6, "north_america": 8},
}
# Pools whose contributor works in a few countries: where most of its cases were exploited.
POOL_DESTINATIONS: Mapping[str, tuple[str, float]] = {"aftercare": ("UKR BGR GRC KHM THA ZAF USA", 0.8)}

# Case types that belong to some regions: factor on the weight of a region (1 when absent, 0.1 elsewhere).
TILTS: Mapping[str, Mapping[str, float]] = {
    "fishing": {"south_east_asia": 2.0, "eastern_europe": 0.15, "west_africa": 0.4},
    "scam_centre": {"south_east_asia": 2.0, "south_asia": 1.5, "east_africa": 1.0, "eastern_europe": 0.1},
    "armed_group": {"east_africa": 3.0, "west_africa": 2.0, "middle_east": 3.0, "latin_america": 1.0},
    "construction": {"eastern_europe": 1.8, "south_asia": 1.0, "south_east_asia": 0.3},
}


def zipf(length: int) -> NDArray[np.float64]:
    """Weights 1 / rank ** ZIPF_EXPONENT, summing to 1, for `length` ranks."""
    weights = np.arange(1, length + 1, dtype=np.float64) ** -ZIPF_EXPONENT
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class Corridors:
    """Draws origin and exploitation countries as positions in `countries` (ISO alpha-3, the standard's order)."""

    countries: tuple[str, ...]

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Alpha-3 to position."""
        return {code: position for position, code in enumerate(self.countries)}

    def _ranked(self, codes: str) -> NDArray[np.float64]:
        weights = np.zeros(len(self.countries))
        members = codes.split()
        weights[[self.index[code] for code in members]] = zipf(len(members))
        return weights

    def _with_tail(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cumulative distribution of `weights` with every country given its share of the tail."""
        mixed = (1 - TAIL_SHARE) * weights / weights.sum() + TAIL_SHARE / len(weights)
        cumulative = np.cumsum(mixed)
        return np.asarray(cumulative / cumulative[-1])

    def origin_distribution(self, pool: str, case_type: str) -> NDArray[np.float64]:
        """Cumulative distribution over countries of origin, shape (countries,)."""
        tilt = TILTS.get(case_type)
        total = np.zeros(len(self.countries))
        for region, weight in POOLS[pool].items():
            factor = 1.0 if tilt is None else tilt.get(region, 0.1)
            total += weight * factor * self._ranked(ORIGINS[region])
        return self._with_tail(total)

    @cached_property
    def _destination_table(self) -> NDArray[np.float64]:
        """Cumulative distribution over destinations for each origin, shape (countries, countries)."""
        everywhere = sum((self._ranked(codes) for codes in DESTINATIONS.values()), np.zeros(len(self.countries)))
        table = np.tile(self._with_tail(everywhere), (len(self.countries), 1))
        for region, members in ORIGINS.items():
            ranked = DESTINATIONS[region].split()
            for rank, origin in enumerate(members.split()):
                # Each origin prefers other neighbours, so that corridors are not copies of each other.
                shift = (rank * 3) % max(1, len(ranked) // 2)
                order = [code for code in ranked[shift:] + ranked[:shift] if code != origin]
                table[self.index[origin]] = self._with_tail(self._ranked(" ".join(order)))
        return table

    def draw_origins(
        self, pool: str, types: NDArray[np.int16], names: Sequence[str], generator: np.random.Generator
    ) -> NDArray[np.int16]:
        """One origin per person; `types` are positions in `names`, the names of case types."""
        draws = generator.random(len(types))
        origins = np.zeros(len(types), dtype=np.int16)
        for position in np.unique(types):
            chosen = types == position
            origins[chosen] = np.searchsorted(self.origin_distribution(pool, names[position]), draws[chosen], "right")
        return origins

    def draw_destinations(self, origins: NDArray[np.int16], generator: np.random.Generator) -> NDArray[np.int16]:
        """One country per person, given the origin; one search over all rows' distributions laid end to end."""
        size = len(self.countries)
        flat = (self._destination_table + np.arange(size)[:, None]).ravel()
        found = np.searchsorted(flat, generator.random(len(origins)) + origins, "right")
        return np.asarray(np.minimum(found - origins.astype(np.int64) * size, size - 1), dtype=np.int16)

    def draw_exploitation(
        self,
        pool: str,
        origins: NDArray[np.int16],
        home: NDArray[np.bool_],
        home_country: str | None,
        generator: np.random.Generator,
    ) -> NDArray[np.int16]:
        """Country of exploitation: the person's own where `home`, the contributor's, or along a corridor."""
        result = np.where(home, origins, self.draw_destinations(origins, generator)).astype(np.int16)
        if home_country is not None:
            inside = generator.random(len(origins)) < 0.985
            result[inside] = self.index[home_country]
        if pool in POOL_DESTINATIONS:
            codes, share = POOL_DESTINATIONS[pool]
            chosen = generator.random(len(origins)) < share
            places = np.array([self.index[code] for code in codes.split()], dtype=np.int16)
            result[chosen] = generator.choice(places, size=int(chosen.sum()))
        return result
