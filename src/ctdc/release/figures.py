"""The numbers that people quote, computed once per release from its published files: ``data/figures.json``.

Promise: no number here needs anything that the release does not contain, so anybody can compute it again. Shares
follow the codebook's denominator rule: of one variable, people for whom it is known; of a group of flags, people
with any answer in the group. Below the reporting threshold a code has no share. Parts and wholes agree: no more people
have an answer than there are, and shares of answers that exclude each other do not exceed one together
(`ctdc.release.wholes`). Where a denominator cannot be had
from the protected counts it is counted in the synthetic records and says so (``"source": "records"``), with the
bounds that the counts set it, which its error covers. A headline and a pair say of which variables and codes they are,
so that whoever would have chosen others can compute them again all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

import polars as pl

from ctdc.release.bounds import TOLERANCE, union_bounds
from ctdc.release.estimates import (
    Z95,
    CellNoise,
    Estimate,
    Share,
    cell_noise,
    ratio,
    share_of_known,
    union_of_flags,
)
from ctdc.release.flattened import flattened, is_known, left_empty_by
from ctdc.release.intervals import Interval
from ctdc.release.linked import LinkedData
from ctdc.release.protected import ProtectedData
from ctdc.release.vocabulary import FLAG_CODES, Group, Vocabulary
from ctdc.release.wholes import answered
from ctdc.standard.presentation import presentation

FORMAT = "ctdc-figures/1"
# Variables that have a part of their own on the page, by the names that the collaborative's profiles gave them.
YEAR, GENDER, AGE, ORIGIN, PLACE = map(presentation().role, ("year", "gender", "age", "origin", "place"))
TOP_PAIRS = 25
KINDS = {"reported": "number", "range": "range", "share": "share"}  # of headlines: as asked for, and as said
LINKED_ROWS = "linked_rows"  # headline of linked tables: how many linked rows there are


class Figures:
    """Computes the figures of one protected table. `vocabulary` names the groups that share a denominator."""

    def __init__(self, data: ProtectedData, vocabulary: Vocabulary, *, agree: bool = True) -> None:
        """agree: whether parts and wholes agree; those of releases from before did not."""
        self._data = data
        self._vocabulary = vocabulary
        self._agree = agree

    def as_dict(self) -> dict[str, Any]:
        """The content of ``figures.json``."""
        groups = [self._group(group) for group in self._vocabulary.groups]
        return {
            "format": FORMAT,
            "threshold": self._data.privacy["threshold"],
            "rows": self._data.synthetic.height,
            "total": self.total.as_dict(),
            "variables": [self._variable(name) for name in self._data.schema.names],
            "groups": groups,
            "pairs": list(self._pairs()),
            "headlines": [*self._headlines(), *_group_headlines(groups)],
        }

    @cached_property
    def total(self) -> Estimate:
        """People represented."""
        row = self._data.aggregates.filter(pl.col("length") == 0)
        return Estimate(row["count"][0], row["standard_error"][0])

    @cached_property
    def _singles(self) -> dict[str, list[dict[str, Any]]]:
        grouped: dict[str, list[dict[str, Any]]] = {name: [] for name in self._data.schema.names}
        for row in self._data.singles.iter_rows(named=True):
            grouped[row["variable"]].append(row)
        return grouped

    def _noise(self, name: str) -> CellNoise:
        errors = [row["standard_error"] for row in self._singles[name]]
        return cell_noise(self.total, errors, self._data.schema[name].size)

    def _answered(self, known: Estimate, shown: float) -> tuple[dict[str, float], Estimate, float]:
        """Those with an answer, as figures and as an estimate, and what shares are computed with (see `wholes`)."""
        if not self._agree:
            return known.as_dict(), known, known.count
        number, of = answered(_interval(known), shown, _interval(self.total))
        ends = {"low95": round(max(0.0, number.low), 3), "high95": round(max(0.0, number.high), 3)}
        agreed = Estimate(number.value, known.standard_error)
        return {**agreed.as_dict(), **ends}, agreed, of

    def _known(self, name: str) -> tuple[dict[str, float], Estimate, float]:
        """People for whom a variable is known."""
        rows = self._singles[name]
        shown = math.fsum(row["count"] for row in rows if not row["below_threshold"])
        return self._answered(self._noise(name).sum_of([row["count"] for row in rows]), shown)

    def _share(self, name: str, codes: Iterable[str]) -> dict[str, float] | None:
        """Share of some codes among the people for whom the variable is known."""
        wanted = frozenset(codes)
        known = [row["count"] for row in self._singles[name]]
        part = [row["count"] for row in self._singles[name] if row["code"] in wanted]
        share = share_of_known(self._noise(name), part, known) if part else None
        return self._agreed(share, math.fsum(part), self._known(name)[2])

    def _agreed(self, share: Share | None, part: float, of: float) -> dict[str, float] | None:
        """A share as figures, of what shares are computed with. Its interval is the estimate's, as far as it must be
        wider.
        """
        if share is None or not self._agree:
            return _dict(share)
        if of <= 0:
            return None  # of nobody, as far as the numbers say
        found, value = share.as_dict(), round(min(1.0, max(0.0, part / of)), 6)
        return {**found, "share": value, "low95": min(found["low95"], value), "high95": max(found["high95"], value)}

    def _variable(self, name: str) -> dict[str, Any]:
        rows = self._singles[name]
        said, known, _ = self._known(name)
        is_flag = self._data.schema[name].codes == FLAG_CODES
        codes = []
        for row in rows:
            share = None if row["below_threshold"] or is_flag else self._share(name, [row["code"]])
            codes.append({"code": row["code"], **_numbers(row), "share": share})
        return {"name": name, "known": said, "known_share": _dict(ratio(known, self.total)), "codes": codes}

    def _group(self, group: Group) -> dict[str, Any]:
        whole, source, covariances = self._denominator(group.variables)
        rows = {name: self._singles[name][0] for name in group.variables}
        shown = max((row["count"] for row in rows.values() if not row["below_threshold"]), default=0.0)
        said, known, of = self._answered(whole, shown)
        members = []
        for name, row in rows.items():
            part = Estimate(row["count"], row["standard_error"])
            share = None if row["below_threshold"] else ratio(part, whole, covariances.get(name, 0.0))
            members.append({"variable": name, **_numbers(row), "share": self._agreed(share, part.count, of)})
        return {
            "id": group.id,
            "denominator": {**said, **source},
            "denominator_share": _dict(ratio(known, self.total)),
            "members": members,
        }

    def _denominator(self, flags: Sequence[str]) -> tuple[Estimate, Mapping[str, Any], Mapping[str, float]]:
        """People with any answer in a group, where that is from, and its covariance with each flag's count.

        Measured if the group is short enough. Otherwise counted in the records, with an error that reaches the
        bounds which the published counts set: how the answers go together beyond them was never measured.
        """
        measured = self._measured_union(flags)
        if measured is not None:
            return measured[0], {"source": "counts"}, measured[1]
        low, high = union_bounds(self.total, tuple(flags), self._together(flags), self._unseen())
        records = float(self._union_of_records(flags))
        # The records fit the counts but need not do so exactly; a number outside what is possible helps nobody.
        count = min(high, max(low, records))
        error = max(self.total.standard_error, (high - count) / Z95, (count - low) / Z95)
        return Estimate(count, error), {"source": "records", "low": round(low, 1), "high": round(high, 1)}, {}

    @cached_property
    def _measured_length(self) -> int:
        return int(self._data.privacy["length"])

    def _together(self, flags: Sequence[str]) -> dict[frozenset[str], Estimate]:
        """The published counts of people who have all flags of a subset, for every measured size."""
        counts: dict[frozenset[str], Estimate] = {}
        for size in range(1, min(self._measured_length, len(flags)) + 1):
            for subset in combinations(sorted(flags, key=self._data.schema.names.index), size):
                rows = self._data.combinations(*subset)
                rows = rows.filter(pl.all_horizontal(pl.col(list(subset)) == FLAG_CODES[0]))
                if rows.height == 1:
                    counts[frozenset(subset)] = Estimate(rows["count"][0], rows["standard_error"][0])
        return counts

    @cached_property
    def _largest_errors(self) -> Mapping[int, float]:
        """The largest published standard error of each length; the one below stands in where none is published."""
        frame = self._data.aggregates.group_by("length").agg(pl.col("standard_error").max())
        published = dict(zip(frame["length"], frame["standard_error"], strict=True))
        errors = {0: self.total.standard_error}
        for length in range(1, self._measured_length + 1):
            errors[length] = max(published.get(length, 0.0), errors[length - 1])
        return errors

    def _unseen(self) -> dict[int, float]:
        """For each size of combination, the most people that one below the reporting threshold can have."""
        threshold = float(self._data.privacy["threshold"])
        errors = {size: self._largest_errors[size] for size in range(1, self._measured_length + 1)}
        return {size: max(threshold, 2 * error) + TOLERANCE * error for size, error in errors.items()}

    def _measured_union(self, flags: Sequence[str]) -> tuple[Estimate, Mapping[str, float]] | None:
        if len(flags) > self._measured_length:
            return None
        counts = self._together(flags)
        for size in range(1, len(flags) + 1):
            for subset in combinations(flags, size):
                counts.setdefault(frozenset(subset), self._unpublished(subset))
        return union_of_flags(self.total, counts)

    def _unpublished(self, subset: Sequence[str]) -> Estimate:
        """A combination under the threshold: the records' count, as uncertain as the threshold is high."""
        records = self._data.synthetic.filter(pl.all_horizontal(pl.col(list(subset)) == FLAG_CODES[0])).height
        return Estimate(float(records), max(float(self._data.privacy["threshold"]), self._largest_errors[len(subset)]))

    def _union_of_records(self, flags: Sequence[str]) -> int:
        return self._data.synthetic.filter(pl.any_horizontal(pl.col(list(flags)).is_not_null())).height

    def _role(self, names: Sequence[str]) -> str | None:
        return next((name for name in names if name in self._data.schema.names), None)

    def _pairs(self) -> Iterable[dict[str, Any]]:
        gender, age = self._role(GENDER), self._role(AGE)
        if gender and age:
            yield self.pair(age, gender)
        origin, exploitation = self._role(ORIGIN), self._role(PLACE)
        if origin and exploitation:
            yield self.pair(origin, exploitation, TOP_PAIRS)

    def pair(self, first: str, second: str, top: int | None = None) -> dict[str, Any]:
        """The published counts of people by two variables of the table, the `top` largest or all."""
        ordered = sorted((first, second), key=self._data.schema.names.index)
        rows = self._data.combinations(*ordered).filter(~pl.col("below_threshold"))
        rows = rows.sort("count", first, second, descending=[True, False, False])
        chosen = rows if top is None else rows.head(top)
        cells = [{"codes": [row[first], row[second]], **_numbers(row)} for row in chosen.iter_rows(named=True)]
        return {"variables": [first, second], "published": rows.height, "cells": cells}

    def _headlines(self) -> Iterable[dict[str, Any]]:
        for one in presentation().headlines:
            name = self._role(presentation().role(one.role))
            if one.kind == "total":
                yield {"id": one.id, "kind": "estimate", **self.total.as_dict()}
            elif name and (numbers := self.headline(KINDS[one.kind], name, one.codes)):
                yield {"id": one.id, **numbers}

    def headline(self, kind: str, name: str, codes: Sequence[str] = ()) -> dict[str, Any] | None:
        """A headline of one variable of the table: what it is of, and its numbers; None where the table cannot say it.

        kind: ``number`` of codes that can be said, ``range`` from the first to the last, or ``share`` of `codes`.
        """
        reported = sorted(self._reported(name))
        if kind == "number":
            return {"kind": kind, "variable": name, "value": len(reported)}
        if kind == "range" and reported:
            return {"kind": kind, "variable": name, "first": reported[0], "last": reported[-1]}
        own = [code for code in self._data.schema[name].codes if code in codes]
        share = self._share(name, own) if kind == "share" else None
        said = set(own) & set(reported)  # a sum of what is too few to say is too few too
        return {"kind": kind, "variable": name, "codes": own, **share} if share and said else None

    def _reported(self, name: str) -> list[str]:
        return [row["code"] for row in self._singles[name] if not row["below_threshold"]]


