"""``ctdc intake``: check a contributor's file, harmonise it, trace a value back, list mappings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import Location, emit, engine_of, engine_options, json_option, progress_bars
from ctdc.intake.delivery import DeliveryReport, Quarantined, quarantine_detail
from ctdc.intake.harmonise import check as check_delivery
from ctdc.intake.harmonise import coverage_path
from ctdc.intake.mapping import load_mapping, shipped_ids
from ctdc.intake.report import write_report
from ctdc.intake.subject import DEFAULT_KEY_NAME, read_or_create_key
from ctdc.intake.text import counted
from ctdc.intake.trace import Trace, trace
from ctdc.workflow.spread import harmonise_anywhere

source_argument = click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
mapping_option = click.option(
    "--mapping", "mapping_name", required=True, metavar="DIR", help="Folder of the mapping, or the id of a shipped one."
)
report_option = click.option(
    "--report",
    "report_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write the report here: pages in five languages, JSON, row errors, an annotated copy.",
)


@click.group()
def command() -> None:
    """Check a contributor's file, or harmonise it to the standard.

    FILE is one file, or a folder with all files of a delivery.
    """


def _counts(report: DeliveryReport) -> list[str]:
    lines = [f"{report.rows_read:,} rows read, {report.rows_written:,} cases harmonised."]
    lines += [
        f"{counted(entry['rows'], 'row', 'rows')} left out: {entry['reason']}"
        for entry in report.excluded
        if entry["rows"]
    ]
    for receipt in report.receipts:
        if ignored := receipt["ignored_columns"]:
            shown = ", ".join(ignored[:10]) + (" ..." if len(ignored) > 10 else "")
            lines.append(f"Not imported from {receipt['file']}: {len(ignored)} columns ({shown})")
    notes = [entry for entry in report.structure if entry["code"] not in ("row_width", "duplicate_ignored")]
    lines += [f"Note: {e['code'].replace('_', ' ')}: {e.get('count', '')} ({e['file']})" for e in notes]
    failed = [entry for entry in report.plausibility if entry["result"] == "failed"]
    lines += [
        f"Look at: {e['check'].replace('_', ' ')}, in {e['rows']:,} of {e['of']:,} rows"
        + (f" of {e['entity']}" if "entity" in e else "")
        for e in failed
    ]
    if report.issues_total:
        lines.append(f"{counted(report.issues_total, 'cell', 'cells')} could not be used.")
    return lines


def _summary(report: DeliveryReport) -> str:
    lines = _counts(report)
    if report.promotable:
        lines.append(click.style("Ready: every value is understood.", fg="green"))
    else:
        detail = quarantine_detail(report, "")
        lines += [click.style("Not ready. ", fg="red", bold=True) + detail.what, f"What to do: {detail.do}"]
    return "\n".join(lines)


def _write(report: DeliveryReport, mapping_name: str, source: Path | str, folder: Path | None) -> list[str]:
    if folder is None:
        return []
    return [str(path) for path in write_report(report, load_mapping(mapping_name), Path(source), folder)]


@command.command()
@source_argument
@mapping_option
@report_option
@json_option
@click.pass_context
def check(context: click.Context, source: Path, mapping_name: str, report_folder: Path | None, as_json: bool) -> None:
    """Go through the whole intake and store nothing. Exit code 3 when the file is not ready.

    Columns that the mapping does not read are looked through for direct identifiers, too.
    """
    mapping = load_mapping(mapping_name)
    with progress_bars(quiet=as_json) as progress:
        report = check_delivery(source, mapping, progress=progress)
    written = _write(report, mapping_name, source, report_folder)
    text = _summary(report) + "".join(f"\nWritten: {path}" for path in written)
    emit(report.as_dict() | {"written": written}, as_json, text)
    context.exit(0 if report.promotable else 3)


@command.command()
@click.argument("source", metavar="FILE", type=Location())
@mapping_option
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The cases file (Parquet); on Spark a new folder of Parquet files.",
)
@click.option(
    "--subject-key",
    "key_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Key for the hashes of ids; made at first use. [default: {DEFAULT_KEY_NAME} beside --out]",
)
@click.option(
    "--allow-quarantine",
    is_flag=True,
    help="Write the cases even if values are in quarantine: those cells are missing, the file cannot be promoted.",
)
@report_option
@engine_options
@json_option
def harmonise(
    source: Path | str,
    mapping_name: str,
    out: Path,
    key_path: Path | None,
    allow_quarantine: bool,
    report_folder: Path | None,
    as_json: bool,
    **engine: Any,
) -> None:
    """Harmonise FILE into a cases file, with its coverage beside it.

    On Spark FILE is one Parquet table: a file, a folder of files, or an address.
    """
    chosen = engine_of(engine)
    mapping = load_mapping(mapping_name)
    key_path = key_path or out.with_name(DEFAULT_KEY_NAME)
    key, made = read_or_create_key(key_path)
    try:
        with progress_bars(quiet=as_json) as progress:
            report = harmonise_anywhere(
                source,
                mapping,
                chosen,
                subject_key=key,
                out=out,
                progress=progress,
                allow_quarantine=allow_quarantine,
            )
    except Quarantined as error:
        _write(error.report, mapping_name, source, report_folder)
        raise
    written = [str(out), str(coverage_path(out)), *_write(report, mapping_name, source, report_folder)]
    text = _summary(report) + "".join(f"\nWritten: {path}" for path in written)
    if made:
        text += (
            f"\nNew key: {key_path}. Keep it safe and apart from the cases: without it, no case is recognised again."
        )
    result = {"written": written, "rows": report.rows_written, "promotable": report.promotable, "key": str(key_path)}
    emit(result | {"report": report.as_dict()}, as_json, text)


def _trace_text(found: Trace) -> str:
    place = found.provenance
    sheet = f", sheet {place['_sheet']}" if place["_sheet"] else ""
    lines = [
        f"Row {found.row} comes from {place['_file']}{sheet}, row {place['_row']} ({place['_contributor']}),",
        f"by the mapping {place['_mapping']} version {place['_mapping_version']} ({place['_mapping_hash'][:12]}).",
    ]
    for value in found.values:
        shown = value.value if value.value is not None else f"({value.missing})"
        cells = "; ".join(
            f"{cell.reference} {cell.column!r}"
            + (f" of {cell.file}, rows joined by {cell.joined_by!r}" if cell.joined_by else "")
            for cell in value.cells
        )
        lines.append(f"  {value.variable} = {shown}" + (f"  <- {cells}" if cells else "  <- no cell of the source"))
    return "\n".join(lines)


@command.command("trace")
@click.argument("cases", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("row", type=click.IntRange(min=1))
@click.argument("variable", required=False)
@json_option
def trace_command(cases: Path, row: int, variable: str | None, as_json: bool) -> None:
    """Show which cells of the source row ROW of a cases file (or its VARIABLE) was read from."""
    found = trace(cases, row, variable)
    emit(found.as_dict(), as_json, _trace_text(found))


@command.command()
@json_option
def mappings(as_json: bool) -> None:
    """List the mappings that come with this program."""
    rows: list[dict[str, Any]] = []
    for mapping_id in shipped_ids():
        spec = load_mapping(mapping_id).spec
        rows.append({"id": spec.id, "version": spec.version, "title": spec.title, "contributor": spec.contributor})
    text = "\n".join(f"{row['id']:<24} {row['title']}" for row in rows)
    emit({"mappings": rows}, as_json, text)
