"""From what is live in the database to the public site: a folder of content, and the site that is built of it.

Promise: the folder is whole or as it was, and has been read as the site reads it before it takes its place; the site
stays until the new one is whole. A language in which a story lacks a text has no file, so that the site shows the story
in its source language and says so. Done again after a kill, it gives the same.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import replacing_folder
from ctdc.foundation.progress import Progress
from ctdc.hub.site.about.help import helplines
from ctdc.hub.site.about.pages import PAGES, pages_of
from ctdc.hub.site.about.place import CONTENT as ABOUT
from ctdc.hub.site.about.sources import read_sources
from ctdc.hub.site.stories.source import CONTENT as STORIES
from ctdc.hub.site.stories.source import StoryFault, read_stories, story_from
from ctdc.hub.studio.editors import choices, plain
from ctdc.hub.studio.editors.models import StoryPage
from ctdc.hub.studio.editors.reading import live_languages, sources, text_pages
from ctdc.hub.studio.place import Place
from ctdc.hub.studio.public_site import build_site
from ctdc.standard.languages import DEFAULT, LANGUAGES

WIDTH = 10_000  # columns: a text stays on one line


def publish(place: Place, progress: Progress) -> None:
    """Write the content, and build the site if there is a release. Raises UserError, Refused."""
    # Before editors have published anything, the site shows what is shipped.
    if place.content.is_dir() or sources(live=True) or text_pages():
        write_content(place.content)
    build_site(place, progress)


def write_content(folder: Path) -> None:
    """Write what is live, in the place of what was there. Raises UserError if the site could not read it."""
    with replacing_folder(folder) as fresh:
        _write_stories(fresh / "stories")
        read_stories(fresh / "stories")
        if _write_about(fresh / "about"):
            for language in LANGUAGES:
                pages_of(fresh / "about", language)
            helplines(fresh / "about")
            read_sources(fresh / "about")


# ---- stories ----------------------------------------------------------------------------------------------------


def _write_stories(folder: Path) -> None:
    folder.mkdir()
    shutil.copyfile(STORIES / "terms.yaml", folder / "terms.yaml")
    found = sources(live=True)
    names = {str(page.translation_key): page.slug for page in found}
    for page in found:
        values, words = story_files(page, names)
        (folder / page.slug).mkdir()
        _write(folder / page.slug / "story.yaml", values)
        for language, own in words.items():
            _write(folder / page.slug / f"{language}.yaml", own)
    _write(folder / "order.yaml", [page.slug for page in found])


def story_files(page: StoryPage, names: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """A story as its files hold it: what it binds, and its words by language. names: of all stories, by their keys."""
    values = plain.story_values(page, [names[key] for key in page.sisters if key in names])
    words: dict[str, dict[str, Any]] = {}
    for language, one in sorted(live_languages(page).items()):
        own = plain.story_words(one, page)
        if own is not None and (language == values["source"] or _is_whole(page.slug, values, own)):
            words[language] = own
    return values, words


def _is_whole(slug: str, values: Mapping[str, Any], words: Mapping[str, Any]) -> bool:
    """Whether a translation can stand beside the numbers that its source has now."""
    alone = {**values, "source": DEFAULT}
    try:
        story_from(Path(slug), alone, {DEFAULT: words}, choices.terms())
    except StoryFault:
        return False
    return True


# ---- pages about the data ---------------------------------------------------------------------------------------


def _write_about(folder: Path) -> bool:
    """Write the pages, if all that the collaborative has are there; a site lacks none of them. Whether they were."""
    found, wanted = text_pages(), pages_of(ABOUT, DEFAULT)
    if not set(wanted) <= set(found):
        return False
    folder.mkdir()
    for name in ("helplines.yaml", "sources.yaml"):
        if (ABOUT / name).is_file():
            shutil.copyfile(ABOUT / name, folder / name)
    for name in (one for one in PAGES if one in found):  # also those that were brought in beside them
        lacking = [language for language in LANGUAGES if language not in found[name]]
        if lacking:
            raise UserError(
                "studio.page",
                f"The page {name!r} is not live in every language.",
                where=", ".join(lacking),
                do="Publish it in these languages: every page about the data is there in all of them.",
            )
        for language, page in found[name].items():
            (folder / "pages" / language).mkdir(parents=True, exist_ok=True)
            _write(folder / "pages" / language / f"{name}.yaml", plain.page_values(page))
    return True


def _write(path: Path, value: Any) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=WIDTH)
    path.write_text(text, encoding="utf-8")
