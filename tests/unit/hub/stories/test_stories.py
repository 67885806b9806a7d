"""Data stories: every number is the release's, no figure is typed, and sentences turn when the numbers do."""

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from protected_twin import PROFILE, global_codes, write_protected
from tests.support.links import lost
from tests.unit.hub.test_site_build import read

from ctdc.foundation.errors import UserError
from ctdc.hub.site.frame import Site
from ctdc.hub.site.stories.changes import changes, earlier_release
from ctdc.hub.site.stories.numbers import COUNT, POINTS, SHARE, Numbers, Value, apart, at_worst, times
from ctdc.hub.site.stories.prose import STORY_TEXTS, tell, texts_of
from ctdc.hub.site.stories.section import Stories
from ctdc.hub.site.stories.source import CONTENT, LATEST, PLACEHOLDER, VERDICTS, Bound, read_stories
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow

CREATED = datetime(2026, 3, 1, tzinfo=UTC)
TERMS, STORIES = read_stories()
OF_ONE_TABLE = [story for story in STORIES if story.analysis != "linked"]


@pytest.fixture(scope="module")
def view(site_release: Path) -> SiteRelease:
    return read_release(site_release)


@pytest.fixture(scope="module")
def numbers(view: SiteRelease) -> Numbers:
    return Numbers(view, TERMS)


def ask(numbers: Numbers, measure: str, **given: object) -> Value:
    return numbers.value(Bound("asked", measure, given, LATEST), {}, {})


def entry(view: SiteRelease, name: str) -> dict:
    return next(entry for entry in view.figures["variables"] if entry["name"] == name)


def text_of(site: Path, language: str, slug: str) -> str:
    return (site / language / "stories" / slug / "index.html").read_text()


def altered(view: SiteRelease, variable: str, **counts: float) -> SiteRelease:
    """The release with other counts, and shares, of some codes of a variable."""
    variables, whole = [], sum(counts.values())
    for one in view.figures["variables"]:
        codes = [code | changed(code, counts.get(code["code"]), whole) for code in one["codes"]]
        variables.append(one | {"codes": codes} if one["name"] == variable else one)
    return replace(view, figures={**view.figures, "variables": variables})


def changed(code: dict, count: float | None, whole: float) -> dict:
    if count is None:
        return {}
    return {"count": count, "share": code["share"] | {"share": count / whole}}


# ---- the shipped stories --------------------------------------------------------------------------------------------


def test_there_are_ten_stories_whole_in_five_languages():
    assert len(STORIES) == 10
    assert all(set(story.words) == set(LANGUAGES) for story in STORIES)


def test_every_story_and_the_index_are_rendered_in_every_language(site):
    for language in LANGUAGES:
        index = (site / language / "stories" / "index.html").read_text()
        assert "stories/perpetrators/" not in index
        for story in OF_ONE_TABLE:
            page = text_of(site, language, story.slug)
            assert page.count("<h1") == 1
            assert story.words[language].title in unescape(page)
            assert f"/{language}/stories/{story.slug}/" in index
            assert not re.search(r"\bstories\.\w+|\{\w+(\.\w+)?\}", page), story.slug
            assert f'href="/{language}/help/"' in page
            found = re.findall(r' id="([^"]+)"', page)
            assert len(found) == len(set(found)), story.slug


def test_every_link_leads_somewhere_and_nothing_is_inline(site):
    for language in LANGUAGES:
        for page in (site / language / "stories").rglob("index.html"):
            text, links = page.read_text(), read(page)
            assert not links.inline
            assert lost(site, text, links.followed) == [], page


def test_every_chart_of_a_story_leads_to_its_own_page_and_that_one_back(site):
    for language in LANGUAGES:
        for story in OF_ONE_TABLE:
            page = text_of(site, language, story.slug)
            charts = re.findall(r'<figure class="chart[^"]*" id="([^"]+)"', page)
            links = re.findall(rf'<p class="own-page"><a href="/{language}/charts/([^/"]+)/"', page)
            assert len(charts) == len(links), story.slug
            assert bool(charts) == any(part.kind == "chart" for part in story.parts), story.slug
            assert all((site / language / "charts" / name / "index.html").is_file() for name in links)
    own = (site / "en" / "charts" / "cross-gender-exploitation" / "index.html").read_text()
    assert re.search(r'href="/en/stories/[a-z-]+/#cross-gender-exploitation"', own)


