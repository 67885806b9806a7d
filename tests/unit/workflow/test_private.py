"""Private reports: for their owner alone, and never where things are published."""

from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.workflow.private import write_private


def test_a_private_text_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.html"
    write_private(path, "é")
    assert path.read_text(encoding="utf-8") == "é"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mark", ["manifest.json", "privacy.json"])
@pytest.mark.parametrize("place", ["report.html", "deep/down/report.html", "../release/report.html"])
def test_nothing_private_is_written_where_things_are_published(tmp_path: Path, mark: str, place: str) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / mark).write_text("{}")
    with pytest.raises(UserError) as caught:
        write_private(folder / place, "x")
    assert caught.value.detail.code == "private.out"
    assert [path.name for path in folder.rglob("*")] == [mark]
