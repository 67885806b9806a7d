"""A delivery harmonised where it lies: on this machine in a stream, or on Spark in parts."""

from __future__ import annotations

from pathlib import Path

from ctdc.foundation.progress import Progress
from ctdc.intake.delivery import DeliveryReport
from ctdc.intake.harmonise import harmonise
from ctdc.intake.mapping import Mapping
from ctdc.intake.on_spark import harmonise_on_spark
from ctdc.table.engine import Engine, check_here
from ctdc.table.spark.files import SparkFiles
from ctdc.table.spark.session import spark_session
from ctdc.workflow.places import Location


def harmonise_anywhere(
    source: Location,
    mapping: Mapping,
    engine: Engine,
    *,
    subject_key: bytes,
    out: Path,
    progress: Progress,
    allow_quarantine: bool = False,
) -> DeliveryReport:
    """Harmonise a delivery into the file `out`, on Spark into the folder `out`, with its coverage beside it.

    Raises `Quarantined`, and UserError for what this engine cannot read.
    """
    if not engine.is_spark:
        check_here(source)
        return harmonise(
            Path(source),
            mapping,
            subject_key=subject_key,
            out=out,
            progress=progress,
            allow_quarantine=allow_quarantine,
        )
    with spark_session(engine) as session:
        return harmonise_on_spark(
            SparkFiles(session, source),
            mapping,
            subject_key=subject_key,
            out=out,
            progress=progress,
            allow_quarantine=allow_quarantine,
        )
