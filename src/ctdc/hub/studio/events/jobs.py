"""The long work about the log: is every line as it was written?"""

from __future__ import annotations

from ctdc.foundation.progress import Progress
from ctdc.hub.studio.events.record import verify
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.jobs.work import kind

VERIFY = "events.verify"


@kind(VERIFY)
def verify_events(job: Job, progress: Progress) -> None:
    """Check the chain of lines. Raises UserError (``studio.events``) naming the first bad one."""
    progress.start("")
    verify()
    progress.finish()
