"""A new collaborative is a whole copy in the chosen languages, and nothing is overwritten."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from ctdc.cli.main import main
from ctdc.foundation.collaborative import CHOSEN, PARTS, read
from ctdc.foundation.errors import UserError
from ctdc.simulate.countries import load_countries
from ctdc.standard.loader import load
from ctdc.workflow.config import read_plan
from ctdc.workflow.new_collaborative import SOURCES, make_collaborative


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_every_part_is_in_the_folder_itself(tmp_path: Path, source: str) -> None:
    made = make_collaborative(tmp_path / "new-one", source)
    pattern = read(SOURCES[source])
    assert (made.id, made.languages, made.names) == ("new-one", pattern.languages, pattern.names)
    for name in PARTS:
        assert (made.part(name) is None) == (pattern.part(name) is None), name
        assert made.places[name].is_relative_to(tmp_path.resolve() / "new-one")
    assert not [path.name for path in made.folder.rglob("*") if path.name in ("__pycache__", "README.md")]


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_the_plan_that_the_next_step_names_is_there_and_invents_people(
    tmp_path: Path, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["init", str(tmp_path / "new-one"), "--from", source])
    assert not caught.value.code
    assert "ctdc run plan.toml" in capsys.readouterr().out
    plan = read_plan(tmp_path / "new-one" / "plan.toml")
    assert plan.simulation and plan.release.simulated
    assert plan.release.profile == read(tmp_path / "new-one").profile
    assert plan.out.name == "first"


def test_languages_that_were_not_chosen_are_left_out(tmp_path: Path) -> None:
    made = make_collaborative(tmp_path / "new-one", "example", ["ar"])
    assert made.languages == ("ar",)
    assert not [path for path in made.folder.rglob("*") if path.stem == "en"]
    assert (made.folder / "content" / "about" / "pages" / "ar" / "about.yaml").is_file()
    turned = make_collaborative(tmp_path / "turned", "example", ["ar", "en"])
    assert turned.default_language == "ar"


@pytest.mark.parametrize(
    ("name", "languages", "code"),
    [("New One", (), "init.name"), ("new-one", ("en", "fr"), "init.language"), ("there", (), "files.exists")],
)
def test_what_cannot_be_is_refused_and_nothing_is_left(
    tmp_path: Path, name: str, languages: tuple[str, ...], code: str
) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(UserError) as caught:
        make_collaborative(tmp_path / name, "example", languages)
    assert caught.value.detail.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_process_that_serves_one_collaborative_serves_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CHOSEN, raising=False)
    make_collaborative(tmp_path / "new-one", "example")
    with pytest.raises(SystemExit) as caught:
        main(["--collaborative", str(tmp_path / "new-one"), "standard", "show"])
    assert caught.value.code == 3
    assert "a process of its own for each" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["--collaborative", str(tmp_path), "standard", "show"])
    assert caught.value.code == 3
    assert "no collaborative.toml" in capsys.readouterr().err


@pytest.mark.slow
def test_invented_contributors_write_english_where_it_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = load().code_lists
    countries = tuple(
        replace(code, labels={"es": code.labels["es"]}) if code.code in ("FRA", "DEU") else code
        for code in lists["country"].codes
    )
    standard = SimpleNamespace(code_lists={**lists, "country": replace(lists["country"], codes=countries)})
    monkeypatch.setattr("ctdc.simulate.countries.load", lambda: standard)
    assert {"France", "Germany"} <= set(load_countries.__wrapped__().english)
