"""The long work about the log: is every line as it was written?"""

from __future__ import annotations

from ctdc.foundation.progress import Progress
from ctdc.hub.studio.events.record import verify
from ctdc.hub.studio.jobs.models import Job, State
from ctdc.hub.studio.jobs.work import kind
from ctdc.hub.studio.web.formats import whole
from ctdc.hub.studio.web.texts import text

VERIFY = "events.verify"
BROKEN = "studio.events"  # code of what `verify` raises


def found(job: Job) -> list[str]:
    """Whether the log is whole, of how many lines; or which line is wrong, and what to do."""
    if job.state == State.DONE and job.done:
        return [text("events.verified", number=whole(job.done))]
    if job.problem and job.problem["code"] == BROKEN:
        line = int(job.problem["where"].rpartition(" ")[2])
        return [text("events.broken", line=whole(line)), text("events.broken.do")]
    return []


@kind(VERIFY, found=found)
def verify_events(job: Job, progress: Progress) -> None:
    """Check the chain of lines. Raises UserError (``studio.events``) naming the first bad one."""
    progress.start("")
    progress.start("", verify())  # the number of lines is what the job's page says
    progress.finish()
