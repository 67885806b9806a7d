"""What must hold between linked tables, whoever made them. Promise: as `checks`."""

from __future__ import annotations

import math
from collections.abc import Callable

import polars as pl

from ctdc.release.checks import (
    Problem,
    Problems,
    aggregate_agreement,
    aggregate_attributes,
    aggregate_numbers,
    aggregate_total,
    count_rows,
    counts_same_as_csv,
    excess,
    same_as_csv,
    synthetic_facts,
    synthetic_values,
)
from ctdc.release.linked import LinkedData, links_in
from ctdc.release.protected import KEY, LINKED_SCHEMA, PRIVACY, ProtectedData
from ctdc.table.linked import LINKED, MAX_LINKS

STATED_ROUNDING = 1e-3  # the share left out is stated with four decimals, of numbers with two


def linked_rows(data: LinkedData) -> Problems:
    """The linked rows keep the rules of any table of records, and are as many as is stated."""
    for check in (synthetic_values, synthetic_facts, same_as_csv):
        yield from check(data.linked)
    if data.linked.synthetic.height != data.facts["rows"]:
        what = f"There are {data.linked.synthetic.height:,} linked rows in place of those that {PRIVACY} states."
        yield Problem("linked.rows", what, data.linked.records_file)


def ids(data: LinkedData) -> Problems:
    """People are numbered 1, 2, ... in their order, which tells nothing, and every linked row has its person."""
    for table in (data.main, data.linked):
        if table.records.columns[:1] != [KEY]:
            yield Problem("linked.id", f"The first column is not {KEY!r}.", table.records_file)
            return
    # As text: 01 is no 1 to whoever joins the csv files.
    people = data.main.records[KEY]
    if not people.equals(pl.int_range(1, people.len() + 1, eager=True).cast(pl.String).alias(KEY)):
        yield Problem("linked.ids", "The ids do not number the people from 1 in order.", data.main.records_file)
    if orphans := data.linked.records.join(data.main.records.select(KEY), on=KEY, how="anti").height:
        yield Problem("linked.orphans", f"{orphans:,} linked rows have no person.", data.linked.records_file)


def numbers(data: LinkedData) -> Problems:
    """Each person has as many linked rows as the number says; "m+" stands for exactly m, empty for none."""
    if data.main.schema.variables[0] != _numbers(data):
        yield Problem("linked.number", "The first variable is not the number of linked rows.", data.main.records_file)
        return
    if any(KEY not in table.records.columns for table in (data.main, data.linked)):
        return  # found by `ids`
    counted = data.rows.group_by(KEY).len("found")
    said = data.people.select(KEY, said=pl.col(data.number).str.strip_suffix("+").cast(pl.UInt32, strict=False))
    joined = said.join(counted, on=KEY, how="left").fill_null(0)
    if people := count_rows(joined, pl.col("said") != pl.col("found")):
        what = f"{people:,} people have another number of linked rows than {data.number} says."
        yield Problem("linked.number", what, data.main.records_file)


def _numbers(data: LinkedData) -> object:
    return data.domain.numbers if 1 <= data.most <= MAX_LINKS else None


def linked_counts(data: LinkedData) -> Problems:
    """The counts of linked rows keep the rules of any table of counts."""
    for check in (aggregate_attributes, aggregate_numbers, aggregate_total, aggregate_agreement):
        yield from check(data.linked)


def across_counts(data: LinkedData) -> Problems:
    """Counts across the tables are of linked rows over both, and none is above that of its linked part alone."""
    for check in (aggregate_attributes, aggregate_numbers, counts_same_as_csv):
        yield from check(data.across)
    theirs = [LINKED + name for name in data.linked.schema.names]
    on_both = [_any_named(names) for names in (data.main.schema.names, theirs)]
    name = data.across.aggregates_file
    if rows := count_rows(data.across.wide, ~pl.all_horizontal(on_both)):
        yield Problem("across.one_table", f"{rows:,} combinations are of one table only.", name)
    parts = [_above(data.linked, variable) for variable in data.linked.schema.names]
    if rows := count_rows(data.across.wide, pl.any_horizontal(parts)):
        what = f"{rows:,} combinations are more frequent than a part of them, beyond what noise explains."
        yield Problem("aggregates.disagree", what, name)


def _any_named(names: list[str] | tuple[str, ...]) -> pl.Expr:
    return pl.any_horizontal([pl.col(name).is_not_null() for name in names])


def _above(linked: ProtectedData, variable: str) -> pl.Expr:
    """Whether a count across is above that of the linked rows with its code of `variable`."""
    single = linked.singles.filter(pl.col("variable") == variable)
    count, error = (
        pl.col(LINKED + variable).replace_strict(
            dict(zip(single["code"], single[column], strict=True)), default=None, return_dtype=pl.Float64
        )
        for column in ("count", "standard_error")
    )
    return excess(count, error).fill_null(value=False)


def stated(data: LinkedData) -> Problems:
    """What is said about links agrees between the files, and the share left out follows from its numbers."""
    if links_in(data.folder) != {"most": data.most, "number": data.number}:
        yield Problem("linked.stated", f"The links are others than {PRIVACY} states.", LINKED_SCHEMA)
    left_out = data.facts["left_out"]
    rows = max(0.0, float(left_out["rows"]["count"]))
    counted = rows + max(0.0, float(data.facts["count"]["count"]))
    share = rows / counted if counted else 0.0
    if not math.isclose(float(left_out["share_of_rows"]), share, abs_tol=STATED_ROUNDING):
        yield Problem("linked.left_out", "The share left out does not follow from its numbers.", PRIVACY)


LINKED_CHECKS: tuple[tuple[str, Callable[[LinkedData], Problems]], ...] = (
    ("linked rows hold codes of their schema, and are as many as stated", linked_rows),
    ("ids number the people, and every linked row has its person", ids),
    ("the number of linked rows is the one that each person states", numbers),
    ("counts of linked rows are sound", linked_counts),
    ("counts across both tables are sound", across_counts),
    ("what is stated about links agrees", stated),
)
