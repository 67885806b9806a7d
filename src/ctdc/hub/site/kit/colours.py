"""The colours of charts that leave the site as pictures: the collaborative's own, as on light screens."""

from __future__ import annotations

from ctdc.hub.site.brand import PALE, SHADES, brand


def fill() -> str:
    """Of bars, points and bands."""
    return brand().colour("bar")


def late() -> str:
    """Of what is not complete yet, and of edges and intervals."""
    return brand().colour("bar-late")


def shade(step: int) -> str:
    """Of a place or a cell, by its class: 0, the fewest, to `SHADES` - 1."""
    return brand().colour(f"shade-{step}")


def on_shade(step: int) -> str:
    """Of text on a shade."""
    return brand().colour("ink" if step < PALE else "on-shade")


def shades() -> tuple[str, ...]:
    """All shades, from few to many."""
    return tuple(shade(step) for step in range(SHADES))
