"""The page of a release's data: every file with its checksum, lines that really open the data, terms, citation."""

import html
import json
import re
from pathlib import Path

import pytest
from tests.support.linked_release import write_linked_release

from ctdc.hub.site.build import build_site
from ctdc.hub.site.datasets.files import offered_groups
from ctdc.hub.site.datasets.snippets import snippets
from ctdc.hub.site.datasets.words import DATASET_TEXTS
from ctdc.hub.site.export import export_site
from ctdc.hub.site.view import read_release
from ctdc.release.manifest import read_manifest
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow  # each needs a site


ADDRESS = "https://data.example.org"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, site_release: Path) -> Path:
    """A site that knows its own address."""
    return export_site([site_release], tmp_path_factory.mktemp("published") / "site", ADDRESS).out


def lines_of(page: str) -> dict[str, str]:
    found = re.findall(r'data-program="(\w+)"><code>(.*?)</code>', page, re.DOTALL)
    return {program: html.unescape(code) for program, code in found}


def test_lines_for_r_and_stata_name_files_that_are_there(published, site_release):
    lines = lines_of((published / "en/data/index.html").read_text())
    for program in ("r", "stata"):
        addresses = re.findall(r'"(http[^"]+)"', lines[program])
        assert len(addresses) == 2
        for address in addresses:
            assert (published / address.split("/", 3)[3]).is_file()
    assert 'colClasses = "character", na.strings = ""' in lines["r"]
    assert lines["r"].count("(") == lines["r"].count(")")
    assert "stringcols(_all)" in lines["stata"]
    assert 'sheet("synthetic") firstrow allstring' in lines["stata"]


def test_without_an_address_the_lines_are_for_downloaded_files(site, site_release):
    page = (site / "en/data/index.html").read_text()
    assert "http" not in lines_of(page)["python"]
    assert DATASET_TEXTS.text("en", "dataset.open.local") in page
    assert "download.file" not in lines_of(page)["r"]


def test_the_lines_for_python_open_downloaded_files(site, site_release, monkeypatch):
    monkeypatch.chdir(site_release / "data")
    names: dict[str, object] = {}
    exec(lines_of((site / "en/data/index.html").read_text())["python"], names)
    assert names["records"].height == read_manifest(site_release)[1].rows


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_and_description_is_offered_with_its_checksum(site, site_release, language):
    page = (site / language / "data/index.html").read_text()
    _, manifest = read_manifest(site_release)
    for entry in manifest.files:
        if entry.path.startswith(("data/", "metadata/")):
            assert f'/{entry.path}"' in page, entry.path
            assert entry.sha256 in page, entry.path
    for group in ("data", "documents", "metadata", "programs"):
        assert DATASET_TEXTS.text(language, f"dataset.group.{group}") in page


def test_terms_stand_before_the_first_download_without_a_wall(site):
    page = (site / "en/data/index.html").read_text()
    assert page.index('class="terms"') < page.index(" download>")
    assert "<form" not in page[page.index("<main") :]


def test_the_description_for_search_engines_is_the_release_s_own(published, site_release):
    page = (published / "en/data/index.html").read_text()
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert "<" not in text
    shown, own = json.loads(text), json.loads((site_release / "metadata/croissant.json").read_text())
    assert {**shown, "distribution": None} == {**own, "distribution": None}
    for file in shown["distribution"]:
        assert (published / file["contentUrl"].split("/", 3)[3]).is_file()


def test_an_older_release_offers_what_it_has(site_release):
    view = read_release(site_release)
    old = {entry.path for entry in view.manifest.files if not entry.path.startswith("metadata/")}
    files = tuple(entry for entry in view.manifest.files if entry.path in old)
    object.__setattr__(view.manifest, "files", tuple(f for f in files if not f.path.endswith((".tsv", ".xlsx"))))
    offered = {file.path for group in offered_groups(view, "en") for file in group.files}
    assert "data/synthetic.csv" in offered
    assert not {path for path in offered if path.startswith("metadata/") or path.endswith(".xlsx")}
    assert "import excel" not in "".join(snippet.code for snippet in snippets(view))


def test_linked_tables_are_opened_by_their_names(tmp_path, monkeypatch, capsys):
    release = write_linked_release(tmp_path)
    page = (build_site(release, tmp_path / "site") / "en/data/index.html").read_text()
    assert 'pd.read_parquet("households.parquet")' in lines_of(page)["python"]
    assert "household_members.xlsx" in page
    assert (tmp_path / "site/en/codebook/linked.age/index.html").is_file()
    monkeypatch.chdir(release.parent)
    exec(lines_of(page)["ctdc"], {})
    assert capsys.readouterr().out


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_messages(language):
    english, other = DATASET_TEXTS.messages("en"), DATASET_TEXTS.messages(language)
    assert list(other) == list(english)
    for key, text in english.items():
        assert set(re.findall(r"{\w+}", other[key])) == set(re.findall(r"{\w+}", text)), key
