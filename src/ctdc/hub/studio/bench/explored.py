"""Exploring runs within the studio: the site of each run's release below an address of the workbench.

Promise: only pages of runs of this room are served, by the program that serves them to the public; a few are open at
once, since each holds its release in memory.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from starlette.types import ASGIApp

from ctdc.hub.server import site_and_service
from ctdc.hub.studio.bench.prefixed import Prefixed
from ctdc.hub.workbench.project import Project
from ctdc.hub.workbench.running import PAGES

MOST = 2
RUN = re.compile(r"\d{3,}")


class Explored:
    """The sites of a project's runs. base: the address below which they lie, without a slash at its end."""

    def __init__(self, project: Project, base: str) -> None:
        self._project, self._base = project, base
        self._opened: OrderedDict[str, ASGIApp] = OrderedDict()
        self._lock = Lock()

    def address(self, pages: Path) -> str:
        """Where the pages in a run's folder are served."""
        return f"{self._base}/{pages.parent.name}/"

    def site(self, run: str) -> ASGIApp | None:
        """The site of a run, opened if it was not yet; None where there is none. run: the name of its folder."""
        pages = self._project.runs / run / PAGES
        if not RUN.fullmatch(run) or not pages.is_dir():
            return None
        with self._lock:
            if run not in self._opened:
                self._opened[run] = Prefixed(site_and_service(pages), f"{self._base}/{run}")
                while len(self._opened) > MOST:
                    self._opened.popitem(last=False)
            self._opened.move_to_end(run)
            return self._opened[run]

    def close(self) -> None:
        """Let go of all."""
        with self._lock:
            self._opened.clear()
