"""``ctdc plan``: how exact counts would be, before any budget is spent."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import check_one_length, combinations, emit, json_option, progress_bars, workload_option
from ctdc.cli.plot import SEVERAL, WIDTH, text_plot
from ctdc.foundation.files import write_text
from ctdc.privacy.forecast_page import forecast_html
from ctdc.privacy.planning import RELATIVE_ERROR, SHARES, Forecast, Line, Outlook
from ctdc.workflow.planning import look_ahead


def _number(value: float) -> str:
    return f"{value:,.2f}" if value < 1 else f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned to the right, as wide as what is in them."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _head(outlook: Outlook) -> str:
    workload = outlook.workload
    domain = f"profile {outlook.profile}" if outlook.profile else "the schema"
    counted = combinations(workload.length, {line.length: line.tables for line in outlook.chosen[0].lines})
    lines = [
        f"Plan for {outlook.variables} variables of {domain}, delta {outlook.delta:g}.",
        f"Counted: {counted}.",
        "No record was read, and nothing is charged.",
    ]
    if workload.scheme != "balanced" or workload.weights:
        own = f", {len(workload.weights):,} with a factor of its own" if workload.weights else ""
        lines.append(f"Weights of the tables: {workload.scheme!r}{own}.")
    return "\n".join(textwrap.fill(line, WIDTH) for line in lines)


def _measured(lines: Sequence[Line]) -> str:
    rows = [(f"{one.length}", f"{one.tables:,}", f"{one.numbers:,}", f"{one.budget:.1%}") for one in lines]
    tables, numbers = (sum(getattr(one, name) for one in lines) for name in ("tables", "numbers"))
    return _table(
        ("characteristics", "tables", "noisy numbers", "share of budget"),
        [*rows, ("all", f"{tables:,}", f"{numbers:,}", "100.0%")],
    )


def _errors(chosen: Sequence[Forecast]) -> str:
    head = ("epsilon", "characteristics", "smallest", "median", "largest", "listed from", "exact from")
    rows = [
        (
            f"{one.epsilon:g}",
            f"{line.length}",
            *map(_number, (line.low, line.median, line.high)),
            _number(line.listed) if line.length else "always",
            _number(line.exact),
        )
        for one in chosen
        for line in one.lines
    ]
    return _table(head, rows)


def _relative(outlook: Outlook) -> str:
    counts = [f"{share * outlook.cases:,.0f} people ({share:.0%})" for share in SHARES]
    rows = [
        (f"{one.epsilon:g}", f"{line.length}", *(f"{value:.1%}" for value in line.relative))
        for one in outlook.chosen
        for line in one.lines
        if line.length
    ]
    return _table(("epsilon", "characteristics", *counts), rows)


def _named(chosen: Sequence[Forecast]) -> str:
    names = [" x ".join(names) for names, _ in chosen[0].tables]
    rows = [(name, *(_number(one.tables[number][1]) for one in chosen)) for number, name in enumerate(names)]
    return _table(("table, at epsilon", *(f"{one.epsilon:g}" for one in chosen)), rows)


def _plot(outlook: Outlook) -> str:
    lengths = [line.length for line in outlook.curve[0].lines if line.length]
    lines = {str(length): [(one.epsilon, one.line(length).median) for one in outlook.curve] for length in lengths}
    title = f"Median standard error, by number of characteristics ({SEVERAL}: lines meet)"
    return text_plot(lines, "epsilon", title)


def text(outlook: Outlook, out: Path | None = None) -> str:
    """The whole answer for a terminal of 80 columns."""
    parts = [_head(outlook)]
    if outlook.found is not None:
        parts.append(f"The smallest epsilon that keeps to this error is {outlook.found:g}.")
    parts += [
        _measured(outlook.chosen[0].lines),
        "Standard error of one count: the true count is within two of them in 95 of 100\n"
        "cases. Smallest, median and largest of the tables; in the median table, the\n"
        f"smallest count that is listed (threshold {outlook.threshold:g}), and the smallest whose error\n"
        f"is at most {RELATIVE_ERROR:.0%} of it.",
        _errors(outlook.chosen),
    ]
    if outlook.cases:
        parts += [f"Standard error relative to the count, with {outlook.cases:,} people:", _relative(outlook)]
    if outlook.chosen[0].tables:
        parts += ["Standard error of one count in these tables:", _named(outlook.chosen)]
    parts.append(_plot(outlook))
    if out is not None:
        parts.append(f"The same as a page in five languages: {out}")
    return "\n\n".join(parts)


def _names(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(name.strip() for name in value.split(",")) for value in values)


@click.command(epilog="Example: ctdc plan --epsilon 1 --epsilon 4 --cases 20000 --out plan.html")
@click.option("--epsilon", "epsilons", type=float, multiple=True, help="To look at; may be repeated. Default 0.5 to 8.")
@click.option("--delta", type=float, default=1e-6, show_default=True, help="Must be far below 1 / number of people.")
@click.option("--length", type=int, default=3, show_default=True, help="Longest combination that is counted, 1 to 4.")
@click.option("--profile", help="Release profile of the standard; the newest when left out.")
@click.option("--schema", type=click.Path(path_type=Path), help="Table Schema with the codes of every column.")
@workload_option
@click.option("--cases", type=int, default=0, help="Declared number of people, for relative errors.")
@click.option("--threshold", type=float, default=10, show_default=True, help="Counts below it are too few to say.")
@click.option("--table", "tables", multiple=True, callback=_names, help="Variables, comma between; may be repeated.")
@click.option("--at-most", type=float, help="Find the smallest epsilon whose median standard error is no larger.")
@click.option("--for-length", type=int, help="Number of characteristics that --at-most is about; 2 when left out.")
@click.option("--out", type=click.Path(path_type=Path), help="HTML page to write, with the same tables and a plot.")
@json_option
def command(out: Path | None, as_json: bool, **options: Any) -> None:
    """Show how exact counts would be, for choosing epsilon. Reads no records and charges nothing.

    Errors depend on the variables, their codes and the settings alone, so they are known beforehand; a protection with
    the same settings states the same ones.
    """
    check_one_length(options["workload"])
    if options["for_length"] is not None and options["at_most"] is None:
        raise click.UsageError("--for-length says what --at-most is about: give both.")
    with progress_bars(quiet=as_json) as progress:
        outlook = look_ahead(progress=progress, **options)
    if out is not None:
        write_text(out, forecast_html(outlook))
    emit({"out": str(out) if out else None, "plan": outlook.as_dict()}, as_json, text(outlook, out))
