"""The runs: beside each other, each one alone, explored and downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import FileResponse, RedirectResponse, Response

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench import jobs
from ctdc.hub.workbench.counts import beside, counts_of
from ctdc.hub.workbench.frame import OF_A_RUN, TASKS, Asked, go, page, status_of
from ctdc.hub.workbench.outlook import delta_for
from ctdc.hub.workbench.pages.run import PAGES_BYTES
from ctdc.hub.workbench.running import PRIVATE, PROTECTED, TABLE
from ctdc.hub.workbench.runs import Run, account, go_on
from ctdc.release.manifest import CERTIFICATE, MANIFEST, read_manifest

COMPARED = 4  # runs beside each other when nobody chose


def show(asked: Asked) -> Response:
    """All runs, and some of them beside each other."""
    done = [run for run in asked.runs if run.state.state == "done"]
    wanted = {int(text) for text in asked.query.get("run", []) if text.isdecimal()}
    chosen = [run for run in done if run.number in wanted] or done[-COMPARED:]
    compared = chosen if len(chosen) > 1 else []
    return page(
        asked,
        "results",
        "results.html.j2",
        runs=asked.runs,
        done=done,
        account=account(asked.project, asked.runs[-1].asked["delta"] if asked.runs else delta_for(None)),
        chosen={run.number for run in chosen},
        compared=compared,
        facts=_facts(asked, compared),
        counts=beside([counts_of(run.folder / PROTECTED) for run in compared]),
    )


def _facts(asked: Asked, runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """Rows of the comparison: what it is, and each run's."""
    w = asked.words
    stated = [run.state.result["privacy"] for run in runs]
    lengths = sorted({int(length) for one in stated for length in one["expected_standard_error"] if length != "0"})
    rows = [
        (w("plan.epsilon.short"), [f"{run.asked['epsilon']:g}" for run in runs]),
        (w("results.charge"), [w.figures(run.charge.epsilon(run.asked["delta"])) for run in runs]),
        (w("results.estimate"), [_estimate(asked, one) for one in stated]),
        (w("results.records"), [w.number(one["records"]) for one in stated]),
    ]
    rows += [(w.many("results.error", length), [_error(asked, one, length) for one in stated]) for length in lengths]
    fits = ["worse" if one["worse_than_alone"] else "good" for one in stated]
    rows.append((w("results.fit"), [w(f"results.fit.{fit}") for fit in fits]))
    return rows


def _estimate(asked: Asked, privacy: dict[str, Any]) -> str:
    total = privacy["total"]
    return f"{asked.words.number(total['count'])} ± {asked.words.error(2 * total['standard_error'])}"


def _error(asked: Asked, privacy: dict[str, Any], length: int) -> str:
    found = privacy["expected_standard_error"].get(str(length))
    return f"± {asked.words.error(found['median'])}" if found else asked.words("results.not_measured")


def _run(asked: Asked) -> Run | None:
    return next((run for run in asked.runs if run.number == asked.number), None)


def show_one(asked: Asked, problem: UserError | None = None) -> Response:
    """One run."""
    run = _run(asked)
    if run is None:
        return go(asked, "results/")
    done = run.state.state == "done"
    return page(
        asked,
        "results",
        "result.html.j2",
        heading=asked.words("results.number", number=run.number),
        problem=problem or (run.state.error if run.state.state == "failed" else None),
        status=status_of(problem) if problem else 200,
        refresh=run.state.running,
        run=run,
        newest=run is asked.runs[-1],
        tasks=_tasks(run),
        privacy=run.state.result.get("privacy"),
        counts=beside([counts_of(run.folder / PROTECTED)]) if done else [],
        files=files_of(run),
        packed=run.packed.stat().st_size if done else 0,
    )


def _tasks(run: Run) -> list[dict[str, str]]:
    """The tasks of a run, and which of them are finished."""
    finished = {TASKS.get(one, "") for one in run.state.progress.get("finished", [])}
    now = TASKS.get(run.state.progress.get("task", ""), "")
    states = [("finished" if one in finished else "now" if one == now else "later") for one in OF_A_RUN]
    return [{"id": one, "state": state} for one, state in zip(OF_A_RUN, states, strict=True)]


def files_of(run: Run) -> list[str]:
    """The files that are packed to be downloaded."""
    if run.release is None:
        return []
    _, manifest = read_manifest(run.release)
    return [MANIFEST, CERTIFICATE, *sorted(entry.path for entry in manifest.files)]


def cancel(asked: Asked) -> Response:
    """Stop a run."""
    run = _run(asked)
    if run is not None:
        jobs.cancel(run.folder)
    return go(asked, f"results/{asked.number}/")


def continue_run(asked: Asked) -> Response:
    """Do the rest of a run that was stopped; if that is charged again, only when it is said to be sure."""
    run = _run(asked)
    if run is None or not run.can_go_on:
        return go(asked, f"results/{asked.number}/")
    again = run.charge.count and not run.charge.kept
    if again and not asked.value("sure"):
        return show_one(asked, UserError("workbench.unsure", "The charge was not confirmed."))
    try:
        with asked.bench.taking(_left_to_do(run)):
            go_on(asked.project, run)
    except UserError as error:
        return show_one(asked, error)
    return go(asked, f"results/{asked.number}/")


def _left_to_do(run: Run) -> int:
    """Bytes over which the rest of a run goes."""
    table = run.folder / PRIVATE / TABLE
    return PAGES_BYTES + (table.stat().st_size if table.is_file() else 0)


def explore(asked: Asked) -> Response:
    """Lead to the site of the run's release, which is opened if it was not yet."""
    run = _run(asked)
    if run is None or run.release is None:
        return go(asked, "results/")
    address = asked.bench.explorers.address(run.pages)
    return RedirectResponse(f"{address}{asked.language}/", 303)


def download(asked: Asked) -> Response:
    """The packed release."""
    run = _run(asked)
    if run is None or run.release is None:
        return go(asked, "results/")
    return FileResponse(run.packed, media_type="application/zip", filename=f"{run.release.name}.zip")
