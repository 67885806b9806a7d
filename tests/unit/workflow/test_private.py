"""Private reports: for their owner alone, and never where things are published."""

import json
from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.workflow.private import write_private_report


def test_a_private_text_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.html"
    write_private_report(path, {}, lambda: "é")
    assert path.read_text(encoding="utf-8") == "é"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mark", ["manifest.json", "privacy.json"])
@pytest.mark.parametrize("place", ["report.html", "deep/down/report.html", "../release/report.html"])
def test_nothing_private_is_written_where_things_are_published(tmp_path: Path, mark: str, place: str) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / mark).write_text("{}")
    with pytest.raises(UserError) as caught:
        write_private_report(folder / place, {}, lambda: "x")
    assert caught.value.detail.code == "private.out"
    assert [path.name for path in folder.rglob("*")] == [mark]


def test_a_name_that_ends_so_asks_for_json(tmp_path: Path) -> None:
    def page() -> str:
        raise AssertionError("no page was asked for")

    write_private_report(tmp_path / "report.JSON", {"people": 3}, page)
    assert json.loads((tmp_path / "report.JSON").read_text(encoding="utf-8")) == {"people": 3}
