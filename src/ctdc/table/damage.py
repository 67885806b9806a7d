"""What Arrow says of files that are damaged, or made to break what reads them, as a sentence.

Promise: Arrow's own message, which may quote what stands in the file, is never shown; what the operating system says
(no such file, no permission) is left as it is.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from ctdc.foundation.errors import UserError

# A table of one code unfolds a thousand times, as a bomb does; only beyond this size the two are told apart.
ALWAYS_BYTES = 256 << 20
MAX_RATIO = 200
MAX_CELLS = 1_000_000_000  # of a parquet file, whose size says nothing: a billion equal rows take a few bytes


@contextmanager
def damage(error: UserError) -> Iterator[None]:
    """Raise `error` in place of whatever Arrow raises for a file that it cannot read.

    Arrow reports damage as an OSError too, without the number that the system's own errors have, and a declared size
    that no machine has as a MemoryError. Names and texts that are no UTF-8 are found by Python.
    """
    try:
        yield
    except OSError as found:
        if found.errno is not None:
            raise
        raise error from None
    except (pa.ArrowException, MemoryError, UnicodeDecodeError):
        raise error from None


class Unpacked(io.RawIOBase):
    """A packed text file (gzip, and whatever else its name tells Arrow), unpacked as it is read, within limits.

    Raises UserError (``table.too_large``) when it unfolds far beyond its size.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0
        self._limit = max(ALWAYS_BYTES, MAX_RATIO * path.stat().st_size)
        self._stream = pa.input_stream(str(path))

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Bytes of the text."""
        data = self._stream.read(len(buffer))
        self._count += len(data)
        if self._count > self._limit:
            raise _too_large(self._path, f"at most {MAX_RATIO} times the packed size, or {ALWAYS_BYTES >> 20} MB")
        buffer[: len(data)] = data
        return len(data)


def check_cells(rows: int, columns: int, path: Path) -> None:
    """Raise UserError (``table.too_large``) for more cells than `MAX_CELLS`, before they take memory."""
    if rows * columns > MAX_CELLS:
        raise _too_large(path, f"at most {MAX_CELLS:,} cells")


def _too_large(path: Path, allowed: str) -> UserError:
    return UserError(
        "table.too_large",
        "The file unfolds far beyond its size and was not read further.",
        where=str(path),
        allowed=allowed,
        do="Give the plain text file, or fewer rows.",
    )
