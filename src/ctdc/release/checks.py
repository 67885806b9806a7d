"""What must hold for the data of a release, whoever made them.

Promise: every check reads the published files only and returns the problems it found, worded for a person; none
stops at the first. Checks work on whole columns, so hundreds of thousands of rows take seconds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ctdc.foundation.errors import UserError
from ctdc.release.estimates import Z95
from ctdc.release.protected import AGGREGATE_COLUMNS, ProtectedData, read_table
from ctdc.table.reporting import EXPECTED_FALSE, reporting_deviations

# A count may exceed that of a part of its combination by noise. Six standard errors happen once in 1e9 by chance.
IMPOSSIBLE = 6.0
INTERVAL_TOLERANCE = 0.02  # of a standard error: 1.96 written with three digits passes
DIFFERENT_FILES = "The csv file does not hold what the parquet file holds."
TOTAL_ROUNDING = 1e-2  # privacy.json states the total with two decimals
ROUNDING = 1e-3  # counts may be written with three decimals


@dataclass(frozen=True)
class Problem:
    """Something wrong. code: stable, dotted; what: one sentence; where: the file."""

    code: str
    what: str
    where: str

    def as_dict(self) -> dict[str, str]:
        """The problem as a JSON object."""
        return {"code": self.code, "what": self.what, "where": self.where}


Problems = Iterator[Problem]


def count_rows(frame: pl.DataFrame, condition: pl.Expr) -> int:
    """Rows that meet a condition, or of which it cannot be told."""
    return int(frame.select(condition.fill_null(True).sum()).item())


def synthetic_values(data: ProtectedData) -> Problems:
    """The columns are the schema's variables, in order, and every value is one of its codes."""
    columns = tuple(data.synthetic.columns)
    if columns != data.schema.names:
        yield Problem(
            "synthetic.columns", "The columns are not the variables of the schema, in order.", data.records_file
        )
        return
    for variable in data.schema.variables:
        values = data.synthetic[variable.name].drop_nulls()
        foreign = int((~values.is_in(list(variable.codes))).sum())
        if foreign:
            what = f"{foreign:,} values of {variable.name} are not among its codes."
            yield Problem("synthetic.codes", what, data.records_file)


def synthetic_facts(data: ProtectedData) -> Problems:
    """No record contradicts what the schema declares to be true by definition."""
    for fact in data.schema.implications if tuple(data.synthetic.columns) == data.schema.names else ():
        given, then = (pl.col(name).fill_null("") for name in (fact.given, fact.then))
        if rows := count_rows(data.synthetic, given.is_in(fact.given_codes) & ~then.is_in(fact.then_codes)):
            what = f"{rows:,} records contradict a fact of the schema about {fact.given} and {fact.then}."
            yield Problem("synthetic.facts", what, data.records_file)


def synthetic_rows(data: ProtectedData) -> Problems:
    """There are as many records as the protected total says, rounded."""
    total = data.aggregates.filter(pl.col("length") == 0)["count"]
    if len(total) != 1:
        return
    rows, expected = data.synthetic.height, max(0.0, float(total[0]))
    if abs(rows - expected) > 0.5 + ROUNDING:
        what = f"There are {rows:,} records, and the protected total is {expected:,.1f}."
        yield Problem("synthetic.rows", what, data.records_file)


def records_same_as_csv(data: ProtectedData) -> Problems:
    """The csv and the parquet file of the records hold the same."""
    name = f"{data.files.records}.csv"
    if not read_table(data.folder / name).equals(data.records):
        yield Problem("synthetic.csv_differs", DIFFERENT_FILES, name)


def counts_same_as_csv(data: ProtectedData) -> Problems:
    """The csv and the parquet file of the counts hold the same."""
    name = f"{data.files.aggregates}.csv"
    frame = read_table(data.folder / name)
    if tuple(frame.columns) != AGGREGATE_COLUMNS or frame.height != data.aggregates.height:
        yield Problem("aggregates.csv_differs", DIFFERENT_FILES, name)
        return
    numbers = ["count", "standard_error", "low95", "high95"]
    read = frame.with_columns(
        pl.col("length").cast(pl.Int64, strict=False),
        pl.col(numbers).cast(pl.Float64, strict=False),
        pl.col("below_threshold").str.to_lowercase() == "true",
    )
    joined = pl.concat([data.aggregates, read.rename(lambda name: name + "_csv")], how="horizontal")
    different = pl.any_horizontal(
        *(pl.col(name) != pl.col(name + "_csv") for name in ("length", "attributes", "below_threshold")),
        *((pl.col(name) - pl.col(name + "_csv")).abs() > ROUNDING for name in numbers),
    )
    if rows := count_rows(joined, different):
        yield Problem("aggregates.csv_differs", f"{rows:,} rows differ from the parquet file.", name)


