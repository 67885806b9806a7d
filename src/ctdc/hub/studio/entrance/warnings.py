"""When a person has to be told that somebody knows their password: wrong codes after the right one."""

from __future__ import annotations

from django.core.cache import cache

from ctdc.foundation.clock import now
from ctdc.hub.studio.people.models import Person

WRONG_CODES = 3  # within an hour
HOUR, DAY = 3600, 86_400  # seconds


def is_due(person: Person) -> bool:
    """Count one more wrong code of `person`; whether it is the one to be told of. Once a day at most."""
    key = f"studio:wrong-codes:{person.pk}"
    moment = now().timestamp()
    began, count = cache.get(key) or (moment, 0)
    if moment - began >= HOUR:
        began, count = moment, 0
    cache.set(key, (began, count + 1), HOUR)
    return bool(count + 1 >= WRONG_CODES and cache.add(f"studio:warned:{person.pk}", True, DAY))
