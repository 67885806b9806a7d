"""Forms of the release desk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ctdc.hub.studio.desk import checklist
from ctdc.hub.studio.desk.models import MOST_PEOPLE
from ctdc.hub.studio.desk.plans import MOST_TRIED
from ctdc.hub.studio.web.formats import day, whole
from ctdc.hub.studio.web.texts import language, lazy_text, plural, text
from ctdc.privacy.ledger_events import LIFE, YEAR
from ctdc.release.info import MAX_NAME
from ctdc.release.tombstones import REASONS
from ctdc.standard.languages import AUTONYMS, LANGUAGES, direction
from ctdc.standard.loader import load
from ctdc.vault.delivery import Manifest
from ctdc.workflow.config import DEFAULT_PROFILE, MAX_EPSILON


def _labelled(key: str, hint: bool = True) -> dict[str, Any]:
    named: dict[str, Any] = {"label": lazy_text(f"desk.field.{key}")}
    return named | ({"help_text": lazy_text(f"desk.field.{key}.hint")} if hint else {})


def _in_language(code: str, **attributes: str | int) -> dict[str, Any]:
    return {"lang": code, "dir": direction(code), **attributes}


class Suggested(forms.TextInput):
    """A line of text with what is offered for it, which browsers show without a script."""

    def __init__(self, offered: Iterable[str]) -> None:
        super().__init__(attrs={"autocomplete": "off", "dir": "auto"})
        self.offered = tuple(offered)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The field, and the list that it names."""
        listed = f"{name}-offered"
        line = super().render(name, value, {**(attrs or {}), "list": listed}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((one,) for one in self.offered))
        return format_html('{}<datalist id="{}">{}</datalist>', line, listed, options)


class PopulationForm(forms.Form):
    """Names a population: a known one, or one of which somebody says that it is new."""

    population = forms.CharField(**_labelled("population"), max_length=100)
    new_population = forms.BooleanField(**_labelled("new_population"), required=False)

    def __init__(self, *args: Any, known: Iterable[str] = (), **kwargs: Any) -> None:
        """known: the populations that are offered."""
        super().__init__(*args, **kwargs)
        named, known = self.fields["population"], tuple(known)
        self.fields["new_population"].later = lazy_text("desk.field.new_population.later")  # type: ignore[attr-defined]
        named.widget = Suggested(known)
        named.widget.attrs["maxlength"] = "100"
        if known:
            listed = text("desk.field.population.known", listed=", ".join(known))
            named.help_text = f"{text('desk.field.population.hint')} {listed}"


NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def check_name(given: str) -> None:
    """Raise ValidationError with what a release cannot be named, and why."""
    if NAME.fullmatch(given):
        return
    strange = dict.fromkeys(one for one in given if not re.fullmatch(r"[a-z0-9-]", one))
    if strange:
        letters = ", ".join(text("desk.error.name.space") if one.isspace() else one for one in strange)
        raise forms.ValidationError(text("desk.error.name.letters", given=given, letters=letters))
    raise forms.ValidationError(text("desk.error.name.hyphens", given=given))


def key_of(organisation: str, delivery: str) -> str:
    """The value of a delivery in a form."""
    return f"{organisation}/{delivery}"