def _group_headlines(groups: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for group in groups:
        for member in group["members"]:
            if member["share"]:
                yield {"id": f"{group['id']}:{member['variable']}", "kind": "share", **member["share"]}


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    estimate = Estimate(row["count"], row["standard_error"]).as_dict()
    return {**estimate, "below_threshold": bool(row["below_threshold"])}


def _interval(estimate: Estimate) -> Interval:
    margin = Z95 * estimate.standard_error
    return Interval(estimate.count, estimate.count - margin, estimate.count + margin)


def _dict(share: Share | None) -> dict[str, float] | None:
    return None if share is None else share.as_dict()


def compute_figures(data: ProtectedData | LinkedData, vocabulary: Vocabulary, *, agree: bool = True) -> dict[str, Any]:
    """All figures of a protected table as the JSON object of ``data/figures.json``.

    Of linked tables those of people, and under ``linked`` those of linked rows: how many, and each code's share; and
    how many cells of the flattened table had to be left empty. agree: see `Figures`.
    """
    if isinstance(data, ProtectedData):
        return Figures(data, vocabulary, agree=agree).as_dict()
    figures = Figures(data.main, vocabulary, agree=agree).as_dict()
    words = vocabulary.linked
    rows = Figures(data.linked, words.vocabulary() if words else Vocabulary(()), agree=agree).as_dict()
    figures["linked"] = {key: rows[key] for key in ("rows", "total", "variables", "groups")}
    if words and words.flattened and vocabulary.profile:
        known = is_known(vocabulary.profile)
        left_empty = flattened(data, vocabulary.profile).left_empty if known else left_empty_by(data)
        figures["linked"]["flattened_left_empty"] = dict(left_empty)
    figures["headlines"].append({"id": LINKED_ROWS, "kind": "estimate", **rows["total"]})
    return figures
