"""What is brought into a studio comes out as the same site."""

from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.hub.site.about.pages import AboutPages, pages_of
from ctdc.hub.site.about.place import CONTENT as ABOUT
from ctdc.hub.site.frame import Site, SitePage
from ctdc.hub.site.place import Place
from ctdc.hub.site.stories.section import Stories
from ctdc.hub.site.stories.source import CONTENT, Story, read_stories
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.hub.studio.editors import acts, publish
from ctdc.hub.studio.editors.models import StoryPage, TextPage
from ctdc.hub.studio.events.models import Event
from ctdc.standard.languages import LANGUAGES


def told(story: Story) -> object:
    """Everything of a story but the names under which its words stand in its files."""

    def words(language: str) -> object:
        own = story.words[language]
        kinds = {"heading": own.headings, "text": own.texts, "chart": {}}
        said = [kinds[part.kind].get(part.key) for part in story.parts]
        return own.title, own.summary, said, list(own.numbers.items())

    parts = [replace(part, key="") for part in story.parts]
    rest = replace(story, parts=(), words={}, requires=(), numbers={}, sisters=())
    numbers = sorted(story.numbers.items(), key=lambda item: item[0])
    return rest, parts, numbers, set(story.requires), set(story.sisters), [words(one) for one in sorted(story.words)]


def drawn(view: SiteRelease, language: str) -> dict[str, str]:
    """Some pages of the site, as readers get them."""
    sections = (Stories(view), AboutPages(view))
    site = Site(view, sections)
    wanted = ("stories/", "stories/gender/", "faq/", "glossary/", "partners/")
    told = takewhile(lambda one: one.path.startswith("stories/"), sections[0].pages(language))
    pages = (one for one in (*told, *sections[1].pages(language)) if one.path in wanted)
    return {one.path: site.render(one, language) for one in pages if isinstance(one, SitePage)}


@pytest.mark.heavy
@pytest.mark.django_db
def test_all_that_is_shipped_comes_out_as_the_same_site(tmp_path: Path, site_release: Path) -> None:
    acts.import_content(CONTENT, ABOUT)
    publish.write_content(tmp_path / "content")
    before, after = read_stories()[1], read_stories(tmp_path / "content" / "stories")[1]
    assert [told(story) for story in before] == [told(story) for story in after]
    for language in LANGUAGES:
        assert pages_of(ABOUT, language) == pages_of(tmp_path / "content" / "about", language)
    view = replace(read_release(site_release), place=Place())
    for language in ("en", "ar"):
        shipped = drawn(view, language)
        assert len(shipped) == 5
        assert drawn(replace(view, content=tmp_path / "content"), language) == shipped
    assert Event.objects.filter(kind="content.imported").get().details == {"stories": 10, "pages": 12}


@pytest.mark.slow
@pytest.mark.django_db
def test_what_the_site_could_not_read_is_not_brought_in(stories: Path) -> None:
    words = stories / "gender" / "ar.yaml"
    words.write_text(words.read_text().replace("summary: كيف", "summary: ٧ كيف"))
    with pytest.raises(UserError, match="A figure is typed"):
        acts.import_content(stories, ABOUT)
    assert not StoryPage.objects.exists()
    assert not TextPage.objects.exists()
