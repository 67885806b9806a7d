"""Looking again every quarter of an hour, without a line in the log for each look.

Promise: what is changed here is nobody's act: the job that looks waits again, and a row says until when a part was seen
as it is. A part that is found otherwise is an act of its own, with its event.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from ctdc.foundation.clock import now
from ctdc.hub.studio.jobs.models import ENDED, Job, State
from ctdc.hub.studio.jobs.schedule import every
from ctdc.hub.studio.listening.models import Health
from ctdc.hub.studio.listening.monitoring.acts import LOOK, ask_first_look, check_waiting, note_change
from ctdc.hub.studio.listening.monitoring.health import Finding

EVERY = timedelta(minutes=15)


def keep(finding: Finding) -> None:
    """Note a finding: the row goes on while a part stays the same, and another one begins when it changes."""
    last = Health.objects.filter(part=finding.part).first()
    if last is None or last.state != finding.state:
        note_change(finding)
        return
    Health.objects.filter(pk=last.pk).update(numbers=dict(finding.numbers), last=now(), looks=F("looks") + 1)


@every(60)
def look_again() -> None:
    """Let the job wait again when its last end is a quarter of an hour ago; ask for the first one."""
    if check_waiting():
        return
    own = Job.objects.filter(kind=LOOK, by=None).first()
    latest = Job.objects.filter(kind=LOOK, ended__isnull=False).order_by("-ended").first()
    if own is None:
        ask_first_look()
    elif latest is None or latest.ended is None or latest.ended + EVERY <= now():
        fresh = {"state": State.WAITING, "began": None, "ended": None, "attempts": 0, "stop": False, "problem": None}
        Job.objects.filter(pk=own.pk, state__in=ENDED).update(**fresh, asked=now(), done=0, total=None)
