"""What a reader asks of the explorer, as the query of an address.

Promise: a question has one canonical address, sorted and readable, and comes back from it; what a release does not know
is left out and said to be so, never guessed. The module ``explorer.js`` writes and reads the same addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote

PATH = "explorer/"
CHARTS = f"{PATH}charts/"
GROUP, VARIABLE = "group", "variable"  # what ids of charts begin with
SHOW, BARS = "show", "bars"
SHARE, COUNT = "share", "count"
SHOWN_CHARTS = 10
READABLE = ",:()'!*~@"  # left as they are in an address


@dataclass(frozen=True)
class Asked:
    """filters: codes by variable, both in the release's order; show: ids of charts, in order; bars: what they show."""

    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    show: tuple[str, ...] = ()
    bars: str = SHARE

    def toggled(self, variable: str, code: str) -> Asked:
        """The same question with a code chosen, or no longer chosen."""
        own = self.filters.get(variable, ())
        changed = tuple(one for one in own if one != code) if code in own else (*own, code)
        return replace(self, filters={**self.filters, variable: changed})


@dataclass(frozen=True)
class Language:
    """Understands addresses. codes: the codes of each variable, in order; charts: ids of all charts, in order."""

    codes: Mapping[str, Sequence[str]]
    charts: Sequence[str]

    @property
    def default(self) -> Asked:
        """Everybody, in the first charts."""
        return Asked(show=tuple(self.charts[:SHOWN_CHARTS]))

    def showing(self, asked: Asked, chart: str = "") -> Asked:
        """The same question in the first charts, and in one more."""
        return replace(asked, show=_ordered(self.charts, (*self.default.show, chart)))

    def read(self, query: str) -> tuple[Asked, bool]:
        """The question of an address, and whether all of it was understood."""
        asked: dict[str, set[str]] = {}
        shown: set[str] = set()
        bars, known = SHARE, True
        for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=2000):
            if name == BARS:
                bars, known = (value, known) if value in (SHARE, COUNT) else (bars, False)
                continue
            allowed = self.charts if name == SHOW else self.codes.get(name, ())
            found = pieces(value, allowed)
            known = known and bool(found) and None not in found
            (shown if name == SHOW else asked.setdefault(name, set())).update(one for one in found if one is not None)
        filters = {name: own for name in self.codes if (own := _ordered(self.codes[name], asked.get(name, ())))}
        return Asked(filters, _ordered(self.charts, shown) or self.default.show, bars), known

    def write(self, asked: Asked) -> str:
        """The canonical query with its question mark; empty for everybody in the first charts."""
        parts = {name: own for name in asked.filters if (own := _ordered(self.codes[name], asked.filters[name]))}
        if asked.show != self.default.show:
            parts[SHOW] = asked.show
        if asked.bars != SHARE:
            parts[BARS] = (asked.bars,)
        query = "&".join(f"{_quoted(name)}={text}" for name in sorted(parts) for text in self._texts(name, parts[name]))
        return f"?{query}" if query else ""

    def _texts(self, name: str, codes: Sequence[str]) -> Sequence[str]:
        """The codes as one text or, where a code may hold a comma, as one each: joined, they could be others."""
        texts = [_quoted(code) for code in codes]
        return texts if any("," in code for code in self.codes.get(name, ())) else [",".join(texts)]


def answer_query(variable: str, code: str, chart: str = "") -> str:
    """The canonical query for the people with one answer. chart: the id of the only chart that is shown."""
    parts = sorted([(variable, code), *([(SHOW, chart)] if chart else [])])
    return "?" + "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in parts)


def pieces(value: str, allowed: Sequence[str]) -> list[str | None]:
    """The codes that a text names, separated by commas; codes may hold commas themselves. None for what is unknown."""
    known, found, parts = set(allowed), list[str | None](), value.split(",")
    # No longer than any code can be, or a long value of commas alone would keep everybody waiting.
    longest = 1 + max((code.count(",") for code in known), default=0)
    start = 0
    while start < len(parts):
        ends = range(min(len(parts), start + longest), start, -1)
        end = next((end for end in ends if ",".join(parts[start:end]) in known), None)
        found.append(None if end is None else ",".join(parts[start:end]))
        start = start + 1 if end is None else end
    return found


def _ordered(order: Iterable[str], chosen: Iterable[str]) -> tuple[str, ...]:
    own = set(chosen)
    return tuple(one for one in order if one in own)


def _quoted(text: str) -> str:
    return quote(text, safe=READABLE)
