"""The forms of stories and pages: choices in the editor's language, and every mistake at its field.

Promise: a draft can be saved as it is; what is submitted or published is checked as the site will read it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from wagtail.admin.forms import WagtailAdminPageForm

from ctdc.hub.studio.editors import checking, choices
from ctdc.hub.studio.web.texts import lazy_text
from ctdc.standard.languages import DEFAULT, direction


class WrittenForm(WagtailAdminPageForm):  # type: ignore[misc]  # the library has no types
    """The form of what readers will see."""

    words: tuple[str, ...] = ("title",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.instance.locale.language_code if self.instance.locale_id else DEFAULT
        for name in self.words:
            if name in self.fields:
                self.fields[name].widget.attrs |= {"dir": direction(code), "lang": code}

    def clean(self) -> dict[str, Any]:
        """Check the whole, unless it is only saved as a draft."""
        cleaned: dict[str, Any] = super().clean()
        if not self.is_deferred_validation and not self.errors:
            page = self._as_page(cleaned)
            for name, error in checking.form_errors(page, page.faults()):
                self.add_error(name if name in self.fields else None, error)
        return cleaned

    def _as_page(self, cleaned: dict[str, Any]) -> Any:
        """The page as it will be when this is saved; the one that the form is of stays as it was."""
        page = type(self.instance)(pk=self.instance.pk, locale=self.instance.locale)
        page.translation_key = self.instance.translation_key
        for name in ("title", "slug", *cleaned):
            value = cleaned.get(name, getattr(self.instance, name, None))
            if name in {field.name for field in page._meta.get_fields()}:
                setattr(page, name, value)
        return page


class StoryForm(WrittenForm):
    """A story."""

    words = ("title", "summary")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("category", forms.ChoiceField, choices.categories)
        self._offer("analysis", forms.ChoiceField, choices.analyses)
        self._offer("release", forms.ChoiceField, lambda: [("", lazy_text("editors.latest")), *choices.releases()])
        self._offer("notes", forms.MultipleChoiceField, choices.notes)
        self._offer("sisters", forms.MultipleChoiceField, self._others)

    def _offer(self, name: str, kind: Any, of: Any) -> None:
        """Have a field chosen from a list."""
        old = self.fields[name]
        options = {"label": old.label, "help_text": old.help_text, "required": False}
        widget = forms.CheckboxSelectMultiple if kind is forms.MultipleChoiceField else forms.Select
        self.fields[name] = kind(choices=of, widget=widget, **options)

    def _others(self) -> list[tuple[str, str]]:
        """The stories that can stand beside this one."""
        from ctdc.hub.studio.editors.reading import sources  # noqa: PLC0415  it needs the models

        own = str(self.instance.translation_key)
        return [(str(page.translation_key), page.title) for page in sources() if str(page.translation_key) != own]


class TextForm(WrittenForm):
    """A page about the data."""

    words = ("title", "nav", "lead")