def test_what_a_sentence_binds_is_the_same_in_every_language():
    for story in STORIES:
        for key, english in story.words["en"].texts.items():
            for language in LANGUAGES:
                text = story.words[language].texts[key]
                for one, other in zip(variants(english), variants(text), strict=True):
                    assert bound_in(one) == bound_in(other), (story.slug, language, key)


def variants(text):
    return [text] if isinstance(text, str) else [text[verdict] for verdict in VERDICTS]


def bound_in(text):
    return sorted(found[0] for found in PLACEHOLDER.finditer(text))


def test_the_three_sentences_of_a_comparison_differ():
    for story in STORIES:
        for words in story.words.values():
            for text in words.texts.values():
                assert len(set(variants(text))) == len(variants(text))


def test_texts_of_the_section_have_the_same_keys_in_every_language():
    keys = set(STORY_TEXTS.messages("en"))
    assert all(set(STORY_TEXTS.messages(language)) == keys for language in LANGUAGES)


# ---- numbers --------------------------------------------------------------------------------------------------------


def test_numbers_are_those_of_the_figures(view, numbers):
    women = next(code for code in entry(view, "gender")["codes"] if code["code"] == "Woman")
    found = ask(numbers, "share", part="women")
    assert (found.value, found.low, found.high) == tuple(women["share"][end] for end in ("share", "low95", "high95"))
    assert ask(numbers, "count").value == view.figures["total"]["count"]
    assert ask(numbers, "share", part="children").value == view.headlines["children"]["share"]
    group = next(group for group in view.figures["groups"] if group["id"] == "exploitation")
    labour = next(member for member in group["members"] if member["variable"] == "isForcedLabour")
    assert ask(numbers, "share", part="forced_labour").value == labour["share"]["share"]
    assert ask(numbers, "answered", of="exploitation").value == group["denominator_share"]["share"]
    assert ask(numbers, "count", part="forced_labour").value == labour["count"]


def test_numbers_among_some_people_are_those_of_the_cross_tables(numbers):
    row = numbers.view.within.codes(("isForcedLabour", "1"), "gender")
    cell = row.cells[numbers.view.analysis.codes("gender").index("Woman")]
    found = ask(numbers, "share", part="women", among="forced_labour")
    assert (found.value, found.low, found.high) == (cell.share.share, cell.share.low, cell.share.high)
    assert ask(numbers, "count", part="women", among="forced_labour").value == pytest.approx(cell.count, abs=0.005)


def test_shares_of_a_release_of_the_engine_are_those_that_analysts_get(engine_release):
    analysis, view = engine_release
    numbers = Numbers(view, TERMS)
    adults = [code for code in analysis.codes("ageBroad") if code in TERMS["adults"].codes]
    for asked, part, among in (
        ({"part": "women"}, {"gender": "Woman"}, {}),
        ({"part": "adults"}, {"ageBroad": adults}, {}),
        ({"part": "forced_labour"}, {"isForcedLabour": "1"}, {}),
        ({"part": "women", "among": "forced_labour"}, {"gender": "Woman"}, {"isForcedLabour": "1"}),
        ({"part": "adults", "among": "sexual"}, {"ageBroad": adults}, {"isSexualExploit": "1"}),
    ):
        exact, found = analysis.share(part, among), ask(numbers, "share", **asked)
        assert found.value == pytest.approx(exact.value, abs=0.005)
        # Never surer than the measurements allow; what is rounded in the published files may show.
        assert found.low <= exact.low + 0.0005
        assert found.high >= exact.high - 0.0005


