"""Invented deliveries follow their recipe, and a recipe that names what is not there is refused."""

import csv
import hashlib
from collections import Counter
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from ctdc.foundation.collaborative import SHIPPED
from ctdc.foundation.errors import UserError
from ctdc.simulate.declared import invent, read_recipe
from ctdc.simulate.write import NOTICE_FILE

EXAMPLE = SHIPPED.parent / "work-accidents" / "example" / "invent.toml"
SMALL = """
[[variable]]
name = "where"
codes = {town = 1, land = 3}

[[variable]]
name = "ill"
yes = 0.1
when = [{variable = "where", codes = ["land"], times = 5.0}]

[[variable]]
name = "band"
codes = {"0--9" = 1, "60+" = 1}

[[contributor]]
id = "one"
share = 3
mapping = "m"
file = "one.csv"
delimiter = ";"
columns = [
  {name = "no", kind = "number", start = "A"},
  {name = "place", of = "where", words = {town = "T", land = "L"}, empty = 0.25},
  {name = "signs", kind = "list", words = {ill = "ill"}},
  {name = "ill", kind = "choice", of = "ill"},
  {name = "age", kind = "age", of = "band"},
]

[[contributor]]
id = "two"
share = 1
mapping = "m"
file = "two.xlsx"
sheet = "People"
columns = [{name = "no", kind = "number"}, {name = "place", of = "where"}]
"""


def write(folder: Path, text: str = SMALL) -> Path:
    path = folder / "invent.toml"
    path.write_text(text, encoding="utf-8")
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def test_frequencies_are_those_of_the_recipe(tmp_path: Path) -> None:
    """4,000 people of a fixed seed; the bounds are five standard errors wide."""
    made = invent(read_recipe(write(tmp_path)), tmp_path / "out", 4_000, 1)
    assert sum(one.cases for one in made.deliveries) == 4_000
    assert made.deliveries[0].cases == pytest.approx(3_000, abs=140)
    found = rows(tmp_path / "out" / "one.csv")
    places = Counter(row["place"] for row in found)
    assert places[""] / len(found) == pytest.approx(0.25, abs=0.04)
    assert places["L"] / (places["L"] + places["T"]) == pytest.approx(0.75, abs=0.05)
    for place, share in (("L", 0.5), ("T", 0.1)):
        ill = [row["ill"] == "1" for row in found if row["place"] == place]
        assert sum(ill) / len(ill) == pytest.approx(share, abs=0.07)
    assert all((row["signs"] == "ill") == (row["ill"] == "1") for row in found)
    assert {int(row["age"]) for row in found} >= {0, 9, 60} and all(
        int(row["age"]) in (*range(10), *range(60, 76)) for row in found
    )
    assert len({row["no"] for row in found}) == len(found)
    book = CalamineWorkbook.from_path(tmp_path / "out" / "two.xlsx")
    assert book.get_sheet_by_name("People").to_python()[0] == ["no", "place"]
    assert "SIMULATED" in (tmp_path / "out" / NOTICE_FILE).read_text()


def test_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    recipe = read_recipe(EXAMPLE)

    def hashes(name: str, seed: int) -> list[str]:
        made = invent(recipe, tmp_path / name, 200, seed)
        return [hashlib.sha256(one.source.read_bytes()).hexdigest() for one in made.deliveries]

    first = hashes("a", 7)
    assert first == hashes("b", 7)
    assert not set(first) & set(hashes("c", 8))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("yes = 0.1", "yes = 1.1", "variable.2.yes"),
        ("yes = 0.1\n", "yes = 0.1\ncodes = {a = 1}\n", "and not both"),
        ("yes = 0.1\n", "", "is needed"),
        ('codes = ["land"]', 'codes = ["sea"]', "'sea'"),
        ('variable = "where"', 'variable = "band"', "'when' names 'band'"),
        ("times = 5.0", "times = {a = 1}", "a number for a flag"),
        ('of = "band"', 'of = "bond"', "no variable 'bond'"),
        ('words = {ill = "ill"}', 'words = {well = "ill"}', "no variable 'well'"),
        ('words = {town = "T", land = "L"}', 'words = {town = "T"}', "no word for 'land'"),
        ('file = "one.csv"', 'file = "../one.csv"', "contributor.1.file"),
        ("share = 3", "shared = 3", "contributor.1"),
        ("[[variable]]", "[[variable]", "not TOML"),
    ],
)
def test_what_is_wrong_in_a_recipe_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SMALL
    with pytest.raises(UserError) as caught:
        read_recipe(write(tmp_path, SMALL.replace(old, new, 1)))
    assert caught.value.detail.code == "simulate.recipe"
    assert said in caught.value.detail.what
    assert caught.value.detail.where.endswith("invent.toml")


def test_a_number_of_people_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="0 cases"):
        invent(read_recipe(write(tmp_path)), tmp_path / "out", 0, 1)
    assert not (tmp_path / "out").exists()
