"""Raw cases are for their owner alone."""

from __future__ import annotations

from pathlib import Path

from ctdc.foundation.files import atomic_file


def test_a_private_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "cases", private=True) as part:
        part.write_bytes(b"cases")
    assert (tmp_path / "cases").stat().st_mode & 0o777 == 0o600
