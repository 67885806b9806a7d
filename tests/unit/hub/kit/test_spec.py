"""Specifications of charts: checked when they are made, the same from YAML as from Python."""

import pytest
import yaml

from ctdc.foundation.errors import UserError
from ctdc.hub.site.kit.spec import ChartSpec, spec_from

WRITTEN = """
kind: bars
dimensions: [recruiter]
filter:
  gender: Woman
  ageBroad: ["0--8", "09--17"]
"""


def test_yaml_and_python_make_the_same_value():
    spec = spec_from(yaml.safe_load(WRITTEN))
    chosen = {"ageBroad": ("0--8", "09--17"), "gender": ("Woman",)}
    assert spec == ChartSpec(kind="bars", dimensions=("recruiter",), filter=chosen)
    assert spec.measure == "share"
    assert spec_from(spec.as_dict()) == spec
    assert len({spec, spec_from(yaml.safe_load(WRITTEN))}) == 1


def test_names_tell_apart_what_is_different_and_only_that():
    plain, turned = ChartSpec("bars", ("recruiter",)), ChartSpec("bars", "recruiter", {"b": "1", "a": ["1", "2"]})
    assert plain.suffix == ""
    assert turned.suffix == ChartSpec("bars", ("recruiter",), {"a": ("1", "2"), "b": ("1",)}).suffix != ""
    assert turned.suffix != ChartSpec("bars", ("recruiter",), {"a": ("1",), "b": ("1",)}).suffix
    assert ChartSpec("bars", ("recruiter",), measure="count").suffix != ""
    assert ChartSpec("bars", ("recruiter",), release="some").suffix == ""


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"kind": "pie"}, "kind"),
        ({"dimensions": []}, "dimensions"),
        ({"dimensions": ["a", "b"]}, "dimensions"),
        ({"dimensions": [1]}, "dimensions"),
        ({"dimensions": 1}, "dimensions"),
        ({"filter": {"a": []}}, "filter"),
        ({"filter": {"a": [1]}}, "filter"),
        ({"filter": ["a"]}, "filter"),
        ({"measure": "mean"}, "measure"),
        ({"counted": "cases"}, "counted"),
        ({"release": 3}, "release"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_no_release_could_have_is_refused(change, where):
    with pytest.raises(UserError) as raised:
        spec_from({"kind": "bars", "dimensions": ["a"]} | change)
    assert (raised.value.detail.code, raised.value.detail.where) == ("chart.spec", where)


def test_what_is_missing_is_named():
    with pytest.raises(UserError) as raised:
        spec_from({"kind": "bars"})
    assert raised.value.detail.where == "dimensions"
