"""The built pages: complete, reproducible, and shut against script and strangers."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from protected_twin import GENDERS, write_protected
from tests.support.links import lost

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file, hash_tree
from ctdc.hub.site.build import build_site
from ctdc.hub.site.release_pages import PAGES
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow


class Links(HTMLParser):
    """Collects addresses that a page loads by itself, and those that a reader can follow."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.followed: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "a":
            self.followed.append(values["href"])
        elif values.get("src") or (tag == "link" and values.get("href") and values.get("rel") != "alternate"):
            self.loaded.append(values.get("src") or values["href"])
        self.inline += [name for name in values if name == "style" or name.startswith("on")]
        is_data = values.get("type") == "application/ld+json"  # which browsers never run
        if tag == "style" or (tag == "script" and "src" not in values and not is_data):
            self.inline.append(tag)


def pages(site: Path) -> list[Path]:
    return [site / language / path / "index.html" for language in LANGUAGES for path in PAGES.values()]


def read(path: Path) -> Links:
    links = Links()
    links.feed(path.read_text())
    return links


def test_every_page_exists_in_every_language(site):
    assert all(path.is_file() for path in pages(site))
    assert (site / "index.html").is_file()
    assert (site / "404.html").is_file()


def test_nothing_is_loaded_from_elsewhere_and_nothing_is_inline(site):
    for path in [*pages(site), site / "index.html", site / "404.html"]:
        links = read(path)
        assert all(address.startswith("/assets/") for address in links.loaded), path
        assert not links.inline, path


def test_every_link_leads_somewhere(site):
    for path in pages(site):
        assert lost(site, path.read_text(), read(path).followed) == [], path


def test_the_only_way_out_is_the_exit(site):
    for path in pages(site):
        outside = [address for address in read(path).followed if address.startswith("http")]
        assert outside == [f"https://{path.relative_to(site).parts[0]}.wikipedia.org/"]


def test_same_release_gives_the_same_bytes(site, site_release, tmp_path):
    assert hash_tree(build_site(site_release, tmp_path / "again")) == hash_tree(site)


def test_files_on_offer_are_the_release_s(site, site_release):
    manifest = json.loads((site_release / "manifest.json").read_text())
    page = (site / "en/data/index.html").read_text()
    for entry in manifest["files"]:
        assert hash_file(site / "release" / site_release.name / entry["path"]) == entry["sha256"]
    for name in ("synthetic.csv", "aggregates.parquet", "measurements.parquet"):
        entry = next(entry for entry in manifest["files"] if entry["path"] == f"data/{name}")
        assert entry["sha256"] in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_simulated_banner_is_on_every_page(site, language):
    for page in PAGES.values():
        assert 'class="simulated"' in (site / language / page / "index.html").read_text()


def test_hostile_labels_stay_text_and_other_fields_work(tmp_path):
    """A table of another field, with a schema and a title that try to inject markup, and no banner."""
    protected = tmp_path / "p"
    people_codes = {"gender": GENDERS, "isForcedLabour": ["1"]}
    write_protected(protected, rows=500, codes=people_codes, length=2)
    schema = json.loads((protected / "schema.json").read_text())
    schema["fields"][0]["title"] = "<script>alert(1)</script>"
    (protected / "schema.json").write_text(json.dumps(schema))
    info = ReleaseInfo("other", simulated=False, titles={"en": "<img src=x onerror=alert(1)>"}, contact="<i>x</i>")
    release = build(protected, tmp_path / "store", info, None, datetime(2026, 3, 1, tzinfo=UTC))
    site = build_site(release, tmp_path / "site")
    for path in pages(site):
        text = path.read_text()
        assert "<script>alert" not in text and "<img" not in text and "<i>" not in text
        assert 'class="simulated"' not in text
    assert re.search(r"&lt;script&gt;alert", (site / "en/index.html").read_text())


def test_existing_folder_is_not_overwritten(site, site_release):
    with pytest.raises(UserError, match="exists"):
        build_site(site_release, site)
