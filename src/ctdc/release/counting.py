"""Many questions to a release at once: of the people with some codes, how many have each code of each variable.

Promise: one number with its 95 % interval for each question, and where it is from. Within the measured orders it is
the protected estimate, the same as `Analysis.estimate` and `Analysis.share` give one by one (a generative test holds
them equal), but never more than the people it is a part of: see `ctdc.release.wholes`. Beyond them it is the count of
the synthetic records with the interval of `resampled`.

Shares follow the codebook's rule: of one variable, people for whom it is known; of a group of flags, people with any
answer in the group. What is too few to say is marked by the rule of the published counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.privacy.along import Along
from ctdc.privacy.linear import Event, count, covariances, evaluate, event
from ctdc.release.analysis import Analysis, load
from ctdc.release.answers import BOUNDS, COUNTS, DECIMALS, RECORDS, Level, Quantity, answer
from ctdc.release.intervals import Interval, ratio_intervals
from ctdc.release.protected import read_json
from ctdc.release.questions import KNOWN, Codes, Condition
from ctdc.release.records import Chosen, coded_records
from ctdc.release.verify import FIGURES
from ctdc.release.wholes import answered, not_above, wholes_of

Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
MOST_CELLS = 100_000  # of one answer; a release's own files are the place for more
DRAWS = 2  # of people and of records: the chance in both lies between the two
Z95 = Level().z


@dataclass(frozen=True)
class Number:
    """A number of people between the ends of its 95 % interval. source: ``counts``, ``records`` or ``bounds``."""

    value: float
    low: float
    high: float
    source: str
    too_few: bool

    @property
    def interval(self) -> Interval:
        """The number between its ends."""
        return Interval(self.value, self.low, self.high)

    def moved(self, to: Interval, threshold: float) -> Number:
        """The same number where it agrees with others. It may say too little now."""
        return replace(self, value=to.value, low=to.low, high=to.high, too_few=self.too_few or to.value < threshold)


@dataclass(frozen=True)
class Shares:
    """Shares from 0 to 1 between the ends of their 95 % intervals, NaN where there is none; any shape."""

    share: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Counted:
    """People by the codes of one variable, or of several crossed; arrays of one entry per cell, the last fastest.

    codes: of each cell, one code per variable, "" for not known. count, low, high: people. measured: whether that is
    the protected estimate, else it is the records' count. shares: of `whole`; share_too_few, too_few: say too little
    to be quoted. whole: whom the shares are of, None where that is not known (a flag of no group).
    """

    variables: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]
    count: Floats
    low: Floats
    high: Floats
    measured: Marks
    too_few: Marks
    shares: Shares
    share_too_few: Marks
    whole: Number | None


@dataclass(frozen=True)
class Explored:
    """Some people, and each of some variables among them. total: how many they are."""

    total: Number
    variables: tuple[Counted, ...]


@dataclass(frozen=True)
class OneShare:
    """A share from 0 to 1 between the ends of its 95 % interval, NaN where there is none. source: ``counts`` or
    ``records``, as of the people counted; whole: whom it is a share of.
    """

    share: float
    low: float
    high: float
    source: str
    too_few: bool
    whole: Number


@dataclass(frozen=True)
class _Cells:
    """A table over all categories of some variables, ascending. error: the standard error of measured cells.

    counts, low, high: as they are shown; estimated: before they were made to agree with their wholes.
    """

    variables: tuple[int, ...]
    counts: Floats
    low: Floats
    high: Floats
    measured: Marks
    too_few: Marks
    error: float
    estimated: Floats

    @property
    def known(self) -> Marks:
        """The cells of known codes."""
        marks = np.zeros(self.counts.shape, dtype=bool)
        marks[(slice(1, None),) * marks.ndim] = True
        return marks

    def not_above(self, wholes: Sequence[tuple[Floats, float]], threshold: float) -> _Cells:
        """The same cells, none of those that are shown above any of its wholes. wholes: people and standard error."""
        shown, most = ~self.too_few, np.full(self.counts.shape, np.inf)
        error = np.zeros(self.counts.shape)
        for people, own in wholes:
            error = np.where(people < most, own, error)
            most = np.fmin(most, people)
        over = shown & (self.counts > most)
        if not over.any():
            return self
        counts = np.where(over, most, self.counts)
        margin, is_surer = Z95 * error, Z95 * error <= self.high - self.counts
        low = np.where(over, np.minimum(self.low, np.maximum(0, counts - margin)), self.low)
        high = np.where(over & is_surer, np.maximum(0, counts + margin), self.high)
        few = self.too_few | over & (np.round(counts, DECIMALS) < threshold)
        return replace(self, counts=counts, low=low, high=high, too_few=few)


def resampled(found: Floats, of: float) -> tuple[Floats, Floats]:
    """The 95 % intervals of shares found / of, if records and people were both drawn again; 0 to 1 without records.

    The bootstrap of a count in closed form: with records and people two draws from one distribution, their difference
    has twice the variance of either, so this is Wilson's interval (1927, "Probable inference, the law of succession,
    and statistical inference", J. Am. Stat. Assoc. 22) for half as many records. Unlike a bootstrap it has a width
    where no record was found. It covers neither the noise in the measurements that the records were fitted to, nor
    relations between more variables than were measured together, which the records know nothing of.
    """
    if of <= 0:
        return np.zeros_like(found), np.ones_like(found)
    share, spread = np.clip(found / of, 0, 1), DRAWS * Z95**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = np.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return np.maximum(0, middle - half), np.minimum(1, middle + half)


def published_shares(
    figures: Mapping[str, Any] | None,
) -> dict[str, tuple[Mapping[str, float], Mapping[str, float] | None]]:
    """Of flags whose denominator was counted in the records: that and the share, as a release's pages state them."""
    groups = [] if figures is None else figures["groups"]
    return {
        member["variable"]: (group["denominator"], member["share"])
        for group in groups
        if group["denominator"]["source"] == RECORDS
        for member in group["members"]
    }


