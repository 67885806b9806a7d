"""``python -m benchmarks.run``: measure the engine and its peers on the same rows, and write the results.

Promise: the engine, the floor and every peer that is not slow are measured now, one after the other; slow peers come
from the last time they were measured on the same rows and settings with the same code, and the result says when that
was. Errors are always computed anew, by one piece of code, from the files that a method wrote.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import polars as pl

from benchmarks import data, report
from benchmarks.adult import adult_table
from benchmarks.coding import code_together, read_table
from benchmarks.errors import aggregate_errors, record_errors
from benchmarks.floor import worse_than_alone
from benchmarks.machine import commit, machine
from benchmarks.measure import last_words, run_measured
from benchmarks.methods import METHODS, Method, Settings, engine_command, process_environment
from benchmarks.paths import RESULTS
from benchmarks.peers import PEERS, PeerUnavailableError
from ctdc.foundation.clock import now, timestamp
from ctdc.foundation.files import write_text
from ctdc.foundation.hashing import hash_file

CACHE = PEERS / "cache"
WARM_UP_ROWS = 2000
WARM_UP_LIMIT = 600.0
RECORD_FILES = ("protected/synthetic.parquet", "synthetic.csv")
AGGREGATE_FILES = ("protected/aggregates.parquet", "aggregates.csv")


@dataclass(frozen=True)
class Plan:
    """What a run was asked to do."""

    limit: float
    slow_limit: float
    slow_peers: bool
    run: str
    fresh: tuple[str, ...] = ()


def say(text: str) -> None:
    """Tell the person who waits."""
    click.echo(text, err=True)


# ------------------------------------------------------------------------------------------- running one method


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).exists()), None)


def _reason(account: dict[str, Any], folder: Path, limit: float) -> str:
    if account["status"] == "stopped":
        how_far = f" ({account['progress']})" if "progress" in account else ""
        return f"stopped at the limit of {limit:,.0f} s{how_far}"
    return last_words(folder / "log.txt")


def measure(method: Method, table: data.Table, settings: Settings, folder: Path, plan: Plan) -> dict[str, Any]:
    """Run one method in `folder`; the account of its cost, without errors yet."""
    limit = method.limit or (plan.slow_limit if method.slow and plan.slow_peers else plan.limit)
    account: dict[str, Any] = {"run": plan.run, "measured_at": timestamp(now())} | commit()
    try:
        command = method.command(table, settings, folder)
    except PeerUnavailableError as error:
        return account | {"status": "unavailable", "reason": str(error)}
    environment = process_environment(project=not method.environment)
    cost = run_measured(command, limit_seconds=limit, log=folder / "log.txt", environment=environment)
    account |= {"status": cost.status, "cost": cost.as_dict()}
    if (folder / "result.json").exists():
        account |= json.loads((folder / "result.json").read_text(encoding="utf-8"))
    if cost.status != "done":
        account["reason"] = _reason(account, folder, limit)
    return account


def kept(method: Method, table: data.Table, settings: Settings, plan: Plan) -> tuple[Path, dict[str, Any]]:
    """A slow method's folder and account from the last time, or from now if there is none or more time is given."""
    folder = CACHE / f"{method.name}-{method.key(table, settings)}"
    account_file = folder / "account.json"
    if account_file.exists() and method.name not in plan.fresh:
        account: dict[str, Any] = json.loads(account_file.read_text(encoding="utf-8"))
        more_time = plan.slow_peers and account["status"] == "stopped"
        if not more_time or account["cost"]["limit_seconds"] >= (method.limit or plan.slow_limit):
            return folder, account
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    account = measure(method, table, settings, folder, plan)
    if account["status"] in {"done", "stopped"}:
        write_text(account_file, json.dumps(account, indent=1))
    return folder, account


# ----------------------------------------------------------------------------------------------------- errors


def errors_of(folder: Path, truth: pl.DataFrame, length: int) -> dict[str, Any]:
    """The measures of the records and of the counts that a method left in `folder`."""
    result: dict[str, Any] = {}
    records_file, aggregates_file = _first(folder, RECORD_FILES), _first(folder, AGGREGATE_FILES)
    if records_file:
        records = read_table(records_file)
        coded_truth, coded = code_together([truth, records], truth.columns)
        orders = range(1, length + 2)
        result["records"] = {"rows": records.height, "orders": record_errors(coded_truth, coded, orders)}
    if aggregates_file:
        frame = pl.read_parquet if aggregates_file.suffix == ".parquet" else pl.read_csv
        aggregates = frame(aggregates_file)
        orders = range(1, length + 1)
        result["aggregates"] = {"rows": aggregates.height, "orders": aggregate_errors(truth, aggregates, orders)}
    return result


def evaluate(method: Method, table: data.Table, truth: pl.DataFrame, settings: Settings, plan: Plan) -> dict[str, Any]:
    """Cost and errors of one method at one setting."""
    heading = {"method": method.name, "title": method.title} | asdict(settings)
    if method.slow:
        folder, account = kept(method, table, settings, plan)
        return heading | account | errors_of(folder, truth, settings.length)
    with tempfile.TemporaryDirectory(prefix="ctdc-bench-") as name:
        account = measure(method, table, settings, Path(name), plan)
        return heading | account | errors_of(Path(name), truth, settings.length)


