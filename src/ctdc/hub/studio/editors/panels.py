"""The panel that tells the form in which language its words are."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from wagtail.admin.panels import Panel

from ctdc.standard.languages import AUTONYMS, direction


class LanguagePanel(Panel):  # type: ignore[misc]  # the library has no types
    """Says the language of the words, and its direction, which `direction.js` gives to every field of words."""

    class BoundPanel(Panel.BoundPanel):  # type: ignore[misc]
        """The panel of one page."""

        def render_html(self, parent_context: Any = None) -> SafeString:
            """A line with the language's own name."""
            code = self.instance.locale.language_code
            return format_html(
                '<p class="words-language" data-words-language="{0}"><bdi lang="{0}" dir="{1}">{2}</bdi></p>',
                code,
                direction(code),
                AUTONYMS[code],
            )