def as_published(
    whole: Mapping[str, float], share: Mapping[str, float] | None, threshold: float, unknown: Shares
) -> tuple[Number, Shares]:
    """Such a flag's denominator and shares. unknown: what its shares are where nothing is said."""
    number = Number(whole["count"], whole["low95"], whole["high95"], BOUNDS, whole["count"] < threshold)
    if share is None:
        return number, unknown
    ends = (np.array([np.nan, share[key]]) for key in ("share", "low95", "high95"))
    return number, Shares(*ends)


class Counter:
    """One release in memory, open for many questions at once. Counts people; threads may share it."""

    def __init__(self, analysis: Analysis, figures: Mapping[str, Any] | None = None, *, agree: bool = True) -> None:
        """figures: the content of the release's ``figures.json``, for the bounds of its denominators; agree: whether
        parts and wholes agree, which they did not in the tables of releases from before.
        """
        self.analysis, self.agree = analysis, agree
        self.along = Along(analysis.estimates)
        self.records = coded_records(analysis.data)
        self.published = published_shares(figures)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables, in order."""
        return self.analysis.variables

    @cached_property
    def _everybody(self) -> Asked:
        return Asked(self, Event())

    def asked(self, filters: Codes) -> Asked:
        """The people with these codes. Raises UserError for a name or code that does not exist."""
        chosen = self.analysis.questions.event(filters)
        return Asked(self, chosen) if chosen.chosen else self._everybody

    def total(self, filters: Codes) -> Number:
        """How many people have these codes."""
        return self.asked(filters).total

    def count(self, filters: Codes, by: Sequence[str]) -> Counted:
        """The people with these codes by the codes of one variable, or of several crossed.

        Of a variable that is in `filters` too, only the codes named there are listed. Raises UserError
        (``counting.by``, ``counting.too_many_cells``, and those of `Analysis`).
        """
        return self.asked(filters).by(tuple(by))

    def share(self, of: Codes, among: Codes) -> OneShare:
        """Which share of the people `among` has the codes `of`, among those of whom it is known.

        Of one code it is that of `count`. Raises UserError for what does not exist, and (``analysis.denominator``) for
        a flag of no group.
        """
        return self.asked(among).share(of)

    def explore(self, filters: Codes, by: Sequence[str] | None = None, *, own: bool = True) -> Explored:
        """The people with these codes, and each of the variables `by` (default: all) among them.

        own: whether a variable's own filter applies to it; without, the codes that it leaves out are counted too.
        """
        asked = self.asked(filters)
        found = []
        for name in self.variables if by is None else by:
            others = {one: codes for one, codes in filters.items() if one != name}
            among = asked if own or len(others) == len(filters) else self.asked(others)
            found.append(among.by((name,)))
        return Explored(asked.total, tuple(found))


class Asked:
    """The people of one event: counted from the measurements where these reach, and in the records elsewhere."""

    def __init__(self, counter: Counter, people: Event) -> None:
        self._counter, self._people = counter, people
        self._analysis = counter.analysis
        self._sizes = counter.analysis.data.schema.sizes
        self._tables: dict[tuple[int, ...], _Cells] = {}
        self._wholes: dict[tuple[Event, tuple[int, ...]], tuple[Floats, float] | None] = {}

    @cached_property
    def _records(self) -> Chosen:
        return Chosen(self._counter.records, self._people)

    @cached_property
    def total(self) -> Number:
        """How many people they are."""
        people = Condition(self._people)
        found = self._measured(people)
        if found is None or not self._counter.agree:
            return found or self._recorded(people)
        wholes = [number for one in wholes_of(self._people) if (number := self._measured(Condition(one)))]
        if not wholes:
            return found
        least = min(wholes, key=lambda number: number.value)
        return found.moved(not_above(found.interval, least.interval), self._analysis.rule.threshold)

    def _measured(self, condition: Condition) -> Number | None:
        if len(condition.attributes) > self._analysis.length:
            return None
        joint = evaluate(self._analysis.estimates, [condition.query()])
        if joint is None:
            return None
        value, error = float(joint.values[0]), math.sqrt(max(0.0, float(joint.covariance[0, 0])))
        low, high = max(0.0, value - Z95 * error), max(0.0, value + Z95 * error)
        return Number(value, low, high, COUNTS, self._analysis.rule.too_few(condition, value, error))

    def _recorded(self, condition: Condition) -> Number:
        found, of = float(self._records.meeting(condition)), self._counter.records.rows
        low, high = (of * float(end[0]) for end in resampled(np.array([found]), of))
        return Number(found, low, high, RECORDS, found < self._analysis.rule.threshold)

    # ---- counts -----------------------------------------------------------------------------------------------------

    def by(self, names: tuple[str, ...]) -> Counted:
        """These people by the codes of some variables, crossed if there are several."""
        free = self._free(names)
        cells = self._cells(tuple(sorted(free)))
        whole, shares = self._shares(names, cells)
        few = cells.too_few | np.isnan(shares.share) | (whole is None or whole.too_few)
        places = np.ix_(*(self._listed(variable) for variable in cells.variables))
        order = [cells.variables.index(variable) for variable in free]

        def listed(table: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return table[places].transpose(order).ravel()

        return Counted(
            variables=names,
            codes=tuple(product(*(self._codes(variable) for variable in free))),
            count=listed(cells.counts),
            low=listed(cells.low),
            high=listed(cells.high),
            measured=listed(cells.measured),
            too_few=listed(cells.too_few),
            shares=Shares(listed(shares.share), listed(shares.low), listed(shares.high)),
            share_too_few=listed(few),
            whole=whole,
        )

    def _free(self, names: tuple[str, ...]) -> tuple[int, ...]:
        free = tuple(self._analysis.questions.position(name) for name in names)
        if not free or len(set(free)) < len(free):
            raise UserError("counting.by", "Counts are by one or more different variables.", allowed="each name once")
        cells = math.prod(self._sizes[variable] for variable in free)
        if cells > MOST_CELLS:
            raise UserError(
                "counting.too_many_cells",
                f"This answer would have {cells:,} cells.",
                allowed=f"up to {MOST_CELLS:,}",
                do="Ask by fewer variables, or take the release's files, which hold every published count.",
            )
        return free

    def _own(self, variable: int) -> frozenset[int]:
        """The categories of a variable that these people can have."""
        return dict(self._people.chosen).get(variable, frozenset(range(self._sizes[variable])))

    def _listed(self, variable: int) -> list[int]:
        """The categories that are shown: known codes in order, then not known."""
        own = self._own(variable)
        return [*sorted(own - {0}), *([0] if 0 in own else [])]

    def _codes(self, variable: int) -> list[str]:
        codes = ("", *self._analysis.data.schema.variables[variable].codes)
        return [codes[category] for category in self._listed(variable)]

    def _without(self, variables: tuple[int, ...]) -> Event:
        """The filters of other variables."""
        return event({variable: own for variable, own in self._people.chosen if variable not in variables})

    def _cells(self, variables: tuple[int, ...]) -> _Cells:
        if variables not in self._tables:
            self._tables[variables] = self._made(variables)
        return self._tables[variables]

    def _made(self, variables: tuple[int, ...]) -> _Cells:
        rule, others = self._analysis.rule, self._without(variables)
        estimated = self._counter.along.table(others, variables)
        if estimated is None or np.isnan(estimated).all():
            counts = self._in_records(variables)
            low, high = self._limits(counts)
            nowhere = np.zeros(counts.shape, dtype=bool)
            return _Cells(variables, counts, low, high, nowhere, counts < rule.threshold, 0.0, counts)
        measured = ~np.isnan(estimated)
        counts = estimated if measured.all() else np.where(measured, estimated, self._in_records(variables))
        one = others & event({variable: {1} for variable in variables})
        error = self._error(one)
        few = np.where(measured, np.round(counts, DECIMALS), counts) < rule.threshold
        for known in product((0, 1), repeat=len(variables)):
            # Cells with a code and cells without one are listed by rules of their own, each the same for all of them.
            own = tuple(slice(1, None) if is_known else slice(0, 1) for is_known in known)
            cell = others & event({variable: {category} for variable, category in zip(variables, known, strict=True)})
            few[own] |= measured[own] & (np.round(counts[own], DECIMALS) < rule.limit(Condition(cell), error))
        ends = zip(self._limits(counts), (-1, 1), strict=True)
        low, high = (np.where(measured, np.maximum(0, counts + side * Z95 * error), end) for end, side in ends)
        cells = _Cells(variables, counts, low, high, measured, few, error, counts)
        if not self._counter.agree:
            return cells
        return cells.not_above(list(self._wholes_of(others, variables)), rule.threshold)

    def _in_records(self, variables: tuple[int, ...]) -> Floats:
        most = self.total.value if self._counter.agree else self.total.high
        return np.minimum(self._records.table(variables), max(1.0, most))

    def _limits(self, counts: Floats) -> tuple[Floats, Floats]:
        rows = self._counter.records.rows
        low, high = resampled(counts, rows)
        return rows * low, rows * high

    def _error(self, one: Event) -> float:
        return math.sqrt(max(0.0, float(covariances(self._analysis.estimates, [count(one)])[0, 0])))

    def _wholes_of(self, others: Event, variables: tuple[int, ...]) -> Iterator[tuple[Floats, float]]:
        """The tables of whose cells those of these variables are parts, in their shape, and their standard errors."""
        for base in (*wholes_of(others), others):
            for size in range(len(variables) + 1):
                for free in combinations(variables, size):
                    found = None if (base, free) == (others, variables) else self._whole_table(base, free)
                    if found is not None:
                        shape = [self._sizes[variable] if variable in free else 1 for variable in variables]
                        yield found[0].reshape(shape), found[1]
        if others != self._people:
            yield np.array(self.total.value), (self.total.high - self.total.value) / Z95

    def _whole_table(self, base: Event, free: tuple[int, ...]) -> tuple[Floats, float] | None:
        if (base, free) not in self._wholes:
            table = self._counter.along.table(base, free)
            error = 0.0 if table is None else self._error(base & event({variable: {1} for variable in free}))
            self._wholes[base, free] = None if table is None else (table, error)
        return self._wholes[base, free]

    def share(self, of: Codes) -> OneShare:
        """Which share of these people has some codes, among those of whom it is known."""
        questions = self._analysis.questions
        whole = questions.denominator(of, self._people)
        names = tuple(of)
        if len(names) == 1 and isinstance(of[names[0]], str) and of[names[0]]:
            questions.event(of)  # says what is misspelt
            found = self.by(names)
            if (of[names[0]],) in found.codes:
                return _one_share(found, found.codes.index((of[names[0]],)))
        return self._share_of(whole.narrowed(questions.event(of)), whole)

    def _share_of(self, part: Condition, whole: Condition) -> OneShare:
        """The share of several codes, or of several variables: measured as far as both sides are."""
        own, base = self._measured(part), self._measured(whole)
        number, other = own or self._recorded(part), base or self._recorded(whole)
        other = self._answered(other, 0.0 if number.too_few else number.value)[0]
        number = number.moved(not_above(number.interval, other.interval), self._analysis.rule.threshold)
        few = number.too_few or other.too_few or other.value <= 0
        if own is not None and base is not None:
            found = answer(self._analysis.estimates, self._analysis.rule, Level(), Quantity(part, whole))
            if found is not None and found.value is not None and other.value > 0:
                value = min(1.0, max(0.0, number.value / other.value))
                return OneShare(value, min(found.low, value), max(found.high, value), COUNTS, few, other)
        if other.value <= 0:
            return OneShare(math.nan, math.nan, math.nan, number.source, True, other)
        error = 0.0 if own is None else (own.high - own.value) / Z95
        measured = np.array([own is not None])
        ends = _quotients(np.array([number.value]), measured, error, other.value)
        share, low, high = (float(end[0]) for end in (ends.share, ends.low, ends.high))
        return OneShare(share, low, high, number.source, few, other)

    # ---- shares -----------------------------------------------------------------------------------------------------

    def _shares(self, names: tuple[str, ...], cells: _Cells) -> tuple[Number | None, Shares]:
        nothing = np.full(cells.counts.shape, np.nan)
        unknown = Shares(nothing, nothing, nothing)
        condition = self._denominator(names)
        if condition is None:
            return None, unknown
        if not self._people.chosen and len(names) == 1 and names[0] in self._counter.published:
            return as_published(*self._counter.published[names[0]], self._analysis.rule.threshold, unknown)
        measured = self._measured(condition) if cells.measured.any() else None
        found = measured or self._recorded(condition)
        if found.value <= 0:
            return found, unknown
        whole, of = self._answered(found, self._shown(names, cells))
        if of <= 0:
            return whole, unknown
        shares = self._quotients(of, cells)
        return whole, shares if measured is None else self._ratios(condition, found.value, of, cells, shares)

    def _answered(self, found: Number, shown: float) -> tuple[Number, float]:
        """How many have an answer, no more than the people, and what shares are computed with."""
        if not self._counter.agree:
            return found, found.value
        number, of = answered(found.interval, shown, self.total.interval)
        return found.moved(number, self._analysis.rule.threshold), of

    def _shown(self, names: tuple[str, ...], cells: _Cells) -> float:
        """How many people the shown answers need. Flags of a group do not exclude each other, and have one whole."""
        groups = self._analysis.questions.groups.values()
        flags = next((flags for flags in groups if names[0] in flags and len(names) == 1), None)
        if flags is None:
            return self._needed(cells)
        return max(self._needed(self._cells((self._analysis.questions.position(flag),))) for flag in flags)

    def _needed(self, cells: _Cells) -> float:
        """How many people the listed codes have that are not too few to say."""
        places = np.ix_(*([code for code in self._listed(variable) if code] for variable in cells.variables))
        return float(cells.counts[places][~cells.too_few[places]].sum())

    def _denominator(self, names: tuple[str, ...]) -> Condition | None:
        """Of whom shares by these variables count; None where the codebook does not say who was asked."""
        try:
            return self._analysis.questions.denominator(dict.fromkeys(names, KNOWN), self._people)
        except UserError as error:
            if error.detail.code != "analysis.denominator":
                raise
            return None

    def _ratios(self, condition: Condition, whole: float, of: float, cells: _Cells, others: Shares) -> Shares:
        """Of a measured whole: Fieller's intervals for measured cells, those of `others` for others.

        whole: as it was estimated, which the intervals are of; of: what shares are computed with.
        """
        known = [min(self._own(variable) - {0}, default=0) for variable in cells.variables]
        if 0 in known:
            return others
        one = self._people & event({variable: {own} for variable, own in zip(cells.variables, known, strict=True)})
        (own, shared), (_, other) = covariances(self._analysis.estimates, [count(one), condition.query()]).tolist()
        found = ratio_intervals(cells.estimated, whole, own, shared, other, Z95)
        both = cells.measured & cells.known
        if found is None:
            return Shares(*(np.where(both, np.nan, part) for part in (others.share, others.low, others.high)))
        share = np.clip(cells.counts / of, 0, 1)
        ends = share, np.minimum(np.clip(found[1], 0, 1), share), np.maximum(np.clip(found[2], 0, 1), share)
        parts = zip((others.share, others.low, others.high), ends, strict=True)
        return Shares(*(np.where(both, end, part) for part, end in parts))

    def _quotients(self, whole: float, cells: _Cells) -> Shares:
        """Of a whole that is the records': both kinds of chance, as far as a cell has them."""
        found = _quotients(cells.counts, cells.measured, cells.error, whole)
        return Shares(*(np.where(cells.known, part, np.nan) for part in (found.share, found.low, found.high)))


