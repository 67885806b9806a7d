"""One run: protect the table as planned, build a release of it, render its pages, and pack what may be published.

Promise: what was declared is frozen when the run begins; each step is whole or not there, so that a run that was
stopped goes on where it was and pays again only if what was paid for is lost. The packed file holds the files of the
release as its manifest lists them, each compared with its hash, and nothing else of the project.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_file
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress
from ctdc.hub.site.build import build_site
from ctdc.hub.workbench.project import Project, read_json
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.release.manifest import CERTIFICATE, MANIFEST, read_manifest
from ctdc.release.protected import PRIVACY, read_privacy
from ctdc.release.store import list_releases
from ctdc.release.verify import require_verified
from ctdc.standard.languages import LANGUAGES
from ctdc.workflow.evidence import evidence_for
from ctdc.workflow.protect import protect

PRIVATE, TABLE, SCHEMA = "private", "table.parquet", "schema.json"
FILE_MODE = 0o100644  # a file that everybody may read: what is packed is public
PROTECTED, STORE, PAGES, PACKED = "protected", "store", "pages", "release.zip"


def work(project: Project, folder: Path, asked: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Do one run, or the rest of it. asked: what `ctdc.hub.workbench.runs.begin` wrote."""
    protected = folder / PROTECTED
    if not protected.is_dir():
        _protect(project, folder, asked, progress)
    shutil.rmtree(folder / PRIVATE, ignore_errors=True)  # what was protected needs it no more
    release = _release(project, folder, asked, progress)
    if not (folder / PAGES).is_dir():
        build_site(release, folder / PAGES, progress)
    pack(release, folder / PACKED)
    privacy = read_json(protected / PRIVACY)
    return {"release": release.name, "privacy": privacy}


def _protect(project: Project, folder: Path, asked: Mapping[str, Any], progress: Progress) -> None:
    table = folder / PRIVATE / TABLE
    if not table.is_file():
        raise UserError("workbench.no_table", "What this run was to protect is gone.", do="Begin a new run.")
    protect(
        table,
        folder / PROTECTED,
        schema=folder / PRIVATE / SCHEMA,
        ledger=project.ledger,
        people=asked["people"],
        progress=progress,
        epsilon=asked["epsilon"],
        delta=asked["delta"],
        length=asked["length"],
    )


def _release(project: Project, folder: Path, asked: Mapping[str, Any], progress: Progress) -> Path:
    """The release of what was protected, verified; built where there is none. Dated when it was measured."""
    store = folder / STORE
    found = list_releases(store) if store.is_dir() else ()
    release = found[0][0] if found else _build(project, folder, asked, progress)
    require_verified(release, progress)
    return release


def _build(project: Project, folder: Path, asked: Mapping[str, Any], progress: Progress) -> Path:
    privacy = read_privacy(folder / PROTECTED / PRIVACY)
    measured = datetime.fromisoformat(str(privacy["measured_at"]))
    info = ReleaseInfo(
        asked["name"],
        simulated=asked["simulated"],
        titles=dict.fromkeys(LANGUAGES, asked["title"]),
        publisher=asked["publisher"],
        version=asked["edition"],
    )
    evidence = evidence_for(folder / PROTECTED, project.ledger)
    return build(folder / PROTECTED, folder / STORE, info, None, measured, progress, evidence)


def pack(release: Path, out: Path) -> None:
    """Write the file to download: the release's files by its manifest, the manifest and the certificate.

    Raises UserError (``workbench.changed``) for a file that is not what the manifest says.
    """
    _, manifest = read_manifest(release)
    moment = manifest.created.timetuple()[:6]
    expected = {entry.path: entry.sha256 for entry in manifest.files}
    with atomic_file(out, private=True) as temporary, zipfile.ZipFile(temporary, "w") as packed:
        for name in (MANIFEST, CERTIFICATE, *sorted(expected)):
            if name in expected and hash_file(release / name) != expected[name]:
                raise UserError("workbench.changed", "A file of the release has changed.", where=name)
            info = zipfile.ZipInfo(f"{release.name}/{name}", moment)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, FILE_MODE << 16
            with (release / name).open("rb") as source, packed.open(info, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)
