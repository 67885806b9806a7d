"""Bringing stories and pages from files into a studio, in all their languages, live.

Promise: all of it or nothing; what comes in has been read as the site reads it, and goes out again as the same site. It
is brought in once, into a studio that has none: what editors changed since is never written over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone
from wagtail.models import Locale, Page
from wagtail_localize.models import StringSegment, StringTranslation, Translation, TranslationSource
from wagtail_localize.segments import StringSegmentValue
from wagtail_localize.segments.extract import extract_segments

from ctdc.foundation.errors import UserError
from ctdc.hub.site.about.pages import PAGES, pages_of
from ctdc.hub.site.stories.source import read_stories
from ctdc.hub.studio.editors import plain
from ctdc.hub.studio.editors.models import StoryPage, StoryShelf, TextPage, TextShelf, Written
from ctdc.release.yamls import parse_yaml
from ctdc.standard.languages import DEFAULT, LANGUAGES

Words = Mapping[str, Any]


def bring_in(stories: Path, about: Path) -> tuple[int, int]:
    """Make the pages. Returns how many stories and pages there are. Raises UserError."""
    _, found = read_stories(stories)
    for language in LANGUAGES:
        pages_of(about, language)
    if StoryPage.objects.exists() or TextPage.objects.exists():
        raise UserError(
            "studio.content",
            "This studio has stories or pages already.",
            allowed="a studio into which nothing was brought and in which nothing was written",
            do="Edit what is there; nothing is ever written over.",
        )
    keys = {story.slug: uuid4() for story in found}
    for story in found:
        _story(stories / story.slug, story.source, keys)
    there = [name for name in PAGES if name in pages_of(about, DEFAULT)]
    for name in there:
        _page(about / "pages", name)
    return len(found), len(there)


def _story(folder: Path, source: str, keys: Mapping[str, UUID]) -> None:
    raw = _yaml(folder / "story.yaml")
    words = {path.stem: _yaml(path) for path in sorted(folder.glob("*.yaml")) if path.stem in LANGUAGES}
    made = {language: _story_page(folder.name, raw, own, language) for language, own in words.items()}
    page = made.pop(source)
    page.translation_key = keys[folder.name]
    page.sisters = [str(keys[slug]) for slug in raw.get("sisters", [])]
    _translate(_shelved(StoryShelf, page, source), made)


def _story_page(slug: str, raw: Mapping[str, Any], words: Words, language: str) -> StoryPage:
    """A page, not yet on its shelf, with these words."""
    page = StoryPage(
        title=words["title"],
        summary=words["summary"],
        slug=slug,
        category=raw["category"],
        analysis=raw["analysis"],
        reviewed=raw["reviewed"],
        release="" if raw.get("release", "latest") == "latest" else raw["release"],
        headline=raw["headline"],
        notes=list(raw.get("notes", [])),
        numbers=json.dumps(list(plain.number_blocks(raw, words)), default=str),
        parts=json.dumps(list(plain.part_blocks(raw, words))),
    )
    page.locale = Locale.objects.get_for_language(language)
    return page


def _page(folder: Path, name: str) -> None:
    made = {}
    for language in LANGUAGES:
        raw = _yaml(folder / language / f"{name}.yaml")
        sections = json.dumps(plain.section_blocks(raw))
        page = TextPage(title=raw["title"], slug=name, nav=raw["nav"], lead=raw["lead"], sections=sections)
        page.locale = Locale.objects.get_for_language(language)
        made[language] = page
    _translate(_shelved(TextShelf, made.pop(DEFAULT), DEFAULT), made)


def _shelved(shelf: type[Page], page: Written, language: str) -> Written:
    """Put a page on its shelf, live, and read it again as it is kept there."""
    page.live = False
    shelf.objects.get(locale__language_code=language).add_child(instance=page)
    page.save_revision().publish()
    kept: Written = type(page).objects.get(pk=page.pk)
    return kept


def _translate(source: Written, words: Mapping[str, Written]) -> None:
    """Give a page its translations: each text of the source with the same text of the page in the other language."""
    origin, _ = TranslationSource.update_or_create_from_instance(source)
    segments = list(StringSegment.objects.filter(source=origin).select_related("context").order_by("order"))
    for language, page in words.items():
        locale = Locale.objects.get_for_language(language)
        said = [segment for segment in extract_segments(page) if isinstance(segment, StringSegmentValue)]
        if len(said) != len(segments):
            raise UserError(
                "studio.content",
                "A page does not have the same parts in every language.",
                where=f"{source.slug}, {language}",
                do="Give it the same parts, in the same order, in each of its languages.",
            )
        StringTranslation.objects.bulk_create(
            StringTranslation(
                translation_of_id=segment.string_id,
                locale=locale,
                context=segment.context,
                data=own.string.data,
                translation_type=StringTranslation.TRANSLATION_TYPE_MANUAL,
                updated_at=timezone.now(),
            )
            for segment, own in zip(segments, said, strict=True)
        )
        Translation.objects.create(source=origin, target_locale=locale)
        made, _ = origin.create_or_update_translation(locale, publish=False, copy_parent_pages=False)
        made.get_latest_revision().publish()


def _yaml(path: Path) -> Any:
    return parse_yaml(path.read_text(encoding="utf-8"))
