"""The privacy statement: what the guarantee of a release means, in words that need no training.

Promise: it says what was published and what is promised, what the numbers mean, what an attacker could and could not
learn, and what the promise does not cover; every figure in it is computed from the release's stated parameters
(`ctdc.release.meaning`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ctdc.release.attacker import attacker_sections
from ctdc.release.document import Section
from ctdc.release.linked_words import files_section, links_section
from ctdc.release.meaning import meaning_of
from ctdc.release.numbers import number, percent, significant
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.vocabulary import LinkedWords

STRONG_EPSILON = 1.0
WEAK_EPSILON = 8.0
LIMITS = ("groups", "releases", "elsewhere", "twice", "linked", "keepers", "raw", "chance", "meaning")


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
    return (
        _plain(language, "what"),
        _plain(language, "promise"),
        Section(_heading(language, "numbers"), "numbers", _numbers(language, privacy)),
        *attacker_sections(language, privacy),
        _plain(language, "unit") if linked is None else _unit_with_links(language),
        Section(_heading(language, "counts"), "counts", _counts(language, privacy)),
        *(
            ()
            if linked is None
            else (files_section(language, linked), links_section(language, privacy["linked"], linked))
        ),
        Section(_heading(language, "limits"), "limits", (), _limits(language, privacy)),
    )


def _limits(language: str, privacy: Mapping[str, Any]) -> tuple[str, ...]:
    """What is outside the promise, a sentence or two each."""
    delta = {"delta": significant(language, float(privacy["delta"]))}
    return tuple(
        RELEASE_TEXTS.text(language, f"privacy.limits.{limit}", **(delta if limit == "chance" else {}))
        for limit in LIMITS
    )


def _heading(language: str, part: str) -> str:
    return RELEASE_TEXTS.text(language, f"privacy.{part}.heading")


def _unit_with_links(language: str) -> Section:
    return Section(_heading(language, "unit"), "unit", (RELEASE_TEXTS.text(language, "privacy.unit.linked"),))


def _plain(language: str, part: str) -> Section:
    return Section(_heading(language, part), part, (RELEASE_TEXTS.text(language, f"privacy.{part}.text"),))
