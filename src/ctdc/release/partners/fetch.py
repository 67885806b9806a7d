"""Taking the files of a release from a source into a folder, each checked while it arrives.

Promise: first the manifest and the certificate are read, and whoever asked says whether they are accepted; only then
the other files are taken. Every file has the size and hash that the manifest states, or nothing stays; no name leads
out of the folder; no source can send more than it announced, nor announce more than is allowed, nor take
longer: the time is looked at with every piece that arrives.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import CHUNK_BYTES
from ctdc.foundation.progress import Progress, Silent
from ctdc.release.certificate.file import Certificate, read_certificate
from ctdc.release.manifest import CERTIFICATE, MANIFEST, FileEntry, Manifest, read_manifest
from ctdc.release.partners.sources import Missing, Source

MOST_MANIFEST = 4_000_000  # bytes; a release of some hundred files has ten thousand
MOST_CERTIFICATE = 2_000_000
MOST_FILES = 5_000
MOST_BYTES = 4_000_000_000
MOST_SECONDS = 3_600
MOST_PATH = 200
PART = re.compile(r"[^./\\\x00-\x1f\x7f:][^/\\\x00-\x1f\x7f:]*")
SHA256 = re.compile(r"[0-9a-f]{64}")
Accepts = Callable[[Manifest, Certificate | None, Path], None]


@dataclass(frozen=True)
class Limits:
    """What is taken at most. bytes: of all files together; seconds: for all of them, manifest and certificate too."""

    bytes: int = MOST_BYTES
    seconds: float = MOST_SECONDS


@contextmanager
def fetched(
    source: Source, near: Path, accepts: Accepts, limits: Limits | None = None, progress: Progress | None = None
) -> Iterator[Path]:
    """The folder of the release, in a temporary folder below `near`, until the body ends; whoever keeps it moves it.

    accepts: raises for a release that is not wanted, given its manifest, its certificate and the folder with both.
    Raises UserError and Refused (``include.*``), and those of `read_manifest`.
    """
    near.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".incoming-", dir=near) as temporary:
        bounds = limits or Limits()
        end = time.monotonic() + bounds.seconds
        first = Path(temporary) / "announced"
        _take(source, MANIFEST, first, MOST_MANIFEST, end)
        with suppress(Missing):  # who has to have one says so
            _take(source, CERTIFICATE, first, MOST_CERTIFICATE, end)
        claimed, manifest = read_manifest(first)
        check_announced(manifest, bounds, source.where)
        if claimed != manifest.id:
            raise _changed(MANIFEST, source.where)
        accepts(manifest, read_certificate(first), first)
        folder = Path(temporary) / manifest.folder
        first.rename(folder)
        _take_all(source, manifest, folder, end, progress or Silent())
        yield folder


def check_announced(manifest: Manifest, limits: Limits, where: str) -> None:
    """Raise Refused (``include.path``, ``include.too_large``) for names or sizes that no release has."""
    paths = [entry.path for entry in manifest.files]
    odd = [path for path in paths if not _is_plain(path)]
    if odd or len({path.casefold() for path in paths} | {MANIFEST, CERTIFICATE}) < len(paths) + 2:
        raise Refused("include.path", "The manifest names a file that no release has.", where=where)
    total = sum(entry.bytes for entry in manifest.files)
    small = len(paths) <= MOST_FILES and total <= limits.bytes and all(entry.bytes >= 0 for entry in manifest.files)
    if not small or not all(SHA256.fullmatch(entry.sha256) for entry in manifest.files):
        raise Refused(
            "include.too_large",
            f"The manifest announces {len(paths):,} files of {total:,} bytes.",
            where=where,
            allowed=f"up to {MOST_FILES:,} files and {limits.bytes:,} bytes (--most-bytes)",
        )


def _is_plain(path: str) -> bool:
    return len(path) <= MOST_PATH and all(PART.fullmatch(part) for part in path.split("/"))


def _take_all(source: Source, manifest: Manifest, folder: Path, end: float, watch: Progress) -> None:
    watch.start("Taking the files", len(manifest.files))
    for entry in manifest.files:
        _take_listed(source, entry, folder, end)
        watch.advance()
    watch.finish()


def _take_listed(source: Source, entry: FileEntry, folder: Path, end: float) -> None:
    size, digest = _take(source, entry.path, folder, entry.bytes, end)
    if (size, digest) != (entry.bytes, entry.sha256):
        raise _changed(entry.path, source.where)


def _take(source: Source, path: str, folder: Path, most: int, end: float) -> tuple[int, str]:
    """Copy one file of at most so many bytes until `end` (seconds, monotonic). Returns its size and SHA-256."""
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    where = f"{source.where}: {path}"
    try:
        with source.open(path) as stream, place.open("wb") as target:
            return _copy(stream, target, most, end, where)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
        raise UserError("include.source", f"This archive cannot be read ({error}).", where=where) from None


def _copy(stream: IO[bytes], target: IO[bytes], most: int, end: float, where: str) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    read = getattr(stream, "read1", stream.read)  # what has arrived; `read` waits for all it was asked for
    while True:
        piece = read(min(CHUNK_BYTES, most - size + 1))
        if time.monotonic() > end:
            raise UserError("include.slow", "The files took too long to arrive.", where=where)
        if not piece:
            return size, digest.hexdigest()
        size += len(piece)
        if size > most:
            raise Refused("include.too_large", f"This file is larger than {most:,} bytes.", where=where)
        digest.update(piece)
        target.write(piece)


def _changed(path: str, where: str) -> Refused:
    return Refused(
        "include.changed",
        f"{path} is not the file that was released: its hash differs from the manifest's.",
        where=where,
        do="Take the release again; if it stays so, tell the hub that published it.",
    )
