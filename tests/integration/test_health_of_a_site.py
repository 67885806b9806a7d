"""What the studio believes of an answer of the public site, over real connections of this machine."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ctdc.hub.site.check import SiteCheck
from ctdc.hub.studio.listening.monitoring import health

pytestmark = pytest.mark.slow
SITE = SiteCheck(("a" * 64,), 3, (), datetime(2026, 3, 1, tzinfo=UTC))


class Answering(BaseHTTPRequestHandler):
    """Answers what the test wants."""

    def do_GET(self) -> None:
        status, body, headers = self.server.wanted  # type: ignore[attr-defined]
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def answering(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[tuple[str, list[str]]]:
    server = HTTPServer(("127.0.0.1", 0), Answering)
    server.wanted, server.asked = (status, body, headers or {}), []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def listed(*ids: str) -> bytes:
    return json.dumps({"releases": [{"id": one} for one in ids]}).encode()


@pytest.mark.parametrize(
    ("status", "body", "headers", "state"),
    [
        (200, listed("a" * 64), {}, "fine"),
        (200, listed("b" * 64, "a" * 64), {}, "another_release"),
        (200, listed(), {}, "another_release"),
        (200, b"<html>", {}, "wrong_answer"),
        (200, b"[]", {}, "wrong_answer"),
        (200, b'{"releases": 3}', {}, "wrong_answer"),
        (200, b" " * (health.MOST_BYTES + 1), {}, "wrong_answer"),
        (500, b"", {}, "unreachable"),
        (302, b"", {"Location": "http://127.0.0.1:1/secret"}, "unreachable"),
    ],
)
def test_the_service_is_asked_and_believed_only_so_far(
    status: int, body: bytes, headers: dict[str, str], state: str
) -> None:
    with answering(status, body, headers) as (address, asked):
        assert health.look_at_api(address, SITE).state == state
    assert asked == ["/api/v1/releases"]


def test_a_service_that_is_not_there_or_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LONGEST", 0.05)
    assert health.look_at_api("", SITE).state == "unset"
    assert health.look_at_api("http://127.0.0.1:1", SITE).state == "unreachable"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert health.look_at_api(f"http://127.0.0.1:{silent.getsockname()[1]}", SITE).state == "unreachable"