def _quotients(counts: Floats, measured: Marks, error: float, whole: float) -> Shares:
    """Shares of a whole that is the records'. error: the standard error of measured counts."""
    share = np.clip(counts / whole, 0, 1)
    low, high = resampled(np.maximum(0, counts), whole)
    margin = Z95 * np.sqrt(error**2 + DRAWS * whole * share * (1 - share)) / whole
    low = np.where(measured, np.clip(share - margin, 0, 1), low)
    return Shares(share, low, np.where(measured, np.clip(share + margin, 0, 1), high))


def _one_share(found: Counted, place: int) -> OneShare:
    """One cell of counted shares. `found` has a denominator."""
    if found.whole is None:
        raise ValueError("a share of nobody knows whom")
    shares = found.shares
    share, low, high = (float(part[place]) for part in (shares.share, shares.low, shares.high))
    source = COUNTS if found.measured[place] else RECORDS
    return OneShare(share, low, high, source, bool(found.share_too_few[place]), found.whole)


def open_counter(folder: Path, *, agree: bool = True) -> Counter:
    """A release, or a folder that ``ctdc protect`` wrote, open for questions. Raises UserError for anything else.

    agree: see `Counter`.
    """
    figures = folder / FIGURES
    return Counter(load(folder), read_json(figures) if figures.is_file() else None, agree=agree)
