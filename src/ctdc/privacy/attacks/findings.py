"""What attacks on a release are asked, and what they showed: settings, findings, the report and its JSON.

Promise: immutable; `AttackReport.as_dict` is the form that docs/explanation/attacks.md describes, and no person's value
is in it. The whole report is nevertheless made of statistics of the people and is never to be published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.privacy.attacks.claims import Claim
from ctdc.privacy.attacks.difference import FOUND, NOTHING, WITHIN, Compared, most_allowed

FORMAT = "ctdc-attacks/1"
NEVER_PUBLISH = "Contains statistics of the sensitive data; never to be published."
UNFIT = "the control is not like the members"
FEWEST = 100  # people of each kind
EVERYBODY, ISOLATED, ALONE, FILE = "everybody", "isolated", "alone", "file"
ATTACKS: Mapping[str, tuple[str, ...]] = {
    "exact": (EVERYBODY, ISOLATED),
    "quasi": (ALONE,),
    "quasi-one": (ALONE,),
    "linkability": (EVERYBODY, ISOLATED),
    "inference-nearest": (EVERYBODY, ISOLATED),
    "inference-match": (EVERYBODY, ISOLATED),
    "inference-quasi": (EVERYBODY, ISOLATED),
    "membership-distance": (EVERYBODY, ISOLATED),
    "membership-density": (EVERYBODY, ISOLATED),
    "membership-records": (EVERYBODY, ISOLATED),
    "membership-lacking": (EVERYBODY, ISOLATED),
    "membership-counts": (EVERYBODY, ISOLATED),
    "singling-one": (FILE,),
    "singling-several": (FILE,),
}
CHECKS = ("exact", "surprise", "lacking")


@dataclass(frozen=True)
class AttackSettings:
    """How a release is attacked.

    attacks: people attacked of each kind and group, at most; quasi: columns by which somebody could be known, by
    default those with most codes; isolated: share of people that count as such; described_by: codes of a description
    that is to single somebody out; confidence: that nothing is found where nothing is, in the whole report; seed: of
    the choice of people. Raises UserError (``attack.settings``).
    """

    attacks: int = 5000
    quasi: tuple[str, ...] = ()
    isolated: float = 0.25
    described_by: int = 4
    confidence: float = 0.95
    seed: int = 1

    def __post_init__(self) -> None:
        for value, fits, name, allowed in (
            (self.attacks, self.attacks >= FEWEST, "number of attacks", f"a whole number from {FEWEST} up"),
            (self.isolated, 0 < self.isolated < 1, "share of isolated people", "more than 0, less than 1"),
            (self.described_by, self.described_by >= 2, "number of codes of a description", "a whole number from 2 up"),
            (self.confidence, 0.5 <= self.confidence < 1, "confidence", "at least 0.5, less than 1"),
            (self.seed, self.seed >= 0, "seed", "a whole number from 0 up"),
        ):
            if not fits:
                raise UserError("attack.settings", f"The {name} is {value}.", allowed=allowed)


@dataclass(frozen=True)
class Finding:
    """What one attack showed. attack: a key of `ATTACKS`; targets: whom it looked for, a value there."""

    attack: str
    targets: str
    compared: Compared

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"attack": self.attack, "targets": self.targets, **self.compared.as_dict()}


@dataclass(frozen=True)
class Attacked:
    """All attacks on one file. claim: the guarantee that it states, if it does."""

    name: str
    kind: str
    records: int
    claim: Claim | None
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> str:
        """Of the file: the gravest of its attacks."""
        verdicts = {one.compared.verdict for one in self.findings}
        return next((one for one in (FOUND, WITHIN) if one in verdicts), NOTHING)

    @property
    def worst(self) -> Finding | None:
        """The attack that surely gained most, of those that give the verdict; None for nothing."""
        found = [one for one in self.findings if one.compared.verdict == self.verdict != NOTHING]
        return max(found, key=lambda one: one.compared.low, default=None)

    @property
    def allowed(self) -> float | None:
        """The largest difference that its guarantee allows, None without one."""
        return None if self.claim is None else most_allowed(self.claim)

    @property
    def smallest(self) -> float | None:
        """The smallest leak that any of the attacks would have found, as a share of the people whom it looked for."""
        sizes = [one.compared.smallest for one in self.findings if one.compared.smallest is not None]
        return min(sizes, default=None)

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        worst = self.worst
        return {
            "name": self.name,
            "kind": self.kind,
            "records": self.records,
            "verdict": self.verdict,
            "guarantee": None if self.claim is None else {**asdict(self.claim), "allowed": self.allowed},
            "worst": {"attack": worst.attack, "targets": worst.targets} if worst else None,
            "smallest": self.smallest,
            "attacks": [one.as_dict() for one in self.findings],
        }


@dataclass(frozen=True)
class AttackReport:
    """What all attacks showed. check: attacks that look at no file, which must find nothing.

    members, control: people given; reference: those of the control whom the attacker knows; each: confidence of each
    single interval.
    """

    settings: AttackSettings
    columns: tuple[str, ...]
    quasi: tuple[str, ...]
    members: int
    control: int
    reference: int
    each: float
    check: tuple[Finding, ...]
    candidates: tuple[Attacked, ...]

    @property
    def fit(self) -> bool:
        """Whether the control is like the members as far as can be seen; otherwise nothing follows from the report."""
        return all(one.compared.verdict != FOUND for one in self.check)

    @property
    def verdict(self) -> str:
        """Of the whole report: the gravest of its files, unless the control is unfit."""
        verdicts = {one.verdict for one in self.candidates}
        return next((one for one in (FOUND, WITHIN) if one in verdicts), NOTHING) if self.fit else UNFIT

    def as_dict(self) -> dict[str, Any]:
        """As JSON values; the form is described in docs/explanation/attacks.md."""
        return {
            "format": FORMAT,
            "notice": NEVER_PUBLISH,
            "verdict": self.verdict,
            "settings": {**asdict(self.settings), "quasi": list(self.quasi)},
            "columns": list(self.columns),
            "members": self.members,
            "control": self.control,
            "reference": self.reference,
            "confidence_each": self.each,
            "check": [one.as_dict() for one in self.check],
            "candidates": [one.as_dict() for one in self.candidates],
        }
