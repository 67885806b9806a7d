"""Country names and codes as contributors write them, to ISO 3166-1 alpha-3.

Promise: `lookup` is exact after folding case, accents and spaces, so that it is never nearly right: a name that two
countries share in some language is not in its table at all. `suggest` is fuzzy and only ever proposes, to a person.
Disputed and former countries follow the codebook's policy (``country_policy.csv``), never a library's accident.
Sources and licences: ``data/README.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from types import MappingProxyType

from ctdc.standard import reading
from ctdc.standard.code_lists import COUNTRY_COLUMNS
from ctdc.standard.folding import fold
from ctdc.standard.loader import DATA, load
from ctdc.standard.recodes import POLICY_COLUMNS

LIKENESS = 0.72  # below this a suggestion is more often wrong than right for the long tail of spellings
INEXACT = "inexact"


@dataclass(frozen=True)
class Suggestion:
    """A country that a text might mean, with the name that is like it and how like (0 to 1)."""

    alpha3: str
    name: str
    likeness: float


@dataclass(frozen=True)
class Policy:
    """How a former, disputed or unofficial code is counted, and which source says so."""

    alpha2: str
    alpha3: str
    name: str
    counted_as: str
    relationship: str
    source: str


@cache
def policies() -> tuple[Policy, ...]:
    """The codebook's policy for codes outside today's ISO 3166-1."""
    return tuple(Policy(**row) for _, row in reading.rows(reading.part(DATA, "country_policy.csv"), POLICY_COLUMNS))


@cache
def _codes() -> Mapping[str, str]:
    """Lower-case alpha-2, alpha-3 and three-digit codes to alpha-3; inexact policies are left to people."""
    codes: dict[str, str] = {}
    for policy in policies():
        if policy.relationship != INEXACT:
            codes |= {code.lower(): policy.counted_as for code in (policy.alpha2, policy.alpha3) if code}
    for _, row in reading.rows(reading.part(DATA, "countries.csv"), COUNTRY_COLUMNS):
        codes |= {row[name].lower(): row["alpha3"] for name in ("alpha2", "alpha3", "m49")}
    return MappingProxyType(codes)


@cache
def names() -> Mapping[str, str]:
    """Every exact name, folded, to alpha-3."""
    found = {
        name: row["alpha3"]
        for _, row in reading.rows(reading.part(DATA, "country_names.csv"), ("alpha3", "names"))
        for name in row["names"].split("|")
    }
    return MappingProxyType(found)


def lookup(text: str) -> str | None:
    """The country that `text` is a code or a name of, as alpha-3; None when it is neither, exactly."""
    folded = fold(text)
    return _codes().get(folded) or names().get(folded)


def _words(policy: Policy) -> set[str]:
    """What a policy may be called: its codes, and its name without the years in brackets."""
    return {fold(policy.alpha2), fold(policy.alpha3), fold(policy.name.split("(")[0])} - {""}


def suggest(text: str, limit: int = 3) -> list[Suggestion]:
    """Countries whose names look like `text`, best first; for a person to choose from, never to be applied."""
    folded = fold(text)
    best = {
        policy.counted_as: Suggestion(policy.counted_as, policy.name, 1.0)
        for policy in policies()
        if policy.relationship == INEXACT and folded in _words(policy)
    }
    for name in get_close_matches(folded, names(), n=limit * 4, cutoff=LIKENESS) if folded else ():
        suggestion = Suggestion(names()[name], name, round(SequenceMatcher(None, name, folded).ratio(), 3))
        if suggestion.alpha3 not in best or best[suggestion.alpha3].likeness < suggestion.likeness:
            best[suggestion.alpha3] = suggestion
    return sorted(best.values(), key=lambda one: (-one.likeness, one.alpha3))[:limit]


def label(alpha3: str, language: str) -> str:
    """The country's UN name in one of the five languages. Raises KeyError for an unknown code."""
    return load().code_lists["country"].label(alpha3, language)


def to_alpha3(alpha2: str) -> str | None:
    """Alpha-3 of a published alpha-2 code, former and disputed ones by the codebook's policy; None when unknown."""
    return load().recodes["country_alpha2"].backward.get(alpha2)


def region(alpha3: str) -> str | None:
    """The M49 region (three digits) of a country, None where the UN places it in none."""
    standard = load()
    subregion = standard.code_lists["country"].by_code[alpha3].parent
    return standard.code_lists["m49_subregion"].by_code[subregion].parent if subregion else None
