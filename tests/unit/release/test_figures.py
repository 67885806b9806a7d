"""The figures of a release against the people behind a twin, which only a test knows."""

import json

import polars as pl
import pytest
from protected_twin import global_codes, invented_people


@pytest.fixture(scope="module")
def figures(release) -> dict:
    return json.loads((release / "data/figures.json").read_text())


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    return invented_people(1500, 7, global_codes())


def within(numbers: dict, key: str, truth: float, errors: float = 5.0) -> bool:
    return abs(numbers[key] - truth) <= errors * numbers["standard_error"] + 1e-6


def test_shares_of_groups_leave_out_people_without_an_answer(figures, people):
    for group in figures["groups"]:
        names = [member["variable"] for member in group["members"]]
        answered = people.filter(pl.any_horizontal(pl.col(names).is_not_null())).height
        assert group["denominator"]["source"] == ("counts" if len(names) <= 2 else "records")
        assert within(group["denominator"], "count", answered)
        for member in group["members"]:
            truth = people[member["variable"]].is_not_null().sum() / answered
            assert member["share"] is None or within(member["share"], "share", truth)


def test_shares_of_a_variable_leave_out_the_empty(figures, people):
    for variable in figures["variables"]:
        known = people[variable["name"]].drop_nulls()
        assert within(variable["known"], "count", len(known))
        for code in variable["codes"]:
            assert (code["share"] is None) or not code["below_threshold"]
            if code["share"]:
                assert within(code["share"], "share", (known == code["code"]).sum() / len(known))


def test_headlines(figures, people):
    headlines = {headline["id"]: headline for headline in figures["headlines"]}
    ages = people["ageBroad"].drop_nulls()
    assert within(headlines["children"], "share", ages.is_in(["0--8", "09--17"]).mean())
    assert within(headlines["women"], "share", (people["gender"].drop_nulls() == "Woman").mean())
    assert within(headlines["victims"], "count", 1500)
    assert 2002 <= int(headlines["years"]["first"]) <= int(headlines["years"]["last"]) == 2022


def test_corridors_are_the_largest_first(figures):
    pair = next(pair for pair in figures["pairs"] if pair["variables"] == ["citizenship", "CountryOfExploitation"])
    counts = [cell["count"] for cell in pair["cells"]]
    assert counts == sorted(counts, reverse=True)
    assert pair["published"] >= len(counts)
