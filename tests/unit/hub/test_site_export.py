"""The site of several releases: whole or not at all, the same bytes always, and only what changed rendered anew."""

import ctypes
import json
import re
import shutil
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from protected_twin import PROFILE, write_protected
from tests.support.linked_release import write_linked_release
from tests.support.links import lost

import ctdc.hub.site.export as export
import ctdc.hub.site.sections as sections
from ctdc.cli.site import command
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_file, hash_tree
from ctdc.hub.site.about.help import HelpPage
from ctdc.hub.site.about.pages import AboutPages
from ctdc.hub.site.check import check_site
from ctdc.hub.site.export import export_site
from ctdc.hub.site.frame import SITE_TEXTS, SitePage
from ctdc.hub.site.release_pages import PAGES, ReleasePages
from ctdc.hub.site.stories.section import Stories
from ctdc.hub.site.stories.source import CONTENT
from ctdc.hub.site.view import read_release
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.release.manifest import read_manifest
from ctdc.release.numbers import date, number, number_range
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow

URL = "https://data.example.org"


class Links(HTMLParser):
    """The addresses that a reader can follow, and what the head says of the page's address and translations."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.followed: list[str] = []
        self.canonical: list[str] = []
        self.alternates: dict[str, str] = {}
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        # Telephones ring, and the counts service answers, outside the site.
        if tag == "a" and not values["href"].startswith(("tel:", "/api/")):
            self.followed.append(values["href"])
        elif tag == "link" and values["rel"] == "canonical":
            self.canonical.append(values["href"])
        elif tag == "link" and values["rel"] == "alternate":
            self.alternates[values["hreflang"]] = values["href"]


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory, small_release: Path, few_codes: dict[str, list[str]]) -> Path:
    """A second release, a year later, which knows of the first."""
    protected = write_protected(tmp_path_factory.mktemp("newer") / "p", rows=1700, codes=few_codes)
    info = ReleaseInfo("twin", simulated=False, profile=PROFILE, version="2027.1")
    store = tmp_path_factory.mktemp("newer-store")
    return build(protected, store, info, small_release, datetime(2027, 3, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, small_release: Path, newer: Path) -> Path:
    """The site of both releases; the older is given first, which must not matter."""
    return export_site([small_release, newer], tmp_path_factory.mktemp("both") / "site", URL).out


def in_another_language(path: str, language: str) -> bool:
    """Whether a released file is the ready tables with other labels."""
    found = re.fullmatch(r"data/tables\.([a-z]+)\.(?:csv|xlsx)", path)
    return found is not None and found[1] != language


def html(site: Path) -> list[Path]:
    return [path for language in LANGUAGES for path in (site / language).rglob("index.html")]


def test_the_newest_release_is_at_the_front(both, newer):
    _, manifest = read_manifest(newer)
    for page in PAGES.values():
        assert manifest.folder in (both / "en" / page / "index.html").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_says_what_the_releases_say(both, small_release, newer, language):
    text = (both / language / "releases/index.html").read_text()
    assert text.index(f'id="{newer.name}"') < text.index(f'id="{small_release.name}"')
    for folder in (small_release, newer):
        _, manifest = read_manifest(folder)
        part = text[text.index(f'id="{folder.name}"') :].split("</article>")[0]
        figures = json.loads((folder / "data/figures.json").read_text())
        people = next(headline for headline in figures["headlines"] if headline["id"] == "victims")
        assert number(language, people["count"]) in part
        assert number_range(language, people["low95"], people["high95"]) in part
        assert date(language, manifest.created) in part
        assert manifest.id in part
        assert manifest.info.title(language) in part
        for entry in manifest.files:
            if in_another_language(entry.path, language):
                continue
            if entry.path.startswith("data/") and entry.path.endswith((".csv", ".parquet", "figures.json")):
                assert f'href="/releases/{folder.name}/{entry.path}"' in part
                assert entry.sha256 in part


def test_the_banner_and_the_badge_stand_where_people_were_invented(both, small_release, newer):
    """One of the two releases is simulated: its pages say so, those of the other do not, the catalogue marks one."""
    banner, badge = 'class="simulated"', 'class="badge"'
    for language in LANGUAGES:
        catalogue = (both / language / "releases/index.html").read_text()
        assert banner not in catalogue
        assert catalogue.count(badge) == 1
        assert banner in (both / language / "releases" / small_release.name / "index.html").read_text()
        assert banner not in (both / language / "releases" / newer.name / "index.html").read_text()
        assert banner not in (both / language / "index.html").read_text()


def test_every_release_keeps_its_pages_and_only_older_ones_point_to_the_newest(both, small_release, newer):
    for language in LANGUAGES:
        older_text = SITE_TEXTS.text(language, "releases.older")
        for folder in (small_release, newer):
            for page in ("", "codebook/", "privacy/"):
                path = both / language / "releases" / folder.name / page / "index.html"
                assert (older_text in path.read_text()) == (folder == small_release)
                shelf = [address for address in Links(path).followed if f"/releases/{folder.name}/" in address]
                assert len({address for address in shelf if address.startswith(f"/{language}/releases/")}) >= 3
        older = Links(both / language / "releases" / small_release.name / "index.html")
        assert f"/{language}/releases/{newer.name}/" in older.followed


def test_an_older_release_does_not_claim_the_site_s_figures(both, small_release):
    for language in LANGUAGES:
        text = (both / language / "releases" / small_release.name / "index.html").read_text()
        for key in ("data.lead", "file.figures"):
            assert SITE_TEXTS.text(language, key) not in text
            assert SITE_TEXTS.text(language, key) in (both / language / "data/index.html").read_text()
        assert SITE_TEXTS.text(language, "releases.data_lead") in text
        assert SITE_TEXTS.text(language, "releases.figures") in text


def test_every_link_leads_somewhere(both):
    for path in html(both):
        assert lost(both, path.read_text(), Links(path).followed) == [], path


def test_linked_tables_of_another_field_stand_beside_cases(newer, tmp_path):
    linked = write_linked_release(tmp_path / "linked")
    site = export_site([newer, linked], tmp_path / "site").out
    text = (site / "en/releases/index.html").read_text()
    assert text.index(f'id="{newer.name}"') < text.index(f'id="{linked.name}"')
    for path in html(site):
        addresses = [re.split("[?#]", address)[0] for address in Links(path).followed if address.startswith("/")]
        assert all((site / at.lstrip("/")).is_file() or (site / at[1:] / "index.html").is_file() for at in addresses)
    for entry in read_manifest(linked)[1].files:
        if entry.path.startswith("data/") and not in_another_language(entry.path, "en"):
            assert f'href="/releases/{linked.name}/{entry.path}"' in text


def test_a_part_without_files_is_one(tmp_path):
    assert export._make(export.Part("none", "", lambda folder: None), tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


def test_released_files_are_there_once_and_true(both, small_release, newer):
    for folder in (small_release, newer):
        _, manifest = read_manifest(folder)
        for entry in manifest.files:
            assert hash_file(both / "releases" / folder.name / entry.path) == entry.sha256
        assert hash_file(both / "releases" / folder.name / "manifest.json") == hash_file(folder / "manifest.json")
    assert len(list(both.rglob("synthetic.csv"))) == 2
    assert not (both / "release").exists()


# ---- the same bytes, and no more work than is needed --------------------------------------------------------------


def test_a_built_site_is_found_as_it_was_built(both):
    found = check_site(both)
    assert (found.wrong, len(found.releases)) == ((), 2)
    assert found.files == sum(path.is_file() for path in both.rglob("*"))


def test_another_folder_and_another_time_give_the_same_bytes(both, small_release, newer, tmp_path, monkeypatch):
    """Copies of the releases elsewhere, given in the other order, in another time zone, with a later clock."""
    copies = [Path(shutil.copytree(folder, tmp_path / "copies" / folder.name)) for folder in (newer, small_release)]
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    again = export_site(copies, tmp_path / "elsewhere", URL)
    assert again.rendered == again.pages
    assert hash_tree(again.out) == hash_tree(both)


def test_nothing_is_rendered_again_when_nothing_changed(both, small_release, newer, tmp_path):
    site = Path(shutil.copytree(both, tmp_path / "site"))
    before = {path: path.stat().st_mtime_ns for path in html(site)}
    again = export_site([small_release, newer], site, URL)
    assert (again.rendered, again.pages) == (0, len(html(site)) + 2)
    assert hash_tree(site) == hash_tree(both)
    assert {path: path.stat().st_mtime_ns for path in html(site)} == before, "times of change are part of nginx's ETags"


def test_a_new_release_renders_only_what_it_changes(both, small_release, newer, tmp_path):
    """From one release to two: the front, the catalogue, the new pages, and the old release's, which now is older."""
    site = tmp_path / "site"
    first = export_site([small_release], site, URL)
    assert first.rendered == first.pages
    export_site([small_release, newer], site, URL)
    assert hash_tree(site) == hash_tree(both)
    back = export_site([newer], site, URL)
    # Stories bring the pages of those charts that only they show.
    brought = [page for page in Stories(read_release(newer)).pages("en") if isinstance(page, SitePage)]
    assert len(html(site)) > back.rendered == len(LANGUAGES) * (2 + len(brought)), "catalogue, search and stories"
    assert not (site / "releases" / small_release.name).exists()
    assert not (site / "en/releases" / small_release.name).exists()


