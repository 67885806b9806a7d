"""Attacks on releases, k-anonymous tables and a peer's records: through the command line, and shown in the docs.

Promise: what is attacked is made here from some of the people, by commands that a person could type; others
are the control. Results hold statistics and no one's values. What the real file gives is published only because
that file is itself published and synthetic; of real cases such a report would never leave the vault.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import polars as pl

from benchmarks.audit import with_figures
from benchmarks.data import REAL_DATA_VARIABLE, Table, cut, real_table, simulated_table
from benchmarks.machine import machine
from benchmarks.measure import Measured, run_measured
from benchmarks.methods import METHODS, Settings, process_environment
from benchmarks.paths import REPOSITORY, RESULTS
from benchmarks.plot import Bar, bars
from benchmarks.run import CACHE
from benchmarks.tables import machine_line, markdown
from ctdc.foundation.files import as_json, write_text
from ctdc.privacy.attacks.difference import FOUND, WITHIN
from ctdc.privacy.attacks.release_page import names_of

FOLDER = RESULTS / "attacks"
PAGE = REPOSITORY / "docs" / "explanation" / "attacks.md"
PICTURE = REPOSITORY / "docs" / "images" / "attacks.svg"
DELTA = 5.8e-6  # as in the other benchmarks, so that what a peer made for them can be attacked here
PEOPLE = 20_000
QUASI = "yearOfRegistration,gender,ageBroad,citizenship,CountryOfExploitation"
LEVELS = """
[[yearOfRegistration]]
bands = 3
from = 2002
[[yearOfRegistration]]
bands = 9
from = 2002
[[citizenship]]
standard = "subregion"
[[citizenship]]
standard = "region"
[[CountryOfExploitation]]
standard = "subregion"
[[CountryOfExploitation]]
standard = "region"
"""
LIMIT = 3600.0  # seconds for any one command
Files = dict[str, Path]
Document = dict[str, Any]


@dataclass(frozen=True)
class Crowd:
    """Members and control as csv, with the schema of both."""

    members: Path
    control: Path
    schema: Path


def _ctdc(*words: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ctdc.cli.main", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=process_environment(),
    )
    if done.returncode:
        raise RuntimeError(done.stderr)


def _measured(command: Sequence[str], log: Path, project: bool = True) -> Measured:
    environment = process_environment(project=project)
    return run_measured(command, limit_seconds=LIMIT, log=log, environment=environment)


def drawn(table: Table, rows: int, folder: Path) -> Crowd:
    """So many of a table's people, drawn as for the other benchmarks, and all others as the control."""
    members = cut(table, rows)
    frame = table.frame()
    chosen = frame.with_row_index("row").sample(rows, seed=0, shuffle=True)
    if not chosen.drop("row").equals(members.frame()):
        raise RuntimeError("the people drawn are not those of the benchmark")
    control = folder / "control.csv"
    frame.with_row_index("row").join(chosen, on="row", how="anti").drop("row").write_csv(control)
    return Crowd(members.csv, control, table.schema)


def protected(crowd: Crowd, epsilon: float, folder: Path, delta: float = DELTA) -> Path:
    """What ``ctdc protect`` makes of the members."""
    out = folder / f"epsilon-{epsilon:g}"
    words = ["--epsilon", epsilon, "--delta", delta, "--out", out, "--ledger", folder / "ledger.jsonl"]
    _ctdc("protect", crowd.members, "--schema", crowd.schema, *words)
    return out


def anonymised(crowd: Crowd, method: str, folder: Path) -> Path:
    """What ``ctdc anonymise`` makes of the members."""
    out = folder / f"anonymous-{method}"
    words = ["--quasi", QUASI, "--k", 11, "--method", method, "--out", out]
    _ctdc("anonymise", crowd.members, *words, *(["--hierarchies", _levels(folder)] if method == "local" else []))
    return out


def _levels(folder: Path) -> Path:
    path = folder / "levels.toml"
    path.write_text(LEVELS, encoding="utf-8")
    return path


