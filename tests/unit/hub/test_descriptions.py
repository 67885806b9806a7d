"""What every page says of itself to search engines and previews: its own, short, true, and text."""

import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from protected_twin import GENDERS, write_protected

from ctdc.hub.site.build import build_site
from ctdc.hub.site.export import export_site
from ctdc.hub.site.frame import LOCALES, MOST_DESCRIBED, SITE_TEXTS, described, locale
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.standard.languages import LANGUAGES

URL = "https://data.example.org"
NUMBER = re.compile(r"\d[\d.,\u00a0\u202f]*\d|\d")
OWN = ("og:type", "og:site_name", "og:title", "og:description", "og:locale")


class Head(HTMLParser):
    """What a page says of itself in its head, its canonical address, and the text of its main part."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.meta: dict[str, list[str]] = defaultdict(list)
        self.canonical, self.text, self.heading, self._inside = "", "", "", ""
        self.feed(path.read_text(encoding="utf-8"))

    @property
    def description(self) -> str:
        (found,) = self.meta["description"]
        return found

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "meta":
            self.meta[values.get("name") or values.get("property") or ""].append(values.get("content", ""))
        if tag == "link" and values.get("rel") == "canonical":
            self.canonical = values["href"]
        self._inside = tag if tag in ("h1", "body") else self._inside

    def handle_endtag(self, tag):
        self._inside = "body" if tag == "h1" else self._inside

    def handle_data(self, data):
        self.heading += data if self._inside == "h1" else ""
        self.text += data if self._inside else ""


def heads(site: Path, language: str) -> dict[str, Head]:
    """Every page of a language but charts alone, by its path below the language."""
    found = sorted((site / language).rglob("index.html"))
    paths = {path.parent.relative_to(site / language).as_posix(): path for path in found}
    return {name: Head(path) for name, path in paths.items() if not name.endswith("/embed")}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory, small_release: Path) -> Path:
    """A site that knows its address; of a release that keeps its pages, too."""
    return export_site([small_release], tmp_path_factory.mktemp("known") / "site", URL).out


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_describes_itself(site, known, language):
    for built in (site, known):
        said = heads(built, language)
        assert all(0 < len(head.description) <= MOST_DESCRIBED for head in said.values())
        same = defaultdict(set)
        for head in said.values():
            same[head.description].add(head.heading + (head.description if "/releases/" in head.canonical else ""))
        assert {text: titles for text, titles in same.items() if len(titles) > 1} == {}
        assert len(same) > 0.9 * len(said)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_description_has_no_number_that_is_not_on_its_page(site, language):
    for path, head in heads(site, language).items():
        there = set(NUMBER.findall(head.text))
        assert [number for number in NUMBER.findall(head.description) if number not in there] == [], path


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_previews_are_told_the_same_and_an_address_where_it_is_known(site, known, language):
    for built, is_known in ((site, False), (known, True)):
        for path, head in heads(built, language).items():
            assert all(len(head.meta[name]) == 1 for name in OWN), path
            assert head.meta["og:description"] == [head.description]
            assert head.heading in head.meta["og:title"][0]
            assert head.meta["og:locale"] == [LOCALES[language]]
            assert head.meta["og:url"] == ([head.canonical] if is_known else [])
            assert is_known or not head.meta["og:image"]


@pytest.mark.slow
def test_charts_and_stories_have_a_picture_that_is_there(known):
    pictured = {path: head for path, head in heads(known, "ar").items() if head.meta["og:image"]}
    charts = {path for path in heads(known, "ar") if path.startswith("charts/")}
    assert charts <= set(pictured)
    assert any(path.startswith("stories/") for path in pictured)
    for path, head in pictured.items():
        (picture,), (name,) = head.meta["og:image"], head.meta["og:image:alt"]
        assert name, path
        assert picture.startswith(f"{URL}/ar/charts/")
        assert (known / urlsplit(picture).path.lstrip("/")).is_file(), path
    assert all(pictured[path].meta["og:image"] == [f"{URL}/ar/{path}.png"] for path in charts)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_of_invented_people_never_travel_without_the_word_for_that(site, language):
    label = SITE_TEXTS.text(language, "simulated.label")
    assert all(head.description.startswith(f"{label}. ") for head in heads(site, language).values())


@pytest.mark.slow
def test_markup_in_a_description_is_text(tmp_path):
    protected = tmp_path / "p"
    write_protected(protected, rows=500, codes={"gender": GENDERS, "isForcedLabour": ["1"]}, length=2)
    schema = json.loads((protected / "schema.json").read_text())
    hostile = '"><script>alert(1)</script>'
    schema["fields"][0]["title"] = schema["fields"][0]["description"] = hostile
    (protected / "schema.json").write_text(json.dumps(schema))
    info = ReleaseInfo("other", simulated=False, titles={"en": hostile})
    site = build_site(
        build(protected, tmp_path / "store", info, None, datetime(2026, 3, 1, tzinfo=UTC)), tmp_path / "s"
    )
    pages = [path for path in site.rglob("index.html") if path.parent != site]
    assert not [path for path in pages if "<script>alert" in path.read_text()]
    assert any(hostile in Head(path).description for path in pages)
    simulated = SITE_TEXTS.text("en", "simulated.label")
    assert not [path for path in pages if Head(path).description.startswith(simulated)]
    assert any(hostile in Head(path).meta["og:title"][0] for path in pages if path.parent.name != "embed")


def test_sentences_come_whole_and_in_order_as_far_as_there_is_room():
    assert described("One", "Two.", "Three?", most=15) == "One. Two."
    assert described("One", "a long one that has no room", "Two.", most=15) == "One."
    assert described("Word by word. And more of it.", most=20) == "Word by word."
    assert described("Seen, z. B. here and there.", most=18) == "Seen, z. B. here …"
    assert described("one two three four", most=12) == "one two …"
    assert len(described("word " * 100)) <= MOST_DESCRIBED


def test_every_language_has_a_territory_for_previews():
    assert locale("en") == "en_GB"
    assert locale("pt") == "pt_BR"
    assert all(re.fullmatch("[a-z]{2}_[A-Z]{2}", locale(language)) for language in LANGUAGES)
