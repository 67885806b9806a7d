"""Yearly cohorts: everybody is measured once, in the cohort of their first contribution, and cohorts are added up.

Promise: adding is post-processing. What is measured is linear in the records, so the sum of the cohorts' noisy integers
is what measuring all of them at once would have released, with the noise of each: variances add up, and every
estimate stays unbiased. Cohorts are different people, so a person pays for their own cohort only (parallel
composition) and the guarantee of the whole is the weakest of the cohorts' own. That they are different people is
declared by whoever makes the cohorts: it cannot be seen from the measurements, and this module cannot check it.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any

import numpy as np

from ctdc.foundation.documents import parse_json
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file
from ctdc.privacy.accounting import Cost, Guarantee
from ctdc.privacy.measure import Measurements
from ctdc.privacy.plan import Measurement, Plan
from ctdc.privacy.selection import Selection, wide_axes
from ctdc.privacy.stored import read_measurements
from ctdc.table.schema import Schema, read_schema

FOLDER = "cohorts"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
COMPOSITION = "parallel: each person is in one cohort, declared by the publisher, and pays for that cohort only"


def check_name(name: str) -> None:
    """Raise UserError (``cohorts.name``) for what cannot name a cohort, and so a file."""
    if not NAME.fullmatch(name):
        raise UserError(
            "cohorts.name",
            f"{name!r} cannot be the name of a cohort.",
            allowed="1 to 60 letters, digits, hyphens and underscores, a letter or digit first: it names a file",
            do="Name the cohort by its year: --cohort 2026.",
        )


@dataclass(frozen=True)
class Cohort:
    """The measurements of people who were new at one time. file: as it was written when they were measured."""

    name: str
    population: str
    guarantee: Guarantee
    measured_at: str
    measurements: Measurements
    file: Path

    def cost(self) -> Cost:
        """What a person of this cohort has paid: what was charged, never less than the noise that was used."""
        return self.measurements.cost()

    def facts(self) -> dict[str, Any]:
        """The cohort as JSON values for the privacy statement."""
        cost = self.cost()
        return {
            "name": self.name,
            "population": self.population,
            "epsilon": self.guarantee.epsilon,
            "delta": self.guarantee.delta,
            "certified_epsilon": cost.epsilon(self.guarantee.delta),
            "rho": cost.rho,
            "measured_at": self.measured_at,
            "measurements_sha256": hash_file(self.file),
        }


def _wrong(code: str, what: str, where: object = "", do: str = "") -> UserError:
    return UserError(
        f"cohorts.{code}",
        what,
        where=str(where),
        allowed="cohorts measured with the same schema and length, of different people, each one once",
        do=do or "Leave this cohort out, or measure its people anew, which they pay for.",
    )


def _like(one: Measurement, other: Measurement) -> bool:
    """Whether the integers of two measurements mean the same, so that they may be added."""
    return (one.attributes, one.shape, one.squared_sensitivity) == (
        other.attributes,
        other.shape,
        other.squared_sensitivity,
    )


def check_alike(one: Plan, other: Plan, where: object = "") -> None:
    """Raise UserError (``cohorts.schema``, ``cohorts.length``, ``cohorts.sets``) for plans that cannot be added."""
    if one.sizes != other.sizes:
        raise _wrong("schema", "Two cohorts were measured with different schemas.", where)
    if one.length != other.length:
        raise _wrong(
            "length",
            f"One cohort was measured at length {other.length}, one at {one.length}.",
            where,
            f"Measure the new people with --length {other.length}, which costs them no more.",
        )
    pairs = zip(one.measurements, other.measurements, strict=False)
    if len(one.measurements) != len(other.measurements) or not all(_like(*pair) for pair in pairs):
        raise _wrong("sets", "Two cohorts were measured with different sets of variables.", where)


def shared_selection(cohorts: Sequence[Measurements]) -> Selection | None:
    """The cells of thinned tables that all cohorts measured, for a new cohort to measure too; None without cohorts.

    It was chosen from noisy counts of other people than the new ones, and is as public as they are.
    """
    return reduce(and_, (cohort.selection for cohort in cohorts)) if cohorts else None


def _restricted(measurements: Measurements, selection: Selection) -> Measurements:
    """The measurements without the cells of thinned tables that another cohort has not measured."""
    sizes = measurements.plan.sizes
    values = {
        attributes: numbers[measurements.selection.rows(attributes, selection)]
        if wide_axes(sizes, attributes)
        else numbers
        for attributes, numbers in measurements.values.items()
    }
    return replace(measurements, values=values, selection=selection)


def combine(cohorts: Sequence[Measurements]) -> Measurements:
    """The sum of at least one cohort's measurements, as if all their people had been measured with all the noise.

    Of thinned tables it has the cells that all of them measured.
    scale and deviation are roots of the sums of squares; rho is the largest of the cohorts' (one person is in one of
    them). `plan.cost()` of the result is *not* what a person paid: see `heaviest`. Raises UserError as `check_alike`,
    and (``cohorts.unpublishable``) where a test's noise would be mixed with the real one.
    """
    first = cohorts[0]
    for other in cohorts[1:]:
        check_alike(first.plan, other.plan)
        if other.publishable != first.publishable:
            raise _wrong("unpublishable", "A cohort was measured with a test's noise, which protects nobody.")
    summed = tuple(
        replace(
            measurement,
            scale=math.hypot(*(cohort.plan.measurements[place].scale for cohort in cohorts)),
            deviation=math.hypot(*(cohort.plan.measurements[place].deviation for cohort in cohorts)),
        )
        for place, measurement in enumerate(first.plan.measurements)
    )
    selection = reduce(and_, (cohort.selection for cohort in cohorts))
    alike = [_restricted(cohort, selection) for cohort in cohorts]
    # Noise has a scale below 1e15, so 64-bit integers hold the sum of hundreds of cohorts.
    values = {key: np.stack([cohort.values[key] for cohort in alike]).sum(axis=0) for key in first.values}
    plan = replace(first.plan, measurements=summed)
    rho = max(cohort.rho for cohort in cohorts)
    return replace(
        first,
        plan=plan,
        values=values,
        rho=rho,
        selection=selection,
        charged=_largest([cohort.charged for cohort in cohorts]),
    )


def heaviest(cohorts: Sequence[Cohort]) -> Cost:
    """A cost that no person of any cohort exceeds: the largest of each amount."""
    return _largest([cohort.cost() for cohort in cohorts])


def _largest(costs: Sequence[Cost]) -> Cost:
    squares = [cost.mu_squared for cost in costs if cost.mu_squared is not None]
    return Cost(max(cost.rho for cost in costs), max(squares) if len(squares) == len(costs) else None)


def statement_facts(cohorts: Sequence[Cohort]) -> dict[str, Any]:
    """What the privacy statement says of the whole: the weakest guarantee among the cohorts, and each one's own."""
    delta = max(cohort.guarantee.delta for cohort in cohorts)
    return {
        "epsilon": max(cohort.guarantee.epsilon for cohort in cohorts),
        "delta": delta,
        "certified_epsilon": max(cohort.cost().epsilon(delta) for cohort in cohorts),
        "composition": COMPOSITION,
        "cohorts": [cohort.facts() for cohort in cohorts],
    }


