"""``ctdc protect``: from case records to protected counts and synthetic records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import emit, json_option, progress_bars
from ctdc.workflow.protect import protect


def _of_cohorts(statement: dict[str, Any]) -> list[str]:
    """What the reader of a release of cohorts has to know and the engine cannot check."""
    cohorts = statement.get("cohorts", [])
    if not cohorts:
        return []
    listed = ", ".join(f"{cohort['name']} (epsilon {cohort['epsilon']:g})" for cohort in cohorts)
    return [
        f"Cohorts added up: {listed}. Each person pays for their own cohort only, so that epsilon "
        f"{statement['epsilon']:g} holds for all. This is so if nobody is in two of "
        "them, which cannot be seen from the data: you declare it. Whoever is in two is counted twice and pays twice.",
    ]


def _notice(text: str) -> None:
    click.echo(click.style("Notice: ", fg="yellow", bold=True) + text, err=True)


def _summary(statement: dict[str, Any], out: Path) -> str:
    total = statement["total"]
    paid = [statement, *statement.get("cohorts", [])][-1]  # the new cohort stands last
    errors = statement["expected_standard_error"]
    lines = [
        f"Protected: epsilon {paid['epsilon']:g}, delta {paid['delta']:g} "
        f"(rho {paid['rho']:.6f}), charged to {statement['population']!r}.",
        f"Estimated people: {total['count']:,.0f}, standard error {total['standard_error']:,.1f}. "
        f"{statement['records']:,} synthetic records.",
        "Standard error of a count of 1, 2, 3 ... characteristics (median): "
        + ", ".join(f"{errors[length]['median']:.1f}" for length in sorted(errors) if length != "0"),
        *_of_cohorts(statement),
        f"Everything is in {out}; open {out / 'report.html'} to read what it means.",
    ]
    return "\n".join(lines)


@click.command(epilog="Example: ctdc protect cases.parquet --epsilon 2 --delta 1e-6 --out protected")
@click.argument("cases", type=click.Path(path_type=Path))
@click.option("--epsilon", type=float, required=True, help="Strength of the protection; smaller is safer.")
@click.option("--delta", type=float, default=1e-6, show_default=True, help="Must be far below 1 / number of people.")
@click.option("--length", type=int, default=3, show_default=True, help="Longest combination that is counted, 1 to 4.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder for the results.")
@click.option("--profile", help="Release profile of the standard; found from the columns when left out.")
@click.option("--schema", type=click.Path(path_type=Path), help="Table Schema with the codes of every column.")
@click.option("--ledger", type=click.Path(path_type=Path), help="Privacy ledger; default ledger.jsonl beside --out.")
@click.option("--population", default="default", show_default=True, help="Whose privacy budget is charged.")
@click.option("--cohort", default="", help="Name of CASES when all of them are new people: 2026 charges default/2026.")
@click.option(
    "--add-cohorts",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Folder of an earlier protection, whose people are added without paying again. May be repeated.",
)
@click.option(
    "--replace-cohort",
    is_flag=True,
    help="CASES are the people of --cohort again, corrected: its old measurements are left out. They pay again.",
)
@click.option("--threshold", type=float, default=10, show_default=True, help="Counts below it are too few to say.")
@click.option(
    "--aggregates",
    type=click.Choice(["threshold", "all"]),
    default="threshold",
    show_default=True,
    help="List combinations that reach the threshold, or all of them.",
)
@click.option("--seed", type=int, help="Of the record synthesis, after the noise; the noise itself has no seed.")
@json_option
def command(cases: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Protect CASES (csv or parquet, empty means missing) with differential privacy.

    CASES are harmonised cases, a table in a release profile's columns, or any categorical table with --schema. The
    ledger is charged before anything is measured: a run that is stopped after that has spent its budget.
    """
    with progress_bars(quiet=as_json) as progress:
        statement = protect(cases, out, notice=_notice, progress=progress, **options)
    emit({"out": str(out), "privacy": statement}, as_json, _summary(statement, out))
