"""Small numbers that are not shown.

Promise: a number below `LEAST` is never shown, and cannot be had by taking the others from their sum: where only one is
withheld, the next smallest is withheld with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

LEAST = 5
K = TypeVar("K")


def shown(counts: Mapping[K, int]) -> dict[K, int | None]:
    """Counts that share a sum; None for those that are not shown."""
    hidden = {key for key, number in counts.items() if number < LEAST}
    rest = sorted((key for key in counts if key not in hidden), key=lambda key: counts[key])
    if len(hidden) == 1 and rest:
        hidden.add(rest[0])
    return {key: None if key in hidden else number for key, number in counts.items()}


def rounded(number: int) -> int | None:
    """To the nearest `LEAST`; None for what is below it."""
    return None if number < LEAST else LEAST * ((number + LEAST // 2) // LEAST)
