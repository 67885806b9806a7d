"""Forms of deliveries."""

from __future__ import annotations

from typing import Any

from django import forms

from ctdc.hub.studio.deliveries.acts import REASONS
from ctdc.hub.studio.deliveries.letters import LONGEST
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.states import State
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Act, sees_all
from ctdc.hub.studio.web.texts import lazy_text, text

LARGEST_FORM = 2_400_000  # bytes of all files in one form, without JavaScript; `web.bodies` lets no larger one in


class Files(forms.ClearableFileInput):
    """Several files in one field."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """A list of files."""

    widget = Files

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Every file by itself."""
        given = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(one, initial) for one in given]


class DeliveryField(forms.ModelChoiceField):  # type: ignore[type-arg]  # no generic when it runs
    """A choice of deliveries, by their number."""

    def label_from_instance(self, obj: Any) -> str:
        """What a delivery is called."""
        return text("deliveries.one", number=obj.pk)


class DeliverForm(forms.Form):
    """Files to deliver, and the delivery that they put right."""

    chosen = FilesField(
        label=lazy_text("deliveries.files"), help_text=lazy_text("deliveries.files.hint"), max_length=200
    )
    replaces = DeliveryField(
        Delivery.objects.none(),
        required=False,
        label=lazy_text("deliveries.replaces"),
        help_text=lazy_text("deliveries.replaces.hint"),
    )

    def __init__(self, person: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = Delivery.objects.filter(organisation=person.organisation, state=State.HELD_BACK)
        choices = self.fields["replaces"]
        if isinstance(choices, forms.ModelChoiceField):
            choices.queryset = held
        if not held:
            del self.fields["replaces"]

    def clean_chosen(self) -> Any:
        """Raise ValidationError for more than a form should bring."""
        files = self.cleaned_data["chosen"]
        if sum(one.size for one in files) > LARGEST_FORM:
            raise forms.ValidationError(lazy_text("deliveries.refused.form"))
        return files


def _reasons() -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=[(one, lazy_text(f"deliveries.because.{one}")) for one in REASONS],
        label=lazy_text("deliveries.because"),
        help_text=lazy_text("deliveries.because.hint"),
        widget=forms.RadioSelect,
    )


class EndForm(forms.Form):
    """Why a delivery is withdrawn or refused."""

    because = _reasons()


class PersonForm(forms.Form):
    """One person who withdraws."""

    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=lazy_text("deliveries.organisation"), empty_label=None
    )
    case_id = forms.CharField(
        label=lazy_text("deliveries.case_id"),
        help_text=lazy_text("deliveries.case_id.hint"),
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )
    because = _reasons()
    sure = forms.BooleanField(label=lazy_text("deliveries.sure"))

    def __init__(self, person: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = Organisation.objects.filter(is_hub=False)
        if not sees_all(person, Act.WITHDRAW_PEOPLE):
            found = found.filter(pk=person.organisation_id)
        choices = self.fields["organisation"]
        if isinstance(choices, forms.ModelChoiceField):
            choices.queryset = found


class PromoteForm(forms.Form):
    """How a delivery that is ready is stored."""

    accepted = forms.CharField(
        required=False,
        label=lazy_text("deliveries.accepted"),
        help_text=lazy_text("deliveries.accepted.hint"),
        max_length=1_000,
    )
    leave_out = forms.BooleanField(
        required=False, label=lazy_text("deliveries.leave_out"), help_text=lazy_text("deliveries.leave_out.hint")
    )

    def columns(self) -> list[str]:
        """The names of accepted columns."""
        return [name.strip() for name in self.cleaned_data["accepted"].split(",") if name.strip()]
