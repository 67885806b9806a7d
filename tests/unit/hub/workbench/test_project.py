"""The folder of a project: made private, refused where it is not, held by one workbench at a time."""

import pytest

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench.project import held, open_project, project_at, read_json, write_json


def refused(folder) -> str:
    with pytest.raises(UserError) as caught:
        open_project(folder)
    return caught.value.detail.code


def test_a_project_is_for_its_owner_only(tmp_path):
    project = open_project(tmp_path / "new" / "project")
    assert project.folder.stat().st_mode & 0o777 == 0o700
    write_json(project.plan, {"epsilon": 1})
    assert project.plan.stat().st_mode & 0o777 == 0o600
    assert open_project(project.folder) == project
    assert read_json(project.plan) == {"epsilon": 1}
    assert read_json(project.choices) is None


def test_an_empty_folder_becomes_one_and_loses_the_rights_of_others(tmp_path):
    (tmp_path / "p").mkdir(mode=0o755)
    assert open_project(tmp_path / "p").folder.stat().st_mode & 0o077 == 0


def test_other_places_are_refused(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    (tmp_path / "file").touch()
    assert refused(tmp_path / "full") == "workbench.not_a_project"
    assert refused(tmp_path / "file") == "workbench.not_a_project"
    released = tmp_path / "release"
    released.mkdir()
    (released / "manifest.json").touch()
    assert refused(released / "in" / "it") == "private.out"
    assert not (released / "in").exists()


def test_a_project_that_others_may_look_into_is_refused(tmp_path):
    project = open_project(tmp_path / "p")
    project.folder.chmod(0o750)
    assert refused(project.folder) == "workbench.open_to_others"


def test_where_the_mark_is_gone_nobody_guesses_where_the_ledger_is(tmp_path):
    project = open_project(tmp_path / "p", tmp_path / "account.jsonl")
    assert project_at(project.folder) == project
    (project.folder / "project.json").unlink()
    with pytest.raises(UserError) as caught:
        project_at(project.folder)
    assert caught.value.detail.code == "workbench.gone"


def test_two_workbenches_do_not_share_a_project(tmp_path):
    project = open_project(tmp_path / "p")
    with held(project):
        with pytest.raises(UserError) as caught, held(project):
            pass
        assert caught.value.detail.code == "workbench.in_use"
    with held(project):
        pass


def test_a_damaged_file_is_named(tmp_path):
    project = open_project(tmp_path / "p")
    project.plan.write_text("{")
    with pytest.raises(UserError) as caught:
        read_json(project.plan)
    assert caught.value.detail.where.endswith("plan.json")
