"""Readers of a public site while it is built anew: whatever they look at has to be of one build, whole, and there.

Promise: a look at the folder is a look at one build: it is held open by its number, so that what takes its place
meanwhile is another one. What a server sends is compared afterwards with the builds that were seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from ctdc.hub.site.build import MARKER
from ctdc.standard.languages import LANGUAGES

PAGES = tuple(f"{language}/{page}index.html" for language in LANGUAGES for page in ("", "releases/", "privacy/"))
SAMPLE = 20  # files at a look, besides the pages
REST = 0.25  # seconds between two looks


@dataclass
class Readers:
    """Two readers in threads of their own: of the folder, and of a server in front of it.

    builds: of each build that was seen, in order, the ids of its releases and the hashes of its files; looks: how many;
    answers: path and hash of each page that the server sent; wrong: what should not have been.
    """

    site: Path
    dice: random.Random
    address: str = ""
    builds: list[tuple[tuple[str, ...], dict[str, str]]] = field(default_factory=list)
    looks: int = 0
    answers: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Both read until the body ends, each at least once before it begins."""
        over = threading.Event()
        work = [threading.Thread(target=self._read, args=(over, one)) for one in (self.look, self._asking())]
        for one in work:
            one.start()
        try:
            while not (self.looks and self.answers) and not self.wrong:
                time.sleep(REST)
            yield
        finally:
            over.set()
            for one in work:
                one.join()

    def _read(self, over: threading.Event, look: Any) -> None:
        while not over.is_set():
            try:
                look()
            except Exception as fault:
                self.wrong.append(f"{type(fault).__name__}: {fault}")
            over.wait(REST)

    # ---- the folder

    def look(self) -> None:
        """Look at one build: its record, its front pages, and some of its other files."""
        held = os.open(self.site, os.O_RDONLY | os.O_DIRECTORY)
        try:
            missing = self._look_at(held)
            replaced = not os.path.samestat(os.fstat(held), self.site.stat())
        finally:
            os.close(held)
        if missing and not replaced:  # of a build that was replaced, files are on their way out
            self.wrong.append(f"missing: {missing}")
        self.looks += 1

    def _look_at(self, held: int) -> list[str]:
        try:
            document = json.loads(_read(held, MARKER))
        except FileNotFoundError:
            return [MARKER]
        files = {path: digest for part in document["parts"].values() for path, digest in part["files"].items()}
        build = (tuple(document["releases"]), files)
        if not self.builds or self.builds[-1] != build:
            self.builds.append(build)
        missing = []
        for path in (*PAGES, *self.dice.sample(sorted(files), min(SAMPLE, len(files)))):
            try:
                found = hashlib.sha256(_read(held, path)).hexdigest()
            except FileNotFoundError:
                missing.append(path)
                continue
            if found != files[path]:
                self.wrong.append(f"{path} is not of the build that it lies in")
        return missing

    # ---- the server

    def _asking(self) -> Any:
        client = httpx.Client(base_url=self.address, timeout=120, headers={"Accept-Encoding": "identity"})

        def ask() -> None:
            path = self.dice.choice(PAGES)
            answer = client.get(f"/{path.removesuffix('index.html')}")
            if answer.status_code == 200:
                self.answers.append((path, hashlib.sha256(answer.content).hexdigest()))
            else:
                self.wrong.append(f"{path}: {answer.status_code}")

        return ask

    def check_answers(self) -> None:
        """Raise AssertionError unless each answer is a page of a build, and of none that is older than one before."""
        at = 0
        for path, digest in self.answers:
            fitting = [number for number, (_, files) in enumerate(self.builds) if files[path] == digest]
            assert fitting, f"{path} is of no build"
            assert fitting[-1] >= at, f"{path} is of an older build than what was read before"
            at = max(at, fitting[0])


def _read(held: int, path: str) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY, dir_fd=held), "rb") as stream:
        return stream.read()
