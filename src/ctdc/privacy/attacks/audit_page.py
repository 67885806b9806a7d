"""The report of an audit as a page: one file, five languages, no script, no request.

Promise: made from the report alone, so it tells of invented people only; everything is escaped.
"""

from __future__ import annotations

from ctdc.privacy.attacks.audit import Report
from ctdc.privacy.attacks.claims import INCONCLUSIVE, REJECTED, SHOWN
from ctdc.privacy.report import LANGUAGES, Writer, page_templates, texts_of

VERDICTS = {REJECTED: "rejected", SHOWN: "shown", INCONCLUSIVE: "inconclusive"}
LEVELS = {"measurements": "level.measurements", "whole protections": "level.whole"}


def keys_of(group: str) -> dict[str, str]:
    """What a report calls something, in English, and the key under which it stands in every language."""
    english = texts_of("audit")["en"]
    return {text: key for key, text in english.items() if key.startswith(group + ".")}


def audit_html(report: Report) -> str:
    """The whole page, self-contained HTML."""
    context = {
        "r": report.as_dict(),
        "languages": LANGUAGES,
        "writers": [Writer(language, "audit") for language in LANGUAGES],
        "verdicts": VERDICTS,
        "rejected": REJECTED,
        "levels": LEVELS,
        "persons": keys_of("person"),
        "attacks": keys_of("attack"),
    }
    return page_templates().get_template("audit.html.j2").render(context)
