"""A chart before it is drawn: what is counted, of whom, in which shape; the same for every release and language.

Promise: frozen, checked when it is made, and the same value from a plain mapping (such as one read from YAML) as from
Python; it knows no number, and no release but by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_value
from ctdc.hub.site.kit.value import NAME_DIGITS
from ctdc.release.figures import AGE, GENDER, ORIGIN, PLACE, YEAR

Shape = Literal["bars", "columns", "pyramid", "cross", "heat", "multiples", "lines", "map", "flows"]
Measure = Literal["share", "count"]
Counted = Literal["people", "linked_rows"]

# Words that stand for the variable which a release has in this part, whatever its profile calls it.
ROLES: Mapping[str, tuple[str, ...]] = {
    "age": AGE,
    "gender": GENDER,
    "origin": ORIGIN,
    "place": PLACE,
    "year": YEAR,
}
# How many dimensions a shape has, what is drawn unless the specification says otherwise, and what can be drawn.
SHAPES: Mapping[Shape, tuple[int, tuple[Measure, ...]]] = {
    "bars": (1, ("share", "count")),
    "columns": (1, ("count",)),
    "pyramid": (2, ("count",)),
    "cross": (2, ("share",)),
    "heat": (2, ("share",)),
    "multiples": (2, ("share",)),
    "lines": (2, ("share",)),
    "map": (1, ("count",)),
    "flows": (2, ("count",)),
}


@dataclass(frozen=True)
class ChartSpec:
    """What a chart is to show.

    kind: the shape; dimensions: names of variables, ids of groups, or the words of `ROLES`: first what is asked, then
    what it is asked by; filter: variables and their codes, one code or several; only people with one of them, of every
    variable, are counted; measure: what is drawn, if a shape leaves a choice (both numbers stand beside it); counted:
    people or, of linked tables, linked rows; release: the folder's name of the only release that is meant, empty for
    any. Raises UserError (``chart.spec``) for what no release could have.
    """

    kind: Shape
    dimensions: tuple[str, ...]
    filter: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    measure: Measure | Literal[""] = ""
    counted: Counted = "people"
    release: str = ""

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, list(SHAPES))
        dimensions = (self.dimensions,) if isinstance(self.dimensions, str) else tuple(self.dimensions)
        number, measures = SHAPES[self.kind]
        if len(dimensions) != number or not all(isinstance(name, str) and name for name in dimensions):
            raise _wrong("dimensions", f"a chart of the kind {self.kind!r} has {number}, each a name")
        _one_of("measure", self.measure, ["", *measures])
        _one_of("counted", self.counted, list(get_args(Counted)))
        if not isinstance(self.release, str):
            raise _wrong("release", "the name of a release's folder, or nothing")
        object.__setattr__(self, "dimensions", dimensions)
        object.__setattr__(self, "filter", _filter(self.filter))
        object.__setattr__(self, "measure", self.measure or measures[0])

    @property
    def suffix(self) -> str:
        """What a chart's name ends with if it is of some people only or draws another measure than is usual."""
        stated, usual = self.as_dict(), SHAPES[self.kind][1][0]
        asked = {name: stated[name] for name in ("filter", "measure") if stated[name] and stated[name] != usual}
        return f"-{hash_value(asked)[:NAME_DIGITS]}" if asked else ""

    def as_dict(self) -> dict[str, Any]:
        """The specification as a JSON object, from which `spec_from` makes it again."""
        stated = asdict(self)
        return stated | {
            "dimensions": list(self.dimensions),
            "filter": {name: list(codes) for name, codes in self.filter.items()},
        }


def spec_from(mapping: Mapping[str, Any]) -> ChartSpec:
    """A specification from plain values, as YAML and JSON have them. Raises UserError (``chart.spec``)."""
    known = {one.name for one in fields(ChartSpec)}
    unknown = sorted(str(key) for key in mapping if key not in known)
    if unknown:
        raise _wrong(unknown[0], ", ".join(sorted(known)))
    missing = sorted({"kind", "dimensions"} - set(mapping))
    if missing:
        raise _wrong(missing[0], "a chart names its kind and its dimensions")
    if not isinstance(mapping["dimensions"], str | Sequence):
        raise _wrong("dimensions", "a list of names")
    return ChartSpec(**mapping)


def _filter(given: Any) -> dict[str, tuple[str, ...]]:
    """Codes by variable, variables in the order of their names: what is the same has the same name."""
    if not isinstance(given, Mapping):
        raise _wrong("filter", "a variable's name with a code or a list of codes")
    found = {}
    for name in sorted(given, key=str):
        codes = (given[name],) if isinstance(given[name], str) else given[name]
        texts = isinstance(codes, Sequence) and all(isinstance(code, str) for code in codes)
        if not isinstance(name, str) or not texts or not codes:
            raise _wrong("filter", "a variable's name with a code or a list of codes, each of them text")
        found[name] = tuple(dict.fromkeys(codes))
    return found


def _one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise _wrong(name, ", ".join(repr(one) for one in allowed))


def _wrong(where: str, allowed: str) -> UserError:
    return UserError("chart.spec", "This cannot be a chart.", where=where, allowed=allowed)
