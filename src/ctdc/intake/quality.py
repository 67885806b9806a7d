"""Quality of a delivery: conformance, completeness, plausibility.

Promise: checks describe, they never change a value. Each has one of four results: passed, failed, not applicable
(the delivery has none of the values that the check is about), with the numbers that it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ctdc.intake.outcomes import NO, YES, Outcomes, Target, reasons

Mask = npt.NDArray[np.bool_]
CHILD_BANDS = ("0--8", "09--17")
ADULT_BANDS = ("18--20", "21--23", "24--26", "27--29", "30--38", "39--47", "48+")


@dataclass(frozen=True)
class Rule:
    """A case that should not be: where `given` holds, `against` should not. Both: variable -> codes (any of them)."""

    id: str
    given: MappingType[str, tuple[str, ...]]
    against: MappingType[str, tuple[str, ...]]


def _kinds(prefix: str, targets: MappingType[str, Target]) -> dict[str, tuple[str, ...]]:
    return {name: (YES,) for name in targets if name.startswith(prefix) and not name.endswith("NotSpecified")}


def plausibility_rules(targets: MappingType[str, Target]) -> tuple[Rule, ...]:
    """The rules; each names variables of the standard only."""
    return (
        Rule("minor_with_adult_age", {"majorityStatus": ("Minor",)}, {"ageBroad": ADULT_BANDS}),
        Rule("adult_with_child_age", {"majorityStatus": ("Adult",)}, {"ageBroad": CHILD_BANDS}),
        Rule("labour_type_without_forced_labour", {"isForcedLabour": (NO,)}, _kinds("typeOfLabour", targets)),
        Rule("sexual_type_without_sexual_exploitation", {"isSexualExploit": (NO,)}, _kinds("typeOfSex", targets)),
        Rule(
            "control_not_specified_yet_named", {"meansOfControlNotSpecified": (YES,)}, _kinds("meansOfControl", targets)
        ),
        Rule(
            "recruiter_unknown_yet_named",
            {"recruiterRelationUnknown": (YES,)},
            {
                name: (YES,)
                for name in targets
                if name.startswith("recruiterRelation") and name != "recruiterRelationUnknown"
            },
        ),
    )


def _holds(
    condition: MappingType[str, tuple[str, ...]],
    outcomes: MappingType[str, Outcomes],
    targets: MappingType[str, Target],
) -> Mask | None:
    result: Mask | None = None
    for name, codes in condition.items():
        if name in outcomes:
            wanted = [targets[name].outcome(code) for code in codes]
            found: Mask = np.isin(outcomes[name], [w for w in wanted if w is not None])
            result = found if result is None else result | found
    return result


@dataclass
class Quality:
    """Counts that grow with each batch."""

    targets: MappingType[str, Target]
    values: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    absent: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    rule_hits: dict[str, int] = field(default_factory=dict)
    rule_base: dict[str, int] = field(default_factory=dict)
    rule_rows: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rules = plausibility_rules(self.targets)

    def add(self, outcomes: MappingType[str, Outcomes], rows: npt.NDArray[np.int64]) -> None:
        """Count one batch."""
        for name, values in outcomes.items():
            counts = np.bincount(values + len(reasons()), minlength=len(reasons()) + len(self.targets[name].codes))
            self._grow(self.absent, name, counts[: len(reasons())][::-1])
            self._grow(self.values, name, counts[len(reasons()) :])
        for rule in self.rules:
            given = _holds(rule.given, outcomes, self.targets)
            against = _holds(rule.against, outcomes, self.targets)
            if given is not None and against is not None:
                self._add_rule(rule.id, given, against, rows)

    def _grow(self, into: dict[str, npt.NDArray[np.int64]], name: str, counts: npt.NDArray[np.int64]) -> None:
        old = into.get(name)
        if old is not None:
            counts = counts.copy()
            counts[: len(old)] += old
        into[name] = counts

    def _add_rule(self, rule: str, given: Mask, against: Mask, rows: npt.NDArray[np.int64]) -> None:
        hits = given & against
        self.rule_base[rule] = self.rule_base.get(rule, 0) + int(given.sum())
        self.rule_hits[rule] = self.rule_hits.get(rule, 0) + int(hits.sum())
        kept = self.rule_rows.setdefault(rule, [])
        kept.extend(rows[hits][: max(0, 20 - len(kept))].tolist())

    def known(self, name: str) -> int:
        """Rows with a value of the variable."""
        return int(self.values[name].sum()) if name in self.values else 0

    def reasons_of(self, name: str) -> dict[str, int]:
        """Missing reason -> rows, those that occur."""
        counts = self.absent.get(name)
        return {} if counts is None else {r: int(n) for r, n in zip(reasons(), counts.tolist(), strict=True) if n}

    def years(self) -> tuple[str, str] | None:
        """First and last year of registration that occur."""
        counts = self.values.get("yearOfRegistration")
        seen = [] if counts is None else [self.targets["yearOfRegistration"].codes[i] for i in np.flatnonzero(counts)]
        return (seen[0], seen[-1]) if seen else None

    @property
    def looked_at(self) -> frozenset[str]:
        """The rules with a variable on both sides, so that there is something to compare."""
        return frozenset(
            rule.id
            for rule in self.rules
            if any(name in self.targets for name in rule.given) and any(name in self.targets for name in rule.against)
        )

    def plausibility(self) -> list[dict[str, object]]:
        """One result per rule."""
        results: list[dict[str, object]] = []
        for rule in self.rules:
            base, hits = self.rule_base.get(rule.id, 0), self.rule_hits.get(rule.id, 0)
            result = "not_applicable" if base == 0 else "failed" if hits else "passed"
            results.append(
                {
                    "check": rule.id,
                    "result": result,
                    "rows": hits,
                    "of": base,
                    "first_rows": self.rule_rows.get(rule.id, []),
                }
            )
        return results
