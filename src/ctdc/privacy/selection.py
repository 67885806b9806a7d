"""Which cells of large tables are worth a noisy number, decided from smaller noisy tables.

Promise: a function of noisy estimates and the plan alone, so it is post-processing; it never widens what a plan has
declared. Tables of three and more variables, one of which has at least `WIDE` categories, are *thinned*: along their
wide variables, which are those of at least `BESIDE` categories, they are measured only where both is true: every single
code, and every pair of codes, was found often enough in the smaller tables that a cell below it can stand out of its
own noise. Everything else in such a table could only
have been noise; it is known from the smaller tables, and reported as too few to say.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ctdc.table.counting import Request

Attributes = tuple[int, ...]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Table = npt.NDArray[np.float64]

WIDE = 32  # from so many categories on, a table's cells are mostly empty and its noise is mostly wasted
BESIDE = 8  # beside such a variable, those of so many categories are followed only where they are seen too
THIN_FROM = 3  # variables of a table; smaller tables are always measured whole
SIGNIFICANT = 2.0  # standard errors: a count below could be nobody


def wide_axes(sizes: Sequence[int], attributes: Attributes) -> Attributes:
    """The variables of `attributes` along which a table of them is thinned; none for tables that are measured whole."""
    if len(attributes) < THIN_FROM or all(sizes[attribute] < WIDE for attribute in attributes):
        return ()
    return tuple(attribute for attribute in attributes if sizes[attribute] >= BESIDE)


def wide_variables(sizes: Sequence[int]) -> Attributes:
    """Every variable along which some table may be thinned."""
    if max(sizes, default=0) < WIDE:
        return ()
    return tuple(variable for variable, size in enumerate(sizes) if size >= BESIDE)


@dataclass(frozen=True)
class Selection:
    """kept[i]: ascending codes of the wide variable i; pairs[i, j]: shape (len(kept[i]), len(kept[j])), i < j.

    In *compact* tables a wide axis has one place per kept code, from 1 on; place 0 stands for all other codes.
    """

    sizes: tuple[int, ...]
    kept: Mapping[int, Ints] = field(default_factory=dict)
    pairs: Mapping[tuple[int, int], Mask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError for variables that are not wide, codes that are not of the domain or not in order, and for
        pairs of another shape: compiled counting does not check."""
        if not set(self.kept) <= set(wide_variables(self.sizes)):
            raise ValueError("codes are kept of wide variables only")
        for variable, codes in self.kept.items():
            if codes.min(initial=0) < 0 or codes.max(initial=-1) >= self.sizes[variable] or (np.diff(codes) <= 0).any():
                raise ValueError("kept codes are some of the variable's, in ascending order")
        for (first, second), mask in self.pairs.items():
            if first >= second or mask.shape != (len(self.kept[first]), len(self.kept[second])):
                raise ValueError("two wide variables have one mark for each pair of kept codes")

    def compact_sizes(self) -> tuple[int, ...]:
        """Places per variable in compact tables."""
        return tuple(len(self.kept[i]) + 1 if i in self.kept else n for i, n in enumerate(self.sizes))

    def places(self, variable: int) -> npt.NDArray[np.uint16]:
        """Code -> place in compact tables, shape (categories,)."""
        if variable not in self.kept:
            return np.arange(self.sizes[variable], dtype=np.uint16)
        places = np.zeros(self.sizes[variable], dtype=np.uint16)
        places[self.kept[variable]] = np.arange(1, len(self.kept[variable]) + 1)
        return places

    def cells(self, attributes: Attributes) -> Mask:
        """Which cells over the wide variables of `attributes` are measured, in compact places, 0 never."""
        wide = wide_axes(self.sizes, attributes)
        inner = np.ones(tuple(len(self.kept[variable]) for variable in wide), dtype=bool)
        for first, second in itertools.combinations(range(len(wide)), 2):
            shape = [n if axis in (first, second) else 1 for axis, n in enumerate(inner.shape)]
            inner &= self.pairs[wide[first], wide[second]].reshape(shape)
        return np.pad(inner, [(1, 0)] * inner.ndim) if wide else inner

    def mask(self, attributes: Attributes) -> Mask:
        """`cells` with an axis of length 1 for every variable that is not wide: broadcasts to compact tables."""
        wide = wide_axes(self.sizes, attributes)
        cells = self.cells(attributes)
        return cells.reshape([cells.shape[wide.index(a)] if a in wide else 1 for a in attributes])

    def __and__(self, other: Selection) -> Selection:
        """What both measure."""
        kept = {variable: np.intersect1d(codes, other.kept[variable]) for variable, codes in self.kept.items()}
        pairs = {pair: self._among(pair, kept) & other._among(pair, kept) for pair in self.pairs}
        return Selection(self.sizes, kept, pairs)

    def _among(self, pair: tuple[int, int], kept: Mapping[int, Ints]) -> Mask:
        """The mask of a pair over fewer kept codes."""
        first, second = (np.searchsorted(self.kept[variable], kept[variable]) for variable in pair)
        return self.pairs[pair][np.ix_(first, second)]

    def rows(self, attributes: Attributes, fewer: Selection) -> Ints:
        """Where the cells of `fewer`, all of them measured here too, stand among the measured cells of this one."""
        mine = self.cells(attributes)
        numbers = np.full(mine.shape, -1, dtype=np.int64)
        numbers[mine] = np.arange(int(mine.sum()))
        places = zip(wide_axes(self.sizes, attributes), np.nonzero(fewer.cells(attributes)), strict=True)
        chosen: Ints = numbers[tuple(self.places(variable)[fewer.kept[variable][at - 1]] for variable, at in places)]
        return chosen

    def describe(self) -> dict[str, object]:
        """As JSON values, for the record of what was measured."""
        return {
            "kept": {str(variable): codes.tolist() for variable, codes in self.kept.items()},
            "pairs": {f"{i},{j}": np.flatnonzero(mask).tolist() for (i, j), mask in self.pairs.items()},
        }


