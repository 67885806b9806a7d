"""``python -m benchmarks.studio``: fifty people who work in a studio at once, on PostgreSQL, and how long pages take.

Promise: the studio runs as ``ctdc studio serve`` runs it, with its worker, on a PostgreSQL that waits for its disk.
Everybody is signed in, opens a page, reads for a while and follows one of its links, as their role allows; some of the
contributors deliver files meanwhile, which the worker checks and seals. A page is timed from the question to the last
byte of the answer. The people who ask run on the same machine. The command fails when a bar is missed.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import click
import numpy as np
from tests.on_postgresql import VARIABLE, cluster, programs

from benchmarks.machine import REPOSITORY, commit, machine
from benchmarks.paths import RESULTS
from benchmarks.studio_crowd import Member, invented_file
from ctdc.foundation.clock import now, timestamp
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import write_text
from ctdc.hub.site.serve import bind
from ctdc.hub.studio.deliveries.sending import Studio

STUDIO = RESULTS / "studio.json"
BAR = 500.0  # milliseconds of a page at the 95th percentile
CTDC = (sys.executable, "-m", "ctdc.cli.main", "studio")
LINK = re.compile(rb'href="(/[^"#]*)')
# What is no page, or ends what somebody does here: leaving, files, feeds of Wagtail's scripts; and what its lists offer
# for many pages at once, which is closed.
NO_PAGE = re.compile(
    r"logout|/editors/bulk/|\.(css|js|svg|png|woff2|xlsx|csv|zip|json|po)\b|/static/|/sprite|/download|/receipt|/api/"
)
DELIVERS = 5  # every so many contributors, one delivers through a program as well
START = {"editor": "/editors/", "translator": "/editors/"}


@dataclass
class Seen:
    """What the crowd has seen, of all its threads. pages: milliseconds by the first two parts of an address."""

    pages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    deliveries: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def page(self, path: str, milliseconds: float) -> None:
        """Note a page that came."""
        kind = "/".join(re.sub(r"\d+", "N", path.partition("?")[0]).split("/")[:3]) or "/"
        with self.lock:
            self.pages[kind].append(milliseconds)

    def error(self, what: str) -> None:
        """Note what should not have been."""
        with self.lock:
            self.errors.append(what)


def walk(port: int, member: Member, until: float, think: float, seed: int, seen: Seen) -> None:
    """One person: a page, a while, one of its links."""
    chance = random.Random(seed)
    start = START.get(member.role, "/")
    path = start
    time.sleep(chance.uniform(0, 2 * think))
    while time.monotonic() < until:
        started = time.perf_counter()
        try:
            status, links = _page(port, path, member.cookie)
        except (OSError, HTTPException) as error:
            seen.error(f"{member.role} {path}: {type(error).__name__}")
            path = start
            continue
        took = 1000 * (time.perf_counter() - started)
        if status == 200:
            seen.page(path, took)
        elif status not in (301, 302):
            seen.error(f"{member.role} {path}: {status}")
        path = chance.choice(links) if links and chance.random() > 0.1 else start
        time.sleep(chance.uniform(0.5, 1.5) * think)


def _page(port: int, path: str, cookie: str) -> tuple[int, list[str]]:
    """Status of a page, and where its links lead; where it redirects, that is the only link."""
    connection = HTTPConnection("localhost", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Cookie": f"session={cookie}", "Host": f"localhost:{port}"})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status in (301, 302):
        place = answer.getheader("location", "")
        return answer.status, [place] if place.startswith("/") else []
    found = {link.decode().replace("&amp;", "&") for link in LINK.findall(body)}
    return answer.status, sorted(link for link in found if not NO_PAGE.search(link) and not link.startswith("//"))


def deliver(port: int, member: Member, folder: Path, until: float, think: float, seed: int, seen: Seen) -> None:
    """One contributor's program: a file of its own, a while, the next."""
    number, studio = 0, Studio(f"http://localhost:{port}", member.token)
    while time.monotonic() < until:
        made = invented_file(folder / f"{seed}-{number}", 200, 100 * seed + number)
        started = time.perf_counter()
        try:
            studio.deliver([made])
        except UserError as error:
            seen.error(f"delivery: {error}")
        else:
            with seen.lock:
                seen.deliveries.append(1000 * (time.perf_counter() - started))
        number += 1
        time.sleep(5 * think)


