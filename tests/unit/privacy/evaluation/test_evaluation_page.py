"""The page of an evaluation: five languages, the notice first, every plot's numbers, nothing fetched."""

import re
from dataclasses import replace
from html import unescape

import pytest
from tests.support.evaluated import GROUPS, candidate_of, invented, shuffled

from ctdc.privacy.evaluation.evaluate import Report, evaluate
from ctdc.privacy.evaluation.evaluation_page import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Namer,
    evaluation_html,
    forest,
    relative_errors,
)
from ctdc.privacy.evaluation.regressions import NO_TERMS
from ctdc.privacy.evaluation.settings import Regression, Settings, Subgroup
from ctdc.privacy.evaluation.summary import signs_of
from ctdc.privacy.report import LANGUAGES, texts_of
from ctdc.table.coded import CodedTable

SETTINGS = Settings(
    groups=GROUPS,
    subgroups=(Subgroup("who", "man", "gender", ("man",)), Subgroup("who", "rest", "gender", ("woman", "trans"))),
    regressions=(Regression("work", "work", ("1",), ("gender", "area"), {"en": "Work by <gender>"}),),
    time="year",
    resamples=2,
)
LABELS = {
    "gender": dict.fromkeys(LANGUAGES, "Gender & more"),
    "gender=man": {"en": "Men", "ar": "رجال"},
    "family:who": {"en": "Who they are"},
}


@pytest.fixture(scope="module")
def report() -> Report:
    truth = invented(1, 4000)
    return evaluate(truth, shuffled(truth, 2), SETTINGS, about={"candidate": "<b>"})


def test_every_language_has_every_text_with_the_same_places() -> None:
    texts = texts_of("evaluation")
    assert set(texts) == set(LANGUAGES)
    for language in LANGUAGES:
        assert set(texts[language]) == set(texts["en"])
        for key, text in texts[language].items():
            assert text.strip()
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", texts["en"][key])), (language, key)
            assert language == "en" or text != texts["en"][key] or len(text) <= 12, (language, key)


@pytest.mark.slow
def test_the_page_says_first_that_it_is_never_to_be_published(report: Report) -> None:
    page = unescape(evaluation_html(report, LABELS))
    for language in LANGUAGES:
        section = page.split(f'<section class="language" id="{language}"')[1]
        assert section.index(texts_of("evaluation")[language]["notice"]) < section.index("<h2")
    assert not re.search(r"<script|https?://|src=|@import|url\(", page)


@pytest.mark.slow
def test_names_are_those_of_the_reader_and_escaped(report: Report) -> None:
    page = evaluation_html(report, LABELS)
    english = page.split('id="en"')[1].split("</section>")[0]
    assert "<bdi>Gender &amp; more</bdi>" in english
    assert "<bdi>Men</bdi>" in english
    assert "<bdi>Who they are</bdi>" in english
    assert "Work by &lt;gender&gt;" in english
    assert "candidate: &lt;b&gt;" in english
    assert '<bdi dir="auto">islands</bdi>' in english


@pytest.mark.slow
def test_what_is_far_from_the_truth_is_marked(report: Report, truth: CodedTable) -> None:
    marks = texts_of("evaluation")["en"]
    signs = {(sign.kind, sign.order): sign for sign in signs_of(report)}
    assert signs["tvd", 2].look
    assert signs["propensity", 0].look
    assert not signs["tvd", 1].look, "every column alone is true"
    assert f'class="look">{marks["mark.look"]}' in evaluation_html(report)
    same = evaluate(truth, candidate_of(truth), SETTINGS)
    assert not [sign for sign in signs_of(same) if sign.look]
    assert f'class="look">{marks["mark.look"]}' not in evaluation_html(same)


def test_the_plots_stay_within_their_frames(report: Report) -> None:
    records, estimates = relative_errors(report)
    assert records is not None
    assert estimates is None
    points = [tuple(map(float, point.split(","))) for line in records.lines for point in line.points.split()]
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in points)
    assert [line.order for line in records.lines] == [2, 3], "every column alone is true"
    zero, places = forest(report.regressions[0])
    assert len(places) == len(report.regressions[0].coefficients)
    for own, made in places:
        assert 0 <= own.low < own.value < own.high <= 240
        assert made is None or 0 <= made.low < made.high <= 240
    assert 0 < zero < 240


@pytest.mark.slow
def test_a_model_that_cannot_be_fitted_is_said(report: Report) -> None:
    none = replace(report.regressions[0], coefficients=(), mean_overlap=None, problem=NO_TERMS)
    page = evaluation_html(replace(report, regressions=(none,)))
    assert texts_of("evaluation")["en"]["regressions.problem"] in page


def test_names_fall_back_on_what_stands_in_the_data() -> None:
    namer = Namer("ar", LABELS)
    assert namer.entry("gender", "man") == "<bdi>رجال</bdi>"
    assert namer.entry("gender", "<x>") == '<bdi dir="auto">&lt;x&gt;</bdi>'
    assert namer.entry("work", "1") == '<bdi dir="auto">work</bdi>'
    assert Namer("fr", LABELS).entry("gender", "man") == '<bdi dir="auto">man</bdi>'
