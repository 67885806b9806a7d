"""Tables of a graphical model, for the peer AIM, equal the brute force. Runs where the peer's environment is made."""

from __future__ import annotations

import json
import subprocess

import pytest
from benchmarks.machine import REPOSITORY
from benchmarks.methods import process_environment
from benchmarks.peers import PEERS

PYTHON = PEERS / "mbi" / "bin" / "python"
SCRIPT = """
import itertools, json
from benchmarks.peer_scripts.graphical import estimator
from benchmarks.peer_scripts.junction import Calibrated
import mbi, numpy
draw = numpy.random.default_rng(3)
domain = mbi.Domain(list("abcdef"), [3, 2, 4, 3, 2, 2])
cliques = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("e", "f")]
noisy = [mbi.LinearMeasurement(draw.random(domain.size(each)) * 100, each, 1.0) for each in cliques]
model = estimator().estimate(domain, noisy, iters=50)
joint = model.project(tuple("abcdef")).datavector(flatten=False)
calibrated, worst = Calibrated(model), 0.0
for order in (1, 2, 3, 4):
    for chosen in itertools.combinations(range(6), order):
        whole = joint.sum(axis=tuple(axis for axis in range(6) if axis not in chosen)).reshape(-1)
        part = calibrated.table(tuple("abcdef"[place] for place in chosen))
        worst = max(worst, float(abs(whole - part).max() / joint.sum()))
print(json.dumps({"worst": worst, "cliques": len(calibrated.tables)}))
"""


@pytest.mark.heavy
@pytest.mark.skipif(not PYTHON.exists(), reason="the environment of the peers over mbi is not made here")
def test_any_table_of_a_model_equals_the_sum_over_its_joint_table():
    environment = process_environment(project=False)
    done = subprocess.run(
        [str(PYTHON), "-c", SCRIPT], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["cliques"] == 3  # a loop of four, cut into two triangles, and a pair apart from them
    assert found["worst"] < 1e-12
