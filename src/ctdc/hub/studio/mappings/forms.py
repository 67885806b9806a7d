"""Forms of mappings."""

from __future__ import annotations

from typing import Any

from django import forms

from ctdc.hub.studio.mappings.files import shipped
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Act, sees_all
from ctdc.hub.studio.web.texts import lazy_text
from ctdc.intake.mapping import shipped_ids

LARGEST = 1_000_000  # bytes; `web.bodies` lets no form in that is larger than two of them and a half


class ProposeForm(forms.Form):
    """A whole version: two files, or a mapping that comes with the program."""

    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=lazy_text("mappings.organisation"), empty_label=None
    )
    structure = forms.FileField(
        required=False, label=lazy_text("mappings.structure"), help_text=lazy_text("mappings.structure.hint")
    )
    values = forms.FileField(
        required=False, label=lazy_text("mappings.values"), help_text=lazy_text("mappings.values.hint")
    )
    shipped = forms.ChoiceField(
        required=False, label=lazy_text("mappings.shipped"), help_text=lazy_text("mappings.shipped.hint")
    )

    def __init__(self, person: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = Organisation.objects.filter(is_hub=False)
        if not sees_all(person, Act.PROPOSE_MAPPINGS):
            found = found.filter(pk=person.organisation_id)
        self.fields["organisation"].queryset = found  # type: ignore[attr-defined]
        self.fields["shipped"].choices = [("", "—"), *((one, one) for one in shipped_ids())]  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Raise ValidationError unless there is exactly one source, of texts that can be read."""
        super().clean()
        structure, name = self.cleaned_data.get("structure"), self.cleaned_data.get("shipped")
        if bool(structure) == bool(name):
            raise forms.ValidationError(lazy_text("mappings.error.one_source"))

    def contents(self) -> tuple[str, str]:
        """``mapping.yaml`` and ``values.csv``. Raises ValidationError for what is too large or no text."""
        if name := self.cleaned_data.get("shipped"):
            return shipped(name)
        return _text(self.cleaned_data["structure"]), _text(self.cleaned_data.get("values"))


def _text(upload: Any) -> str:
    if upload is None:
        return ""
    if upload.size > LARGEST:
        raise forms.ValidationError(lazy_text("mappings.error.large"))
    try:
        return str(upload.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise forms.ValidationError(lazy_text("mappings.error.no_text")) from None