def test_a_page_that_was_tampered_with_is_rendered_again(both, small_release, newer, tmp_path):
    site = Path(shutil.copytree(both, tmp_path / "site"))
    (site / "en/releases" / newer.name / "index.html").write_text("other")
    (site / "stray.html").write_text("stray")
    assert export_site([small_release, newer], site, URL).rendered == 3 * len(LANGUAGES)
    assert hash_tree(site) == hash_tree(both)


def test_another_program_renders_everything_again(both, small_release, newer, tmp_path, monkeypatch):
    site = Path(shutil.copytree(both, tmp_path / "site"))
    monkeypatch.setattr(export, "fingerprint", lambda: "another version")
    again = export_site([small_release, newer], site, URL)
    assert again.rendered == again.pages


def test_a_record_cannot_reach_outside_the_site(both, small_release, newer, tmp_path):
    site = Path(shutil.copytree(both, tmp_path / "site"))
    secret = tmp_path / "secret.html"
    secret.write_text("secret")
    record = json.loads((site / "site.json").read_text())
    record["parts"]["releases"]["files"] = {"../secret.html": hash_file(secret)}
    (site / "site.json").write_text(json.dumps(record))
    assert export_site([small_release, newer], site, URL).rendered == len(LANGUAGES)
    assert hash_tree(site) == hash_tree(both)


