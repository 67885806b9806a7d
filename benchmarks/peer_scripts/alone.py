"""Every column alone: one noisy table a column, and records drawn from them as if columns had nothing to do with one
another.

The floor: no method may be worse than this on any order. Runs in the project's own environment; the noise is OpenDP's
exact discrete Gaussian and the accounting its zCDP map, so nothing here is a home-made privacy claim.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import opendp.prelude as dp
import polars as pl

from benchmarks.peer_scripts.contract import Job, load_job

dp.enable_features("contrib")


def code(job: Job) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Noiseless tables of all columns, one after the other; place 0 of each is the missing value."""
    frame = pl.read_csv(job.input, infer_schema=False)
    tables = []
    for name, codes in zip(job.names, job.codes, strict=True):
        places = frame[name].cast(pl.Enum(codes)).to_physical().cast(pl.Int64) + 1
        tables.append(np.bincount(places.fill_null(0).to_numpy(), minlength=len(codes) + 1))
    return np.concatenate(tables)


def mechanism(cells: int, moved: int, epsilon: float, delta: float) -> tuple[dp.Measurement, float]:
    """The noise for all tables at once, as small as (epsilon, delta) allows, and its scale.

    moved: the square of the L2 norm by which one person moves the vector; the number of columns where a person adds 1
    to one cell of every table.
    """
    space = dp.vector_domain(dp.atom_domain(T="i64"), cells), dp.l2_distance(T="f64")

    def noise(scale: float) -> dp.Measurement:
        return dp.c.make_fix_delta(dp.c.make_zCDP_to_approxDP(dp.m.make_gaussian(*space, scale=scale)), delta)

    moves = moved**0.5
    scale = dp.binary_search_param(noise, d_in=moves, d_out=(epsilon, delta), T=float)
    return noise(scale), scale


def draw_column(noisy: np.ndarray[Any, np.dtype[Any]], rows: int, draw: np.random.Generator) -> Any:
    """`rows` values with the shares of the noisy table, negative counts taken as none, in random order."""
    shares = np.maximum(noisy, 0) + 1e-9
    exact = shares / shares.sum() * rows
    whole = np.floor(exact).astype(np.int64)
    left = rows - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:left]] += 1
    return draw.permutation(np.repeat(np.arange(len(noisy)), whole))


def main() -> None:
    """Measure every column, estimate the number of people, draw."""
    job = load_job()
    job.versions("opendp", "numpy")
    sizes = [len(codes) + 1 for codes in job.codes]
    with job.phase("read"):
        table = code(job)
    with job.phase("fit"):
        noise, scale = mechanism(len(table), len(sizes), job.epsilon, job.delta)
        noisy = np.split(np.array(noise(table)), np.cumsum(sizes)[:-1])
    job.note(noise_scale=scale)
    with job.phase("sample"):
        # Every table's sum estimates the number of people, with a variance that grows with its number of cells.
        weights = 1 / np.array(sizes)
        rows = max(1, round(float(np.average([part.sum() for part in noisy], weights=weights))))
        draw = np.random.default_rng()
        columns = [draw_column(part, rows, draw) for part in noisy]
    with job.phase("write records"):
        texts = {
            name: pl.Series([None, *codes], dtype=pl.String).gather(places)
            for name, codes, places in zip(job.names, job.codes, columns, strict=True)
        }
        pl.DataFrame(texts).write_csv(job.out / "synthetic.csv")


if __name__ == "__main__":
    main()
