"""The page on evaluation says what is stored, what the code's limits are, and settings that the code understands."""

import json
import re
import tomllib
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from ctdc.privacy.evaluation import summary
from ctdc.privacy.evaluation.evaluate import Report
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable
from ctdc.workflow.evaluation_settings import EvaluationSpec, RegressionSpec, SubgroupSpec, plan_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "evaluate.md"
TEXT = PAGE.read_text(encoding="utf-8")
FOUND = json.loads((ROOT / "benchmarks" / "results" / "evaluate.json").read_text(encoding="utf-8"))
ROWS = {
    row[0]: row[-1] for row in (re.split(r" *\| *", line.strip("| ")) for line in TEXT.splitlines()) if len(row) == 3
}
EXAMPLE = next(
    token.content for token in MarkdownIt("commonmark").parse(TEXT) if token.type == "fence" and token.info == "toml"
)


def test_the_cost_is_that_measured() -> None:
    cost = FOUND["cost"]
    stated = (
        f"On {FOUND['people'][0]:,} invented people with {FOUND['variables']} variables, all {FOUND['tables']:,} "
        f"tables of up to {FOUND['length']} of them, {FOUND['terms']} terms in the propensity score and "
        f"{FOUND['subgroups']} subgroups: "
        f"**{cost['cpu_seconds']:.0f} CPU-seconds** and {cost['peak_bytes'] / 1e6:.0f} MB"
    )
    assert stated in " ".join(TEXT.split())
    assert cost["status"] == "done"
    assert cost["cpu_seconds"] < 20, "the bar"


@pytest.mark.parametrize(
    ("figure", "limit"),
    [
        ("mean distance of tables", f"above {summary.FARTHER:g} times chance"),
        ("propensity score ratio", f"above {summary.RATIO:g}"),
        ("overlap in regressions", f"a model below {summary.OVERLAP:g}"),
        ("largest error of a share", f"above {100 * summary.POINTS:g} point"),
        ("first places that are kept", "any lost" if summary.KEPT == 1 else ""),
        ("trends that survive", f"below {100 * summary.SURVIVING:g} %, or any reversed"),
        (
            "worst subgroup",
            f"above {summary.UNEVEN:g} times chance, or a subgroup above {summary.FARTHER:g} times its own chance",
        ),
        (
            "intervals that hold the truth",
            "outside {:.0f} % to {:.0f} %".format(*(100 * one for one in summary.COVERED)),
        ),
    ],
)
def test_the_limits_are_those_of_the_code(figure: str, limit: str) -> None:
    assert ROWS[figure] == limit


def test_the_example_of_settings_is_understood() -> None:
    schema = Schema(
        (
            Variable("year", ("2024", "2025")),
            Variable("age", ("0-8", "9-17", "18+")),
            Variable("area", ("north", "south")),
            Variable("citizenship", ("DEU", "KEN")),
            Variable("labour", ("1",)),
            Variable("sexual", ("1",)),
        )
    )
    path = PAGE.parent / "example.toml"  # named in errors only
    spec = EvaluationSpec.model_validate(tomllib.loads(EXAMPLE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ctdc.workflow.evaluation_settings.read_spec", lambda _: spec)
        settings = plan_of(schema, {}, path, standard=False).settings
    assert [one.name for one in settings.subgroups] == ["minors", "north", "south", "M49 002", "M49 150"]
    assert settings.regressions[0].predictors == ("age", "area")
    assert settings.time == "year"


def test_every_key_of_the_json_is_explained() -> None:
    table = TEXT.split("## The JSON")[1].split("## ")[0]
    keys = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    named = [word for cell in keys for word in re.findall(r"`(\w+)`", cell)]
    head = ["format", "never_to_be_published", "notice", "summary"]
    assert sorted(named) == sorted([*head, *(one.name for one in fields(Report))])
    for module, name in re.findall(r"`(\w+)\.(\w+)`", table):
        assert hasattr(import_module(f"ctdc.privacy.evaluation.{module}"), name)


def test_every_key_of_the_settings_is_shown() -> None:
    for model in (SubgroupSpec, RegressionSpec):
        assert all(name in TEXT for name in model.model_fields)
    assert {"time", "top", "groups", "subgroup", "regression"} <= {
        word.strip("[] ")
        for word in re.findall(r"^(\w+)|^\[+(\w+)", EXAMPLE, flags=re.MULTILINE)
        for word in word
        if word
    }
