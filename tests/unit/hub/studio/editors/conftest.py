"""A studio with one story in all its languages, and the people who work on it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from tests.support.studio_people import make_person

from ctdc.hub.site.about.place import CONTENT as ABOUT
from ctdc.hub.site.stories.source import CONTENT
from ctdc.hub.studio.editors import acts, importing
from ctdc.hub.studio.editors.models import StoryPage
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.roles import Role


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one story, as editors of files have it."""
    folder = tmp_path_factory.mktemp("editors") / "stories"
    shutil.copytree(CONTENT / "gender", folder / "gender")
    shutil.copy(CONTENT / "terms.yaml", folder)
    (folder / "order.yaml").write_text("[gender]")
    story = folder / "gender" / "story.yaml"
    story.write_text(story.read_text().replace("sisters: [trafficked-persons, exploitation]", "sisters: []"))
    return folder


@pytest.fixture(scope="module")
def _brought_in(django_db_setup: None, django_db_blocker: Any, stories: Path) -> Iterator[None]:
    """The story, brought in once for all tests of a file, whose own changes are undone within it."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "PAGES", {})
        around = transaction.atomic()
        around.__enter__()
        acts.import_content(stories, ABOUT)
    yield
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture
def story(_brought_in: None, db: None) -> StoryPage:
    """The story in the studio, in English; the other languages are translations of it."""
    return page("en")


def page(language: str) -> StoryPage:
    """The story in a language, as it is kept now."""
    return StoryPage.objects.get(slug="gender", locale__language_code=language)


@pytest.fixture
def first(hub: Organisation) -> Person:
    """An editor who writes."""
    return make_person(hub, Role.EDITOR, name="first editor")


@pytest.fixture
def second(hub: Organisation) -> Person:
    """An editor who reads."""
    return make_person(hub, Role.EDITOR, name="second editor")


@pytest.fixture
def translator(hub: Organisation) -> Person:
    """Somebody who translates."""
    return make_person(hub, Role.TRANSLATOR, name="translator")
