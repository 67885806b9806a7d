"""What a presentation may say, and that the shipped one names only what is there."""

from dataclasses import replace
from pathlib import Path

import pytest

from ctdc.foundation.collaborative import SHIPPED, current
from ctdc.foundation.errors import UserError
from ctdc.standard import load
from ctdc.standard.presentation import check_presentation, presentation, read

PATH = SHIPPED / "presentation.toml"
TEXT = PATH.read_text(encoding="utf-8")


def test_the_shipped_one_names_only_what_is_there() -> None:
    check_presentation(presentation(), load(), PATH)
    assert presentation().total == "victims"
    assert presentation().role("year") == ("yearOfRegistration", "yearRegister")
    assert presentation().role("nothing") == ()


def test_every_text_that_it_needs_is_there_in_every_language() -> None:
    for language in current().languages:
        own = current().texts(language)
        assert not [(room, key) for room, key in presentation().text_keys() if key not in own[room]]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[roles]\n", "[rolls]\n", "unknown key 'rolls'"),
        ('year = ["yearOfRegistration", "yearRegister"]', 'time = ["a"]', "unknown key 'time'"),
        ('gender = ["gender"]', 'gender = "gender"', "no list of names"),
        ('kind = "total"', 'kind = "range"\nrole = "year"', "The first headline, and no other"),
        ('kind = "reported"\nrole = "place"', 'kind = "total"', "The first headline, and no other"),
        ('kind = "reported"\nrole = "place"', 'kind = "reported"', "is not whole"),
        ('kind = "reported"\nrole = "place"', 'kind = "reported"\nrole = "where"', "no role 'where'"),
        ('by = [["gender", "cross"], ["age", "heat"]]', 'by = [["gender"]]', "list of pairs"),
        ('pairs = [["age", "gender", "cross"]', 'pairs = [["age", "gender"]', "list of triples"),
        ("[places]\n", "[places]\nquestion = []\n", "unknown key 'question'"),
        ("[roles]\n", "[roles\n", "not TOML"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT
    path = tmp_path / "presentation.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read(path)
    assert said in caught.value.detail.what
    assert caught.value.detail.where == str(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('age = ["ageBroad"]', 'age = ["ageNarrow"]', "no profile has a column 'ageNarrow'"),
        ('codes = ["Woman", "Female"]', 'codes = ["Women"]', "names a code 'Women'"),
        ('questions = ["recruiter"]', 'questions = ["recruiters"]', "'recruiters' is no role"),
        ('leading = "exploitation"', 'leading = "labor"', "'labor' is no role"),
        ('headlines = ["countries_exploitation"', 'headlines = ["countries"', "a headline 'countries'"),
    ],
)
def test_a_name_that_the_standard_lacks_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT
    path = tmp_path / "presentation.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        check_presentation(read(path), load(), path)
    assert said in caught.value.detail.what
    assert caught.value.detail.allowed


def test_a_linked_column_can_be_named() -> None:
    shown = replace(presentation(), asked=("IP_Gender",))
    check_presentation(shown, load(), PATH)
