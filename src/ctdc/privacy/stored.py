"""The noisy measurements as a file, from which every estimate and error can be computed again by anybody.

Promise: what is read back equals what was measured, integer for integer.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import Cost
from ctdc.privacy.measure import Measurements, selected_shape
from ctdc.privacy.noise import Integers
from ctdc.privacy.plan import Attributes, Measurement, Plan, whole_shape
from ctdc.privacy.selection import Selection, selection_from
from ctdc.table.damage import damage
from ctdc.table.schema import Schema

FORMAT = "2"  # 2: tables with wide variables are measured in selected cells
MAX_STORED = 1e30  # far beyond what a plan has; the fourth power is still a float
COLUMNS = pa.schema(
    [
        ("attributes", pa.list_(pa.string())),
        ("shape", pa.list_(pa.int32())),
        ("scale", pa.float64()),
        ("squared_sensitivity", pa.int64()),
        ("deviation", pa.float64()),
        ("values", pa.list_(pa.int64())),
    ]
)


def write_measurements(path: Path, schema: Schema, measurements: Measurements) -> None:
    """Write one row per measured set: variables, shape of the integers, noise scale, s_B, and the integers."""
    metadata = {
        "ctdc.measurements": FORMAT,
        "ctdc.length": str(measurements.plan.length),
        "ctdc.sizes": json.dumps(measurements.plan.sizes),
        "ctdc.resolution": str(measurements.plan.resolution),
        "ctdc.rho": repr(measurements.rho),
        "ctdc.charged": json.dumps([measurements.charged.rho, measurements.charged.mu_squared]),
        "ctdc.publishable": json.dumps(measurements.publishable),
        "ctdc.selection": json.dumps(measurements.selection.describe()),
    }
    with pq.ParquetWriter(path, COLUMNS.with_metadata(metadata), compression="zstd") as writer:
        batch = [
            {
                "attributes": [schema.names[attribute] for attribute in measurement.attributes],
                "shape": list(measurements.values[measurement.attributes].shape),
                "scale": measurement.scale,
                "squared_sensitivity": measurement.squared_sensitivity,
                "deviation": measurement.deviation,
            }
            for measurement in measurements.plan.measurements
        ]
        arrays = [pa.array([row[name] for row in batch], COLUMNS.field(name).type) for name in COLUMNS.names[:-1]]
        flat = [measurements.values[measurement.attributes].ravel() for measurement in measurements.plan.measurements]
        ends = np.cumsum([0, *(len(values) for values in flat)]).astype(np.int32)
        values = pa.ListArray.from_arrays(pa.array(ends), pa.array(np.concatenate(flat)))
        writer.write_table(pa.table([*arrays, values], schema=COLUMNS.with_metadata(metadata)))


def read_measurements(path: Path, schema: Schema) -> Measurements:
    """Read what `write_measurements` wrote. Raises UserError (``measurements.format``) for anything else."""
    broken = UserError("measurements.format", "This is not a file of measurements, or it is damaged.", where=str(path))
    if not path.is_file():
        raise broken
    with damage(broken):
        table = pq.read_table(path)
        table.validate(full=True)
    try:
        return _measurements(path, schema, table)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        raise broken from None


def _measurements(path: Path, schema: Schema, table: pa.Table) -> Measurements:
    metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    if metadata.get("ctdc.measurements") != FORMAT or json.loads(metadata["ctdc.sizes"]) != list(schema.sizes):
        raise UserError(
            "measurements.format",
            "The file of measurements has another format or another schema.",
            where=str(path),
            do="Use the schema.json that stands beside it, and the version of ctdc that wrote it.",
        )
    position = {name: number for number, name in enumerate(schema.names)}
    named = {name for names in table.column("attributes").to_pylist() for name in names}
    if not named <= position.keys():
        raise UserError("measurements.format", "The measurements are of other variables.", where=str(path))
    plan_rows, values = [], {}
    for row, integers in zip(table.drop_columns("values").to_pylist(), table.column("values"), strict=True):
        attributes = tuple(position[name] for name in row.pop("attributes"))
        shape = tuple(row.pop("shape"))
        _check_noise(**row)
        plan_rows.append(Measurement(attributes=attributes, shape=whole_shape(schema.sizes, attributes), **row))
        integers_read = integers.values.to_numpy()
        if len(integers_read) != math.prod(shape):
            raise UserError("measurements.format", "A measurement has lost integers.", where=str(path))
        values[attributes] = integers_read.reshape(shape)
    resolution = int(metadata.get("ctdc.resolution", "1"))
    plan = Plan(schema.sizes, int(metadata["ctdc.length"]), tuple(plan_rows), resolution)
    selection = _selection(path, plan, metadata.get("ctdc.selection", ""), values)
    publishable = json.loads(metadata["ctdc.publishable"])
    charged = Cost(*json.loads(metadata["ctdc.charged"]))
    return Measurements(plan, values, float(metadata["ctdc.rho"]), publishable, selection, charged)


def _check_noise(scale: float, squared_sensitivity: int, deviation: float) -> None:
    """Raise ValueError for noise that no plan has, with which nothing could be computed."""
    if not (
        1 / MAX_STORED <= scale <= MAX_STORED and 0 <= deviation <= MAX_STORED and 0 < squared_sensitivity <= MAX_STORED
    ):
        raise ValueError("a measurement has another noise than any plan")


def _selection(path: Path, plan: Plan, description: str, values: dict[Attributes, Integers]) -> Selection:
    """The selection that `description` describes, if all integers have the shapes that follow from it."""
    try:
        selection = selection_from(plan.sizes, json.loads(description))
        fits = all(values[m.attributes].shape == selected_shape(plan, m, selection) for m in plan.measurements)
    except (KeyError, IndexError, ValueError):
        fits = False
    if not fits:
        raise UserError(
            "measurements.format", "The measurements are not of the cells that the file names.", where=str(path)
        )
    return selection
