"""What is known of a release from beside its own files: the ledger's account, an audit of the engine, a simulated twin.

Promise: each is optional, and what is not given is null in the certificate, never guessed. An audit is taken only if it
audited the engine that made the release and did not reject it; a table of errors only if it says that the people behind
it were invented, because errors computed from true data tell about true data. Neither the ledger's hashes nor its other
times are taken over: whoever tried all times could find out from them how long measuring took.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctdc.foundation.documents import BadDocument, parse_json
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_bytes

TWIN_FORMAT = "ctdc-twin/1"
TWIN_TABLES = ("utility", "subgroups")
MOST_ROWS, MOST_COLUMNS, MOST_LETTERS = 200, 12, 120
CODE = ("ctdc", "engine", "opendp", "source")  # which program was audited
REJECTED = "rejected"
VERDICTS = ("not rejected, power shown", "inconclusive")  # as `ctdc attack audit` says them


@dataclass(frozen=True)
class Evidence:
    """Each part as it stands in the certificate, None where it was not given.

    ledger: what the people had spent before the charge for this release and after it; audit: see `read_audit`; twin:
    see `read_twin`; approvers: names of those who approved the release, empty while nobody records them.
    """

    ledger: Mapping[str, Any] | None = None
    audit: Mapping[str, Any] | None = None
    twin: Mapping[str, Any] | None = None
    approvers: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The members of the certificate that hold them."""
        return {
            "ledger": None if self.ledger is None else dict(self.ledger),
            "audit": None if self.audit is None else dict(self.audit),
            "twin": None if self.twin is None else dict(self.twin),
            "approvers": list(self.approvers),
        }

    def with_older(self, older: Evidence) -> Evidence:
        """This evidence, and from an older certificate what this one lacks."""
        return Evidence(
            self.ledger or older.ledger,
            self.audit or older.audit,
            self.twin or older.twin,
            self.approvers or older.approvers,
        )


