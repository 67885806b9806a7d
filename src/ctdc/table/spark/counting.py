"""People who are counted on Spark: each task counts its rows, Spark adds up, the driver gets sums.

Promise: counts are those of the memory engine, bit for bit, however often tasks fail and are tried again. Nothing
random happens here: noise is drawn afterwards, once, by whoever asked for the counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Progress, Silent
from ctdc.table.coder import Coder
from ctdc.table.count import Counts
from ctdc.table.counting import Attributes, Request
from ctdc.table.passes import PassedRows, changed
from ctdc.table.spark.files import SparkFiles
from ctdc.table.spark.tasks import COUNTED_TYPES, FILE, REFUSED, ROW, Counted, counting, refusal_in

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def rows_of(files: SparkFiles, columns: tuple[str, ...]) -> DataFrame:
    """The columns of the table, each row with its place in its file, and the file's name where there are several.

    Columns are called c0, c1 ... in their order: names with a dot mean something else to Spark.
    """
    from pyspark.sql import functions as sql

    table = files.session.read.parquet(*(part.pattern for part in files.parts))
    quoted = (f"`{name.replace('`', '``')}`" for name in columns)
    chosen = [sql.col(name).alias(f"c{number}") for number, name in enumerate(quoted)]
    places = [sql.col("_metadata.row_index").alias(ROW)]
    if len(files.parts) > 1:
        places.append(sql.col("_metadata.file_name").alias(FILE))
    return table.select(*chosen, *places)


def check_types(files: SparkFiles, columns: tuple[str, ...]) -> None:
    """Raise UserError (``spark.type``) for columns that would be other texts on Spark than in memory."""
    schema = files.footers[0].schema.to_arrow_schema()
    for name in columns:
        kind = schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if pa.types.is_timestamp(kind) or pa.types.is_time(kind) or pa.types.is_nested(kind):
            raise UserError(
                "spark.type",
                f"The column {name!r} holds times or lists, which Spark writes in a way of its own.",
                where=files.where,
                allowed="texts, numbers, dates and truth values",
                do="Write the column as text or as a date, or use --engine memory.",
            )


@contextmanager
def patience(where: str) -> Iterator[None]:
    """What Spark says when it gives up, as a UserError (that of a task, or ``spark.failed``).

    A query that makes no sense is our fault.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import AnalysisException, ParseException, PySparkException

    try:
        yield
    except (AnalysisException, ParseException):
        raise
    except (PySparkException, Py4JError) as error:
        raise refusal_in(str(error)) or _given_up(where) from None


def _given_up(where: str) -> UserError:
    return UserError(
        "spark.failed",
        "Spark gave up: a task failed as often as it may.",
        where=where,
        do="Spark's log says which and why (memory, a lost machine, ctdc not installed there). Mend it, begin again.",
    )


@dataclass(frozen=True)
class _Pass:
    """One look at all rows."""

    files: SparkFiles
    coder: Coder
    progress: Progress
    identity: list[list[object]]

    def __call__(self, request: Request) -> Mapping[Attributes, Counts]:
        """The tables of the request."""
        self.progress.start("Counting on Spark", None)
        if SparkFiles(self.files.session, self.files.location).identity() != self.identity:
            raise changed(self.files.where)
        found = self._summed(request)
        refusals = found.filter(pc.equal(found.column("cell"), REFUSED))
        if refusals.num_rows:
            raise _first(refusals.to_pylist())
        flat = np.zeros(int(request.lengths.sum()), dtype=np.int64)
        flat[found.column("cell").to_numpy()] = found.column("count").to_numpy()
        self.progress.finish()
        return request.cut(flat)

    def _summed(self, request: Request) -> pa.Table:
        from pyspark.sql import functions as sql

        columns = self.coder.columns(self.files.names, self.files.where)
        several = len(self.files.parts) > 1
        work = counting(Counted(self.coder, request, columns, self.files.where, several))
        with patience(self.files.where):
            cells = rows_of(self.files, columns).mapInArrow(work, COUNTED_TYPES)
            return cells.groupBy("cell", "refused").agg(sql.sum("count").alias("count")).toArrow()


def _first(refusals: list[dict[str, Any]]) -> UserError:
    """The refusal that stands first in the files."""
    said = [(json.loads(one["refused"]), one["count"]) for one in refusals]
    detail, _ = min(said, key=lambda one: (one[0]["file"], one[1]))
    return UserError(detail["code"], detail["what"], where=detail["where"], allowed=detail["allowed"], do=detail["do"])


def counted_on_spark(files: SparkFiles, coder: Coder, progress: Progress | None = None) -> PassedRows:
    """The people of a table on Spark."""
    check_types(files, coder.columns(files.names, files.where))
    look = _Pass(files, coder, progress or Silent(), files.identity())
    return PassedRows(coder.schema, look, files.where, coder.most_rows)
