"""Figures verify by what they say of themselves: another choice of them is good, and an invented number never is."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.another_hub import AnotherHub, another_hub

from ctdc.release.figures import Figures, compute_figures
from ctdc.release.figures_check import figures_follow
from ctdc.release.manifest import read_manifest
from ctdc.release.protected import ProtectedData
from ctdc.release.verify import CODEBOOK, read_released
from ctdc.release.vocabulary import Vocabulary, read_vocabulary

pytestmark = pytest.mark.slow

Content = tuple[ProtectedData, Vocabulary, dict[str, Any]]


def _content(release: Path) -> Content:
    data = read_released(release, read_manifest(release)[1])
    assert isinstance(data, ProtectedData)
    vocabulary = read_vocabulary(release / CODEBOOK)
    return data, vocabulary, compute_figures(data, vocabulary)


@pytest.fixture(scope="module")
def own(release: Path) -> Content:
    return _content(release)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Content:
    hub: AnotherHub = another_hub(tmp_path_factory.mktemp("north"))
    return _content(hub.release)


def _follows(content: Content, change: Callable[[dict[str, Any]], object]) -> bool:
    data, vocabulary, computed = content
    stated = copy.deepcopy(computed)
    change(stated)
    return figures_follow(stated, data, vocabulary)


def _people(figures: dict[str, Any]) -> None:
    figures["headlines"][0] |= {"id": "persons", "count": 99_999_999.0}


def _fewer(figures: dict[str, Any]) -> None:
    del figures["headlines"][0]


def _invented_pair(figures: dict[str, Any]) -> None:
    names = [entry["name"] for entry in figures["variables"][:2]]
    codes = [entry["codes"][0]["code"] for entry in figures["variables"][:2]]
    cell = {"codes": codes, **figures["total"], "below_threshold": False}
    figures["pairs"] = [{"variables": names, "published": 1, "cells": [cell]}]


def _unknown_kind(figures: dict[str, Any]) -> None:
    figures["headlines"].append({"id": "danger", "kind": "index", "value": 7})


def _of_nothing(figures: dict[str, Any]) -> None:
    figures["headlines"].append({"id": "places", "kind": "number", "value": 3})


def _wrong_number(figures: dict[str, Any]) -> None:
    name = figures["variables"][0]["name"]
    figures["headlines"].append({"id": "places", "kind": "number", "variable": name, "value": 77})


def _twice(figures: dict[str, Any]) -> None:
    figures["headlines"].append(dict(figures["headlines"][0]))


def _no_list(figures: dict[str, Any]) -> None:
    figures["pairs"] = {"variables": 1}


FORGERIES = (_people, _fewer, _invented_pair, _unknown_kind, _of_nothing, _wrong_number, _twice, _no_list)


@pytest.mark.parametrize("forge", FORGERIES)
@pytest.mark.parametrize("whose", ["own", "foreign"])
def test_an_invented_number_is_found_whoever_made_the_release(whose, forge, request):
    assert not _follows(request.getfixturevalue(whose), forge)


def test_what_follows_passes(own, foreign):
    assert _follows(own, lambda _: None)
    assert _follows(foreign, lambda _: None)


@pytest.mark.parametrize("whose", ["own", "foreign"])
def test_another_choice_of_headlines_and_pairs_is_as_good(whose, request):
    content = request.getfixturevalue(whose)
    data, vocabulary, _ = content
    figures = Figures(data, vocabulary)
    first, second = data.schema.names[:2]

    def choose(stated: dict[str, Any]) -> None:
        others = [figures.headline("number", second), figures.headline("share", first, data.schema[first].codes[-1:])]
        total = {**stated["headlines"][0], "id": "persons"}
        stated["headlines"] = [total, *({"id": f"own{at}", **one} for at, one in enumerate(others) if one)]
        stated["pairs"] = [figures.pair(second, first)]

    assert _follows(content, choose)


def test_headlines_of_releases_from_before_they_said_what_they_are_of_still_pass(own):
    def older(stated: dict[str, Any]) -> None:
        for one in stated["headlines"]:
            one.pop("variable", None)
            one.pop("codes", None)

    assert any("codes" in one for one in own[2]["headlines"])
    assert _follows(own, older)


def test_a_headline_of_other_codes_than_it_says_is_found(own):
    def other(stated: dict[str, Any]) -> None:
        one = next(one for one in stated["headlines"] if one.get("variable") == "gender")
        one["codes"] = ["Man"]

    assert not _follows(own, other)


def test_a_group_s_headline_is_of_what_its_id_says(own):
    data, vocabulary, _ = own

    def other(stated: dict[str, Any]) -> None:
        at, one = next((at, one) for at, one in enumerate(stated["headlines"]) if ":" in one["id"])
        stated["headlines"][at] = {"id": one["id"], **Figures(data, vocabulary).headline("share", "gender", ["Man"])}

    assert not _follows(own, other)
