"""The two published files through intake into the 2024 shape."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ctdc.foundation.progress import Silent
from ctdc.intake.harmonise import harmonise
from ctdc.intake.mapping import load_mapping
from ctdc.standard import load
from ctdc.standard.derive import derive

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


def shape_2024(source: Path, mapping: str, out: Path) -> tuple[object, dict[str, dict[str | None, int]]]:
    report = harmonise(source, load_mapping(mapping), subject_key=b"k" * 32, out=out, progress=Silent())
    assert report.promotable
    table = derive(pq.read_table(out), load().profile("synthetic-2024"))
    counts = {
        name: {entry["values"]: entry["counts"] for entry in table[name].value_counts().to_pylist()}
        for name in table.column_names
    }
    return report, counts


def test_the_synthetic_file_of_2021(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "ctdc_global_synthetic_2021.csv.gz"
    report, counts = shape_2024(source, "ctdc-synthetic-2021", tmp_path / "cases.parquet")
    assert report.rows_written == 193_025
    assert len(counts) == 27
    assert counts["gender"] == {"Woman": 105_990, "Man": 39_530, "Trans/Transgender/NonConforming": 410, None: 47_095}
    assert counts["ageBroad"]["09--17"] == 18_740
    assert counts["traffickMonths"]["25+ (2+ yrs)"] == 3_900 + 2_390
    assert counts["citizenship"]["UKR"] == 18_480
    assert counts["isSexualExploit"] == {"1": 63_280, None: 129_745}


def test_the_kanonymised_file_of_2018(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "ctdc_global_kanonymised_2018.csv.gz"
    report, counts = shape_2024(source, "ctdc-kanonymised-2018", tmp_path / "cases.parquet")
    # 47,106 lines, of which four are no cases: two are blank, two hold a total in the year column.
    assert (report.rows_read, report.rows_written) == (47_104, 47_102)
    assert report.receipts[0]["blank_rows"] == 2
    assert counts["yearOfRegistration"]["2016"] == 18_813
    assert set(counts["yearOfRegistration"]) == {str(year) for year in range(2002, 2018)}
    assert counts["gender"] == {"Woman": 33_850, "Man": 12_997, None: 255}
    assert counts["ageBroad"]["09--17"] == 6_083
    assert counts["citizenship"]["PHL"] == 11_312
    assert counts["CountryOfExploitation"][None] == 11_688 + 94
    assert counts["isForcedLabour"]["1"] == 9_004
