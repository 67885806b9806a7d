"""What is said about a column: what becomes of each cell, what cannot be said, and what is declared."""

from dataclasses import replace

import pytest

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench.choices import (
    PERSON,
    Choice,
    Unfit,
    all_confirmed,
    choice_from,
    day_of,
    declaration_of,
    document_of,
    with_choice,
)

CODES = Choice("kind", "codes", codes=("a", "b"))


@pytest.mark.parametrize(
    ("choice", "text", "meant"),
    [
        (CODES, "a", "a"),
        (CODES, "", None),
        (replace(CODES, absent=("n/a",)), "n/a", None),
        (replace(CODES, rest="empty"), "z", None),
        (replace(CODES, rest="code", rest_code="other"), "z", "other"),
        (Choice("k", "several", codes=("a", "b")), "b; a;b", "b;a"),
        (Choice("k", "several", codes=("a",), absent=("n/a",)), "n/a; a", "a"),
        (Choice("k", "several", codes=("a",), rest="empty"), "z;y", None),
        (Choice("k", "several", codes=("a",), rest="code", rest_code="o"), "z;a;y", "o;a"),
        (Choice("k", "numbers", edges=("0", "18")), "7", "7"),
        (Choice("k", "numbers", edges=("0", "18")), "7.0", "7.0"),
        (Choice("k", "numbers", edges=("0", "18"), whole=False), "-3.5e1", "-3.5e1"),
        (Choice("k", "numbers", edges=("0", "18"), rest="empty"), "seven", None),
        (Choice("k", "dates", first="2024", last="2024"), "2024-02-03T14:30", "2024-02-03"),
        (Choice("k", "dates", written="dmy"), "3.2.2024", "2024-02-03"),
        (Choice("k", "dates", written="mdy"), "3/2/2024", "2024-03-02"),
        (Choice("k", "out"), "anything", None),
        (Choice("k", "person"), "V-1", "V-1"),
    ],
)
def test_a_cell_becomes_what_its_choice_says(choice: Choice, text: str, meant: str | None) -> None:
    assert choice.meaning()(text) == meant


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        (CODES, "A"),
        (Choice("k", "several", codes=("a",)), "a;z"),
        (Choice("k", "numbers", edges=("0", "18")), "7.5"),
        (Choice("k", "numbers", edges=("0", "18")), "inf"),
        (Choice("k", "numbers", edges=("0", "18")), "1_000"),
        (Choice("k", "numbers", edges=("0", "18"), outside="error"), "18"),
        (Choice("k", "dates"), "3.2.2024"),
        (Choice("k", "dates", written="dmy"), "31.2.2024"),
    ],
)
def test_a_cell_that_was_not_declared_is_refused(choice: Choice, text: str) -> None:
    with pytest.raises(Unfit):
        choice.meaning()(text)


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        (Choice("k", "codes"), "workbench.no_codes"),
        (Choice("k", "codes", codes=("a",), rest="code"), "workbench.rest_code"),
        (Choice("k", "codes", codes=("x" * 201,)), "workbench.many_codes"),
        (Choice("k", "several", codes=("a;b",)), "schema.declaration"),
        (Choice("k", "numbers", edges=("18", "0")), "schema.bands"),
        (Choice("k", "numbers", edges=("a",)), "schema.bands"),
        (Choice("k", "numbers"), "schema.bands"),
        (Choice("k", "dates", first="2024", last="2023"), "schema.bands"),
        (Choice("k", "dates"), "schema.bands"),
    ],
)
def test_what_cannot_be_declared_is_refused_when_it_is_said(choice: Choice, code: str) -> None:
    with pytest.raises(UserError) as caught:
        choice.check()
    assert caught.value.detail.code == code


@pytest.mark.parametrize(
    "wrong", [{"kind": "secret"}, {"outside": "all"}, {"by": "day"}, {"written": "?"}, {"rest": ""}]
)
def test_what_no_form_sends_is_no_choice(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="unknown"):
        Choice("k", **wrong)


def test_the_declaration_names_chosen_columns_only_and_hides_what_the_ids_were_called() -> None:
    choices = [Choice("victim number", "person"), Choice("name", "out"), replace(CODES, rest="code", rest_code="c")]
    document = document_of(choices)
    assert [field["name"] for field in document["fields"]] == ["kind"]
    assert document["ctdc"] == {"columns": ["kind"], "subject_id": PERSON}
    assert declaration_of(choices).schema.variables[0].codes == ("a", "b", "c")
    assert "victim" not in str(document)
    assert "name': 'name" not in str(document)


def test_nothing_chosen_and_a_reserved_name_are_refused() -> None:
    for choices, code in (
        ([Choice("a")], "workbench.nothing_chosen"),
        ([replace(CODES, name=PERSON)], "workbench.reserved"),
    ):
        with pytest.raises(UserError) as caught:
            declaration_of(choices)
        assert caught.value.detail.code == code


def test_one_column_only_says_whose_row_it_is() -> None:
    before = (Choice("a", "person", confirmed=True), Choice("b", "out", confirmed=True))
    after = with_choice(before, 1, Choice("b", "person", confirmed=True))
    assert [choice.kind for choice in after] == ["out", "person"]
    assert not after[0].confirmed, "leaving it out is a new decision"


def test_everything_is_confirmed_only_if_something_is_left() -> None:
    assert all_confirmed([replace(CODES, confirmed=True), Choice("b", confirmed=True)])
    assert not all_confirmed([replace(CODES, confirmed=True), Choice("b")])
    assert not all_confirmed([Choice("b", confirmed=True)])
    assert not all_confirmed([])


def test_a_date_that_is_none_is_none() -> None:
    assert day_of("2024-02-30", "iso") is None
    assert day_of("13/13/2024", "dmy") is None


def test_a_stored_choice_is_read_back_to_an_equal_one() -> None:
    from dataclasses import asdict

    assert choice_from({**asdict(CODES), "codes": ["a", "b"], "edges": [], "absent": []}) == CODES
