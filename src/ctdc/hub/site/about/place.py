"""Where the pages about the data have their content and their texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ctdc.foundation.collaborative import current
from ctdc.hub.site.view import SiteRelease
from ctdc.release.texts import Catalogue

CONTENT = current().places["about"]
ABOUT_TEXTS = Catalogue(Path(__file__).parent / "texts")


def about_text(language: str) -> Callable[..., str]:
    """A function from key and values to the message of these pages in a language."""

    def text(key: str, **values: str) -> str:
        return ABOUT_TEXTS.text(language, key, **values)

    return text


def about_content(view: SiteRelease) -> Path:
    """The folder of what editors write about the data: what the site was given, or what is shipped."""
    return view.content_of("about") or CONTENT
