"""What a guarantee allows the best possible attacker, in numbers.

Promise: every figure is computed from the release's stated parameters. With mu known, the best attacker's
success is that of telling N(0, 1) from N(mu, 1) (Dong, Roth, Su 2022, "Gaussian Differential Privacy", Definition
2 and Theorem 1); without it, the weaker bounds that hold for every (epsilon, delta) mechanism are given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

LARGEST = 700.0  # the largest epsilon of which a float can hold e^epsilon; there is no protection far below it
FALSE_ALARMS = 0.01  # one in a hundred, as the sentence of the statement says
ZCDP = "zCDP"  # the engine's word for a guarantee that no Gaussian trade-off curve certifies


@dataclass(frozen=True)
class Meaning:
    """What (epsilon, delta, mu) allow the best possible attacker.

    accuracy: largest share of right answers about one person's presence when both are equally likely beforehand;
    recognised: largest share of present people noticed at one false alarm in a hundred; odds: e^epsilon.
    """

    accuracy: float
    recognised: float
    odds: float


def meaning(epsilon: float, delta: float, mu: float | None) -> Meaning:
    """The meaning of a guarantee; `mu` None means that only (epsilon, delta) is certified."""
    odds = math.exp(min(epsilon, LARGEST))
    accuracy = min(1.0, (odds + delta) / (1 + odds)) if mu is None else NormalDist().cdf(mu / 2)
    return Meaning(accuracy, noticed(FALSE_ALARMS, epsilon, delta, mu), odds)


def noticed(false_alarms: float, epsilon: float, delta: float, mu: float | None) -> float:
    """The largest share of present people that an attacker can notice who accepts this share of false alarms.

    false_alarms: between 0 and 1, neither included; `mu` None means that only (epsilon, delta) is certified.
    """
    if mu is not None:
        normal = NormalDist()
        return normal.cdf(normal.inv_cdf(false_alarms) + mu)
    odds = math.exp(min(epsilon, LARGEST))
    most = min(1.0, odds * false_alarms + delta, 1 - (1 - delta - false_alarms) / odds)
    return max(false_alarms, most)


def meaning_of(privacy: Mapping[str, Any]) -> Meaning:
    """The meaning of the parameters in a ``privacy.json``; a mu that only describes zCDP is not used."""
    return meaning(*_guarantee(privacy))


def noticed_of(privacy: Mapping[str, Any], false_alarms: float) -> float:
    """`noticed` for the parameters in a ``privacy.json``."""
    return noticed(false_alarms, *_guarantee(privacy))


def _guarantee(privacy: Mapping[str, Any]) -> tuple[float, float, float | None]:
    certified = privacy["mu"] is not None and privacy.get("certificate") != ZCDP
    return float(privacy["epsilon"]), float(privacy["delta"]), float(privacy["mu"]) if certified else None
