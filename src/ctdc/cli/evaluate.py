"""``ctdc evaluate``: what a release, or any table that stands for people, is worth, against the people themselves."""

from __future__ import annotations

from pathlib import Path

import click

from ctdc.cli.common import (
    delimiter_option,
    emit,
    json_option,
    names_given,
    private_out_option,
    progress_bars,
)
from ctdc.privacy.evaluation.evaluate import Report, notices
from ctdc.privacy.evaluation.summary import FARTHER, Sign, signs_of
from ctdc.standard.languages import DEFAULT
from ctdc.workflow.evaluation import Choices, evaluate_files, write_report
from ctdc.workflow.private import check_out

LINES = {
    "tvd": "Mean distance of {order}-way tables: {value:.4f} (by chance alone {beside:.4f})",
    "propensity": "Propensity score ratio: {value:.2f} (about 1: as good as new people from the same population)",
    "overlap": "Mean overlap of intervals in the declared regressions: {value:.2f} (1: equal)",
    "share": "Largest error of a share in a chart: {points:.2f} percentage points",
    "rankings": "First places of charts that are kept: {value:.0f} of {beside:.0f}",
    "trends": "Clear trends that survive: {value:.0f} of {beside:.0f}",
    "subgroups": "Worst subgroup's distance in the mean of all: {value:.2f} (by chance alone {beside:.2f})",
    "coverage": "Intervals of {order}-way counts that hold the truth: {value:.1%} (stated: {beside:.0%})",
}


def _line(sign: Sign) -> str:
    beside = sign.value if sign.beside is None else sign.beside
    text = LINES[sign.kind].format(order=sign.order, value=sign.value, beside=beside, points=100 * sign.value)
    return text + ("  <- look closer" if sign.look else "")


def _text(report: Report, out: tuple[Path, ...]) -> str:
    worst = [one.marginals[0] for one in report.orders]
    lines = [
        notices()[DEFAULT],
        f"{report.people[1]:,} records, evaluated against {report.people[0]:,} true ones.",
        *(f"Withheld in {name}: {share:.1%} of the cells" for name, share in report.withheld.items()),
        *map(_line, signs_of(report)),
        *(
            f"Subgroup {one.labels.get(DEFAULT, one.name)!r} of {one.family}: distance {one.tvd:.4f} "
            f"(by chance alone {one.null:.4f})"
            for one in report.subgroups.subgroups
            if one.tvd > FARTHER * one.null
        ),
        *(
            f"Worst {len(one.variables)}-way table: {' x '.join(one.variables)}, {one.tvd:.4f} (chance {one.null:.4f})"
            for one in worst
        ),
        *(
            f"{one.order}-way combinations: {one.errors.lost or 0:.1%} lost, "
            f"{one.errors.fabricated or 0:.1%} of those stated fabricated"
            for one in report.orders
        ),
    ]
    return "\n".join([*lines, *(f"Written: {path}" for path in out)])


@click.command(epilog="Example: ctdc evaluate cases.parquet releases/global-0123456789ab --out evaluation.html")
@click.argument("truth", type=click.Path(path_type=Path))
@click.argument("candidate", type=click.Path(path_type=Path))
@click.option("--profile", help="Release profile of the standard; found from the columns when left out.")
@click.option("--schema", type=click.Path(path_type=Path), help="Table Schema that declares every column of TRUTH.")
@click.option("--columns", callback=names_given, help="Columns to compare, separated by commas; by default all.")
@click.option(
    "--coarser", is_flag=True, help="Values of CANDIDATE that are no codes are coarser ones, and count as withheld."
)
@click.option("--settings", type=click.Path(path_type=Path), help="TOML file of subgroups, regressions and groups.")
@click.option("--length", type=click.IntRange(1, 3), help="Longest combination that is compared.  [default: 3]")
@click.option("--seed", type=int, help="Of resampling.  [default: 1]")
@delimiter_option
@private_out_option
@json_option
def command(
    truth: Path,
    candidate: Path,
    profile: str | None,
    schema: Path | None,
    columns: tuple[str, ...],
    coarser: bool,
    settings: Path | None,
    length: int | None,
    seed: int | None,
    delimiter: str,
    out: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Measure how far CANDIDATE is from the TRUTH that it stands for. The result is never to be published.

    TRUTH: csv or parquet file of the true people, as 'ctdc protect' takes it. CANDIDATE: a release, a folder of 'ctdc
    protect', or a csv or parquet file with the same columns; a suppressed cell of a k-anonymous one is *.
    """
    choices = Choices(profile, schema, columns, coarser, settings, length, seed, delimiter)
    for path in out:
        check_out(path)
    with progress_bars(quiet=as_json) as progress:
        found = evaluate_files(truth, candidate, choices, progress)
    for path in out:
        write_report(path, found)
    emit(found.report.as_dict() if as_json else {}, as_json, _text(found.report, out))
