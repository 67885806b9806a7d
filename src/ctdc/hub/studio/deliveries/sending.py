"""The sender's side: a program that delivers files to a studio in pieces, and goes on after a broken connection.

Promise: needs nothing but Python's own library. The token goes to the address that was named and nowhere else: no
redirect is followed, and an address that listeners can read is refused. The same files sent again go on where they
stopped, since the studio knows them by their hashes.
"""

from __future__ import annotations

import http.client
import json
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress, Silent

PIECE = 1 << 20  # bytes
TRIES = 8
TIMEOUT = 60  # seconds
PIECE_TYPE = "application/offset+octet-stream"
SETTLED = frozenset({"held_back", "ready", "sealed", "refused", "withdrawn"})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token stays where it was sent."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""
        return None


def read_token(path: Path) -> str:
    """The token in a file. Raises UserError (``deliver.token``) for one that others can read, or that is empty."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UserError(
                "deliver.token", "Others on this machine can read the token.", where=str(path), do=f"chmod 600 {path}"
            )
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise UserError("deliver.token", "The token cannot be read.", where=str(path)) from None
    if not token:
        raise UserError("deliver.token", "The file with the token is empty.", where=str(path))
    return token


@dataclass(frozen=True)
class Studio:
    """A studio to deliver to. rest: seconds before the second try; doubled each time."""

    address: str
    token: str
    rest: float = 1.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        plain = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
        if not parts.hostname or not (parts.scheme == "https" or plain):
            raise UserError(
                "deliver.address", "This is no address to deliver to.", where=self.address, allowed="https://HOST"
            )

    def deliver(self, paths: Sequence[Path], progress: Progress | None = None, replaces: int | None = None) -> int:
        """Send files as one delivery; its number. Raises UserError (``deliver.*``, and what the studio says)."""
        listed = [{"name": one.name, "length": one.stat().st_size, "sha256": hash_file(one)} for one in paths]
        document = {"files": listed} | ({"replaces": replaces} if replaces else {})
        answer = self._ask("POST", "/deliveries/begin/", json.dumps(document).encode(), "application/json")
        made = json.loads(answer.read())
        progress = progress or Silent()
        progress.start("Delivering", float(sum(one["length"] for one in made["files"])))
        for path, place in zip(paths, made["files"], strict=True):
            self._send(path, place, progress)
        progress.finish()
        return int(made["delivery"])

    def receipt(self, delivery: int) -> dict[str, Any]:
        """The receipt as the studio gives it now. Raises UserError."""
        found: dict[str, Any] = json.loads(self._ask("GET", f"/deliveries/{delivery}/receipt/").read())
        return found

    def wait(self, delivery: int, every: float = 2.0) -> dict[str, Any]:
        """The receipt once the delivery was checked. every: seconds between two questions."""
        while (found := self.receipt(delivery))["state"] not in SETTLED:
            time.sleep(every)
        return found

    def _send(self, path: Path, place: dict[str, Any], progress: Progress) -> None:
        offset, known = int(place["offset"]), True
        progress.advance(float(offset))
        with path.open("rb") as stream:
            while offset < place["length"]:
                if not known:
                    offset = self._offset(place["address"])
                    if offset >= place["length"]:
                        break  # the answer to the last piece was lost, not the piece
                stream.seek(offset)
                piece = stream.read(min(PIECE, place["length"] - offset))
                if not piece:
                    raise UserError("deliver.changed", "A file has changed while it was sent.", where=str(path))
                known = self._piece(place["address"], offset, piece)
                if known:
                    offset += len(piece)
                    progress.advance(float(len(piece)))

    def _piece(self, address: str, offset: int, piece: bytes) -> bool:
        """Whether the studio has taken a piece; False when it is somewhere else by now."""
        try:
            self._ask("PATCH", address, piece, PIECE_TYPE, {"Upload-Offset": str(offset)})
        except Refused as error:
            if error.detail.code == "delivery.state" and self._offset(address) >= offset + len(piece):
                return True  # it had arrived, and completed the delivery; only the answer was lost
            if error.detail.code != "delivery.offset":
                raise
            return False
        return True

    def _offset(self, address: str) -> int:
        return int(self._ask("HEAD", address).headers["Upload-Offset"])

    def _ask(
        self, method: str, path: str, data: bytes | None = None, kind: str = "", headers: dict[str, str] | None = None
    ) -> Any:
        """One request, tried again while nobody answers."""
        given = {"Authorization": f"Bearer {self.token}"} | ({"Content-Type": kind} if kind else {}) | (headers or {})
        request = urllib.request.Request(  # noqa: S310  the address was looked at above
            self.address.rstrip("/") + path, data, given, method=method
        )
        opener = urllib.request.build_opener(_NoRedirect)
        for number in range(TRIES):
            try:
                return opener.open(request, timeout=TIMEOUT)
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    _raise(error)
            except (urllib.error.URLError, http.client.HTTPException, OSError):
                pass
            if number < TRIES - 1:
                time.sleep(self.rest * 2**number)
        raise UserError(
            "deliver.unreachable",
            "The studio does not answer.",
            where=self.address,
            do="Try later: the same command goes on where it stopped.",
        )


def _raise(error: urllib.error.HTTPError) -> NoReturn:
    """What the studio says, as an error of this program."""
    try:
        said = json.loads(error.read())
        code, what = str(said["type"]).removeprefix("urn:ctdc:"), str(said["title"])
        where, do = str(said.get("where", "")), str(said.get("do", ""))
    except (ValueError, KeyError, TypeError):
        raise UserError(
            "deliver.answer", f"The studio answered with {error.code}.", where=error.url, do="Check the address."
        ) from None
    raise (Refused if error.code == 409 else UserError)(code, what, where=where, do=do) from None
