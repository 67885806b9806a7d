"""Pages and counts service on one port, for ``ctdc serve``.

Promise: each answers for its own addresses as it does alone; nothing about who asks is stored or logged.
"""

from __future__ import annotations

import socket
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ctdc.hub.api.service import is_for_service, service
from ctdc.hub.api.shelf import open_shelf
from ctdc.hub.site.search.route import search_routes
from ctdc.hub.site.serve import application


class Together:
    """The service at its addresses, the pages at all others."""

    def __init__(self, pages: ASGIApp, counts: ASGIApp) -> None:
        self._pages, self._counts = pages, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        counts = scope["type"] == "http" and is_for_service(scope["path"])
        await (self._counts if counts else self._pages)(scope, receive, send)


def site_and_service(folder: Path) -> ASGIApp:
    """The pages built in `folder`, and the service for the releases among them. Raises UserError."""
    return Together(application(folder, search_routes(folder)), service(open_shelf(folder)))


def run(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until interrupted. The listener comes from `ctdc.hub.site.serve.bind`; nothing is logged."""
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, date_header=True)
    uvicorn.Server(config).run(sockets=[listener])
