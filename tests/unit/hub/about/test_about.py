"""Pages that editors write: whole in five languages, safe, and without a number that is not the release's."""

import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import invented_release
import polars as pl
import pytest

import ctdc
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import content_hash
from ctdc.hub.site.about.answers import Answer, add_answer, read_answers
from ctdc.hub.site.about.content import REFERENCE, filled, links, read_page
from ctdc.hub.site.about.help import FOR, helplines
from ctdc.hub.site.about.listening import AnswersPage
from ctdc.hub.site.about.pages import PAGES, AboutPages, pages_of
from ctdc.hub.site.about.place import ABOUT_TEXTS, CONTENT, about_text
from ctdc.hub.site.about.references import NAMES, references
from ctdc.hub.site.about.worked import worked
from ctdc.hub.site.documentation import ADDRESS
from ctdc.hub.site.kit.tables import COLUMNS
from ctdc.hub.site.view import read_release
from ctdc.release.codebook import marks
from ctdc.release.figures import YEAR
from ctdc.standard.languages import LANGUAGES
from ctdc.standard.presentation import presentation

WORDS = ("suppressed", "unknown", "not-collected", "no")
DOCS = Path(__file__).parents[4] / "docs"
INVENTED = ("gender", *invented_release.EXPLOITATION, *invented_release.MEANS)
# Numbers that are words of their own, and not figures of a release.
NAMED = {"95", "100", "2.0", "4.0", "2.2", "2000", "2025", "3166", "320", "400"}
GOOD = "nav: A\ntitle: A page\nlead: Words.\nsections:\n- id: one\n  heading: One\n  body:\n"


@pytest.fixture(scope="module")
def view(site_release):
    return read_release(site_release)


