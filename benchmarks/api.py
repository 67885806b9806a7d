"""``python -m benchmarks.api RELEASE``: how quickly the counts service answers, and how far records are from the truth.

Promise: the service runs in a process of its own, as ``ctdc serve`` runs it, and is asked over HTTP; what was measured,
on what and when is stored in one JSON file. The bars are held to the processor time of the service, all of its threads
together, which other work on the machine hardly changes; what a clock on the wall says stands beside it with the
machine's load. Uncached questions are hardly ever asked twice. With
``--truth`` (the coded people behind a simulated release) it is counted how often the interval of a number from the
records holds the true one; questions are drawn from the people and from the records alike, so that neither side is
favoured. The command fails when a bar is missed.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
import numpy as np
import polars as pl

from benchmarks.machine import commit, machine
from benchmarks.paths import RESULTS
from ctdc.foundation.clock import now, timestamp
from ctdc.foundation.files import write_text
from ctdc.hub.api.shelf import open_shelf
from ctdc.hub.server import run
from ctdc.hub.site.serve import bind
from ctdc.release.counting import Counter, open_counter
from ctdc.table.coded import CodedTable, code_table

API = RESULTS / "api.json"
UNCACHED_BAR, CACHED_BAR = 50.0, 2000.0  # milliseconds at the 95th percentile; requests a second on one core
BANDS = (1, 10, 50, 200, 1000, 10**9)
Codes = dict[str, list[str]]


def _serve(folder: Path, port: int, core: int) -> None:
    from ctdc.hub.api.service import service

    os.sched_setaffinity(0, {core})
    shelf = open_shelf(folder)
    _ = shelf.latest.counter  # opened before anybody asks, as after the first question
    run(service(shelf), bind("127.0.0.1", port))


@contextmanager
def _service(folder: Path) -> Iterator[tuple[int, int]]:
    """The service on one core, while the context is open: its port and process."""
    with bind("127.0.0.1", 0) as listener:
        port = int(listener.getsockname()[1])
    process = get_context("spawn").Process(target=_serve, args=(folder, port, min(os.sched_getaffinity(0))))
    process.start()
    try:
        while True:
            try:
                HTTPConnection("127.0.0.1", port).connect()
                break
            except ConnectionRefusedError:
                if not process.is_alive():
                    raise click.ClickException("the service did not start") from None
                time.sleep(0.05)
        yield port, int(process.pid or 0)
    finally:
        process.terminate()
        process.join()


def processor_time(process: int) -> float:
    """Seconds that all threads of a process have run (Linux)."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def some_filters(counter: Counter, chance: random.Random, number: int) -> Codes:
    """Filters of so many variables, of one to three codes each."""
    found = {}
    for name in chance.sample(counter.variables, number):
        codes = counter.analysis.codes(name)
        found[name] = chance.sample(codes, chance.randint(1, min(3, len(codes))))
    return found


def _ask(connection: HTTPConnection, address: str) -> tuple[int, str]:
    connection.request("GET", address)
    response = connection.getresponse()
    response.read()
    return response.status, response.getheader("location", "") or ""


def uncached(server: tuple[int, int], at: str, counter: Counter, filters: int, questions: int) -> dict[str, float]:
    """Milliseconds of questions for all variables under so many filters, each at its canonical address."""
    chance, walls, took = random.Random(filters), [], []
    port, process = server
    connection = HTTPConnection("127.0.0.1", port)
    for _ in range(questions):
        query = urlencode({name: ",".join(codes) for name, codes in some_filters(counter, chance, filters).items()})
        address = f"{at}/explore?{query}" if query else f"{at}/explore"
        status, location = _ask(connection, f"{address}&own=yes" if query else address)
        started, used = time.perf_counter(), processor_time(process)
        status, _ = _ask(connection, location or address)
        walls.append(1000 * (time.perf_counter() - started))
        took.append(1000 * (processor_time(process) - used))
        if status != 200:
            raise click.ClickException(f"{status} for {address}")
    parts = [("cpu", took, part) for part in (50, 95, 99)] + [("wall", walls, part) for part in (50, 95)]
    return {f"{name}_p{part}_ms": round(float(np.percentile(own, part)), 1) for name, own, part in parts}


