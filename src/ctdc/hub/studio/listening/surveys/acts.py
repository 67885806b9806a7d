"""Beginning and ending a survey of readers.

Promise: one survey is asked at a time; what it asked and its totals stay.
"""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.core.exceptions import ValidationError

from ctdc.foundation.clock import now
from ctdc.hub.feedback.survey import Question, Survey, write_survey, written
from ctdc.hub.studio.events.record import hold_end, performs, record
from ctdc.hub.studio.listening.models import SurveyRound
from ctdc.hub.studio.listening.surveys import bank
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text


def open_round(day: date) -> SurveyRound | None:
    """The survey that is asked on `day`, or will be."""
    return SurveyRound.objects.filter(closes__gte=day, ended=None).first()


@performs("survey.begun")
def begin(by: Person, opens: date, closes: date, questions: tuple[Question, ...]) -> SurveyRound:
    """Ask readers from the day `opens` to the day `closes`. Raises ValidationError for days that cannot be, and while
    another survey is asked; UserError (``survey.file``) for questions that not every reader can read.
    """
    policy.check(by, Act.ANSWER_FEEDBACK)
    today = now().date()
    if opens < today or closes < opens:
        raise ValidationError(text("listening.error.days"))
    hold_end()  # of two who begin at once, the second sees what the first began
    if open_round(today):
        raise ValidationError(text("listening.error.asked_already"))
    survey = Survey(_name(opens), opens.isoformat(), closes.isoformat(), questions, bank.more())
    found = SurveyRound.objects.create(name=survey.id, opens=opens, closes=closes, asked=survey.as_dict(), by=by)
    record("survey.begun", by, about=f"survey:{found.pk}", survey=survey.id, questions=len(questions))
    write_survey(settings.STUDIO.feedback, survey)
    return found


def _name(opens: date) -> str:
    """The first day, with a number behind it when another survey began on it and was ended."""
    number = SurveyRound.objects.filter(name__startswith=opens.isoformat()).count()
    return f"{opens.isoformat()}-{number + 1}" if number else opens.isoformat()


@performs("survey.ended")
def end(by: Person, found: SurveyRound) -> None:
    """Ask no longer, before its last day. Raises ValidationError for one that is over."""
    policy.check(by, Act.ANSWER_FEEDBACK)
    found = SurveyRound.objects.select_for_update().get(pk=found.pk)
    if found.ended or found.closes < now().date():
        raise ValidationError(text("listening.error.over"))
    found.ended = now().date()
    found.save()
    record("survey.ended", by, about=f"survey:{found.pk}", survey=found.name)
    written(settings.STUDIO.feedback).unlink(missing_ok=True)