def same_as_csv(data: ProtectedData) -> Problems:
    """The csv and the parquet file of each table hold the same."""
    yield from records_same_as_csv(data)
    yield from counts_same_as_csv(data)


def _canonical(data: ProtectedData, colon: str, comma: str) -> pl.Expr:
    """The attributes of each row written again from the decoded codes, in the schema's order."""
    parts = []
    for variable in data.schema.variables:
        start = json.dumps(variable.name, ensure_ascii=False) + colon
        texts = {code: start + json.dumps(code, ensure_ascii=False) for code in variable.codes}
        parts.append(pl.col(variable.name).replace_strict(texts, default=None, return_dtype=pl.String))
    return pl.lit("{") + pl.concat_str(parts, separator=comma, ignore_nulls=True) + pl.lit("}")


def longest_measured(privacy: Mapping[str, Any]) -> int:
    """Variables of the largest measured set; statements from before there were workloads have no longer sets."""
    named = privacy.get("workload", {}).get("sets", [])
    return max([int(privacy["length"]), *(len(names) for names in named)])


def aggregate_attributes(data: ProtectedData) -> Problems:
    """Every row's attributes are a JSON object of the schema's variables and codes, in order, and no row repeats."""
    try:
        wide = data.wide
    except UserError as error:
        yield Problem("aggregates.attributes", error.detail.what, data.aggregates_file)
        return
    frame = wide.with_columns(
        data.aggregates["attributes"],
        _canonical(data, ":", ",").alias("tight"),
        _canonical(data, ": ", ", ").alias("loose"),
        pl.sum_horizontal(pl.col(name).is_not_null() for name in data.schema.names).alias("named"),
    )
    wrong = (pl.col("attributes") != pl.col("tight")) & (pl.col("attributes") != pl.col("loose"))
    if rows := count_rows(frame, wrong):
        what = f"{rows:,} rows name a variable or code that the schema does not have, or name them out of order."
        yield Problem("aggregates.attributes", what, data.aggregates_file)
    if rows := count_rows(frame, pl.col("named") != pl.col("length")):
        yield Problem(
            "aggregates.length", f"{rows:,} rows have a length other than their attributes.", data.aggregates_file
        )
    if rows := frame.height - frame["attributes"].n_unique():
        yield Problem("aggregates.repeated", f"{rows:,} combinations are listed more than once.", data.aggregates_file)
    if rows := count_rows(frame, pl.col("length") > longest_measured(data.privacy)):
        yield Problem(
            "aggregates.too_long", f"{rows:,} combinations are longer than were measured.", data.aggregates_file
        )


def aggregate_numbers(data: ProtectedData) -> Problems:
    """Errors are positive, intervals are 1.96 errors wide, and the mark follows from threshold and error."""
    frame = data.aggregates
    numbers = pl.col("count", "standard_error", "low95", "high95")
    if rows := count_rows(frame, ~pl.all_horizontal(numbers.is_finite()) | (pl.col("standard_error") <= 0)):
        yield Problem("aggregates.numbers", f"{rows:,} rows have a missing number or no error.", data.aggregates_file)
        return
    error, count = pl.col("standard_error"), pl.col("count")
    slack = INTERVAL_TOLERANCE * error + ROUNDING
    ends = (("low95", count - Z95 * error), ("high95", count + Z95 * error))
    off = [((pl.col(name) - end).abs() > slack) & ((pl.col(name) - end.clip(0)).abs() > slack) for name, end in ends]
    if rows := count_rows(frame, pl.any_horizontal(*off)):
        yield Problem(
            "aggregates.interval", f"{rows:,} intervals do not follow from count and error.", data.aggregates_file
        )
    limit = pl.max_horizontal(pl.lit(float(data.privacy["threshold"])), pl.col("deviations") * error)
    below = pl.col("below_threshold")
    wrong = (below & (count >= limit + ROUNDING)) | (~below & (count < limit - ROUNDING))
    if rows := count_rows(frame.with_columns(_deviations(data)).filter(pl.col("length") > 0), wrong):
        what = f"{rows:,} rows are marked wrongly for a threshold of {data.privacy['threshold']} and their errors."
        yield Problem("aggregates.threshold", what, data.aggregates_file)


