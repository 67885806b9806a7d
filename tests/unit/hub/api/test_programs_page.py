"""The site's page for programs: what it shows is what the service answers, in five languages."""

import html
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ctdc.hub.site.export import export_site
from ctdc.hub.site.programs.section import ERRORS, MOVED, PROGRAM_TEXTS, Programs, questions, tables
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
    assert "variables/gender" in text and "lang=ar" in text


def test_examples_are_of_every_kind_of_address(client: TestClient, view: SiteRelease) -> None:
    """Those of linked rows and of flows are of few releases; tables are named elsewhere on the page."""
    described = client.get("/api/v1/openapi.json").json()["paths"]
    elsewhere = ("/flows", ".csv", ".parquet")
    kinds = {path for path in described if "/linked/" not in path and not path.endswith(elsewhere)}
    release, name = f"/api/v1/releases/{view.manifest.folder}", re.compile(r"/variables/\w+$")
    asked = {
        name.sub("/variables/{variable}", address.partition("?")[0]).replace(release, "/api/v1/releases/{release}")
        for _, address in questions(view, "en")
    }
    assert kinds <= asked


def test_flows_are_shown_where_a_release_has_them(site_release: Path, view: SiteRelease) -> None:
    both = read_release(site_release)
    assert dict(questions(both, "en"))["flows"] == f"/api/v1/releases/{both.manifest.folder}/flows"
    assert "flows" not in dict(questions(view, "en"))


def test_the_errors_on_the_page_are_those_of_the_service(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()["paths"]
    told = {int(status) for path in described.values() for status in path["get"]["responses"] if status != "200"}
    assert told | {client.post("/api/v1/releases").status_code} == {*MOVED, *ERRORS}


def test_examples_are_whole_where_the_site_knows_its_address(small_release: Path, tmp_path: Path) -> None:
    known = export_site([small_release], tmp_path / "known", url="https://data.example.org").out
    unknown = export_site([small_release], tmp_path / "unknown").out
    for language in LANGUAGES:
        whole, part = (html.unescape((out / language / "api" / "index.html").read_text()) for out in (known, unknown))
        local = PROGRAM_TEXTS.text(language, "programs.ask.local")
        assert 'pandas.read_parquet("https://data.example.org/api/v1/' in whole
        assert local not in whole and "data-start" not in whole
        assert 'pandas.read_parquet("<span data-start></span>/api/v1/' in part
        assert local in part and "SITE" not in part
