"""Taking a file from a form, straight to the disk.

Promise: memory does not grow with the file; more than the limit is never written; what was cut off is removed; the file
is for its owner only from its first byte. The form is read as RFC 7578 says, one file in it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import BinaryIO

from ctdc.foundation.errors import UserError

FILE = "file"
INCOMING = "incoming-*.part"  # the name of a file while it comes, each one's own
MOST_HEAD = 8_192  # bytes of a part's headers
MOST_FIELD = 8_192  # bytes of a field that is no file
MOST_NAME = 120  # characters of a file's name that are shown again
FORMATS = {"csv": "csv", "txt": "csv", "tsv": "tsv", "tab": "tsv", "xlsx": "xlsx", "ods": "ods", "parquet": "parquet"}
TEXTS = ("csv", "tsv")  # may be packed with gzip


@dataclass
class Upload:
    """What came. name: of the file, as the browser gave it; bytes: its size; fields: the others of the form."""

    name: str = ""
    bytes: int = 0
    fields: dict[str, str] = field(default_factory=dict)


def format_of(name: str) -> str:
    """The format that a file's name tells. Raises UserError (``workbench.format``)."""
    plain = name.lower().removesuffix(".gz")
    form = FORMATS.get(Path(plain).suffix.removeprefix("."))
    if form is None or (plain != name.lower() and form not in TEXTS):
        raise UserError("workbench.format", "Files of this kind are not read.", allowed=", ".join(sorted(FORMATS)))
    return form


def boundary_of(content_type: str) -> bytes:
    """What stands between the parts of a form. Raises UserError (``workbench.form``)."""
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_param("boundary")
    if message.get_content_type() != "multipart/form-data" or not isinstance(boundary, str) or not boundary:
        raise UserError("workbench.form", "This is no form with a file.")
    return boundary.encode("latin-1", "replace")


async def take(body: AsyncIterator[bytes], content_type: str, out: Path, most: int) -> Upload:
    """Write the file of a form to `out`. most: bytes that it may have.

    Raises UserError: ``workbench.form`` for what is no such form or was cut off, ``workbench.no_file``,
    ``workbench.too_large``; `out` is gone then. A body is read to its end, for a browser shows no answer before that.
    """
    parser = _Parser(boundary_of(content_type), most)
    try:
        with out.open("wb") as target:
            out.chmod(0o600)
            parser.target = target
            async for piece in body:
                parser.feed(piece)
        return parser.finished()
    except BaseException:
        out.unlink(missing_ok=True)
        raise


class _Parser:
    """Cuts a body into parts, piece by piece."""

    def __init__(self, boundary: bytes, most: int) -> None:
        self._mark = b"\r\n--" + boundary
        self._most = most
        self._rest = b"\r\n"  # so that the first boundary is one like the others
        self._headers: Mapping[str, str] | None = None  # of the part that is being read; None before the first
        self._text = bytearray()
        self._ended = self._too_large = False
        self.target: BinaryIO | None = None
        self.upload = Upload()

    def feed(self, piece: bytes) -> None:
        """Read on."""
        self._rest += piece
        while not self._ended and self._step():
            pass
        if self._ended:
            self._rest = b""  # what stands behind the end is not ours

    def _step(self) -> bool:
        """One part's content, or its end. False when more has to come first."""
        place = self._rest.find(self._mark)
        if place < 0:
            keep = len(self._mark) - 1
            self._content(self._rest[:-keep])
            self._rest = self._rest[-keep:]
            return False
        after = place + len(self._mark)
        tail = self._rest[after : after + 2]
        if len(tail) < 2:
            return False
        self._content(self._rest[:place])
        self._rest = self._rest[place:]
        if tail == b"--":
            self._close()
            self._ended = True
            return True
        return self._next_part(len(self._mark))

    def _next_part(self, start: int) -> bool:
        end = self._rest.find(b"\r\n\r\n", start)
        if end < 0:
            if len(self._rest) > MOST_HEAD:
                raise UserError("workbench.form", "The form cannot be read.")
            return False
        self._close()
        self._headers = _part_headers(self._rest[start:end])
        self._rest = self._rest[end + 4 :]
        if self._is_file():
            self.upload.name = self._headers.get("filename", "")
        return True

    def _is_file(self) -> bool:
        return self._headers is not None and self._headers.get("name") == FILE and "filename" in self._headers

    def _content(self, data: bytes) -> None:
        if self._headers is None or not data:
            return
        if not self._is_file():
            self._text += data[: MOST_FIELD - len(self._text)]
            return
        self.upload.bytes += len(data)
        self._too_large = self._too_large or self.upload.bytes > self._most
        if not self._too_large and self.target is not None:
            self.target.write(data)

    def _close(self) -> None:
        """A part has ended."""
        if self._headers is not None and not self._is_file():
            self.upload.fields[self._headers.get("name", "")] = self._text.decode("utf-8", "replace")
        self._text.clear()

    def finished(self) -> Upload:
        """What came, when nothing more comes."""
        if self._too_large:
            raise UserError("workbench.too_large", "The file is too large.", allowed=f"{self._most:,} bytes")
        if not self._ended:
            raise UserError("workbench.form", "The file did not come whole.", do="Give it again.")
        if not self.upload.name or not self.upload.bytes:
            raise UserError("workbench.no_file", "No file was chosen, or it is empty.")
        self.upload.name = shown_name(self.upload.name)
        return self.upload


def _part_headers(text: bytes) -> dict[str, str]:
    """``name`` and ``filename`` of a part."""
    for line in text.decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == "content-disposition":
            found = re.findall(r';\s*(name|filename)="((?:[^"\\]|\\.)*)"', value)
            return {name: re.sub(r"%22", '"', re.sub(r"\\(.)", r"\1", given)) for name, given in found}
    return {}


def shown_name(name: str) -> str:
    """A file's name as it is shown again: without folders and control characters, not longer than a line."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(one for one in last if one.isprintable())[-MOST_NAME:]
