"""What is evaluated, from a TOML file: subgroups, regressions, groups of flags, the variable of time.

Promise: an unknown key or name in a person's file is an error, never ignored. The file that is shipped for the
standard's profiles holds entries for all of them, of which each table takes those that it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ctdc.foundation.collaborative import current
from ctdc.foundation.errors import UserError
from ctdc.privacy.evaluation.settings import Regression, Settings, Subgroup, check_settings
from ctdc.standard.loader import load
from ctdc.table.schema import Schema
from ctdc.workflow.documents import read_toml_as

DEFAULTS = current().part("evaluation")  # of the collaborative that is served, if it has any
Labels = Mapping[str, str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SubgroupSpec(_Strict):
    """Some codes of a variable, each code of it, or UN regions of its countries: one of the three."""

    family: str
    variable: str
    name: str = ""
    codes: list[str] = Field(default_factory=list)
    each: bool = False
    standard: Literal["region", "subregion"] | None = None
    labels: dict[str, str] = Field(default_factory=dict)


class RegressionSpec(_Strict):
    """One logistic regression; see `Regression`."""

    name: str
    outcome: str
    codes: list[str]
    predictors: list[str]
    labels: dict[str, str] = Field(default_factory=dict)


class EvaluationSpec(_Strict):
    """The whole file."""

    time: str | None = None
    top: int | None = None
    length: int | None = None
    resamples: int | None = None
    groups: dict[str, list[str]] | None = None
    families: dict[str, dict[str, str]] = Field(default_factory=dict)
    subgroup: list[SubgroupSpec] = Field(default_factory=list)
    regression: list[RegressionSpec] = Field(default_factory=list)


SPEC = TypeAdapter(EvaluationSpec)


@dataclass(frozen=True)
class Plan:
    """Settings, and the names of families of subgroups in each language."""

    settings: Settings
    families: Mapping[str, Labels] = field(default_factory=dict)


def read_spec(path: Path) -> EvaluationSpec:
    """The content of a file. Raises UserError (``evaluate.settings_file``)."""
    fields = ", ".join(EvaluationSpec.model_fields)
    return read_toml_as(SPEC, path, "evaluate.settings_file", fields, "See docs/how-to/evaluate.md.")


def plan_of(schema: Schema, groups: Mapping[str, tuple[str, ...]], path: Path | None, *, standard: bool) -> Plan:
    """What is evaluated of a table. path: a person's file, None for what is shipped.

    groups: of the table, unless the file has others; standard: whether the table is in a profile of the standard, since
    for others nothing is shipped. Raises UserError (``evaluate.settings``, ``evaluate.settings_file``).
    """
    if path is not None:
        spec = read_spec(path)
    else:
        spec = _fitting(read_spec(DEFAULTS), schema) if standard and DEFAULTS else EvaluationSpec()
    chosen = {name: value for name in ("top", "length", "resamples") if (value := getattr(spec, name)) is not None}
    settings = Settings(
        groups=dict(groups) if spec.groups is None else {name: tuple(flags) for name, flags in spec.groups.items()},
        subgroups=tuple(subgroup for one in spec.subgroup for subgroup in _subgroups(one, schema)),
        regressions=tuple(
            Regression(one.name, one.outcome, tuple(one.codes), tuple(one.predictors), one.labels)
            for one in spec.regression
        ),
        time=spec.time,
        **chosen,
    )
    check_settings(settings, schema)
    return Plan(settings, spec.families)


def _fitting(spec: EvaluationSpec, schema: Schema) -> EvaluationSpec:
    """Of the shipped entries those that a table of this schema can have, and of their codes those that it has."""
    subgroups, regressions = [], []
    for one in spec.subgroup:
        codes = [code for code in one.codes if one.variable in schema.names and code in schema[one.variable].index]
        if one.variable in schema.names and (codes or not one.codes):
            subgroups.append(one.model_copy(update={"codes": codes}))
    for model in spec.regression:
        if {model.outcome, *model.predictors} <= set(schema.names):
            regressions.append(model)
    time = spec.time if spec.time in schema.names else None
    return spec.model_copy(update={"subgroup": subgroups, "regression": regressions, "time": time})


def _subgroups(one: SubgroupSpec, schema: Schema) -> Iterator[Subgroup]:
    given = [bool(one.codes), one.each, one.standard is not None]
    if sum(given) != 1 or bool(one.codes) != bool(one.name):
        raise UserError(
            "evaluate.settings_file",
            f"A subgroup of {one.variable!r} says {sum(given)} things.",
            allowed='"codes" with a "name", or "each", or "standard"',
            do="See docs/how-to/evaluate.md.",
        )
    if one.codes:
        yield Subgroup(one.family, one.name, one.variable, tuple(one.codes), one.labels)
    elif one.variable not in schema.names:
        yield Subgroup(one.family, one.variable, one.variable, ("",))  # refused with all names that there are
    elif one.each:
        yield from (Subgroup(one.family, code, one.variable, (code,)) for code in schema[one.variable].codes)
    else:
        yield from _regions(one, schema)


def _regions(one: SubgroupSpec, schema: Schema) -> Iterator[Subgroup]:
    """Countries by UN region or sub-region, ISO 3166-1 codes of two or three letters."""
    lists = load().code_lists
    found: dict[str, list[str]] = {}
    for code in schema[one.variable].codes:
        country = lists["country" if len(code) == 3 else "country_alpha2"].by_code.get(code)
        if country is not None and country.parent:
            subregion = lists["m49_subregion"].by_code[country.parent]
            found.setdefault(subregion.parent if one.standard == "region" else subregion.code, []).append(code)
    for area in lists["m49_region" if one.standard == "region" else "m49_subregion"].codes:
        if area.code in found:
            yield Subgroup(one.family, f"M49 {area.code}", one.variable, tuple(found[area.code]), dict(area.labels))
