"""Starting a studio: Django made ready for one folder, its database brought up to date, its processes run.

Promise: one process is one studio; the worker is a process of its own, so that a crash in long work takes no page
down, and is started again when it ends.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import cast

import django
import uvicorn
from django.core.management import call_command
from starlette.types import ASGIApp

from ctdc.foundation.files import alone
from ctdc.foundation.parents import end_with
from ctdc.hub.studio import place
from ctdc.hub.studio.web.bodies import Bodies

STARTED_AGAIN = 2.0  # seconds between the end of a process beside and the next one
ENDS_WITHIN = 30.0  # seconds in which a worker comes to a step at which it can end
BESIDE = "CTDC_STUDIO_BESIDE"  # to a process beside: the number of the one that it ends with
STUDIO = (sys.executable, "-m", "ctdc.cli.main", "studio")
SETTINGS = "ctdc.hub.studio.settings"
UPDATING, UPDATING_NUMBER = "database.lock", 0x63746463  # the lock's file, and its number in PostgreSQL


def make_ready(folder: Path) -> place.Place:
    """Make Django ready for the studio in `folder`. Raises UserError (``studio.*``)."""
    found = place.read(folder)
    os.environ[place.VARIABLE] = str(found.folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    django.setup()
    return found


def update_database() -> None:
    """Bring the database to this version, one process after the other. What is there stays.

    Raises UserError (``studio.demonstration``) for a studio that is not what it was made as.
    """
    from ctdc.hub.studio.demonstration import rules  # needs Django to be ready

    with _updating():
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("clearsessions", verbosity=0)
    rules.check_kind()


@contextmanager
def _updating() -> Iterator[None]:
    """While no other process changes this studio's database: pages and worker start together.

    A file in the studio's folder tells processes that have the same one; PostgreSQL tells those on other machines.
    """
    from django.conf import settings
    from django.db import connection

    with alone(settings.STUDIO.folder / UPDATING), ExitStack() as held:
        if connection.vendor == "postgresql":
            cursor = held.enter_context(connection.cursor())
            cursor.execute("SELECT pg_advisory_lock(%s)", [UPDATING_NUMBER])
            held.callback(cursor.execute, "SELECT pg_advisory_unlock(%s)", [UPDATING_NUMBER])
        yield


def run_worker() -> None:
    """Do jobs until the process is told to end (SIGTERM, SIGINT)."""
    from django.conf import settings

    from ctdc.hub.studio import leftovers
    from ctdc.hub.studio.jobs.worker import work  # needs Django to be ready

    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    if beside := os.environ.get(BESIDE):
        end_with(int(beside), over.set)
    with leftovers.working(settings.STUDIO):
        work(over)


def run_pages(listener: socket.socket, folder: Path, with_worker: bool, site_port: int | None = None) -> None:
    """Answer at `listener` until the process is told to end, with a worker and the public site beside if asked.

    site_port: of the public site, on this machine alone; None shows none.
    """
    from django.conf import settings
    from django.core.asgi import get_asgi_application

    from ctdc.hub.studio.bench import leaving  # needs Django to be ready
    from ctdc.hub.studio.bench.asgi import Benches
    from ctdc.hub.studio.deliveries.memory import clear_up

    clear_up()  # tables at the workbench of a process that was killed
    beside = ([*STUDIO, "work", str(folder)],) if with_worker else ()
    os.environ.pop(place.SITE_BESIDE, None)
    if site_port is not None:
        beside = (*beside, [*STUDIO, "site", str(folder), "--port", str(site_port)])
        os.environ[place.SITE_BESIDE] = str(site_port)  # so that pages can lead there
    over = threading.Event()
    keepers = [threading.Thread(target=_keep, args=(command, over)) for command in beside]
    threading.Thread(target=leaving.watch, args=(over,), daemon=True).start()
    # The server raises the signal that ended it once more when it is done: by default that would end us before those
    # beside us are told.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for keeper in keepers:
        keeper.start()
    try:
        app = Benches(Bodies(cast(ASGIApp, get_asgi_application()), settings.FILE_UPLOAD_MAX_MEMORY_SIZE))
        # Without a log of its own: what it says goes through ours, which leaves out what requests hold.
        config = uvicorn.Config(app, log_config=None, server_header=False, proxy_headers=False)
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        over.set()
        leaving.leave_all()
        for keeper in keepers:
            keeper.join()


def _keep(command: Sequence[str], over: threading.Event) -> None:
    """Run a process beside this one, and again when it ends."""
    environment = os.environ | {BESIDE: str(os.getpid())}
    while not over.is_set():
        with subprocess.Popen(command, env=environment) as process:  # noqa: S603  our own command
            while process.poll() is None and not over.wait(0.2):
                pass
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(ENDS_WITHIN)
            process.kill()  # what it was at is taken up again when its lease has run out
        if not over.is_set():
            time.sleep(STARTED_AGAIN)
