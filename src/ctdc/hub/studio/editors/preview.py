"""What a story or a page will look like: drawn by the site's own program, of the newest release here, from a draft.

Promise: the page shown is the page that the site would show, byte for byte, but that its links lead nowhere; it may
load what the site's pages load, from this studio, and nothing else. What cannot be shown is said, with its reasons.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from ctdc.foundation.errors import UserError
from ctdc.hub.site.about.pages import AboutPages
from ctdc.hub.site.about.place import CONTENT
from ctdc.hub.site.frame import Site, SitePage
from ctdc.hub.site.place import Place
from ctdc.hub.site.sections import sections_of
from ctdc.hub.site.stories.section import Stories
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.hub.studio.editors import choices, plain
from ctdc.hub.studio.web.texts import text
from ctdc.release.manifest import read_manifest

if TYPE_CHECKING:
    from ctdc.hub.studio.editors.models import StoryPage, TextPage, Written

# As the site's own pages, which have it in their head too, but shown within the form.
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
LINK = re.compile(r' href="/(?!assets/)[^"]*"')


@lru_cache(maxsize=1)
def _site(folder: Path, identifier: str) -> Site:
    """The site of one release, its numbers worked out once for all previews of this process."""
    view = replace(read_release(folder), place=Place())
    return Site(view, sections_of(view))


def newest() -> Path | None:
    """The newest release that is published here."""
    folders = [settings.STUDIO.releases / name for name, _ in choices.releases()]
    return max(folders, key=lambda folder: read_manifest(folder)[1].created, default=None)


def _shown(page: Written, draw: Callable[[SiteRelease, str], SitePage | None]) -> HttpResponse:
    """The answer for a draft."""
    folder = newest()
    if folder is None:
        return _sentence("preview.no_release")
    if faults := page.faults():
        return _sentence("preview.faults", [fault.message for fault in faults])
    site = _site(folder, read_manifest(folder)[1].id)
    language = page.locale.language_code
    try:
        drawn = draw(site.front, language)
    except UserError as error:
        return _sentence("preview.faults", [error.detail.what])
    if drawn is None:
        return _sentence("preview.lacking")
    return _answer(LINK.sub("", site.render(drawn, language)))


def _answer(html: str) -> HttpResponse:
    response = HttpResponse(html)
    response["Content-Security-Policy"] = POLICY
    return response


def _sentence(key: str, reasons: list[str] | None = None) -> HttpResponse:
    words = {"what": text(f"editors.{key}"), "reasons": reasons or []}
    response = render(None, "editors/preview.html", words, using="jinja2")
    response["Content-Security-Policy"] = POLICY
    return response


def story_preview(page: StoryPage) -> HttpResponse:
    """A draft of a story."""

    def draw(view: SiteRelease, language: str) -> SitePage | None:
        values, words = plain.story_values(page, []), plain.story_words(page)
        with tempfile.TemporaryDirectory() as name:
            content = Path(name)
            _write(content / page.slug / "story.yaml", values)
            _write(content / page.slug / f"{language}.yaml", words)
            _write(content / "order.yaml", [page.slug])
            (content / "terms.yaml").write_bytes((_stories() / "terms.yaml").read_bytes())
            section = Stories(view, content)
            path = f"stories/{page.slug}/"
            return next((one for one in section.pages(language) if one.path == path), None)  # type: ignore[return-value]

    return _shown(page, draw)


def page_preview(page: TextPage) -> HttpResponse:
    """A draft of a page about the data."""

    def draw(view: SiteRelease, language: str) -> SitePage | None:
        with tempfile.TemporaryDirectory() as name:
            content = Path(name) / "about"
            place = content / "pages" / language
            place.mkdir(parents=True)
            for own in sorted((CONTENT / "pages" / language).glob("*.yaml")):
                (place / own.name).write_bytes(own.read_bytes())
            if (CONTENT / "sources.yaml").is_file():
                (content / "sources.yaml").write_bytes((CONTENT / "sources.yaml").read_bytes())
            _write(content / "pages" / language / f"{page.slug}.yaml", plain.page_values(page))
            section = AboutPages(replace(view, content=Path(name)))
            path = f"{page.slug}/"
            return next((one for one in section.pages(language) if one.path == path), None)  # type: ignore[return-value]

    return _shown(page, draw)


def _stories() -> Path:
    from ctdc.hub.site.stories.source import CONTENT as STORIES  # noqa: PLC0415

    return STORIES


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8")
