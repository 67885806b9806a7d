"""The floor: on no order may the engine's records be worse than if every column had been published alone.

Promise: the two are compared at the same settings on the same table, by mean TVD, with no allowance; what is worse is
told in a sentence, and the run that found it fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

ENGINE = "ctdc"
FLOOR = "alone"
ORDERS = ("1", "2", "3")

Entry = dict[str, Any]
Settings = tuple[float, float, int]


def _distances(entries: Iterable[Entry], method: str) -> dict[Settings, dict[str, float]]:
    return {
        (entry["epsilon"], entry["delta"], entry["length"]): {
            order: measures["tvd"] for order, measures in entry["records"]["orders"].items()
        }
        for entry in entries
        if entry["method"] == method and "records" in entry
    }


def worse_than_alone(entries: Iterable[Entry]) -> list[str]:
    """A sentence for each setting and order on which the engine is worse than every column alone."""
    entries = list(entries)
    engine, floor = _distances(entries, ENGINE), _distances(entries, FLOOR)
    return [sentence for settings in engine if settings in floor for sentence in _worse(settings, engine, floor)]


def _worse(
    settings: Settings, engine: dict[Settings, dict[str, float]], floor: dict[Settings, dict[str, float]]
) -> Iterator[str]:
    for order in ORDERS:
        ours, alone = engine[settings].get(order), floor[settings].get(order)
        if ours is not None and alone is not None and ours > alone:
            yield (
                f"The engine is worse than every column alone on {order}-way tables at epsilon {settings[0]:g}: "
                f"TVD {ours:.5f} against {alone:.5f}."
            )
