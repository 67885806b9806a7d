"""The form that begins a survey."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django import forms

from ctdc.foundation.clock import now
from ctdc.hub.feedback.survey import MOST_WORDS, Question
from ctdc.hub.studio.listening.inbox.forms import words_field
from ctdc.hub.studio.listening.surveys import bank
from ctdc.hub.studio.web.texts import lazy_text, text
from ctdc.standard.languages import AUTONYMS, LANGUAGES

OWN = (1, 2)
USUAL = timedelta(days=30)


def day_field(key: str, **more: Any) -> forms.DateField:
    """A day."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=lazy_text(key), widget=widget, **more)


class SurveyForm(forms.Form):
    """When readers are asked, questions that are ready, and at most two of one's own."""

    opens = day_field("listening.survey.opens")
    closes = day_field("listening.survey.closes")
    ready = forms.MultipleChoiceField(
        required=False,
        label=lazy_text("listening.survey.ready"),
        choices=[(name, lazy_text(f"listening.survey.ready.{name}")) for name in bank.READY],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        today = now().date()
        usual = {"opens": today, "closes": today + USUAL, "ready": list(bank.READY)[:3]}
        super().__init__(*args, **{"initial": usual, **kwargs})
        scales = [(name, lazy_text(f"listening.survey.scale.{name}")) for name in bank.OWN_SCALES]
        for number in OWN:
            for language in LANGUAGES:
                self.fields[f"own_{number}_{language}"] = words_field(AUTONYMS[language], language, 2, MOST_WORDS)
            self.fields[f"scale_{number}"] = forms.ChoiceField(
                label=lazy_text("listening.survey.scale"), choices=scales
            )

    def basics(self) -> list[forms.BoundField]:
        """The fields before one's own questions."""
        return [self[name] for name in ("opens", "closes", "ready")]

    def own_questions(self) -> Iterator[tuple[int, list[forms.BoundField]]]:
        """The fields of each question of one's own."""
        for number in OWN:
            yield number, [*(self[f"own_{number}_{code}"] for code in LANGUAGES), self[f"scale_{number}"]]

    def clean(self) -> None:
        """Raise ValidationError for a question that is not in every language, and for none at all."""
        super().clean()
        for number in OWN:
            words = self._words(number)
            for code in LANGUAGES:
                if any(words.values()) and not words[code]:
                    self.add_error(f"own_{number}_{code}", text("listening.error.every_language"))
        if not self.errors and not self.questions:
            self.add_error("ready", text("listening.error.no_question"))

    def _words(self, number: int) -> dict[str, str]:
        return {code: self.cleaned_data.get(f"own_{number}_{code}", "") for code in LANGUAGES}

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is asked."""
        chosen = [bank.ready(name) for name in bank.READY if name in self.cleaned_data.get("ready", ())]
        for number in OWN:
            words = self._words(number)
            if all(words.values()):
                chosen.append(bank.own(f"own-{number}", words, self.cleaned_data[f"scale_{number}"]))
        return tuple(chosen)
