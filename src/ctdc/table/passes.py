"""People who are looked at in passes: their rows are never held, only the tables that were asked for.

Promise: a table is counted once; what can be counted before anything is paid for is counted then, so that rows which
cannot be read, or are too many, cost nothing. That the rows are the same in every pass is checked by their number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ctdc.foundation.errors import UserError
from ctdc.table.count import Counts
from ctdc.table.counting import Attributes, Request, Tables
from ctdc.table.recode import check_rows
from ctdc.table.schema import Schema

NOBODY: Attributes = ()  # the set whose table is the number of people
Pass = Callable[[Request], Mapping[Attributes, Counts]]


@dataclass
class PassedRows:
    """People with one row each. look: one pass over all rows; most_rows: how many there may be; where: in errors."""

    schema: Schema
    look: Pass
    where: str
    most_rows: int | None = None
    _known: dict[Attributes, Counts] = field(default_factory=dict, repr=False)

    @property
    def whole(self) -> int:
        """A person is one row."""
        return 1

    @property
    def variables(self) -> int:
        """Number of variables."""
        return len(self.schema.variables)

    def prepare(self, request: Request) -> None:
        """One pass for the tables of codes that are not known yet. Raises UserError for rows that cannot be read."""
        left = request.without([*self._known, *request.compact])
        if left.sets:
            self._known.update(self._look(left))

    def tables(self, request: Request) -> Tables:
        """Those tables, counted by now. What is in compact places is kept by whoever asked alone."""
        self.prepare(request)
        compact = request.without(self._known.keys() - request.compact.keys())
        found = self._look(compact) if compact.sets else {}
        return lambda attributes: found[attributes] if attributes in found else self._known[attributes]

    def _look(self, request: Request) -> dict[Attributes, Counts]:
        """One pass, in which people are counted, too."""
        if NOBODY not in request.sets:
            request = Request(request.sizes, (NOBODY, *request.sets), request.places, request.compact)
        found = dict(self.look(request))
        rows = int(found[NOBODY])
        check_rows(rows, self.most_rows, self.where)
        if rows != int(self._known.get(NOBODY, found[NOBODY])):
            raise changed(self.where)
        return found


def changed(where: str, left: str = "What was charged stays charged.") -> UserError:
    """What is said of a file that is not the same in all passes. left: what this leaves behind."""
    return UserError(
        "table.changed",
        "The file was changed while it was being read.",
        where=where,
        do=f"Wait until nobody writes to it, then begin again. {left}",
    )
