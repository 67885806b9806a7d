"""The file ``certificate.json`` of a release: its content and, if somebody vouches for it, a signature.

Promise: the file stands beside the manifest and outside it, because it names the manifest's hash; the manifest names
every other file's, so that one signature covers all. The file has one spelling, which follows from what it says and
from the release's files: verifying finds a byte that differs, even where it changes no meaning. One freedom is left:
the tables of a twin stay as they were given (2 or 2.0, and which member comes first). A signing key takes over no
evidence that the same key did not sign. An unsigned certificate says that it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ctdc.foundation.documents import parse_json
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import write_bytes
from ctdc.release.certificate.canonical import canonical
from ctdc.release.certificate.content import FORMAT, certificate_content
from ctdc.release.certificate.evidence import Evidence, evidence_from
from ctdc.release.certificate.keys import PublicKey, SigningKey, decoded, encoded
from ctdc.release.manifest import CERTIFICATE, MANIFEST, read_manifest
from ctdc.release.protected import PRIVACY, read_json, read_privacy

FIGURES = "data/figures.json"
ALGORITHM = "Ed25519"
CANONICAL = "RFC 8785"
MEMBERS = ["certificate", "signature"]


@dataclass(frozen=True)
class Signature:
    """A signature over the canonical JSON of a certificate's content, and the key that it claims to be by."""

    key: PublicKey
    value: bytes

    def as_dict(self) -> dict[str, str]:
        """The signature as a JSON object."""
        return {
            "algorithm": ALGORITHM,
            "canonicalisation": CANONICAL,
            "key_id": self.key.id,
            "public_key": encoded(self.key.raw),
            "value": encoded(self.value),
        }


@dataclass(frozen=True)
class Certificate:
    """What is said of a release. content: see `certificate_content`; signature: None if nobody has signed it."""

    content: Mapping[str, Any]
    signature: Signature | None = None

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return canonical(self.content)

    @property
    def sound(self) -> bool:
        """Whether the signature, if there is one, is by the key that it names. Whose key that is, it cannot say."""
        return self.signature is None or self.signature.key.signed(self.signature.value, self.message)

    def signed_by(self, key: SigningKey) -> Certificate:
        """The same certificate, signed."""
        return replace(self, signature=Signature(key.public, key.sign(self.message)))

    def to_json(self) -> str:
        """The text of ``certificate.json``."""
        signature = None if self.signature is None else self.signature.as_dict()
        return _spelt({"certificate": dict(self.content), "signature": signature})

    @property
    def evidence(self) -> Evidence:
        """What the certificate says from beside the release. Raises ValueError, KeyError or TypeError for no sense."""
        return evidence_from(self.content)


def _spelt(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def parse(text: str) -> Certificate:
    """The certificate in a text. Raises ValueError with a sentence that says what is wrong with it."""
    try:
        document = parse_json(text.encode())
        canonical(document)  # a number that it would lose cannot have been signed
    except ValueError:
        raise ValueError("The certificate is not JSON.") from None
    if not isinstance(document, dict) or list(document) != MEMBERS or not isinstance(document["certificate"], dict):
        raise ValueError("The certificate does not have the members 'certificate' and 'signature'.")
    if document["certificate"].get("format") != FORMAT:
        raise ValueError(f"The certificate does not have the format {FORMAT}, which this version reads.")
    found = Certificate(document["certificate"], _signature(document["signature"]))
    if found.to_json() != text:
        raise ValueError("The certificate is not written as certificates are: a byte of it was changed.")
    return found


def _signature(document: Any) -> Signature | None:
    if document is None:
        return None
    try:
        found = Signature(PublicKey(decoded(document["public_key"])), decoded(document["value"]))
    except (KeyError, TypeError, ValueError):
        raise ValueError("The certificate's signature cannot be read.") from None
    if found.as_dict() != document:
        raise ValueError("The certificate's signature does not name its own key, or not in the way that is signed.")
    return found


def read_certificate(release: Path) -> Certificate | None:
    """The certificate of a release, None if it has none. Raises UserError (``certificate.unreadable``)."""
    path = release / CERTIFICATE
    if not path.is_file():
        return None
    try:
        return parse(path.read_bytes().decode())  # as text, its line ends would be made alike
    except UnicodeDecodeError:
        what = "The certificate is not text."
    except ValueError as error:
        what = str(error)
    raise UserError("certificate.unreadable", what, where=str(path), do="Fetch the release again from its publisher.")


def certificate_of(release: Path, evidence: Evidence) -> Certificate:
    """The unsigned certificate that the files of a release and this evidence give."""
    _, manifest = read_manifest(release)
    text = (release / MANIFEST).read_bytes()
    privacy, figures = read_privacy(release / PRIVACY), read_json(release / FIGURES)
    return Certificate(certificate_content(manifest, text, privacy, figures, evidence))


def certify(release: Path, evidence: Evidence, key: SigningKey | None, *, again: bool = False) -> Certificate:
    """Write the certificate of a release that verifies: this evidence, what it said before as `_older`, a signature.

    A signature stays where nothing changes and no key is given. again: replace a signature by another. Raises Refused
    (``certificate.signed``) where what was signed would change without that.
    """
    old = read_certificate(release)
    fresh = certificate_of(release, evidence.with_older(_older(old, key)))
    made = fresh if key is None else fresh.signed_by(key)
    if old is not None and (made == old or (key is None and fresh.content == old.content)):
        return old
    if old is not None and old.signature is not None and not (again and key is not None):
        raise Refused(
            "certificate.signed",
            f"The release is signed already, by the key {old.signature.key.id[:16]}, and this would change what was "
            "signed.",
            where=str(release / CERTIFICATE),
            do="If this is meant, use --again with 'ctdc certificate sign'; readers who have the old one keep it.",
        )
    write_bytes(release / CERTIFICATE, made.to_json().encode())
    return made


def _older(old: Certificate | None, key: SigningKey | None) -> Evidence:
    """The evidence of an older certificate that stays: with a key, only what the same key has signed.

    Whoever signs vouches for all of it, and anybody may have written what nobody, or somebody else, has signed.
    """
    if old is None:
        return Evidence()
    own = old.signature is not None and key is not None and old.signature.key == key.public and old.sound
    return old.evidence if key is None or own else Evidence()
