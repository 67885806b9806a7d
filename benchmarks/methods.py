"""What is measured: this project's engine, the floor, and the peers; how each is started and what it leaves behind.

Promise: every method gets the same csv file, domain, epsilon, delta and length, runs as a process of its own and is
measured from outside, from reading the file to having written its own.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.data import Table
from benchmarks.machine import REPOSITORY
from benchmarks.peers import ENVIRONMENTS, environment_python
from ctdc.foundation.hashing import hash_file, hash_value

SCRIPTS = Path(__file__).resolve().parent / "peer_scripts"
PROJECT = ""  # the environment of the project itself


@dataclass(frozen=True)
class Settings:
    """The privacy settings of one measurement; `length` is the longest combination."""

    epsilon: float
    delta: float
    length: int


@dataclass(frozen=True)
class Method:
    """One thing to measure: `script` is empty for the engine; the output of `slow` ones is kept and used again.

    `shared` are the modules that the script imports beside the contract; `limit`, in seconds of wall time, is for what
    would never end within a patient person's limit; a table of over `most_rows` is left out, unless asked for by name.
    A method that does not take the domain is not run again when only the schema has changed.
    """

    name: str
    title: str
    script: str
    environment: str = PROJECT
    options: Mapping[str, Any] = field(default_factory=dict)
    slow: bool = False
    takes_domain: bool = True
    shared: tuple[str, ...] = ()
    limit: float | None = None
    most_rows: int | None = None

    def fingerprint(self) -> str:
        """Changes when the code or versions that make the method's output change, not with formatting."""
        scripts = (self.script, "contract.py", *self.shared)
        trees = [ast.dump(ast.parse((SCRIPTS / name).read_text(encoding="utf-8"))) for name in scripts]
        return hash_value([self.name, dict(self.options), list(ENVIRONMENTS.get(self.environment, ())), trees])

    def key(self, table: Table, settings: Settings) -> str:
        """Names an output: equal keys mean the same code on the same records with the same settings."""
        schema = hash_file(table.schema) if self.takes_domain else ""
        return hash_value([self.fingerprint(), hash_file(table.csv), schema, asdict(settings)])[:16]

    def command(self, table: Table, settings: Settings, out: Path) -> list[str]:
        """The command that does the whole work. Raises PeerUnavailableError when its environment cannot be made."""
        if not self.script:
            return engine_command(table, settings, out)
        python = environment_python(self.environment) if self.environment else Path(sys.executable)
        return [str(python), str(SCRIPTS / self.script), str(self._write_job(table, settings, out))]

    def _write_job(self, table: Table, settings: Settings, out: Path) -> Path:
        job = {
            "input": str(table.csv),
            "schema": str(table.schema),
            "epsilon": settings.epsilon,
            "delta": settings.delta,
            "length": settings.length,
            "options": dict(self.options),
            "out": str(out),
        }
        path = out / "job.json"
        path.write_text(json.dumps(job, indent=1), encoding="utf-8")
        return path


def engine_command(table: Table, settings: Settings, out: Path) -> list[str]:
    """``ctdc protect`` as a person would type it."""
    return [
        *(sys.executable, "-m", "ctdc.cli.main", "protect", str(table.csv)),
        *("--schema", str(table.schema), "--out", str(out / "protected")),
        *("--epsilon", str(settings.epsilon), "--delta", str(settings.delta), "--length", str(settings.length)),
    ]


def process_environment(project: bool = True) -> dict[str, str]:
    """The environment variables of a measured process: ours, but of Python's path only what the scripts share.

    With `project` it also finds this checkout's own code, whichever is installed.
    """
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    path = [str(REPOSITORY), *([str(REPOSITORY / "src")] if project else [])]
    return kept | {"PYTHONNOUSERSITE": "1", "PYTHONPATH": os.pathsep.join(path)}


METHODS: tuple[Method, ...] = (
    Method("ctdc", "**ctdc**", ""),
    Method("alone", "every column alone", "alone.py"),
    Method("mst", "MST (mbi 2.0.0)", "mst.py", "mbi", {"iterations": 5000}, shared=("graphical.py",)),
    Method(
        "aim",
        "AIM (mbi 2.0.0)",
        "aim.py",
        "mbi",
        {"iterations": 1000, "max_megabytes": 80},
        slow=True,
        shared=("graphical.py", "junction.py"),
        limit=3600.0,
        most_rows=49_000,
    ),
    Method(
        "pac-synth",
        "pac-synth 0.0.8, default",
        "pac_synth.py",
        "pac-synth",
        {"use_synthetic_counts": False},
        slow=True,
        takes_domain=False,
    ),
    Method(
        "pac-synth-counts",
        "pac-synth 0.0.8, `use_synthetic_counts`",
        "pac_synth.py",
        "pac-synth",
        {"use_synthetic_counts": True},
        slow=True,
        takes_domain=False,
    ),
)
