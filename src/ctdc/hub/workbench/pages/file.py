"""The file: given, read, read in another way, forgotten.

Promise: a file takes the place of another one only when it has come whole, and two that come at once never mix.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.responses import Response

from ctdc.foundation.errors import Refused, UserError
from ctdc.hub.workbench import jobs
from ctdc.hub.workbench.frame import Asked, go, page, status_of
from ctdc.hub.workbench.project import Project, read_json, write_json
from ctdc.hub.workbench.reading import GIVEN, ORIGINAL
from ctdc.hub.workbench.runs import RAW, forget_raw
from ctdc.hub.workbench.upload import INCOMING, Upload, format_of

DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ENCODINGS = (
    ("utf-8", "utf8"),
    ("cp1252", "western"),
    ("cp1250", "central"),
    ("cp1251", "cyrillic"),
    ("cp1256", "arabic"),
    ("utf-16", "utf16"),
)


def show(asked: Asked, problem: UserError | None = None) -> Response:
    """The page."""
    state = asked.reading
    result = state.result
    return page(
        asked,
        "file",
        "file.html.j2",
        problem=problem or (state.error if state.state == "failed" else None),
        status=status_of(problem) if problem else 200,
        refresh=state.running,
        state=state,
        given=read_json(asked.project.input / GIVEN),
        read=result if "rows" in result else None,
        sheets=result.get("sheets") or [],
        wanted={"encoding": state.asked.get("encoding", ""), "delimiter": state.asked.get("delimiter", "")},
        encodings=ENCODINGS,
        delimiter_names=DELIMITER_NAMES,
        charged=any(run.charge.count for run in asked.runs),
        most=asked.bench.most,
    )


def incoming(project: Project) -> Path:
    """Where a file is written while it comes: another place for each."""
    project.input.mkdir(mode=0o700, exist_ok=True)
    return project.input / INCOMING.replace("*", secrets.token_hex(8))


def received(asked: Asked, upload: Upload, part: Path) -> Response:
    """A file has come at `part`: it takes the place of the one before, and is read."""
    try:
        asked.bench.check_name(upload.name)
        form = format_of(upload.name)
        with RAW:
            _require_idle(asked)
            _replace(asked, upload, part, form)
    except UserError as error:
        return show(asked, error)
    finally:
        part.unlink(missing_ok=True)
    return go(asked, "file/")


def _replace(asked: Asked, upload: Upload, part: Path, form: str) -> None:
    folder = asked.project.input
    if not part.exists():  # the raw data were removed while it came
        raise UserError("workbench.form", "The file did not come whole.", do="Give it again.")
    for old in folder.glob(f"{ORIGINAL}.*"):
        old.unlink()
    part.replace(folder / f"{ORIGINAL}.{form}")
    write_json(folder / GIVEN, {"name": upload.name, "bytes": upload.bytes, "format": form})
    _read(asked, {"format": form})


def read_again(asked: Asked) -> Response:
    """Read the file in another way."""
    given = read_json(asked.project.input / GIVEN)
    if given is None:
        return go(asked, "file/")
    marks = {name: mark for mark, name in DELIMITER_NAMES.items()}
    encoding = asked.value("encoding")
    wanted = {
        "format": given["format"],
        "sheet": asked.value("sheet"),
        "encoding": encoding if encoding in dict(ENCODINGS) else "",
        "delimiter": marks.get(asked.value("delimiter"), ""),
    }
    try:
        with RAW:
            _require_idle(asked)
            _read(asked, wanted)
    except Refused as error:
        return show(asked, error)
    return go(asked, "file/")


def _read(asked: Asked, wanted: Mapping[str, Any]) -> None:
    jobs.start(asked.project.input, "read", asked.project.folder, wanted)


def _require_idle(asked: Asked) -> None:
    if any(jobs.state_of(folder).running for folder in (asked.project.input, asked.project.risk)):
        raise Refused("workbench.busy", "The file before is still being read.", do="Wait until it has ended.")


def cancel(asked: Asked) -> Response:
    """Stop reading."""
    jobs.cancel(asked.project.input)
    return go(asked, "file/")


def forget(asked: Asked) -> Response:
    """Remove the raw file, once it is said to be sure."""
    if asked.value("sure"):
        try:
            forget_raw(asked.project)
        except Refused as error:
            return show(asked, error)
    return go(asked, "")