def peer(crowd: Crowd, epsilon: float, folder: Path) -> Path:
    """What pac-synth makes of the members: what `benchmarks.run` has kept of it, or made now, which takes minutes."""
    method = next(one for one in METHODS if one.name == "pac-synth")
    table, settings = Table("members", "", crowd.members, crowd.schema), Settings(epsilon, DELTA, 3)
    kept = CACHE / f"{method.name}-{method.key(table, settings)}"
    if (kept / "synthetic.csv").is_file():
        return kept
    out = folder / f"pac-synth-{epsilon:g}"
    out.mkdir()
    done = _measured(method.command(table, settings, out), out / "log.txt", project=False)
    if done.status != "done":
        raise RuntimeError((out / "log.txt").read_text(encoding="utf-8"))
    return out


def real(folder: Path) -> tuple[Crowd, Files]:
    """The published file of 2021: ours at three epsilons, two ways of k-anonymity, and pac-synth at two epsilons."""
    crowd = drawn(real_table(Path(os.environ[REAL_DATA_VARIABLE])), PEOPLE, folder)
    files = {f"ctdc, epsilon {epsilon:g}": protected(crowd, epsilon, folder) for epsilon in (1.0, 4.0, 12.0)}
    files |= {f"pac-synth, epsilon {epsilon:g}": peer(crowd, epsilon, folder) for epsilon in (1.0, 12.0)}
    files["k-anonymous, cells made coarser"] = anonymised(crowd, "local", folder)
    files["k-anonymous, records removed"] = anonymised(crowd, "redact", folder)
    return crowd, files


def planted(folder: Path) -> tuple[Crowd, Files]:
    """Invented people, and files of other invented people with records of the members copied into them."""
    members, control, others = (simulated_table(PEOPLE, seed) for seed in (1, 2, 3))
    people, strangers = members.frame(), others.frame()
    files = {}
    for name, share in (("nobody copied", 0.0), ("1 % copied", 0.01), ("10 % copied", 0.1), ("everybody copied", 1.0)):
        count = round(share * strangers.height)
        copied = people.sample(min(count, people.height), seed=5)
        files[name] = folder / f"{count}.csv"
        pl.concat([strangers.slice(count), copied]).write_csv(files[name])
    return Crowd(members.csv, control.csv, members.schema), files


def large(folder: Path) -> tuple[Crowd, Files]:
    """200,000 invented people and as many others: what the attacks cost."""
    members, control = (simulated_table(200_000, seed) for seed in (1, 2))
    crowd = Crowd(members.csv, control.csv, members.schema)
    return crowd, {"ctdc, epsilon 4": protected(crowd, 4.0, folder, delta=1e-6)}


PLAYED: Mapping[str, Callable[[Path], tuple[Crowd, Files]]] = {"planted": planted, "real-2021": real, "large": large}


