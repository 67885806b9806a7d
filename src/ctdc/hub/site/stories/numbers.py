"""The numbers of stories, from a release alone, each with its 95 % interval.

Promise: a share follows the code book's denominator rule, as in the figures and cross tables of the site; what is too
few to say is never zero. The difference of codes of one variable has the error that their noise gives it; of answers of
the same people, each end at its worst. All others are taken for independent, which their noise nearly is: what two
flags share makes both larger.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.hub.site.charts import strip_common_start
from ctdc.hub.site.stories.source import Bound, Term
from ctdc.hub.site.stories.study import read_study
from ctdc.hub.site.view import SiteRelease
from ctdc.release.analysis import Analysis
from ctdc.release.estimates import Z95, CellNoise, Estimate, cell_noise, share_of_known
from ctdc.release.figures import ORIGIN, PLACE
from ctdc.release.linked_analysis import LinkedAnalysis
from ctdc.release.verify import people_of, read_released
from ctdc.release.vocabulary import FLAG_CODES
from ctdc.release.within import COUNTED, PAIR, RECORDS
from ctdc.standard.languages import LANGUAGES

SHARE, COUNT, POINTS, TIMES, PLAIN, CODE = "share", "count", "points", "times", "plain", "code"
LEAST_ERRORS = 2  # a sum of counts that is not this many times its error says too little


@dataclass(frozen=True)
class Value:
    """A number. unit: one of the words above; value is None, and `few` set, where it is too few to say.

    absent: the release has no such variable or code; code, label: of a rank or a year; source: ``counts`` or
    ``records``; filter: the variables and codes that it is of, for programs that count.
    """

    unit: str
    value: float | None = None
    low: float = 0.0
    high: float = 0.0
    absent: bool = False
    code: str = ""
    label: Mapping[str, str] = field(default_factory=dict)
    source: str = COUNTED
    filter: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def few(self) -> bool:
        """Whether the release has the question but too few people to say."""
        return self.value is None and not self.absent and not self.code

    @property
    def there(self) -> bool:
        """Whether it can be shown."""
        return not self.absent and not self.few

    @property
    def verdict(self) -> str:
        """Of a difference: larger, smaller, or unclear when its interval has zero in it."""
        if self.low > 0:
            return "larger"
        return "smaller" if self.high < 0 else "unclear"


ABSENT = Value(PLAIN, absent=True)


def apart(first: Value, second: Value) -> Value:
    """first - second, their noise independent: the distances to the ends of both intervals add up as squares.

    Zou & Donner 2008, "Construction of confidence limits about effect measures", section 2 (MOVER). For symmetric
    intervals this is the sum of the variances.
    """
    unit = POINTS if first.unit == SHARE else first.unit
    if first.value is None or second.value is None:
        return Value(unit, absent=first.absent or second.absent)
    value = first.value - second.value
    low = value - math.hypot(first.value - first.low, second.high - second.value)
    high = value + math.hypot(first.high - first.value, second.value - second.low)
    return Value(unit, value, low, high, source=_weakest(first, second))


def at_worst(first: Value, second: Value) -> Value:
    """first - second, whatever their noise has in common."""
    found = apart(first, second)
    if found.value is None:
        return found
    return replace(found, low=first.low - second.high, high=first.high - second.low)


def times(first: Value, second: Value) -> Value:
    """first / second, each end at its worst; too few to say when the second may be nothing."""
    if first.value is None or second.value is None or second.low <= 0:
        return Value(TIMES, absent=first.absent or second.absent)
    ends = first.low / second.high, first.high / second.low
    return Value(TIMES, first.value / second.value, *ends, source=_weakest(first, second))


def _weakest(*values: Value) -> str:
    return RECORDS if any(value.source == RECORDS for value in values) else COUNTED


class Numbers:
    """The numbers of one release. What is counted is counted once, for all stories and languages.

    people: those whose linked rows these numbers are of; None where they are of people.
    """

    def __init__(self, view: SiteRelease, terms: Mapping[str, Term], people: Numbers | None = None) -> None:
        self.view = view
        self._people = people
        self._terms = terms
        self._entries = {entry["name"]: entry for entry in view.figures["variables"]}
        self._groups = {group["id"]: group for group in view.figures["groups"]}
        self._group_of = {name: group.id for group in view.vocabulary.groups for name in group.variables}
        total = view.figures["total"]
        self._total = Estimate(total["count"], total["standard_error"])

    def value(self, bound: Bound, known: Mapping[str, Value], bounds: Mapping[str, Bound]) -> Value:
        """The number that a story binds. known, bounds: the story's earlier numbers, which it may compare."""
        given = bound.given
        if bound.of_rows and self._people is None:
            return ABSENT if self.rows is None else self.rows.value(bound, known, bounds)
        if bound.measure == "difference":
            return self._difference(bounds[given["first"]], bounds[given["second"]], known)
        if bound.measure == "ratio":
            return times(known[given["first"]], known[given["second"]])
        makers = {
            "count": self._count,
            "share": self._share,
            "rank": self._rank,
            "answered": self._answered,
            "reported": self._reported,
            "first": self._first,
            "last": self._last,
            "corridors": self._corridors,
            "threshold": self._threshold,
            "most": self._most,
            "study": _of_study,
        }
        return makers[bound.measure](given)

    @cached_property
    def rows(self) -> Numbers | None:
        """The numbers of the rows that are linked to these people, if there are any."""
        return None if self.view.linked is None else Numbers(self.view.linked, self._terms, self)

    def variable(self, names: str | Sequence[str]) -> str | None:
        """The first of these variables that the release has."""
        wanted = [names] if isinstance(names, str) else names
        return next((name for name in wanted if name in self._entries), None)

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _term(self, name: str) -> tuple[str, tuple[str, ...]] | None:
        term = self._terms[name]
        variable = self.variable(term.variables)
        if variable is None:
            return None
        there = {code["code"] for code in self._entries[variable]["codes"]}
        codes = tuple(code for code in term.codes if code in there)
        return (variable, codes) if codes else None

    def _noise(self, variable: str) -> CellNoise:
        codes = self._entries[variable]["codes"]
        return cell_noise(self._total, [code["standard_error"] for code in codes], len(codes) + 1)

    def _counts(self, variable: str, codes: Sequence[str]) -> list[float]:
        return [entry["count"] for entry in self._entries[variable]["codes"] if entry["code"] in codes]

    def _enough(self, number: Estimate) -> bool:
        limit = max(float(self.view.privacy["threshold"]), LEAST_ERRORS * number.standard_error)
        return number.count >= limit

    def _published(self, variable: str, codes: Sequence[str]) -> bool:
        """Whether any of the codes can be reported: what is summed up then says more than noise."""
        return any(not one["below_threshold"] for one in self._entries[variable]["codes"] if one["code"] in codes)

    def _count(self, given: Mapping[str, Any]) -> Value:
        if "part" not in given:
            return _value(COUNT, self._total)
        part = self._term(given["part"])
        if part is None:
            return Value(COUNT, absent=True)
        if "among" in given:
            return self._cell(part, given["among"], COUNT)
        number = self._noise(part[0]).sum_of(self._counts(*part))
        shown = self._published(*part) and self._enough(number)
        return _value(COUNT, number, (part,)) if shown else Value(COUNT, filter=(part,))

    def _share(self, given: Mapping[str, Any]) -> Value:
        part = self._term(given["part"])
        if part is None:
            return Value(SHARE, absent=True)
        if "among" in given:
            return self._cell(part, given["among"], SHARE)
        variable = part[0]
        if variable in self._group_of:
            return self._of_group(variable)
        if len(part[1]) == 1:
            own = next(one["share"] for one in self._entries[variable]["codes"] if one["code"] in part[1])
            return _shared(own, COUNTED, part) if own else Value(SHARE, filter=(part,))
        number = self._noise(variable).sum_of(self._counts(*part))
        every = self._counts(variable, [entry["code"] for entry in self._entries[variable]["codes"]])
        share = share_of_known(self._noise(variable), self._counts(*part), every)
        if share is None or not self._published(*part) or not self._enough(number):
            return Value(SHARE, filter=(part,))
        return _shared(share.as_dict(), COUNTED, part)

    def _of_group(self, flag: str) -> Value:
        group = self._groups[self._group_of[flag]]
        member = next(member for member in group["members"] if member["variable"] == flag)
        part = flag, FLAG_CODES
        if not member["share"]:
            return Value(SHARE, filter=(part,))
        return _shared(member["share"], group["denominator"]["source"], part)

    def _cell(self, part: tuple[str, tuple[str, ...]], among: str, unit: str) -> Value:
        """The people with some codes among those with others: a number of them, or the share."""
        if self._people is not None:
            return self._row_cell(part, self._people._term(among) or self._term(among), unit)
        whole = self._term(among)
        if whole is None or whole[0] == part[0] or self.view.within.measured_length < PAIR:
            return Value(unit, absent=True)
        unknown = Value(unit, filter=(whole, part))
        group = self._group_of.get(part[0])
        if group is None and len(self.view.analysis.codes(part[0])) == 1:
            return Value(unit, absent=True)  # a flag of no group does not tell who was asked
        if group is None or unit == COUNT:
            return self._measured(part, whole, unknown, self.view.analysis)
        flags = self.view.groups[group].variables
        row = self.view.within.among({whole[0]: whole[1]}, flags, is_group=True)
        cell = row.cells[flags.index(part[0])] if row else None
        if row is None or cell is None or cell.share is None:
            return unknown
        return replace(unknown, value=cell.share.share, low=cell.share.low, high=cell.share.high, source=row.source)

    def _row_cell(
        self, part: tuple[str, tuple[str, ...]], whole: tuple[str, tuple[str, ...]] | None, unit: str
    ) -> Value:
        """The same of linked rows, among those with other codes, of the row or of its person."""
        analysis = self._analysis
        if whole is None or analysis is None:
            return Value(unit, absent=True)
        try:
            return self._measured(part, whole, Value(unit, filter=(whole, part)), analysis)
        except UserError as error:
            if error.detail.code != "analysis.not_counted":
                raise
            return Value(unit, absent=True)  # rows are counted over fewer variables together than people

    @property
    def _analysis(self) -> Analysis | LinkedAnalysis | None:
        """What counts these people, or their linked rows; None where the measurements cannot be read."""
        people = self.view if self._people is None else self._people.view
        if not people.is_measured:
            return None
        return people.analysis if self._people is None else people.analysis.linked

    def _measured(
        self,
        part: tuple[str, tuple[str, ...]],
        whole: tuple[str, tuple[str, ...]],
        unknown: Value,
        analysis: Analysis | LinkedAnalysis,
    ) -> Value:
        """The same for codes of a variable that is known by itself, which were measured together."""
        own, given = {part[0]: part[1]}, {whole[0]: whole[1]}
        found = analysis.estimate({**own, **given}) if unknown.unit == COUNT else analysis.share(own, among=given)
        if found.value is None or found.too_few:
            return unknown
        return replace(unknown, value=found.value, low=found.low, high=found.high)

    def _difference(self, first: Bound, second: Bound, known: Mapping[str, Value]) -> Value:
        one, other = known[first.name], known[second.name]
        if first.release != second.release:
            return apart(one, other)
        if first.measure == second.measure == "corridors" or _same_people(one, other):
            return at_worst(one, other)
        return self._of_one_variable(one, other) or apart(one, other)

    def _of_one_variable(self, one: Value, other: Value) -> Value | None:
        """The difference of codes of one variable, with the error that `Analysis.difference` gives it."""
        if one.value is None or other.value is None or one.unit != other.unit or one.unit not in (SHARE, COUNT):
            return None
        if len(one.filter) != 1 or len(other.filter) != 1 or one.filter[0][0] != other.filter[0][0]:
            return None
        (name, ones), (_, others) = one.filter[0], other.filter[0]
        if name in self._group_of or set(ones) & set(others):
            return None
        analysis, codes = self._analysis, ({name: ones}, {name: others})
        if analysis is None:
            return None
        asked = analysis.estimate if one.unit == COUNT else analysis.share
        found = analysis.difference(*(asked(own) for own in codes))
        if found.value is None:
            return None
        # About the difference of the numbers that stand on the page, which are rounded as they are published.
        moved = one.value - other.value - found.value
        unit = COUNT if one.unit == COUNT else POINTS
        return Value(unit, found.value + moved, found.low + moved, found.high + moved)

    def _rank(self, given: Mapping[str, Any]) -> Value:
        """The answer in this place, by its number of people: its share or, ``as: count``, their number."""
        of, place = given["of"], int(given["place"])
        group = self._groups.get(of) if isinstance(of, str) else None
        variable = None if group else self.variable(of)
        if group is None and variable is None:
            return Value(SHARE, absent=True)
        entries = group["members"] if group else self._entries[str(variable)]["codes"]
        name = "variable" if group else "code"
        ordered = sorted((one for one in entries if one["share"]), key=lambda one: (-one["count"], one[name]))
        if len(ordered) < place:
            return Value(SHARE)
        chosen = ordered[place - 1]
        part = (chosen["variable"], FLAG_CODES) if group else (str(variable), (chosen["code"],))
        label = self._flag_label(of, part[0]) if group else dict(self.view.code_labels[part[0], chosen["code"]])
        if given.get("as") == COUNT:
            found = _value(COUNT, Estimate(chosen["count"], chosen["standard_error"]), (part,))
        else:
            found = _shared(chosen["share"], group["denominator"]["source"] if group else COUNTED, part)
        return replace(found, code=chosen[name], label=label)

    def _flag_label(self, group: str, flag: str) -> dict[str, str]:
        names = self.view.groups[group].variables
        labels = {one: [self.view.words[name].labels[one] for name in names] for one in LANGUAGES}
        return {one: strip_common_start(labels[one])[names.index(flag)] for one in LANGUAGES}

    def _answered(self, given: Mapping[str, Any]) -> Value:
        """The share of all people with an answer: to a variable, or to any flag of a group."""
        of = given["of"]
        if isinstance(of, str) and of in self._groups:
            group = self._groups[of]
            share, source = group["denominator_share"], group["denominator"]["source"]
        else:
            variable = self.variable(of)
            if variable is None:
                return Value(SHARE, absent=True)
            share, source = self._entries[variable]["known_share"], COUNTED
        return _shared(share, source) if share else Value(SHARE)

    def _reported(self, given: Mapping[str, Any]) -> Value:
        variable = self.variable(given["of"])
        if variable is None:
            return ABSENT
        there = [code for code in self._entries[variable]["codes"] if not code["below_threshold"]]
        return Value(PLAIN, float(len(there)), float(len(there)), float(len(there)))

    def _first(self, given: Mapping[str, Any]) -> Value:
        return self._end(given, 0)

    def _last(self, given: Mapping[str, Any]) -> Value:
        return self._end(given, -1)

    def _end(self, given: Mapping[str, Any], position: int) -> Value:
        variable = self.variable(given["of"])
        if variable is None:
            return ABSENT
        codes = sorted(code["code"] for code in self._entries[variable]["codes"] if not code["below_threshold"])
        return Value(CODE, code=codes[position]) if codes else Value(CODE)

    def _threshold(self, given: Mapping[str, Any]) -> Value:
        threshold = float(self.view.privacy["threshold"])
        return Value(PLAIN, threshold, threshold, threshold)

    def _most(self, given: Mapping[str, Any]) -> Value:
        """How many linked rows of a person are counted."""
        linked = self.view.vocabulary.linked
        if linked is None:
            return ABSENT
        most = float(linked.most)
        return Value(PLAIN, most, most, most)

    def _corridors(self, given: Mapping[str, Any]) -> Value:
        """The share of people within one country, or across, among the pairs of countries that are published."""
        names = self.variable(ORIGIN), self.variable(PLACE)
        if None in names or self.view.within.measured_length < PAIR:
            return Value(SHARE, absent=True)
        data = people_of(read_released(self.view.folder, self.view.manifest))
        ordered = sorted((str(name) for name in names), key=data.schema.names.index)
        pairs = data.combinations(*ordered)
        pairs = pairs.filter(~pairs["below_threshold"])
        same = pairs[ordered[0]] == pairs[ordered[1]]
        chosen, rest = (pairs.filter(one) for one in ((same, ~same) if given["within"] else (~same, same)))
        part, other = (
            Estimate(math.fsum(frame["count"]), math.fsum(frame["standard_error"])) for frame in (chosen, rest)
        )
        if not self._enough(part) or part.count + other.count <= 0:
            return Value(SHARE)
        margins = Z95 * part.standard_error, Z95 * other.standard_error
        low = max(0.0, part.count - margins[0])
        ends = (
            low / (low + other.count + margins[1]),
            (part.count + margins[0]) / (part.count + margins[0] + max(0.0, other.count - margins[1])),
        )
        return Value(SHARE, part.count / (part.count + other.count), *ends)


def _of_study(given: Mapping[str, Any]) -> Value:
    """A figure of a study, which no release changes."""
    figure = read_study(given["of"]).figures[given["what"]]
    return Value(figure.unit, figure.value, figure.low, figure.high)


def _same_people(one: Value, other: Value) -> bool:
    """Whether these are answers to one question, of the same people."""
    asked = [[value.filter[0], value.filter[1][0]] for value in (one, other) if len(value.filter) == 2]
    return len(asked) == 2 and asked[0] == asked[1]


def _value(unit: str, number: Estimate, chosen: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> Value:
    stated = number.as_dict()
    return Value(unit, stated["count"], stated["low95"], stated["high95"], filter=chosen)


def _shared(share: Mapping[str, float], source: str, *parts: tuple[str, tuple[str, ...]]) -> Value:
    return Value(SHARE, share["share"], share["low95"], share["high95"], source=source, filter=parts)
