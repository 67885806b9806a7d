"""What the pages of the desk show of a release: forecast, trial, evaluation, privacy statement, changes, progress.

Promise: read from the files that were made, in the reader's language; what is not there is not shown, and no page fails
because of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.desk import plans
from ctdc.hub.studio.desk.models import ReleasePlan
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.jobs.views import task_words
from ctdc.hub.studio.web.texts import language
from ctdc.privacy.planning import Forecast
from ctdc.privacy.report import Writer
from ctdc.release.changelog import changelog_sections
from ctdc.release.document import Section
from ctdc.release.protected import PRIVACY, read_json
from ctdc.release.statement import privacy_statement
from ctdc.release.verify import CODEBOOK
from ctdc.release.vocabulary import read_vocabulary
from ctdc.standard.loader import load

CHANGES = "about/changelog.json"


def task(job: Job | None) -> str:
    """What the job is at."""
    return task_words(job) if job else ""


def profile_title(identifier: str) -> str:
    """What a release profile is called."""
    found = load().profiles.get(identifier)
    return found.title.get(language(), identifier) if found else identifier


@dataclass(frozen=True)
class Predicted:
    """A forecast and how its numbers and headings are written."""

    forecast: Forecast
    writer: Writer
    text: Any


def forecast(release: ReleasePlan) -> Predicted | None:
    """The predicted errors; None where there is no forecast for such a plan."""
    try:
        found = plans.forecast(release)
    except UserError:
        return None
    writer = Writer(language(), "forecast")
    return Predicted(found, writer, writer.text) if found else None


@dataclass(frozen=True)
class Line:
    """A line of an evaluation in short, written out. look: whether to look closer."""

    measure: Markup
    value: Markup
    beside: Markup
    look: bool


def words() -> Any:
    """The words of evaluations in the reader's language, by their keys."""
    return Writer(language(), "evaluation").text


def notice() -> str:
    """The sentence that stands above everything that comes from true cases."""
    return str(Writer(language(), "evaluation").text("notice"))


def summary(report: Path) -> tuple[Line, ...]:
    """The report of an evaluation in short; empty where there is none."""
    if not report.is_file():
        return ()
    signs = json.loads(report.read_text(encoding="utf-8"))["summary"]
    return tuple(_line(Writer(language(), "evaluation"), sign) for sign in signs)


def _line(writer: Writer, sign: dict[str, Any]) -> Line:
    measure = writer.text(f"sign.{sign['kind']}", order=writer.number(sign["order"]))
    return Line(measure, *_values(writer, sign), bool(sign["look"]))


def _values(writer: Writer, sign: dict[str, Any]) -> tuple[Markup, Markup]:
    kind, value, beside, said = sign["kind"], sign["value"], sign["beside"], writer.text
    chance = Markup(" ") + said("beside.chance")
    if kind == "tvd":
        return writer.number(value, 4), writer.number(beside, 4) + chance
    if kind == "share":
        return writer.number(100 * value, 2) + Markup(" ") + said("unit.points"), Markup("–")
    if kind == "coverage":
        return writer.percent(value), writer.percent(beside)
    if kind in ("rankings", "trends"):
        return writer.number(value), said("beside.of", number=writer.number(beside))
    other = Markup("–") if beside is None else writer.number(beside, 2)
    return writer.number(value, 2), other + (chance if kind == "subgroups" else Markup(""))


def privacy(release: ReleasePlan) -> tuple[Section, ...]:
    """The privacy statement of the release that was made; empty before."""
    folder = plans.made_folder(release)
    if not (release.identifier and (folder / PRIVACY).is_file()):
        return ()
    return privacy_statement(language(), read_json(folder / PRIVACY), read_vocabulary(folder / CODEBOOK).linked)


def changes(release: ReleasePlan) -> tuple[Section, ...]:
    """What is different from the release before; empty before it was made."""
    folder = plans.made_folder(release)
    if not (release.identifier and (folder / CHANGES).is_file()):
        return ()
    return changelog_sections(language(), read_json(folder / CHANGES), read_vocabulary(folder / CODEBOOK))
