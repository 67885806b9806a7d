"""Where a table lies, and the engine that reads it there.

Promise: a table's columns and what its writer said of it are known before a record is read, wherever it lies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ctdc.foundation.hashing import hash_file, hash_tree
from ctdc.foundation.progress import Progress, Silent
from ctdc.table.coded import column_names, parquet_metadata
from ctdc.table.coder import Coder
from ctdc.table.engine import Engine, check_here
from ctdc.table.passes import PassedRows
from ctdc.table.spark.counting import counted_on_spark
from ctdc.table.spark.files import SparkFiles
from ctdc.table.spark.session import spark_session
from ctdc.table.stream import is_large, part_files, streamed

Location = Path | str


class Place(Protocol):
    """A table somewhere."""

    @property
    def where(self) -> str:
        """For errors."""

    @property
    def in_passes(self) -> bool:
        """Whether its rows are counted without being held."""

    def names(self, delimiter: str = ",") -> tuple[str, ...]:
        """Its columns. Raises UserError when there is no such table."""

    def metadata(self) -> Sequence[Mapping[bytes, bytes]]:
        """What the writers of its files said of them; nothing of text files."""

    def identity(self) -> object:
        """What tells its content from another, as JSON values: equal for equal files."""

    def rows(self, coder: Coder) -> PassedRows:
        """Its people, counted in passes."""


@dataclass(frozen=True)
class Here:
    """A file of this machine, or a folder with the parts of a table. whole: it is read at once, however large."""

    path: Path
    progress: Progress = field(default_factory=Silent)
    whole: bool = False

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)

    @property
    def in_passes(self) -> bool:
        """Whether it is too large to be held."""
        return not self.whole and is_large(self.path)

    def names(self, delimiter: str = ",") -> tuple[str, ...]:
        """The columns of the (first) file."""
        return column_names(part_files(self.path)[0], delimiter)

    def metadata(self) -> Sequence[Mapping[bytes, bytes]]:
        """Of each parquet file."""
        return [parquet_metadata(part) for part in part_files(self.path) if part.suffix.lower() == ".parquet"]

    def identity(self) -> object:
        """The hash of what is in it."""
        return hash_tree(self.path) if self.path.is_dir() else hash_file(self.path)

    def rows(self, coder: Coder) -> PassedRows:
        """The memory engine, in batches."""
        return streamed(self.path, coder, self.progress)


@dataclass(frozen=True)
class OnSpark:
    """Parquet that Spark reads."""

    files: SparkFiles
    progress: Progress = field(default_factory=Silent)

    @property
    def where(self) -> str:
        """The path or address."""
        return self.files.where

    @property
    def in_passes(self) -> bool:
        """Always."""
        return True

    def names(self, delimiter: str = ",") -> tuple[str, ...]:
        """The columns of all parts."""
        return self.files.names

    def metadata(self) -> Sequence[Mapping[bytes, bytes]]:
        """Of each part."""
        return self.files.metadata

    def identity(self) -> object:
        """As in memory for what lies on this machine; of an address the names, sizes and times of its files."""
        local = self.files.location
        return Here(local).identity() if isinstance(local, Path) else self.files.identity()

    def rows(self, coder: Coder) -> PassedRows:
        """Counted by Spark's tasks."""
        return counted_on_spark(self.files, coder, self.progress)


@contextmanager
def opened(engine: Engine, location: Location, progress: Progress | None = None) -> Iterator[Place]:
    """The table at `location`, for as long as the engine is there.

    Raises UserError where the engine is not there, or cannot read such a place.
    """
    progress = progress or Silent()
    if engine.is_spark:
        with spark_session(engine) as session:
            yield OnSpark(SparkFiles(session, location), progress)
        return
    check_here(location)
    yield Here(Path(location), progress)
