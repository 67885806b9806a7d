"""Cells and truth side by side: blanks, lists, and flags that a list leaves out."""

import numpy as np
import pytest

from ctdc.simulate.corridors import Corridors
from ctdc.simulate.countries import load_countries
from ctdc.simulate.draft import REASONS, Blank, Draft, Known, choose_words, join_lists
from ctdc.simulate.natives import perpetrators as perps
from ctdc.simulate.people import draw_people
from ctdc.simulate.world import CONTRIBUTORS
from ctdc.simulate.write import NATIVES
from ctdc.standard import load

BLANKS = (Blank("", "not_asked", 1), Blank("?", "unknown", 1))


@pytest.fixture
def draft() -> Draft:
    people = draw_people(CONTRIBUTORS[0], 1, 4, Corridors(load_countries().alpha3), np.random.default_rng(0))
    return Draft(people, BLANKS, {"always": (1, 1, 1), "never": (0, 0, 0)}, np.random.default_rng(0))


def reasons(draft: Draft, variable: str) -> list[str]:
    known = draft.truth[variable]
    return ["" if p >= 0 else REASONS[r] for p, r in zip(known.positions, known.reasons, strict=True)]


def test_lists_are_joined_in_the_order_of_their_items() -> None:
    flags = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]], dtype=bool)
    assert join_lists(flags, ("a", "b", "c"), "; ").tolist() == ["a; c", "", "b"]


def test_too_many_items_are_refused_not_garbled() -> None:
    with pytest.raises(ValueError, match="62"):
        join_lists(np.zeros((1, 63), dtype=bool), [""] * 63, ";")


def test_one_of_several_words_is_chosen_for_each_flag() -> None:
    flags = np.array([[True, False], [True, True]] * 20)
    chosen, items = choose_words(flags, ("x", "y"), {"x": ("x1", "x2"), "y": ("y1",)}, np.random.default_rng(0))
    assert items == ["x1", "x2", "y1"]
    assert (chosen[:, :2].sum(axis=1) == 1).all()
    assert chosen[:, 0].any() and chosen[:, 1].any()


def test_a_blank_cell_and_its_reason_go_together(draft: Draft) -> None:
    state = np.array([0, 1, 2, 0], dtype=np.int32)
    draft.column("C", "code", np.array(["a", "b", "a", "b"], dtype=object), state)
    draft.know("v", ("a", "b"), np.array([0, 1, 0, 1]), state)
    assert draft.tables["main"].columns["C"].cells.tolist() == ["a", "", "?", "b"]
    assert draft.truth["v"].positions.tolist() == [0, -1, -1, 1]
    assert reasons(draft, "v") == ["", "not_asked", "unknown", ""]


def test_what_a_list_leaves_out_is_no_or_missing(draft: Draft) -> None:
    state, flag = np.array([0, 0, 1, 2], dtype=np.int32), np.array([True, False, True, False])
    draft.know_flag("asked", flag, state)
    draft.know_flag("told", flag, state, absent="not_asked")
    assert draft.truth["asked"].positions.tolist() == [1, 0, -1, -1]
    assert draft.truth["told"].positions.tolist() == [1, -1, -1, -1]
    assert reasons(draft, "told") == ["", "not_asked", "not_asked", "unknown"]


def test_who_was_asked_depends_on_the_period_and_on_whether_it_applies(draft: Draft) -> None:
    assert (draft.state("always") == 0).all()
    assert (draft.state("never") > 0).all()
    assert (draft.state("always", np.zeros(4, dtype=bool)) == 1).all()


def test_a_truth_cannot_be_set_twice(draft: Draft) -> None:
    draft.impossible(["v"])
    assert reasons(draft, "v") == ["not_collected"] * 4
    with pytest.raises(ValueError, match="twice"):
        draft.impossible(["v"])


def drafted(key: str) -> Draft:
    entry = next(entry for entry in CONTRIBUTORS if entry.key == key)
    countries = load_countries()
    people = draw_people(entry, 1, 300, Corridors(countries.alpha3), np.random.default_rng(2))
    return NATIVES[key][1](people, countries, np.random.default_rng(3))


def atoms_used(known: Known, is_list: bool) -> set[str]:
    used = {known.codes[position] for position in np.unique(known.positions) if position >= 0}
    return {atom for code in used for atom in (code.split(";") if is_list else [code])}


@pytest.mark.parametrize("key", ["sim-caseworks", "sim-hotline", "sim-alliance"])
def test_every_variable_of_a_perpetrator_has_a_truth_in_the_standards_codes(key: str) -> None:
    linked = drafted(key).linked[perps.ENTITY]
    standard = load().of_entity(perps.ENTITY)
    assert set(linked.truth) == set(standard.variables)
    for name, known in linked.truth.items():
        assert len(known.positions) == len(linked.people) > 0
        assert atoms_used(known, standard.variables[name].kind == "list") <= set(standard.codes(name)), name


def test_the_case_says_of_all_perpetrators_what_is_true_of_each() -> None:
    """The flattened variables are those of the entity: one truth."""
    draft = drafted("sim-caseworks")
    linked, overall = draft.linked[perps.ENTITY], draft.truth["IP_Gender"]
    each = linked.truth["IP_Gender"]
    told = 0
    for row in np.flatnonzero(each.positions >= 0):
        listed = overall.codes[overall.positions[linked.people[row]]].split(";")
        assert each.codes[each.positions[row]] in listed
        told += 1
    assert told > 0
    assert set(linked.people) == set(np.flatnonzero(overall.positions >= 0))


def test_numbered_columns_are_filled_from_the_first(draft: Draft) -> None:
    where = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]], dtype=bool)
    rows = perps.Rows(draft, where)
    rows.column("P{n}", "code", np.array(list("abcdefg"), dtype=object))
    cells = [draft.tables["main"].columns[f"P{number}"].cells.tolist() for number in (1, 2, 3, 4)]
    assert cells == [["a", "", "c", "d"], ["b", "", "", "e"], ["", "", "", "f"], ["", "", "", "g"]]


@pytest.mark.parametrize("key", list(NATIVES))
def test_every_variable_has_a_truth_in_the_standards_codes(key: str) -> None:
    truth = drafted(key).truth
    standard = load()
    assert set(truth) == set(standard.variables)
    for name, known in truth.items():
        assert atoms_used(known, standard.variables[name].kind == "list") <= set(standard.codes(name)), name
