"""Which collaborative is served, and what is said of a description that is not whole."""

from pathlib import Path

import pytest

from ctdc.foundation.collaborative import COMPLETE, MARKER, SHIPPED, current, find, read
from ctdc.foundation.errors import UserError

GOOD = """
id = "floods"
languages = ["fr", "en"]
name.fr = "Crues"
name.en = "Floods"
data.fr = "Données"
data.en = "Data"
publisher = "Somebody"
profile = "floods-2025"
"""


def write(folder: Path, text: str = GOOD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_one_is_served_unless_another_is_chosen(tmp_path: Path) -> None:
    assert find(None, tmp_path) == SHIPPED
    assert current().is_shipped
    assert current().languages[0] == "en" and set(current().languages) == set(COMPLETE)


def test_one_that_lies_above_is_found_like_a_repository(tmp_path: Path) -> None:
    folder = write(tmp_path / "floods")
    (folder / "a" / "b").mkdir(parents=True)
    assert find(None, folder / "a" / "b") == folder
    assert find(str(folder), tmp_path) == folder.resolve()


def test_what_was_chosen_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        find(str(tmp_path), tmp_path)
    assert caught.value.detail.code == "collaborative.none"
    assert "ctdc init" in caught.value.detail.do


def test_the_first_language_is_the_default_and_names_are_texts(tmp_path: Path) -> None:
    one = read(write(tmp_path))
    assert (one.default_language, one.names["fr"], one.short_names["en"]) == ("fr", "Crues", "Floods")
    assert one.texts("fr")["hub/site"]["site.name"] == "Crues"
    assert one.part("stories") is None and not one.is_shipped


def test_a_language_of_its_own(tmp_path: Path) -> None:
    text = GOOD.replace('["fr", "en"]', '["fr", "he"]').replace(".en", ".he")
    with pytest.raises(UserError) as caught:
        read(write(tmp_path, text))
    assert "'he'" in caught.value.detail.what and "[language.he]" in caught.value.detail.do
    one = read(write(tmp_path, text + '[language.he]\nname = "עברית"\ndirection = "rtl"\nand = " ו"\n'))
    assert one.known["he"].direction == "rtl"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "floods"', 'id = "Floods!"', "cannot be the id"),
        ('id = "floods"', "", "'id' is missing"),
        ('name.fr = "Crues"', "", "'name' has no text in fr"),
        ('data.en = "Data"', 'data.en = " "', "'data' has no text in en"),
        ("publisher", "publsher", "Do you mean 'publisher'?"),
        ('["fr", "en"]', "[]", "'languages' names none"),
        ('["fr", "en"]', '["fr", "fr"]', "'languages' names none, or one twice"),
        ('["fr", "en"]', '"fr"', "no list of texts"),
        ('["fr", "en"]', '["fr", "xx"]', "'xx' is not known"),
        ('profile = "floods-2025"', 'profile = "floods-2025"\n[parts]\nstandart = "s"', "Do you mean 'standard'?"),
        ('profile = "floods-2025"', 'profile = "floods-2025"\nprofile = 1', "not TOML"),
        ('profile = "floods-2025"', "profile = 3", "'profile' is no text"),
        ('profile = "floods-2025"', 'profile = "f"\n[theme]\ncolour = "x"', "'colour' is not known"),
        ('profile = "floods-2025"', 'profile = "f"\n[language.pt]\nname="P"\ndirection="up"\nand=" e "', "is 'up'"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(UserError) as caught:
        read(write(tmp_path, GOOD.replace(old, new)))
    assert caught.value.detail.code == "collaborative.broken"
    assert said in caught.value.detail.what
    assert caught.value.detail.where.endswith(MARKER)
    assert caught.value.detail.do


def test_texts_are_tables_of_rooms(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "texts").mkdir()
    (folder / "texts" / "fr.toml").write_text('["release"]\n"a" = "b"\n', encoding="utf-8")
    assert read(folder).texts("fr")["release"] == {"a": "b", "default_title": "Données"}
    (folder / "texts" / "en.toml").write_text('release = "b"\n', encoding="utf-8")
    with pytest.raises(UserError, match="no table of texts"):
        read(folder).texts("en")
