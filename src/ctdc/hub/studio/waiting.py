"""What waits for somebody: how much of each kind of work only they, or people of their roles, can take on.

Promise: a thing is counted for whoever may do what it needs, and for nobody who had a hand in it where a second person
has to judge; nothing is counted that the person may not see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.urls import reverse
from wagtail.models import TaskState
from wagtail_localize.models import Translation

from ctdc.foundation.clock import now
from ctdc.hub.studio.agreements.models import Agreement
from ctdc.hub.studio.agreements.models import State as AgreementState
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.states import State as DeliveryState
from ctdc.hub.studio.desk import rules
from ctdc.hub.studio.desk.models import ReleasePlan
from ctdc.hub.studio.desk.states import State as ReleaseState
from ctdc.hub.studio.editors.permissions import may_approve
from ctdc.hub.studio.listening.inbox.reading import open_inbox
from ctdc.hub.studio.listening.inbox.states import State as MessageState
from ctdc.hub.studio.mappings.models import Line, LineState, MappingVersion
from ctdc.hub.studio.mappings.models import State as MappingState
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act

SOON = timedelta(days=90)


@dataclass(frozen=True)
class Waits:
    """Something that waits. words: key of a text of what it is; number: how many; address: where it is done."""

    words: str
    number: int
    address: str


@dataclass(frozen=True)
class _Kind:
    """words: key of its text; acts: whoever may one of them is asked; page: name of the address."""

    words: str
    acts: tuple[Act, ...]
    page: str
    count: Callable[[Person], int]


def waiting(person: Person) -> list[Waits]:
    """What waits for `person`, the most urgent first; empty when nothing does."""
    may = policy.acts_of(person)
    found = [Waits(one.words, one.count(person), reverse(one.page)) for one in _KINDS if may & set(one.acts)]
    return [one for one in found if one.number]


def _asking_for_help(person: Person) -> int:
    return _messages(MessageState.HELP)


def _unread(person: Person) -> int:
    return _messages(MessageState.NEW)


def _messages(state: MessageState) -> int:
    return len(open_inbox(lambda one: one is state).letters)


def _held_back(person: Person) -> int:
    return _deliveries(person, DeliveryState.HELD_BACK)


def _ready(person: Person) -> int:
    return _deliveries(person, DeliveryState.READY)


def _deliveries(person: Person, state: DeliveryState) -> int:
    found = Delivery.objects.filter(state=state)
    everywhere = policy.sees_all(person, Act.SEE_DELIVERIES)
    return (found if everywhere else found.filter(organisation_id=person.organisation_id)).count()


def _values(person: Person) -> int:
    open_lines = Line.objects.filter(version__state=MappingState.OPEN, state=LineState.PROPOSED)
    return open_lines.exclude(proposed_by=person).count()


def _mappings(person: Person) -> int:
    """Versions of which every value is decided, and of which nothing that counts is the person's own."""
    undecided, own = Q(lines__state=LineState.PROPOSED), Q(lines__state=LineState.APPROVED, lines__proposed_by=person)
    found = MappingVersion.objects.filter(state=MappingState.OPEN).exclude(proposed_by=person)
    for reason in (undecided, own):
        found = found.exclude(pk__in=MappingVersion.objects.filter(reason).values("pk"))
    return found.count()


def _votes(person: Person) -> int:
    """Releases in which the person had no hand, and on which they have not said what they think as they are now."""
    return sum(not _has_voted(person, one) for one in _releases(ReleaseState.IN_REVIEW) if not _had_a_hand(person, one))


def _had_a_hand(person: Person, release: ReleasePlan) -> bool:
    return release.hands.filter(pk=person.pk).exists()


def _has_voted(person: Person, release: ReleasePlan) -> bool:
    if not release.votes.filter(reviewer=person).exists():
        return False  # without reading all of the release
    return person.pk in {vote.reviewer_id for vote in rules.standing(release, rules.content_hash(release))}


def _publish(person: Person) -> int:
    return len(_releases(ReleaseState.APPROVED))


def _releases(state: ReleaseState) -> list[ReleasePlan]:
    return [one for one in ReleasePlan.objects.filter(state=state).select_related("job") if not one.is_busy]


def _moderation(person: Person) -> int:
    states = TaskState.objects.filter(status=TaskState.STATUS_IN_PROGRESS)
    return sum(may_approve(state, person) for state in states.select_related("workflow_state", "revision"))


def _translations(person: Person) -> int:
    progress = (one.get_progress() for one in Translation.objects.filter(enabled=True))
    return sum(done < all_of_it for all_of_it, done in progress)


def _agreements(person: Person) -> int:
    today = now().date()
    found = Agreement.objects.filter(
        state=AgreementState.IN_FORCE, valid_until__gte=today, valid_until__lte=today + SOON
    )
    everywhere = policy.sees_all(person, Act.SEE_AGREEMENTS)
    return (found if everywhere else found.filter(organisation_id=person.organisation_id)).count()


_KINDS: tuple[_Kind, ...] = (
    _Kind("web.waiting.help", (Act.ANSWER_FEEDBACK,), "listening:inbox", _asking_for_help),
    _Kind("web.waiting.held_back", (Act.CHECK_DELIVERIES, Act.DELIVER), "deliveries:list", _held_back),
    _Kind("web.waiting.values", (Act.APPROVE_MAPPINGS,), "mappings:list", _values),
    _Kind("web.waiting.mappings", (Act.APPROVE_MAPPINGS,), "mappings:list", _mappings),
    _Kind("web.waiting.ready", (Act.CHECK_DELIVERIES,), "deliveries:list", _ready),
    _Kind("web.waiting.votes", (Act.REVIEW_RELEASES,), "desk:list", _votes),
    _Kind("web.waiting.publish", (Act.PUBLISH_RELEASES,), "desk:list", _publish),
    _Kind("web.waiting.moderation", (Act.PUBLISH_STORIES,), "wagtailadmin_home", _moderation),
    _Kind("web.waiting.translations", (Act.TRANSLATE_STORIES,), "wagtailadmin_home", _translations),
    _Kind("web.waiting.messages", (Act.ANSWER_FEEDBACK,), "listening:inbox", _unread),
    _Kind("web.waiting.agreements", (Act.CHANGE_AGREEMENTS, Act.DELIVER), "agreements:list", _agreements),
)
