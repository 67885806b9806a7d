"""A project of the workbench: one private folder with one table, what was said about it, and the runs over it.

Promise: nothing in it is for other users of the machine; one workbench at a time works on it; all state is in its
files, so that it is the same after a restart and after a kill.

    project.json           marks the folder, and says where the ledger is if not here
    input/                 the file as it came, the table read from it (text), what its columns look like
    choices.json           what was said about each column
    plan.json              epsilon, length and the declared number of people
    ledger.jsonl           what was spent on these people
    risk/                  the last look at the risk today
    runs/001/              a run: its progress, what was protected, its release, its pages, the file to download
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctdc.foundation.documents import BadDocument, parse_json
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json, atomic_file
from ctdc.privacy.ledger import check_file as check_ledger
from ctdc.workflow.private import check_out

FORMAT = "ctdc-workbench/1"
MARKER, ACCOUNT = "project.json", "account"
OTHERS = 0o077  # rights of anybody but the owner


@dataclass(frozen=True)
class Project:
    """The places in a project's folder. account: where the ledger lies, if the folder does not last."""

    folder: Path
    account: Path | None = None

    @property
    def lasts(self) -> bool:
        """Whether it is there for as long as its keeper wants, and work in it may outlive the workbench."""
        return self.account is None

    @property
    def input(self) -> Path:
        """Where the file lies."""
        return self.folder / "input"

    @property
    def table(self) -> Path:
        """The table as text columns."""
        return self.input / "table.parquet"

    @property
    def profile(self) -> Path:
        """What the table's columns look like; it holds values."""
        return self.input / "columns.json"

    @property
    def choices(self) -> Path:
        """What was said about each column."""
        return self.folder / "choices.json"

    @property
    def plan(self) -> Path:
        """What is planned."""
        return self.folder / "plan.json"

    @property
    def ledger(self) -> Path:
        """What was spent."""
        return self.account or self.folder / "ledger.jsonl"

    @property
    def risk(self) -> Path:
        """The job that looks at the risk today."""
        return self.folder / "risk"

    @property
    def runs(self) -> Path:
        """The folders of all runs."""
        return self.folder / "runs"


def project_at(folder: Path) -> Project:
    """The project in `folder`. Raises UserError (``workbench.gone``) where there is none, or none any more."""
    marker = read_json(folder / MARKER)
    if marker is None:  # without it nobody knows where its ledger is
        raise UserError("workbench.gone", "There is no project of the workbench here.", where=str(folder))
    account = marker.get(ACCOUNT)
    return Project(folder, Path(account) if account else None)


def open_project(folder: Path, account: Path | None = None) -> Project:
    """The project in `folder`, which is made where there is none. account: where its ledger lies then, if not there.

    Raises UserError: ``workbench.not_a_project`` for a folder with other things in it, ``workbench.open_to_others``,
    and what `check_out` raises for a place within what is published.
    """
    check_out(folder / MARKER)
    project = Project(folder.resolve(), account)
    marker = project.folder / MARKER
    if marker.is_file():
        _require_private(project.folder)
        return project_at(project.folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            "workbench.not_a_project",
            "There is something else at this place, and no project of the workbench.",
            where=str(folder),
            allowed="a folder that the workbench made, an empty one, or a name that does not exist yet",
            do="Choose another folder.",
        )
    project.folder.mkdir(parents=True, exist_ok=True)
    project.folder.chmod(0o700)
    write_json(marker, {"format": FORMAT} | ({ACCOUNT: str(account)} if account else {}))
    return project


def _require_private(folder: Path) -> None:
    if folder.stat().st_mode & OTHERS:
        raise UserError(
            "workbench.open_to_others",
            "Other users of this machine may look into the project.",
            where=str(folder),
            do=f"Take their rights away: chmod 700 {folder}",
        )


@contextmanager
def held(project: Project) -> Iterator[None]:
    """While one workbench works on the project. Raises UserError (``workbench.in_use``) if another one does."""
    with (project.folder / ".lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                "workbench.in_use",
                "Another workbench is open on this project.",
                where=str(project.folder),
                do="Use that one, or stop it first.",
            ) from None
        check_ledger(project.ledger)
        yield


def write_private(path: Path, text: str) -> None:
    """Write a file of the project, whole or not at all, for its owner only."""
    with atomic_file(path, private=True) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """`write_private` of a value as JSON."""
    write_private(path, as_json(value))


def read_json(path: Path) -> Any:
    """The value in a JSON file; None where there is none. Raises UserError (``workbench.damaged``)."""
    try:
        return parse_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except BadDocument:
        raise UserError(
            "workbench.damaged",
            "A file of the project is damaged.",
            where=str(path),
            do="Restore the project from a backup, or remove this file and say again what was in it.",
        ) from None


def dumps(value: Any) -> str:
    """A value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False)
