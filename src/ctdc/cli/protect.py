"""``ctdc protect``: from case records to protected counts and synthetic records."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import (
    Location,
    check_one_length,
    combinations,
    comma_names,
    emit,
    engine_of,
    engine_options,
    json_option,
    progress_bars,
    workload_option,
)
from ctdc.cli.precheck import precheck_text
from ctdc.table.shapes import SHAPES
from ctdc.workflow.any_table import Choices
from ctdc.workflow.protect import Linked, check, protect

HINT = "Hint: with --cases N (about how many people) you are warned, before anything is charged, if they are too few."


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


def _of_few_people(statement: dict[str, Any]) -> list[str]:
    """That less was measured than was asked for, where it was."""
    length, asked = statement["length"], statement["asked_length"]
    if length == asked:
        return []
    return [
        f"For so few people combinations of {length + 1} and more would have been nothing but noise: measured up to "
        f"{length} instead of {asked}, with the budget of all."
    ]


def _worse(lengths: list[int]) -> str:
    named = " and ".join(map(str, lengths))
    return (
        f"Failure: for combinations of {named} variables the synthetic records fit the counts worse than records whose "
        "columns are drawn independently of each other. Use the counts, not the records; or protect fewer variables, "
        "or a smaller --length. What was measured is paid for, and everything was written."
    )


def _notice(text: str) -> None:
    click.echo(click.style("Notice: ", fg="yellow", bold=True) + text, err=True)


def _summary(statement: dict[str, Any], out: Path) -> str:
    total = statement["total"]
    paid = [statement, *statement.get("cohorts", [])][-1]  # the new cohort stands last
    errors = statement["expected_standard_error"]
    sets = {int(length): count for length, count in statement["sets_by_length"].items()}
    lines = [
        f"Protected: epsilon {paid['epsilon']:g}, delta {paid['delta']:g} "
        f"(rho {paid['rho']:.6f}), charged to {statement['population']!r}.",
        f"Estimated people: {total['count']:,.0f}, standard error {total['standard_error']:,.1f}. "
        f"{statement['records']:,} synthetic records.",
        f"Measured: {combinations(statement['length'], sets)} ({statement['measurements']:,} tables).",
        "Standard error of a count of 1, 2, 3 ... characteristics (median): "
        + ", ".join(f"{errors[length]['median']:.1f}" for length in sorted(errors) if length != "0"),
        *_of_few_people(statement),
        *_of_cohorts(statement),
        *_of_linked(statement),
        f"Everything is in {out}; open {out / 'report.html'} to read what it means.",
    ]
    return "\n".join(lines)


def _warn(text: str) -> None:
    click.echo(click.style("Warning: ", fg="yellow", bold=True) + text, err=True)


def _linked(options: dict[str, Any]) -> Linked | None:
    """What --linked and the options that go with it say."""
    names = ("linked", "linked_schema", "link", "max_links")
    path, schema, link, most = (options.pop(name) for name in names)
    number = options.pop("number_name")
    if path is schema is link is most is None:
        return None
    if path is None or schema is None or link is None or most is None:
        raise click.UsageError("--linked, --linked-schema, --link and --max-links go together.")
    if options["workload"] or options["shapes"] or options["cohort"] or options["people"] is not None:
        raise click.UsageError("--workload, --format, --cohort and --cases are for one table, not for --linked.")
    return Linked(path, schema, link, most, number)


def _of_linked(statement: dict[str, Any]) -> list[str]:
    """How many linked rows there are, and how many did not count."""
    if "linked" not in statement:
        return []
    linked = statement["linked"]
    count, left_out = linked["count"], linked["left_out"]
    return [
        f"Estimated linked rows: {count['count']:,.0f}, standard error {count['standard_error']:,.1f}. "
        f"{linked['rows']:,} synthetic ones. Of each person at most {linked['most']} count; estimated left out: "
        f"{max(0, left_out['rows']['count']):,.0f} rows, standard error {left_out['rows']['standard_error']:,.1f}, "
        f"of each person at most {left_out['at_most_counted']} being counted.",
        "A linked row that several people share is protected with each of them alone, not once and for all.",
    ]


def _choices(subject_id: str | None, columns: str | None, max_rows: int | None) -> Choices:
    return Choices(subject_id, None if columns is None else comma_names(columns), max_rows)


@click.command(epilog="Example: ctdc protect cases.parquet --epsilon 2 --delta 1e-6 --out protected")
@click.argument("cases", type=Location())
@click.option("--epsilon", type=float, required=True, help="Strength of the protection; smaller is safer.")
@click.option("--delta", type=float, default=1e-6, show_default=True, help="Must be far below 1 / number of people.")
@click.option("--length", type=int, default=3, show_default=True, help="Longest combination that is counted, 1 to 4.")
@workload_option
@click.option("--out", type=click.Path(path_type=Path), help="New folder for the results. Needed unless --check.")
@click.option("--profile", help="Release profile of the standard; found from the columns when left out.")
@click.option("--schema", type=click.Path(path_type=Path), help="Table Schema that declares every column.")
@click.option("--subject-id", help="With --schema: column that says whose row it is; a person's rows are merged.")
@click.option("--columns", help="With --schema: columns to use, separated by commas; others are left alone.")
@click.option("--max-rows", type=int, help="With --schema: refuse a file with more rows.")
@click.option(
    "--format",
    "shapes",
    type=click.Choice(SHAPES),
    multiple=True,
    help="Shape of the synthetic records, repeatable: wide (always written), condensed, long.",
)
@click.option("--linked", type=click.Path(path_type=Path), help="File of rows that belong to the people of CASES.")
@click.option("--linked-schema", type=click.Path(path_type=Path), help="Table Schema of the file of linked rows.")
@click.option("--link", help="With --linked: column of both files that says whose row it is. It is never published.")
@click.option("--max-links", type=int, help="With --linked: so many linked rows of a person count, 1 to 10.")
@click.option("--number-name", default="links", show_default=True, help="With --linked: name of their number.")
@click.option("--check", "only_check", is_flag=True, help="Say what could be shown, from public facts; charge nothing.")
@click.option("--cases", "people", type=int, help="About how many people, to be warned of what could not be shown.")
@click.option("--anyway", is_flag=True, help="Go on although of --cases people nothing but noise could come out.")
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
@click.option(
    "--facts/--no-facts",
    default=True,
    show_default=True,
    help="Refuse cases that contradict what is true by definition, and keep to it in the records.",
)
@click.option("--seed", type=int, help="Of the record synthesis, after the noise; the noise itself has no seed.")
@engine_options
@json_option
def command(
    cases: Path | str,
    out: Path | None,
    subject_id: str | None,
    columns: str | None,
    max_rows: int | None,
    only_check: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Protect CASES (csv or parquet, empty means missing; or a folder of parquet files) with differential privacy.

    CASES are harmonised cases, a table in a release profile's columns, or any table that --schema declares: codes,
    several codes in a cell, numbers and dates in bands, several rows per person. With --linked the rows of another file
    that belong to these people are protected with them, as one unit. The ledger is charged before anything
    is measured: a run that is stopped after that has spent its budget.
    """
    check_one_length(options["workload"])
    options["engine"] = engine_of(options)
    options["choices"] = _choices(subject_id, columns, max_rows)
    linked = _linked(options)
    if options["workload"] and (only_check or options["people"] is not None):
        raise click.UsageError("--check and --cases look at --length. Instead: ctdc plan --workload FILE --cases N.")
    if only_check and linked:
        raise click.UsageError("--check is for one table, not for --linked.")
    if only_check:
        ignored = ("ledger", "shapes", "anyway", "add_cohorts", "replace_cohort")
        answer = check(cases, **{name: value for name, value in options.items() if name not in ignored})
        emit(answer.as_dict(), as_json, precheck_text(answer, options["people"]))
        return
    if out is None:
        raise click.UsageError("Missing option '--out' (needed unless --check is given).")
    if options["people"] is None and options["schema"] is not None and linked is None:
        click.echo(HINT, err=True)
    with progress_bars(quiet=as_json) as progress:
        statement = protect(cases, out, progress=progress, warn=_warn, notice=_notice, linked=linked, **options)
    emit({"out": str(out), "privacy": statement}, as_json, _summary(statement, out))
    if statement["worse_than_alone"]:
        click.echo(_worse(statement["worse_than_alone"]), err=True)
        sys.exit(1)
