"""What readers chose, as it may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from ctdc.hub.feedback.survey import Question, read_totals, survey_from_dict
from ctdc.hub.studio.listening.models import SurveyRound
from ctdc.hub.studio.listening.withheld import rounded, shown


@dataclass(frozen=True)
class Result:
    """A question with its answers' numbers; None for what is too few to be shown."""

    question: Question
    counts: Mapping[str, int | None]

    @property
    def largest(self) -> int:
        """What the longest bar stands for."""
        return max((number or 0 for number in self.counts.values()), default=0)


def results(found: SurveyRound) -> tuple[int | None, list[Result]]:
    """How many took part, to the nearest five, and each question. Raises UserError (``survey.totals``)."""
    survey = survey_from_dict(found.asked)
    totals = read_totals(settings.STUDIO.feedback, survey)
    return rounded(totals.people), [Result(one, shown(totals.counts[one.id])) for one in survey.questions]
