"""The search: what is found, what its index is made of, and what the server answers without scripts."""

import gzip
import json
import re

import pytest
from starlette.testclient import TestClient

from ctdc.hub.site.search.build import TEXTS, make_index
from ctdc.hub.site.search.documents import KINDS, page_documents
from ctdc.hub.site.search.find import Searcher, around, mark
from ctdc.hub.site.search.route import INDEX, search_routes
from ctdc.hub.site.search.words import words
from ctdc.hub.site.serve import SECURITY_HEADERS, application
from ctdc.hub.site.view import read_release
from ctdc.standard.languages import LANGUAGES

WIRE_MOST = 150_000  # bytes of an index, compressed


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("fr", "État d’Égypte", "etat d egypte"),
        ("es", "MÉXICO, año", "mexico ano"),
        ("de", "Österreich Männer Straße", "oesterreich maenner strasse"),
        ("de", "Österreich Männer", "osterreich manner"),
        ("ar", "الأردن", "اردن"),
        ("ar", "إثيوبيا", "اثيوبيا"),
        ("ar", "سوريَّة", "سوريه"),
        ("ar", "مستشفى", "مستشفي"),
        ("ar", "فـــتاة والنساء", "فتاه نساء"),
        ("ar", "٢٠٢٤", "2024"),
        ("en", "Türkiye (Kurdish: Tirkiye)", "turkiye kurdish tirkiye"),
    ],
)
def test_words_that_are_typed_differently_are_the_same(language, one, other):
    assert words(one, language) == words(other, language) != []


def test_words_that_differ_stay_different():
    assert words("ans an", "fr") == ["ans", "an"]
    assert words("neue", "fr") == ["neue"]
    assert words("الله ألم", "ar")[0] != words("الم", "ar")[0]
    assert words("", "en") == words(" … – ", "en") == []


def documents() -> list[list[object]]:
    return [
        [
            0,
            "How data are protected",
            "privacy/",
            "",
            "Noise is added to counts, in Uganda too",
            ["Epsilon", "eps"],
        ],
        [2, "Zwangsarbeit", "codebook/#labour", "labour"],
        [5, "Landwirtschaft", "codebook/#labour", "AGR", "", 1],
        [3, "Uganda", "countries/uga/", "UGA"],
        *[[5, f"Code {number}", "codebook/", f"X{number}"] for number in range(12)],
    ]


def searcher(language: str = "de") -> Searcher:
    return Searcher({"language": language, "kinds": list(KINDS), "documents": documents()})


def test_whole_words_come_before_beginnings_and_titles_before_text():
    found = searcher().find("uganda")
    assert [(kind, results[0].address) for kind, results, _ in found.kinds] == [
        ("page", "/de/privacy/"),
        ("country", "/de/countries/uga/"),
    ]
    scores = searcher()._scores(["uganda"])
    assert scores[3] > scores[0] > 0


def test_all_words_must_be_found_and_parts_inside_words_help_where_little_is():
    assert searcher().find("zwang arbeit").total == 1
    assert searcher().find("arbeit").kinds[0][1][0].title == (("Zwangsarbeit", True),)
    assert searcher().find("uganda zwang").total == 0


def test_heading_leads_to_its_place_and_code_names_its_variable():
    page = searcher().find("epsilon").kinds[0][1][0]
    assert (page.address, page.snippet) == ("/de/privacy/#eps", (("Epsilon", True),))
    code = searcher().find("agr").kinds[0][1][0]
    assert code.where == (("AGR", True), (" · Zwangsarbeit", False))


def test_no_more_of_a_kind_are_shown_than_fit_and_the_rest_is_counted():
    found = searcher("en").find("code")
    assert [(kind, len(results), total) for kind, results, total in found.kinds] == [("code", 10, 12)]


def test_what_was_meant_is_offered_where_nothing_is_found():
    assert searcher().find("ugonda").meant == ("Uganda",)
    assert searcher().find("qqqq").meant == ()


def test_nothing_is_asked_and_nothing_is_found():
    assert searcher().find("  ").total == searcher().find("?!").total == 0


def test_piece_of_text_begins_before_the_word_and_marks_it():
    text = " ".join(f"w{number}" for number in range(100))
    piece = around(text, ["w50"], "en")
    assert piece.startswith("… w42 ")
    assert ("w50", True) in [(word.strip(), hit) for word, hit in mark(piece, ["w50"], "en")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_has_all_plural_forms(language):
    from babel import Locale

    forms = set(TEXTS.messages(language)["search.found"])
    assert forms == {"other", *Locale.parse(language).plural_form.tags}
    for number in (0, 1, 2, 3, 11, 100, 102, 1_000_000):
        assert TEXTS.plural(language, "search.found", number, count=str(number), query="q")
    assert set(TEXTS.messages(language)) == set(TEXTS.messages("en"))


@pytest.mark.slow
class TestBuiltSite:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_index_is_small_and_leads_only_to_what_is_there(self, site, site_release, language):
        index = make_index(site, language, read_release(site_release))
        assert (site / index.path).read_bytes() == index.data
        assert len(gzip.compress(index.data, mtime=0)) <= WIRE_MOST
        assert {document.kind for document in index.documents} >= {"page", "variable", "country", "chart", "code"}
        for document in index.documents:
            path, _, anchor = document.path.partition("#")
            page = (site / language / path / "index.html").read_text()
            anchors = [anchor] * bool(anchor) + [anchor for _, anchor in document.headings]
            assert all(f'id="{anchor}"' in page for anchor in anchors), document

    def test_every_framed_page_of_the_newest_release_can_be_found(self, site):
        found = {document.path for document in page_documents(site / "en")}
        built = {path.parent.relative_to(site / "en").as_posix() for path in (site / "en").rglob("index.html")}
        framed = {"" if path == "." else f"{path}/" for path in built if not path.endswith("/embed")}
        assert found == framed - {"search/"}

    def test_page_names_its_index_and_lists_everything_for_readers_without_scripts(self, site):
        page = (site / "fr/search/index.html").read_text()
        assert (site / INDEX.search(page)[1]).is_file()
        listed = page[page.index("<noscript>") : page.index("</noscript>")]
        assert 'href="/fr/codebook/gender/"' in listed
        assert 'href="/fr/countries/' in listed

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_server_answers_the_form_without_scripts(self, site, language):
        client = TestClient(application(site, search_routes(site)))
        content = json.loads(next((site / "assets").glob(f"search-{language}.*.json")).read_bytes())
        country = next(row for row in content["documents"] if content["kinds"][row[0]] == "country")
        answer = client.get(f"/{language}/search/", params={"q": country[1].upper()})
        assert answer.status_code == 200
        assert f'href="/{language}/{country[2]}"' in answer.text
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS

    def test_question_is_escaped_and_shown_again(self, site):
        client = TestClient(application(site, search_routes(site)))
        text = client.get("/en/search/", params={"q": '"><script>alert(1)</script>'}).text
        assert "<script>alert" not in text
        assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in text
        assert not re.search(r"<mark>[^<]*alert", text)

    def test_empty_question_is_answered_with_the_page(self, site):
        client = TestClient(application(site, search_routes(site)))
        assert client.get("/en/search/?q=").text == (site / "en/search/index.html").read_text()
