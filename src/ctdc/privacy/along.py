"""Many counts at once: those of every category of some variables among the people of one event.

Promise: the same estimates as `linear.evaluate` gives for each of them, to rounding, at the price of one. Cells of
one such table differ in nothing but where they stand, so all that are measured have one variance.
"""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import numpy.typing as npt

from ctdc.privacy.estimate import Estimates
from ctdc.privacy.linear import Event, by_complement, event
from ctdc.privacy.plan import Attributes, subsets
from ctdc.privacy.selection import Mask, wide_axes

Values = npt.NDArray[np.float64]


class Along:
    """Tables of counts over the categories of some variables; what is used again and again is kept."""

    def __init__(self, estimates: Estimates, longest: int | None = None) -> None:
        """longest: how many variables a table may join, those of its event included; by default the measured length."""
        self._estimates = estimates
        self._longest = estimates.length if longest is None else longest
        self._masks: dict[Attributes, Mask] = {}

    def table(self, base: Event, free: Attributes) -> Values | None:
        """People of `base` by the categories of `free` (ascending, none of them in `base`).

        Shape: sizes of `free`; NaN in cells without a measurement. None where there is no measurement at all.
        """
        joined = base & event({variable: {1} for variable in free})
        if len(joined.attributes) > self._longest:
            return None
        total = np.zeros([self._estimates.sizes[variable] for variable in free])
        known = np.ones(total.shape, dtype=bool)
        for factor, one in by_complement(self._estimates, 1.0, joined):
            for inner in subsets(one.attributes):
                if inner not in self._estimates.residual:
                    return None
                part, seen = self._part(one, inner, free)
                total += factor * part
                known &= seen
        return np.where(known, total, np.nan)

    def _part(self, one: Event, inner: Attributes, free: Attributes) -> tuple[Values, Mask]:
        """What the residual table of `inner` adds to each cell, and where it was measured; both broadcast."""
        estimates, chosen = self._estimates, dict(one.chosen)
        places = [self._places(inner, v, None if v in free else sorted(chosen[v])) for v in inner]
        summed = tuple(axis for axis, v in enumerate(inner) if v not in free)
        shape = [estimates.sizes[v] if v in inner else 1 for v in free]
        # Along one axis after another: slices by a list are far dearer on several axes at once.
        table = reduce(lambda t, axis: t.take(places[axis], axis=axis), range(len(inner)), estimates.residual[inner])
        evenly = math.prod(
            (1 if v in free else len(categories)) / estimates.sizes[v] for v, categories in one.chosen if v not in inner
        )
        return evenly * np.asarray(table).sum(axis=summed).reshape(shape), self._seen(inner, places, free)

    def _places(self, inner: Attributes, variable: int, categories: list[int] | None) -> npt.NDArray[np.int64]:
        own = np.arange(self._estimates.sizes[variable]) if categories is None else np.array(categories)
        if variable not in wide_axes(self._estimates.sizes, inner):
            return own
        return self._estimates.selection.places(variable)[own].astype(np.int64)

    def _seen(self, inner: Attributes, places: list[npt.NDArray[np.int64]], free: Attributes) -> Mask:
        wide = wide_axes(self._estimates.sizes, inner)
        if not wide:
            return np.ones((1,) * len(free), dtype=bool)
        if inner not in self._masks:
            self._masks[inner] = self._estimates.selection.cells(inner)
        chosen = [places[inner.index(variable)] for variable in wide]
        mask = self._masks[inner][np.ix_(*chosen)]
        seen = np.asarray(mask.all(axis=tuple(axis for axis, variable in enumerate(wide) if variable not in free)))
        return seen.reshape([self._estimates.sizes[v] if v in wide else 1 for v in free])
