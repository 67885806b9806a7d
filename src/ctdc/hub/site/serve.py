"""Serving built pages: a small, read-only web application with strict headers.

Promise: only files that were found in the folder are served, by exact address, so no address can reach anything else:
those that were there when the server started, and the assets of a site that was built in its place since, which its
pages name; every answer, errors included, carries the security headers; pages of other sites may read open data, and
nothing else of what is here; nothing about a visitor is stored. Files have strong ETags (their SHA-256, also when they
have changed since the start), byte ranges, and compression where it pays. A page that is replaced at this very moment
is sent as it was or as it is, with the tag and the length of what is sent.
"""

from __future__ import annotations

import errno
import gzip
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file
from ctdc.hub.compression import accepts_gzip

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml",
    ".woff2": "font/woff2",
    ".parquet": "application/vnd.apache.parquet",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}
COMPRESSED = frozenset({".html", ".css", ".js", ".json", ".jsonld", ".csv", ".svg", ".txt", ".xml"})
LARGEST_COMPRESSED = 8_000_000  # bytes; larger files would hold up other readers while they are compressed
LOOKS = 10  # at a file that is another one each time: no site is built that often
LARGEST_AT_ONCE = 8_000_000  # bytes of a file that is read before it is sent; no page is larger
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "accelerometer=(), browsing-topics=(), camera=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A chart alone is made to be shown within pages of others. It has no control that could be pressed unawares.
FRAMED = re.compile(r"/[a-z]{2}/(explorer/)?charts/[^/]+/embed/(index\.html)?")
FRAMED_HEADERS = {
    **{name: value for name, value in SECURITY_HEADERS.items() if name != "X-Frame-Options"},
    "Content-Security-Policy": SECURITY_HEADERS["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", "frame-ancestors *"
    ),
}
# Open data, for notebooks in a browser and charts within pages of others: released files, charts' files and the
# catalogue of releases. They are public and the same for everybody, so it does not matter whose page asks. No page is.
OPEN = re.compile(
    r"/releases?/.+(?<!\.html)|/[a-z]{2}/(explorer/)?charts/[^/]+\.(csv|json|png|svg|xlsx|zip)|/catalogue\.jsonld"
)
OPEN_HEADERS = {
    **SECURITY_HEADERS,
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
    # Who reads a Parquet file in parts has to know that there are parts, and how many bytes in all.
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Encoding, Content-Range, ETag",
}
# What a browser is told that asks first, as it does before some requests for a part of a file.
ASKED_FIRST = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-Match, If-None-Match, If-Range, Range",
    "Access-Control-Max-Age": "86400",
}
# Release folders and assets carry a hash in their name, so what lies at their address never changes.
ASSETS = "assets"
IMMUTABLE = ("/release/", "/releases/", f"/{ASSETS}/")
CACHE_FOREVER = "public, max-age=31536000, immutable"
CACHE_CHECK = "no-cache"
PORTS_TRIED = 20


@dataclass(frozen=True)
class ServedFile:
    """A file as it was when it was last looked at. stamp: time of its last change in nanoseconds, and its bytes."""

    path: Path
    stamp: tuple[int, int]
    etag: str
    content_type: str
    compressible: bool
    cache: str


