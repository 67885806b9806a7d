"""Who reported when: said by contributors, shown wherever a count depends on it, and in nobody's cases."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ctdc.foundation.collaborative import SHIPPED
from ctdc.foundation.errors import UserError
from ctdc.hub.site.about.pages import AboutPages
from ctdc.hub.site.about.place import CONTENT
from ctdc.hub.site.about.sources import KINDS, Source, read_sources, reporting_context
from ctdc.hub.site.dashboards import Dashboards
from ctdc.hub.site.datasets.variables import VariablePages
from ctdc.hub.site.frame import SitePage
from ctdc.hub.site.journeys import Journeys
from ctdc.hub.site.sections import sections_of
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.simulate.world import CONTRIBUTORS
from ctdc.standard.languages import LANGUAGES
from ctdc.standard.presentation import presentation

EXAMPLE = SHIPPED.parent / "work-accidents"
WORDS = "".join(f"  {language}: Words.\n" for language in LANGUAGES)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def view(site_release: Path) -> SiteRelease:
    """The release as if all invented contributors had sent something."""
    found = read_release(site_release)
    info = replace(found.manifest.info, sources=(*(one.name for one in CONTRIBUTORS), "Someone else"))
    return replace(found, manifest=replace(found.manifest, info=info))


def names(context: dict[str, Any]) -> list[str]:
    return [line.name for line in context["reporting"]]


def test_what_is_shipped_is_true_of_the_invented_world() -> None:
    said = read_sources(CONTENT)
    assert said.keys() == {one.name for one in CONTRIBUTORS}
    for one in CONTRIBUTORS:
        source = said[one.name]
        assert source.years == (one.first_year, one.last_year)
        assert source.places == ((one.home_country,) if one.home_country else ())
        assert source.kind in KINDS and source.statement.keys() == set(LANGUAGES)


def test_the_example_s_contributors_say_when_they_reported() -> None:
    entries = yaml.safe_load((EXAMPLE / "content" / "about" / "sources.yaml").read_text(encoding="utf-8"))
    assert all(one["kind"] in KINDS and one["years"] for one in entries)


def test_who_says_nothing_is_not_in_the_table(view: SiteRelease) -> None:
    assert names(reporting_context(view, "en")) == [one.name for one in CONTRIBUTORS]
    assert not names(reporting_context(view, "en", shown=False))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_in_every_language(view: SiteRelease, language: str) -> None:
    lines = reporting_context(view, language)["reporting"]
    assert all(line.kind and "{" not in line.kind for line in lines)
    assert all("2025" in line.years for line in lines if line.name in ("Beacon Hotline", "Open Caseworks"))


def test_it_stands_wherever_a_count_depends_on_it(view: SiteRelease) -> None:
    pages = {
        page.path: page
        for section in (Dashboards(view), Journeys(view), VariablePages(view))
        for page in section.pages("en")
        if isinstance(page, SitePage)
    }
    year = next(name for name in presentation().role("year") if f"codebook/{name}/" in pages)
    times = {f"themes/{theme.id}/" for theme in presentation().themes if theme.time}
    for path in (*times, "map/", "corridors/", "countries/", f"codebook/{year}/"):
        assert names(pages[path].context), path
    others = [path for path in pages if path.startswith("themes/") and path not in {"themes/", *times}]
    assert others and not any(names(pages[path].context) for path in others)


def test_whatever_shows_it_depends_on_the_file(view: SiteRelease) -> None:
    """Else a changed statement would not build the page anew."""
    showing = {
        section.id: section.content
        for section in sections_of(view)
        for page in section.pages("en")
        if isinstance(page, SitePage) and page.context.get("reporting")
    }
    assert showing.keys() >= {"dashboards", "journeys", "variables"}
    assert set(showing.values()) <= {CONTENT / "sources.yaml", CONTENT}


def test_the_page_of_contributors_has_it_in_a_line(view: SiteRelease) -> None:
    (page,) = (one for one in AboutPages(view).pages("en") if isinstance(one, SitePage) and one.name == "partners")
    parts = [part for section in page.context["sections"] for part in section["parts"]]
    (shown,) = (part.shown for part in parts if part.kind == "sources")
    facts = {name: facts for name, _, facts in shown}
    assert facts["Registo Nacional"].startswith("Official register · 2008–2024 · ")
    assert facts["Someone else"] == ""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("  kind: survey\n", "no kind of record"),
        ("  years: 2015\n", "no span of years"),
        ("  years: [2020, 2015]\n", "no span of years"),
        ("  years: [15, 20]\n", "no span of years"),
        ("  years: [true, 2020]\n", "no span of years"),
        ("  places: USA\n", "no list of codes"),
        ("  places: [1]\n", "no list of codes"),
        ("  since: 2015\n", "is not a key"),
    ],
)
def test_a_fault_is_named_with_its_entry(tmp_path: Path, lines: str, said: str) -> None:
    (tmp_path / "sources.yaml").write_text(f"- name: One\n{lines}{WORDS}", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_sources(tmp_path)
    assert said in caught.value.detail.what
    assert caught.value.detail.where.endswith("entry 1") and caught.value.detail.allowed


def test_what_a_contributor_leaves_out_is_not_made_up(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(f"- name: One\n  years: [2020]\n{WORDS}", encoding="utf-8")
    (found,) = read_sources(tmp_path).values()
    assert (found.years, found.kind, found.says_when) == ((2020, None), "", False)
    assert read_sources(tmp_path / "nowhere") == {}
    assert Source("Two", {}).places == ()