def warm_up(table: data.Table, settings: Settings) -> None:
    """Run the engine once on a cut, so that compiled code is on disk, as it is from a person's second use on."""
    with tempfile.TemporaryDirectory(prefix="ctdc-bench-") as name:
        folder = Path(name)
        command = engine_command(data.cut(table, WARM_UP_ROWS), settings, folder)
        environment = process_environment()
        cost = run_measured(command, limit_seconds=WARM_UP_LIMIT, log=folder / "log.txt", environment=environment)
        say(f"  warm-up: {cost.status}, {cost.wall_seconds:.0f} s")


# ---------------------------------------------------------------------------------------------------- results


def _line(entry: dict[str, Any]) -> str:
    cost = entry.get("cost")
    spent = f"{cost['cpu_seconds']:.0f} CPU-s, {cost['peak_bytes'] / 1e6:,.0f} MB" if cost else ""
    orders = entry.get("records", {}).get("orders", {})
    tvd = " / ".join(f"{orders[order]['tvd']:.4f}" for order in orders)
    return f"  {entry['method']}: {entry['status']} {entry.get('reason', '')} {spent} TVD {tvd}"


def merge(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries of the file with those measured now in place of their predecessors, in the order of METHODS."""

    def place(entry: dict[str, Any]) -> tuple[str, float, float, int]:
        return entry["method"], entry["epsilon"], entry["delta"], entry["length"]

    every = {place(entry): entry for entry in [*old, *new]}
    names = [method.name for method in METHODS]
    known = [entry for entry in every.values() if entry["method"] in names]
    return sorted(known, key=lambda entry: (-entry["epsilon"], names.index(entry["method"])))


def store(table: data.Table, entries: list[dict[str, Any]], out: Path) -> Path:
    """Write the results of one table and the page over all of them."""
    path = out / f"{table.name}.json"
    old = json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else []
    document = {
        "data": table.title,
        "data_sha256": hash_file(table.csv),
        "machine": machine(),
        "results": merge(old, entries),
    }
    write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    write_text(out / "README.md", report.page(out))
    return path


def choose(only: tuple[str, ...], rows: int) -> list[Method]:
    """The methods that were asked for, or all that a table of so many rows is not too large for."""
    if only:
        return [method for method in METHODS if method.name in only]
    return [method for method in METHODS if method.most_rows is None or rows <= method.most_rows]


def _table(
    cases: int, seed: int, rows: int | None, csv: Path | None, schema: Path | None, adult: bool = False
) -> data.Table:
    if (csv is None) != (schema is None):
        raise click.UsageError("--input and --schema go together")
    if adult:
        table = adult_table()
    else:
        table = data.given_table(csv, schema) if csv and schema else data.default_table(cases, seed)
    return data.cut(table, rows) if rows else table


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--only", multiple=True, type=click.Choice([method.name for method in METHODS]), help="Measure only this."
)
@click.option("--epsilon", multiple=True, type=float, default=(12.0, 1.0), show_default=True)
@click.option("--delta", type=float, default=5.8e-6, show_default=True)
@click.option("--length", type=int, default=3, show_default=True, help="Longest combination.")
@click.option("--rows", type=int, help="Take this many rows of the table.")
@click.option("--cases", type=int, default=data.SIMULATED_CASES, show_default=True, help="Simulated cases.")
@click.option("--seed", type=int, default=data.SIMULATED_SEED, show_default=True, help="Seed of the simulation.")
@click.option("--input", "csv", type=click.Path(exists=True, path_type=Path), help="Any csv file instead.")
@click.option("--schema", type=click.Path(exists=True, path_type=Path), help="Table Schema of --input.")
@click.option("--adult", is_flag=True, help="The Adult table (census income) instead.")
@click.option("--limit", type=float, default=600.0, show_default=True, help="Seconds of wall time for each run.")
@click.option("--slow-peers", is_flag=True, help="Let slow peers run for --slow-limit where they were stopped before.")
@click.option("--slow-limit", type=float, default=7200.0, show_default=True)
@click.option(
    "--fresh",
    multiple=True,
    type=click.Choice([m.name for m in METHODS if m.slow]),
    help="Measure this slow peer anew.",
)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder of the results.")
def main(
    only: tuple[str, ...],
    epsilon: tuple[float, ...],
    delta: float,
    length: int,
    rows: int | None,
    cases: int,
    seed: int,
    csv: Path | None,
    schema: Path | None,
    adult: bool,
    limit: float,
    slow_peers: bool,
    slow_limit: float,
    fresh: tuple[str, ...],
    out: Path,
) -> None:
    """Measure time, memory and error of the engine and of its peers, on the real file when CTDC_REAL_DATA names its
    folder and on simulated cases otherwise.
    """
    table = _table(cases, seed, rows, csv, schema, adult)
    truth = table.frame()
    chosen = choose(only, truth.height)
    run = timestamp(now())
    plan = Plan(limit=limit, slow_limit=slow_limit, slow_peers=slow_peers, run=run, fresh=fresh)
    say(f"{table.title}: {truth.height:,} rows")
    if any(not method.script for method in chosen):
        warm_up(table, Settings(epsilon[0], delta, length))
    out.mkdir(parents=True, exist_ok=True)
    for each in epsilon:
        say(f"epsilon {each:g}")
        for method in chosen:
            entry = evaluate(method, table, truth, Settings(each, delta, length), plan)
            say(_line(entry))
            path = store(table, [entry], out)
    say(f"Results: {path} and {out / 'README.md'}")
    measured = json.loads(path.read_text(encoding="utf-8"))["results"]
    if problems := worse_than_alone([entry for entry in measured if entry["epsilon"] in epsilon]):
        raise click.ClickException(" ".join(problems))


if __name__ == "__main__":
    main()
