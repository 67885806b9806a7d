"""What a killed worker left is removed by the next one, and by nobody while a worker is there."""

import fcntl
from pathlib import Path

import pytest

from ctdc.hub.studio import leftovers, place


@pytest.fixture
def here(tmp_path: Path) -> place.Place:
    return place.create(tmp_path / "s", address="http://localhost:8800", hub="x", sender="a@example.org")


def half(here: place.Place) -> list[Path]:
    """Half of everything that a worker writes."""
    folders = (
        ".site.ab12.part",
        ".content.ab12.part",
        ".site.ab12.old",
        "releases/.one-1.ab.part",
        "reports/a/.1.x.part",
    )
    for name in folders:
        (here.folder / name / "inner").mkdir(parents=True)
    files = ("work/desk/1/run/.evaluation.json.x.part",)
    for name in files:
        (here.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (here.folder / name).write_text("half")
    (here.folder / ".latest.part").symlink_to("nowhere")
    return [here.folder / name for name in (*folders, *files, ".latest.part")]


def whole(here: place.Place) -> list[Path]:
    """What stays: what is whole, and what others than workers write."""
    for name in ("site", "releases/one-1", "reports/a/1"):
        (here.folder / name).mkdir(parents=True, exist_ok=True)
    (here.folder / ".studio.toml.x.part").write_text("somebody else is at this")
    return [
        here.folder / name for name in ("site", "releases/one-1", "reports/a/1", ".studio.toml.x.part", "studio.toml")
    ]


def test_the_next_worker_clears_up(here: place.Place) -> None:
    left, kept = half(here), whole(here)
    with leftovers.working(here):
        assert [path for path in left if path.exists() or path.is_symlink()] == []
        assert all(path.exists() for path in kept)


def test_nothing_is_touched_while_another_worker_is_there(here: place.Place) -> None:
    left = half(here)
    with (here.folder / leftovers.LOCK).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        with leftovers.working(here):
            assert all(path.exists() or path.is_symlink() for path in left)
