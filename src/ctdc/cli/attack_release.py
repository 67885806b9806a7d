"""``ctdc attack release`` and ``ctdc attack split``: what a file tells about who was in the data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import delimiter_given, emit, json_option, names_given, progress_bars
from ctdc.privacy.attacks.difference import FOUND, POWER, WITHIN
from ctdc.privacy.attacks.findings import NEVER_PUBLISH, UNFIT, Attacked, AttackReport, AttackSettings, Finding
from ctdc.privacy.attacks.release_page import attacks_html, names_of
from ctdc.workflow.attack import Reading, attack, split
from ctdc.workflow.private import check_out, write_private_report

EXIT_CODES = {FOUND: 1, UNFIT: 4}
UNFIT_TEXT = (
    "The members can be told from the control without any file, so nothing follows from the rest: take a control from "
    "the same population (ctdc attack split)."
)


def _share(value: float) -> str:
    return f"{value:.1%}" if value >= 0.0995 else f"{value:.2%}"


def _line(finding: Finding) -> str:
    names, compared = names_of(), finding.compared
    what = f"{names['attack.' + finding.attack]} ({names['targets.' + finding.targets]})"
    if not compared.members.attacks:
        return f"  {what}: {compared.verdict}"
    return (
        f"  {what}: {compared.members.successes:,} of {compared.members.attacks:,} members, "
        f"{compared.control.successes:,} of {compared.control.attacks:,} others; difference "
        f"{100 * compared.difference:.2f} ({100 * compared.low:.2f} to {100 * compared.high:.2f}) points: "
        f"{compared.verdict.upper() if compared.verdict == FOUND else compared.verdict}"
    )


def _shown(attacked: Attacked) -> list[Finding]:
    """The attacks that found something, and one that did not where none did: what came nearest."""
    found = [one for one in attacked.findings if one.compared.verdict in (FOUND, WITHIN)]
    nearest = max(attacked.findings, key=lambda one: one.compared.low)
    return sorted(found, key=lambda one: -one.compared.low) or [nearest]


def _of_file(attacked: Attacked) -> list[str]:
    verdicts = [one.compared.verdict for one in attacked.findings]
    head = f"{attacked.name} ({attacked.records:,} records): "
    if attacked.claim is not None and attacked.allowed is not None:
        claim = attacked.claim
        head += (
            f"its guarantee (epsilon {claim.epsilon:g}, delta {claim.delta:g}) allows up to "
            f"{100 * attacked.allowed:.1f} points. "
        )
    if FOUND in verdicts:
        head += f"FOUND by {verdicts.count(FOUND)} of {len(verdicts)} attacks."
    elif WITHIN in verdicts:
        head += f"Found by {verdicts.count(WITHIN)} of {len(verdicts)} attacks, within what the guarantee allows."
    else:
        smallest = "none of any size" if attacked.smallest is None else f"{_share(attacked.smallest)} of the people"
        head += (
            f"Nothing found by {len(verdicts)} attacks; the smallest leak that would have been, with "
            f"probability {POWER:.0%}: {smallest}. The nearest:"
        )
    return [head, *(_line(one) for one in _shown(attacked))]


def report_text(report: AttackReport, out: Sequence[Path] = ()) -> str:
    """The report for a terminal."""
    lines = [
        NEVER_PUBLISH,
        f"{report.members:,} members, {report.control:,} others, of whom the attacker knows {report.reference:,}. "
        f"Quasi-identifiers: {', '.join(report.quasi)}.",
        *([] if report.fit else [UNFIT_TEXT]),
        *(line for one in report.candidates for line in _of_file(one)),
        f"Verdict: {report.verdict}. All intervals hold together with {report.settings.confidence:.0%}.",
    ]
    return "\n".join([*lines, *(f"Written: {path}" for path in out)])


def _named(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, Path]]:
    """NAME=FILE, or a file that is called by its own name."""
    found = []
    for value in values:
        name, equals, path = value.partition("=")
        found.append((name, Path(path)) if equals and name else (Path(value).name or value, Path(value)))
    return found


path_option = click.Path(path_type=Path)


@click.command("release", epilog="Example: ctdc attack release releases/latest --members m.parquet --control c.parquet")
@click.argument("files", nargs=-1, required=True, callback=_named, metavar="[NAME=]FILE...")
@click.option("--members", type=path_option, required=True, help="The people from whom the files were made.")
@click.option("--control", type=path_option, required=True, help="People of the same population who were not.")
@click.option("--schema", type=path_option, help="Table Schema that declares every column.")
@click.option("--profile", help="Release profile of harmonised cases; the newest when left out.")
@click.option("--columns", callback=names_given, help="Columns to look at, separated by commas; all when left out.")
@click.option("--id", "identity", default="", help="Column of members and control that says whose row it is.")
@click.option("--quasi", callback=names_given, help="Columns by which people could be known; default: most codes.")
@click.option("--hierarchies", type=path_option, help="TOML file from which 'ctdc anonymise' made groups.")
@click.option(
    "--delimiter", default=",", show_default=True, callback=delimiter_given, help="Of csv files; \\t for a tab."
)
@click.option("--attacks", type=int, default=5000, show_default=True, help="People attacked of each kind, at most.")
@click.option("--isolated", type=float, default=0.25, show_default=True, help="Share of people counted as isolated.")
@click.option("--confidence", type=float, default=0.95, show_default=True, help="Of the whole report.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the choice of people who are attacked.")
@click.option(
    "--out",
    type=path_option,
    multiple=True,
    help="Report to write, for your eyes only: JSON if the name ends so, else HTML; repeatable.",
)
@json_option
def release_command(
    files: list[tuple[str, Path]],
    members: Path,
    control: Path,
    schema: Path | None,
    profile: str | None,
    columns: tuple[str, ...],
    identity: str,
    quasi: tuple[str, ...],
    hierarchies: Path | None,
    delimiter: str,
    attacks: int,
    isolated: float,
    confidence: float,
    seed: int,
    out: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Attack FILES as somebody would who wants to know who is in the data. For the steward, who has the people.

    FILES are releases (folders), k-anonymous tables, or other synthetic records (csv, parquet). Every attack is made on
    members and on people who were not in the data; only the difference counts. The report is never to be published.
    Exit code 1: something was found; 4: the control is not like the members.
    """
    settings = AttackSettings(attacks=attacks, quasi=quasi, isolated=isolated, confidence=confidence, seed=seed)
    reading = Reading(schema, profile, columns, identity, hierarchies, delimiter)
    for path in out:
        check_out(path)
    with progress_bars(quiet=as_json) as progress:
        report = attack(files, members, control, reading, settings, progress)
    for path in out:
        write_private_report(path, report.as_dict(), lambda: attacks_html(report))
    emit(report.as_dict(), as_json, report_text(report, out))
    sys.exit(EXIT_CODES.get(report.verdict, 0))


@click.command("split", epilog="Example: ctdc attack split cases.parquet --out halves")
@click.argument("table", type=path_option)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="New folder to write.")
@click.option("--id", "identity", default="", help="Column that says whose row it is; a person's rows stay together.")
@click.option("--key", type=path_option, help="Secret key that decides; made when missing. Default: OUT.key.")
@click.option(
    "--delimiter", default=",", show_default=True, callback=delimiter_given, help="Of a csv file; \\t for a tab."
)
@json_option
def split_command(table: Path, out: Path, identity: str, key: Path | None, delimiter: str, as_json: bool) -> None:
    """Split the people of TABLE (csv or parquet) into members, to be protected, and a control that is kept out.

    Who is in which half follows from a secret key. Keep it, and both halves, where the cases are.
    """
    report: dict[str, Any] = split(table, out, identity, key, delimiter)
    rows = report["rows"]
    text = (
        f"{rows['members']:,} rows in {out / 'members'}{report['file']}, {rows['control']:,} in "
        f"{out / 'control'}{report['file']}.\nProtect the members, then: ctdc attack release RELEASE --members ... "
        "--control ..."
    )
    emit(report, as_json, text)
