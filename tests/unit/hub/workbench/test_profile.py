"""What a column looks like, and what is proposed for it; a proposal is never a declaration."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ctdc.hub.workbench.profile import as_json, from_json, look_at, settled


def look(tmp_path: Path, name: str, values: list[str | None]):
    pq.write_table(pa.table({name: pa.array(values, pa.string())}), tmp_path / "t.parquet")
    return look_at(tmp_path / "t.parquet", name)


@pytest.mark.parametrize(
    ("name", "values", "kind", "warning"),
    [
        ("district", ["North", "South", None] * 20, "codes", ""),
        ("brought", ["lamp;toaster", "lamp", "radio"] * 20, "several", ""),
        ("income", [str(one * 17 % 300) for one in range(300)] * 2, "numbers", ""),
        ("row", [str(one) for one in range(300)], "numbers", "distinct"),
        ("day", [f"2024-01-{1 + one % 28:02}" for one in range(60)], "dates", ""),
        ("day", [f"{1 + one % 28}.1.2024" for one in range(60)], "dates", ""),
        ("first name", ["Ann", "Ben"] * 20, "codes", "name"),
        ("case", [f"word{one}" for one in range(50)], "codes", "distinct"),
        ("reach", ["a@b.org", "c@d.org"] * 20, "codes", "email"),
        ("remark", [f"{one} " + "many words " * 20 for one in range(400)], "out", "free_text"),
        ("empty", [None] * 30, "codes", ""),
    ],
)
def test_a_column_gets_a_proposal_and_a_warning(tmp_path, name, values, kind, warning):
    seen, proposed = look(tmp_path, name, values)
    assert (proposed.kind, seen.warning) == (kind, warning)
    assert not proposed.confirmed
    assert settled(seen, proposed).kind == ("out" if warning else kind)


def test_days_before_months_are_told_from_months_before_days(tmp_path):
    assert look(tmp_path, "day", ["25/01/2024", "03/02/2024"] * 5)[1].written == "dmy"
    assert look(tmp_path, "day", ["01/25/2024", "02/03/2024"] * 5)[1].written == "mdy"


def test_a_look_counts_and_is_read_back(tmp_path):
    seen, _ = look(tmp_path, "kind", ["b", "a", "b", None])
    assert (seen.filled, seen.distinct, seen.values) == (3, 2, (("b", 2), ("a", 1)))
    assert from_json(as_json(seen)) == seen
    assert seen.complete


def test_many_values_are_not_all_kept(tmp_path):
    seen, _ = look(tmp_path, "kind", [f"v{one}" for one in range(1000)])
    assert len(seen.values) == 300
    assert not seen.complete
