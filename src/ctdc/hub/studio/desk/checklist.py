"""What a reviewer looks at before saying yes.

Promise: the list is part of what is voted on: when a point is added, removed or changed, earlier votes no longer count.
The words of each point are in the texts of this app, ``check.ID``.
"""

from __future__ import annotations

from functools import cache

from ctdc.foundation.hashing import hash_value
from ctdc.hub.studio.web.texts import catalogue
from ctdc.standard.languages import LANGUAGES

POINTS = ("plan", "budget", "people", "evaluation", "subgroups", "changes", "words", "harm")


@cache
def version() -> str:
    """A hash of all points in all languages."""
    texts = catalogue("desk")
    return hash_value([[point, [texts.text(language, f"check.{point}") for language in LANGUAGES]] for point in POINTS])
