"""The runs of a project: beginning one, what became of each, and what each was charged.

Promise: runs come one after the other, so that every charge in the ledger between the beginnings of two runs is the
first one's; a charge is told from the ledger, never from what a run says of itself. What takes from the raw file and
what removes it wait for each other (`RAW`), so that nothing of it is written behind the back of who removes it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

from ctdc.foundation.chain import Line
from ctdc.foundation.errors import Refused
from ctdc.hub.workbench import jobs
from ctdc.hub.workbench.choices import Choice, document_of
from ctdc.hub.workbench.prepare import write_prepared
from ctdc.hub.workbench.project import Project, read_json, write_json
from ctdc.hub.workbench.running import PACKED, PAGES, PRIVATE, PROTECTED, SCHEMA, STORE, TABLE
from ctdc.hub.workbench.upload import INCOMING
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Cost
from ctdc.privacy.budgets import budget, remaining, spent
from ctdc.privacy.ledger_events import total_cost
from ctdc.privacy.protect import PAID

POPULATION = "default"
RUN = "run.json"
NUMBERED = re.compile(r"\d{3,}")
SLUG = re.compile(r"[^a-z0-9]+")
RAW = RLock()  # held while something begins that reads the raw file, takes its place, or removes it


@dataclass(frozen=True)
class Charge:
    """What the ledger says a run was charged.

    count: how often; cost: together; ended: whether what was last paid for is safe; kept: whether it lies in the run's
    folder and waits to be published, so that going on costs nothing.
    """

    count: int
    cost: Cost
    ended: bool
    kept: bool

    def epsilon(self, delta: float) -> float:
        """Epsilon of all charges together at `delta`; 0 for none."""
        return self.cost.epsilon(delta) if self.count else 0.0


@dataclass(frozen=True)
class Run:
    """A run: its number (from 1), what was asked, how it is, and what it was charged."""

    number: int
    folder: Path
    asked: Mapping[str, Any]
    state: jobs.State
    charge: Charge

    @property
    def release(self) -> Path | None:
        """The release, once the run is done."""
        return self.folder / STORE / self.state.result["release"] if self.state.state == "done" else None

    @property
    def pages(self) -> Path:
        """The rendered pages of the release."""
        return self.folder / PAGES

    @property
    def packed(self) -> Path:
        """The file to download."""
        return self.folder / PACKED

    @property
    def can_go_on(self) -> bool:
        """Whether what the run was to protect, or what it has protected, is still there."""
        if self.state.state not in ("failed", "cancelled", "killed"):
            return False
        return (self.folder / PROTECTED).is_dir() or (self.folder / PRIVATE / TABLE).is_file()


def all_runs(project: Project) -> tuple[Run, ...]:
    """All runs, oldest first."""
    folders = sorted(_folders(project))
    lines = ledger.read(project.ledger)
    stored = [read_json(folder / RUN) for folder in folders]
    begins = [one["ledger_lines"] for one in stored]
    ends = [*begins[1:], lines[-1].sequence if lines else 0][: len(begins)]
    return tuple(
        Run(int(folder.name), folder, one["asked"], _state(folder), _charge(folder, lines, begin, end))
        for folder, one, begin, end in zip(folders, stored, begins, ends, strict=True)
    )


def _state(folder: Path) -> jobs.State:
    """How a run is. One that was cut off before its child could begin was killed."""
    state = jobs.state_of(folder)
    return jobs.State("killed") if state.state == "none" else state


def _folders(project: Project) -> list[Path]:
    """The folders of runs; without those of beginnings that were cut off, which have a table of cases and no run."""
    return [one for one in _numbered(project) if (one / RUN).is_file()]


def _numbered(project: Project) -> list[Path]:
    if not project.runs.is_dir():
        return []
    return [one for one in project.runs.iterdir() if NUMBERED.fullmatch(one.name)]


def _charge(folder: Path, lines: Sequence[Line], begin: int, end: int) -> Charge:
    own = [line for line in lines if begin < line.sequence <= end and line.event["kind"] == "charge"]
    lost = {line.sequence for line in ledger.unfinished(tuple(lines))}
    kept = (folder / f".{PROTECTED}.measured" / PAID).is_file() or (folder / PROTECTED).is_dir()
    return Charge(len(own), total_cost(line.event for line in own), bool(own) and own[-1].sequence not in lost, kept)


def begin(project: Project, choices: Sequence[Choice], asked: Mapping[str, Any]) -> int:
    """Freeze what was declared, and start a run. Returns its number.

    asked: ``epsilon``, ``delta``, ``length``, ``people`` (None where not said), ``title``, ``publisher``,
    ``simulated``. Raises Refused (``workbench.busy``) while another one runs, and UserError for a table that does not
    fit its declaration.
    """
    with RAW:
        if any(run.state.running for run in all_runs(project)):
            raise Refused("workbench.busy", "A run is going on.", do="Wait until it has ended, or stop it.")
        number = max((int(one.name) for one in _folders(project)), default=0) + 1
        _begin(project, number, choices, asked)
    return number


def _begin(project: Project, number: int, choices: Sequence[Choice], asked: Mapping[str, Any]) -> None:
    folder = project.runs / f"{number:03}"
    shutil.rmtree(folder, ignore_errors=True)  # of a beginning that was cut off before the run was one
    project.runs.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700)
    write_prepared(project.table, choices, folder / PRIVATE / TABLE)
    write_json(folder / PRIVATE / SCHEMA, document_of(choices))
    name = f"{slug(str(asked['title']))}-run-{number}"
    whole = {**asked, "name": name, "edition": f"run {number}"}
    lines = ledger.read(project.ledger)
    write_json(folder / RUN, {"asked": whole, "ledger_lines": lines[-1].sequence if lines else 0})
    jobs.start(folder, "run", project.folder, whole)


def go_on(project: Project, run: Run) -> None:
    """Do the rest of a run that was stopped. Raises Refused (``workbench.busy``) while another one runs.

    Only the newest run can: the charges of an older one could not be told from those of the runs after it.
    """
    with RAW:
        runs = all_runs(project)
        if any(one.state.running for one in runs) or run.number != runs[-1].number:
            raise Refused("workbench.busy", "Another run is going on, or came after this one.", do="Begin a new run.")
        jobs.start(run.folder, "run", project.folder, run.asked)


def tidy(project: Project) -> None:
    """Remove what killed processes left half written, with the tables of runs that never became one.

    For a workbench that begins, before it takes a file: what comes is half written, too.
    """
    for folder in (project.input, project.risk, *_folders(project)):
        jobs.sweep(folder)
    for part in project.input.glob(INCOMING):  # also while a reading that outlived its workbench goes on there
        part.unlink(missing_ok=True)
    for folder in set(_numbered(project)) - set(_folders(project)):
        shutil.rmtree(folder / PRIVATE, ignore_errors=True)


def slug(title: str) -> str:
    """What of a title can stand in the name of a release."""
    made = SLUG.sub("-", title.lower()).strip("-")[:40].strip("-")
    return made or "table"


@dataclass(frozen=True)
class Account:
    """What was spent on the people of the project at `delta`, what may be, and what is left (None: no limit)."""

    charges: int
    spent: float
    delta: float
    limit: float | None
    left: float | None
    cost: Cost


def account(project: Project, delta: float) -> Account:
    """The account of the project's people. Raises UserError for a damaged ledger."""
    return account_in(project.ledger, delta)