def test_a_difference_of_codes_of_one_variable_has_the_error_of_the_measurements(engine_release):
    analysis, view = engine_release
    numbers = Numbers(view, TERMS)
    bounds = {name: Bound(name, "share", {"part": name}, LATEST) for name in ("women", "men")}
    known = {name: numbers.value(bound, {}, {}) for name, bound in bounds.items()}
    asked = Bound("gap", "difference", {"first": "women", "second": "men"}, LATEST)
    found = numbers.value(asked, known, bounds)
    exact = analysis.difference(analysis.share({"gender": "Woman"}), analysis.share({"gender": "Man"}))
    assert (found.value, found.low, found.high) == pytest.approx((exact.value, exact.low, exact.high), abs=0.002)
    assert found.high - found.low == pytest.approx(exact.high - exact.low, abs=1e-12)
    assert found.value == pytest.approx(known["women"].value - known["men"].value, abs=1e-12)


@pytest.fixture(scope="module")
def engine_release(tmp_path_factory):
    from tests.support.invented_release import write_release

    from ctdc.release.analysis import load

    folder = write_release(tmp_path_factory.mktemp("stories-engine"))
    return load(folder), read_release(folder)


def test_what_is_below_the_threshold_is_too_few_and_what_is_not_there_is_absent(view, numbers):
    few = replace(view, figures={**view.figures, "variables": [below(one) for one in view.figures["variables"]]})
    assert ask(Numbers(few, TERMS), "share", part="women").few
    assert ask(Numbers(few, TERMS), "count", part="women").few
    without = [one for one in view.figures["variables"] if one["name"] != "gender"]
    there = Numbers(replace(view, figures={**view.figures, "variables": without}), TERMS)
    assert ask(there, "share", part="women").absent
    assert not ask(numbers, "share", part="women").few


def below(one: dict) -> dict:
    codes = [code | {"below_threshold": True, "share": None, "count": 1.0} for code in one["codes"]]
    return one | {"codes": codes} if one["name"] == "gender" else one


reals = st.floats(0, 1)


@given(reals, reals, reals, reals)
def test_errors_of_independent_numbers_add_up_as_squares_and_at_worst_is_never_surer(a, b, e, f):
    one, other = Value(SHARE, a, a - e, a + e), Value(SHARE, b, b - f, b + f)
    found, worst = apart(one, other), at_worst(one, other)
    assert found.value == a - b
    assert found.high - found.value == pytest.approx((e**2 + f**2) ** 0.5)
    assert worst.low <= found.low + 1e-12
    assert worst.high >= found.high - 1e-12
    assert apart(other, one).verdict == {"larger": "smaller", "smaller": "larger", "unclear": "unclear"}[found.verdict]


def test_a_ratio_by_what_may_be_nothing_is_too_few_to_say():
    assert times(Value(COUNT, 10, 8, 12), Value(COUNT, 5, 4, 6)).value == 2
    assert times(Value(COUNT, 10, 8, 12), Value(COUNT, 1, 0, 3)).few


def test_points_have_their_form_and_a_minus_sign_stays_before_its_number():
    def text(language: str, value: float, spread: float) -> str:
        return texts_of(Value(POINTS, value, value - spread, value + spread), language)[0]

    assert text("en", 0.01, 0.02) == "1 percentage point"
    assert text("en", -0.123, 0.001) == "-12.3 percentage points"
    assert text("de", 0.05, 0.02) == "5 Prozentpunkte"
    assert text("ar", 0.05, 0.02) == "\u20665\u2069 نقاط مئوية"
    assert text("ar", -0.32, 0.02) == "\u2066-32\u2069 نقطة مئوية"


# ---- sentences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("women", "men", "verdict"), [(900, 300, "larger"), (300, 900, "smaller"), (600, 600, "unclear")]
)
def test_a_comparison_turns_when_the_numbers_do(view, language, women, men, verdict):
    story = next(story for story in STORIES if story.slug == "trafficked-persons")
    changed = altered(view, "gender", Woman=women, Man=men)
    told = tell(story, {LATEST: Numbers(changed, TERMS)})
    sentence = story.words[language].texts["gender"][verdict]
    ending = PLACEHOLDER.split(sentence)[-1]
    paragraphs = [paragraph for paragraph in told.body(language) if paragraph.kind == "text"]
    assert any(paragraph.pieces[-1].text == ending for paragraph in paragraphs)
    shown = [piece.shown.text for paragraph in paragraphs for piece in paragraph.pieces if piece.shown]
    assert texts_of(told.values["women"], language)[0] in shown


