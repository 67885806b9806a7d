"""A release of another hub on the site and in the service: apart, whole, and with whose it is on every page."""

import json
import re
import shutil
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.support.another_hub import NAMES, AnotherHub, another_hub, in_other_languages, write_partners
from tests.support.links import lost

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file, hash_tree
from ctdc.foundation.progress import Silent
from ctdc.hub.server import site_and_service
from ctdc.hub.site.check import check_site
from ctdc.hub.site.export import _guests, export_site
from ctdc.hub.site.frame import Site
from ctdc.hub.site.partners.pages import guest, read_partners, write_guest
from ctdc.hub.site.partners.words import PARTNER_TEXTS
from ctdc.hub.site.place import Place
from ctdc.release.manifest import read_manifest
from ctdc.release.partners.copies import withdraw
from ctdc.release.partners.hubs import read_hubs
from ctdc.release.partners.include import include
from ctdc.release.partners.record import NAME, Included, read_included
from ctdc.release.partners.sources import source_at
from ctdc.release.tombstones import Tombstone, bury
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow
WHEN = datetime(2026, 4, 1, 12, tzinfo=UTC)
URL = "https://data.example.org"


@pytest.fixture(scope="module")
def north(tmp_path_factory: pytest.TempPathFactory) -> AnotherHub:
    return another_hub(tmp_path_factory.mktemp("north"))


@pytest.fixture(scope="module")
def partners(tmp_path_factory: pytest.TempPathFactory, north: AnotherHub) -> Path:
    folder = write_partners(tmp_path_factory.mktemp("partners"), north.public.id)
    with source_at(str(north.release)) as source:
        include(source, folder, read_hubs(folder)["north"], WHEN)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, small_release: Path, partners: Path) -> Path:
    return export_site([small_release], tmp_path_factory.mktemp("site") / "site", URL, partners=partners).out


@pytest.fixture(scope="module")
def client(site: Path) -> TestClient:
    return TestClient(site_and_service(site))


@pytest.fixture(scope="module")
def line(partners: Path) -> Included:
    return read_included(partners / NAME)[0]


def test_the_front_stays_one_s_own(site: Path, small_release: Path, line: Included) -> None:
    front = (site / "en/index.html").read_text()
    assert read_manifest(small_release)[1].folder in front
    assert line.folder not in front


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_whose_it_is_and_not_to_add(site: Path, line: Included, language: str) -> None:
    text = {key: PARTNER_TEXTS.text(language, f"partners.{key}", hub=NAMES[language]) for key in ("notice", "overlap")}
    pages = [
        site / language / "releases" / line.folder / below / "index.html"
        for below in ("", "data", "codebook", "privacy")
    ]
    for page in pages:
        assert text["notice"] in page.read_text()
        assert text["overlap"] in page.read_text()
    for page in pages[:2]:
        assert line.key in page.read_text()
        assert line.manifest_sha256 in page.read_text()
    catalogue = (site / language / "releases/index.html").read_text()
    part = catalogue[catalogue.index('id="partners"') :]
    assert text["notice"] in part and text["overlap"] in part and line.key in part
    assert line.folder not in catalogue[: catalogue.index('id="partners"')]


def test_a_release_of_another_field_is_shown_from_its_own_code_book(site: Path, line: Included) -> None:
    overview = (site / "en/releases" / line.folder / "index.html").read_text()
    assert "shelter" in overview and "&lt;b&gt;city&lt;/b&gt;" in overview
    assert "<b>city</b>" not in overview
    assert "The dashboards, stories and the explorer of this site are about its own newest release" in overview
    assert "Shelters of the North &lt;North&gt;" in overview
    assert "legalAid" in (site / "en/releases" / line.folder / "codebook/index.html").read_text()


def test_its_files_are_there_as_they_were_signed(site: Path, north: AnotherHub, line: Included) -> None:
    assert hash_tree(site / "releases" / line.folder) == hash_tree(north.release)
    found = check_site(site)
    assert found is not None and found.wrong == ()


def test_its_pages_name_the_documentation_at_their_foot(partners: Path, line: Included, tmp_path: Path) -> None:
    (view,) = _guests(partners, [line], Place(files="/releases/", documentation="/docs/"))
    write_guest(Site(view, ()), view, tmp_path)
    page = (tmp_path / "en/releases" / line.folder / "index.html").read_text()
    assert 'href="/docs/"' in page[page.index("<footer") :]


