"""The privacy statement: what the guarantee of a release means, in words that need no training.

Promise: every figure in it is computed from the release's stated parameters. With mu known, the best attacker's
success is that of telling N(0, 1) from N(mu, 1) (Dong, Roth, Su 2022, "Gaussian Differential Privacy", Definition
2 and Theorem 1); without it, the weaker bounds that hold for every (epsilon, delta) mechanism are given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from ctdc.release.document import Section
from ctdc.release.linked_words import files_section, links_section
from ctdc.release.numbers import number, percent, significant
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.vocabulary import LinkedWords

FALSE_ALARMS = 0.01  # one in a hundred, as the sentence says
STRONG_EPSILON = 1.0
WEAK_EPSILON = 8.0
ZCDP = "zCDP"  # the engine's word for a guarantee that no Gaussian trade-off curve certifies
LIMITS = ("groups", "releases", "twice", "linked", "raw")


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
    odds = math.exp(epsilon)
    accuracy = min(1.0, (odds + delta) / (1 + odds)) if mu is None else NormalDist().cdf(mu / 2)
    return Meaning(accuracy, noticed(FALSE_ALARMS, epsilon, delta, mu), odds)


def noticed(false_alarms: float, epsilon: float, delta: float, mu: float | None) -> float:
    """The largest share of present people that an attacker can notice who accepts this share of false alarms.

    false_alarms: between 0 and 1, neither included; `mu` None means that only (epsilon, delta) is certified.
    """
    if mu is not None:
        normal = NormalDist()
        return normal.cdf(normal.inv_cdf(false_alarms) + mu)
    odds = math.exp(epsilon)
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


def _strength(epsilon: float) -> str:
    if epsilon <= STRONG_EPSILON:
        return "privacy.numbers.strong"
    return "privacy.numbers.weak" if epsilon >= WEAK_EPSILON else "privacy.numbers.middle"


def _numbers(language: str, privacy: Mapping[str, Any]) -> tuple[str, ...]:
    facts = meaning_of(privacy)
    # Rounded up, so that the sentence "at most" stays true.
    accuracy = percent(language, math.ceil(facts.accuracy * 100) / 100, 0)
    recognised = percent(language, math.ceil(facts.recognised * 100) / 100, 0)
    epsilon, delta = float(privacy["epsilon"]), float(privacy["delta"])
    odds = number(language, math.ceil(facts.odds) if facts.odds >= 10 else facts.odds, 0 if facts.odds >= 10 else 1)
    return (
        RELEASE_TEXTS.text(language, "privacy.numbers.coin", accuracy=accuracy),
        RELEASE_TEXTS.text(language, "privacy.numbers.recognise", recognised=recognised),
        RELEASE_TEXTS.text(
            language,
            "privacy.numbers.odds",
            epsilon=significant(language, epsilon, 3),
            delta=significant(language, delta),
            odds=odds,
        ),
        RELEASE_TEXTS.text(language, _strength(epsilon)),
    )


def _counts(language: str, privacy: Mapping[str, Any]) -> tuple[str, ...]:
    """What was counted and how exactly; statements from before there were workloads have no longer sets."""
    length, threshold = number(language, privacy["length"]), number(language, privacy["threshold"])
    counts = RELEASE_TEXTS.text(language, "privacy.counts.text", length=length, threshold=threshold)
    named = [names for names in privacy.get("workload", {}).get("sets", []) if len(names) > privacy["length"]]
    if not named:
        return (counts,)
    return counts, RELEASE_TEXTS.text(language, "privacy.counts.longer", sets=number(language, len(named)))


def privacy_statement(
    language: str, privacy: Mapping[str, Any], linked: LinkedWords | None = None
) -> tuple[Section, ...]:
    """The sections of the statement in one language.

    privacy: the content of ``privacy.json``; linked: the words of linked rows, where there are some.
    """
    limits = tuple(RELEASE_TEXTS.text(language, f"privacy.limits.{limit}") for limit in LIMITS)
    return (
        _plain(language, "what"),
        _plain(language, "promise"),
        Section(_heading(language, "numbers"), "numbers", _numbers(language, privacy)),
        _plain(language, "unit") if linked is None else _unit_with_links(language),
        Section(_heading(language, "counts"), "counts", _counts(language, privacy)),
        *(
            ()
            if linked is None
            else (files_section(language, linked), links_section(language, privacy["linked"], linked))
        ),
        Section(_heading(language, "limits"), "limits", (), limits),
    )


def _heading(language: str, part: str) -> str:
    return RELEASE_TEXTS.text(language, f"privacy.{part}.heading")


def _unit_with_links(language: str) -> Section:
    return Section(_heading(language, "unit"), "unit", (RELEASE_TEXTS.text(language, "privacy.unit.linked"),))


def _plain(language: str, part: str) -> Section:
    return Section(_heading(language, part), part, (RELEASE_TEXTS.text(language, f"privacy.{part}.text"),))