def test_a_story_says_that_there_are_too_few_and_leaves_out_what_the_release_does_not_ask(view):
    story = next(story for story in STORIES if story.slug == "trafficked-persons")
    few = replace(view, figures={**view.figures, "variables": [below(one) for one in view.figures["variables"]]})
    told = tell(story, {LATEST: Numbers(few, TERMS)})
    said = [paragraph.pieces[0].text for paragraph in told.body("en") if paragraph.kind == "few"]
    assert any(story.words["en"].numbers["women_and_men"] in text for text in said)
    without = [one for one in view.figures["variables"] if one["name"] != "traffickMonths"]
    told = tell(story, {LATEST: Numbers(replace(view, figures={**view.figures, "variables": without}), TERMS)})
    texts = [piece.text for paragraph in told.body("en") for piece in paragraph.pieces]
    assert not any("How long the exploitation lasted" in text for text in texts)
    assert told.complete


def test_a_release_without_the_variables_of_a_story_does_not_have_the_story(tmp_path):
    codes = {name: own for name, own in global_codes().items() if not name.startswith(("recruiter", "means"))}
    release = build(
        write_protected(tmp_path / "p", rows=800, codes=codes),
        tmp_path / "store",
        ReleaseInfo("small", simulated=True, profile=PROFILE),
        None,
        CREATED,
    )
    section = Stories(read_release(release))
    assert {told.story.slug for told in section.told} == {story.slug for story in OF_ONE_TABLE} - {
        "recruitment",
        "control",
    }
    pages = list(section.pages("en"))
    stories = {page.path for page in pages if page.path.startswith("stories/")}
    assert stories == {"stories/", *(f"stories/{told.story.slug}/" for told in section.told)}
    index = Site(section._view, (section,)).render(pages[0], "en")
    assert "/en/stories/gender/" in index
    assert "/en/stories/recruitment/" not in index


