"""What is shipped for the standard's profiles fits them all; a person's file is read strictly."""

from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.privacy.report import LANGUAGES
from ctdc.standard.loader import load
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable
from ctdc.workflow.evaluation_settings import DEFAULTS, plan_of, read_spec
from ctdc.workflow.protect import schema_of_profile

SMALL = Schema((Variable("land", ("DEU", "FRA", "KEN", "other")), Variable("kind", ("a", "b"))))


@pytest.mark.parametrize("profile", list(load().profiles))
def test_what_is_shipped_fits_every_profile(profile: str) -> None:
    found = load().profile(profile)
    schema = schema_of_profile(found, facts=False)
    plan = plan_of(schema, found.groups, None, standard=True)
    families = {subgroup.family for subgroup in plan.settings.subgroups}
    assert {"age", "gender"} <= families <= set(plan.families)
    regions = [one for one in plan.settings.subgroups if one.name.startswith("M49")]
    assert len(regions) in (0, 10)
    assert all(one.labels or one.codes == (one.name,) for one in plan.settings.subgroups)


def test_the_newest_profile_has_all_that_was_promised() -> None:
    found = load().profile("synthetic-2026")
    plan = plan_of(schema_of_profile(found), found.groups, None, standard=True)
    assert [one.name for one in plan.settings.subgroups[:2]] == ["minors", "adults"]
    assert len(plan.settings.regressions) == 4
    assert plan.settings.time == "yearOfRegistration"


def test_what_is_shipped_has_all_languages() -> None:
    spec = read_spec(DEFAULTS)
    labels = [*spec.families.values(), *(one.labels for one in (*spec.subgroup, *spec.regression))]
    assert all(set(found) in (set(), set(LANGUAGES)) for found in labels)


def test_tables_of_other_fields_get_nothing_that_was_not_asked_for() -> None:
    settings = plan_of(SMALL, {}, None, standard=False).settings
    assert (settings.subgroups, settings.regressions, settings.time) == ((), (), None)


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_subgroups_are_codes_each_code_or_regions(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        'length = 2\ntop = 3\n[groups]\nboth = ["kind"]\n'
        '[[subgroup]]\nfamily = "f"\nvariable = "kind"\neach = true\n'
        '[[subgroup]]\nfamily = "g"\nvariable = "land"\nstandard = "region"\n'
        '[[subgroup]]\nfamily = "h"\nvariable = "land"\nname = "near"\ncodes = ["DEU", "FRA"]\n'
        '[[regression]]\nname = "r"\noutcome = "kind"\ncodes = ["a"]\npredictors = ["land"]\n',
    )
    settings = plan_of(SMALL, {"other": ("land",)}, path, standard=True).settings
    assert [(one.name, one.codes) for one in settings.subgroups] == [
        ("a", ("a",)),
        ("b", ("b",)),
        ("M49 002", ("KEN",)),
        ("M49 150", ("DEU", "FRA")),
        ("near", ("DEU", "FRA")),
    ]
    assert settings.subgroups[2].labels["de"] == "Afrika"
    assert (settings.length, settings.top, settings.groups) == (2, 3, {"both": ("kind",)})
    assert settings.regressions[0].predictors == ("land",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("colour = 1", "evaluate.settings_file"),
        ("top = 'three'", "evaluate.settings_file"),
        ("= 1", "evaluate.settings_file"),
        ('[[subgroup]]\nfamily = "f"\nvariable = "kind"', "evaluate.settings_file"),
        ('[[subgroup]]\nfamily = "f"\nvariable = "kind"\ncodes = ["a"]', "evaluate.settings_file"),
        ('[[subgroup]]\nfamily = "f"\nvariable = "kind"\nname = "n"\neach = true', "evaluate.settings_file"),
        ('[[subgroup]]\nfamily = "f"\nvariable = "colour"\neach = true', "evaluate.settings"),
        ('[[subgroup]]\nfamily = "f"\nvariable = "kind"\nname = "n"\ncodes = ["z"]', "evaluate.settings"),
        ('[[regression]]\nname = "r"\noutcome = "x"\ncodes = ["a"]\npredictors = ["land"]', "evaluate.settings"),
        ('time = "kind"', "evaluate.settings"),
        ("length = 9", "evaluate.settings"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        plan_of(SMALL, {}, _file(tmp_path, text), standard=False)
    assert caught.value.detail.code == code


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        plan_of(SMALL, {}, tmp_path / "none.toml", standard=False)
