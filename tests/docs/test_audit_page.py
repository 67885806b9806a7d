"""The page on the audit says what is stored and what the tests of the mutants expect."""

import re
from pathlib import Path

from benchmarks.audit import PAGE, PICTURE, page_text, picture, stored
from tests.mutants.variants import ATTACK, DISTANCE, MUTANTS, REPLAY

from ctdc.privacy.attacks.claims import REJECTED, SHOWN

ROOT = Path(__file__).parents[2]


def test_the_tables_and_the_plot_are_those_of_the_stored_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(stored()), "run python -m benchmarks.audit page"
    assert PICTURE.read_text(encoding="utf-8") == picture(stored())


def test_what_is_stored_was_passed() -> None:
    for name, document in stored().items():
        assert document["verdict"] == SHOWN, name
        assert not [one for one in document["attacks"] if one["verdict"] == REJECTED]
        assert "machine" in document


def test_the_table_of_mutants_is_what_the_tests_expect() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text.split("| mistake |")[1].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert rows == [
        [one.name, *("caught" if way in one.caught else "" for way in (REPLAY, DISTANCE, ATTACK))] for one in MUTANTS
    ]
    assert len(rows) == 9


def test_the_tests_that_the_page_names_exist() -> None:
    for file, function in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?", PAGE.read_text(encoding="utf-8")):
        assert not function or f"def {function}(" in (ROOT / file).read_text(encoding="utf-8")
        assert (ROOT / file).is_file()
