"""The published table of counts: combinations of known values, each with its standard error and interval.

Promise: computed from the noisy estimates alone. Length 1 is complete; longer combinations are listed when they
reach the reporting threshold (or all that were measured, on request), so that absence means "too few to say", never
zero. What the schema's facts make impossible is not listed at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ctdc.privacy.estimate import Estimates
from ctdc.privacy.plan import Attributes
from ctdc.privacy.structure import impossible_cells, impossible_pairs
from ctdc.table.reporting import reporting_deviations
from ctdc.table.schema import Schema

NORMAL_95 = 1.959963984540054  # two-sided 95 % point of the standard normal distribution
DECIMALS = 2  # far below every standard error, and a third of the bytes of full precision
ERROR_DECIMALS = 4
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


def _fragments(schema: Schema, attribute: int) -> pa.Array:
    """`"name":"code"` for each code of a variable, ready to be joined into JSON objects."""
    variable = schema.variables[attribute]
    name = json.dumps(variable.name, ensure_ascii=False)
    return pa.array([f"{name}:{json.dumps(code, ensure_ascii=False)}" for code in variable.codes], pa.string())


def _descriptions(schema: Schema, attributes: Attributes, cells: tuple[np.ndarray, ...]) -> pa.Array:
    """JSON objects of variable to code, for cells given as code positions (0 is the first code) per variable."""
    if not attributes:
        return pa.array(["{}"])
    parts = [
        _fragments(schema, attribute).take(pa.array(cell)) for attribute, cell in zip(attributes, cells, strict=True)
    ]
    joined = pc.binary_join_element_wise(*parts, ",")
    return pc.binary_join_element_wise("{", joined, "}", "")


def set_rows(
    schema: Schema, estimates: Estimates, attributes: Attributes, threshold: float, everything: bool
) -> pa.RecordBatch:
    """The published rows of one set of variables.

    Numbers are rounded first, so that every mark and interval can be computed again from what is published.
    """
    error = round(math.sqrt(estimates.variance(attributes)), ERROR_DECIMALS)
    known = np.round(estimates.table(attributes)[(slice(1, None),) * len(attributes)], DECIMALS)
    limit = max(threshold, reporting_deviations(known.size, len(attributes)) * error)
    shown = ~np.isnan(known) if everything or len(attributes) < 2 else known >= limit  # NaN: not measured
    if len(attributes) > 1 and schema.implications:  # what nobody can have is known to be zero
        shown &= ~impossible_cells(attributes, schema.sizes, impossible_pairs(schema))[(slice(1, None),) * shown.ndim]
    cells = np.nonzero(shown) if attributes else ()
    count = known[shown].ravel()
    columns = [
        pa.array(np.full(len(count), len(attributes)), pa.int8()),
        _descriptions(schema, attributes, cells),
        pa.array(count),
        pa.array(np.full(len(count), error)),
        pa.array(np.round(count - NORMAL_95 * error, DECIMALS)),
        pa.array(np.round(count + NORMAL_95 * error, DECIMALS)),
        pa.array(count < limit),
    ]
    return pa.record_batch(columns, schema=COLUMNS)


def aggregate_batches(
    schema: Schema, estimates: Estimates, threshold: float, everything: bool
) -> Iterator[pa.RecordBatch]:
    """All published rows, by length and then in the schema's order of variables; the total first."""
    for attributes in estimates.sets:
        yield set_rows(schema, estimates, attributes, threshold, everything)


def aggregate_table(schema: Schema, estimates: Estimates, threshold: float, everything: bool = False) -> pa.Table:
    """The whole published table. threshold: smallest count that is reported, if `reporting_deviations` allow it too."""
    return pa.Table.from_batches(aggregate_batches(schema, estimates, threshold, everything), schema=COLUMNS)
