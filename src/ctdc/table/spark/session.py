"""Spark's session, and what is said where there is none.

Promise: what Spark writes to disks on the way (shuffled counts, spilled rows) is encrypted with a key of the session;
names of columns are case-sensitive, as everywhere; a file that is damaged or gone is an error; tasks run this very
Python for this collaborative. A session that somebody else has opened is neither changed nor ended.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ctdc.foundation.collaborative import CHOSEN, Collaborative, current
from ctdc.foundation.errors import UserError
from ctdc.table.engine import Engine

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BATCH_ROWS = 65_536
ENCRYPTED = "spark.io.encryption.enabled"
SETTINGS = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_ROWS),
    "spark.sql.caseSensitive": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.mergeSchema": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    ENCRYPTED: "true",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
# Tasks and driver talk over this machine's loopback alone where all of them are on it.
LOCAL_SETTINGS = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


def _no_spark() -> UserError:
    return UserError(
        "spark.missing",
        "Spark for Python is not installed.",
        allowed="PySpark 4 and Java 17 or newer",
        do="pip install 'ctdc[spark]', or use --engine memory, which takes tables of any size on one machine.",
    )


def _no_start(master: str) -> UserError:
    return UserError(
        "spark.start",
        "Spark could not be started.",
        where=master,
        allowed="Java 17 or newer (java on the PATH, or JAVA_HOME), and a master that can be reached",
        do="Try 'java -version', look at what Spark said above, or use --engine memory.",
    )


@contextmanager
def spark_session(engine: Engine) -> Iterator[SparkSession]:
    """A session with our settings: of one's own on the Spark that is open, whose master is kept, or else on a new one.

    Only the latter is ended. Raises UserError (``spark.missing``, ``spark.start``, ``spark.settings``).
    """
    try:
        from pyspark import SparkContext
    except ImportError:
        raise _no_spark() from None
    if SparkContext._active_spark_context is not None:  # of any thread
        yield _beside(engine)
        return
    session = _started(engine)
    try:
        yield session
    finally:
        session.stop()


def _beside(engine: Engine) -> SparkSession:
    """A session with settings of its own beside those that are open. Raises UserError (``spark.settings``)."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.getOrCreate().newSession()
    given = session.sparkContext.getConf()
    for name, value in (SETTINGS | dict(engine.conf)).items():
        if session.conf.isModifiable(name):
            session.conf.set(name, value)
        elif given.get(name) != value and (name == ENCRYPTED or name in engine.conf):
            raise UserError(
                "spark.settings",
                f"The Spark that is open was not started with {name}={value}, which cannot be changed any more.",
                do="Stop it, so that ctdc starts one of its own, or start it with this setting.",
            )
    return session


def tasks_of(collaborative: Collaborative, master: str) -> str:
    """The collaborative as tasks are told of it. Each machine has the one that comes with the software in a place of
    its own; any other lies at one place on all.
    """
    return "" if collaborative.is_shipped and not master.startswith("local") else str(collaborative.folder)


def _started(engine: Engine) -> SparkSession:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    served = {f"spark.executorEnv.{CHOSEN}": tasks_of(current(), engine.master)}
    local = LOCAL_SETTINGS if engine.master.startswith("local") else {}
    settings = SETTINGS | served | local | dict(engine.conf)
    builder = SparkSession.builder.appName("ctdc").master(engine.master)
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError, OSError):
        raise _no_start(engine.master) from None
    session.sparkContext.setLogLevel("ERROR")
    return session
