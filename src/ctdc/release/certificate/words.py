"""A certificate in plain words, in five languages.

Promise: everything shown is in the certificate; what it does not say is said to be missing. That the certificate is
signed is said, and not that the signature is good: a page that was forged would say so too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

from ctdc.foundation.clock import moment_of
from ctdc.foundation.errors import UserError
from ctdc.release.certificate.evidence import TWIN_TABLES, VERDICTS
from ctdc.release.certificate.file import Certificate
from ctdc.release.document import Section, Table
from ctdc.release.numbers import date, number, percent, significant
from ctdc.release.texts import Catalogue

CERTIFICATE_TEXTS = Catalogue(Path(__file__).parent / "texts")
ANCHOR = "certificate"
Row = tuple[str, str]


def certificate_text(language: str, key: str, **values: str) -> str:
    """A message about certificates."""
    return CERTIFICATE_TEXTS.text(language, f"certificate.{key}", **values)


def certificate_sections(language: str, certificate: Certificate | None) -> tuple[Section, ...]:
    """What a certificate says, as sections of a document; a sentence where a release has none.

    Raises UserError (``certificate.unreadable``) for a content that no certificate has.
    """
    words = _Words(language)
    if certificate is None:
        return (Section(words("heading"), ANCHOR, (words("none"),)),)
    try:
        return _sections(words, certificate)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        raise UserError(
            "certificate.unreadable",
            "The certificate does not say what certificates say, or not in their form.",
            do="Verify the release ('ctdc release verify'); fetch it again from its publisher.",
        ) from None


def _sections(words: _Words, certificate: Certificate) -> tuple[Section, ...]:
    content, signed = certificate.content, certificate.signature is not None
    intro = (words("signed"), words("fingerprint")) if signed else (words("unsigned"),)
    rows = tuple(_rows(words, certificate))
    table = Table((words("what"), words("said")), rows)
    return (
        Section(words("heading"), ANCHOR, intro, (), table),
        Section(words("computed"), f"{ANCHOR}-computed", (), tuple(_computed(words, content))),
        *_twin(words, content["twin"]),
    )


class _Words:
    """The messages and numbers of one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **values: str) -> str:
        return certificate_text(self.language, key, **values)

    def amount(self, value: float | None) -> str:
        """A parameter with three figures."""
        return "–" if value is None else significant(self.language, float(value), 3)

    def share(self, value: float) -> str:
        """A share in whole per cent, rounded up, so that "at most" stays true."""
        return percent(self.language, min(1.0, ceil(value * 100 - 1e-9) / 100), 0)

    def day(self, moment: str) -> str:
        """The day of a time as it stands in files."""
        return date(self.language, moment_of(moment))


def _rows(words: _Words, certificate: Certificate) -> Iterator[Row]:
    content = certificate.content
    if certificate.signature is not None:
        yield words("key"), certificate.signature.key.id
    yield words("issued"), words.day(content["release"]["issued"])
    yield words("data"), _data_cut(words, content["data_cut"])
    yield from _promise(words, content)
    yield from _evidence(words, content)
    yield words("errata"), content["errata"] or words("unstated")
    yield words("configuration"), content["configuration"]["sha256"]
    yield words("domain"), content["domain"]["schema_hash"]
    yield words("files"), content["release"]["manifest_sha256"]
    yield words("software"), _software(content["software"])


def _data_cut(words: _Words, cut: Mapping[str, Any]) -> str:
    if cut["measured_at"] is None:
        return words("unrecorded")
    day = words.day(cut["measured_at"])
    return words("data.years", date=day, years="–".join(cut["years"])) if cut["years"] else day


def _promise(words: _Words, content: Mapping[str, Any]) -> Iterator[Row]:
    protection, attacker = content["protection"], content["attacker"]
    yield words("unit"), words("unit.value")
    names = ("epsilon", "delta", "rho", "mu")
    yield words("guarantee"), words("guarantee.value", **{name: words.amount(protection[name]) for name in names})
    accuracy, recognised = attacker["best_accuracy"], attacker["recognised_at_one_per_cent_false_alarms"]
    value = words("attacker.value", accuracy=words.share(accuracy), recognised=words.share(recognised))
    yield words("attacker"), value
    unprotected = protection["unprotected_quantities"]
    shown = words("unrecorded") if unprotected is None else ", ".join(unprotected) or words("unprotected.none")
    yield words("unprotected"), shown


def _evidence(words: _Words, content: Mapping[str, Any]) -> Iterator[Row]:
    ledger, audit, twin = content["ledger"], content["audit"], content["twin"]
    for side in ("before", "after"):
        yield words(side), words("unrecorded") if ledger is None else _spent(words, ledger, side)
    yield words("audit"), words("unattached") if audit is None else _audit(words, audit)
    mutants = None if audit is None else audit["mutants"]
    caught = {} if mutants is None else {name: number(words.language, mutants[name]) for name in ("caught", "of")}
    yield words("mutants"), words("mutants.value", **caught) if caught else words("unattached")
    yield words("twin"), words("unattached") if twin is None else words("twin.value")
    yield words("approvers"), ", ".join(content["approvers"]) or words("unrecorded")


def _spent(words: _Words, ledger: Mapping[str, Any], side: str) -> str:
    return words("spent", epsilon=words.amount(ledger[side]["epsilon"]), delta=words.amount(ledger["delta"]))


def _audit(words: _Words, audit: Mapping[str, Any]) -> str:
    key = "audit.shown" if audit["verdict"] == VERDICTS[0] else "audit.inconclusive"
    attacks, code = number(words.language, audit["attacks"]), audit["code"]
    return words(key, attacks=attacks, version=code["ctdc"], source=code["source"])


def _software(software: Mapping[str, Mapping[str, str]]) -> str:
    """Each program with its version; with both where those who built had another one than those who measured."""
    built, measured = software["built_with"], software["measured_with"]
    versions = {name: [side[name] for side in (built, measured) if name in side] for name in {**built, **measured}}
    return ", ".join(f"{name} {' / '.join(dict.fromkeys(found))}" for name, found in versions.items())


def _computed(words: _Words, content: Mapping[str, Any]) -> Iterator[str]:
    threshold = {"threshold": number(words.language, content["protection"]["threshold"])}
    for step in content["post_processing"]:
        yield words(f"computed.{step}", **(threshold if step == "threshold" else {}))


def _twin(words: _Words, twin: Mapping[str, Any] | None) -> Iterator[Section]:
    for name in TWIN_TABLES if twin else ():
        found = twin[name] if twin else {}
        rows = tuple(tuple(_cell(words, cell) for cell in row) for row in found["rows"])
        numeric = frozenset(_numeric(found["rows"], len(found["columns"])))
        table = Table(tuple(found["columns"]), rows, numeric)
        yield Section(words(name), f"{ANCHOR}-{name}", (words("twin.text"),), (), table)


def _numeric(rows: Sequence[Sequence[Any]], width: int) -> Iterator[int]:
    """The columns that hold numbers only."""
    for column in range(width):
        if all(isinstance(row[column], int | float) for row in rows):
            yield column


def _cell(words: _Words, cell: Any) -> str:
    return cell if isinstance(cell, str) else significant(words.language, float(cell), 3)
