"""What a certificate says from beside the release: the ledger's account of it, an audit, a simulated twin.

Promise: the account is that of the moment of the charge, so that it is the same whenever it is asked for; of the ledger
only amounts are taken, rounded up, and no hash and no time (see `ctdc.release.certificate.evidence`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ctdc.foundation.chain import Line
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file
from ctdc.privacy.accounting import Cost
from ctdc.privacy.budgets import charges, spent
from ctdc.privacy.ledger import read
from ctdc.release.certificate.evidence import Evidence, read_audit, read_twin
from ctdc.release.protected import MEASUREMENTS, PRIVACY, read_privacy

DATA = "data"
DIGITS = 6  # of amounts after the point, rounded up


def account(
    ledger: Path, measurements: Iterable[str], population: str, delta: float, charge: str = ""
) -> dict[str, Any] | None:
    """What the people of a population had spent when a release was charged, without it and with it.

    measurements: SHA-256 of the release's files of measurements, by which the ledger knows what a charge paid for;
    charge: hash of the charge's line, where it is known. None if the ledger has neither. Raises UserError for a damaged
    ledger.
    """
    lines = read(ledger)
    known = set(measurements)
    ends = [line.event for line in lines if line.event["kind"] == "done" and line.event["measurements"] in known]
    charged = {event["charge"] for event in ends} | {line.sequence for line in lines if line.hash == charge}
    if not charged:
        return None
    place = next(at for at, line in enumerate(lines) if line.sequence == max(charged))
    before, after = lines[:place], lines[: place + 1]
    return {
        "population": population,
        "delta": delta,
        "charges_before": len(charges(before, population)),
        "before": _amounts(before, population, delta),
        "after": _amounts(after, population, delta),
    }


def _amounts(lines: tuple[Line, ...], population: str, delta: float) -> dict[str, float]:
    cost: Cost = spent(lines, population)
    return {"rho": _up(cost.rho), "epsilon": _up(cost.epsilon(delta)) if cost.rho else 0.0}


def _up(amount: float) -> float:
    unit = float(10**DIGITS)
    return math.ceil(amount * unit) / unit


def evidence_for(
    folder: Path, ledger: Path | None = None, audit: Path | None = None, twin: Path | None = None
) -> Evidence:
    """The evidence in these files for what lies in `folder`: a release, or what ``ctdc protect`` wrote.

    Raises UserError (``certificate.ledger``) for a ledger that has not charged this, and what `read_audit` and
    `read_twin` raise.
    """
    privacy = read_privacy(folder / PRIVACY)
    found = None
    if ledger is not None:
        found = account_of(folder, privacy, ledger)
        if found is None:
            raise UserError(
                "certificate.ledger",
                "This ledger has no finished charge for the measurements of this release.",
                where=str(ledger),
                do="Give the ledger that was charged when the cases were protected.",
            )
    return Evidence(
        ledger=found,
        audit=None if audit is None else read_audit(audit, str(privacy.get("engine_version", ""))),
        twin=None if twin is None else read_twin(twin),
    )


def account_of(folder: Path, privacy: Mapping[str, Any], ledger: Path, charge: str = "") -> dict[str, Any] | None:
    """The `account` of what lies in `folder`; privacy: the content of its ``privacy.json``.

    Of cohorts, each of whose people paid for themselves, it is the largest of each amount over their own accounts:
    nobody in the release has spent more. None if the ledger lacks the charge of one.
    """
    delta, cohorts = float(privacy["delta"]), privacy.get("cohorts")
    if cohorts:
        return _largest([_of_cohort(one, ledger, delta, charge if one is cohorts[-1] else "") for one in cohorts])
    data = folder / DATA if (folder / DATA).is_dir() else folder
    path = data / MEASUREMENTS
    hashes = [hash_file(path)] if path.is_file() else []
    return account(ledger, hashes, str(privacy.get("population", "")), delta, charge)


def _of_cohort(cohort: Mapping[str, Any], ledger: Path, delta: float, charge: str) -> dict[str, Any] | None:
    """The account of one cohort's own people. charge: see `account`; known of the newest, which comes last, only."""
    return account(ledger, [str(cohort["measurements_sha256"])], str(cohort["population"]), delta, charge)


def _largest(accounts: Sequence[dict[str, Any] | None]) -> dict[str, Any] | None:
    """The largest of each amount, under the newest cohort's name; None if an account is lacking."""
    found = [one for one in accounts if one is not None]
    if len(found) < len(accounts):
        return None
    sides = {
        side: {name: max(one[side][name] for one in found) for name in ("rho", "epsilon")}
        for side in ("before", "after")
    }
    return {**found[-1], "charges_before": max(one["charges_before"] for one in found), **sides}
