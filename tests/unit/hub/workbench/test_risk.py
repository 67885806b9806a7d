"""The look at the risk: of the table as it is declared, marked with what it was a look at."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "support"))

from bench import CHOSEN, declared, project_with

from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Silent
from ctdc.hub.workbench.choices import Choice, declaration_of
from ctdc.hub.workbench.prepare import choices_hash
from ctdc.hub.workbench.risk import work


def test_the_look_is_marked_with_what_is_declared_when_it_begins(tmp_path):
    project = project_with(tmp_path / "p")
    declared(project)
    found = work(project, project.risk, {"declared": "asked before a change", "table": "t"}, Silent())
    assert found["declared"] == choices_hash(CHOSEN, "t")
    assert found["people"] == 400
    assert {part["name"] for part in found["parts"]} == {name for name, _ in declaration_of(CHOSEN).groups}


def test_rows_of_one_person_are_one_person(tmp_path):
    line = ("V-1", "n", "30", "2024-01-05", "North", "lamp", "1", "")
    project = project_with(tmp_path / "p", [line, line, ("V-2", *line[1:])])
    declared(project)
    assert work(project, project.risk, {"table": "t"}, Silent())["people"] == 2


def test_rows_that_contradict_each_other_are_named(tmp_path):
    line = ("V-1", "n", "30", "2024-01-05", "North", "lamp", "1", "")
    project = project_with(tmp_path / "p", [line, (*line[:4], "South", *line[5:])])
    declared(project)
    with pytest.raises(UserError) as caught:
        work(project, project.risk, {"table": "t"}, Silent())
    assert caught.value.detail.code == "table.conflict"
    assert "district" in caught.value.detail.where
    declared(project, [Choice(one.name, confirmed=True) if one.name == "district" else one for one in CHOSEN])
    assert work(project, project.risk, {"table": "t"}, Silent())["people"] == 1
