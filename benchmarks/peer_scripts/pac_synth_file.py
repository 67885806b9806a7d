"""Synthetic Data Showcase (pac-synth) as a tool of ``ctdc compare``: from one csv file to another.

Arguments: the csv to read, the csv to write, epsilon, delta, the longest combination. With counts of its own
(``use_synthetic_counts``) and everything else at the library's defaults.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from pacsynth import (  # type: ignore[import-not-found]
    Dataset,
    DpAggregateSeededParametersBuilder,
    DpAggregateSeededSynthesizer,
)


def main(given: str, made: str, epsilon: float, delta: float, length: int) -> None:
    """Fit and sample."""
    with Path(given).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    builder = DpAggregateSeededParametersBuilder()
    builder.reporting_length(length).epsilon(epsilon).delta(delta).use_synthetic_counts(True)
    fitted = DpAggregateSeededSynthesizer(builder.build())
    fitted.fit(Dataset(rows))
    with Path(made).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(fitted.sample())


main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