# ---- the old site stays until the new one is whole ----------------------------------------------------------------


@pytest.mark.parametrize("swap", [True, False], ids=["in one step", "in two renames"])
def test_the_new_site_takes_the_place_of_the_old(both, newer, tmp_path, monkeypatch, swap):
    if not swap:
        monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    site = Path(shutil.copytree(both, tmp_path / "site"))
    (tmp_path / "link").symlink_to(site)
    export_site([newer], tmp_path / "link", URL)
    assert (tmp_path / "link").is_symlink()
    assert json.loads((site / "site.json").read_text())["releases"] == [read_manifest(newer)[1].id]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "site"]
    assert site.stat().st_mode & 0o777 == 0o755


def test_a_failure_half_way_leaves_the_old_site(both, newer, tmp_path, monkeypatch):
    site = Path(shutil.copytree(both, tmp_path / "site"))
    before = hash_tree(site)
    monkeypatch.setattr(export, "sitemap", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_site([newer], site, URL)
    assert hash_tree(site) == before
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_file_that_changes_after_verification_is_not_published(newer, tmp_path, monkeypatch):
    release = Path(shutil.copytree(newer, tmp_path / newer.name))
    verified = export.require_verified

    def verify_and_change(folder, watch):
        verified(folder, watch)
        with (folder / "data/synthetic.csv").open("a") as stream:
            stream.write("x\n")

    monkeypatch.setattr(export, "require_verified", verify_and_change)
    with pytest.raises(Refused, match="changed while the site was built"):
        export_site([release], tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_releases_may_come_from_the_site_itself(both, newer, small_release, tmp_path):
    """The copies in a site are whole releases, also while the site is being replaced."""
    site = Path(shutil.copytree(both, tmp_path / "site"))
    export_site([site / "releases" / folder.name for folder in (small_release, newer)], site, URL)
    assert hash_tree(site) == hash_tree(both)


# ---- addresses ----------------------------------------------------------------------------------------------------


def test_pages_name_their_address_and_translations(both):
    for path in html(both):
        links = Links(path)
        language, *rest = path.parent.relative_to(both).parts
        if rest[-1:] == ["embed"]:  # a chart alone is no page to be found by itself: it leads to the one that it is of
            assert links.canonical == ["/".join([URL, language, *rest[:-1], ""])]
            continue
        here = "/".join([URL, language, *rest, ""])
        assert links.canonical == [here]
        assert links.alternates == {code: "/".join([URL, code, *rest, ""]) for code in LANGUAGES}


def test_the_sitemap_lists_every_page_once(both):
    space = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    root = ElementTree.parse(both / "sitemap.xml").getroot()
    locations = [found.text for found in root.findall("s:url/s:loc", space)]
    wanted = {
        f"{URL}/{path.parent.relative_to(both).as_posix()}/" for path in html(both) if path.parent.name != "embed"
    }
    assert sorted(locations) == sorted(wanted)
    assert {len(url.findall("x:link", space)) for url in root.findall("s:url", space)} == {len(LANGUAGES)}
    assert f"Sitemap: {URL}/sitemap.xml" in (both / "robots.txt").read_text()


def test_without_an_address_there_is_none(newer, tmp_path):
    site = export_site([newer], tmp_path / "site").out
    assert not (site / "sitemap.xml").exists()
    assert not (site / "robots.txt").exists()
    assert Links(site / "en/index.html").canonical == []
    assert Links(site / "en/index.html").alternates == {}, "an address without its host tells search engines nothing"


@pytest.mark.parametrize(
    "url", ["data.example.org", "ftp://x.org", "https://", "https://x.org/sub", "https://x.org?q=1", "https://x:y/"]
)
def test_an_address_that_cannot_be_is_refused(newer, tmp_path, url):
    with pytest.raises(UserError) as caught:
        export_site([newer], tmp_path / "site", url)
    assert caught.value.detail.code == "site.url"


# ---- errors -------------------------------------------------------------------------------------------------------


def code_of(*releases: Path, out: Path) -> str:
    with pytest.raises(UserError) as caught:
        export_site(releases, out)
    assert caught.value.detail.do
    return caught.value.detail.code


def test_no_release(tmp_path, newer):
    assert code_of(out=tmp_path / "site") == "site.no_release"
    assert code_of(newer.parent, out=tmp_path / "site") == "site.store"
    assert code_of(tmp_path, out=tmp_path / "site") == "release.not_a_release"
    assert not (tmp_path / "site").exists()


def test_two_of_the_same_id(tmp_path, newer):
    (tmp_path / "latest").symlink_to(newer)
    assert code_of(newer, tmp_path / "latest", out=tmp_path / "site") == "site.twice"


def test_a_release_that_does_not_verify_is_not_shown_and_the_site_stays(both, newer, tmp_path):
    site = Path(shutil.copytree(both, tmp_path / "site"))
    release = Path(shutil.copytree(newer, tmp_path / newer.name))
    with (release / "data/figures.json").open("a") as stream:
        stream.write(" ")
    with pytest.raises(Refused, match="does not verify"):
        export_site([release], site)
    assert hash_tree(site) == hash_tree(both)


def test_a_folder_that_is_not_a_site_is_left_alone(newer, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("years of work")
    assert code_of(newer, out=tmp_path / "thesis") == "site.not_a_site"
    (tmp_path / "thesis/site.json").write_text("[]")
    assert code_of(newer, out=tmp_path / "thesis") == "site.not_a_site"
    assert (tmp_path / "thesis/chapter.txt").read_text() == "years of work"


def test_a_site_is_not_built_inside_a_release(newer, tmp_path):
    assert code_of(newer, out=newer / "site") == "site.in_release"


def test_an_empty_folder_and_a_site_without_a_record_may_be_replaced(newer, site, tmp_path):
    (tmp_path / "empty").mkdir()
    assert export_site([newer], tmp_path / "empty").pages
    plain = Path(shutil.copytree(site, tmp_path / "plain"))
    made = export_site([newer], plain)
    assert made.rendered == made.pages


# ---- the command --------------------------------------------------------------------------------------------------


def test_the_command_builds_and_says_so(newer, small_release, tmp_path):
    arguments = ["build", str(newer), str(small_release), "--out", str(tmp_path / "site")]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert re.search(r"The site of 2 releases is in .*: \d+ pages, \d+ of them rendered anew", result.stdout)
    assert "Verifying the release" in result.stderr
    again = CliRunner().invoke(command, [*arguments, "--json"], catch_exceptions=False)
    outcome = json.loads(again.stdout)
    assert outcome["rendered"] == 0
    assert outcome["releases"] == [read_manifest(folder)[1].id for folder in (newer, small_release)]


def test_what_editors_wrote_stands_in_the_place_of_what_is_shipped(tmp_path, small_release, monkeypatch):
    written = {ReleasePages, Stories, AboutPages, HelpPage}  # charts and variables take most of a build's time
    monkeypatch.setattr(sections, "SECTIONS", tuple(one for one in sections.SECTIONS if one in written))
    content, out = tmp_path / "content", tmp_path / "site"
    shutil.copytree(CONTENT / "gender", content / "stories" / "gender")
    shutil.copy(CONTENT / "terms.yaml", content / "stories")
    (content / "stories" / "order.yaml").write_text("[gender]")
    story = content / "stories" / "gender" / "story.yaml"
    story.write_text(story.read_text().replace("sisters: [trafficked-persons, exploitation]", "sisters: []"))
    export_site([small_release], out, content=content)
    assert [path.name for path in (out / "en" / "stories").iterdir() if path.is_dir()] == ["gender"]
    assert (out / "en" / "faq" / "index.html").is_file(), "what is not in the folder is as it is shipped"
    words = content / "stories" / "gender" / "en.yaml"
    words.write_text(words.read_text().replace("title: 'Women,", "title: 'Every person, women,"))
    result = export_site([small_release], out, content=content)
    assert "Every person, women," in (out / "en" / "stories" / "gender" / "index.html").read_text()
    assert 0 < result.rendered < result.pages / 2, "the pages of stories and nothing else"


@pytest.mark.parametrize("entry", ["", "gender", "stories/../x.yaml"])
def test_a_folder_of_content_that_is_none_is_refused(tmp_path, small_release, entry):
    content = tmp_path / "content"
    content.mkdir()
    (content / "stories").mkdir()
    if entry:
        (content / entry).touch()
    else:
        (content / "stories").rmdir()
    with pytest.raises(UserError, match="no folder of what editors write"):
        export_site([small_release], tmp_path / "site", content=content)
    assert not (tmp_path / "site").exists()


def test_the_documentation_stands_beside_the_pages_and_is_named_at_their_foot(small_release, newer, tmp_path):
    documentation = tmp_path / "documentation"
    (documentation / "tutorial").mkdir(parents=True)
    (documentation / "index.html").write_text("<h1>Documentation</h1>")
    (documentation / "tutorial" / "steward.html").write_text("<h1>Steward</h1>")
    without = export_site([newer], tmp_path / "without")
    site = export_site([newer], tmp_path / "site", documentation=documentation)
    assert site.pages == without.pages, "pages of the documentation are not the site's"
    assert hash_tree(site.out / "docs") == hash_tree(documentation)
    for language in LANGUAGES:
        named = SITE_TEXTS.text(language, "footer.documentation")
        for page in ("", "data/", f"releases/{newer.name}/"):
            path = page + "index.html"
            assert f'<a href="/docs/" hreflang="en">{named}</a>' in (site.out / language / path).read_text()
            assert "/docs/" not in (without.out / language / path).read_text()
    assert check_site(site.out).wrong == ()
    again = export_site([newer], site.out, documentation=documentation)
    assert again.rendered == 0
    (documentation / "index.html").write_text("<h1>Changed</h1>")
    assert export_site([newer], site.out, documentation=documentation).rendered == 0
    assert "Changed" in (site.out / "docs" / "index.html").read_text()
    export_site([newer], site.out)
    assert not (site.out / "docs").exists()
