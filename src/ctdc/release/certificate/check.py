"""Whether a release's certificate says what its files say, and whether it is signed by the key that is asked for.

Promise: each problem names the file and what is wrong. Without a public key a signature is still checked against the
key that it names: that finds a damaged file and not a forger, who would sign with a key of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file
from ctdc.release.certificate.evidence import Evidence
from ctdc.release.certificate.file import Certificate, certificate_of, read_certificate
from ctdc.release.certificate.keys import PublicKey
from ctdc.release.checks import Problem, Problems
from ctdc.release.manifest import CERTIFICATE, MANIFEST, OLDEST_FORMAT, Manifest
from ctdc.release.protected import PRIVACY, read_privacy

UNSIGNED, NONE = "unsigned", "none"
NONSENSE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)  # what files of another form raise


def certificate_problems(folder: Path, manifest: Manifest, key: PublicKey | None, *, whole: bool = True) -> Problems:
    """What is wrong with the certificate of the release in `folder`.

    key: of the publisher, None if it is not known; whole: whether the files are those of the manifest, without which
    it says nothing whether the certificate agrees with them.
    """
    try:
        certificate = read_certificate(folder)
    except UserError as error:
        yield Problem(error.detail.code, error.detail.what, CERTIFICATE)
        return
    if certificate is None:
        if manifest.format != OLDEST_FORMAT or key is not None:
            yield Problem("certificate.missing", "The release has no certificate.", CERTIFICATE)
        return
    yield from _signature(certificate, key)
    try:
        evidence = certificate.evidence
    except NONSENSE:
        yield Problem("certificate.content", "The certificate's evidence is not in the form of evidence.", CERTIFICATE)
        return
    yield from _manifest(folder, certificate)
    if whole:
        yield from _agreement(folder, certificate, evidence)


def _signature(certificate: Certificate, key: PublicKey | None) -> Problems:
    signature = certificate.signature
    if signature is None:
        if key is not None:
            yield Problem("certificate.unsigned", "The certificate is not signed.", CERTIFICATE)
        return
    if not certificate.sound:
        yield Problem(
            "certificate.changed",
            "The signature does not fit: the certificate, or its signature, was changed after it was signed.",
            CERTIFICATE,
        )
    if key is not None and signature.key != key:
        what = f"It is signed with the key {signature.key.id[:16]}, and not with the one given, {key.id[:16]}."
        yield Problem("certificate.other_key", what, CERTIFICATE)


def _manifest(folder: Path, certificate: Certificate) -> Problems:
    if _part(certificate.content, "release").get("manifest_sha256") != hash_file(folder / MANIFEST):
        what = "The manifest is not the one that the certificate is for, so that it vouches for none of these files."
        yield Problem("certificate.manifest", what, MANIFEST)


def _agreement(folder: Path, certificate: Certificate, evidence: Evidence) -> Problems:
    """The certificate says what the files say; each member that does not is named."""
    try:
        expected, privacy = certificate_of(folder, evidence).content, read_privacy(folder / PRIVACY)
    except UserError as error:
        yield Problem(error.detail.code, error.detail.what, error.detail.where)
        return
    except NONSENSE:  # a certificate of such files could say anything: that is never passed over
        what = "The files are not in the form of which a certificate can be made, so that this one cannot be checked."
        yield Problem("certificate.content", what, CERTIFICATE)
        return
    yield from _evidence(privacy, evidence)
    said = certificate.content
    for name in sorted(set(said) | set(expected)):
        if name != "release" and said.get(name) != expected.get(name):
            yield Problem("certificate.differs", f"What it says of {name!r} is not what the files say.", CERTIFICATE)
    others = [{**_part(one, "release"), "manifest_sha256": ""} for one in (said, expected)]
    if others[0] != others[1]:
        yield Problem("certificate.differs", "It is the certificate of another release.", CERTIFICATE)
    written = replace(certificate, content=expected).to_json().encode()
    if said == expected and (folder / CERTIFICATE).read_bytes() != written:
        what = "It says what the files say, and is not spelt as a certificate of them is: a byte of it was changed."
        yield Problem("certificate.spelling", what, CERTIFICATE)


def _evidence(privacy: Mapping[str, Any], evidence: Evidence) -> Problems:
    """The evidence is of this release and its engine, as far as the release's own files can tell."""
    ledger, audit = evidence.ledger, evidence.audit
    if ledger is not None:
        people = (str(privacy.get("population", "")), float(privacy["delta"]))
        if (ledger["population"], ledger["delta"]) != people:
            what = "The ledger's account is of other people than the release's, or at another delta."
            yield Problem("certificate.evidence", what, CERTIFICATE)
        if any(ledger["after"][name] < ledger["before"][name] for name in ledger["after"]):
            what = "By the ledger's account less was spent after the charge than before it."
            yield Problem("certificate.evidence", what, CERTIFICATE)
    if audit is not None and audit["code"]["engine"] != str(privacy.get("engine_version", "")):
        yield Problem("certificate.evidence", "The audit is of another engine than the release's.", CERTIFICATE)
    if audit is not None and audit["rejected"]:  # a verdict of rejection has no place in a certificate at all
        what = "The audit's verdict is not to reject, and attacks of it did reject."
        yield Problem("certificate.evidence", what, CERTIFICATE)


def _part(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = content.get(name)
    return part if isinstance(part, Mapping) else {}


def state(folder: Path) -> str:
    """In one word whether a release that verifies is signed: the id of the key, `UNSIGNED`, or `NONE`."""
    certificate = read_certificate(folder)
    if certificate is None:
        return NONE
    return UNSIGNED if certificate.signature is None else certificate.signature.key.id
