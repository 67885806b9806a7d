"""Forms of the calendar and of contacts."""

from __future__ import annotations

from django import forms

from ctdc.hub.studio.listening.surveys.forms import day_field
from ctdc.hub.studio.web.texts import lazy_text
from ctdc.standard.languages import AUTONYMS


class PlanForm(forms.Form):
    """When an organisation delivers."""

    months = forms.IntegerField(label=lazy_text("listening.months"), min_value=1, max_value=60)
    due = day_field("listening.due")


class ContactForm(forms.Form):
    """Whom to write to."""

    name = forms.CharField(label=lazy_text("listening.contact.name"), max_length=150)
    function = forms.CharField(
        label=lazy_text("listening.contact.function"),
        help_text=lazy_text("listening.contact.function.hint"),
        max_length=150,
        required=False,
    )
    email = forms.EmailField(label=lazy_text("listening.contact.email"), max_length=254)
    language = forms.ChoiceField(label=lazy_text("listening.contact.language"), choices=list(AUTONYMS.items()))
