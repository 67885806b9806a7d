"""Everything that is done with readers' messages and the answers to them.

Promise: the log tells which message by its random id and never what it says; a message in which somebody asks for help
is not answered in public; when it is answered or set aside, its contact is gone. Files are changed last, and what they
become is read while the end of the log is held, so that of two people who act at once one comes after the other.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.core.exceptions import ValidationError

from ctdc.foundation.clock import now
from ctdc.hub.site.about.answers import Answer, add_answer, write_answers
from ctdc.hub.studio.events.record import hold_end, performs, record
from ctdc.hub.studio.listening.inbox.after import after_answer
from ctdc.hub.studio.listening.inbox.published import key_of, open_published
from ctdc.hub.studio.listening.inbox.reading import open_letter, open_queue
from ctdc.hub.studio.listening.inbox.states import NEXT, Reason, State, reasons
from ctdc.hub.studio.listening.models import Handled
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text

Words = Mapping[str, str]


def _move(by: Person, identifier: str, state: State, reason: str = "") -> None:
    """Put a message into a state. Raises ValidationError for one that cannot come next, Http404 for no message."""
    letter = open_letter(identifier)
    row, _ = Handled.objects.select_for_update().get_or_create(message=identifier)
    before = State.ANSWERED if letter.message.answered else State(row.state)
    if state not in NEXT[before]:
        raise ValidationError(text(f"listening.error.after.{before}"))
    row.state, row.reason, row.by, row.since = state, reason, by, now()
    row.save()


@performs("feedback.taken")
def take(by: Person, identifier: str) -> None:
    """Take a message in hand. Raises ValidationError when somebody else has it."""
    policy.check(by, Act.ANSWER_FEEDBACK)
    _move(by, identifier, State.IN_HAND)
    record("feedback.taken", by, about=f"message:{identifier}")


@performs("feedback.put_back")
def put_back(by: Person, identifier: str) -> None:
    """Make a message new again, for whoever comes next."""
    policy.check(by, Act.ANSWER_FEEDBACK)
    _move(by, identifier, State.NEW)
    record("feedback.put_back", by, about=f"message:{identifier}")


@performs("feedback.asks_for_help")
def mark_help(by: Person, identifier: str) -> None:
    """Say that somebody asks for help: the message comes first, and is not answered in public."""
    policy.check(by, Act.ANSWER_FEEDBACK)
    _move(by, identifier, State.HELP)
    record("feedback.asks_for_help", by, about=f"message:{identifier}")


@performs("feedback.set_aside")
def set_aside(by: Person, identifier: str, reason: Reason) -> None:
    """Close a message without a public answer. Its contact is removed. Raises ValidationError for another reason."""
    policy.check(by, Act.ANSWER_FEEDBACK)
    if reason not in reasons(open_letter(identifier).state):
        raise ValidationError(text("listening.error.reason"))
    _move(by, identifier, State.SET_ASIDE, reason)
    record("feedback.set_aside", by, about=f"message:{identifier}", reason=reason)
    open_queue().forget_contact(identifier)


@performs("feedback.removed")
def remove(by: Person, identifier: str) -> None:
    """Take a message away for good: it tells of a case or a person."""
    policy.check(by, Act.ANSWER_FEEDBACK)
    open_letter(identifier)
    Handled.objects.filter(pk=identifier).delete()
    record("feedback.removed", by, about=f"message:{identifier}")
    open_queue().remove(identifier)


@performs("feedback.answered")
def answer(by: Person, identifier: str, said: Words, did: Words) -> None:
    """Answer a message in public: language to text, the same languages in both. Its contact is removed.

    Raises ValidationError for a message that cannot be answered, UserError (``answers.file``) for a damaged file.
    """
    policy.check(by, Act.ANSWER_FEEDBACK)
    entry = Answer(now().date().isoformat(), dict(said), dict(did))
    _move(by, identifier, State.ANSWERED)
    about = f"message:{identifier}"
    record("feedback.answered", by, about=about, entry=key_of(entry), languages=sorted(said))
    after_answer(by)
    _add(entry)
    # Last: were it the other way round and cut off, a message would count as answered and was not.
    open_queue().mark_answered(identifier, entry.day)


@performs("answer.published")
def publish(by: Person, said: Words, did: Words) -> None:
    """Say in public what was said and done, without one message behind it. Raises UserError (``answers.file``)."""
    policy.check(by, Act.ANSWER_FEEDBACK)
    entry = Answer(now().date().isoformat(), dict(said), dict(did))
    about = f"answer:{key_of(entry)}"
    record("answer.published", by, about=about, entry=key_of(entry), languages=sorted(said))
    after_answer(by)
    _add(entry)


def _add(entry: Answer) -> None:
    """Once, when an act that was cut off after the file was written is done again."""
    if key_of(entry) not in open_published():
        add_answer(settings.STUDIO.answers, entry)


@performs("answer.changed")
def change(by: Person, key: str, said: Words, did: Words) -> None:
    """Say it in other words or more languages; its day stays. Raises ValidationError for one that is not there."""
    policy.check(by, Act.ANSWER_FEEDBACK)
    hold_end()
    entries = _with(key)
    fresh = Answer(entries[key].day, dict(said), dict(did))
    languages = sorted(said)
    record("answer.changed", by, about=f"answer:{key}", entry=key, became=key_of(fresh), languages=languages)
    after_answer(by)
    write_answers(settings.STUDIO.answers, [fresh if name == key else one for name, one in entries.items()])


@performs("answer.withdrawn")
def withdraw(by: Person, key: str) -> None:
    """Take an answer out of the public file. Raises ValidationError for one that is not there."""
    policy.check(by, Act.ANSWER_FEEDBACK)
    hold_end()
    entries = _with(key)
    record("answer.withdrawn", by, about=f"answer:{key}", entry=key)
    after_answer(by)
    write_answers(settings.STUDIO.answers, [one for name, one in entries.items() if name != key])


def _with(key: str) -> dict[str, Answer]:
    entries = open_published()
    if key not in entries:
        raise ValidationError(text("listening.error.entry"))
    return entries
