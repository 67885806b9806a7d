"""Shares by the codebook's denominator rule.

The rule (synthetic codebook 2024, section 6): within a group, a record in which any variable is known counts in the
denominator of all of them, and what is empty there counts as "no"; a record with no value in the group is left out.
A record may have several, so that shares may add up to more than 100 %. An empty cell alone is never a "no".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ctdc.foundation.errors import UserError
from ctdc.standard import columns as cols
from ctdc.standard.model import Profile


@dataclass(frozen=True)
class Share:
    """`count` of `denominator` records; both are records of the table, or weights when counts were given."""

    count: float
    denominator: float

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None when nothing is known, which is not the same as 0."""
        return self.count / self.denominator if self.denominator > 0 else None


def shares(table: Any, profile: Profile, group: str) -> dict[str, Share]:
    """Column -> share of "yes" for each column of a group, over the records of a published table.

    table: a `pyarrow.Table` in the profile's columns. Raises UserError (``standard.unknown_group``).
    """
    names = group_columns(profile, group)
    columns = [cols.from_arrow(table.column(name)) for name in names]
    in_denominator = np.logical_or.reduce([cols.known(column) for column in columns])
    known = float(np.count_nonzero(in_denominator))
    return {
        name: Share(float(np.count_nonzero(cols.holds(column, "1"))), known)
        for name, column in zip(names, columns, strict=True)
    }


def shares_of_codes(table: Any, profile: Profile, name: str) -> dict[str, Share]:
    """Code -> share for a variable outside the groups: over the records in which it is known."""
    column = cols.from_arrow(table.column(name))
    known = float(np.count_nonzero(cols.known(column)))
    return {code: Share(float(np.count_nonzero(cols.holds(column, code))), known) for code in profile.codes(name)}


def shares_of_counts(counts: Mapping[str, float], any_known: float, profile: Profile, group: str) -> dict[str, Share]:
    """The same rule for counts that were made elsewhere, such as protected estimates.

    counts: column -> records with "yes"; any_known: records in which any column of the group is known. That number
    cannot be had from the single counts, since one record may be in several of them.
    """
    return {name: Share(counts.get(name, 0.0), any_known) for name in group_columns(profile, group)}


def group_columns(profile: Profile, group: str) -> tuple[str, ...]:
    """The columns of a group that follow the rule. Raises UserError (``standard.unknown_group``)."""
    if group not in profile.groups:
        raise UserError(
            "standard.unknown_group",
            f"The profile {profile.id} has no group {group!r} with the group denominator.",
            allowed=", ".join(profile.groups),
        )
    return profile.groups[group]
