"""One categorical variable of a coded table.

Promise: its codes are a closed list; empty ("not known") is a category of its own and never among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ctdc.foundation.errors import UserError

MAX_CODES = 65_534  # codes are stored as unsigned 16-bit integers, of which 0 means empty


@dataclass(frozen=True)
class Variable:
    """One categorical variable: its name and its codes, in the order in which they are shown.

    Raises UserError (``schema.codes``) for no codes, an empty code, a repeated one, or more than 65,534.
    """

    name: str
    codes: tuple[str, ...]

    def __post_init__(self) -> None:
        problem = ""
        if not self.codes:
            problem = "has no codes"
        elif "" in self.codes:
            problem = "lists the empty text as a code; empty always means missing"
        elif len(set(self.codes)) < len(self.codes):
            repeated = next(code for code in self.codes if self.codes.count(code) > 1)
            problem = f"lists the code {repeated!r} twice"
        elif len(self.codes) > MAX_CODES:
            problem = f"has {len(self.codes)} codes"
        if not self.name:
            raise UserError("schema.name", "A variable of the schema has no name.", do="Give every variable a name.")
        if problem:
            raise UserError(
                "schema.codes",
                f"The variable {self.name!r} {problem}.",
                allowed=f"1 to {MAX_CODES} different, non-empty codes",
                do="Correct the list of codes in the schema.",
            )

    @property
    def size(self) -> int:
        """Number of categories, the empty one included."""
        return len(self.codes) + 1

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Code to its stored integer (1 for the first code; 0 is empty)."""
        return {code: position for position, code in enumerate(self.codes, start=1)}
