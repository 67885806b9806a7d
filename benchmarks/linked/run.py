"""``python -m benchmarks.linked``: two linked tables by the engine and by those who know one table only.

Promise: all methods of a run are measured one after the other on the same invented victims; errors are computed by one
piece of code from the files that a method wrote; the results are stored one by one. Noise alone decides the order of
small distances, so each method runs several times, and means are compared. The command fails, after storing the
results, when the engine is not better on every line than one table with slots and than pac-synth.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import click
import numpy as np

from benchmarks.linked.cases import MOST, SEED, VICTIMS, Linked, draw_cases, write_cases
from benchmarks.linked.errors import linked_errors
from benchmarks.linked.flat import from_joined, to_joined
from benchmarks.linked.methods import METHODS, Method
from benchmarks.linked.section import BASELINES, DOCUMENT, ENTRIES, FLOOR, LINES, WITHOUT_NOISE, not_better
from benchmarks.machine import commit, machine
from benchmarks.measure import last_words, run_measured
from benchmarks.methods import Settings, process_environment
from benchmarks.paths import RESULTS
from benchmarks.peers import PeerUnavailableError
from benchmarks.tables import find
from ctdc.foundation.clock import now, timestamp
from ctdc.foundation.files import write_text

DELTA = 1e-6
LENGTH = 3
DRAWS = 3
WARM_UP_VICTIMS = 500


def say(text: str) -> None:
    """Tell the person who waits."""
    click.echo(text, err=True)


def evaluate(method: Method, cases: Linked, settings: Settings, limit: float) -> dict[str, Any]:
    """Cost and errors of one run of a method."""
    account: dict[str, Any] = {"method": method.name, "title": method.title} | asdict(settings)
    account |= {"measured_at": timestamp(now())} | commit()
    with tempfile.TemporaryDirectory(prefix="ctdc-linked-") as name:
        folder = Path(name)
        files = write_cases(cases, folder)
        try:
            command = method.prepare(cases, files, settings, folder)
        except PeerUnavailableError as error:
            return account | {"status": "unavailable", "reason": str(error)}
        environment = process_environment(project=not method.environment)
        cost = run_measured(command, limit_seconds=limit, log=folder / "log.txt", environment=environment)
        account |= {"status": cost.status, "cost": cost.as_dict()}
        if cost.status != "done":
            stopped = f"stopped at the limit of {limit:,.0f} s"
            return account | {"reason": stopped if cost.status == "stopped" else last_words(folder / "log.txt")}
        made = method.read(folder)
        rows = {"victims": made.records.victims.height, "perpetrators": made.records.perpetrators.height}
        return account | {"rows": rows, "tvd": linked_errors(cases, made.records, made.joined)}


def mean_tvd(draws: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The means of several runs' distances."""
    return {
        kind: {order: fmean(draw[kind][order] for draw in draws) for order in orders}
        for kind, orders in draws[0].items()
    }


def repeat(method: Method, cases: Linked, settings: Settings, limit: float, draws: int) -> dict[str, Any]:
    """Several runs: the first one's cost and the means of the distances, which are kept too; the first that failed."""
    accounts: list[dict[str, Any]] = []
    for _ in range(draws):
        accounts.append(evaluate(method, cases, settings, limit))
        if accounts[-1]["status"] != "done":
            return accounts[-1]
    distances = [account["tvd"] for account in accounts]
    return accounts[0] | {"tvd": mean_tvd(distances), "draws": distances}


def merge(old: list[dict[str, Any]], entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Entries with the new one in place of its predecessor, large epsilons first, methods in their order."""
    names = [method.name for method in METHODS]

    def place(each: dict[str, Any]) -> tuple[str, float, float, int]:
        return each["method"], each["epsilon"], each["delta"], each["length"]

    kept = [each for each in old if place(each) != place(entry) and each["method"] in names]
    return sorted([*kept, entry], key=lambda each: (-each["epsilon"], names.index(each["method"])))


def joined_without_noise(cases: Linked) -> dict[str, dict[str, float]]:
    """The distances of what is guessed from the true victims in the joined shape: what the shape alone loses."""
    return linked_errors(cases, from_joined(to_joined(cases), np.random.default_rng(0)))


def store(entry: dict[str, Any], cases: Linked, seed: int, path: Path) -> list[dict[str, Any]]:
    """Add one entry to the file; all entries of it. Entries over other victims are not kept."""
    victims, perpetrators = cases.victims.height, cases.perpetrators.height
    title = f"{victims:,} invented victims with 1 to {MOST} perpetrators ({perpetrators:,}), seed {seed}"
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    same = old.get("data") == title
    entries = merge(old[ENTRIES] if same else [], entry)
    lost = old[WITHOUT_NOISE] if same else joined_without_noise(cases)
    document = {"data": title, "machine": machine(), WITHOUT_NOISE: lost, ENTRIES: entries}
    write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return entries


def _line(entry: dict[str, Any]) -> str:
    cost = entry.get("cost")
    spent = f"{cost['cpu_seconds']:.0f} CPU-s, {cost['peak_bytes'] / 1e6:,.0f} MB" if cost else ""
    figures = [f"{name} {value:.4f}" for name, path in LINES.items() if (value := find(entry, path)) is not None]
    return f"  {entry['method']}: {entry['status']} {entry.get('reason', '')} {spent} TVD {', '.join(figures)}"


def warm_up(method: Method, cases: Linked, settings: Settings, limit: float) -> None:
    """Run once on few victims, so that compiled code is on disk, as it is from a person's second use on."""
    status = evaluate(method, cases.cut(WARM_UP_VICTIMS), settings, limit)["status"]
    say(f"  warm-up of {method.name}: {status}")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--only", multiple=True, type=click.Choice([method.name for method in METHODS]), help="Only this.")
@click.option("--epsilon", multiple=True, type=float, default=(4.0,), show_default=True)
@click.option("--delta", type=float, default=DELTA, show_default=True)
@click.option("--victims", type=int, default=VICTIMS, show_default=True)
@click.option("--draws", type=click.IntRange(1), default=DRAWS, show_default=True, help="Runs of each method.")
@click.option("--seed", type=int, default=SEED, show_default=True, help="Seed of the invented victims.")
@click.option("--limit", type=float, default=1800.0, show_default=True, help="Seconds of wall time for each run.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder of the results.")
def main(
    only: tuple[str, ...],
    epsilon: tuple[float, ...],
    delta: float,
    victims: int,
    draws: int,
    seed: int,
    limit: float,
    out: Path,
) -> None:
    """Measure victims and perpetrators as two linked tables, and as one table by other means."""
    cases = draw_cases(victims, seed)
    run = timestamp(now())
    out.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, Any]] = []
    chosen = [method for method in METHODS if not only or method.name in only]
    for method in chosen:
        if not method.environment:
            warm_up(method, cases, Settings(epsilon[0], delta, LENGTH), limit)
    for each in epsilon:
        say(f"epsilon {each:g}")
        for method in chosen:
            entry = repeat(method, cases, Settings(each, delta, LENGTH), limit, draws) | {"run": run}
            say(_line(entry))
            entries = store(entry, cases, seed, out / DOCUMENT)
    measured = [entry for entry in entries if entry["epsilon"] in epsilon]
    say(" ".join(not_better(measured, FLOOR)))
    if problems := not_better(measured, BASELINES):
        raise click.ClickException(" ".join(problems))


if __name__ == "__main__":
    main()
