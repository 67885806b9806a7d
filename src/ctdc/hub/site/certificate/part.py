"""The part of a release's data page about its certificate: what it says, in plain words, and how to check it.

Promise: the page repeats what the certificate says and vouches for nothing; checking is done on the reader's computer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ctdc.hub.site.view import SiteRelease
from ctdc.release.certificate.file import read_certificate
from ctdc.release.certificate.words import certificate_sections, certificate_text
from ctdc.release.document import Section

PUBLIC_KEY = "publisher.pub"  # what readers may call the key that they got from the publisher
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class CertificatePart:
    """Texts of the part. rows: label, value, and whether the value is a hash; more: sections that follow the rows;
    check: heading, sentence and command, None where there is nothing to check a signature of.
    """

    heading: str
    intro: tuple[str, ...]
    rows: tuple[tuple[str, str, bool], ...]
    more: tuple[Section, ...]
    check: tuple[str, str, str] | None


def certificate_part(view: SiteRelease, language: str) -> CertificatePart:
    """The part of the page of this release."""
    certificate = read_certificate(view.folder)
    first, *more = certificate_sections(language, certificate)
    rows = first.table.rows if first.table else ()
    check = None
    if certificate is not None and certificate.signature is not None:
        command = f"ctdc certificate verify {view.manifest.folder} --public-key {PUBLIC_KEY}"
        check = (certificate_text(language, "check"), certificate_text(language, "check.text"), command)
    return CertificatePart(
        heading=first.heading,
        intro=first.paragraphs,
        rows=tuple((label, value, _HASH.fullmatch(value) is not None) for label, value in rows),
        more=tuple(more),
        check=check,
    )