def evidence_from(document: Mapping[str, Any]) -> Evidence:
    """Read back what `Evidence.as_dict` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    parts = [document[name] for name in _SHAPES]
    if not all(part is None or _fits(part, shape) for part, shape in zip(parts, _SHAPES.values(), strict=True)):
        raise ValueError("evidence does not have the form of a certificate's")
    approvers = document["approvers"]
    if not isinstance(approvers, list) or not all(map(_is_text, approvers)):
        raise ValueError("approvers are names")
    ordered = [
        None if part is None else _ordered(part, shape) for part, shape in zip(parts, _SHAPES.values(), strict=True)
    ]
    return Evidence(ordered[0], ordered[1], ordered[2], tuple(approvers))


def read_audit(path: Path, engine: str) -> dict[str, Any]:
    """What a certificate says of the audit in a file that ``ctdc attack audit --out FILE.json`` wrote.

    engine: the version of the engine that made the release. Raises UserError (``certificate.audit``) for another file
    or another engine, Refused (``certificate.audit_rejected``) for an audit that rejected the engine's claim.
    """
    document, digest = _document(path, "certificate.audit", "the JSON report of 'ctdc attack audit --out FILE.json'")
    try:
        found = _audit(document, digest)
    except (KeyError, TypeError, ValueError):
        raise _wrong(path, "certificate.audit", "the JSON report of 'ctdc attack audit --out FILE.json'") from None
    if found["verdict"] == REJECTED:
        raise Refused(
            "certificate.audit_rejected",
            "The audit rejects what the engine claims: no certificate is made.",
            where=str(path),
            do="Publish nothing that this engine made until the reason is found.",
        )
    if found["code"]["engine"] != engine:
        raise UserError(
            "certificate.audit",
            f"The audit is of engine {found['code']['engine']}, and the release was made by engine {engine}.",
            where=str(path),
            do="Audit the engine that made the release.",
        )
    return found


def _audit(document: Mapping[str, Any], digest: str) -> dict[str, Any]:
    attacks, mutants = document["attacks"], document.get("mutants")
    if document["verdict"] not in (*VERDICTS, REJECTED):
        raise ValueError("an audit has another verdict than there are")
    return {
        "sha256": digest,
        "verdict": document["verdict"],
        "epsilon": float(document["epsilon"]),
        "delta": float(document["delta"]),
        "code": {name: str(document["code"][name]) for name in CODE},
        "runs": int(document["settings"]["runs"]),
        "whole_runs": int(document["settings"]["whole_runs"]),
        "attacks": len(attacks),
        "rejected": sum(bool(one["rejected"]) for one in attacks),
        "mutants": None if mutants is None else {"caught": int(mutants["caught"]), "of": int(mutants["of"])},
    }


def read_twin(path: Path) -> dict[str, Any]:
    """The tables of a file in the format `TWIN_FORMAT`: errors and subgroups, measured in the open on invented people.

    Raises UserError (``certificate.twin``) for another file, Refused (``certificate.twin_true``) for one that does not
    say that its people are invented.
    """
    allowed = f"{TWIN_FORMAT}: 'simulated' true, and 'utility' and 'subgroups', each with 'columns' and 'rows'"
    document, digest = _document(path, "certificate.twin", allowed)
    undeclared = document.get("format") == TWIN_FORMAT and document.get("simulated") is not True
    if undeclared or document.get("never_to_be_published"):  # as an evaluation against true cases says
        raise Refused(
            "certificate.twin_true",
            "The file does not say that the people behind it are invented.",
            where=str(path),
            allowed="'simulated': true",
            do="Evaluate a release of simulated cases ('ctdc simulate'). Errors computed from true cases tell about "
            "true people and are never published.",
        )
    known = {"format", "simulated", *TWIN_TABLES}
    tables = [document.get(name) for name in TWIN_TABLES]
    if document.get("format") != TWIN_FORMAT or set(document) - known or not all(map(_is_table, tables)):
        raise _wrong(path, "certificate.twin", allowed)
    return {"sha256": digest, "simulated": True, **dict(zip(TWIN_TABLES, tables, strict=True))}


def _is_table(value: Any) -> bool:
    """Whether it is a small table of short texts and numbers."""
    if not isinstance(value, dict) or set(value) != {"columns", "rows"}:
        return False
    columns, rows = value["columns"], value["rows"]
    if not isinstance(columns, list) or not isinstance(rows, list):
        return False
    short = all(isinstance(name, str) and len(name) <= MOST_LETTERS for name in columns)
    sized = 0 < len(columns) <= MOST_COLUMNS and len(rows) <= MOST_ROWS
    return short and sized and all(_is_row(row, len(columns)) for row in rows)


def _is_row(row: Any, width: int) -> bool:
    return isinstance(row, list) and len(row) == width and all(map(_is_cell, row))


def _is_cell(cell: Any) -> bool:
    return _is_amount(cell) or (isinstance(cell, str) and len(cell) <= MOST_LETTERS)


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _fits(value: Any, shape: Mapping[str, Any]) -> bool:
    """Whether it is an object with just these members. shape: of each what it has to be, or a shape of its own."""
    if not isinstance(value, dict) or set(value) != set(shape):
        return False
    return all(
        _fits(value[name], part) if isinstance(part, Mapping) else part(value[name]) for name, part in shape.items()
    )


def _ordered(value: Mapping[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
    """A value that `_fits`, in the one spelling: members in the order of the shape, amounts with a point."""
    return {name: _spelt(value[name], part) for name, part in shape.items()}


def _spelt(value: Any, part: Any) -> Any:
    if isinstance(part, Mapping):
        return _ordered(value, part)
    if part is _are_mutants:
        return None if value is None else _ordered(value, _MUTANTS)
    return float(value) if part is _is_amount else value


def _are_mutants(value: Any) -> bool:
    return value is None or _fits(value, _MUTANTS)


_COST = {"rho": _is_amount, "epsilon": _is_amount}
_MUTANTS = {"caught": _is_count, "of": _is_count}
_SHAPES: Mapping[str, Mapping[str, Any]] = {
    "ledger": {
        "population": _is_text,
        "delta": _is_amount,
        "charges_before": _is_count,
        "before": _COST,
        "after": _COST,
    },
    "audit": {
        "sha256": _is_text,
        "verdict": lambda value: value in VERDICTS,
        "epsilon": _is_amount,
        "delta": _is_amount,
        "code": dict.fromkeys(CODE, _is_text),
        **dict.fromkeys(("runs", "whole_runs", "attacks", "rejected"), _is_count),
        "mutants": _are_mutants,
    },
    "twin": {"sha256": _is_text, "simulated": lambda value: value is True, **dict.fromkeys(TWIN_TABLES, _is_table)},
}


def _document(path: Path, code: str, allowed: str) -> tuple[dict[str, Any], str]:
    """The content of a JSON file, and its SHA-256."""
    try:
        content = path.read_bytes()
        document = parse_json(content)
    except FileNotFoundError:
        raise UserError(code, "There is no such file.", where=str(path), do="Check the path.") from None
    except BadDocument:
        raise _wrong(path, code, allowed) from None
    if not isinstance(document, dict):
        raise _wrong(path, code, allowed)
    return document, hash_bytes(content)


def _wrong(path: Path, code: str, allowed: str) -> UserError:
    return UserError(code, "This file is not what a certificate can take.", where=str(path), allowed=allowed)
