"""``ctdc attack``: attacks on ourselves, to see whether the engine keeps what it claims."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ctdc.cli.attack_release import release_command, split_command
from ctdc.cli.common import emit, json_option, progress_bars
from ctdc.foundation.files import as_json as json_text
from ctdc.foundation.files import write_text
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.attacks.audit import AuditSettings, Report, Result, audit, cores
from ctdc.privacy.attacks.audit_page import audit_html
from ctdc.privacy.attacks.claims import INCONCLUSIVE, POWER, REJECTED
from ctdc.privacy.attacks.measured import ALL
from ctdc.privacy.attacks.people import INVENTED, INVENTED_LINKED
from ctdc.privacy.domain import Domain
from ctdc.table.linked import LinkedSchema
from ctdc.table.schema import read_schema

EXIT_CODES = {REJECTED: 1, INCONCLUSIVE: 4}
ADVICE = {
    REJECTED: "The engine does not keep what it claims: publish nothing that it made until the reason is found.",
    INCONCLUSIVE: "Nothing was rejected, but so few runs cannot show much: choose more --runs or --whole-runs.",
}


@click.group()
def command() -> None:
    """Attacks on ourselves: does the engine keep what it claims, and what does a release tell about its people?"""


command.add_command(release_command)
command.add_command(split_command)


def domains_of(schema: Path | None, linked_schema: Path | None, most: int | None) -> dict[str, Domain]:
    """What is audited, by name: the declared schemas, or one invented table and two invented linked ones."""
    if schema is None:
        return {"one": INVENTED, "linked": INVENTED_LINKED}
    if linked_schema is None or most is None:
        return {"one": read_schema(schema)}
    return {"linked": LinkedSchema(read_schema(schema), read_schema(linked_schema), most)}


def _shown(report: Report) -> list[Result]:
    """The best attack on each pair, and whatever else was rejected."""
    return [
        one
        for one in report.results
        if one.finding.attack == ALL or one.finding.verdict(report.claims[one.table]) == REJECTED
    ]


def _replays(report: Report) -> str:
    bad = [one for one in report.checked if one.rejects(report.claims[one.table])]
    if not bad:
        return (
            f"Replayed without noise: {len(report.checked)} pairs of tables that differ by one person. Nothing tells "
            "them apart beside the noise, and nobody moves the release further than declared."
        )
    named = "; ".join(f"{one.person} ({', '.join(one.differences) or 'moves too far'})" for one in bad)
    return f"REJECTED without any noise: {named}."


def _text(report: Report, out: Sequence[Path]) -> str:
    guarantee, code = report.settings.guarantee, report.code
    lines = [
        f"Audit of the engine at epsilon {guarantee.epsilon:g}, delta {guarantee.delta:g} (ctdc {code['ctdc']}, engine "
        f"{code['engine']}, OpenDP {code['opendp']}, source {code['source']}).",
        _replays(report),
        *(report.line(one) for one in _shown(report)),
        f"Beside these {len(report.results) - len(_shown(report))} other attacks; none was rejected.",
        *(f"{level}, {table}: {report.verdict_of(table, level)}" for table, level in report.games),
        f"Verdict: {report.verdict} (power means a lower bound of at least {POWER:g} of the claimed mu; a true claim "
        f"is rejected with probability at most {report.settings.risk:g}).",
    ]
    if report.verdict in ADVICE:
        lines.append(ADVICE[report.verdict])
    return "\n".join([*lines, *(f"Written: {path}" for path in out)])


def _store(out: Sequence[Path], temporary: str) -> Path:
    """Where parts that are done wait: beside the first report, so that the same command goes on with them."""
    return out[0].with_name(f".{out[0].name}.parts") if out else Path(temporary) / "parts"


@command.command("audit", epilog="Example: ctdc attack audit --epsilon 2 --out audit.html")
@click.option("--epsilon", type=float, default=2.0, show_default=True, help="Claim that is audited.")
@click.option("--delta", type=float, default=1e-6, show_default=True, help="Claim that is audited.")
@click.option("--length", type=int, default=3, show_default=True, help="Longest combination that is counted.")
@click.option(
    "--runs", type=int, default=6000, show_default=True, help="Runs of the measurements, in each world; 0: none."
)
@click.option(
    "--whole-runs",
    type=int,
    default=0,
    show_default=True,
    help="Whole protections in each world, some 50 to 200 ms each; 1000 show something, 0 means none.",
)
@click.option("--schema", type=click.Path(path_type=Path), help="Table Schema to audit with; invented when left out.")
@click.option("--linked-schema", type=click.Path(path_type=Path), help="With --schema: of rows linked to the people.")
@click.option("--max-links", type=int, help="With --linked-schema: so many linked rows of a person count.")
@click.option("--risk", type=float, default=0.05, show_default=True, help="Probability of rejecting a true claim.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the invented people. Noise has no seed.")
@click.option("--people", type=int, default=0, show_default=True, help="Only the first so many; 0 means all.")
@click.option("--workers", type=int, help="Processes that play at once; default: all cores.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Report to write: JSON if the name ends so, else HTML; repeatable. A stopped audit goes on beside it.",
)
@json_option
def audit_command(
    epsilon: float,
    delta: float,
    schema: Path | None,
    linked_schema: Path | None,
    max_links: int | None,
    workers: int | None,
    out: tuple[Path, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Try to find out whether one person is in the data, with invented people and the engine that protects.

    Reads no records and charges nothing. The engine is run with and without one person whose data give most away, and
    an attacker who knows everybody else says who was there. Exit code 1: the claim is rejected; 4: inconclusive.
    """
    if (linked_schema is None) != (max_links is None) or (linked_schema is not None and schema is None):
        raise click.UsageError("--linked-schema goes with --schema and --max-links.")
    settings = AuditSettings(Guarantee(epsilon, delta), **options)
    domains = domains_of(schema, linked_schema, max_links)
    with tempfile.TemporaryDirectory() as temporary, progress_bars(quiet=as_json) as progress:
        store = _store(out, temporary)
        report = audit(
            domains,
            settings,
            store,
            stopwatch=time.perf_counter,
            progress=progress,
            workers=workers or cores(),
        )
    for path in out:
        write_text(path, json_text(report.as_dict()) if path.suffix == ".json" else audit_html(report))
    shutil.rmtree(store, ignore_errors=True)  # only now: a report that could not be written is made again at once
    emit(report.as_dict(), as_json, _text(report, out))
    sys.exit(EXIT_CODES.get(report.verdict, 0))
