"""Pages, counts service and feedback on one port, for ``ctdc serve``.

Promise: each answers for its own addresses as it does alone; nothing about who asks is stored or logged. A release is
open once, for the service and for the explorer; heavy questions of both pass one gate.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ctdc.hub.api.service import is_for_service, service
from ctdc.hub.api.shelf import open_shelf
from ctdc.hub.feedback.queue import Queue
from ctdc.hub.feedback.service import feedback_service, is_for_feedback
from ctdc.hub.gate import Gate
from ctdc.hub.renewed import Renewed
from ctdc.hub.site.build import MARKER
from ctdc.hub.site.explorer.section import Explorer
from ctdc.hub.site.explorer.service import site_at, with_explorer
from ctdc.hub.site.frame import Site
from ctdc.hub.site.search.route import search_routes
from ctdc.hub.site.serve import application
from ctdc.release.counting import Counter, open_counter


class Together:
    """The services at their addresses, the pages at all others. feedback: None where no messages are taken."""

    def __init__(self, pages: ASGIApp, counts: ASGIApp, feedback: ASGIApp | None = None) -> None:
        self._pages, self._counts, self._feedback = pages, counts, feedback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._for(scope)(scope, receive, send)

    def _for(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self._pages
        if self._feedback is not None and is_for_feedback(scope["path"]):
            return self._feedback
        return self._counts if is_for_service(scope["path"]) else self._pages


def site_and_service(folder: Path, feedback: Path | None = None) -> ASGIApp:
    """The pages built in `folder`, and the service for the releases among them. Raises UserError.

    A site that is built in its place is shown from then on. feedback: folder in which readers' messages are kept;
    without one none are taken.
    """
    gate = Gate()
    return Renewed(folder / MARKER, lambda: _together(folder, feedback, gate))


def _together(folder: Path, feedback: Path | None, gate: Gate) -> ASGIApp:
    taking = None if feedback is None else feedback_service(folder, Queue(feedback))
    shelf = open_shelf(folder)
    if not shelf.releases:  # all have been withdrawn: there is nothing to explore, count in or search
        return Together(application(folder), service(shelf, gate), taking)
    site = site_at(folder)
    pages = with_explorer(application(folder, search_routes(folder)), site, gate)
    return Together(pages, service(open_shelf(folder, _opener(site)), gate), taking)


def _opener(site: Site) -> Callable[[Path], Counter]:
    """Opens releases as the site has them open already: each is in memory once, whoever asks it."""
    views = {view.folder: view for view in (site.front, *site.front.earlier)}
    explorer = next((section for section in site.sections if isinstance(section, Explorer)), None)

    def opened(folder: Path) -> Counter:
        view = views.get(folder)
        if view is None:  # of another hub: no page of this site counts in it
            return open_counter(folder)
        known = explorer.counter if explorer is not None and view is site.front else None
        return known or Counter(view.analysis, view.figures)

    return opened


def run(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until interrupted. The listener comes from `ctdc.hub.site.serve.bind`; nothing is logged."""
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, date_header=True)
    uvicorn.Server(config).run(sockets=[listener])
