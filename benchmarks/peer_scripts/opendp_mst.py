"""OpenDP's own MST (``opendp.extras.mbi``), played again and again on two neighbouring tables of invented people.

On the standard input a JSON object: ``names`` of the columns; ``keys``: column to its codes; ``worlds``: the rows
without and with the person, who stands last; ``rho``; ``runs``: numbers of the runs to play. One JSON line for each run
on the standard output: ``run`` and for each world what is seen of it: ``projection``, of the released noisy tables on
the way in which the person moves them, each weighed by its variance (Neyman & Pearson 1933); ``records``; ``alike``:
records that are the person's.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import opendp.prelude as dp
import polars as pl

Row = list[str]


def counts_of(rows: list[Row], names: list[str], codes: list[list[str | None]], clique: tuple[str, ...]) -> Any:
    """Counts of the combinations of some columns, as one row; `codes`: of each of them, in order."""
    counts = np.zeros([len(own) for own in codes])
    for row in rows:
        counts[tuple(own.index(row[names.index(name)]) for name, own in zip(clique, codes, strict=True))] += 1
    return counts.ravel()


def seen(job: dict[str, Any], rows: list[Row]) -> dict[str, float]:
    """What is seen of one protection of these rows."""
    names, worlds = job["names"], job["worlds"]
    context = dp.Context.compositor(
        data=pl.DataFrame(rows, schema=names, orient="row").lazy(),
        privacy_unit=dp.unit_of(contributions=1),
        privacy_loss=dp.loss_of(rho=job["rho"]),
        split_evenly_over=1,
    )
    found = context.query().select(*names).contingency_table(keys=job["keys"], algorithm=dp.mbi.MST()).release()
    projection = 0.0
    for one in found.marginals.flatten():
        codes = [found.keys[name].to_list() for name in one.clique]
        expected, moved = (counts_of(world, names, codes, one.clique) for world in worlds)
        noisy = np.asarray(one.noisy_measurement, dtype=float)
        projection += float(((noisy - expected) * (moved - expected)).sum() / one.stddev**2)
    records = found.synthesize()
    alike = sum(row == tuple(worlds[1][-1]) for row in records.select(names).iter_rows())
    return {"projection": projection, "records": float(records.height), "alike": float(alike)}


def main() -> None:
    """Play."""
    dp.enable_features("contrib")
    job = json.load(sys.stdin)
    for run in job["runs"]:
        print(json.dumps({"run": run, "seen": [seen(job, rows) for rows in job["worlds"]]}), flush=True)


main()
