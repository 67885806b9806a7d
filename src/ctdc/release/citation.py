"""How a release wants to be cited, in five languages."""

from __future__ import annotations

from datetime import datetime

from ctdc.release.info import ReleaseInfo
from ctdc.release.numbers import date
from ctdc.release.texts import RELEASE_TEXTS


def citation(language: str, info: ReleaseInfo, created: datetime) -> str:
    """The sentence to put under a figure or in a bibliography; simulated data say so in it."""
    version = RELEASE_TEXTS.text(language, "citation.version", version=info.version) if info.version else ""
    text = RELEASE_TEXTS.text(
        language,
        "citation.text",
        publisher=info.publisher,
        year=str(created.year),
        title=info.title(language),
        version=version,
        name=info.name,
        date=date(language, created),
    )
    parts = [text, info.url] if info.url else [text]
    if info.simulated:
        parts.append(RELEASE_TEXTS.text(language, "citation.simulated"))
    return " ".join(parts)
