"""Whether a reader takes compressed answers: one reading of the header for pages and for the counts service."""

from __future__ import annotations


def accepts_gzip(header: str) -> bool:
    """Whether ``Accept-Encoding`` names gzip with a weight above nothing (RFC 9110, section 12.5.3)."""
    for part in header.lower().replace(" ", "").split(","):
        name, _, weight = part.partition(";q=")
        if name == "gzip":
            return not weight or weight.strip("0.") != ""
    return False
