"""What surrounds every page of the workbench, and what a page is made from.

Promise: every page is rendered anew from the project's files, so that it says what is so now; it works without a
script; in each language it has the same steps, and the same page in the other languages is one link away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import RedirectResponse, Response

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench import jobs
from ctdc.hub.workbench.choices import Choice, all_confirmed, read_choices
from ctdc.hub.workbench.prepare import choices_hash
from ctdc.hub.workbench.project import Project, read_json
from ctdc.hub.workbench.runs import Run, all_runs
from ctdc.hub.workbench.words import Words
from ctdc.standard.languages import AUTONYMS, OURS, direction

HERE = Path(__file__).parent
FULL = "workbench.full"
REFRESH = 2  # seconds between two looks at work that goes on
# What tasks are called by those who do them, and here.
TASKS = {
    "Reading the file": "reading",
    "Looking at the columns": "looking",
    "Looking for rare combinations": "rare",
    "Measuring with noise": "measuring",
    "Building records": "records",
    "Writing files": "writing",
    "Building the release": "release",
    "Verifying the release": "verifying",
    "Rendering the pages": "pages",
}
OF_A_RUN = tuple(TASKS.values())[3:]


def task_of(task: str) -> str:
    """The key of a task's name; ``other`` for one that has none here."""
    return TASKS.get(task, "other")


class Explores(Protocol):
    """Serves the sites of runs."""

    def address(self, pages: Path) -> str:
        """Where the pages in a folder are served."""


def _anything(length: int) -> AbstractContextManager[None]:
    """On one's own machine the disk says what is too much."""
    return nullcontext()


def _any_name(name: str) -> None:
    """On one's own machine a file is called as its keeper likes."""


@dataclass(frozen=True)
class Bench:
    """A workbench: its project, what serves the sites of its runs, and how large a file may be, in bytes.

    base: what stands before its addresses, where it is part of a studio; minutes: of rest after which everything is
    removed there; taking: surrounds what brings so many bytes in, and raises UserError for what is too much;
    check_name: raises UserError for the name of a file that is not taken.
    """

    project: Project
    explorers: Explores
    most: int
    base: str = ""
    minutes: int = 0
    taking: Callable[[int], AbstractContextManager[None]] = _anything
    check_name: Callable[[str], None] = _any_name


@dataclass(frozen=True)
class Asked:
    """What was asked for. path: below ``/LANGUAGE/``; number: in the address, 0 where there is none."""

    bench: Bench
    language: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    form: Mapping[str, list[str]] = field(default_factory=dict)
    number: int = 0

    @property
    def project(self) -> Project:
        """The project."""
        return self.bench.project

    @cached_property
    def words(self) -> Words:
        """The words of the reader's language."""
        return Words(self.language, in_studio=bool(self.bench.base))

    @cached_property
    def reading(self) -> jobs.State:
        """How reading the file is, or was."""
        return jobs.state_of(self.project.input)

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """What was said about the columns; empty while no table is read."""
        return read_choices(self.project) if self.is_read else ()

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """All runs."""
        return all_runs(self.project)

    @property
    def is_read(self) -> bool:
        """Whether there is a table."""
        return self.reading.state == "done" and "rows" in self.reading.result

    @property
    def declared(self) -> str:
        """What tells the declared table from others; empty before every column is confirmed."""
        return choices_hash(self.choices, self.reading.result["hash"]) if all_confirmed(self.choices) else ""

    @cached_property
    def plan(self) -> Mapping[str, Any] | None:
        """What is planned."""
        found: Mapping[str, Any] | None = read_json(self.project.plan)
        return found

    def value(self, name: str) -> str:
        """A field of the form, or of the address: its last value, without space around it."""
        return (self.form.get(name) or self.query.get(name) or [""])[-1].strip()

    @property
    def still(self) -> bool:
        """Whether the page should stay as it is."""
        return bool(self.query.get("still"))


@dataclass(frozen=True)
class Step:
    """A step: whether it can be taken, whether it is done, and a sentence on how it is."""

    id: str
    path: str
    open: bool
    done: bool
    state: str


def steps_of(asked: Asked) -> tuple[Step, ...]:
    """The steps, in their order."""
    w, choices = asked.words, asked.choices
    confirmed = sum(choice.confirmed for choice in choices)
    declared = asked.declared
    looked = bool(declared) and jobs.state_of(asked.project.risk).result.get("declared") == declared
    finished = sum(run.state.state == "done" for run in asked.runs)
    epsilon = f"{asked.plan['epsilon']:g}" if asked.plan else ""
    return (
        Step("file", "file/", True, asked.is_read, _of_file(asked)),
        Step(
            "columns",
            "columns/",
            asked.is_read,
            bool(declared),
            w("state.columns", done=w.number(confirmed), all=w.number(len(choices))) if choices else w("state.later"),
        ),
        Step("risk", "risk/", bool(declared), looked, w("state.looked" if looked else "state.optional")),
        Step(
            "plan",
            "plan/",
            bool(declared),
            asked.plan is not None,
            w("state.plan", epsilon=epsilon) if epsilon else w("state.later"),
        ),
        Step(
            "run",
            "run/",
            bool(declared) and asked.plan is not None,
            finished > 0,
            w.many("state.runs", finished) if asked.runs else w("state.later"),
        ),
        Step("results", "results/", bool(asked.runs), False, w.many("state.runs", finished)),
    )


def _of_file(asked: Asked) -> str:
    if asked.reading.running:
        return asked.words("state.reading")
    return asked.words.many("state.rows", asked.reading.result["rows"]) if asked.is_read else asked.words("state.later")


@cache
def environment() -> Environment:
    """The templates of the workbench."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["task_of"] = task_of
    return made


def page(
    asked: Asked,
    name: str,
    template: str,
    *,
    heading: str = "",
    problem: UserError | Mapping[str, Any] | None = None,
    status: int = 200,
    refresh: bool = False,
    **context: Any,
) -> Response:
    """A page. name: the step that it belongs to; problem: what went wrong; refresh: whether work goes on."""
    w = asked.words
    around = {
        "w": w,
        "base": asked.bench.base,
        "minutes": w.number(asked.bench.minutes),
        "language": asked.language,
        "direction": direction(asked.language),
        "path": asked.path,
        "page": name,
        "languages": [(code, AUTONYMS[code], direction(code)) for code in OURS],
        "steps": steps_of(asked),
        "heading": heading or w(f"step.{name}"),
        "problem": w.said(problem) if problem else None,
        "notice": "",
        "still": asked.still,
    }
    body = environment().get_template(template).render(around | context)
    headers = {"Content-Language": asked.language}
    if refresh and not asked.still:
        headers["Refresh"] = str(REFRESH)
    return Response(body, status, headers, "text/html; charset=utf-8")


def go(asked: Asked, path: str) -> Response:
    """Lead on to another page, so that loading it again sends nothing again."""
    return RedirectResponse(f"{asked.bench.base}/{asked.language}/{path}", 303)


def status_of(error: UserError) -> int:
    """The status of a page that shows an error: 503 where memory is too little, 409 where a rule says no, else 422."""
    if error.detail.code == FULL:
        return 503
    return 409 if error.exit_code == 4 else 422
