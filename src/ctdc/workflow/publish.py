"""From protected data to a release: build it, and check it as a stranger would.

Promise: a release is dated when its data were measured, not when it was built, so that building it again gives
the same folder; it is verified from the files alone each time a run ends.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from ctdc.foundation.clock import timestamp
from ctdc.foundation.files import write_text
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress
from ctdc.release.build import build
from ctdc.release.certificate.evidence import Evidence
from ctdc.release.certificate.keys import SigningKey
from ctdc.release.info import ReleaseInfo
from ctdc.release.manifest import CERTIFICATE, MANIFEST
from ctdc.workflow.config import Release
from ctdc.workflow.protection import protected_folder
from ctdc.workflow.stages import Outcome, Stage, code_hash

POINTER = "release.json"


def release_info(release: Release) -> ReleaseInfo:
    """The words about a release, from the plan. What the plan leaves empty takes the release room's default."""
    given = release.model_dump(exclude={"previous", "audit", "twin"})
    return ReleaseInfo(**{key: value for key, value in given.items() if value or key == "simulated"})


def release_stage(
    protected: Outcome,
    measured: datetime,
    release: Release,
    store: Path,
    evidence: Evidence | None = None,
    key: SigningKey | None = None,
) -> Stage:
    """Build a release in `store`, dated `measured`: when measuring began, for its end would tell how long the true
    records took. evidence, key: of its certificate. Output: ``release.json``, which names the folder there.
    """
    info = release_info(release)
    given = evidence or Evidence()

    def work(folder: Path, progress: Progress) -> None:
        built = build(protected_folder(protected), store, info, release.previous, measured, progress, given, key)
        pointer = {"folder": built.name, "manifest": hash_file(built / MANIFEST)}
        write_text(folder / POINTER, json.dumps(pointer, indent=2) + "\n")

    inputs = {
        "protected": protected.content,
        "measured": timestamp(measured),
        "info": info.as_dict(),
        "previous": hash_file(release.previous / MANIFEST) if release.previous else None,
        "evidence": given.as_dict(),
        "key": None if key is None else key.public.id,
        "code": code_hash("release", "standard", "table"),
    }
    return Stage("release", 2, inputs, work)


def released_folder(released: Outcome, store: Path) -> Path | None:
    """The release that the stage built; None when it is no longer in the store, or not the same.

    Its certificate may have been signed since, and is not compared: verifying the release does that.
    """
    pointer = json.loads((released.folder / POINTER).read_text(encoding="utf-8"))
    folder = store / pointer["folder"]
    manifest = folder / MANIFEST
    there = manifest.is_file() and (folder / CERTIFICATE).is_file()
    return folder if there and hash_file(manifest) == pointer["manifest"] else None
