"""What goes wrong when the data of this very release are misread: the wrong number and the right one.

Promise: every number is taken from the release's figures or is simple arithmetic on them, and the right one is what
`ctdc.load` answers to the same question. An example that a release cannot give is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ctdc.hub.site.charts import LATE_YEARS
from ctdc.hub.site.view import SiteRelease
from ctdc.release.figures import PLACE, YEAR
from ctdc.standard.presentation import presentation

Share = Mapping[str, Any]


@dataclass(frozen=True)
class NullIsNo:
    """A flag's share of everybody, which takes empty for "no", and its share by the rule. people: who has the flag."""

    variable: str
    people: float
    wrong: float
    right: Share
    answered: float


@dataclass(frozen=True)
class TooFew:
    """Codes of the country of exploitation: how many have a number, and how many have too few people to say."""

    reported: int
    few: int


@dataclass(frozen=True)
class LateYears:
    """Years as codes with their people; the last two are incomplete. change: of the last against the one before,
    as a share of that one; below zero where there are fewer."""

    years: tuple[str, str, str]
    people: tuple[float, float, float]
    change: float


@dataclass(frozen=True)
class Countries:
    """The two codes of `variable`, the country of exploitation, with most people. ratio: of the first to the second."""

    variable: str
    codes: tuple[str, str]
    people: tuple[float, float]
    ratio: float


@dataclass(frozen=True)
class Worked:
    """All examples. wide: the headline share with the widest interval; added: the shares of one group, summed."""

    null: NullIsNo | None
    few: TooFew | None
    late: LateYears | None
    countries: Countries | None
    wide: tuple[str, Share] | None
    merged: Share | None
    added: tuple[str, float] | None


def worked(view: SiteRelease) -> Worked:
    """The examples of a release."""
    return Worked(_null(view), _few(view), _late(view), _countries(view), _wide(view), _merged(view), _added(view))


def _variable(view: SiteRelease, names: Sequence[str]) -> Mapping[str, Any] | None:
    return next((entry for entry in view.figures["variables"] if entry["name"] in names), None)


def _members(view: SiteRelease) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each flag that is reported with its share, after its group."""
    return [
        (group, member)
        for group in view.figures["groups"]
        for member in group["members"]
        if not member["below_threshold"] and member.get("share")
    ]


def _null(view: SiteRelease) -> NullIsNo | None:
    """The flag whose share is most certain among those that taking empty for "no" more than halves.

    Those of groups that are delicate come last: an example about arithmetic has no need of them.
    """
    total = view.figures["total"]["count"]
    found = [
        (group, member)
        for group, member in _members(view)
        if total > 0 and member["share"]["share"] > 2 * member["count"] / total and member["share"]["share"] > 0.1
    ]
    if not found:
        return None
    last = presentation().delicate
    group, member = min(found, key=lambda pair: (pair[0]["id"] in last, _width(pair[1]["share"]), pair[1]["variable"]))
    wrong = member["count"] / total
    return NullIsNo(member["variable"], member["count"], wrong, member["share"], group["denominator"]["count"])


def _width(share: Share) -> float:
    return float(share["high95"]) - float(share["low95"])


def _few(view: SiteRelease) -> TooFew | None:
    place = _variable(view, PLACE)
    if place is None:
        return None
    few = sum(1 for entry in place["codes"] if entry["below_threshold"])
    return TooFew(len(place["codes"]) - few, few) if few else None


def _late(view: SiteRelease) -> LateYears | None:
    variable = _variable(view, YEAR)
    if variable is None:
        return None
    codes = sorted(variable["codes"], key=lambda entry: str(entry["code"]))
    last = [entry for entry in codes if not entry["below_threshold"] and entry["code"].isdigit()][-LATE_YEARS - 1 :]
    if len(last) != LATE_YEARS + 1:
        return None
    first, second, third = last
    people = first["count"], second["count"], third["count"]
    return LateYears((first["code"], second["code"], third["code"]), people, people[2] / people[1] - 1)


def _countries(view: SiteRelease) -> Countries | None:
    place = _variable(view, PLACE)
    if place is None:
        return None
    reported = [entry for entry in place["codes"] if not entry["below_threshold"]]
    if len(reported) < 2:
        return None
    one, two = sorted(reported, key=lambda entry: (-entry["count"], entry["code"]))[:2]
    return Countries(
        place["name"], (one["code"], two["code"]), (one["count"], two["count"]), one["count"] / two["count"]
    )


def _wide(view: SiteRelease) -> tuple[str, Share] | None:
    members = [member for _, member in _members(view)]
    if not members:
        return None
    widest = max(members, key=lambda member: (_width(member["share"]), member["variable"]))
    return widest["variable"], widest["share"]


def _merged(view: SiteRelease) -> Share | None:
    return next((member["share"] for _, member in _members(view) if member["variable"] == presentation().merged), None)


def _added(view: SiteRelease) -> tuple[str, float] | None:
    """The group whose shares add up to most."""
    sums: dict[str, float] = {}
    for group, member in _members(view):
        sums[group["id"]] = sums.get(group["id"], 0.0) + member["share"]["share"]
    largest = max(sums.items(), key=lambda pair: (pair[1], pair[0]), default=None)
    return largest if largest is not None and largest[1] > 1 else None
