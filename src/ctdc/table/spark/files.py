"""The files of a table wherever Spark can read them: their parts, columns and metadata.

Promise: footers are read, records are not. A folder with anything but parts of one table is refused.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.foundation.errors import UserError
from ctdc.table.coded import spark_fields
from ctdc.table.damage import damage
from ctdc.table.passes import changed
from ctdc.table.stream import HIDDEN, check_parts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Location = Path | str


def address_of(path: Path) -> str:
    """A path of this machine as Spark takes it: unlike in other addresses a space stays a space."""
    return f"file://{path.absolute()}"


@dataclass(frozen=True)
class Part:
    """One file. address: as Spark takes it; size in bytes; modified: milliseconds since 1970."""

    address: str
    name: str
    size: int
    modified: int

    @property
    def pattern(self) -> str:
        """The address where Spark takes patterns: what would stand for other letters stands for itself."""
        return re.sub(r"([\\{}\[\]*?])", r"\\\1", self.address)


class _Remote(io.RawIOBase):
    """A file of a Hadoop file system, as far as reading a footer needs one."""

    def __init__(self, jvm: Any, stream: Any, size: int) -> None:
        self._jvm, self._stream, self._size, self._at = jvm, stream, size, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        wanted = max(0, min(self._size - self._at, size if size >= 0 else self._size))
        self._stream.seek(self._at)
        found = bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(self._stream, wanted))
        self._at += len(found)
        return found

    def close(self) -> None:
        """Let go of the file."""
        if not self.closed:
            self._stream.close()
        super().close()


@dataclass(frozen=True)
class SparkFiles:
    """The parts of the table at `location`, a path of this machine or an address that Spark knows."""

    session: SparkSession
    location: Location

    @property
    def where(self) -> str:
        """The location, for errors."""
        return str(self.location)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The files, in the order of their names. Raises UserError (``table.file_missing``, ``table.parts``)."""
        from py4j.protocol import Py4JError

        try:
            return self._parts()
        except Py4JError:
            raise UserError(
                "spark.files",
                "Spark cannot reach this place.",
                where=self.where,
                do="Check the address, and that Spark has what this file system needs (packages, credentials).",
            ) from None

    def _parts(self) -> tuple[Part, ...]:
        given = self.location
        system, path = self._system(address_of(given) if isinstance(given, Path) else given)
        if not system.exists(path):
            raise UserError("table.file_missing", "There is no such file.", where=self.where)
        status = system.getFileStatus(path)
        if status.isFile():
            _check_kind(status.getPath().getName(), self.where)
            return (_part(status),)
        entries = [one for one in system.listStatus(path) if not one.getPath().getName().startswith(HIDDEN)]
        check_parts([(one.getPath().getName(), bool(one.isFile())) for one in entries], self.where)
        return tuple(sorted((_part(one) for one in entries), key=lambda part: part.name))

    def _system(self, address: str) -> tuple[Any, Any]:
        context: Any = self.session.sparkContext
        path = context._jvm.org.apache.hadoop.fs.Path(address)
        return path.getFileSystem(context._jsc.hadoopConfiguration()), path

    @cached_property
    def footers(self) -> tuple[pq.FileMetaData, ...]:
        """What the parts say about themselves. Raises UserError (``table.not_parquet``, ``table.columns``)."""
        found = tuple(self._footer(part) for part in self.parts)
        first = found[0].schema.to_arrow_schema()
        for part, footer in zip(self.parts, found, strict=True):
            if not footer.schema.to_arrow_schema().equals(first):
                raise UserError(
                    "table.columns",
                    "The parts of the table do not have the same columns.",
                    where=f"{self.where}, {self.parts[0].name} and {part.name}",
                    do="Write all parts in one way, or name one file.",
                )
        return found

    def _footer(self, part: Part) -> pq.FileMetaData:
        error = UserError("table.not_parquet", "The file is not a Parquet file, or is damaged.", where=part.address)
        system, path = self._system(part.address)
        with damage(error), _Remote(self.session.sparkContext._jvm, system.open(path), part.size) as stream:
            return pq.read_metadata(pa.PythonFile(stream, mode="r"))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.footers[0].schema.to_arrow_schema().names)

    @property
    def metadata(self) -> list[Mapping[bytes, bytes]]:
        """What the writers of the parts said of them."""
        return [spark_fields(footer.metadata or {}) for footer in self.footers]

    def identity(self) -> list[list[object]]:
        """What tells this content from another without reading it."""
        return [[part.name, part.size, part.modified] for part in self.parts]

    def check_unchanged(self) -> None:
        """Raise UserError (``table.changed``) when the files are not those that were found at the first look."""
        if SparkFiles(self.session, self.location).identity() != self.identity():
            raise changed(self.where, "Nothing was written.")


def _part(status: Any) -> Part:
    path = status.getPath()
    return Part(str(path.toString()), str(path.getName()), int(status.getLen()), int(status.getModificationTime()))


def _check_kind(name: str, where: str) -> None:
    if not name.lower().endswith(".parquet"):
        raise UserError(
            "spark.not_parquet",
            "Spark reads Parquet here: a text file has no row numbers there by which an error could be found.",
            where=where,
            allowed="a .parquet file, or a folder of them",
            do="Use --engine memory, which reads csv files of any size in batches; or write the table as Parquet.",
        )
