"""The public site of a studio, shown beside it: on one machine a hub needs no other server.

Promise: what is shown is the folder of the site and nothing else of the studio; messages of readers and totals of use
go where the studio reads them. Nothing is shown before something was published. The process ends with the one that
started it.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack

from ctdc.foundation.parents import end_with
from ctdc.hub.server import run, site_and_service
from ctdc.hub.site.build import MARKER
from ctdc.hub.site.serve import bind
from ctdc.hub.studio.place import Place
from ctdc.hub.studio.starting import BESIDE
from ctdc.hub.usage.counting import Counting, Usage

LOOKED_EVERY = 1.0  # seconds, while nothing is published


def show(found: Place, host: str, port: int) -> None:
    """Answer for the public site until the process is told to end. Raises UserError (``serve.*``)."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # until the server takes them over
        signal.signal(number, lambda *_: over.set())
    if beside := os.environ.get(BESIDE):
        end_with(int(beside), lambda: os.kill(os.getpid(), signal.SIGTERM))
    while not (found.site / MARKER).is_file():
        if over.wait(LOOKED_EVERY):
            return
    with bind(host, port) as listener, ExitStack() as counting:
        usage = counting.enter_context(Usage(found.usage))
        run(Counting(site_and_service(found.site, found.feedback), usage), listener)