def test_every_link_of_its_pages_leads_somewhere(site: Path, line: Included) -> None:
    for page in [*(site / "en/releases" / line.folder).rglob("index.html"), site / "ar/releases/index.html"]:
        text = page.read_text()
        found = re.findall(r'href="([^"]+)"', text)
        inside = [one for one in found if one.startswith(("/", "#")) and not one.startswith(("/api/", "/assets/"))]
        assert lost(site, text, inside) == []


def test_the_catalogue_for_portals_names_both_publishers(site: Path, line: Included) -> None:
    graph = json.loads((site / "catalogue.jsonld").read_text())["@graph"]
    datasets = [one for one in graph if one["@type"] == "dcat:Dataset"]
    (theirs,) = [one for one in datasets if "prov:wasDerivedFrom" in one]
    assert len(datasets) == 2
    assert theirs["dct:publisher"]["foaf:name"] == line.publisher
    assert theirs["prov:wasDerivedFrom"]["@id"] == "https://north.example.org/"
    labels = {one["@language"]: one["@value"] for one in theirs["dct:provenance"]["rdfs:label"]}
    assert set(labels) == set(LANGUAGES)
    assert all(line.key in label for label in labels.values())


def test_its_page_tells_search_engines_what_it_is_based_on(site: Path, line: Included) -> None:
    page = (site / "en/releases" / line.folder / "data/index.html").read_text()
    document = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)[0])
    assert document["isBasedOn"] == "https://north.example.org/"
    assert document["provider"]["name"] == NAMES["en"]


def test_the_service_answers_for_it_apart(client: TestClient, small_release: Path, line: Included) -> None:
    listed = client.get("/api/v1/releases").json()
    own = read_manifest(small_release)[1].folder
    assert (listed["latest"], [one["name"] for one in listed["releases"]]) == (own, [own])
    (theirs,) = listed["included"]
    assert theirs["name"] == line.folder
    assert theirs["provenance"]["key"] == line.key
    answer = client.get(f"/api/v1/releases/{line.folder}/counts?by=arrival").json()
    assert answer["provenance"]["publisher"] == line.publisher
    assert "Do not add" in answer["provenance"]["note"]
    assert {row["codes"]["arrival"] for row in answer["counts"]} == {"winter", "spring", "summer", "autumn", None}
    assert "provenance" not in client.get("/api/v1/releases/latest/counts?by=gender").json()


def test_the_explorer_s_site_has_one_s_own_release_at_its_front(client: TestClient, line: Included) -> None:
    page = client.get("/en/explorer/?gender=Woman").text
    assert line.folder not in page


def test_built_again_nothing_is_rendered(site: Path, small_release: Path, partners: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(site, tmp_path / "site"))
    again = export_site([small_release], copy, URL, partners=partners)
    assert again.rendered == 0
    assert hash_tree(copy) == hash_tree(site)


