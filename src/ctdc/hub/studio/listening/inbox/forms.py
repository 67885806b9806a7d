"""Forms of messages and answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms

from ctdc.hub.site.about.answers import Answer
from ctdc.hub.studio.listening.inbox.states import Reason, State, reasons
from ctdc.hub.studio.web.texts import lazy_text, text
from ctdc.standard.languages import AUTONYMS, LANGUAGES, direction

MOST = 1000  # characters of a text that is shown in public
PARTS = ("said", "did")


def words_field(label: Any, language: str, rows: int = 3, most: int = MOST) -> forms.CharField:
    """A text in one language, written in its direction."""
    attributes = {"rows": rows, "lang": language, "dir": direction(language)}
    return forms.CharField(label=label, required=False, max_length=most, widget=forms.Textarea(attrs=attributes))


class AnswerForm(forms.Form):
    """What was said and what was done, in at least one language; missing ones have to be left out knowingly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language in LANGUAGES:
            for part in PARTS:
                self.fields[f"{part}_{language}"] = words_field(lazy_text(f"listening.{part}"), language)
        self.fields["without"] = forms.BooleanField(required=False, label=lazy_text("listening.without"))

    @staticmethod
    def filled(answer: Answer) -> dict[str, Any]:
        """What the form shows of an entry."""
        shown = {f"said_{language}": words for language, words in answer.you_said.items()}
        return shown | {f"did_{language}": words for language, words in answer.we_did.items()}

    def languages(self) -> Iterator[tuple[str, str, list[forms.BoundField]]]:
        """Each language with its name and its two fields."""
        for language in LANGUAGES:
            yield language, AUTONYMS[language], [self[f"{part}_{language}"] for part in PARTS]

    @property
    def asks_without(self) -> bool:
        """Whether the form has to ask if languages are left out on purpose."""
        return "without" in self.errors

    def clean(self) -> None:
        """Raise ValidationError for a half language, for none, and for missing ones that nobody has agreed to."""
        super().clean()
        given = {part: {code for code in LANGUAGES if self.cleaned_data.get(f"{part}_{code}")} for part in PARTS}
        for code in given["said"] ^ given["did"]:
            missing = "did" if code in given["said"] else "said"
            self.add_error(f"{missing}_{code}", text("listening.error.half"))
        if not given["said"] and not self.errors:
            self.add_error(None, text("listening.error.none"))
        missing_ones = [AUTONYMS[code] for code in LANGUAGES if code not in given["said"]]
        if missing_ones and not self.errors and not self.cleaned_data.get("without"):
            self.add_error("without", text("listening.error.missing", languages=", ".join(missing_ones)))

    @property
    def words(self) -> tuple[dict[str, str], dict[str, str]]:
        """What was said and what was done, language to text."""
        said, did = (
            {code: self.cleaned_data[f"{part}_{code}"] for code in LANGUAGES if self.cleaned_data[f"{part}_{code}"]}
            for part in PARTS
        )
        return said, did


class AsideForm(forms.Form):
    """Why a message is set aside."""

    reason = forms.ChoiceField(label=lazy_text("listening.reason"), widget=forms.RadioSelect)

    def __init__(self, state: State, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(one.value, lazy_text(f"listening.reason.{one}")) for one in reasons(state)]

    def clean_reason(self) -> Reason:
        """The reason as a value of the closed list."""
        return Reason(self.cleaned_data["reason"])
