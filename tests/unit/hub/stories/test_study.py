"""Figures of studies, which stories quote and no release changes."""

import json

import pytest

from ctdc.foundation.errors import UserError
from ctdc.hub.site.stories.numbers import POINTS, SHARE, Value
from ctdc.hub.site.stories.prose import texts_of
from ctdc.hub.site.stories.source import read_stories
from ctdc.hub.site.stories.study import STUDIES, read_study


def test_every_figure_that_a_story_quotes_is_in_its_study_and_said_to_be_from_one():
    quoting = [one for one in read_stories()[1] if any(bound.measure == "study" for bound in one.numbers.values())]
    assert [one.slug for one in quoting] == ["why-synthetic-data"]
    for story in quoting:
        assert "study" in story.notes
        bounds = [bound for bound in story.numbers.values() if bound.measure == "study"]
        assert all(bound.given["what"] in read_study(bound.given["of"]).figures for bound in bounds)


def test_figures_are_shares_or_points_within_their_intervals():
    for path in STUDIES.glob("*.json"):
        for name, figure in read_study(path.stem).figures.items():
            assert figure.low <= figure.value <= figure.high, name
            assert figure.unit == "plain" or abs(figure.value) <= 1, name


@pytest.mark.parametrize(("language", "text"), [("en", "18.2%"), ("de", "18,2\u00a0%")])
def test_a_figure_without_an_error_has_no_interval(language, text):
    assert texts_of(Value(SHARE, 0.182, 0.182, 0.182), language) == (text, "")
    assert texts_of(Value(POINTS, 0.5, 0.4, 0.6), language)[1] != ""


@pytest.mark.parametrize("content", [None, "{", "[]", '{"source": "x", "figures": {"a": {"unit": "miles"}}}'])
def test_what_is_no_study_is_said(tmp_path, content):
    if content is not None:
        (tmp_path / "broken.json").write_text(content)
    with pytest.raises(UserError) as raised:
        read_study("broken", tmp_path)
    assert raised.value.detail.code == "story.study"
    assert "broken" in raised.value.detail.where


def test_a_study_is_read_whole(tmp_path):
    figure = {"unit": "share", "value": 0.5, "low": 0.4, "high": 0.6}
    (tmp_path / "small.json").write_text(json.dumps({"source": "here", "figures": {"half": figure}}))
    assert read_study("small", tmp_path).figures["half"].model_dump() == figure
