"""For analysts: questions to a release, answered from its noisy measurements with the errors that these have.

Promise: no answer needs anything that the release does not contain. Nothing here costs privacy: the measurements are
public, and may be asked as often as one likes.

    release = ctdc.load("first/releases/global-0123456789ab")
    release.estimate(sex="woman", age=["0--8", "9--17"])
    release.share({"fall": "1"}, among={"sex": "man"})
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import polars as pl

from ctdc.foundation.errors import UserError
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.linked_estimates import LinkedEstimates
from ctdc.privacy.stored import read_measurements
from ctdc.release.answers import (
    COUNTS,
    DECIMALS,
    DIFFERENCE,
    ERROR_DECIMALS,
    RATIO,
    RECORDS,
    Answer,
    Level,
    Quantity,
    Rule,
    answer,
    both,
    bounded_count,
    bounded_share,
    compare,
    limits_of_count,
    limits_of_share,
    nothing,
)
from ctdc.release.beyond import beyond, bounds, inequalities
from ctdc.release.cells import Cells, cell_numbers
from ctdc.release.intervals import Interval
from ctdc.release.linked import LinkedData, are_linked, read_linked
from ctdc.release.linked_analysis import LinkedAnalysis
from ctdc.release.manifest import MANIFEST, read_manifest
from ctdc.release.protected import MEASUREMENTS, ProtectedData, read_protected
from ctdc.release.questions import KNOWN, Codes, Condition, Known, Questions, Wanted
from ctdc.release.verify import CODEBOOK, people_of, read_released
from ctdc.release.vocabulary import Vocabulary, read_vocabulary
from ctdc.table.reporting import EXPECTED_FALSE, reporting_deviations

EVERYBODY: Codes = {}
TABLE_COLUMNS = "count", "standard_error", "low", "high", "too_few"


@dataclass(frozen=True)
class Analysis:
    """One release, open for questions.

    Codes are given by the name of their variable: one code, a list of codes for "any of these", ``""`` for empty,
    `known` for any code. All answers are `Answer`s; see there. Everything that is misspelt raises a UserError that
    lists what exists.
    """

    data: ProtectedData
    groups: Mapping[str, tuple[str, ...]]
    estimates: Estimates = field(repr=False)
    level: Level = field(default_factory=Level)
    links: LinkedAnalysis | None = field(default=None, repr=False)

    known: ClassVar[Known] = KNOWN

    def __repr__(self) -> str:
        return f"<release {self.data.folder}: {len(self.variables)} variables, {self.length} counted together>"

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables, in order."""
        return self.data.schema.names

    def codes(self, variable: str) -> tuple[str, ...]:
        """The codes of a variable, in order. The empty text, which is not listed, stands for "not known"."""
        return self.data.schema.variables[self.questions.position(variable)].codes

    @property
    def linked(self) -> LinkedAnalysis:
        """The rows that are linked to people, to be counted instead of people. All else here counts people.

        Raises UserError (``analysis.one_table``) for a release of one table.
        """
        if self.links is None:
            raise UserError(
                "analysis.one_table",
                "Nothing is linked to the people of this release.",
                allowed="a release of linked tables, or a folder of 'ctdc protect --linked'",
            )
        return replace(self.links, level=self.level)

    @property
    def length(self) -> int:
        """How many variables were counted together."""
        return self.estimates.length

    def at(self, confidence: float = 0.95, simultaneous: int = 1) -> Analysis:
        """The same release with other intervals: `simultaneous` of them hold together with this probability."""
        return replace(self, level=Level(confidence, simultaneous))

    def estimate(self, codes: Codes | None = None, /, *, source: str = COUNTS, **more: Wanted) -> Answer:
        """How many people have all these codes; without any, how many people there are.

        codes: variable to code, for names that Python does not take as keywords; source: ``"records"`` for more
        variables than were counted together. Raises UserError (``analysis.too_long`` and others).
        """
        event = self.questions.event({**(codes or {}), **more})
        return self._answer(Quantity(Condition(event)), source)

    def answered(self, *names: str, among: Codes = EVERYBODY, source: str = COUNTS) -> Answer:
        """How many people of `among` have an answer to each name: to a variable, or to any flag of a group."""
        return self._answer(Quantity(self.questions.answered(names, self.questions.event(among))), source)

    def share(self, part: Codes, among: Codes = EVERYBODY, *, of: str = "known", source: str = COUNTS) -> Answer:
        """Which share of the people of `among` has the codes of `part`.

        of: ``"known"`` for the codebook's rule (those for whom the variable is known; for a flag of a group, those
        with any answer in the group), ``"all"`` for everybody in `among`. Where the denominator joins more variables
        than were counted together, it is bounded, and the answer's source is ``records``.
        """
        if of not in ("known", "all"):
            raise UserError("analysis.of", f"There is no denominator {of!r}.", allowed='"known", "all"')
        base = self.questions.event(among)
        whole = self.questions.denominator(part, base) if of == "known" else Condition(base)
        return self._answer(Quantity(whole.narrowed(self.questions.event(part)), whole), source)

    def difference(self, first: Answer, second: Answer) -> Answer:
        """first - second: two counts or two shares of this release, their common errors taken into account."""
        return compare(self.level, DIFFERENCE, first, second)

    def ratio(self, first: Answer, second: Answer) -> Answer:
        """first / second: two counts or two shares of this release, their common errors taken into account."""
        return compare(self.level, RATIO, first, second)

    def table(self, *variables: str, empty: bool = False) -> pl.DataFrame:
        """The counts of all combinations of these variables' codes, with their errors.

        empty: whether "not known" (null) is listed too. Columns: the variables, count, standard_error, low, high,
        too_few. A combination that was not measured has no numbers and is too few to say. For all cells of a table
        to hold together, ask ``at(simultaneous=cells)``.
        """
        positions = [self.questions.position(name) for name in variables]
        if len({*variables, *TABLE_COLUMNS}) < len(variables) + len(TABLE_COLUMNS):
            raise UserError(
                "analysis.repeated",
                "A column of this table would have the name of another.",
                allowed=f"different variables, not called {', '.join(TABLE_COLUMNS)}",
            )
        ordered = tuple(sorted(positions))
        self._require_measured(len(ordered), COUNTS)
        numbers = cell_numbers(self.estimates, ordered, empty)
        names = [self.variables[position] for position in ordered]
        columns = [self._texts(name, cell, empty) for name, cell in zip(names, numbers.cells, strict=True)]
        frame = pl.DataFrame([*columns, numbers.counts, numbers.errors])
        count, error = pl.col("count"), pl.col("standard_error")
        limit = self._table_deviations(ordered) * error.round(ERROR_DECIMALS)
        return frame.select(
            *variables,
            count,
            error,
            low=(count - self.level.z * error).clip(lower_bound=0),
            high=(count + self.level.z * error).clip(lower_bound=0),
            too_few=(count.round(DECIMALS) < pl.max_horizontal(limit, self.rule.threshold)).fill_null(value=True),
        )

    # ---- inside -----------------------------------------------------------------------------------------------------

    @cached_property
    def questions(self) -> Questions:
        """What understands this release's names and codes."""
        return Questions(self.data.schema, self.groups)

    @cached_property
    def rule(self) -> Rule:
        """When a count of this release is too few to say."""
        privacy = self.data.privacy
        expected = float(privacy.get("expected_false", EXPECTED_FALSE))
        return Rule(float(privacy["threshold"]), expected, self.data.schema.sizes)

    def _table_deviations(self, positions: tuple[int, ...]) -> float:
        cells = math.prod(self.data.schema.sizes[position] - 1 for position in positions)
        return reporting_deviations(cells, len(positions), self.rule.expected_false)

    def _texts(self, name: str, cell: Cells, empty: bool) -> pl.Series:
        texts = [*([None] if empty else []), *self.data.schema[name].codes]
        return pl.Series(name, texts, pl.String).gather(cell)

    def _require_measured(self, length: int, source: str) -> None:
        if source not in (COUNTS, RECORDS):
            raise UserError("analysis.source", f"There is no source {source!r}.", allowed=f"{COUNTS}, {RECORDS}")
        if length > self.length and source == COUNTS:
            raise UserError(
                "analysis.too_long",
                f"This joins {length} variables; combinations of at most {self.length} were counted.",
                allowed=f"up to {self.length} variables together, the group or variable of a denominator included",
                do='Ask for less, or with source="records" for the number of the synthetic records within bounds.',
            )

    def _answer(self, quantity: Quantity, source: str) -> Answer:
        self._require_measured(len(quantity.part.attributes), source)
        whole = quantity.whole
        joined = whole is not None and len(whole.attributes) > self.length
        if source == RECORDS or joined:
            return self._bounded(quantity, source)
        return answer(self.estimates, self.rule, self.level, quantity) or self._unmeasured(quantity)

    def _bounded(self, quantity: Quantity, source: str) -> Answer:
        """From the measurements where they reach (unless the records are asked for), else from records in bounds."""
        half = replace(self.level, simultaneous=2 * self.level.simultaneous)  # two kinds of limits hold together
        part, few = self._side(quantity.part, source, half)
        if quantity.whole is None:
            return bounded_count(self.level, part, few)
        whole, _ = self._side(quantity.whole, source, half)
        tighter = 0.0, 1.0
        if source == COUNTS:
            queries = inequalities(self.estimates, quantity.whole)
            tighter = limits_of_share(self.estimates, half, quantity.part.query(), *queries)
        return bounded_share(self.level, part, whole, tighter, few)

    def _side(self, condition: Condition, source: str, level: Level) -> tuple[Interval, bool]:
        """A count with its interval or bounds, and whether it is too few to say."""
        if source == COUNTS and len(condition.attributes) <= self.length:
            found = answer(self.estimates, self.rule, level, Quantity(condition))
            if found is not None and found.value is not None:
                return Interval(found.value, found.low, found.high), found.too_few
        own = beyond(self.estimates, self.data.schema, self.data.synthetic, condition)
        tighter = limits_of_count(self.estimates, level, *inequalities(self.estimates, condition))
        low, high = both((own.low, own.high), tighter)
        value = min(high, max(low, own.value))
        return Interval(value, low, high), value < self.rule.threshold

    def _unmeasured(self, quantity: Quantity) -> Answer:
        """A combination so rare that it was left unmeasured: no estimate, but an upper bound."""
        unknown = nothing(self.level, quantity)
        if quantity.whole is not None:
            return unknown
        low, high = bounds(self.estimates, quantity.part)
        return replace(unknown, low=low, high=high)


