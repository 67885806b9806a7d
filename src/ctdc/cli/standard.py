"""``ctdc standard``: look at the shared language and write it for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.cells import cell_len

from ctdc.cli.common import emit, json_option
from ctdc.foundation.files import write_text
from ctdc.standard import load
from ctdc.standard.export import to_csv, to_dict, variable_dict
from ctdc.standard.languages import DEFAULT, LANGUAGES
from ctdc.standard.model import Profile, ProfileColumn, Standard, VariableDef
from ctdc.standard.reference import to_markdown

NEWEST_PROTECTED = "synthetic-2024"  # the shape that 'ctdc protect' publishes by default
FORMATS = ("csv", "json", "table-schema", "markdown")
MOST_CODES = 30

language_option = click.option(
    "--language", type=click.Choice(LANGUAGES), default=DEFAULT, show_default=True, help="Language of labels."
)


@click.group()
def command() -> None:
    """The variables, codes and labels of the standard."""


@command.command()
@click.argument("variable", required=False)
@language_option
@click.option("--all-codes", is_flag=True, help="Also write out lists of more than 30 codes.")
@json_option
def show(variable: str | None, language: str, all_codes: bool, as_json: bool) -> None:
    """List all variables, or describe VARIABLE (a variable of the standard or a column of a profile)."""
    standard = load()
    if variable is None:
        emit(_overview(standard), as_json, _overview_text(standard, language))
        return
    found, columns = _find(standard, variable)
    result = _description(standard, found, columns)
    emit(result, as_json, _description_text(standard, found, columns, language, all_codes))


def _overview(standard: Standard) -> dict[str, Any]:
    variables = (*standard.variables.values(), *standard.derived.values())
    return {
        "version": standard.version,
        "variables": [variable_dict(one) for one in variables],
        "profiles": {profile.id: list(profile.names) for profile in standard.profiles.values()},
    }


def _overview_text(standard: Standard, language: str) -> str:
    variables = (*standard.variables.values(), *standard.derived.values())
    width = max(cell_len(one.name) for one in variables)
    lines = [f"Standard {standard.version}: {len(standard.variables)} harmonised variables, * marks derived ones", ""]
    for group in standard.groups.values():
        lines.append(click.style(group.labels[language], bold=True))
        for one in variables:
            if one.group == group.id:
                mark = "*" if one.is_derived else " "
                lines.append(f" {mark} {one.name:<{width}}  {one.kind:<4}  {one.labels[language]}")
        lines.append("")
    lines.append(click.style("Profiles", bold=True))
    for profile in standard.profiles.values():
        lines.append(f"   {profile.id:<25} {len(profile.columns):>2} columns  {profile.title[language]}")
    return "\n".join(lines)


def _find(standard: Standard, name: str) -> tuple[VariableDef, list[tuple[Profile, ProfileColumn]]]:
    """The variable of that name, or the one that a profile shows under that name; and every column that shows it."""
    shown = [(profile, column) for profile in standard.profiles.values() for column in profile.columns]
    published = {column.name: column.variable for _, column in shown}
    known = name in standard.variables or name in standard.derived
    variable = standard.variable(name if known else published.get(name, name))
    return variable, [(profile, column) for profile, column in shown if column.variable == variable.name]


def _description(
    standard: Standard, variable: VariableDef, columns: list[tuple[Profile, ProfileColumn]]
) -> dict[str, Any]:
    codes = standard.code_lists[variable.code_list].codes
    return {
        **variable_dict(variable),
        "codes": [{"code": code.code, "labels": dict(code.labels)} for code in codes],
        "profiles": [
            {"profile": profile.id, "column": column.name, "codes": list(column.codes)} for profile, column in columns
        ],
    }


def _description_text(
    standard: Standard,
    variable: VariableDef,
    columns: list[tuple[Profile, ProfileColumn]],
    language: str,
    all_codes: bool,
) -> str:
    rule = "cases with any answer in the group" if variable.denominator else "cases in which it is known"
    facts = [
        ("Group", standard.groups[variable.group].labels[language]),
        ("Kind", variable.kind),
        ("Derived", f"{variable.rule} of {', '.join(variable.sources)}" if variable.is_derived else ""),
        ("Shares of", rule),
        ("Source", variable.source),
    ]
    lines = [
        f"{click.style(variable.name, bold=True)}  {variable.labels[language]}",
        variable.definitions[language],
        "",
    ]
    lines += [f"{name + ':':<11}{text}" for name, text in facts if text]
    lines += ["", "Codes:", *_codes_text(standard, variable, language, all_codes), "", "Published as:"]
    lines += [f"  {profile.id:<25} {column.name} ({_count(column.codes)})" for profile, column in columns]
    return "\n".join(lines if columns else lines[:-2])


def _count(codes: tuple[str, ...]) -> str:
    return f"{len(codes)} codes" if len(codes) != 1 else "1 code"


def _codes_text(standard: Standard, variable: VariableDef, language: str, all_codes: bool) -> list[str]:
    codes = standard.code_lists[variable.code_list].codes
    shown = codes if all_codes or len(codes) <= MOST_CODES else codes[:10]
    width = max(cell_len(code.code) for code in shown)
    lines = [f"  {code.code:<{width}}  {code.labels[language]}" for code in shown]
    if len(shown) < len(codes):
        lines.append(f"  ... and {len(codes) - len(shown)} more (--all-codes shows them)")
    return lines


@command.command()
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True, help="Form to write.")
@click.option(
    "--profile",
    "profile_id",
    help=f"Only this profile's columns (csv, table-schema). A table schema without it is that of {NEWEST_PROTECTED}.",
)
@language_option
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; standard output otherwise."
)
def export(form: str, profile_id: str | None, language: str, out: Path | None) -> None:
    """Write the standard for other programs: codebook as csv or json, a table schema, or the reference page."""
    standard = load()
    profile = standard.profile(profile_id) if profile_id else None
    if profile is not None and form not in ("csv", "table-schema"):
        raise click.UsageError(f"--profile goes with csv and table-schema; {form} is always the whole standard.")
    text = _export_text(standard, form, profile, language)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)
        click.echo(f"Wrote {out}.", err=True)


def _export_text(standard: Standard, form: str, profile: Profile | None, language: str) -> str:
    if form == "csv":
        return to_csv(standard, profile)
    if form == "markdown":
        return to_markdown(standard)
    chosen = profile or standard.profile(NEWEST_PROTECTED)
    document = chosen.table_schema(language) if form == "table-schema" else to_dict(standard)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
