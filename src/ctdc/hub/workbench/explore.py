"""Exploring a run: the site of its release, each run's at an address of its own on this machine.

Promise: only the pages of that release are served, by the program that serves them to the public, behind the same door
as the workbench; two runs can be open beside each other and cannot be taken for one another.
"""

from __future__ import annotations

import socket
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread

import uvicorn
from starlette.types import ASGIApp

from ctdc.hub.server import site_and_service
from ctdc.hub.workbench.door import Door
from ctdc.hub.workbench.here import listen

MOST = 4  # explorers that are open at once; each holds its release in memory


@dataclass(frozen=True)
class Opened:
    """An explorer that answers. port: where."""

    port: int
    server: uvicorn.Server
    thread: Thread
    listeners: Sequence[socket.socket]

    def close(self) -> None:
        """Stop answering."""
        self.server.should_exit = True
        self.thread.join(timeout=5)
        for one in self.listeners:
            one.close()


class Explorers:
    """The explorers that were opened, the last ones kept. token, name, host: as the workbench has them."""

    def __init__(self, token: str, name: str, host: str, make: Callable[[Path], ASGIApp] = site_and_service) -> None:
        self._token, self._name, self._host, self._make = token, name, host, make
        self._opened: OrderedDict[Path, Opened] = OrderedDict()
        self._lock = Lock()

    def address(self, pages: Path) -> str:
        """Where the pages in a folder are served, from now on if they were not yet."""
        with self._lock:
            if pages not in self._opened:
                self._opened[pages] = self._open(pages)
                while len(self._opened) > MOST:
                    self._opened.popitem(last=False)[1].close()
            self._opened.move_to_end(pages)
            return f"http://{self._host}:{self._opened[pages].port}/"

    def _open(self, pages: Path) -> Opened:
        app = self._make(pages)
        listeners = listen(0)
        port = listeners[0].getsockname()[1]
        door = Door(app, f"{self._host}:{port}", self._token, self._name, own_headers=True)
        config = uvicorn.Config(door, log_level="critical", access_log=False, server_header=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": listeners}, name="explorer", daemon=True)
        thread.start()
        return Opened(port, server, thread, listeners)

    def close(self) -> None:
        """Stop them all."""
        with self._lock:
            while self._opened:
                self._opened.popitem()[1].close()