def test_building_asks_no_network(
    site: Path, small_release: Path, partners: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("the build asked the network")

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    monkeypatch.setattr("urllib.request.OpenerDirector.open", asked)
    copy = Path(shutil.copytree(site, tmp_path / "site"))
    assert export_site([small_release], copy, URL, partners=partners).included


def test_a_copy_in_a_site_is_not_taken_for_one_s_own(site: Path, line: Included, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        export_site([site / "releases" / line.folder], tmp_path / "site")
    assert caught.value.detail.code == "site.of_another"


def test_the_copy_that_was_taken_over_is_not_one_s_own(partners: Path, line: Included, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        export_site([line.place(partners)], tmp_path / "site")
    assert caught.value.detail.code == "site.of_another"


def test_one_s_own_release_is_not_another_s(north: AnotherHub, partners: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        export_site([north.release], tmp_path / "site", partners=partners)
    assert caught.value.detail.code == "site.own_included"


@pytest.fixture
def withdrawn(tmp_path: Path, site: Path, small_release: Path, partners: Path, line: Included) -> Path:
    """The site after the other hub has withdrawn its release."""
    own = Path(shutil.copytree(partners, tmp_path / "partners"))
    words = {"en": "Two shelters were exchanged.", "ar": "استُبدل ملجأ بآخر."}
    stone = Tombstone(line.id, line.folder, line.created, line.titles, WHEN, "error", words)
    withdraw(own, read_hubs(own)["north"], [stone], WHEN)
    copy = Path(shutil.copytree(site, tmp_path / "site"))
    made = export_site([small_release], copy, URL, partners=own)
    assert made.gone == ((line.folder, "withdrawn"),)
    return copy


def test_what_was_withdrawn_is_gone_with_the_reason(withdrawn: Path, line: Included) -> None:
    assert not (withdrawn / "releases" / line.folder).exists()
    for below in ("", "data", "codebook", "privacy"):
        page = (withdrawn / "en/releases" / line.folder / below / "index.html").read_text()
        assert "North Data Hub has withdrawn the release." in page
        assert "Two shelters were exchanged." in page
    assert "ملجأ" in (withdrawn / "ar/releases" / line.folder / "index.html").read_text()
    assert 'id="partners-gone"' in (withdrawn / "de/releases/index.html").read_text()
    client = TestClient(site_and_service(withdrawn))
    answer = client.get(f"/api/v1/releases/{line.folder}/counts?by=arrival")
    assert (answer.status_code, answer.json()["code"]) == (410, "api.not_included")
    (gone,) = client.get("/api/v1/releases").json()["not_included"]
    assert (gone["folder"], gone["reason"]) == (line.folder, "withdrawn")


def test_what_is_gone_says_so_also_when_no_release_of_one_s_own_is_left(
    north: AnotherHub, partners: Path, line: Included, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(partners, tmp_path / "partners"))
    stone = Tombstone(line.id, line.folder, line.created, line.titles, WHEN, "error", {"en": "Two shelters."})
    withdraw(own, read_hubs(own)["north"], [stone], WHEN)
    bury(tmp_path / "withdrawn.json", replace(stone, id="f" * 64, folder="global-ffffffffffff"))
    made = export_site([], tmp_path / "site", withdrawn=tmp_path / "withdrawn.json", partners=own)
    assert made.gone == ((line.folder, "withdrawn"),)
    for place in ("", "en/", f"ar/releases/{line.folder}/", f"en/releases/{line.folder}/data/"):
        page = (tmp_path / "site" / place / "index.html").read_text()
        assert "North Data Hub has withdrawn the release." in page
        assert line.id in page
    answer = TestClient(site_and_service(made.out)).get(f"/api/v1/releases/{line.folder}/counts?by=arrival")
    assert (answer.status_code, answer.json()["code"]) == (410, "api.not_included")


def test_a_damaged_copy_is_not_shown(
    site: Path, small_release: Path, partners: Path, line: Included, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(partners, tmp_path / "partners"))
    with (line.place(own) / "data/synthetic.csv").open("a") as stream:
        stream.write("x\n")
    copy = Path(shutil.copytree(site, tmp_path / "site"))
    made = export_site([small_release], copy, URL, partners=own)
    assert (made.included, made.gone) == ((), ((line.folder, "damaged"),))
    page = (copy / "en/releases" / line.folder / "index.html").read_text()
    assert "no longer agrees with what North Data Hub signed" in page
    assert hash_file(copy / "included.json") != hash_file(site / "included.json")


def test_a_release_in_other_languages_is_shown_in_those_of_the_site(north: AnotherHub, tmp_path: Path) -> None:
    """Where its collaborative has no label in a language, that in its first language stands there."""
    own = write_partners(tmp_path / "partners", north.public.id)
    with source_at(str(in_other_languages(north, tmp_path))) as source:
        include(source, own, read_hubs(own)["north"], WHEN)
    view = guest(own, read_partners(own, [], Silent())[0], Place(files="/releases/"))
    write_guest(Site(view, ()), view, tmp_path / "pages")
    pages = tmp_path / "pages"
    for language, label in (("de", "arrival (pt)"), ("ar", "ملاجئ"), ("fr", "Abrigos")):
        assert label in (pages / language / "releases" / view.manifest.folder / "index.html").read_text()
    assert "shelter (pt)" in (pages / "es/releases" / view.manifest.folder / "codebook/index.html").read_text()
