"""Whether an attack succeeds more often on people who were in the data than on people who were not.

Promise: shares carry exact intervals (Clopper & Pearson 1934, Biometrika 26:404). The interval of a difference joins
two of them by squaring and adding (Newcombe 1998, Statistics in Medicine 17:873, method 10, there with Wilson's). It is
mostly wider than his, but may be narrower where nobody or everybody, or nearly so, is hit: there an exact interval ends
nearer than Wilson's. What is found holds at the risk that was asked for, all attacks together (Bonferroni); what is not
found comes with the smallest leak that would have been.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from ctdc.privacy.attacks.claims import Claim, lower_bound, upper_bound

Floats = npt.NDArray[np.float64]
FOUND, NOTHING, IMPOSSIBLE = "found", "nothing found at this power", "no attack possible"
WITHIN = "found, within the guarantee"
POWER = 0.8  # probability with which a leak of the size that is stated would have been found
CHOSEN_ON = 5  # one in so many people is used to choose a threshold, and not judged by it
TOP_SCORES = 50  # so many of the highest scores are tried one by one as thresholds


@dataclass(frozen=True)
class Side:
    """What an attack did to one kind of people: how often it was tried and succeeded, and the share's interval."""

    attacks: int
    successes: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Successes per attack, 0 where there was none."""
        return self.successes / self.attacks if self.attacks else 0.0

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "share": self.share}


@dataclass(frozen=True)
class Compared:
    """One attack on members and on others. difference: of the shares, with its interval; smallest: share of the people
    attacked whose leak would have been found with probability `POWER`, None where nothing would have been.
    """

    members: Side
    control: Side
    difference: float
    low: float
    high: float
    smallest: float | None
    verdict: str

    def under(self, claim: Claim | None) -> Compared:
        """The same, judged by a guarantee that the file claims: what it allows is no fault, though it was found."""
        if claim is None or self.verdict != FOUND or self.members.low > claim.most_power(self.control.high):
            return self
        return replace(self, verdict=WITHIN)

    @property
    def excess(self) -> float:
        """Share of the members who would have been safe as non-members and were not; Anonymeter's risk."""
        return _excess(self.difference, self.control.share)

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "members": self.members.as_dict(),
            "control": self.control.as_dict(),
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "risk": self.excess,
            "smallest": self.smallest,
            "verdict": self.verdict,
        }


def _excess(difference: float, without: float) -> float:
    return max(0.0, difference) / (1 - without) if without < 1 else 0.0


def _side(successes: int, attacks: int, risk: float) -> Side:
    counts = np.array(float(successes))
    low = float(lower_bound(counts, attacks, risk / 2))
    return Side(attacks, successes, low, float(upper_bound(counts, attacks, risk / 2)))


def lowest(hits: Floats, tried: int, alarms: Floats, others: int, risk: float) -> Floats:
    """Lower end of the interval of hits / tried - alarms / others; shapes are kept. Above 0: something is found."""
    one, two = hits / tried, alarms / others
    down = one - lower_bound(hits, tried, risk / 2)
    up = upper_bound(alarms, others, risk / 2) - two
    low: Floats = one - two - np.hypot(down, up)
    return low


def _smallest(alarms: int, others: int, tried: int, risk: float) -> float | None:
    """The least leak that would be found with probability `POWER` while non-members are hit as often as they were."""
    hits = np.arange(1.0, tried + 1)
    found = np.flatnonzero(lowest(hits, tried, np.array(float(alarms)), others, risk) > 0)
    if not len(found):
        return None
    fewest = float(hits[found[0]])
    share = float(betaincinv(fewest, tried - fewest + 1, POWER))  # the share at which so many are likely enough
    return min(1.0, _excess(share - alarms / others, alarms / others))


def most_allowed(claim: Claim) -> float:
    """The largest difference between members and others that a guarantee allows any attack on people."""
    shares = np.linspace(0.001, 0.999, 999)
    return float(max(claim.most_power(float(share)) - share for share in shares))


def compare(hits: int, tried: int, alarms: int, others: int, risk: float) -> Compared:
    """`hits` of `tried` members against `alarms` of `others`. risk: that an interval does not hold its truth."""
    if not tried or not others:
        nobody = Side(0, 0, 0.0, 1.0)
        return Compared(nobody, nobody, 0.0, -1.0, 1.0, None, IMPOSSIBLE)
    members, control = _side(hits, tried, risk), _side(alarms, others, risk)
    difference = members.share - control.share
    low = float(lowest(np.array(float(hits)), tried, np.array(float(alarms)), others, risk))
    high = difference + math.hypot(members.high - members.share, control.share - control.low)
    smallest = _smallest(alarms, others, tried, risk)
    return Compared(members, control, difference, low, min(1.0, high), smallest, FOUND if low > 0 else NOTHING)


def compare_marks(members: npt.NDArray[np.bool_], control: npt.NDArray[np.bool_], risk: float) -> Compared:
    """`compare` of whether the attack on each member, and on each other person, succeeded."""
    return compare(int(members.sum()), len(members), int(control.sum()), len(control), risk)


def threshold(members: Floats, control: Floats, risk: float) -> float:
    """The score above which to say "member", for which the difference is largest beside its uncertainty.

    risk: as it will be judged, so that a few sure cases are preferred to a chance in the middle.
    """
    values = np.unique(np.concatenate([members, control]))
    tried = np.unique(
        np.concatenate([np.quantile(values, np.linspace(0, 1, 200), method="lower"), values[-TOP_SCORES:]])
    )
    hits, alarms = (
        len(scores) - np.searchsorted(np.sort(scores), tried, side="right").astype(np.float64)
        for scores in (members, control)
    )
    difference = hits / len(members) - alarms / len(control)
    width = difference - lowest(hits, len(members), alarms, len(control), risk)
    surely = difference / np.maximum(width, np.finfo(float).tiny)  # 0 where all others are hit and no member
    best = np.flatnonzero(surely == surely.max())
    return float(tried[best[len(best) // 2]])


def either_way(compared: Compared) -> Compared:
    """The same, where it counts as found too that others are hit more often than members."""
    return replace(compared, verdict=FOUND) if compared.high < 0 else compared


def compare_scores(members: Floats, control: Floats, risk: float) -> Compared:
    """`compare` of who is taken for a member by a score, higher for members.

    The threshold is chosen on every fifth person of either kind and judged on the others. Scores are in random order.
    """
    if min(len(members), len(control)) < 2 * CHOSEN_ON:
        return compare(0, 0, 0, 0, risk)
    chosen = [np.arange(len(scores)) % CHOSEN_ON == 0 for scores in (members, control)]
    limit = threshold(members[chosen[0]], control[chosen[1]], risk)
    return compare_marks(members[~chosen[0]] > limit, control[~chosen[1]] > limit, risk)