def played(name: str) -> Document:
    """Make the files, attack them through the command line, and return the report with what it cost."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        crowd, files = PLAYED[name](folder)
        report = folder / "report.json"
        words = ["--members", crowd.members, "--control", crowd.control, "--schema", crowd.schema, "--quasi", QUASI]
        words += ["--hierarchies", _levels(folder), "--out", report]
        named = [f"{title}={path}" for title, path in files.items()]
        command = [sys.executable, "-m", "ctdc.cli.main", "attack", "release", *named, *map(str, words)]
        cost = _measured(command, folder / "log.txt")
        if not report.exists():
            raise RuntimeError((folder / "log.txt").read_text(encoding="utf-8"))
        document: Document = json.loads(report.read_text(encoding="utf-8"))
    seconds = {"cpu_seconds": cost.cpu_seconds, "wall_seconds": cost.wall_seconds, "peak_bytes": cost.peak_bytes}
    return {**document, "cost": seconds, "machine": machine()}


# ---- the page -------------------------------------------------------------------------------------------------------


def stored(folder: Path = FOLDER) -> dict[str, Document]:
    """The stored results by name, in the order in which they are shown."""
    return {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name in PLAYED
        if (path := folder / f"{name}.json").exists()
    }


def _points(value: float) -> str:
    return f"{100 * value:.2f}"


def _most(candidate: Document) -> Document | None:
    """The attack on people that surely gained most."""
    found = [one for one in candidate["attacks"] if one["verdict"] in (FOUND, WITHIN)]
    return max(found, key=lambda one: float(one["low"]), default=None)


def _row(candidate: Document) -> list[str]:
    most, names = _most(candidate), names_of()
    found = sum(one["verdict"] in (FOUND, WITHIN) for one in candidate["attacks"])
    smallest = candidate["smallest"]
    guarantee = candidate["guarantee"]
    return [
        candidate["name"],
        f"{candidate['records']:,}",
        f"{found} of {len(candidate['attacks'])}",
        "" if most is None else f"{names['attack.' + most['attack']]} ({names['targets.' + most['targets']]})",
        "" if most is None else f"{_points(most['difference'])} ({_points(most['low'])} to {_points(most['high'])})",
        "" if guarantee is None else f"{100 * guarantee['allowed']:.1f}",
        "" if smallest is None else _points(smallest),
        candidate["verdict"],
    ]


def summary(document: Document) -> str:
    """A line for each file."""
    header = ["file", "records", "attacks that found something", "the furthest", "points more with members"]
    header += ["points that its guarantee allows", "smallest leak that would have been found, %", "verdict"]
    return markdown(header, [_row(one) for one in document["candidates"]])


def side_by_side(document: Document) -> str:
    """Every attack on every file: success with members less success with others, in points."""
    names = names_of()
    files = [{(one["attack"], one["targets"]): one for one in each["attacks"]} for each in document["candidates"]]
    order = list(names)
    every = sorted({key for each in files for key in each}, key=lambda key: (order.index("attack." + key[0]), key[1]))
    rows = [
        [
            names["attack." + attack],
            names["targets." + targets],
            *(_cell(each.get((attack, targets))) for each in files),
        ]
        for attack, targets in every
    ]
    return markdown(["attack", "on whom", *(one["name"] for one in document["candidates"])], rows)


def _cell(one: Document | None) -> str:
    if one is None or not one["members"]["attacks"]:
        return ""
    return f"**{_points(one['difference'])}**" if one["verdict"] in (FOUND, WITHIN) else _points(one["difference"])


def picture(document: Document) -> str:
    """The surest gain on each file, on a logarithmic axis; nothing where nothing was found."""
    groups: list[tuple[str, Sequence[Bar]]] = []
    for one in document["candidates"]:
        most = _most(one)
        written = "nothing found" if most is None else f"{100 * most['low']:.1f}"
        label = "at least" if most else ""
        groups.append((one["name"], [Bar(label, None if most is None else 100 * most["low"], written)]))
    described = "; ".join(f"{name}: {each[0].written}" for name, each in groups)
    return bars(
        "Points more with members than with others, at least",
        "The largest lower end of an interval over all attacks on each file made from 20,000 records of the file of "
        f"2021 ({described}), in percentage points.",
        groups,
    )


def cost(document: Document) -> str:
    """What the attacks on the large file cost."""
    spent = document["cost"]
    return (
        f"{document['members']:,} members and {document['control']:,} others with {len(document['columns'])} columns, "
        f"one release: {spent['cpu_seconds']:.0f} CPU-seconds, reading the files included, and "
        f"{spent['peak_bytes'] / 1e9:.1f} GB at most. Verdict: {document['verdict']}."
    )


def page_text(documents: Mapping[str, Document]) -> str:
    """The page with its tables anew."""
    real_file = documents["real-2021"]
    people = (
        f"{real_file['members']:,} members, {real_file['control']:,} others, "
        f"each interval at {100 * real_file['confidence_each']:.3f} %.\n\n"
    )
    parts = {
        "planted": summary(documents["planted"]),
        "real": people + summary(real_file),
        "side": side_by_side(real_file),
        "cost": cost(documents["large"]) + " " + machine_line(documents["large"]["machine"]),
    }
    return with_figures(PAGE.read_text(encoding="utf-8"), parts)


@click.group()
def main() -> None:
    """The results of the attacks that the documentation shows."""


@main.command()
@click.option(
    "--only", type=click.Choice(list(PLAYED)), multiple=True, help="Of the stored results; all when left out."
)
def measure(only: tuple[str, ...]) -> None:
    """Attack and store. The real file is found in the folder that CTDC_REAL_DATA names."""
    for name in only or PLAYED:
        document = played(name)
        write_text(FOLDER / f"{name}.json", as_json(document))
        click.echo(f"{name}: {document['verdict']}, {document['cost']['cpu_seconds']:.1f} CPU-seconds")


@main.command()
def page() -> None:
    """Write the tables and the plot of the page anew, from what is stored."""
    write_text(PAGE, page_text(stored()))
    write_text(PICTURE, picture(stored()["real-2021"]))


if __name__ == "__main__":
    main()
