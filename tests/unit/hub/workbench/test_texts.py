"""The sentences of the workbench: all five languages have the same, with the same things named."""

import re
from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench.words import WORKBENCH_TEXTS, Words
from ctdc.standard.languages import LANGUAGES

SOURCE = Path(__file__).parents[4] / "src" / "ctdc" / "hub" / "workbench"


def named(message) -> set[str]:
    forms = [message] if isinstance(message, str) else list(message.values())
    return {name for form in forms for name in re.findall(r"{(\w+)}", form)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same(language):
    english, other = WORKBENCH_TEXTS.messages("en"), WORKBENCH_TEXTS.messages(language)
    assert list(english) == list(other)
    assert {key for key in english if named(english[key]) != named(other[key])} == set()


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_nothing_was_left_in_english(language):
    english, other = WORKBENCH_TEXTS.messages("en"), WORKBENCH_TEXTS.messages(language)
    sentences = [key for key, text in english.items() if len(str(text).split()) > 2]
    assert [key for key in sentences if english[key] == other[key]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_that_the_workbench_raises_has_a_sentence(language):
    raised = set()
    for path in SOURCE.rglob("*.py"):
        raised |= set(re.findall(r'(?:UserError|Refused)\(\s*"([a-z_.]+)"', path.read_text()))
    started = {"workbench.not_a_project", "workbench.open_to_others", "workbench.in_use"}  # before there is a page
    messages = WORKBENCH_TEXTS.messages(language)
    assert {code for code in raised - started if f"error.{code}" not in messages} == set()
    for code in raised - started:
        assert Words(language).said(UserError(code, "what", where="column 'a', first in row 3")).what


def test_an_error_names_the_column_and_the_row():
    where = "table, column 'age', first in row 17"
    error = UserError("table.conflict", "The column 'age' has 2 cells that contradict.", where=where)
    said = Words("en").said(error)
    assert "age" in said.what
    assert "17" in said.what
    assert said.detail == ("The column 'age' has 2 cells that contradict.", where)


def test_an_error_without_a_sentence_is_shown_as_it_was_written():
    said = Words("fr").said(UserError("cohorts.name", "No name."))
    assert said.what == WORKBENCH_TEXTS.text("fr", "error.other")
    assert said.detail == ("No name.",)
    assert Words("de").said({"code": "fault", "what": "ValueError", "where": "a.py:3 f"}).what.startswith("Im Programm")
    assert Words("en").said(UserError("table.something", "x")).what == WORKBENCH_TEXTS.text("en", "error.table")
