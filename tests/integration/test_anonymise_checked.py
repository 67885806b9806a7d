"""What ``ctdc anonymise`` says of its output is what pycanon finds in it: k, l and t, by code that is not ours."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.protected_twin import invented_people

from ctdc.cli.anonymise import command

pytestmark = pytest.mark.slow

PYCANON = Path(__file__).parents[2] / "build" / "pycanon"
QUASI = ("yearOfRegistration", "gender", "ageBroad", "citizenship")
SENSITIVE = "CountryOfExploitation"
LEVELS = """
[[yearOfRegistration]]
bands = 3
from = 2002
[[citizenship]]
standard = "subregion"
[[citizenship]]
standard = "region"
"""
CHECK = """
import json, sys
import pandas
from pycanon import anonymity

table = pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
quasi, sensitive = sys.argv[2].split(","), [sys.argv[3]]
print(json.dumps({
    "records": len(table),
    "k": int(anonymity.k_anonymity(table, quasi)),
    "l": int(anonymity.l_diversity(table, quasi, sensitive)),
    "t": float(anonymity.t_closeness(table, quasi, sensitive)),
}))
"""


def checked(table: Path) -> dict[str, float]:
    """What pycanon finds in a table, in a process of its own."""
    asked = [sys.executable, "-c", CHECK, str(table), ",".join(QUASI), SENSITIVE]
    found = subprocess.run(
        asked, env=os.environ | {"PYTHONPATH": str(PYCANON)}, capture_output=True, text=True, check=True
    )
    return json.loads(found.stdout)


@pytest.mark.skipif(not (PYCANON / "pycanon").is_dir(), reason="pycanon is not installed: make pycanon")
@pytest.mark.parametrize("k", [2, 11])
@pytest.mark.parametrize("method", ["local", "redact"])
@pytest.mark.parametrize("levels", ["", LEVELS], ids=["suppressed", "made coarser"])
def test_pycanon_finds_what_the_report_says(tmp_path: Path, k: int, method: str, levels: str) -> None:
    table, out = tmp_path / "people.csv", tmp_path / "out"
    invented_people(2500, seed=5).write_csv(table)
    options = ["--quasi", ",".join(QUASI), "--k", str(k), "--method", method, "--out", str(out)]
    options += ["--l-diversity", f"{SENSITIVE}:1", "--t-closeness", f"{SENSITIVE}:1"]
    if levels:
        (tmp_path / "levels.toml").write_text(levels)
        options += ["--hierarchies", str(tmp_path / "levels.toml")]
    result = CliRunner().invoke(command, [str(table), *options], standalone_mode=False)
    assert result.exception is None
    report, found = json.loads((out / "report.json").read_text()), checked(out / "anonymised.csv")
    (sensitive,) = report["sensitive"]
    assert found["records"] == report["published"] > 0
    assert found["k"] == report["smallest_class"] >= k
    assert found["l"] == sensitive["diversity"]
    assert found["t"] == pytest.approx(sensitive["closeness"], abs=1e-9)
