"""Forms of agreements."""

from __future__ import annotations

from typing import Any

from django import forms

from ctdc.hub.studio.agreements.models import CLAUSES, Purpose
from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.web.texts import language, lazy_text
from ctdc.standard import load
from ctdc.standard.languages import AUTONYMS

LARGEST_PAPER = 2_400_000  # bytes; `web.bodies` lets no larger form in


class BeginForm(forms.Form):
    """With whom, and from which language's template."""

    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=lazy_text("agreements.organisation"), empty_label=None
    )
    language = forms.ChoiceField(
        choices=list(AUTONYMS.items()),
        label=lazy_text("agreements.language"),
        help_text=lazy_text("agreements.language.hint"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["organisation"]
        if isinstance(choices, forms.ModelChoiceField):
            choices.queryset = Organisation.objects.filter(is_hub=False, active=True)


def _clause(name: str) -> forms.CharField:
    return forms.CharField(
        label=lazy_text(f"agreements.clause.{name}"),
        help_text=lazy_text(f"agreements.clause.{name}.hint"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


def _day(name: str) -> forms.DateField:
    return forms.DateField(
        label=lazy_text(f"agreements.{name}"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class AgreementForm(forms.Form):
    """What an agreement says, and what it allows."""

    title = forms.CharField(label=lazy_text("agreements.name"), max_length=200)
    valid_from = _day("valid_from")
    valid_until = _day("valid_until")
    purposes = forms.MultipleChoiceField(
        choices=[(one.value, lazy_text(f"agreements.purpose_of.{one}")) for one in Purpose],
        label=lazy_text("agreements.purposes"),
        help_text=lazy_text("agreements.purposes.hint"),
        widget=forms.CheckboxSelectMultiple,
    )
    populations = forms.MultipleChoiceField(
        required=False,
        label=lazy_text("agreements.populations"),
        help_text=lazy_text("agreements.populations.hint"),
        widget=forms.CheckboxSelectMultiple,
    )
    retention_months = forms.IntegerField(
        label=lazy_text("agreements.retention_months"),
        help_text=lazy_text("agreements.retention_months.hint"),
        min_value=1,
        max_value=600,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in CLAUSES:
            self.fields[name] = _clause(name)
        populations = self.fields["populations"]
        if isinstance(populations, forms.MultipleChoiceField):
            populations.choices = [
                (one.id, f"{one.title.get(language(), one.id)} ({one.id})") for one in load().profiles.values()
            ]


class SignedForm(forms.Form):
    """The signed copy. It goes into the vault at once and is not shown again."""

    paper = forms.FileField(
        label=lazy_text("agreements.paper"), help_text=lazy_text("agreements.paper.hint"), max_length=200
    )

    def clean_paper(self) -> Any:
        """Raise ValidationError for a file that is larger than papers are."""
        paper = self.cleaned_data["paper"]
        if paper.size > LARGEST_PAPER:
            raise forms.ValidationError(lazy_text("agreements.error.large"))
        return paper


class EndForm(forms.Form):
    """Why an agreement ends."""

    because = forms.CharField(
        label=lazy_text("agreements.because"),
        help_text=lazy_text("agreements.because.hint"),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def current_language() -> dict[str, str]:
    """What the form that begins an agreement shows first."""
    return {"language": language()}
