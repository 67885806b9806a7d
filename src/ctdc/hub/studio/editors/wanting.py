"""What follows from a publication: one build of the site, and translators who see what is new.

Promise: several publications in a row make one build, and the build sees all of them.
"""

from __future__ import annotations

from django.db import transaction
from wagtail_localize.models import TranslationSource

from ctdc.hub.studio.editors import acts
from ctdc.hub.studio.editors.models import Written
from ctdc.hub.studio.jobs.models import Job, State
from ctdc.hub.studio.people.models import Person


def want(kind: str, by: Person | None) -> None:
    """Ask for a job of this kind, unless one waits that has not begun."""
    with transaction.atomic():
        # Held until this transaction has ended: a worker that takes it then sees what was published in it.
        waiting = Job.objects.select_for_update().filter(kind=kind, state=State.WAITING).first()
        if waiting is not None:
            return
        if by is not None and kind == acts.PUBLISH:
            acts.ask_publication(by)
        else:
            acts.ask_by_itself(kind)


def tell_translators(page: Written) -> None:
    """Have the translations of a page show what its new version says, as words that wait."""
    source = TranslationSource.objects.get_for_instance_or_none(page)
    if source is not None:
        source.update_from_db()
