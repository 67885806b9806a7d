"""Outcomes: for each row and target one integer, a code or the reason why there is none.

Promise: an outcome of 0 or more is the position of a code in the target's list; a negative one is a missing reason of
the standard (-1 is the first). There is no third state, so that no null can slip through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.standard import load
from ctdc.standard.model import Standard

Outcomes = npt.NDArray[np.int32]
YES, NO = "1", "0"


@lru_cache(maxsize=1)
def reasons() -> tuple[str, ...]:
    """The standard's missing reasons, in its order."""
    return tuple(load().missing_reasons)


def missing(reason: str) -> int:
    """The outcome for a missing reason. Raises UserError (``intake.reason``) for one that the standard lacks."""
    try:
        return -1 - reasons().index(reason)
    except ValueError:
        raise UserError(
            "intake.reason", f"There is no missing reason {reason!r}.", allowed=", ".join(reasons())
        ) from None


def reason_of(outcome: int) -> str:
    """The missing reason of a negative outcome."""
    return reasons()[-1 - outcome]


@dataclass(frozen=True)
class Target:
    """A harmonised variable as intake fills it. For kind ``list``, `codes` grows with the combinations that occur."""

    name: str
    kind: str
    atoms: tuple[str, ...]
    codes: list[str] = field(default_factory=list)
    _positions: dict[str, int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for code in self.atoms:
            self._add(code)

    def _add(self, code: str) -> int:
        self._positions[code] = len(self.codes)
        self.codes.append(code)
        return self._positions[code]

    def outcome(self, code: str) -> int | None:
        """The outcome for a code; None when the target has no such code."""
        return self._positions.get(code)

    def outcome_of_list(self, codes: frozenset[str]) -> int:
        """The outcome for several codes of a list target, joined by ``;`` in the order of the code list."""
        joined = ";".join(code for code in self.atoms if code in codes)
        found = self._positions.get(joined)
        return self._add(joined) if found is None else found

    @property
    def is_flag(self) -> bool:
        """Whether the target is yes or no."""
        return self.kind == "flag"


def targets_of_standard() -> Mapping[str, Target]:
    """Every harmonised variable of the standard, in its order."""
    return _targets(load())


def targets_of_entity(entity: str) -> Mapping[str, Target]:
    """Every harmonised variable of an entity. Raises UserError (``standard.unknown_entity``)."""
    return _targets(load().of_entity(entity))


def _targets(standard: Standard) -> Mapping[str, Target]:
    return {
        name: Target(name, variable.kind, tuple(standard.codes(name))) for name, variable in standard.variables.items()
    }
