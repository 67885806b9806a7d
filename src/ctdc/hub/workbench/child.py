"""The child process of one job: ``python -m ctdc.hub.workbench.child FOLDER``.

Promise: how it ended is in its folder before it ends. Of a fault of ours the file holds the kind and the places in our
code, and never the message, which could quote a value. In a project that does not last it ends with the workbench.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.foundation.parents import end_with
from ctdc.hub.workbench.jobs import ERROR, JOB, RESULT, FileProgress, stopped
from ctdc.hub.workbench.project import Project, project_at, read_json, write_json

Task = Callable[[Project, Path, Mapping[str, Any], FileProgress], Mapping[str, Any]]
# Kind of a job -> the module whose `work` does it, imported when it is needed.
TASKS = {
    "read": "ctdc.hub.workbench.reading",
    "risk": "ctdc.hub.workbench.risk",
    "run": "ctdc.hub.workbench.running",
}
FAULT = "fault"


def main(folder: Path) -> int:
    """Do the job in `folder`. Returns the exit code."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, stopped)
    job = read_json(folder / JOB)
    try:
        project = project_at(Path(job["project"]))
        if not project.lasts:
            end_with(job["parent"], lambda: os._exit(1))  # nobody is left who would remove what is written here
        work: Task = import_module(TASKS[job["kind"]]).work
        result = work(project, folder, job["asked"], FileProgress(folder))
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is done: a signal from now on comes too late
    except UserError as error:
        return _ended(folder, error.detail.as_dict())
    except OSError as error:
        return _ended(folder, {"code": "system", "what": error.strerror or "", "where": str(error.filename or "")})
    except MemoryError:
        return _ended(folder, {"code": "workbench.memory", "what": "The machine has too little memory for this."})
    except Exception as error:  # the process ends here: whoever waits has to hear of it
        return _ended(folder, fault_of(error))
    write_json(folder / RESULT, dict(result))
    return 0


def fault_of(error: Exception) -> dict[str, str]:
    """A fault of ours: its kind and the places in our code, without its message."""
    places = [f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in traceback.extract_tb(error.__traceback__)]
    return {"code": FAULT, "what": type(error).__name__, "where": " > ".join(places[-6:])}


def _ended(folder: Path, error: Mapping[str, Any]) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    write_json(folder / ERROR, dict(error))
    return 1


if __name__ == "__main__":
    # At once: taking libraries down can take a second, in which the lock would say that it still works.
    os._exit(main(Path(sys.argv[1])))
