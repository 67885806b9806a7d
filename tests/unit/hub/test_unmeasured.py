"""A site of a release whose measurements are of a form that this program does not know: what it leaves out."""

import shutil
from html import unescape
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ctdc.hub.site.dashboards import Dashboards
from ctdc.hub.site.explorer.section import Explorer
from ctdc.hub.site.frame import SITE_TEXTS, Site, SitePage
from ctdc.hub.site.sections import sections_of
from ctdc.hub.site.stories.section import Stories
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def unmeasured(site_release: Path, tmp_path_factory: pytest.TempPathFactory) -> SiteRelease:
    """The small release as a later version of this program would have written it."""
    folder = Path(shutil.copytree(site_release, tmp_path_factory.mktemp("later") / site_release.name))
    path = folder / "data" / "measurements.parquet"
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"ctdc.measurements": b"9"}), path)
    return read_release(folder)


def test_every_section_brings_its_pages_and_only_the_explorer_has_none(unmeasured: SiteRelease) -> None:
    found = {section.id: list(section.pages("en")) for section in sections_of(unmeasured)}
    assert not unmeasured.is_measured
    assert [name for name, pages in found.items() if not pages] == [Explorer.id]


@pytest.mark.parametrize("language", LANGUAGES)
def test_stories_and_themes_say_what_is_left_out_and_why(
    unmeasured: SiteRelease, site_release: Path, language: str
) -> None:
    said = SITE_TEXTS.text(language, "dash.unmeasured")
    for view in (unmeasured, read_release(site_release)):
        site = Site(view, sections_of(view))
        pages = [page for section in site.sections for page in section.pages(language) if isinstance(page, SitePage)]
        shown = [page for page in pages if page.path.startswith(("stories/", "themes/")) and page.path != "themes/"]
        assert len(shown) > 5
        for page in shown:
            assert (said in unescape(site.render(page, language))) is (view is unmeasured), page.path


def test_no_country_s_page_leads_to_the_explorer(unmeasured: SiteRelease) -> None:
    site = Site(unmeasured, sections_of(unmeasured))
    pages = [page for page in Dashboards(unmeasured).pages("en") if page.path.startswith("countries/")]
    assert len(pages) > 1
    assert not [page.path for page in pages if "/explorer/" in site.render(page, "en")]


def test_a_story_tells_what_the_figures_say_and_leaves_out_the_rest(unmeasured: SiteRelease) -> None:
    (told,) = [told for told in Stories(unmeasured).told if told.story.slug == "gender"]
    assert told.values["women"].there
    assert not any(value.there for value in told.values.values() if len(value.filter) > 1)