def index_files(folder: Path) -> Mapping[str, ServedFile]:
    """Every file below `folder` by its address; ``index.html`` also stands for its folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            address = "/" + path.relative_to(folder).as_posix()
            served = _served(path, address)
            found[address] = served
            if path.name == "index.html":
                found[address.removesuffix("index.html")] = served
    return found


def _served(path: Path, address: str) -> ServedFile:
    stamp = _stamp(path)
    forever = address.startswith(IMMUTABLE)
    return ServedFile(
        path=path,
        stamp=stamp,
        etag=hash_file(path)[:32],
        content_type=CONTENT_TYPES.get(path.suffix, "application/octet-stream"),
        compressible=path.suffix in COMPRESSED and stamp[1] <= LARGEST_COMPRESSED,
        cache=CACHE_FOREVER if forever else CACHE_CHECK,
    )


def _stamp(path: Path) -> tuple[int, int]:
    return _stamp_of(path.stat())


def _stamp_of(found: os.stat_result) -> tuple[int, int]:
    return found.st_mtime_ns, found.st_size


class Replaced(Exception):
    """In the place of a file is another one than that which was looked at."""


def _content(served: ServedFile) -> bytes:
    """The bytes of a file that was looked at. Raises Replaced when they are no longer there."""
    try:
        with served.path.open("rb") as stream:
            if _stamp_of(os.fstat(stream.fileno())) == served.stamp:
                return stream.read()
    except FileNotFoundError:
        pass
    raise Replaced


def as_it_is(files: dict[str, ServedFile], address: str) -> ServedFile | None:
    """The file of an address; one that has changed is looked at again, so that its tag is that of what is sent.

    None where there is no such file, or it is gone.
    """
    served = files.get(address)
    try:
        if served is not None and _stamp(served.path) != served.stamp:
            own = f"{address}index.html" if address.endswith("/") else address
            served = files[address] = _served(served.path, own)
    except OSError:
        return None
    return served


class Assets:
    """Finds the assets of a site that was built in the place of the one that was looked through."""

    def __init__(self, folder: Path, files: dict[str, ServedFile]) -> None:
        """files: what was found in `folder`, to which new assets are added."""
        self._folder, self._files = folder, files
        self._seen = self._stamp()

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = (self._folder / ASSETS).stat()
        except OSError:
            return None
        return found.st_ino, found.st_ctime_ns

    def look(self) -> None:
        """Add what is new if the folder of assets is another one: once for each, whatever is asked for."""
        stamp = self._stamp()
        if stamp in (None, self._seen):
            return
        try:
            self._add()
        except OSError:  # replaced again meanwhile: the next request looks once more
            return
        self._seen = stamp

    def _add(self) -> None:
        for path in sorted((self._folder / ASSETS).rglob("*")):
            address = f"/{path.relative_to(self._folder).as_posix()}"
            if address not in self._files and path.is_file() and not path.is_symlink():
                self._files[address] = _served(path, address)


def application(folder: Path, routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The web application over a folder of built pages. routes: answers that come before the files."""
    files = dict(index_files(folder))
    assets = Assets(folder, files)

    @lru_cache(maxsize=256)
    def compressed(served: ServedFile) -> bytes:
        return gzip.compress(_content(served), compresslevel=6, mtime=0)

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return asked_first(request)
        for _ in range(LOOKS):
            with suppress(Replaced):  # looked at again, it is what has come
                return found(request)
        raise Replaced

    def found(request: Request) -> Response:
        address = request.url.path
        if address not in files and address.startswith(f"/{ASSETS}/"):
            assets.look()
        served = as_it_is(files, address)
        if served is None and f"{address}/" in files:
            return _with_headers(RedirectResponse(f"{address}/", status_code=308))
        if served is None:
            missing = as_it_is(files, "/404.html")
            body = missing.path.read_bytes() if missing else b"Not found"
            kind = missing.content_type if missing else "text/plain"
            return _with_headers(Response(body, 404, media_type=kind, headers={"Cache-Control": CACHE_CHECK}))
        return _with_headers(_file(request, served, compressed), headers_of(address))

    def asked_first(request: Request) -> Response:
        if not OPEN.fullmatch(request.url.path):
            raise HTTPException(405)
        allowed = {**ASKED_FIRST, "Cache-Control": CACHE_CHECK}
        return _with_headers(Response(status_code=204, headers=allowed), OPEN_HEADERS)

    async def refuse(request: Request, error: Exception) -> Response:
        allowed = "GET, HEAD, OPTIONS" if OPEN.fullmatch(request.url.path) else "GET, HEAD"
        return _with_headers(PlainTextResponse("Method not allowed", 405, headers={"Allow": allowed}))

    async def fail(request: Request, error: Exception) -> Response:
        return _with_headers(PlainTextResponse("The server could not read this page", 500))

    route = Route("/{path:path}", answer, methods=["GET", "HEAD", "OPTIONS"])
    handlers = {405: refuse, 500: fail}
    return Starlette(routes=[*routes, route], exception_handlers=handlers, middleware=[Middleware(Guard)])


class Guard:
    """Gives the security headers to answers that have none: those of the framework itself, such as to a wrong range."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "content-security-policy" not in headers:
                    headers.update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, guarded)


def headers_of(address: str) -> Mapping[str, str]:
    """The headers of what is found at an address."""
    if FRAMED.fullmatch(address):
        return FRAMED_HEADERS
    return OPEN_HEADERS if OPEN.fullmatch(address) else SECURITY_HEADERS


def _with_headers(response: Response, headers: Mapping[str, str] = SECURITY_HEADERS) -> Response:
    for name, value in headers.items():
        response.headers[name] = value
    return response


def _file(request: Request, served: ServedFile, compressed: Callable[[ServedFile], bytes]) -> Response:
    """The file, its compressed form, a part of it, or 304, as the request's headers ask."""
    squeeze = (
        served.compressible
        and "range" not in request.headers
        and accepts_gzip(request.headers.get("accept-encoding", ""))
    )
    etag = f'"{served.etag}-gz"' if squeeze else f'"{served.etag}"'
    headers = {"ETag": etag, "Cache-Control": served.cache, "Vary": "Accept-Encoding"}
    if _matches(request.headers.get("if-none-match", ""), served.etag):
        return Response(status_code=304, headers=headers)
    if squeeze:
        body = compressed(served)
        return Response(body, headers={**headers, "Content-Encoding": "gzip"}, media_type=served.content_type)
    if served.cache == CACHE_CHECK and "range" not in request.headers and served.stamp[1] <= LARGEST_AT_ONCE:
        # A `FileResponse` asks for the length first and opens the file then: in between it could be replaced.
        headers["Accept-Ranges"] = "bytes"
        return Response(_content(served), headers=headers, media_type=served.content_type)
    return FileResponse(served.path, headers=headers, media_type=served.content_type)


def _matches(header: str, etag: str) -> bool:
    """Whether If-None-Match names this content, in either form: a cached page is as fresh compressed as not."""
    tags = {tag.strip().removeprefix("W/").strip('"').removesuffix("-gz") for tag in header.split(",")}
    return etag in tags or "*" in tags


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UserError (``serve.port_taken``) naming a free port if this one is in use."""
    try:
        return _listen(host, port)
    except PermissionError:
        raise UserError(
            "serve.port_forbidden", f"Port {port} needs special rights.", do="Choose a port from 1024 up: --port 8000"
        ) from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise UserError("serve.address", f"Cannot listen on {host}:{port}: {error.strerror}.") from None
        free = _free_port(host, port)
        raise UserError(
            "serve.port_taken",
            f"Port {port} is in use by another program.",
            do=f"Use another one: --port {free}" if free else "Use another one with --port.",
        ) from None


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends small answers at once (TCP_NODELAY); without it each waits up to 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _free_port(host: str, port: int) -> int | None:
    for candidate in range(port + 1, min(port + PORTS_TRIED, 65_535) + 1):
        try:
            _listen(host, candidate).close()
        except OSError:
            continue
        return candidate
    return None