class PlanForm(PopulationForm):
    """What is to be released, from which deliveries, and how strongly it is protected."""

    name = forms.CharField(**_labelled("name"), max_length=MAX_NAME, validators=[check_name])
    profile = forms.ChoiceField(**_labelled("profile"))
    people = forms.IntegerField(**_labelled("people", hint=False), min_value=1, max_value=MOST_PEOPLE)
    epsilon = forms.FloatField(
        **_labelled("epsilon"),
        min_value=0.01,
        max_value=MAX_EPSILON,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    delta = forms.FloatField(
        **_labelled("delta"),
        min_value=1e-15,
        max_value=1e-4,
        initial=1e-6,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    length = forms.TypedChoiceField(
        **_labelled("length"), coerce=int, initial=3, choices=[(one, str(one)) for one in (1, 2, 3, 4)]
    )
    threshold = forms.IntegerField(**_labelled("threshold"), min_value=0, max_value=1000, initial=10)
    deliveries = forms.MultipleChoiceField(
        **_labelled("deliveries"), required=False, widget=forms.CheckboxSelectMultiple
    )
    terms = forms.CharField(**_labelled("terms"), max_length=300, required=False)
    edition = forms.CharField(**_labelled("edition"), max_length=60, required=False)
    contact = forms.CharField(**_labelled("contact"), max_length=200, required=False)
    simulated = forms.BooleanField(**_labelled("simulated"), required=False)

    def __init__(
        self, *args: Any, found: tuple[Manifest, ...], organisations: Mapping[str, str], **kwargs: Any
    ) -> None:
        """found: the deliveries that are in the vault; organisations: short name to name."""
        super().__init__(*args, **kwargs)
        self.fields["people"].help_text = text("desk.field.people.hint", limit=whole(MOST_TRIED))
        self._found = {key_of(one.identity.organisation, one.identity.delivery): one for one in found}
        profiles = load().profiles.values()
        self.fields["profile"].choices = [  # type: ignore[attr-defined]
            (one.id, f"{one.title.get(language(), one.id)} ({one.id})") for one in profiles
        ]
        self.fields["profile"].initial = DEFAULT_PROFILE
        self.fields["deliveries"].choices = [  # type: ignore[attr-defined]
            (key, described(one, organisations)) for key, one in self._found.items()
        ]
        for code in LANGUAGES:
            self.fields[f"title_{code}"] = forms.CharField(
                label=lazy_text("desk.field.title", name=AUTONYMS[code]),
                max_length=200,
                required=False,
                widget=forms.TextInput(attrs=_in_language(code)),
            )
            # A draft may lack it, a fixed plan may not: the form says that, and not that it is optional.
            self.fields[f"title_{code}"].later = lazy_text("desk.field.title.later")  # type: ignore[attr-defined]
        self.order_fields(["name", *(f"title_{code}" for code in LANGUAGES), "profile", "population"])

    def values(self) -> dict[str, Any]:
        """What was filled in, as `acts.FIELDS`."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "new_population"}
        titles = {code: given.pop(f"title_{code}") for code in LANGUAGES}
        chosen = [self._found[key] for key in given.pop("deliveries")]
        deliveries = [
            {"organisation": one.identity.organisation, "delivery": one.identity.delivery, "manifest": one.hash()}
            for one in sorted(chosen, key=lambda one: one.stored)
        ]
        return {**given, "titles": titles, "deliveries": deliveries}


def described(found: Manifest, organisations: Mapping[str, str]) -> str:
    """A delivery in words: whose, of which day, how many rows, and its name in the vault."""
    whose = found.identity.organisation
    return text(
        "desk.delivery",
        organisation=organisations.get(whose, whose),
        day=day(date.fromisoformat(found.stored[:10])),
        rows=plural("desk.delivery.rows", found.rows),
        name=key_of(whose, found.identity.delivery),
    )


class VoteForm(forms.Form):
    """What a reviewer has looked at, and what they say."""

    of = forms.CharField(widget=forms.HiddenInput)
    answers = forms.MultipleChoiceField(
        label=lazy_text("desk.vote.checklist"),
        help_text=lazy_text("desk.vote.checklist.hint"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(point, lazy_text(f"desk.check.{point}")) for point in checklist.POINTS],
    )
    says = forms.ChoiceField(
        label=lazy_text("desk.vote.says"),
        widget=forms.RadioSelect,
        choices=[("yes", lazy_text("desk.vote.yes")), ("no", lazy_text("desk.vote.no"))],
    )
    reasons = forms.CharField(
        label=lazy_text("desk.vote.reasons"),
        help_text=lazy_text("desk.vote.reasons.hint"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class WithdrawForm(forms.Form):
    """Why a release is withdrawn, as readers will see it."""

    reason = forms.ChoiceField(
        label=lazy_text("desk.withdraw.reason"), choices=[(one, lazy_text(f"desk.reason.{one}")) for one in REASONS]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code in LANGUAGES:
            self.fields[f"words_{code}"] = forms.CharField(
                label=lazy_text("desk.withdraw.words", name=AUTONYMS[code]),
                max_length=1000,
                required=False,
                widget=forms.Textarea(attrs=_in_language(code, rows=2)),
            )

    def words(self) -> dict[str, str]:
        """What was said in each language."""
        return {code: self.cleaned_data[f"words_{code}"] for code in LANGUAGES if self.cleaned_data[f"words_{code}"]}


class BudgetForm(PopulationForm):
    """The most that may be spent on a population."""

    epsilon = forms.FloatField(
        **_labelled("epsilon", hint=False),
        min_value=0.01,
        max_value=MAX_EPSILON,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    delta = forms.FloatField(
        **_labelled("delta"),
        min_value=1e-15,
        max_value=1e-4,
        initial=1e-6,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    period = forms.ChoiceField(
        label=lazy_text("desk.ledger.period"),
        choices=[(LIFE, lazy_text("desk.ledger.life")), (YEAR, lazy_text("desk.ledger.year"))],
    )
