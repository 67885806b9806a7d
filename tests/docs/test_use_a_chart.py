"""The page on using charts: its example is a chart, and its table names every file that a chart has."""

import re
from pathlib import Path

import yaml

from ctdc.hub.site.kit.files import ENDINGS
from ctdc.hub.site.kit.spec import ROLES, SHAPES, spec_from

PAGE = (Path(__file__).parents[2] / "docs/how-to/use-a-chart.md").read_text(encoding="utf-8")


def test_the_example_is_a_chart_and_its_comments_name_all_that_there_is():
    block = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
    spec = spec_from(yaml.safe_load(block))
    assert (spec.kind, spec.measure, spec.filter) == ("bars", "share", {"ageBroad": ("0--8", "09--17")})
    assert all(word in block for word in (*SHAPES, *ROLES))


def test_every_file_of_a_chart_is_in_the_table():
    assert set(re.findall(r"charts/ID\.([\w.]+)`", PAGE)) == set(ENDINGS)
