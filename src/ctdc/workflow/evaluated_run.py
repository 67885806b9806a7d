"""Evaluating the release of a run against the cases that it was made from.

Promise: the cases are brought together again as the run had them, from the vault with a reason in its log, and are gone
from the workspace afterwards if they came from there. The report is for the steward: never to be published.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctdc.workflow.config import Plan
from ctdc.workflow.evaluation import Choices, Evaluated, evaluate_files, write_report
from ctdc.workflow.run import TITLES, Observer, combined_cases, working
from ctdc.workflow.sealed import CASES, Opening, open_for


def evaluate_run(
    plan: Plan, release: Path, observer: Observer, reports: Sequence[Path], opening: Opening | None = None
) -> Evaluated:
    """Evaluate `release`, and write the report to each of `reports` (JSON, or a page), for the owner's eyes only.

    Raises UserError for what cannot be opened, read or compared.
    """
    opened = open_for(plan.vault, opening) if plan.vault else None
    with working(plan, observer) as runner:
        combined = combined_cases(plan, runner, opened)
        with observer.step(TITLES["evaluate"]) as progress:
            evaluated = evaluate_files(combined.folder / CASES, release, Choices(), progress)
    for path in reports:
        write_report(path, evaluated)
    return evaluated
