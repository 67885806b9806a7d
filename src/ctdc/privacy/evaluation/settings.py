"""What is evaluated besides all combinations: groups of flags, subgroups of people, regressions, the variable of time.

Promise: immutable; names and codes only, nothing that was found in data. Whoever evaluates a table decides these before
looking, which is what "pre-registered" means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ctdc.foundation.errors import UserError
from ctdc.table.schema import Schema

LONGEST = 3
FLAG_CODES = 1  # a variable of one code is a flag: empty may mean "no", and only its group can tell


@dataclass(frozen=True)
class Subgroup:
    """People with any of `codes` of `variable`. family: what it is compared within; labels: language to name."""

    family: str
    name: str
    variable: str
    codes: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Regression:
    """A logistic regression of having any of `codes` of `outcome` on the codes of `predictors`.

    People count who are known in all these variables: in a flag of a group, if they have any answer in the group. The
    reference of a predictor is its most frequent code in the true table; of a flag, not having it.
    """

    name: str
    outcome: str
    codes: tuple[str, ...]
    predictors: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """length: longest combination, 1 to 3; groups: name to the flags that share a denominator; time: the variable whose
    codes are whole numbers in order, None for no trends; top: length of rankings; resamples: draws of the truth for the
    propensity score's null; most_sets: combinations of variables of one length, beyond which a seeded sample is taken;
    most_people: of each table in the propensity score; seed: of resampling, which is no privacy noise.
    """

    length: int = LONGEST
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    subgroups: tuple[Subgroup, ...] = ()
    regressions: tuple[Regression, ...] = ()
    time: str | None = None
    top: int = 5
    resamples: int = 10
    most_sets: int = 5000
    most_people: int = 250_000
    seed: int = 1


def check_settings(settings: Settings, schema: Schema) -> None:
    """Raise UserError (``evaluate.settings``) for settings that do not fit the table's schema."""
    if not 1 <= settings.length <= LONGEST:
        raise _wrong(f"The length is {settings.length}", f"1 to {LONGEST}")
    for name, least in (("top", 1), ("resamples", 2), ("most_sets", 1), ("most_people", 1)):
        if getattr(settings, name) < least:
            raise _wrong(f"{name} is {getattr(settings, name)}", f"at least {least}")
    for group, members in settings.groups.items():
        for member in members:
            _check(schema, f"group {group!r}", member, ())
    for subgroup in settings.subgroups:
        _check(schema, f"subgroup {subgroup.name!r}", subgroup.variable, subgroup.codes)
        if not subgroup.codes:
            raise _wrong(f"The subgroup {subgroup.name!r} has no codes", "at least one")
    for one in settings.regressions:
        _check_regression(settings, schema, one)
    if settings.time is not None:
        _check(schema, "the variable of time", settings.time, ())
        if not all(code.lstrip("-").isdigit() for code in schema[settings.time].codes):
            raise _wrong(f"The codes of {settings.time!r} are not whole numbers", "a variable such as a year")


def _check_regression(settings: Settings, schema: Schema, one: Regression) -> None:
    where = f"regression {one.name!r}"
    _check(schema, where, one.outcome, one.codes)
    if not one.codes or not one.predictors:
        raise _wrong(f"The {where} has no {'predictor' if one.codes else 'code of its outcome'}", "at least one")
    if one.outcome in one.predictors or len(set(one.predictors)) < len(one.predictors):
        raise _wrong(f"The {where} names a variable twice", "an outcome, and other variables as predictors")
    grouped = {member for members in settings.groups.values() for member in members}
    for name in (one.outcome, *one.predictors):
        _check(schema, where, name, ())
        if len(schema[name].codes) == FLAG_CODES and name not in grouped:
            raise _wrong(
                f"The {where} uses {name!r}, whose empty cells may mean no or not known",
                "variables of several codes, or flags of a group in [groups]",
            )


def _check(schema: Schema, where: str, name: str, codes: tuple[str, ...]) -> None:
    if name not in schema.names:
        raise _wrong(f"The {where} names {name!r}, which is no variable", ", ".join(schema.names))
    for code in codes:
        if code not in schema[name].index:
            raise _wrong(f"The {where} names {code!r}, which is no code of {name!r}", "codes of the schema")


def _wrong(what: str, allowed: str) -> UserError:
    return UserError(
        "evaluate.settings", f"{what}.", allowed=allowed, do="Correct the settings; see docs/how-to/evaluate.md."
    )