def _deviations(data: ProtectedData) -> pl.Series:
    """For each row of the counts, how many standard errors a reported count of its table must reach."""
    named = [
        pl.when(pl.col(variable.name).is_not_null()).then(len(variable.codes)).otherwise(1)
        for variable in data.schema.variables
    ]
    cells = data.wide.select(pl.col("length"), cells=pl.fold(pl.lit(1, pl.Int64), lambda a, b: a * b, named))
    expected = float(data.privacy.get("expected_false", EXPECTED_FALSE))
    tables = cells.unique().with_columns(
        deviations=pl.struct("cells", "length").map_elements(
            lambda table: reporting_deviations(table["cells"], table["length"], expected), pl.Float64
        )
    )
    return cells.join(tables, on=["length", "cells"], how="left", maintain_order="left")["deviations"]


def _codes_and_singles(data: ProtectedData) -> tuple[int, int]:
    codes = sum(len(variable.codes) for variable in data.schema.variables)
    return codes, data.singles.height


def has_every_code(data: ProtectedData) -> bool:
    """Whether every code of every variable has its count, without which there are no figures."""
    codes, singles = _codes_and_singles(data)
    return codes == singles


def aggregate_total(data: ProtectedData) -> Problems:
    """There is one total, and privacy.json states the same; every code of every variable has its count."""
    total = data.aggregates.filter(pl.col("length") == 0)
    if total.height != 1:
        yield Problem("aggregates.total", f"There are {total.height} totals in place of one.", data.aggregates_file)
        return
    stated = data.privacy["total"]
    for name in ("count", "standard_error"):
        if not math.isclose(float(stated[name]), total[name][0], rel_tol=1e-6, abs_tol=TOTAL_ROUNDING):
            yield Problem(
                "aggregates.total", f"The total's {name} is not the one in privacy.json.", data.aggregates_file
            )
    codes, singles = _codes_and_singles(data)
    if singles != codes:
        what = f"There are {singles:,} counts of single codes; the schema has {codes:,} codes."
        yield Problem("aggregates.incomplete", what, data.aggregates_file)


def aggregate_agreement(data: ProtectedData) -> Problems:
    """No combination is more frequent than one of its parts by more than noise can explain."""
    total = data.aggregates.filter(pl.col("length") == 0)
    if total.height != 1:
        return
    frame = data.wide.filter(pl.col("length") > 0).with_columns(
        pl.lit(total["count"][0]).alias("whole"), pl.lit(total["standard_error"][0]).alias("whole_error")
    )
    tests = [excess(pl.col("whole"), pl.col("whole_error"))]
    for name in data.schema.names:
        single = data.singles.filter(pl.col("variable") == name)
        counts = dict(zip(single["code"], single["count"], strict=True))
        errors = dict(zip(single["code"], single["standard_error"], strict=True))
        part = pl.col(name).replace_strict(counts, default=None, return_dtype=pl.Float64)
        error = pl.col(name).replace_strict(errors, default=None, return_dtype=pl.Float64)
        tests.append((pl.col("length") > 1) & excess(part, error).fill_null(False))
    if rows := count_rows(frame, pl.any_horizontal(*tests)):
        what = f"{rows:,} combinations are more frequent than a part of them, beyond what noise explains."
        yield Problem("aggregates.disagree", what, data.aggregates_file)


def excess(part: pl.Expr, part_error: pl.Expr) -> pl.Expr:
    """Whether a row's count is above that of a part of its combination by more than noise explains."""
    spread = (pl.col("standard_error") ** 2 + part_error**2).sqrt()
    return (pl.col("count") - part) > IMPOSSIBLE * spread + ROUNDING


DATA_CHECKS: tuple[tuple[str, Callable[[ProtectedData], Problems]], ...] = (
    ("every synthetic value is a code of the schema", synthetic_values),
    ("no record contradicts a fact by definition", synthetic_facts),
    ("the number of records is the protected total", synthetic_rows),
    ("csv and parquet files hold the same", same_as_csv),
    ("attributes are valid and in order", aggregate_attributes),
    ("errors, intervals and marks agree with the counts", aggregate_numbers),
    ("the total is stated once and single codes are complete", aggregate_total),
    ("combinations agree with their parts", aggregate_agreement),
)
