"""A withdrawn release: its name, when and why stay; its data are gone from the site and from the service."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ctdc.foundation.errors import Refused, UserError
from ctdc.hub.server import site_and_service
from ctdc.hub.site.export import export_site
from ctdc.release.manifest import read_manifest
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.tombstones import REASONS, Tombstone, bury, read_tombstones
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow
WHEN = datetime(2026, 5, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def stone(small_release: Path) -> Tombstone:
    """The tombstone of a release that is not the one that stays."""
    _, manifest = read_manifest(small_release)
    words = {"en": "The codes of two countries were exchanged.", "ar": "استُبدل رمزا بلدين أحدهما بالآخر."}
    titles = {language: manifest.info.title(language) for language in LANGUAGES}
    return Tombstone("f" * 64, "global-ffffffffffff", manifest.created, titles, WHEN, "error", words)


@pytest.fixture
def listed(tmp_path: Path, stone: Tombstone) -> Path:
    """A file with it."""
    bury(tmp_path / "withdrawn.json", stone)
    return tmp_path / "withdrawn.json"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, small_release: Path, stone: Tombstone) -> Path:
    """A site of one release that is there, and one that was withdrawn."""
    folder = tmp_path_factory.mktemp("withdrawn")
    bury(folder / "withdrawn.json", stone)
    return export_site([small_release], folder / "site", withdrawn=folder / "withdrawn.json").out


def test_a_tombstone_is_read_as_it_was_written_and_stays_as_it_is(listed: Path, stone: Tombstone) -> None:
    bury(listed, replace(stone, reason="other"))
    assert read_tombstones(listed) == (stone,)


@pytest.mark.parametrize(
    "change", [{"format": "x"}, {"releases": [{}]}, {"releases": 1}, {"releases": [{"reason": "because"}]}]
)
def test_another_file_is_refused(listed: Path, change: dict[str, object]) -> None:
    document = json.loads(listed.read_text())
    listed.write_text(json.dumps(document | change))
    with pytest.raises(UserError) as caught:
        read_tombstones(listed)
    assert caught.value.detail.code == "release.withdrawn"


def test_a_folder_that_leads_elsewhere_is_refused(stone: Tombstone) -> None:
    with pytest.raises(UserError, match="cannot be"):
        replace(stone, folder="../../etc")


def test_every_reason_has_its_words_in_every_language() -> None:
    for language in LANGUAGES:
        assert all(RELEASE_TEXTS.text(language, f"withdrawn.{reason}") for reason in REASONS)


def test_the_site_says_what_was_withdrawn_when_and_why(site: Path) -> None:
    for below in ("", "codebook/", "privacy/"):
        page = (site / "en/releases/global-ffffffffffff" / below / "index.html").read_text()
        assert "This release was withdrawn" in page
        assert "two countries were exchanged" in page
        assert "f" * 64 in page
    arabic = (site / "ar/releases/global-ffffffffffff/index.html").read_text()
    assert "سُحب هذا الإصدار" in arabic
    assert "رمزا بلدين" in arabic
    assert "two countries" not in (site / "fr/releases/global-ffffffffffff/index.html").read_text()
    catalogue = (site / "en/releases/index.html").read_text()
    assert "Withdrawn releases" in catalogue
    assert 'href="/en/releases/global-ffffffffffff/"' in catalogue
    assert not (site / "releases" / "global-ffffffffffff").exists()


def test_what_was_withdrawn_is_not_published_again(small_release: Path, tmp_path: Path, stone: Tombstone) -> None:
    identifier, manifest = read_manifest(small_release)
    bury(tmp_path / "gone.json", replace(stone, id=identifier, folder=manifest.folder))
    with pytest.raises(Refused, match="published again"):
        export_site([small_release], tmp_path / "site", withdrawn=tmp_path / "gone.json")


def test_the_service_answers_that_it_is_gone(site: Path) -> None:
    client = TestClient(site_and_service(site))
    answer = client.get("/api/v1/releases/global-ffffffffffff/counts?by=gender")
    assert (answer.status_code, answer.json()["code"]) == (410, "api.withdrawn")
    assert "2026-05-02" in answer.json()["detail"]
    (gone,) = client.get("/api/v1/releases").json()["withdrawn"]
    assert (gone["name"], gone["reason"]) == ("global-ffffffffffff", "error")


def test_when_all_are_withdrawn_the_site_says_so_and_nothing_else(site: Path, tmp_path: Path, listed: Path) -> None:
    export_site([], site, withdrawn=listed)
    assert not (site / "releases").exists()
    for place in ("", "en/", "ar/", "fr/releases/global-ffffffffffff/"):
        page = (site / place / "index.html").read_text()
        assert "No release is published at present" in page
        assert "رمزا بلدين" in page
    client = TestClient(site_and_service(site))
    assert client.get("/en/").status_code == 200
    assert client.get("/api/v1/releases").json()["latest"] is None
    assert client.get("/api/v1/releases/latest/counts", follow_redirects=False).status_code == 404
    with pytest.raises(UserError, match="No release was given"):
        export_site([], tmp_path / "nothing")