# ---- what editors write ---------------------------------------------------------------------------------------------


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the stories that a test may spoil."""
    return Path(shutil.copytree(CONTENT, tmp_path / "content"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("en.yaml", "summary: How gender", "summary: How 2 genders", "A figure is typed into 'summary'"),
        ("ar.yaml", "summary: كيف", "summary: ٧ كيف", "A figure is typed into 'summary'"),
        ("en.yaml", "{women} are women", "{wimmen} are women", "no number 'wimmen'"),
        ("en.yaml", "{women} are women", "{women.size} are women", "a brace"),
        ("story.yaml", "part: women}", "part: womn}", "no term 'womn'"),
        ("story.yaml", "dimensions: [gender]", "dimensions: [gendre]", "no variable or group 'gendre'"),
        ("story.yaml", "measure: count", "measure: counts", "no measure 'counts'"),
        ("story.yaml", "part: men}", "part: men, counted: cases}", "no unit 'cases'"),
        ("story.yaml", "among: men}", "among: men, counted: linked_rows}", "compares people with linked rows"),
        ("story.yaml", "by: labour_gap", "by: women", "'women' is no comparison"),
        ("story.yaml", "category: victims", "category: people", "no category 'people'"),
        ("fr.yaml", "title: 'Femmes", "titre: 'Femmes", "'title' is missing"),
        ("fr.yaml", "title: 'Femmes, hommes et personnes trans :", "title: Femmes :  x:", "This is not YAML in line 1"),
    ],
)
def test_a_fault_is_said_with_its_file_and_what_is_allowed(content, name, old, new, said):
    change(content / "gender" / name, old, new)
    with pytest.raises(UserError, match=re.escape(said)) as caught:
        read_stories(content)
    assert caught.value.detail.where.endswith(f"gender/{name}")


def test_an_unknown_code_or_language_is_a_fault(content):
    (content / "gender" / "it.yaml").write_text("title: x")
    with pytest.raises(UserError, match="no language 'it'"):
        read_stories(content)
    (content / "gender" / "it.yaml").unlink()
    change(content / "terms.yaml", "codes: [Woman, Female]", "codes: [Woman, Femal]")
    with pytest.raises(UserError, match="no code 'Femal'"):
        read_stories(content)


def test_a_language_that_is_missing_is_shown_in_the_source_language_with_a_notice(content, view):
    (content / "gender" / "de.yaml").unlink()
    section = Stories(view, content)
    page = next(page for page in section.pages("de") if page.path == "stories/gender/")
    assert page.context["lacking"]
    assert page.context["own"]["language"] == "en"
    assert page.context["heading"] == read_stories(content)[1][2].words["en"].title
    assert not next(page for page in section.pages("fr") if page.path == "stories/gender/").context["lacking"]


def test_a_story_of_a_release_that_the_site_does_not_have_is_left_out(content, view):
    change(content / "gender" / "story.yaml", "category: victims", "category: victims\nrelease: elsewhere-1")
    assert "gender" not in [told.story.slug for told in Stories(view, content).told]
    change(content / "gender" / "story.yaml", "release: elsewhere-1", f"release: {view.manifest.folder}")
    assert "gender" in [told.story.slug for told in Stories(view, content).told]


def test_a_newer_release_than_the_review_is_noted(content, view):
    path = content / "gender" / "story.yaml"
    story = yaml.safe_load(path.read_text())
    for day, unread in (("2026-02-28", True), ("2026-03-01", False)):
        change(path, f"reviewed: {story['reviewed']}", f"reviewed: {day}")
        story = yaml.safe_load(path.read_text())
        page = next(page for page in Stories(view, content).pages("en") if page.path == "stories/gender/")
        assert page.context["unread"] is unread


# ---- what has changed -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory, site_release: Path) -> Path:
    protected = write_protected(tmp_path_factory.mktemp("newer-story") / "p", rows=3000, seed=8)
    info = ReleaseInfo("twin", simulated=True, profile=PROFILE)
    return build(protected, tmp_path_factory.mktemp("newer-story-store"), info, None, datetime(2027, 3, 1, tzinfo=UTC))


def test_what_changed_is_shown_with_its_noise(view, newer):
    story = next(story for story in STORIES if story.slug == "trafficked-persons")
    now = read_release(newer)
    told = tell(story, {LATEST: Numbers(now, TERMS)})
    found = {change.called: change for change in changes(told, Numbers(view, TERMS), "en")}
    people = found[story.words["en"].numbers["people"]]
    old, new = view.figures["total"], now.figures["total"]
    assert people.before.startswith(f"{old['count']:,.0f} (")
    assert people.difference == f"{new['count'] - old['count']:,.0f}"
    assert people.verdict == "yes"
    same = changes(tell(story, {LATEST: Numbers(view, TERMS)}), Numbers(view, TERMS), "en")
    assert {change.verdict for change in same} <= {"no, it may be noise", "not comparable"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_site_of_two_releases_says_what_changed_and_one_of_one_does_not(view, newer, site, language):
    front = replace(read_release(newer), earlier=(view,))
    section = Stories(front)
    page = next(page for page in section.pages(language) if page.path == "stories/gender/")
    text = Site(front, (section,)).render(page, language)
    assert STORY_TEXTS.text(language, "stories.changed") in unescape(text)
    assert view.manifest.folder in text
    assert 'id="changed"' not in text_of(site, language, "gender")
    assert section.shows_earlier


def test_releases_of_other_people_are_not_compared(view, newer):
    now = replace(read_release(newer), earlier=(view,))
    assert earlier_release(now) is view
    real = replace(view, manifest=replace(view.manifest, info=replace(view.manifest.info, simulated=False)))
    assert earlier_release(replace(now, earlier=(real,))) is None