@contextmanager
def studio(people: int) -> Iterator[tuple[int, list[Member], int]]:
    """A running studio with so many people: its port, who they are, the process of its pages."""
    binaries = programs()
    if binaries is None:
        raise click.ClickException("PostgreSQL is not installed: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="ctdc-load-") as scratch, cluster(binaries, ()) as database:
        folder, who = Path(scratch) / "studio", Path(scratch) / "who.json"
        with bind("127.0.0.1", 0) as listener:
            port = int(listener.getsockname()[1])
        environment = os.environ | {VARIABLE: database}
        _make(folder, port, people, who, environment)
        crowd = [Member(**one) for one in json.loads(who.read_text(encoding="utf-8"))]
        serve = [*CTDC, "serve", str(folder), "--port", str(port)]
        with subprocess.Popen(serve, stdout=subprocess.DEVNULL, env=environment) as pages:
            try:
                _wait(port, pages)
                yield port, crowd, pages.pid
            finally:
                pages.terminate()
                pages.wait(60)


def _make(folder: Path, port: int, people: int, who: Path, environment: Mapping[str, str]) -> None:
    """A studio in `folder` with content and people, each step as a command of its own."""
    known = ["--address", f"http://localhost:{port}", "--hub", "Hub", "--sender", "hub@example.org"]
    first = ["--administrator", "first@example.org", "--name", "First", "--database", "environment"]
    _run([*CTDC, "init", str(folder), *known, *first], environment)
    _set(folder / "studio.toml", "vault_keys = []", 'vault_keys = ["file:vault.key"]')
    _run([*CTDC, "import-content", str(folder)], environment)
    _run([sys.executable, "-m", "benchmarks.studio_crowd", str(folder), str(people), str(who)], environment)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment, cwd=REPOSITORY)


def _set(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise click.ClickException(f"{path.name} has no line {old!r}")
    path.write_text(text.replace(old, new), encoding="utf-8")


def _wait(port: int, pages: subprocess.Popen[bytes]) -> None:
    while pages.poll() is None:
        try:
            if _page(port, "/account/login/", "")[0] == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise click.ClickException("the studio did not start")


def _processor_time(process: int) -> float:
    """Seconds that a process has run (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(people: int, seconds: float, think: float) -> dict[str, Any]:
    """Let the crowd work; what it saw."""
    seen = Seen()
    with studio(people) as (port, crowd, pages), tempfile.TemporaryDirectory() as files:
        until = time.monotonic() + seconds
        work = [
            threading.Thread(target=walk, args=(port, one, until, think, n, seen), daemon=True)
            for n, one in enumerate(crowd)
        ]
        senders = [one for one in crowd if one.token][::DELIVERS]
        work += [
            threading.Thread(target=deliver, args=(port, one, Path(files), until, think, n, seen), daemon=True)
            for n, one in enumerate(senders)
        ]
        used = _processor_time(pages)
        for one in work:
            one.start()
        for one in work:
            one.join(seconds + 180)
        used = _processor_time(pages) - used
    return summary(seen, seconds) | {"processor_share_of_pages": round(used / seconds, 2)}


def summary(seen: Seen, seconds: float) -> dict[str, Any]:
    """Percentiles of what was seen, in milliseconds."""
    every = [one for some in seen.pages.values() for one in some]
    kinds = {kind: _percentiles(some) for kind, some in sorted(seen.pages.items())}
    return {
        "pages": _percentiles(every) | {"per_second": round(len(every) / seconds, 1)},
        "deliveries": _percentiles(seen.deliveries),
        "errors": sorted(set(seen.errors)),
        "kinds": kinds,
    }


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {"number": 0}
    shares = {f"p{part}_ms": round(float(np.percentile(values, part)), 1) for part in (50, 95, 99)}
    return {"number": len(values)} | shares


@click.command()
@click.option("--people", default=50, show_default=True, type=click.IntRange(1, 500), help="Who work at once.")
@click.option("--seconds", default=120.0, show_default=True, help="How long they work.")
@click.option("--think", default=3.0, show_default=True, help="Seconds that somebody reads a page.")
def main(people: int, seconds: float, think: float) -> None:
    """Measure a studio under load, and store what was found."""
    load = round(os.getloadavg()[0], 1)
    found = measure(people, seconds, think)
    asked = {"people": people, "seconds": seconds, "think_seconds": think, "load_before": load}
    result = {"machine": machine(), "commit": commit(), "when": timestamp(now()), "asked": asked, "found": found}
    write_text(STUDIO, json.dumps(result, indent=1) + "\n")
    pages = found["pages"]
    click.echo(
        f"{pages['number']} pages, {pages['per_second']} a second: p50 {pages['p50_ms']} ms, p95 {pages['p95_ms']} ms"
    )
    click.echo(f"{found['deliveries']['number']} deliveries; {len(found['errors'])} kinds of errors")
    for line in found["errors"][:10]:
        click.echo(f"  {line}")
    if found["errors"] or pages["p95_ms"] >= BAR:
        raise click.ClickException(f"a bar was missed: no errors, and p95 below {BAR:.0f} ms")


if __name__ == "__main__":
    main()