def cached(server: tuple[int, int], address: str, seconds: float = 5.0, clients: int = 4) -> dict[str, int]:
    """Answers to one question that was asked before, on several connections: in a second of the service's own, and of
    the clock on the wall."""
    port, process = server
    answered = [0] * clients
    used = processor_time(process)
    until = time.perf_counter() + seconds

    def client(number: int) -> None:
        import socket

        request = f"GET {address} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", port)) as connection:
            while time.perf_counter() < until:
                connection.sendall(request)
                _read_answer(connection)
                answered[number] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    started = time.perf_counter()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    took = {"cpu": processor_time(process) - used, "wall": time.perf_counter() - started}
    return {f"per_{name}_second": round(sum(answered) / seconds_of) for name, seconds_of in took.items()}


def _read_answer(connection: Any) -> None:
    held = b""
    while b"\r\n\r\n" not in held:
        held += connection.recv(65_536)
    head, _, body = held.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]) - len(body)
    while left > 0:
        left -= len(connection.recv(65_536))


def covered(counter: Counter, truth: CodedTable, variables: int, questions: int) -> list[dict[str, Any]]:
    """How often numbers from the records, of so many variables, hold the true ones, by their size."""
    chance = random.Random(variables)
    hits: dict[int, list[bool]] = {band: [] for band in BANDS[:-1]}
    for number in range(questions):
        source = truth if number % 2 else counter.records
        asked, true = _one_of(counter, source, truth, chance, variables)
        total = counter.total(asked)
        size = (total.value + true) / 2
        band = max((band for band in BANDS[:-1] if band <= size), default=None)
        if band is not None and total.source == "records":
            hits[band].append(total.low <= true <= total.high)
    return [
        {"variables": variables, "from": band, "questions": len(found), "covered": round(sum(found) / len(found), 3)}
        for band, found in hits.items()
        if found
    ]


def _one_of(
    counter: Counter, source: CodedTable, truth: CodedTable, chance: random.Random, variables: int
) -> tuple[Codes, int]:
    """Codes that one of the records of `source` has, widened by others; and how many people have them."""
    row = chance.randrange(source.rows)
    asked: Codes = {}
    met = np.ones(truth.rows, dtype=bool)
    for place in sorted(chance.sample(range(len(counter.variables)), variables)):
        variable, own = truth.schema.variables[place], int(source.columns[place][row])
        more = chance.sample(range(1, variable.size), min(variable.size - 1, chance.randint(0, 3))) if own else []
        categories = sorted({own, *more})
        asked[variable.name] = [("", *variable.codes)[category] for category in categories]
        wanted = np.zeros(variable.size, dtype=bool)
        wanted[categories] = True
        met &= wanted[truth.columns[place]]
    return asked, int(met.sum())


def _measure(release: Path, questions: int, say: Callable[[str], None]) -> dict[str, Any]:
    counter = open_counter(release)
    at = open_shelf(release).latest.address
    load = os.getloadavg()[0]
    with _service(release) as server:
        slow = []
        for filters in range(5):
            slow.append({"filters": filters, **uncached(server, at, counter, filters, questions if filters else 1)})
            say(str(slow[-1]))
        quick = {}
        for name in ("counts?by=gender", "explore"):
            cached(server, f"{at}/{name}", 0.5)
            quick[name] = cached(server, f"{at}/{name}")
            say(f"{name}: {quick[name]}")
    return {
        "rows": counter.records.rows,
        "variables": len(counter.variables),
        "load": round(load, 1),
        "uncached": slow,
        "cached": quick,
    }


@click.command()
@click.argument("release", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--truth", type=click.Path(path_type=Path, exists=True), help="Coded people behind a simulated release.")
@click.option("--questions", default=100, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=API, show_default=False)
def main(release: Path, truth: Path | None, questions: int, out: Path) -> None:
    """Measure the counts service on RELEASE and store the result."""
    release = release.resolve()
    found: dict[str, Any] = {"machine": machine(), "commit": commit(), "measured_at": timestamp(now())}
    found |= _measure(release, questions, click.echo)
    if truth is not None:
        counter = open_counter(release)
        schema = counter.analysis.data.schema
        people = pl.read_parquet(truth).select(schema.names).cast(pl.String)
        table = code_table(people.to_arrow(), schema, truth.name)
        found["records_cover"] = [
            one for number in (4, 5, 6) for one in covered(counter, table, number, 10 * questions)
        ]
    write_text(out, json.dumps(found, indent=1) + "\n")
    slowest = max(one["cpu_p95_ms"] for one in found["uncached"])
    quickest = min(one["per_cpu_second"] for one in found["cached"].values())
    if slowest > UNCACHED_BAR or quickest < CACHED_BAR:
        sys.exit(f"A bar is missed: p95 {slowest} ms (bar {UNCACHED_BAR}), {quickest} a second (bar {CACHED_BAR})")


if __name__ == "__main__":
    main()
