"""What every measured method has in common: a job read from JSON, phases timed, a result written as JSON.

Promise: standard library only, because it is imported by scripts that run in the peers' own environments.

A script is started as ``python SCRIPT job.json``. The job: ``input`` (csv, empty cell = missing), ``schema`` (Table
Schema with ``constraints.enum``), ``epsilon``, ``delta``, ``length``, ``options`` (the method's own) and ``out`` (a
folder that exists). The script writes ``synthetic.csv``, may write ``aggregates.csv`` (``attributes,count``), and
``result.json``, anew after every phase, so that a script that was stopped still tells how far it came.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any


@dataclass
class Job:
    """One method's task, and the account of how it went."""

    input: Path
    out: Path
    names: list[str]
    codes: list[list[str]]
    epsilon: float
    delta: float
    length: int
    options: dict[str, Any]
    result: dict[str, Any] = field(default_factory=lambda: {"phases": {}, "versions": {}, "notes": []})

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time the body: wall and CPU seconds of this process (all threads)."""
        self.result["running"] = name
        self._write()
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        self.result["phases"][name] = {kind: round(seconds, 3) for kind, seconds in spent.items()}
        del self.result["running"]
        self._write()

    def note(self, **facts: Any) -> None:
        """Record something worth knowing about the run."""
        self.result["notes"].append(facts)

    def progress(self, text: str) -> None:
        """Tell how far a long phase has come, for whoever finds it stopped."""
        self.result["progress"] = text
        self._write()

    def versions(self, *packages: str) -> None:
        """Record the versions of installed packages, and of Python."""
        self.result["versions"] = {name: version(name) for name in packages}
        self.result["versions"]["python"] = sys.version.split()[0]

    def rows(self) -> list[list[str]]:
        """The input's records without the header, columns in the schema's order, empty text = missing."""
        with self.input.open(newline="", encoding="utf-8") as stream:
            reader = csv.reader(stream)
            header = next(reader)
            if header != self.names:
                raise ValueError("the columns of the input are not those of the schema")
            return list(reader)

    def write_synthetic(self, rows: Iterable[Sequence[str]], header: Sequence[str] | None = None) -> None:
        """Write ``synthetic.csv``."""
        with (self.out / "synthetic.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(self.names if header is None else header)
            writer.writerows(rows)

    def write_aggregates(self, counts: Iterable[tuple[dict[str, str], float]]) -> None:
        """Write ``aggregates.csv``."""
        with (self.out / "aggregates.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["attributes", "count"])
            writer.writerows((json.dumps(attributes, ensure_ascii=False), count) for attributes, count in counts)

    def _write(self) -> None:
        (self.out / "result.json").write_text(json.dumps(self.result, indent=1), encoding="utf-8")


def load_job() -> Job:
    """The job whose path is the script's only argument."""
    document = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    fields = json.loads(Path(document["schema"]).read_text(encoding="utf-8"))["fields"]
    return Job(
        input=Path(document["input"]),
        out=Path(document["out"]),
        names=[field["name"] for field in fields],
        codes=[field["constraints"]["enum"] for field in fields],
        epsilon=document["epsilon"],
        delta=document["delta"],
        length=document["length"],
        options=document["options"],
    )