class Anchors(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.targets = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.found.add(value)
            if name == "href" and tag == "a":
                self.targets.add(value)


def written(tmp_path: Path, body: str) -> Path:
    (tmp_path / "page.yaml").write_text(GOOD + body, encoding="utf-8")
    return tmp_path / "page.yaml"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_same_parts_and_numbers_in_every_language(name, language):
    english, page = pages_of(CONTENT, "en")[name], pages_of(CONTENT, language)[name]
    assert [section.id for section in page.sections] == [section.id for section in english.sections]
    for own, other in zip(page.sections, english.sections, strict=True):
        assert [(block.kind, len(block.texts)) for block in own.blocks] == [
            (block.kind, len(block.texts)) for block in other.blocks
        ], own.id
    for found in (links, REFERENCE.findall):
        own, other = (sorted(hit for text in each.texts() for hit in found(text)) for each in (page, english))
        assert own == other
    if language != "en":
        assert page.lead != english.lead


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_number_of_a_release_is_typed(language):
    for page in pages_of(CONTENT, language).values():
        for text in page.texts():
            plain = re.sub(r"\]\([^)]*\)", "]", REFERENCE.sub("", text))
            numbers = set(re.findall(r"\d+(?:[.,]\d+)*", plain))
            assert numbers <= NAMED, (page.name, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_and_statements_exist_in_every_language(language):
    assert ABOUT_TEXTS.messages(language).keys() == ABOUT_TEXTS.messages("en").keys()


def test_french_sentences_keep_their_marks_on_the_line():
    texts = [text for page in pages_of(CONTENT, "fr").values() for text in page.texts()]
    assert not [text for text in texts if re.search(r" [:;!?»]|« |\d %", text)]


def test_every_link_within_the_site_leads_to_a_page_and_an_anchor(site):
    for name in (*PAGES, "help", "feedback", "answers"):
        page = Anchors((site / "en" / name / "index.html").read_text(encoding="utf-8"))
        for target in page.targets:
            path, _, anchor = target.partition("?")[0].partition("#")
            if path.startswith("/en/"):
                there = site / path.strip("/") / "index.html"
                assert there.is_file(), (name, target)
                assert not anchor or anchor in Anchors(there.read_text(encoding="utf-8")).found, target


def test_every_glossary_entry_has_an_anchor_that_is_the_same_in_all_languages(site):
    expected = {section.id for section in pages_of(CONTENT, "en")["glossary"].sections}
    assert len(expected) >= 15
    for language in LANGUAGES:
        text = (site / language / "glossary" / "index.html").read_text(encoding="utf-8")
        assert expected <= Anchors(text).found


@pytest.fixture(scope="module")
def measured(tmp_path_factory, monkeymodule):
    """A release that the engine measured, with years, so that it can be asked."""
    monkeymodule.setattr(invented_release, "NAMES", ("yearOfRegistration", *INVENTED))
    return read_release(invented_release.write_release(tmp_path_factory.mktemp("measured")))


@pytest.fixture(scope="module")
def monkeymodule():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.mark.parametrize(
    ("people", "told", "other"), [(1000.0, "late_rise", "late_fall"), (10.0, "late_fall", "late_rise")]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_last_year_is_said_to_rise_or_to_fall(view, language, people, told, other):
    counts = dict(zip(("2000", "2001", "2002"), (100.0, 100.0, people), strict=True))
    years = [
        {"code": code, "count": count, "low95": count, "high95": count, "share": None, "below_threshold": False}
        for code, count in counts.items()
    ]
    entries = [entry | {"codes": years} if entry["name"] in YEAR else entry for entry in view.figures["variables"]]
    changed = replace(view, figures=view.figures | {"variables": entries})
    assert {told, other} & references(changed, language).keys() == {told}
    page = next(page for page in AboutPages(changed).pages(language) if page.name == "mistakes")
    late = next(section for section in page.context["sections"] if section["id"] == "late")
    examples = [part for part in late["parts"] if part.kind == "example"]
    assert [references(changed, language)[told] in part.texts[0] for part in examples] == [True]


@pytest.mark.slow
def test_examples_are_what_analysis_answers(measured):
    view = measured
    release, found = ctdc.load(view.folder), worked(view)
    total = release.estimate().value
    assert found.null is not None
    flag = release.estimate({found.null.variable: "1"})
    assert found.null.wrong == pytest.approx(flag.value / total, abs=1e-4)
    assert_same(found.null.right, release.share({found.null.variable: "1"}))
    assert found.null.right["share"] > 2 * found.null.wrong
    for year, people in zip(found.late.years, found.late.people, strict=True):
        assert people == pytest.approx(release.estimate(yearOfRegistration=year).value, abs=0.01)
    assert_same(found.merged, release.share({presentation().merged: "1"}))
    assert_same(found.wide[1], release.share({found.wide[0]: "1"}))
    group, summed = found.added
    members = [release.share({name: "1"}) for name in view.groups[group].variables]
    assert summed == pytest.approx(sum(member.value for member in members if not member.too_few), abs=0.01)


def assert_same(share, answer):
    """The same share; and the same interval where the counts give one, which bounds from records only widen."""
    assert share["share"] == pytest.approx(answer.value, abs=1e-3)
    if answer.source == "counts":
        assert (share["low95"], share["high95"]) == pytest.approx((answer.low, answer.high), abs=1e-3)
    else:
        assert share["low95"] <= answer.value <= share["high95"]


def test_examples_of_countries_are_the_protected_counts(view):
    found = worked(view)
    place = found.countries.variable
    counts = pl.read_csv(view.folder / "data" / "aggregates.csv").filter(pl.col("length") == 1)
    rows = [(json.loads(row["attributes"]), row) for row in counts.iter_rows(named=True)]
    people = {attributes[place]: row["count"] for attributes, row in rows if place in attributes}
    first, second = sorted(people, key=lambda code: -people[code])[:2]
    assert found.countries.codes == (first, second)
    assert found.countries.people == pytest.approx((people[first], people[second]), abs=0.01)
    assert found.countries.ratio == pytest.approx(people[first] / people[second], abs=1e-4)
    assert found.few.reported + found.few.few == len(view.words[place].codes)
    shown = [row for attributes, row in rows if place in attributes and not row["below_threshold"]]
    assert found.few.reported == len(shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reference_is_described_and_a_full_release_has_all(view, language):
    either = {"late_rise", "late_fall"}
    found = set(references(view, language))
    assert found | either == set(NAMES)
    assert len(found & either) == 1


def test_what_a_release_does_not_have_is_left_out(view):
    figures = {**view.figures, "variables": [], "groups": [], "headlines": []}
    bare = replace(view, figures=figures)
    pages = {page.name: page for page in AboutPages(bare).pages("en")}
    assert [part["id"] for part in pages["mistakes"].context["sections"]] != []
    kinds = [part.kind for section in pages["mistakes"].context["sections"] for part in section["parts"]]
    assert kinds.count("example") == 1  # rows and people: every release has those


def test_a_contributor_is_shown_with_its_statement_or_a_plain_line(view):
    info = replace(view.manifest.info, sources=("Beacon Hotline", "Someone & Co"))
    partners = next(
        page
        for page in AboutPages(replace(view, manifest=replace(view.manifest, info=info))).pages("en")
        if page.name == "partners"
    )
    shown = {name: words for name, words, _ in partners.context["sections"][0]["parts"][0].shown}
    assert shown["Beacon Hotline"].startswith("Invented for demonstration")
    assert shown["Someone & Co"] == ABOUT_TEXTS.text("en", "sources.plain")


@pytest.mark.parametrize(
    ("body", "place", "word"),
    [
        ("  - Read {no_such} people.\n", "section 1, 1", "{no_such}"),
        ("  - A [link](javascript:alert) here.\n", "section 1, 1", "javascript"),
        ("  - A [link](//elsewhere.example) here.\n", "section 1, 1", "elsewhere"),
        ("  - list: []\n", "section 1, 1", "no part"),
        ("  - example: {wrong: a, right: b}\n", "section 1, 1", "no part"),
        ("  - show: everything\n", "section 1, 1", "no part"),
        ("  - ''\n", "section 1, 1", "text is needed"),
        ("  - A {brace\n", "section 1, 1", "brace"),
    ],
)
def test_what_is_wrong_in_a_page_is_named_with_its_place(tmp_path, body, place, word):
    with pytest.raises(UserError) as error:
        read_page(written(tmp_path, body), NAMES)
    assert place in error.value.detail.where
    assert word in error.value.detail.what


def test_a_missing_page_and_broken_yaml_are_named(tmp_path):
    with pytest.raises(UserError, match="no text in this language"):
        read_page(tmp_path / "missing.yaml", NAMES)
    (tmp_path / "page.yaml").write_text("nav: [")
    with pytest.raises(UserError, match="not valid YAML"):
        read_page(tmp_path / "page.yaml", NAMES)


def test_markup_in_a_text_is_text():
    made = filled("<b>{people}</b> & [<i>here</i>](data/#x)", {"people": "<5>"}, "en")
    assert made == '&lt;b&gt;&lt;5&gt;&lt;/b&gt; &amp; <a href="/en/data/#x">&lt;i&gt;here&lt;/i&gt;</a>'


def test_help_begins_with_numbers_to_call(site):
    emergency, lines = helplines(CONTENT)
    for language in LANGUAGES:
        text = (site / language / "help" / "index.html").read_text(encoding="utf-8")
        main = text[text.index("<main") :]
        places = [main.index(f'href="{line.address}"') for line in (*emergency, *lines)]
        assert max(places) < main.index("feedback/")
        assert min(places) < 2_000
        for line in lines:
            told = about_text(language)(f"help.for.{line.for_whom}")
            assert told in unescape(main[main.index(f'href="{line.address}"') :].partition("</li>")[0])


def test_whom_a_helpline_is_for_is_one_of_a_few_words_and_each_is_used(tmp_path):
    _, lines = helplines(CONTENT)
    assert {line.for_whom for line in lines} == set(FOR)
    entry = {"number": "112", "country": dict.fromkeys(LANGUAGES, "x"), "service": "x", "language": "en", "for": "all"}
    (tmp_path / "helplines.yaml").write_text(str({"emergency": [], "lines": [entry]}))
    with pytest.raises(UserError, match="whom this helpline is for") as error:
        helplines(tmp_path)
    assert "trafficking" in error.value.detail.allowed


@pytest.mark.parametrize(
    "change", [{"number": "call us"}, {"number": 112}, {"where": {"en": "Somewhere"}}, {"more": "x"}]
)
def test_a_helpline_that_is_wrong_is_named(tmp_path, change):
    entry = {"number": "112", "where": dict.fromkeys(LANGUAGES, "x")} | change
    (tmp_path / "helplines.yaml").write_text(str({"emergency": [entry], "lines": []}))
    with pytest.raises(UserError) as error:
        helplines(tmp_path)
    assert error.value.detail.code == "content.helplines"
    assert "emergency 1" in error.value.detail.where


def test_an_answer_is_shown_in_another_language_with_a_notice(tmp_path, view):
    path = tmp_path / "you-said.yaml"
    add_answer(path, Answer("2026-03-01", {"fr": "Une page manquait."}, {"fr": "Elle est là."}))
    add_answer(path, Answer("2026-03-02", {"en": "Too <small>.", "fr": "Petit."}, {"en": "Larger.", "fr": "Grand."}))
    assert [answer.day for answer in read_answers(path)] == ["2026-03-02", "2026-03-01"]
    (page,) = AnswersPage(replace(view, answers=path)).pages("en")
    assert [(entry["language"], entry["said"]) for entry in page.context["answers"]] == [
        ("en", "Too <small>."),
        ("fr", "Une page manquait."),
    ]
    both = {"ar": "قلتم.", "en": "You said.", "es": "Dijeron."}
    add_answer(path, Answer("2026-03-03", both, both))
    (page,) = AnswersPage(replace(view, answers=path)).pages("de")
    shown = [(entry["language"], entry["direction"], entry["said"]) for entry in page.context["answers"]]
    assert shown[0] == ("en", "ltr", "You said."), "the default language before those that come first by letter"
    (page,) = AnswersPage(replace(view, answers=path)).pages("ar")
    assert page.context["answers"][0]["direction"] == "rtl"
    before = content_hash(path)
    add_answer(path, Answer("2026-03-03", {"en": "x"}, {"en": "y"}))
    assert content_hash(path) != before


@pytest.mark.parametrize(
    "text",
    [
        "format: other\nanswers: []\n",
        "format: ctdc-answers/1\nanswers:\n- day: today\n  you_said: {en: a}\n  we_did: {en: b}\n",
        "format: ctdc-answers/1\nanswers:\n- day: 2026-03-01\n  you_said: {en: a}\n  we_did: {fr: b}\n",
        "format: ctdc-answers/1\nanswers:\n- day: 2026-03-01\n  you_said: {}\n  we_did: {}\n",
        "format: ctdc-answers/1\nanswers:\n- day: 2026-03-01\n  you_said: {en: ' '}\n  we_did: {en: b}\n",
    ],
)
def test_a_file_of_answers_that_is_wrong_is_refused(tmp_path, text):
    (tmp_path / "you-said.yaml").write_text(text)
    with pytest.raises(UserError) as error:
        read_answers(tmp_path / "you-said.yaml")
    assert error.value.detail.code == "answers.file"


def documented() -> list[str]:
    """The addresses of the documentation that the shipped pages link to."""
    texts = [text for page in pages_of(CONTENT, "en").values() for text in page.texts()]
    return [address for text in texts for address in links(text) if address.startswith(ADDRESS)]


def test_pages_link_to_documentation_that_there_is():
    assert len(documented()) > 3
    for address in documented():
        path = address.removeprefix(ADDRESS).partition("#")[0] or "index.html"
        assert (DOCS / path).with_suffix(".md").is_file(), address


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_documentation_is_linked_where_the_site_has_it(view, language):
    beside = replace(view, place=replace(view.place, documentation=ADDRESS))
    for shown, has in ((view, False), (beside, True)):
        pages = {page.name: page for page in AboutPages(shown).pages(language)}
        found = set()
        for name in ("about", "standards"):
            parts = [part for section in pages[name].context["sections"] for part in section["parts"]]
            found |= Anchors("".join(str(text) for part in parts for text in part.texts)).targets
        assert {address for address in found if address.startswith(ADDRESS)} == (set(documented()) if has else set())


def test_a_link_to_the_documentation_says_its_language():
    made = filled("[Read](/docs/how-to/run.html#first)", {}, "ar")
    assert made == '<a href="/docs/how-to/run.html#first" hreflang="en">Read</a>'


@pytest.mark.parametrize("address", ["/docs/../x.html", "/docs/run", "/documents/", "/", "//docs/"])
def test_an_address_beside_the_documentation_is_none(tmp_path, address):
    with pytest.raises(UserError, match="linked"):
        read_page(written(tmp_path, f"  - '[x]({address})'\n"), ())


def test_every_tool_and_standard_on_the_page_leads_somewhere():
    (page,) = (page for page in pages_of(CONTENT, "en").values() if page.name == "standards")
    for section in page.sections:
        for block in section.blocks:
            assert all(links(text) for text in block.texts), (section.id, block.texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_four_words_that_differ_are_in_the_glossary_and_marked_in_the_code_book(site, language):
    entries = {section.id: section for section in pages_of(CONTENT, language)["glossary"].sections}
    told = [" ".join(text for block in entries[name].blocks for text in block.texts) for name in WORDS]
    assert len(set(told)) == len(WORDS)
    assert links(told[-1]) == ["codebook/#words-and-marks"]
    shown = (site / language / "codebook" / "index.html").read_text(encoding="utf-8")
    assert "words-and-marks" in Anchors(shown).found
    assert all(word in unescape(shown) and mark in unescape(shown) for word, mark in marks(language))


def test_marks_that_the_code_book_names_are_in_the_files(view):
    named = {word for _, mark in marks("en") for word in re.findall(r"\w+_\w+", mark)}
    assert named == {"too_few", "below_threshold"}
    assert all("below_threshold" in code for entry in view.figures["variables"] for code in entry["codes"])
    assert any("too_few" in column for column in COLUMNS)
