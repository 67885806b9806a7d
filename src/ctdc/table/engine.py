"""Where tables are counted: on this machine's memory, or on Spark.

Promise: an engine decides how rows are read and where they are counted, and nothing else: counts are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ctdc.foundation.errors import UserError

MEMORY, SPARK = "memory", "spark"
ENGINES = (MEMORY, SPARK)
DEFAULT_MASTER = "local[*,4]"  # all cores of this machine, and a task that fails is tried up to four times


@dataclass(frozen=True)
class Engine:
    """name: one of `ENGINES`; master: of Spark, as its own tools take it; conf: more of Spark's settings."""

    name: str = MEMORY
    master: str = DEFAULT_MASTER
    conf: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_spark(self) -> bool:
        """Whether rows are read and counted on Spark."""
        return self.name == SPARK


def check_here(location: object) -> None:
    """Raise UserError (``engine.elsewhere``) for an address, which the memory engine cannot read."""
    if "://" in str(location):
        raise UserError(
            "engine.elsewhere",
            "This is an address, and the memory engine reads files of this machine.",
            where=str(location),
            allowed="a path; or an address that Spark knows (hdfs://, s3a://, ...) with --engine spark",
            do="Add --engine spark, or copy the file here.",
        )
