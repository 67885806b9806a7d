"""What may be done because of an agreement: one rule, two doors.

Promise: without an agreement that is in force on the day, allows the purpose and covers the population, the answer is
no; so it is for a purpose or a state that this program does not know. `check_agreement` raises a sentence that says
what is missing and until when there was something, `covers` answers the same for templates.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date

from ctdc.foundation.errors import Refused
from ctdc.hub.studio.agreements.models import Agreement, Purpose, State
from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.web.formats import day as day_text
from ctdc.hub.studio.web.texts import text

__all__ = ["Purpose", "check_agreement", "covers", "kept_until"]


def check_agreement(organisation: Organisation, purpose: Purpose, day: date, population: str = "") -> Agreement:
    """The agreement under which `purpose` is allowed to the hub, or to the organisation, on a day (UTC).

    population: id of a release profile; empty when all that is delivered is meant, or none. Raises Refused
    (``agreement.none``, ``agreement.not_yet``, ``agreement.over``, ``agreement.purpose``, ``agreement.population``).
    """
    found = list(Agreement.objects.filter(organisation=organisation, state=State.IN_FORCE))
    valid = [one for one in found if one.valid_from <= day <= one.valid_until]
    if not valid:
        raise _no_valid(organisation, found, day)
    allowing = [one for one in valid if Purpose(purpose).value in one.purposes]
    if not allowing:
        raise _refused("purpose", organisation, valid, purpose=text(f"agreements.purpose_of.{Purpose(purpose)}"))
    covering = [one for one in allowing if not population or not one.populations or population in one.populations]
    if not covering:
        raise _refused("population", organisation, allowing, population=population)
    return max(covering, key=lambda one: (one.valid_until, one.pk))


def covers(organisation: Organisation, purpose: Purpose, day: date, population: str = "") -> bool:
    """Whether `check_agreement` finds one."""
    try:
        check_agreement(organisation, purpose, day, population)
    except Refused:
        return False
    return True


def kept_until(agreement: Agreement, stored: date) -> date:
    """The last day on which what is stored on a day may be kept: so many months later, at most the month's last day."""
    months = stored.month - 1 + agreement.retention_months
    year, month = stored.year + months // 12, months % 12 + 1
    return date(year, month, min(stored.day, monthrange(year, month)[1]))


def _no_valid(organisation: Organisation, found: Iterable[Agreement], day: date) -> Refused:
    """Nothing is valid on the day: the nearest one that was, else the next one that will be, says when."""
    past = [one for one in found if one.valid_until < day]
    coming = [one for one in found if one.valid_from > day]
    if coming:
        return _refused("not_yet", organisation, coming, day=day_text(min(one.valid_from for one in coming)))
    if past:
        return _refused("over", organisation, past, day=day_text(max(one.valid_until for one in past)))
    return _refused("none", organisation, ())


def _refused(kind: str, organisation: Organisation, found: Iterable[Agreement], **values: str) -> Refused:
    named = ", ".join(sorted(f"{one.title} ({one.version})" for one in found))
    what = text(f"agreements.refused.{kind}", organisation=organisation.name, **values)
    return Refused(f"agreement.{kind}", what, where=named, do=text("agreements.refused.do"))
