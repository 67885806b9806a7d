"""What `ctdc run --demo` left in its folder: a release, its ledger, and the invented files that it was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.demonstration.files import CONTRIBUTOR
from ctdc.release.manifest import MANIFEST
from ctdc.simulate.write import NOTICE_FILE
from ctdc.workflow.harmonise import DELIVERIES
from ctdc.workflow.run import LATEST, LEDGER, WORK

SITE = "site"  # where 'make demo' builds the site of the release


@dataclass(frozen=True)
class Source:
    """release: its folder; ledger: its file; deliveries: id of a mapping to the files that it reads; site: or None."""

    release: Path
    ledger: Path
    deliveries: Mapping[str, tuple[Path, ...]]
    site: Path | None


def find(demo: Path) -> Source:
    """What lies in the folder `demo`. Raises UserError (``demonstration.nothing``, ``demonstration.collaborative``)."""
    listed = sorted((demo / WORK).glob(f"simulate-*/{DELIVERIES}"), key=lambda path: path.stat().st_mtime_ns)
    release = (demo / LATEST).resolve()
    if not listed or not (release / MANIFEST).is_file() or not (demo / LEDGER).is_file():
        raise UserError(
            "demonstration.nothing",
            "There is no demonstration here of which a studio could be made.",
            where=str(demo),
            do=f"Make one first: ctdc run --demo --out {demo}",
        )
    found = json.loads(listed[-1].read_text(encoding="utf-8"))
    deliveries = {one["mapping"]: _files(listed[-1].parent / one["source"]) for one in found}
    if CONTRIBUTOR not in deliveries:
        raise UserError(
            "demonstration.collaborative",
            "The demonstration of a studio has people and files of the collaborative that is shipped, and of no other.",
            where=str(demo),
            do="Make the folder with 'ctdc run --demo' and without a collaborative of your own.",
        )
    site = demo / SITE
    return Source(release, demo / LEDGER, deliveries, site if site.is_dir() else None)


def _files(source: Path) -> tuple[Path, ...]:
    if source.is_file():
        return (source,)
    return tuple(sorted(path for path in source.iterdir() if path.name != NOTICE_FILE))
