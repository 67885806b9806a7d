"""Two ways to the 2024 shape that share no code must agree cell by cell.

One is intake: a reviewed mapping to harmonised cases, then the profile's derivation. The other is the crosswalk of the
standard, from published codes to published codes. A fault in either would show as a difference.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from ctdc.foundation.progress import Silent
from ctdc.intake.harmonise import harmonise
from ctdc.intake.mapping import load_mapping
from ctdc.standard import load
from ctdc.standard.crosswalk import convert
from ctdc.standard.derive import derive

TARGET = load().profile("synthetic-2024")


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile_id", "file", "empty_lines"),
    [
        # The last four lines of the 2018 file describe nobody; intake leaves them out, the crosswalk keeps them empty.
        ("kanonymised-2018", "ctdc_global_kanonymised_2018.csv.gz", 4),
        ("synthetic-2021", "ctdc_global_synthetic_2021.csv.gz", 0),
    ],
)
def test_intake_and_crosswalk_agree(
    real_data: Path, tmp_path: Path, profile_id: str, file: str, empty_lines: int
) -> None:
    source = load().profile(profile_id)
    options = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(source.names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    converted = convert(pyarrow.csv.read_csv(real_data / file, convert_options=options), source, TARGET)

    out = tmp_path / "cases.parquet"
    mapping = load_mapping(f"ctdc-{profile_id}")
    harmonise(real_data / file, mapping, subject_key=bytes(32), out=out, progress=Silent())
    derived = derive(pyarrow.parquet.read_table(out), TARGET)

    assert derived.num_rows == converted.num_rows - empty_lines
    for name in TARGET.names:
        one = derived.column(name).cast(pa.string()).combine_chunks()
        other = converted.column(name).cast(pa.string()).combine_chunks()
        assert one.equals(other.slice(0, len(one))), name
        assert other.slice(len(one)).null_count == empty_lines
