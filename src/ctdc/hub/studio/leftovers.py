"""What a killed worker left half written, removed when the next one begins.

Promise: only what workers alone write is looked at, and only while no other worker is at work: each holds a lock for as
long as it lives, which ends with its process. What opened cases leave has rules of its own (`deliveries.memory`,
`ctdc.workflow.sealed`), and so has the vault.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctdc.hub.studio.place import Place

LOCK = "workers.lock"
HALF = ".*.part"  # how everything is called that is not whole yet (`ctdc.foundation.files`)


@contextmanager
def working(place: Place) -> Iterator[None]:
    """Be one of the workers; whoever comes first clears up."""
    with (place.folder / LOCK).open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # another worker is there, and what is half written may be its own
            pass
        else:
            clear(place)
        fcntl.flock(stream, fcntl.LOCK_SH)
        yield


def clear(place: Place) -> None:
    """Remove what is half written of the site, the content, the releases, the reports and the work."""
    found = [path for name in (place.site, place.content) for path in _beside(name)]
    found.append(place.latest.with_name(f".{place.latest.name}.part"))  # a link, which may lead nowhere
    found += [*place.releases.glob(HALF), *place.releases.glob(".*.withdrawn")]
    for folder in (place.folder / "reports", place.work):
        found += list(folder.rglob(HALF))
    for path in found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _beside(final: Path) -> list[Path]:
    """Half of what will have this name, and an old one that a swap of names left aside."""
    return [path for end in ("part", "old") for path in final.parent.glob(f".{final.name}.*.{end}")]