def request_of(sizes: Sequence[int], sets: Sequence[Attributes], selection: Selection | None) -> Request:
    """What has to be counted for tables over `sets`; without a selection those that are thinned are counted whole."""
    if selection is None:
        return Request(tuple(sizes), tuple(sets))
    places = {variable: selection.places(variable) for variable in selection.kept}
    compact = {attributes: wide for attributes in sets if (wide := wide_axes(sizes, attributes))}
    return Request(tuple(sizes), tuple(sets), places, compact)


def selection_from(sizes: Sequence[int], description: Mapping[str, Mapping[str, list[int]]]) -> Selection:
    """What `Selection.describe` described. Raises KeyError, IndexError or ValueError for anything else."""
    kept = {int(variable): np.array(codes, dtype=np.int64) for variable, codes in description["kept"].items()}
    pairs = {}
    for name, cells in description["pairs"].items():
        first, second = (int(part) for part in name.split(","))
        mask = np.zeros(len(kept[first]) * len(kept[second]), dtype=bool)
        mask[cells] = True
        pairs[first, second] = mask.reshape(len(kept[first]), len(kept[second]))
    return Selection(tuple(sizes), kept, pairs)


def select(
    sizes: Sequence[int],
    table: Callable[[Attributes], Table],
    deviation: Callable[[Attributes], float],
    least: float,
    sets: Container[Attributes],
) -> Selection:
    """Keep codes and pairs of codes of wide variables whose noisy count is at least `least`, and significant.

    table, deviation: noisy counts and their standard error, of sets of one or two variables; least: number of people
    from which a longer combination could stand out of its noise; sets: those that were measured, so that pairs of
    variables that are in no longer table need not be. Of each wide variable at least one code is kept.
    """
    wide = tuple(variable for variable in wide_variables(sizes) if (variable,) in sets)
    kept = {}
    for variable in wide:
        counts = table((variable,))
        limit = max(least, SIGNIFICANT * deviation((variable,)))
        chosen = np.flatnonzero(counts >= limit)
        kept[variable] = chosen if len(chosen) else np.array([int(counts.argmax())])
    pairs = {}
    for first, second in itertools.combinations(wide, 2):
        if (first, second) not in sets:
            continue
        limit = max(least, SIGNIFICANT * deviation((first, second)))
        pairs[first, second] = table((first, second))[np.ix_(kept[first], kept[second])] >= limit
    return Selection(tuple(sizes), kept, pairs)
