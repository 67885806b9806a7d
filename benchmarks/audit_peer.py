"""The same game as our own audit, played with OpenDP's own MST: what is seen of it, judged by its own claim.

Promise: the crowd, the judging and the bounds are those of our own audit; the peer runs in an environment of its own.
Its noisy tables are chosen from the data, so its claim is zCDP and no Gaussian curve.
"""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.methods import SCRIPTS
from benchmarks.peers import environment_python
from benchmarks.tables import markdown
from ctdc.privacy.accounting import zcdp_epsilon
from ctdc.privacy.attacks.claims import Claim, judge
from ctdc.privacy.attacks.people import INVENTED, pairs
from ctdc.table.coded import CodedTable

ENVIRONMENT, SCRIPT = "opendp-mst", "opendp_mst.py"
RHO, DELTA, RISK = 2.0, 1e-6, 0.05
ATTACKS = {
    "projection": "all noisy tables together",
    "records": "number of synthetic records",
    "alike": "records that look like the person",
}
Document = dict[str, Any]


def _rows(table: CodedTable) -> list[list[str]]:
    """The codes of a table as text, a list for each person; "" is an empty cell."""
    texts = [["", *variable.codes] for variable in table.schema.variables]
    columns = [[own[code] for code in column] for own, column in zip(texts, table.columns, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


def play(runs: int, store: Path) -> list[Document]:
    """What was seen of so many runs of each world, each kept in `store` as soon as it has been played."""
    done = [json.loads(line) for line in store.read_text(encoding="utf-8").splitlines()] if store.exists() else []
    missing = sorted(set(range(runs)) - {one["run"] for one in done})
    pair = pairs(INVENTED, np.random.default_rng())[0]  # nothing of the first pair is drawn
    worlds = [_rows(world) for world in (pair.without, pair.having) if isinstance(world, CodedTable)]
    keys = {one.name: ["", *one.codes] for one in INVENTED.variables}
    job = {"names": list(INVENTED.names), "keys": keys, "worlds": worlds, "rho": RHO, "runs": missing}
    store.parent.mkdir(parents=True, exist_ok=True)
    command = [str(environment_python(ENVIRONMENT)), str(SCRIPTS / SCRIPT)]
    with store.open("a", encoding="utf-8") as out:
        subprocess.run(command, input=json.dumps(job), text=True, stdout=out, check=True)
    return [json.loads(line) for line in store.read_text(encoding="utf-8").splitlines()]


def judged(seen: list[Document]) -> Document:
    """What each attack shows on these runs."""
    claim = Claim(zcdp_epsilon(RHO, DELTA), DELTA, RHO, math.sqrt(2 * RHO), None)
    findings = []
    for key, title in ATTACKS.items():
        without, having = (np.array([run["seen"][world][key] for run in seen], dtype=float) for world in (0, 1))
        findings.append(judge(title, without, having, claim, RISK / len(ATTACKS)).as_dict())
    return {"claim": {"rho": RHO, "mu": claim.mu, "epsilon": claim.epsilon, "delta": DELTA}, "attacks": findings}


def peer_table(document: Document) -> str:
    """What the attacks on the peer showed."""
    header = [
        "attack looks at",
        "runs a world",
        "mu at least",
        "epsilon at least, by the curve",
        "directly",
        "rejected",
    ]
    figures = ("mu", "epsilon", "epsilon_direct")
    rows = [
        [one["attack"], f"{one['runs']:,}", *(f"{one[key]:.2f}" for key in figures), "yes" if one["rejected"] else "no"]
        for one in document["attacks"]
    ]
    claim = document["claim"]
    head = (
        f"Claimed: rho {claim['rho']:g}, which is epsilon {claim['epsilon']:.2f} at delta {claim['delta']:g} and "
        f"allows a mu of {claim['mu']:.2f}."
    )
    return f"{head}\n\n{markdown(header, rows)}"
