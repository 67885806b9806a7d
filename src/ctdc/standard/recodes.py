"""Builds the recodes: written ones, and those that follow from the country table.

Promise: the way forward may merge codes; the way back exists only where it is certain, that is where the published
code is itself a harmonised code or exactly one harmonised code leads to it. Former and disputed country codes go
back as the codebook's policy says (``country_policy.csv``), each with its source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ctdc.standard import reading
from ctdc.standard.code_lists import COUNTRY_ALPHA2_LIST, COUNTRY_COLUMNS
from ctdc.standard.model import CodeList, Recode

POLICY_COLUMNS = ("alpha2", "alpha3", "name", "counted_as", "relationship", "source")
COUNTRY_ALPHA2 = "country_alpha2"
COUNTRY_REGION = "country_region"
REGION_TABLE = "m49_un_region"


def make_recode(name: str, forward: Mapping[str, str]) -> Recode:
    """A recode from its way forward; the way back is what is certain of it."""
    arrivals = Counter(forward.values())
    backward = {to: harmonised for harmonised, to in forward.items() if arrivals[to] == 1}
    backward |= {to: to for to in forward.values() if to in forward}
    return Recode(name, MappingProxyType(dict(forward)), MappingProxyType(backward))


def read_recodes(folder: Path, code_lists: Mapping[str, CodeList]) -> dict[str, Recode]:
    """Every recode by its id."""
    forward: dict[str, dict[str, str]] = {}
    for place, row in reading.rows_if_there(folder / "recodes.csv", ("recode", "from", "to")):
        reading.add(forward.setdefault(row["recode"], {}), row["from"], row["to"], place)
    regions = forward.pop(REGION_TABLE, {})
    recodes = {name: make_recode(name, mapping) for name, mapping in forward.items()}
    recodes[COUNTRY_ALPHA2] = _alpha2(folder, code_lists)
    recodes[COUNTRY_REGION] = make_recode(COUNTRY_REGION, _regions(folder, code_lists, regions))
    return recodes


def _alpha2(folder: Path, code_lists: Mapping[str, CodeList]) -> Recode:
    current = {
        row["alpha3"]: row["alpha2"] for _, row in reading.rows(reading.part(folder, "countries.csv"), COUNTRY_COLUMNS)
    }
    backward = {alpha2: alpha3 for alpha3, alpha2 in current.items()}
    for place, row in reading.rows(reading.part(folder, "country_policy.csv"), POLICY_COLUMNS):
        if row["counted_as"] not in current or row["alpha2"] in code_lists[COUNTRY_ALPHA2_LIST].by_code:
            raise reading.broken(f"The policy for {row['alpha2']!r} names no country, or overrides one.", place)
        reading.add(backward, row["alpha2"], row["counted_as"], place)
    return Recode(COUNTRY_ALPHA2, MappingProxyType(current), MappingProxyType(backward))


def _regions(folder: Path, code_lists: Mapping[str, CodeList], names: Mapping[str, str]) -> dict[str, str]:
    """Country -> UN region as the victim-perpetrator dataset names it; countries without an M49 region are left out.

    Whether every sub-region lies in a known region is checked with the whole standard.
    """
    region_of = {code.code: names.get(code.parent, "") for code in code_lists["m49_subregion"].codes}
    regions = {
        row["alpha3"]: region_of.get(row["subregion"], "")
        for _, row in reading.rows(reading.part(folder, "countries.csv"), COUNTRY_COLUMNS)
    }
    return {alpha3: region for alpha3, region in regions.items() if region}
