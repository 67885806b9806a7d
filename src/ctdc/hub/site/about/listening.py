"""The pages on which readers speak and are answered: the feedback form, and "you said, we did".

Promise: the form's page stands in every site. Where no service takes messages it says so and names whom to write to;
where one does, the service puts the form in the place that `FORM_START` and `FORM_END` mark, and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ctdc.hub.site.about.answers import Answer, read_answers
from ctdc.hub.site.about.help import helpline_context
from ctdc.hub.site.about.place import about_content, about_text
from ctdc.hub.site.frame import Entry, SiteFile, SitePage
from ctdc.hub.site.view import SiteRelease
from ctdc.release.numbers import date
from ctdc.standard.languages import direction

FEEDBACK_PATH = "feedback/"
FORM_START, FORM_END = "<!--feedback-->", "<!--/feedback-->"


class FeedbackPage:
    """The section with the page of the form."""

    id = "feedback"
    shows_earlier = False

    def __init__(self, view: SiteRelease) -> None:
        self._view = view
        self.content = about_content(view)

    def entries(self, language: str) -> Sequence[Entry]:
        """The page."""
        return [Entry("about", "feedback", FEEDBACK_PATH, about_text(language)("feedback.nav"))]

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """The page, without a form."""
        a = about_text(language)
        contact = self._view.manifest.info.contact
        context = {
            "heading": a("feedback.title"),
            "description": a("feedback.lead"),
            "off_contact": a("feedback.off.contact", contact=contact) if contact else a("feedback.off.none"),
            **helpline_context(self.content, language),
        }
        yield SitePage("feedback", FEEDBACK_PATH, "feedback.html.j2", context)


class AnswersPage:
    """The section with the page "you said, we did"; its content is the file of answers that the site was given."""

    id = "answers"
    shows_earlier = False

    def __init__(self, view: SiteRelease) -> None:
        self.content = view.answers

    def entries(self, language: str) -> Sequence[Entry]:
        """The page."""
        return [Entry("about", "answers", "answers/", about_text(language)("answers.nav"))]

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """The page."""
        a = about_text(language)
        answers = () if self.content is None else read_answers(self.content)
        context = {
            "heading": a("answers.title"),
            "description": a("answers.lead"),
            "answers": [_shown(answer, language) for answer in answers],
            "a": a,
        }
        yield SitePage("answers", "answers/", "answers.html.j2", context)


def _shown(answer: Answer, language: str) -> dict[str, Any]:
    own = answer.language(language)
    return {
        "day": date(language, datetime.fromisoformat(answer.day)),
        "language": own,
        "direction": direction(own),
        "said": answer.you_said[own],
        "did": answer.we_did[own],
    }
