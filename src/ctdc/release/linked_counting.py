"""Many questions about linked rows at once: of those with some codes, how many have each code of some variables.

Promise: one number with its 95 % interval for each question, the same as `LinkedAnalysis` gives one by one (a test
holds them equal). Every number is one of linked rows, never of people. What was not counted together is refused: the
synthetic rows have no known error there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.privacy.along import Along
from ctdc.privacy.linear import Event, covariances, event
from ctdc.privacy.linked_workload import NUMBER
from ctdc.release.answers import COUNTS, DECIMALS, Answer
from ctdc.release.counting import (
    MOST_CELLS,
    Z95,
    Counted,
    Floats,
    Marks,
    Number,
    Shares,
    as_published,
    published_shares,
)
from ctdc.release.intervals import ratio_intervals
from ctdc.release.linked_analysis import LinkedAnalysis
from ctdc.release.questions import KNOWN, Codes, Condition


class LinkedCounter:
    """The linked rows of one release, open for many questions at once. Threads may share it."""

    def __init__(self, rows: LinkedAnalysis, figures: Mapping[str, Any] | None = None) -> None:
        """figures: those of linked rows in the release's ``figures.json``, for the bounds of its denominators."""
        self.rows = rows
        self._published = {rows.name(name): one for name, one in published_shares(figures).items()}
        # The number of rows goes with any variables that were counted together.
        self._along = Along(rows.estimates.joint, rows.estimates.length + 1)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables of both tables, in order; those of linked rows begin with ``linked.``."""
        return self.rows.variables

    def total(self, filters: Codes) -> Number:
        """How many linked rows have these codes. Raises UserError (``analysis.not_counted`` and others)."""
        return _number(self.rows.estimate(filters))

    def count(self, filters: Codes, by: Sequence[str]) -> Counted:
        """The linked rows with these codes by the codes of one variable, or of several crossed.

        Of a variable that is in `filters` too, only the codes named there are listed. Raises UserError
        (``counting.by``, ``counting.too_many_cells``, ``analysis.not_counted`` and those of `LinkedAnalysis`).
        """
        names = tuple(self.rows.name(name) for name in by)
        chosen = self.rows.questions.event(self.rows.named(filters))
        published = self._published.get(names[0]) if len(names) == 1 and not chosen.chosen else None
        return _Table(self.rows, self._along, chosen, names, published).counted()


def _number(found: Answer) -> Number:
    return Number(found.value or 0.0, found.low, found.high, COUNTS, found.too_few)


class _Table:
    """One table in the making. names: of what is crossed, in the order asked for; published: its whole and share."""

    def __init__(
        self,
        rows: LinkedAnalysis,
        along: Along,
        chosen: Event,
        names: tuple[str, ...],
        published: tuple[Mapping[str, float], Mapping[str, float] | None] | None,
    ) -> None:
        self._rows, self._along, self._chosen, self._names = rows, along, chosen, names
        self._published = published
        self._sizes = rows.estimates.across_schema.sizes
        self._free = tuple(rows.questions.position(name) for name in names)
        self._require_free()
        self._order = tuple(sorted(self._free))
        self._others = event({variable: own for variable, own in chosen.chosen if variable not in self._free})

    def _require_free(self) -> None:
        if not self._free or len(set(self._free)) < len(self._free) or NUMBER in self._free:
            raise UserError(
                "counting.by",
                "Linked rows are counted by one or more different variables, not by their own number.",
                allowed="each name once; people are counted by the number of their linked rows",
            )
        cells = math.prod(self._sizes[variable] for variable in self._free)
        if cells > MOST_CELLS:
            raise UserError(
                "counting.too_many_cells", f"This answer would have {cells:,} cells.", allowed=f"up to {MOST_CELLS:,}"
            )

    def counted(self) -> Counted:
        counts = self._counts()
        measured = ~np.isnan(counts)
        few, error = self._too_few(counts, measured)
        whole, shares = self._shares(counts, measured)
        low, high = (np.maximum(0, counts + side * Z95 * error) for side in (-1, 1))
        silent = few | np.isnan(shares.share) | (whole is None or whole.too_few)
        places = np.ix_(*(self._listed(variable) for variable in self._order))
        axes = [self._order.index(variable) for variable in self._free]

        def listed(table: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return table[places].transpose(axes).ravel()

        return Counted(
            variables=self._names,
            codes=tuple(product(*(self._codes(variable) for variable in self._free))),
            count=listed(counts),
            low=listed(low),
            high=listed(high),
            measured=listed(np.ones(counts.shape, dtype=bool)),  # what is too rare to be measured is too few to say
            too_few=listed(few),
            shares=Shares(*(listed(part) for part in (shares.share, shares.low, shares.high))),
            share_too_few=listed(silent),
            whole=whole,
        )

    def _counts(self) -> Floats:
        """Linked rows by the categories of the variables, ascending; NaN where nothing was measured.

        A person's rows weigh one over their number where people are counted: each number counts as often as it says.
        """
        own = dict(self._others.chosen).get(NUMBER, frozenset(range(self._sizes[NUMBER])))
        people = event({variable: codes for variable, codes in self._others.chosen if variable != NUMBER})
        found = self._along.table(people, (NUMBER, *self._order))
        if found is None:
            # Says what can be asked; and where a cell alone can be, so can the table.
            self._rows.estimate({name: self._rows.codes(name)[0] for name in self._names})
            raise UserError("analysis.not_counted", "Linked rows were not counted over these variables together.")
        links = [float(number) if number in own else 0.0 for number in range(self._sizes[NUMBER])]
        kept = [number for number, weight in enumerate(links) if weight]
        return np.tensordot(np.array([links[number] for number in kept]), found[kept], axes=1)

    def _own(self, variable: int) -> frozenset[int]:
        return dict(self._chosen.chosen).get(variable, frozenset(range(self._sizes[variable])))

    def _listed(self, variable: int) -> list[int]:
        """The categories that are shown: known codes in order, then not known."""
        own = self._own(variable)
        return [*sorted(own - {0}), *([0] if 0 in own else [])]

    def _codes(self, variable: int) -> list[str]:
        codes = ("", *self._rows.estimates.across_schema.variables[variable].codes)
        return [codes[category] for category in self._listed(variable)]

    def _cell(self, categories: Sequence[int]) -> Event:
        return self._others & event({v: {category} for v, category in zip(self._order, categories, strict=True)})

    def _too_few(self, counts: Floats, measured: Marks) -> tuple[Marks, float]:
        """Which cells say too little, and the standard error that all of them have."""
        estimates, rule = self._rows.estimates.joint, self._rows.rule
        one = self._rows.counted(Condition(self._cell([1] * len(self._order)))).query()
        error = math.sqrt(max(0.0, float(covariances(estimates, [one])[0, 0])))
        few = ~measured
        for known in product((0, 1), repeat=len(self._order)):
            # Cells with a code and cells without one are listed by rules of their own, each the same for all of them.
            own = tuple(slice(1, None) if is_known else slice(0, 1) for is_known in known)
            few[own] |= np.round(counts[own], DECIMALS) < rule.limit(Condition(self._cell(known)), error)
        return few, error

    def _shares(self, counts: Floats, measured: Marks) -> tuple[Number | None, Shares]:
        """Of the rows for which all of the variables, or any flag of their group, are known; by Fieller's intervals."""
        nothing = np.full(counts.shape, np.nan)
        unknown = Shares(nothing, nothing, nothing)
        if self._published is not None:
            return as_published(*self._published, self._rows.rule.threshold, unknown)
        condition, whole = self._whole()
        known = [min(self._own(variable) - {0}, default=0) for variable in self._order]
        if condition is None or whole is None or whole.value <= 0 or 0 in known:
            return whole, unknown
        among = self._chosen if self._chosen.chosen else Event()
        one = among & event({v: {category} for v, category in zip(self._order, known, strict=True)})
        queries = [self._rows.counted(part).query() for part in (Condition(one), condition)]
        (own, shared), (_, other) = covariances(self._rows.estimates.joint, queries).tolist()
        found = ratio_intervals(counts, whole.value, own, shared, other, Z95)
        if found is None:
            return whole, unknown
        marks = np.zeros(counts.shape, dtype=bool)
        marks[(slice(1, None),) * marks.ndim] = True
        return whole, Shares(*(np.where(marks & measured, np.clip(part, 0, 1), np.nan) for part in found))

    def _whole(self) -> tuple[Condition | None, Number | None]:
        """Of whom shares are; None where the code book does not say it, or where it was not counted together."""
        try:
            condition = self._rows.questions.denominator(dict.fromkeys(self._names, KNOWN), self._chosen)
            return condition, _number(self._rows.counted_number(condition))
        except UserError as error:
            if error.detail.code not in ("analysis.denominator", "analysis.not_counted"):
                raise
            return None, None
