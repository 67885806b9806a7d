"""``ctdc protect``: from case records to protected counts and synthetic records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import check_one_length, combinations, emit, json_option, progress_bars, workload_option
from ctdc.workflow.protect import protect


def _summary(statement: dict[str, Any], out: Path) -> str:
    total = statement["total"]
    errors = statement["expected_standard_error"]
    sets = {int(length): count for length, count in statement["sets_by_length"].items()}
    lines = [
        f"Protected: epsilon {statement['epsilon']:g}, delta {statement['delta']:g} "
        f"(rho {statement['rho']:.6f}), charged to {statement['population']!r}.",
        f"Estimated people: {total['count']:,.0f}, standard error {total['standard_error']:,.1f}. "
        f"{statement['records']:,} synthetic records.",
        f"Measured: {combinations(statement['length'], sets)} ({statement['measurements']:,} tables).",
        "Standard error of a count of 1, 2, 3 ... characteristics (median): "
        + ", ".join(f"{errors[length]['median']:.1f}" for length in sorted(errors) if length != "0"),
        f"Everything is in {out}; open {out / 'report.html'} to read what it means.",
    ]
    return "\n".join(lines)


@click.command(epilog="Example: ctdc protect cases.parquet --epsilon 2 --delta 1e-6 --out protected")
@click.argument("cases", type=click.Path(path_type=Path))
@click.option("--epsilon", type=float, required=True, help="Strength of the protection; smaller is safer.")
@click.option("--delta", type=float, default=1e-6, show_default=True, help="Must be far below 1 / number of people.")
@click.option("--length", type=int, default=3, show_default=True, help="Longest combination that is counted, 1 to 4.")
@workload_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder for the results.")
@click.option("--profile", help="Release profile of the standard; found from the columns when left out.")
@click.option("--schema", type=click.Path(path_type=Path), help="Table Schema with the codes of every column.")
@click.option("--ledger", type=click.Path(path_type=Path), help="Privacy ledger; default ledger.jsonl beside --out.")
@click.option("--population", default="default", show_default=True, help="Whose privacy budget is charged.")
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
    check_one_length(options["workload"])
    with progress_bars(quiet=as_json) as progress:
        statement = protect(cases, out, progress=progress, **options)
    emit({"out": str(out), "privacy": statement}, as_json, _summary(statement, out))
