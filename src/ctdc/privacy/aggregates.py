"""The published table of counts: combinations of known values, each with its standard error and interval.

Promise: computed from the noisy estimates alone. Length 1 is complete; longer combinations are listed when they
reach the reporting threshold (or all that were measured, on request), so that absence means "too few to say", never
zero. What the schema's facts make impossible is not listed at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ctdc.privacy.plan import Attributes
from ctdc.privacy.structure import impossible_cells, impossible_pairs
from ctdc.table.reporting import smallest_reported
from ctdc.table.schema import Schema

NORMAL_95 = 1.959963984540054  # two-sided 95 % point of the standard normal distribution
DECIMALS = 2  # far below every standard error, and a third of the bytes of full precision
ERROR_DECIMALS = 4
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
COLUMNS = pa.schema(
    [
        ("length", pa.int8()),
        ("attributes", pa.string()),
        ("count", pa.float64()),
        ("standard_error", pa.float64()),
        ("low95", pa.float64()),
        ("high95", pa.float64()),
        ("below_threshold", pa.bool_()),
    ]
)


class Counted(Protocol):
    """What counts are published of: estimates over variables with `sizes` categories, for the sets `sets`."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Categories per variable, the empty one included."""

    @property
    def sets(self) -> tuple[Attributes, ...]:
        """The sets, by size and then in order."""

    def listed(self, attributes: Attributes, variable: int) -> tuple[Ints, Ints]:
        """Where known codes stand on the axis of `variable` in `compact_table(attributes)`, and which they are."""

    def compact_table(self, attributes: Attributes, missing: float = 0.0) -> Floats:
        """Estimated counts; `missing` in cells without a measurement."""

    def errors(self, attributes: Attributes) -> Floats:
        """Their standard errors over known codes, to be broadcast to the shape of these."""


@dataclass(frozen=True)
class Rows:
    """Published rows of one or more sets of equally many variables.

    fragments: (variables, rows), which fragment of `_fragments` each variable of a row is; counts, errors, limits:
    (rows,), the count, its standard error, and what it must reach to be reported.
    """

    fragments: Ints
    counts: Floats
    errors: Floats
    limits: Floats

    def batch(self, fragments: pa.Array) -> pa.RecordBatch:
        """The rows as they are published. Marks and intervals can be computed again from rounded numbers."""
        length, rows = self.fragments.shape
        return pa.record_batch(
            [
                pa.array(np.full(rows, length), pa.int8()),
                _descriptions(fragments, self.fragments),
                pa.array(self.counts),
                pa.array(self.errors),
                pa.array(np.round(self.counts - NORMAL_95 * self.errors, DECIMALS)),
                pa.array(np.round(self.counts + NORMAL_95 * self.errors, DECIMALS)),
                pa.array(self.counts < self.limits),
            ],
            schema=COLUMNS,
        )


def _fragments(schema: Schema) -> tuple[pa.Array, list[int]]:
    """`"name":"code"` for each code of each variable, ready to be joined, and where each variable's begin."""
    texts: list[str] = []
    begins = []
    for variable in schema.variables:
        begins.append(len(texts))
        name = json.dumps(variable.name, ensure_ascii=False)
        texts += [f"{name}:{json.dumps(code, ensure_ascii=False)}" for code in variable.codes]
    return pa.array(texts, pa.string()), begins


def _descriptions(fragments: pa.Array, chosen: Ints) -> pa.Array:
    """JSON objects of variable to code, shape (rows,), of fragments of shape (variables, rows)."""
    if not len(chosen):
        return pa.array(["{}"] * chosen.shape[1], pa.string())
    joined = pc.binary_join_element_wise(*(fragments.take(pa.array(one)) for one in chosen), ",")
    return pc.binary_join_element_wise("{", joined, "}", "")


def _combinations(schema: Schema, attributes: Attributes) -> int:
    """Combinations of known values in the table over `attributes`, whether they were measured or not."""
    return math.prod(schema.sizes[attribute] - 1 for attribute in attributes)


def _known(estimates: Counted, attributes: Attributes) -> tuple[np.ndarray, list[np.ndarray]]:
    """Rounded counts of known values, NaN where not measured, and per axis the positions of their codes (0 the first).

    Of a thinned table only what was followed is gone through, which is a small part of it.
    """
    places = [estimates.listed(attributes, attribute) for attribute in attributes]
    table = estimates.compact_table(attributes, missing=np.nan)
    known = table[np.ix_(*(place for place, _ in places))] if attributes else table
    return np.round(known, DECIMALS), [code - 1 for _, code in places]


def set_rows(
    schema: Schema, estimates: Counted, attributes: Attributes, threshold: float, everything: bool, begins: list[int]
) -> Rows:
    """The published rows of one set of variables; begins: see `_fragments`.

    Numbers are rounded first, so that what follows from them follows from what is published.
    """
    errors: Floats = np.round(estimates.errors(attributes), ERROR_DECIMALS)
    known, codes = _known(estimates, attributes)
    cells = _combinations(schema, attributes)
    least = [smallest_reported(cells, len(attributes), error, threshold) for error in errors.ravel().tolist()]
    limits: Floats = np.asarray(least).reshape(errors.shape)
    shown = ~np.isnan(known) if everything or len(attributes) < 2 else known >= limits  # NaN: not measured
    counts, errors, limits = (np.broadcast_to(part, known.shape)[shown].ravel() for part in (known, errors, limits))
    places = np.nonzero(shown) if attributes else ()
    chosen = [axis[place] for axis, place in zip(codes, places, strict=True)]
    if len(attributes) > 1 and schema.implications:  # what nobody can have is known to be zero
        possible = ~impossible_cells(attributes, schema.sizes, impossible_pairs(schema))[tuple(c + 1 for c in chosen)]
        counts, errors, limits = counts[possible], errors[possible], limits[possible]
        chosen = [cell[possible] for cell in chosen]
    fragments = [cell + begins[attribute] for attribute, cell in zip(attributes, chosen, strict=True)]
    return Rows(
        np.array(fragments, dtype=np.int64).reshape(len(attributes), len(counts)),
        counts,
        errors,
        limits,
    )


def aggregate_batches(
    schema: Schema, estimates: Counted, threshold: float, everything: bool
) -> Iterator[pa.RecordBatch]:
    """All published rows, one batch a length, in the schema's order of variables; the total first.

    Text is made of a whole length at once: set by set it would take longer than everything before it.
    """
    fragments, begins = _fragments(schema)
    for _, sets in groupby(estimates.sets, len):
        parts = [set_rows(schema, estimates, attributes, threshold, everything, begins) for attributes in sets]
        joined = (
            np.concatenate([getattr(part, name) for part in parts], axis=-1)
            for name in ("fragments", "counts", "errors", "limits")
        )
        yield Rows(*joined).batch(fragments)


def aggregate_table(schema: Schema, estimates: Counted, threshold: float, everything: bool = False) -> pa.Table:
    """The whole published table. threshold: smallest count that is reported, if `reporting_deviations` allow it too."""
    return pa.Table.from_batches(aggregate_batches(schema, estimates, threshold, everything), schema=COLUMNS)
