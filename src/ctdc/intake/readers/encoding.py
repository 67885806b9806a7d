"""Text encodings: declared, decoded strictly, and located when wrong.

Promise: a file is read in its declared encoding or refused with the byte offset and line of the first byte that
does not fit; detection only proposes. Memory does not grow with the file.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from charset_normalizer import from_bytes

from ctdc.foundation.errors import UserError
from ctdc.intake.readers.not_text import check_is_text

CHUNK = 1 << 20
_SAMPLE = 200_000
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What contributors' programs write; a detector that may choose among all hundred encodings proposes odd ones.
_CANDIDATES = [
    "utf_8",
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1256",
    "cp1258",
    "cp874",
    "cp932",
    "gb18030",
]
# Python's own ways of writing text, in which no table comes; some of them give halves of characters.
_NOT_OF_FILES = frozenset(
    {"idna", "mbcs", "oem", "palmos", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
)
_ENOUGH = 30
_GZIP_FLOOR = 1 << 16
# A gzip file of a text table unfolds 5 to 40 times; a bomb 1,000 times.
MAX_RATIO = 200
MAX_TEXT_BYTES = 64 << 30


@dataclass(frozen=True)
class TextScan:
    """What a pass over the bytes found: SHA-256 of the file as delivered, text bytes, lines, codec, mark."""

    sha256: str
    file_bytes: int
    text_bytes: int
    codec: str
    bom: bool


class _Counting(io.RawIOBase):
    """A raw stream that hashes and counts what is read through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self.digest.update(data)
        self.count += len(data)
        return len(data)


def is_gzip(path: Path) -> bool:
    """Whether the file begins with the mark of gzip."""
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def open_bytes(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked when it is gzip."""
    return gzip.open(path, "rb") if is_gzip(path) else path.open("rb")  # type: ignore[return-value]


def codec_name(encoding: str, where: str) -> str:
    """Python's name of the declared encoding. Raises UserError (``intake.encoding_unknown``)."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(
            "undefined" if name.replace("_", "-") in _NOT_OF_FILES else name
        )  # refuses codecs that are not text encodings, such as rot13 or zip
        codecs.getincrementaldecoder(name)
    except (LookupError, TypeError, ValueError):
        raise UserError(
            "intake.encoding_unknown",
            f"There is no text encoding {encoding!r}.",
            where=where,
            allowed="utf-8, utf-16, cp1252 (Western Europe), cp1250, cp1251, cp1256 (Arabic), tis-620 (Thai), ...",
            do="Correct 'encoding' in the mapping.",
            facts={"file": where, "value": encoding},
        ) from None
    return "utf-8" if name in ("utf-8", "utf-8-sig", "ascii") else name


def propose(sample: bytes) -> str:
    """What the encoding of `sample` might be, in words; for a person to judge, never used to read."""
    for mark, name in _BOMS.items():
        if sample.startswith(mark):
            return f"the file begins with the mark of {name}"
    if sample[:400].count(0) > 40:
        return "the many zero bytes suggest utf-16"
    if sum(byte > 127 for byte in sample) < _ENOUGH:
        return ""  # a handful of letters fits a dozen encodings: a wrong proposal is worse than none
    guess = from_bytes(sample, cp_isolation=_CANDIDATES).best()
    return f"it may be {guess.encoding.replace('_', '-')}" if guess is not None else ""


def _refuse(path: Path, encoding: str, error: UnicodeDecodeError, offset: int, line: int) -> UserError:
    with open_bytes(path) as stream:
        guess = propose(stream.read(_SAMPLE))
    byte = error.object[error.start] if error.start < len(error.object) else 0
    return UserError(
        "intake.encoding",
        f"The file is not {encoding} throughout: byte {offset:,} (0x{byte:02X}) does not fit.",
        where=f"{path.name}, line {line:,}, byte offset {offset:,}",
        allowed=f"bytes of {encoding}, as the mapping declares",
        do=f"Save the file in one encoding and deliver it again, or correct 'encoding' in the mapping"
        f"{f' ({guess})' if guess else ''}. A file that was pasted together from several may hold two encodings.",
        facts={"file": path.name, "line": f"{line}", "expected": encoding},
    )


def _check_bom(head: bytes, codec: str, path: Path) -> bool:
    for mark, name in _BOMS.items():
        if head.startswith(mark):
            if not codec.startswith(name):
                raise UserError(
                    "intake.encoding",
                    f"The file begins with the mark of {name}, but the mapping declares {codec}.",
                    where=f"{path.name}, byte offset 0",
                    do=f"Declare encoding: {name} in the mapping, or save the file as {codec}.",
                    facts={"file": path.name, "found": name, "expected": codec},
                )
            return True
    return False


def scan_text(path: Path, encoding: str) -> TextScan:
    """Read the whole file once: hash it, and decode it strictly.

    Raises UserError: ``intake.not_text`` for a picture and the like, ``intake.encoding`` with line and byte offset,
    ``intake.encoding_unknown``,
    ``intake.too_large`` for compressed files that unfold without end, ``intake.damaged``.
    """
    codec = codec_name(encoding, path.name)
    check_is_text(path)
    with path.open("rb") as raw:
        counting = _Counting(raw)
        packed = is_gzip(path)
        source: IO[bytes] = gzip.GzipFile(fileobj=io.BufferedReader(counting)) if packed else counting  # type: ignore[assignment]
        try:
            total, bom = _decode_all(source, codec, encoding, path, counting if packed else None)
        except (EOFError, zlib.error, OSError) as error:
            raise UserError(
                "intake.damaged", f"The compressed file is damaged: {error}.", where=path.name, do="Deliver it again."
            ) from None
        return TextScan(counting.digest.hexdigest(), counting.count, total, codec, bom)


def _decode_all(source: IO[bytes], codec: str, encoding: str, path: Path, packed: _Counting | None) -> tuple[int, bool]:
    decoder = codecs.getincrementaldecoder(codec)("strict")
    total, lines, bom, carried = 0, 1, False, 0
    while True:
        data = source.read(CHUNK)
        if total == 0:
            bom = _check_bom(data[:4], codec, path)
        if (packed is not None and total > MAX_RATIO * max(packed.count, _GZIP_FLOOR)) or total > MAX_TEXT_BYTES:
            raise UserError(
                "intake.too_large",
                "The compressed file unfolds far beyond its size and was not read further.",
                where=path.name,
                allowed=f"at most {MAX_RATIO} times the packed size",
                do="Deliver the plain text file.",
            )
        carried = len(decoder.getstate()[0])
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            line = lines + error.object[: error.start].decode(codec, "replace").count("\n")
            raise _refuse(path, encoding, error, total - carried + error.start, line) from None
        except UnicodeError:  # not of one byte: the mark that says which half of a letter comes first is missing
            raise UserError(
                "intake.encoding",
                f"The file does not begin with the mark of {encoding}.",
                where=f"{path.name}, byte offset 0",
                do=f"Declare the order of bytes in the mapping ({encoding}-le, {encoding}-be), or save the file anew.",
                facts={"file": path.name, "expected": encoding},
            ) from None
        if not data:
            return total, bom
        lines += text.count("\n")
        total += len(data)
        if codec == "utf-8" and "\x00" in text[:4096]:
            raise UserError(
                "intake.encoding",
                "The file holds zero bytes, which no table of text has.",
                where=f"{path.name}, near the beginning",
                do="It may be utf-16, or not a text file at all: correct 'encoding' or 'format' in the mapping.",
                facts={"file": path.name, "expected": encoding},
            )
