"""``ctdc compare``: ways of making a table anonymous, side by side, for the steward."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import emit, json_option, names_given, private_out_option, progress_bars
from ctdc.privacy.attacks.findings import UNFIT, AttackSettings
from ctdc.privacy.evaluation.comparison_page import error, kept, lost, withheld, worst_of
from ctdc.workflow.anonymise import read_hierarchies
from ctdc.workflow.compare import OURS, TOOL, Comparison, Tool, compare_file, write_comparison
from ctdc.workflow.private import check_out

UNFIT_TEXT = "The two halves are not alike: nothing follows from these attacks."


def _numbers(_: click.Context, __: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in value.split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"{value!r} is not numbers with commas between") from None


def _tools(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[Tool, ...]:
    found = []
    for value in values:
        name, equals, command = value.partition("=")
        if not (name and equals and "{in}" in command and "{out}" in command):
            raise click.BadParameter(f"{value!r} is not NAME=COMMAND with {{in}} and {{out}}")
        found.append(Tool(name, command))
    return tuple(found)


def _title(way: Mapping[str, Any], k: int) -> str:
    if way["kind"] == OURS:
        return f"differential privacy, epsilon {way['epsilon']:g}"
    if way["kind"] == TOOL:
        return str(way["name"])
    words = {"redacted": "records removed", "local": "cells suppressed", "coarser": "values coarser"}
    return f"{words[way['kind']]}, k = {k}"


def _share(value: float | None) -> str:
    return "nothing left" if value is None else f"{value:.1%}"


def _lines(report: Mapping[str, Any]) -> list[str]:
    last = report["length"] - 1
    lines = []
    for way in report["ways"]:
        parts = [f"{way['records']:,} records"]
        if (left := kept(way, report["people"])) is not None:
            parts.append(
                f"{left:.1%} of the people kept, {withheld(way) if way['withheld'] else 1:.1%} of cells withheld"
            )
        parts.append(f"counts of 101 to 1,000 wrong by {_share(error(way, last))}")
        parts.append(f"smaller ones lost: {_share(lost(way, last))}")
        lines.append(f"{_title(way, report['k'])}: {'; '.join(parts)}")
    return lines


def _attacks(report: Mapping[str, Any]) -> list[str]:
    if report["attacks"] is None:
        return []
    by_name = {way["name"]: way for way in report["ways"]}
    lines = [UNFIT_TEXT] if report["attacks"]["verdict"] == UNFIT else []
    for one in report["attacks"]["candidates"]:
        worst = worst_of(one)
        found = (
            f"{worst['attack']} succeeds {worst['difference']:.1%} more often on people who are in it "
            f"({worst['low']:.1%} to {worst['high']:.1%})"
            if worst
            else _nothing(one["smallest"])
        )
        lines.append(f"Attacks on {_title(by_name[one['name']], report['k'])}: {found}")
    return lines


def _nothing(smallest: float | None) -> str:
    if smallest is None:
        return "nothing found, but a leak of any size would have been missed too"
    return f"nothing found; a leak of {smallest:.1%} would have been"


def _text(report: Mapping[str, Any], out: tuple[Path, ...]) -> str:
    grown = report["successive"]
    lines = [
        report["notice"],
        f"{report['people']:,} people, quasi-identifiers {', '.join(report['quasi'])}.",
        *_lines(report),
        *_attacks(report),
        f"Subtracting two k-anonymous files in succession leaves {grown['people']:,} of {grown['newcomers']:,} new "
        f"people in groups below {report['k']}, {grown['alone']:,} alone.",
    ]
    return "\n".join([*lines, *(f"Written: {path}" for path in out)])


@click.command(epilog="Example: ctdc compare cases.csv --quasi year,gender,age,citizenship --out comparison.html")
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--quasi", required=True, callback=names_given, help="Columns by which people could be found again.")
@click.option("--k", type=int, default=11, show_default=True, help="Fewest records that must look alike in them.")
@click.option("--epsilon", "epsilons", default="1,2,4,12", show_default=True, callback=_numbers, help="Of protections.")
@click.option("--delta", type=float, default=1e-6, show_default=True, help="Of protections.")
@click.option("--length", type=click.IntRange(1, 3), default=3, show_default=True, help="Longest combination.")
@click.option("--profile", help="Release profile of the standard; found from the columns when left out.")
@click.option("--schema", type=click.Path(path_type=Path), help="Table Schema that declares every column.")
@click.option("--hierarchies", type=click.Path(path_type=Path), help="TOML file of how values become coarser.")
@click.option(
    "--tool",
    "tools",
    multiple=True,
    callback=_tools,
    metavar="NAME=COMMAND",
    help="Somebody else's program: {in}, {out}.",
)
@click.option("--facts/--no-facts", default=True, help="Whether protections keep to what is true by definition.")
@click.option("--settings", type=click.Path(path_type=Path), help="TOML file of subgroups and regressions.")
@click.option("--attacks", type=int, default=5000, show_default=True, help="People attacked of each kind; 0 for none.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of records, halves and attacks.")
@private_out_option
@json_option
def command(
    table: Path,
    quasi: tuple[str, ...],
    k: int,
    epsilons: tuple[float, ...],
    delta: float,
    length: int,
    profile: str | None,
    schema: Path | None,
    hierarchies: Path | None,
    tools: tuple[Tool, ...],
    facts: bool,
    settings: Path | None,
    attacks: int,
    seed: int,
    out: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Make TABLE anonymous in several ways and compare what is lost, distorted and given away.

    Removal of records, suppression of cells, other tools, and protections at several epsilons. The protections are
    trials: nothing of them is kept, charged or may be published. The report is never to be published either.
    """
    wish = Comparison(
        quasi=quasi,
        k=k,
        epsilons=epsilons,
        delta=delta,
        length=length,
        levels=read_hierarchies(hierarchies),
        tools=tools,
        attacks=AttackSettings(attacks=attacks, seed=seed) if attacks else None,
        seed=seed,
    )
    for path in out:
        check_out(path)
    with progress_bars(quiet=as_json) as progress:
        report = compare_file(table, wish, profile, schema, facts=facts, settings=settings, progress=progress)
    for path in out:
        write_comparison(path, report)
    emit(report, as_json, _text(report, out))
