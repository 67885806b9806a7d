"""When an organisation is due."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from ctdc.hub.studio.listening.models import UpdatePlan
from ctdc.hub.studio.people.models import Organisation

SOON = timedelta(days=30)


class Standing(StrEnum):
    """How an organisation stands to its next delivery, most urgent first."""

    OVERDUE = "overdue"
    SOON = "soon"
    LATER = "later"
    UNPLANNED = "unplanned"


@dataclass(frozen=True)
class Line:
    """An organisation in the calendar."""

    organisation: Organisation
    plan: UpdatePlan | None
    standing: Standing


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def standing(plan: UpdatePlan | None, today: date) -> Standing:
    """How things stand on `today`."""
    if plan is None:
        return Standing.UNPLANNED
    if plan.due < today:
        return Standing.OVERDUE
    return Standing.SOON if plan.due <= today + SOON else Standing.LATER


def lines(organisations: list[Organisation], today: date) -> list[Line]:
    """The calendar of these organisations, most urgent first."""
    plans = {plan.organisation_id: plan for plan in UpdatePlan.objects.filter(organisation__in=organisations)}
    found = [Line(one, plans.get(one.pk), standing(plans.get(one.pk), today)) for one in organisations]
    order = list(Standing)
    return sorted(found, key=lambda line: (order.index(line.standing), line.plan.due if line.plan else today))