def account_in(path: Path, delta: float) -> Account:
    """The account in a ledger. Raises UserError for a damaged one."""
    lines = ledger.read(path)
    cost = spent(lines, POPULATION)
    limit = budget(lines, POPULATION)
    at = limit.delta if limit else delta
    charges = sum(line.event["kind"] == "charge" for line in lines)
    left = remaining(cost, limit) if limit else None
    return Account(charges, cost.epsilon(at) if cost.rho else 0.0, at, limit.epsilon if limit else None, left, cost)


def may_forget(project: Project) -> bool:
    """Whether the raw file could be removed: no run and no reading is at it."""
    busy = any(jobs.state_of(folder).running for folder in (project.input, project.risk))
    return not busy and not any(run.state.running for run in all_runs(project))


def forget_raw(project: Project) -> None:
    """Remove the raw file, what was read from it and what runs kept of it. What was published stays.

    Raises Refused (``workbench.busy``) while something is at it.
    """
    with RAW:
        if not may_forget(project):
            raise Refused("workbench.busy", "Something is still reading the file.", do="Wait until it has ended.")
        shutil.rmtree(project.input, ignore_errors=True)
        shutil.rmtree(project.risk, ignore_errors=True)
        project.choices.unlink(missing_ok=True)
        for folder in _numbered(project):
            shutil.rmtree(folder / PRIVATE, ignore_errors=True)
