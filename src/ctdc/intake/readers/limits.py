"""Limits for files that may be hostile, in one place."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Limits:
    """What a workbook may cost. Bytes, cells, counts and seconds; a file beyond them is refused before it is parsed.

    cells: bounding box of the used cells of one sheet (a cell in the last corner makes 17 thousand million).
    ratio: unpacked to packed size of a zip member (spreadsheets stay below 60, bombs reach 1,000).
    memory, cpu_seconds, wall_seconds: limits of the child process that parses.
    """

    file_bytes: int = 256 << 20
    entries: int = 5_000
    unpacked_bytes: int = 2 << 30
    ratio: int = 400
    cells: int = 20_000_000
    columns: int = 5_000
    memory: int = 3 << 30
    cpu_seconds: int = 300
    wall_seconds: int = 600

    def as_dict(self) -> dict[str, int]:
        """For handing to the child process."""
        return asdict(self)


DEFAULT_LIMITS = Limits()
