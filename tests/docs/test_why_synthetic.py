"""The page on why synthetic records are published says what is stored."""

import json

from benchmarks.compare import PAGE, RESULT, STUDY, page_text, study

from ctdc.privacy.evaluation.comparison_page import error, kept, worst_of

FOUND = json.loads(RESULT.read_text(encoding="utf-8"))


def test_the_tables_are_those_of_the_stored_result() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(FOUND), "run python -m benchmarks.compare page"
    assert json.loads(STUDY.read_text(encoding="utf-8")) == study(FOUND)


def test_what_the_page_says_in_words_is_so() -> None:
    report = FOUND["report"]
    ways = {way["name"]: way for way in report["ways"]}
    assert report["k"] == 11
    assert kept(ways["redacted"], report["people"]) < 1
    assert report["successive"]["people"] > 0
    worst = {one["name"]: worst_of(one) for one in report["attacks"]["candidates"]}
    assert worst["local"] is not None
    errors = [error(ways[f"epsilon {epsilon}"], 2) for epsilon in (1, 2, 4, 12)]
    assert errors == sorted(errors, reverse=True)
    assert errors[3] < error(ways["local"], 2) < errors[0]
    assert all(error(ways["local"], 0) > 3 * error(ways[f"epsilon {epsilon}"], 0) for epsilon in (1, 2, 4, 12))
    assert worst["epsilon 4"] is None  # the story says so
