"""Forms of people and organisations. What may be is decided by the acts; a form only reads what was typed."""

from __future__ import annotations

from typing import Any

from django import forms

from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.people.roles import HUB_ROLES, Role
from ctdc.hub.studio.people.tokens import LONGEST
from ctdc.hub.studio.web.texts import lazy_text
from ctdc.standard.languages import AUTONYMS


class JoinForm(forms.Form):
    """The password of somebody who was invited."""

    password = forms.CharField(
        label=lazy_text("people.join.password"),
        help_text=lazy_text("people.join.password.hint"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        max_length=1_000,
    )
    again = forms.CharField(
        label=lazy_text("people.join.again"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        max_length=1_000,
    )

    def clean(self) -> None:
        """Raise ValidationError when the two differ."""
        super().clean()
        if self.cleaned_data.get("password") != self.cleaned_data.get("again"):
            self.add_error("again", lazy_text("people.join.differ"))


class RolesForm(forms.Form):
    """Roles of somebody of the hub."""

    roles = forms.MultipleChoiceField(
        label=lazy_text("people.roles"),
        choices=[(role.value, lazy_text(f"people.role.{role}")) for role in Role if role in HUB_ROLES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def chosen(self) -> set[Role]:
        """The roles that were ticked."""
        return {Role(value) for value in self.cleaned_data["roles"]}


class InvitationForm(RolesForm):
    """Somebody who is to be invited."""

    name = forms.CharField(label=lazy_text("people.invite.name"), max_length=150)
    email = forms.EmailField(label=lazy_text("people.invite.email"), help_text=lazy_text("people.invite.email_hint"))
    organisation = forms.ModelChoiceField(
        Organisation.objects.filter(active=True), label=lazy_text("people.organisation")
    )
    language = forms.ChoiceField(label=lazy_text("people.invite.language"), choices=list(AUTONYMS.items()))
    field_order = ("name", "email", "organisation", "roles", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].help_text = lazy_text("people.invite.roles_hint")

    def chosen(self) -> set[Role]:
        """The roles that were ticked; people of other organisations contribute, which need not be said."""
        if not self.cleaned_data["organisation"].is_hub and not self.cleaned_data["roles"]:
            return {Role.CONTRIBUTOR}
        return super().chosen()


class OrganisationForm(forms.Form):
    """An organisation that is to contribute."""

    name = forms.CharField(label=lazy_text("people.name"), max_length=200)
    slug = forms.SlugField(
        label=lazy_text("people.slug"), help_text=lazy_text("people.organisation_new.slug_hint"), max_length=64
    )


class TokenForm(forms.Form):
    """A token for one's own programs."""

    name = forms.CharField(
        label=lazy_text("people.token.name"), help_text=lazy_text("people.token.name_hint"), max_length=60
    )
    days = forms.IntegerField(label=lazy_text("people.token.days"), min_value=1, max_value=LONGEST.days, initial=30)
