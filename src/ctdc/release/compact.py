"""A release's noisy measurements and synthetic records in few bytes, for programs that count in a browser.

Promise: nothing but what the release publishes, and all that is needed to ask it as `counting.Counter` does. Residuals
of small tables are exact: they are whole multiples of one by the square of the table's cells. Those of larger ones are
rounded (`SCALE`, `LONG_SCALE`), which moves an estimate by less than a tenth of a person where a standard error is tens
of them. The same release gives the same bytes.

Layout of each of the two files, compressed with gzip: length of the header (4 bytes, little endian), header (JSON,
UTF-8), then its parts one after another. A part of n numbers of w bytes each is stored as w planes of n bytes, the
lowest bytes first. Along an axis whose residuals add up to zero the first category is left out, and of a thinned table
only the measured cells are there.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ctdc.privacy.plan import Attributes
from ctdc.privacy.selection import THIN_FROM, wide_axes
from ctdc.release.counting import Counter

FORMAT = "ctdc-compact/1"
SCALE = 1024  # parts of a person, in tables of fewer variables than are ever thinned
LONG_SCALE = 128  # in longer tables, of which there are many
EXACT_SCALE = 2**15  # up to so many parts a table is stored exactly
LARGEST = 2**31 - 1
Ints = npt.NDArray[np.int64]


def compact_core(counter: Counter) -> bytes:
    """Variables, codes, groups, threshold, tables of up to two variables, and the records."""
    analysis = counter.analysis
    estimates, schema = analysis.estimates, analysis.data.schema
    header = {
        "format": FORMAT,
        "names": schema.names,
        "codes": [variable.codes for variable in schema.variables],
        "sizes": schema.sizes,
        "groups": {name: [schema.names.index(flag) for flag in flags] for name, flags in analysis.groups.items()},
        "length": estimates.length,
        "threshold": analysis.rule.threshold,
        "expected_false": analysis.rule.expected_false,
        "published": {str(schema.names.index(name)): found for name, found in counter.published.items()},
        "rows": counter.records.rows,
        **_tables(counter, short=True),
    }
    parts = [_residuals(counter, short=True), *_records(counter)]
    return _packed(header, parts)


def compact_long(counter: Counter) -> bytes:
    """Tables of three and more variables."""
    selection = counter.analysis.estimates.selection
    header = {"format": FORMAT, **_tables(counter, short=False), "selection": selection.describe()}
    return _packed(header, [_residuals(counter, short=False)])


def _sets(counter: Counter, short: bool) -> Iterator[Attributes]:
    estimates = counter.analysis.estimates
    return (one for one in estimates.sets if one in estimates.residual and (len(one) < THIN_FROM) == short)


def _tables(counter: Counter, short: bool) -> Mapping[str, Any]:
    """Which tables there are, in order, and the standard deviation of each one's noise."""
    deviation = counter.analysis.estimates.deviation
    sets = list(_sets(counter, short))
    return {
        "scales": [_scale(counter, one) for one in sets],
        "sets": sets,
        "deviations": [deviation[one] for one in sets],
        "numbers": sum(_kept(counter, one).size for one in sets),
    }


def _kept(counter: Counter, attributes: Attributes) -> npt.NDArray[np.float64]:
    """The residuals of a set that the others do not tell."""
    estimates = counter.analysis.estimates
    table, wide = estimates.residual[attributes], wide_axes(estimates.sizes, attributes)
    for axis, variable in enumerate(attributes):
        if variable not in wide:
            table = table.take(np.arange(1, table.shape[axis]), axis=axis)
    if not wide:
        return np.asarray(table, dtype=np.float64).ravel()
    return table[np.broadcast_to(estimates.selection.mask(attributes), table.shape)]


def _scale(counter: Counter, attributes: Attributes) -> int:
    """Into how many parts a person is divided in a table: as many as are exact, if these are few."""
    sizes = counter.analysis.estimates.sizes
    exact = math.prod(sizes[variable] for variable in attributes) ** 2
    largest = float(np.abs(_kept(counter, attributes)).max(initial=0))
    if exact <= EXACT_SCALE and exact * largest < LARGEST:
        return exact
    return SCALE if len(attributes) < THIN_FROM else LONG_SCALE


def _residuals(counter: Counter, short: bool) -> bytes:
    found = [np.rint(_kept(counter, one) * _scale(counter, one)) for one in _sets(counter, short)]
    numbers = np.concatenate(found or [np.empty(0)])
    return _planes(numbers.astype("<i4"))


def _records(counter: Counter) -> Iterator[bytes]:
    """The records column by column. Their order, which says nothing, is the one that takes the fewest bytes."""
    columns = counter.records.columns
    order = np.lexsort(sorted(columns, key=lambda column: -int(column.max(initial=0))))
    for column, size in zip(columns, counter.records.schema.sizes, strict=True):
        yield _planes(column[order].astype("u1" if size <= 256 else "<u2"))


def _planes(numbers: npt.NDArray[Any]) -> bytes:
    return np.ascontiguousarray(numbers.view(np.uint8).reshape(len(numbers), numbers.dtype.itemsize).T).tobytes()


def _packed(header: Mapping[str, Any], parts: list[bytes]) -> bytes:
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return gzip.compress(b"".join([len(text).to_bytes(4, "little"), text, *parts]), compresslevel=9, mtime=0)
