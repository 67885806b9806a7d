"""The benchmark of the vault measures what it says, on few rows."""

from pathlib import Path

import pytest
from benchmarks.vault import measure


@pytest.mark.slow
def test_it_measures_every_act_and_the_bytes_of_a_record(tmp_path: Path) -> None:
    results = measure(tmp_path, 300)
    assert set(results) == {"put", "get", "verify", "withdraw_one_person", "rotate", "bytes_per_record"}
    assert results["bytes_per_record"]["keys"] == 76
    assert results["bytes_per_record"]["sealed"] > 100
