"""Where the files of a release are taken from: a folder, an archive (zip, tar), or an address.

Promise: a source gives the bytes of one named file and nothing else; links are never followed, and an address is
https only and answers for itself (a redirect to another host is refused). Whoever reads decides how much.
"""

from __future__ import annotations

import ssl
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from ctdc.foundation.errors import Refused, UserError
from ctdc.release.manifest import MANIFEST

TIMEOUT = 30  # seconds without an answer
AGENT = "ctdc"
MOST_ENTRIES = 20_000  # of an archive


class Missing(UserError):
    """The source does not have this file."""


class Source(Protocol):
    """A place that has the files of one release. where: as it may be told, without anything secret."""

    where: str

    def open(self, path: str) -> Any:
        """A context with the file at `path` (forward slashes) as a binary stream. Raises Missing."""


def is_address(text: str) -> bool:
    """Whether a text is an address and not a path."""
    return "://" in text


@contextmanager
def source_at(text: str) -> Iterator[Source]:
    """The source that a text names, until the body ends. Raises UserError (``include.source``, ``include.address``)."""
    with ExitStack() as stack:
        if is_address(text):
            yield WebSource(text)
            return
        path = Path(text)
        if path.is_dir():
            yield FolderSource(path)
        elif zipfile.is_zipfile(path):
            yield ZipSource(path, stack.enter_context(zipfile.ZipFile(path)))
        elif path.is_file() and tarfile.is_tarfile(path):
            yield TarSource(path, stack.enter_context(tarfile.open(path)))
        else:
            raise UserError(
                "include.source",
                f"{text} holds no release.",
                allowed="a folder, a zip or tar archive of one, or its https address",
                do="Give the folder that has manifest.json.",
            )


class FolderSource:
    """A folder on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.where = folder, str(folder)

    def open(self, path: str) -> IO[bytes]:
        """The file; one that is a link, or lies behind one, is not there."""
        place = self._folder
        for part in PurePosixPath(path).parts:
            place = place / part
            if place.is_symlink():
                raise _missing(path, self.where)
        if not place.is_file():
            raise _missing(path, self.where)
        return place.open("rb")


class ZipSource:
    """A zip archive with one release at its root or in a folder."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.where, self._archive = str(path), archive
        self._root = _root(archive.namelist(), self.where)

    def open(self, path: str) -> IO[bytes]:
        """The entry of this name."""
        try:
            return self._archive.open(self._root + path)
        except KeyError:
            raise _missing(path, self.where) from None
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
            raise _unreadable(self.where, error) from None


class TarSource:
    """A tar archive, compressed or not, with one release at its root or in a folder."""

    def __init__(self, path: Path, archive: tarfile.TarFile) -> None:
        self.where, self._archive = str(path), archive
        try:
            self._members = {entry.name.removeprefix("./"): entry for entry in archive if entry.isreg()}
        except (tarfile.TarError, OSError, EOFError) as error:
            raise _unreadable(self.where, error) from None
        self._root = _root(list(self._members), self.where)

    def open(self, path: str) -> IO[bytes]:
        """The regular file of this name."""
        entry = self._members.get(self._root + path)
        stream = None if entry is None else self._archive.extractfile(entry)
        if stream is None:
            raise _missing(path, self.where)
        return stream


class WebSource:
    """A folder at an https address, as `ctdc site build` publishes each release."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
            raise UserError(
                "include.address",
                f"{address!r} is not an address that releases are taken from.",
                allowed="https://data.example.org/releases/NAME-ID/",
            )
        self.where = address.removesuffix(MANIFEST).rstrip("/") + "/"

    @contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        """What the address answers for this file. Raises Missing (404, 410) and UserError (``include.network``)."""
        address = self.where + quote(path)
        request = Request(address, headers={"User-Agent": AGENT, "Accept-Encoding": "identity"})  # noqa: S310 - https
        try:
            with _opener().open(request, timeout=TIMEOUT) as answer:
                yield answer
        except HTTPError as error:
            if error.code in (404, 410):
                raise _missing(path, self.where) from None
            raise _network(address, f"It answered with the status {error.code}.") from None
        except ssl.SSLError as error:
            raise _network(address, f"It cannot prove who it is ({error.reason}).") from None
        except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
            raise _network(address, f"It did not answer as it should ({_reason(error)}).") from None


class _SameHost(HTTPRedirectHandler):
    """Follows a redirect only where it stays with the host that was named."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """The next request, or Refused."""
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if (after.scheme, after.netloc) != ("https", before.netloc):
            raise Refused(
                "include.redirect",
                "The address sends readers on to another place.",
                where=f"{req.full_url} -> {newurl}",
                do="Ask the hub for the address that holds the files themselves.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> OpenerDirector:
    return build_opener(ProxyHandler(), HTTPSHandler(context=ssl.create_default_context()), _SameHost())


def _root(names: list[str], where: str) -> str:
    """The folder of the release in an archive, with a slash at its end, or nothing for its root."""
    manifests = [name for name in names[:MOST_ENTRIES] if name == MANIFEST or name.endswith(f"/{MANIFEST}")]
    manifests.sort(key=lambda name: name.count("/"))
    if not manifests or len(names) > MOST_ENTRIES:
        raise UserError("include.source", f"{where} holds no release.", allowed=f"an archive with one {MANIFEST}")
    if len(manifests) > 1 and manifests[1].count("/") == manifests[0].count("/"):
        raise UserError("include.source", f"{where} holds several releases.", allowed="an archive of one")
    return manifests[0].removesuffix(MANIFEST)


def _missing(path: str, where: str) -> Missing:
    return Missing(
        "include.missing",
        f"There is no file {path}.",
        where=where,
        do="Take the release from its publisher again: it is not whole.",
    )


def _unreadable(where: str, error: Exception) -> UserError:
    return UserError("include.source", f"This archive cannot be read ({error}).", where=where)


def _network(address: str, what: str) -> UserError:
    return UserError(
        "include.network", what, where=address, do="Try again later, or ask for an archive of the release."
    )


def _reason(error: Exception) -> object:
    return getattr(error, "reason", None) or error or type(error).__name__
