"""Raw cases are for their owner alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctdc.foundation.files import atomic_file, atomic_folder


def test_a_private_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "cases", private=True) as part:
        part.write_bytes(b"cases")
    assert (tmp_path / "cases").stat().st_mode & 0o777 == 0o600


def test_a_private_folder_is_never_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        seen.append(self.stat().st_mode & 0o777)
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with atomic_folder(tmp_path / "private", private=True):
        pass
    with atomic_folder(tmp_path / "open"):
        pass
    assert seen == [0o700, 0o755]
