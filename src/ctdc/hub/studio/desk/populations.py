"""Which populations are known here, and whether a name means one of them.

Promise: a name that is known is taken; one that differs from a known one only as a slip of typing does is refused; any
other is taken only when somebody said that it is new, and that they did stands in the log. A ledger that cannot be read
refuses them all. Two names for the same people would be two budgets: these people would lose more than either allows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError

from ctdc.foundation.hashing import hash_value
from ctdc.hub.studio.desk import plans
from ctdc.hub.studio.desk.models import ReleasePlan
from ctdc.hub.studio.desk.states import State
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.web.texts import text
from ctdc.privacy import budgets, ledger

BEGUN = "population.begun"
FIELD, NEW = "population", "new_population"  # of forms


def known(but: ReleasePlan | None = None) -> tuple[str, ...]:
    """The populations of the ledger and of all releases that were not given up. but: a release that does not count.

    Raises UserError (``ledger.broken``).
    """
    lines = ledger.read(plans.place().ledger)
    planned = ReleasePlan.objects.exclude(state=State.GIVEN_UP)
    if but is not None:
        planned = planned.exclude(pk=but.pk)
    return tuple(sorted({*budgets.populations(lines), *planned.values_list("population", flat=True)}))


def likeness(name: str) -> str:
    """What is left of a name without capitals, accents, spaces, hyphens and other signs; all of it if nothing is."""
    spelled = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    kinds = ((one, unicodedata.category(one)) for one in spelled)
    return "".join(one for one, kind in kinds if kind[0] in "LN" and kind != "Lm") or name


def twin(name: str, among: Iterable[str]) -> tuple[str, str] | None:
    """What looks like a slip of typing, and the known population that is meant; None for a name that is known or new.

    A name is also one of everything that it is a part of: ``Global/2026`` where ``global`` is known.
    """
    whole_ones = _wholes(among)
    likes = {likeness(one): one for one in sorted(whole_ones, reverse=True)}
    for whole in budgets.wholes(name):
        if whole not in whole_ones and likeness(whole) in likes:
            return whole, likes[likeness(whole)]
    return None


def _wholes(names: Iterable[str]) -> set[str]:
    return {whole for one in names for whole in budgets.wholes(one)}


def check(name: str, among: Iterable[str], said_new: bool) -> bool:
    """Whether a population is new. among: the known ones; said_new: somebody says that nobody in it is in another one.

    Raises ValidationError for a slip of typing, and for a new one of which nobody said that it is.
    """
    among = tuple(among)
    slip = twin(name, among)
    if slip:
        raise ValidationError({FIELD: text("desk.error.population.slip", given=slip[0], known=slip[1])})
    is_new = name not in _wholes(among)
    if is_new and not said_new:
        listed = ", ".join(among) or "–"
        raise ValidationError({NEW: text("desk.error.population.new", given=name, listed=listed)})
    return is_new


def mark(name: str) -> str:
    """What stands for a population in the log, which holds no words that somebody wrote."""
    return hash_value([FIELD, name])


def is_begun(release: ReleasePlan) -> bool:
    """Whether it was said of this release that its population, as it is named now, is a new one."""
    said = Event.objects.filter(kind=BEGUN, about=release.log_name).values_list("details", flat=True)
    return any(details.get(FIELD) == mark(release.population) for details in said)
