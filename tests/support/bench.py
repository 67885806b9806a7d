"""A project of the workbench with an invented table, for tests: made at once, or step by step as a person would."""

from __future__ import annotations

import csv
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ctdc.hub.workbench import jobs
from ctdc.hub.workbench.choices import Choice, write_choices
from ctdc.hub.workbench.project import Project, open_project, write_json
from ctdc.hub.workbench.reading import GIVEN, ORIGINAL, work

HEADER = ("visitor ref", "first name", "age", "day", "district", "brought", "member", "private remark")
SECRET = "Quenby"  # stands in no declared list
CHOSEN = (
    Choice("visitor ref", "person", confirmed=True),
    Choice("first name", "out", confirmed=True),
    Choice("age", "numbers", edges=("0", "18", "40", "65"), confirmed=True),
    Choice("day", "dates", by="quarter", first="2024-Q1", last="2024-Q4", outside="empty", confirmed=True),
    Choice("district", "codes", codes=("North", "South", "East", "West", "Centre"), confirmed=True),
    Choice("brought", "several", codes=("lamp", "toaster", "radio"), confirmed=True),
    Choice("member", "codes", codes=("0", "1"), confirmed=True),
    Choice("private remark", "out", confirmed=True),
)
ASKED = {"epsilon": 4.0, "delta": 1e-6, "length": 2, "people": 400}
WORDS = {"title": "Repair café", "publisher": "Friends of repair", "simulated": True}


def rows(number: int = 400, seed: int = 5) -> list[tuple[str, ...]]:
    """Invented visits."""
    chance = random.Random(seed)
    found = []
    for visitor in range(number):
        age = str(chance.randint(5, 90)) if chance.random() > 0.05 else ""
        day = f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        district = chance.choice(("North", "North", "South", "East", "West"))
        brought = ";".join(chance.sample(("lamp", "toaster", "radio"), chance.choice((1, 1, 2))))
        note = f"{SECRET} came by tram" if chance.random() < 0.1 else ""
        name = f"{SECRET} Marrow{visitor}"
        found.append((f"V-{90_000 + visitor}", name, age, day, district, brought, chance.choice("01"), note))
    return found


def write_csv(path: Path, lines: Sequence[Sequence[str]], header: Sequence[str] = HEADER, delimiter: str = ",") -> Path:
    """A csv file."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, delimiter=delimiter).writerows([header, *lines])
    return path


def project_with(folder: Path, lines: Sequence[Sequence[str]] | None = None) -> Project:
    """A project whose file was read, in this process."""
    project = open_project(folder)
    project.input.mkdir(mode=0o700, exist_ok=True)
    file = write_csv(project.input / f"{ORIGINAL}.csv", rows() if lines is None else lines)
    write_json(project.input / GIVEN, {"name": "visits.csv", "bytes": file.stat().st_size, "format": "csv"})
    read(project, {"format": "csv"})
    return project


def read(project: Project, asked: Mapping[str, Any]) -> None:
    """Read the project's file in this process, as the job would."""
    from ctdc.foundation.progress import Silent

    with _Unlimited():
        result = work(project, project.input, asked, Silent())
    write_json(project.input / jobs.JOB, {"kind": "read", "project": str(project.folder), "asked": dict(asked)})
    write_json(project.input / jobs.RESULT, result)


class _Unlimited:
    """Tests keep their own limits and network: a job has a process of its own to take them from."""

    def __enter__(self) -> None:
        from ctdc.hub.workbench import reading

        self._kept = reading.drop_network, reading.resource.setrlimit
        reading.drop_network = lambda: False
        reading.resource.setrlimit = lambda *_: None

    def __exit__(self, *_: object) -> None:
        from ctdc.hub.workbench import reading

        reading.drop_network, reading.resource.setrlimit = self._kept


def declared(project: Project, choices: Sequence[Choice] = CHOSEN) -> tuple[Choice, ...]:
    """Everything confirmed."""
    write_choices(project, choices)
    return tuple(choices)


def waiting(folder: Path, seconds: float = 90) -> jobs.State:
    """The state of a job once it has ended."""
    until = time.monotonic() + seconds
    while (state := jobs.state_of(folder)).running and time.monotonic() < until:
        time.sleep(0.05)
    return state


def unconfirmed(choice: Choice) -> Choice:
    """The same choice, to be confirmed."""
    return replace(choice, confirmed=False)