def _read_one(file: Path, facts: dict[str, Any], name: str, schema: Schema) -> Cohort:
    check_name(name)
    guarantee = Guarantee(facts["epsilon"], facts["delta"])
    expected = facts.get("measurements_sha256")
    if expected is not None and file.is_file() and hash_file(file) != expected:
        raise _wrong("changed", "The measurements are not those that the privacy statement names.", file)
    cohort = Cohort(name, facts["population"], guarantee, facts["measured_at"], read_measurements(file, schema), file)
    if not cohort.cost().satisfies(guarantee):
        raise _wrong(
            "guarantee", "The noise of these measurements is too small for the guarantee that is stated.", file
        )
    return cohort


def read_cohorts(folder: Path, schema: Schema) -> tuple[Cohort, ...]:
    """The cohorts in a folder that ``ctdc protect`` wrote; one that was made without cohorts is a cohort itself.

    Raises UserError (``cohorts.folder``, ``.name``, ``.schema``, ``.changed``, ``.guarantee``).
    """
    try:
        facts = parse_json((folder / "privacy.json").read_bytes())
        found = read_schema(folder / "schema.json")
        listed = facts.get("cohorts")
        if found != schema:
            raise _wrong("schema", "This folder was measured with another schema than the new people.", folder)
        if listed is None:
            name = facts["population"].rpartition("/")[2]
            return (_read_one(folder / "measurements.parquet", facts, name, schema),)
        return tuple(_read_one(folder / FOLDER / f"{one['name']}.parquet", one, one["name"], schema) for one in listed)
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise _wrong(
            "folder", "This is not a folder that 'ctdc protect' wrote.", folder, "Give the folder whole."
        ) from None


def gather(folders: Sequence[Path], schema: Schema, name: str, *, anew: bool = False) -> tuple[Cohort, ...]:
    """The cohorts of several folders, each once however many of them hold it, for a new cohort called `name`.

    anew: the new cohort is one of them measured again (corrections, withdrawals); its old measurements are left out.
    Raises UserError (``cohorts.twice``) when one name stands for two measurements, or two names for one, for then
    people might be counted twice; (``cohorts.unknown``) when there is nothing to measure anew.
    """
    by_name: dict[str, Cohort] = {}
    by_hash: dict[str, str] = {}
    for folder in folders:
        for cohort in read_cohorts(folder, schema):
            known = by_hash.setdefault(hash_file(cohort.file), cohort.name)
            if by_name.setdefault(cohort.name, cohort).file != cohort.file and (
                hash_file(by_name[cohort.name].file) != hash_file(cohort.file)
            ):
                raise _wrong("twice", f"There are two different cohorts called {cohort.name!r}.", folder)
            if known != cohort.name:
                raise _wrong("twice", f"{known!r} and {cohort.name!r} are one cohort under two names.", folder)
    if anew and by_name.pop(name, None) is None:
        raise _wrong(
            "unknown", f"There is no cohort {name!r} in these folders to measure anew.", do="Name one that is."
        )
    if name in by_name:
        raise _wrong(
            "twice",
            f"The cohort {name!r} is among those to be added already.",
            by_name[name].file,
            "Name the new cohort otherwise. If CASES are its people, corrected: --replace-cohort; they pay again.",
        )
    return tuple(by_name.values())


def keep(folder: Path, cohorts: Sequence[Cohort]) -> None:
    """Copy each cohort's measurements below `folder`, byte for byte: for the next release, and for whoever checks."""
    (folder / FOLDER).mkdir()
    for cohort in cohorts:
        shutil.copyfile(cohort.file, folder / FOLDER / f"{cohort.name}.parquet")
