"""Which pages there are: sources and their translations, as they are live."""

from __future__ import annotations

from collections.abc import Mapping

from wagtail_localize.models import Translation

from ctdc.hub.studio.editors.models import StoryPage, TextPage, Written


def is_translation(page: Written) -> bool:
    """Whether the page is translated from another one, which holds its numbers and charts."""
    return translation_of(page) is not None


def translation_of(page: Written) -> Translation | None:
    """The work of translation whose target the page is."""
    found = Translation.objects.filter(
        source__object_id=page.translation_key, target_locale_id=page.locale_id, enabled=True
    )
    return found.select_related("source", "target_locale").first()


def sources(*, live: bool = False) -> list[StoryPage]:
    """The stories in their source languages, in the order in which the site lists them."""
    targets = set(Translation.objects.filter(enabled=True).values_list("source__object_id", "target_locale_id"))
    found = StoryPage.objects.select_related("locale").order_by("path")
    pages = [page for page in found if (page.translation_key, page.locale_id) not in targets]
    return [page for page in pages if page.live] if live else pages


def live_languages(page: Written) -> Mapping[str, Written]:
    """The live pages of a story or page, by language."""
    found = type(page).objects.select_related("locale").filter(translation_key=page.translation_key, live=True)
    return {one.locale.language_code: one for one in found}


def text_pages() -> Mapping[str, Mapping[str, TextPage]]:
    """The live pages about the data, by name and language."""
    found: dict[str, dict[str, TextPage]] = {}
    for page in TextPage.objects.select_related("locale").filter(live=True):
        found.setdefault(page.slug, {})[page.locale.language_code] = page
    return found
