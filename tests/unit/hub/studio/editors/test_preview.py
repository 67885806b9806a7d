"""A draft is shown by the site's own program, of the newest release that is here."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import RequestFactory
from django.utils.translation import override
from tests.unit.hub.studio.desks import note_published
from tests.unit.hub.studio.editors.conftest import page

from ctdc.hub.studio.editors import choices
from ctdc.hub.studio.editors.models import StoryPage
from ctdc.hub.studio.editors.preview import POLICY

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def shelf(site_release: Path, db: None) -> Iterator[Path]:
    """The studio's folder of published releases, with one in it."""
    folder = settings.STUDIO.releases / site_release.name
    shutil.copytree(site_release, folder)
    note_published(folder)
    yield folder
    shutil.rmtree(settings.STUDIO.releases)


def shown(story: StoryPage) -> str:
    answer = story.serve_preview(RequestFactory().get("/"), "")
    assert answer["Content-Security-Policy"] == POLICY
    assert "frame-ancestors 'self'" in POLICY
    return answer.content.decode()


def test_a_draft_is_shown_as_the_site_shows_it(story: StoryPage, shelf: Path) -> None:
    story.title = "A title that nobody has read"
    html = shown(story)
    assert '<article class="story">' in html
    assert "<h1>A title that nobody has read</h1>" in html
    assert html.count("<figure") >= 3, "its charts"
    assert '<link rel="stylesheet" href="/assets/site.' in html
    assert 'href="/en/' not in html, "links lead nowhere"
    assert page("en").title not in html, "what readers see is as it was"


def test_what_lies_there_unpublished_is_not_offered(site_release: Path, db: None) -> None:
    folder = settings.STUDIO.releases / site_release.name
    shutil.copytree(site_release, folder)
    try:
        assert choices.releases() == []
        note_published(folder)
        assert choices.releases() == [(folder.name, folder.name)]
    finally:
        shutil.rmtree(settings.STUDIO.releases)


def test_an_arabic_draft_is_shown_in_arabic(story: StoryPage, shelf: Path) -> None:
    html = shown(page("ar"))
    assert '<html lang="ar" dir="rtl"' in html
    assert page("ar").title in html


def test_what_is_wrong_is_said_in_the_place_of_the_page(story: StoryPage, shelf: Path) -> None:
    story.summary = "Of 7 women"
    with override("de"):
        html = shown(story)
    assert "Hier ist eine Ziffer getippt" in html
    assert 'lang="de"' in html
    assert "<article" not in html


def test_without_a_release_or_its_numbers_that_is_said(story: StoryPage, shelf: Path) -> None:
    story.release = "another-release"
    assert "does not have the numbers" in shown(story)
    story.release = ""
    shutil.rmtree(shelf)
    assert "no published release here yet" in shown(story)
