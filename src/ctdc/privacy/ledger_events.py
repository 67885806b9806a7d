"""The closed list of what a ledger line may say, whose lines `ctdc.foundation.chain` holds together.

Promise: an event that is not on the list, or whose amounts cannot be added up, is damage and never ignored; what an
older version wrote stays readable. Versions:

* ``budget`` 1: the most that may ever be spent on a population; 2: the same for a period, ``life`` or ``year``.
* ``charge`` 1: written before ends were recorded; 2: a ``done`` line follows when what was paid for is on the disk.
* ``done`` 1: the measurements of one charge are on the disk, with their hash.
* ``overlap`` 1: two populations may have people in common.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ctdc.privacy.accounting import Cost

BILLION = 1_000_000_000
LIFE, YEAR = "life", "year"
PERIODS = (LIFE, YEAR)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_HASH = re.compile(r"[0-9a-f]{64}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _sound_budget(event: Mapping[str, Any]) -> bool:
    amounts = _is_number(event.get("epsilon")) and event["epsilon"] > 0 and _is_number(event.get("delta"))
    return amounts and 0 < event["delta"] < 1 and (event["version"] == 1 or event.get("period") in PERIODS)


def _sound_charge(event: Mapping[str, Any]) -> bool:
    """Nothing may be charged that is negative, nor without a date: it could not be put in a year."""
    mu_squared = event.get("mu_squared_billionths", -1)
    amounts = _is_whole(event.get("rho_billionths")) and (mu_squared is None or _is_whole(mu_squared))
    dated = isinstance(event.get("at"), str) and _MOMENT.fullmatch(event["at"]) is not None
    return amounts and dated and (event["version"] == 1 or isinstance(event.get("details"), dict))


def _sound_done(event: Mapping[str, Any]) -> bool:
    named = event.get("measurements")
    return _is_whole(event.get("charge")) and isinstance(named, str) and _HASH.fullmatch(named) is not None


def _sound_overlap(event: Mapping[str, Any]) -> bool:
    return isinstance(event.get("with"), str) and event["with"] != event["population"]


_SOUND: dict[tuple[str, int], Callable[[Mapping[str, Any]], bool]] = {
    ("budget", 1): _sound_budget,
    ("budget", 2): _sound_budget,
    ("charge", 1): _sound_charge,
    ("charge", 2): _sound_charge,
    ("done", 1): _sound_done,
    ("overlap", 1): _sound_overlap,
}


def fault(event: Any) -> str:
    """What is wrong with an event as a clause of a sentence; empty when it is sound."""
    if not isinstance(event, dict) or "kind" not in event or "version" not in event:
        return "it is not a ledger line"
    key = event["kind"], event["version"]
    known = isinstance(key[0], str) and _is_whole(key[1]) and key in _SOUND
    if not known:
        return f"event {event['kind']!r} version {event['version']!r} is not known to this version of ctdc"
    if not isinstance(event.get("population"), str) or not _SOUND[key](event):
        return f"what it says is not what an event {event['kind']!r} can say"
    return ""


def charge_event(population: str, cost: Cost, details: dict[str, Any], at: str) -> dict[str, Any]:
    """A charge; amounts are whole billionths, rounded up."""
    return {
        "kind": "charge",
        "version": 2,
        "population": population,
        "rho_billionths": math.ceil(cost.rho * BILLION),
        "mu_squared_billionths": None if cost.mu_squared is None else math.ceil(cost.mu_squared * BILLION),
        "details": details,
        "at": at,
    }


def total_cost(events: Iterable[Mapping[str, Any]]) -> Cost:
    """What charges cost one person together: whole billionths added up exactly, so that their order never matters.

    One charge without mu^2 leaves rho alone to certify all of them.
    """
    rho, mu_squared, certified = 0, 0, True
    for event in events:
        rho += event["rho_billionths"]
        certified = certified and event["mu_squared_billionths"] is not None
        mu_squared += event["mu_squared_billionths"] or 0
    return Cost(_amount(rho), _amount(mu_squared) if certified else None)


def _amount(billionths: int) -> float:
    """Billionths as a float, rounded up."""
    return math.nextafter(billionths / BILLION, math.inf) if billionths else 0.0
