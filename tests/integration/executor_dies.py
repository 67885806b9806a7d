"""A run on a small cluster of this machine, of which one executor is killed: a program of its own, for `test_engines`.

    python executor_dies.py FILE SCHEMA FOLDER

Measures without noise what FILE holds, and lets the first task that comes to its second batch kill the Java process
that runs it. FOLDER: of marks (one file there lets one executor die) and of what is measured.
"""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.support.engine import WHEN, NoNoise

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.protect import measure_records
from ctdc.privacy.settings import Settings
from ctdc.table.coder import DeclaredCoder
from ctdc.table.declare import read_declaration
from ctdc.table.engine import SPARK, Engine
from ctdc.table.spark.counting import counted_on_spark
from ctdc.table.spark.files import SparkFiles
from ctdc.table.spark.session import spark_session

EXECUTOR = "CoarseGrainedExecutorBackend"
CONF = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": "500",
    "spark.sql.shuffle.partitions": "2",
    "spark.executor.memory": "512m",
    "spark.authenticate": "true",
    "spark.authenticate.secret": "of this test",
    "spark.network.crypto.enabled": "true",
}


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def kill_executor() -> None:
    """Kill the executor above this worker; nothing else that happens to stand there."""
    process = os.getpid()
    while process > 1:
        if EXECUTOR in Path(f"/proc/{process}/cmdline").read_text():
            os.kill(process, signal.SIGKILL)
            return
        process = parent_of(process)


@dataclass(frozen=True)
class Deadly(DeclaredCoder):
    marks: Path

    def code(self, batch: pa.Table, where: str, first_row: int) -> Any:
        if first_row > 1:
            for mark in sorted(self.marks.glob("mark-*")):
                try:
                    mark.unlink()
                except FileNotFoundError:
                    continue
                kill_executor()
        return super().code(batch, where, first_row)


def main(file: Path, schema: Path, folder: Path) -> None:
    coder = Deadly(read_declaration(schema), folder)
    with spark_session(Engine(SPARK, "local-cluster[2,1,1024]", CONF)) as session:
        people = counted_on_spark(SparkFiles(session, file), coder)
        chosen = Settings(Guarantee(4, 1e-6), seed=1)
        ledger = folder / "ledger.jsonl"
        measure_records(lambda: people, coder.schema, chosen, folder / "measured", ledger, WHEN, noise=NoNoise())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