def load(folder: str | Path, groups: Mapping[str, Collection[str]] | None = None) -> Analysis:
    """Open a release, or a folder that ``ctdc protect`` wrote, for questions.

    Of linked tables it counts people, and its `linked` linked rows. groups: name to the flags that share a denominator,
    of people; by default those of the release's codebook, which a folder of
    ``ctdc protect`` does not have. Raises UserError for a folder that is neither.
    """
    folder = Path(folder)
    data, vocabulary = _opened(folder)
    linked = data if isinstance(data, LinkedData) else None
    people = people_of(data)
    named = {group.id: group.variables for group in vocabulary.groups} if vocabulary else {}
    if groups is not None:
        named = {name: tuple(flags) for name, flags in groups.items()}
    for flags in named.values():
        Questions(people.schema, named).event(dict.fromkeys(flags, KNOWN))
    if linked is None:
        return Analysis(people, named, estimate(read_measurements(people.folder / MEASUREMENTS, people.schema)))
    links = _links(linked, vocabulary)
    return Analysis(people, named, links.estimates.people, links=links)


def _opened(folder: Path) -> tuple[ProtectedData | LinkedData, Vocabulary | None]:
    """The data of a release with its words, or of a protected folder, which has none."""
    if not (folder / MANIFEST).is_file():
        return read_linked(folder) if are_linked(folder) else read_protected(folder), None
    _, manifest = read_manifest(folder)
    return read_released(folder, manifest), read_vocabulary(folder / CODEBOOK)


def _links(data: LinkedData, vocabulary: Vocabulary | None) -> LinkedAnalysis:
    words = vocabulary.linked if vocabulary else None
    groups = {group.id: group.variables for group in words.groups} if words else {}
    measured = estimate(read_measurements(data.folder / MEASUREMENTS, data.domain.joint))
    length = int(data.main.privacy["length"])
    return LinkedAnalysis(data, groups, LinkedEstimates(data.domain, length, measured))
