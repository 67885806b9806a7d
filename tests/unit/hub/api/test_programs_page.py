"""The site's page for programs: what it shows is what the service answers, in five languages."""

import html
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ctdc.hub.site.programs.section import PROGRAM_TEXTS, Programs, questions, tables
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def view(api_release: Path) -> SiteRelease:
    return read_release(api_release)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_address_on_the_page_is_answered(client: TestClient, view: SiteRelease, language: str) -> None:
    for key, address in questions(view, language):
        assert PROGRAM_TEXTS.text(language, f"programs.ask.{key}")
        assert client.get(address).status_code == 200, address
    assert client.get(tables(view)).content.startswith(b"PAR1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_names_the_releases_own_files(view: SiteRelease, language: str) -> None:
    (page,) = Programs(view).pages(language)
    (entry,) = Programs(view).entries(language)
    assert (page.path, page.name) == (entry.path, entry.name)
    assert view.manifest.entry(page.context["records"]) is not None


def test_all_languages_have_the_same_messages() -> None:
    keys = [set(PROGRAM_TEXTS.messages(language)) for language in LANGUAGES]
    assert all(one == keys[0] for one in keys)
    assert all(PROGRAM_TEXTS.messages(language)[key] for language in LANGUAGES for key in keys[0])


def test_a_built_page_shows_the_addresses_as_they_are(site: Path) -> None:
    text = html.unescape((site / "en" / "api" / "index.html").read_text())
    found = re.findall(r"/api/v1/releases/[^<\"]+", text)
    assert any(address.endswith("counts?by=gender") for address in found)
    assert 'pandas.read_parquet("https://SITE/' in text
