"""The one place that reads the clock, so that everything else takes the time as an argument."""

from __future__ import annotations

import os
from datetime import UTC, datetime

WRITTEN = "%Y-%m-%dT%H:%M:%SZ"


def now() -> datetime:
    """The present moment in UTC, whole seconds; ``SOURCE_DATE_EPOCH`` (seconds since 1970) overrides it.

    The override is the reproducible-builds convention: with it two builds of one release are equal byte for byte.
    """
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is not None:
        return datetime.fromtimestamp(int(fixed), UTC)
    return datetime.now(UTC).replace(microsecond=0)


def timestamp(moment: datetime) -> str:
    """`moment` as ISO 8601 in UTC with a Z, for files."""
    return moment.astimezone(UTC).strftime(WRITTEN)


def moment_of(text: str) -> datetime:
    """The moment that `timestamp` wrote. Raises ValueError for any other text, TypeError for no text."""
    return datetime.strptime(text, WRITTEN).replace(tzinfo=UTC)
