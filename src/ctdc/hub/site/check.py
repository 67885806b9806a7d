"""Whether a built site is still what its build wrote: every page by its hash, every released file by its manifest.

Promise: nothing is changed and nothing is rendered; what was changed, is missing, or was put in is counted and named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress, Silent
from ctdc.hub.site.build import MARKER
from ctdc.hub.site.export import FILES
from ctdc.hub.site.record import read_record
from ctdc.hub.site.sitemap import ROBOTS, SITEMAP
from ctdc.release.manifest import CERTIFICATE, MANIFEST, read_manifest

UNHASHED = frozenset({MARKER, ROBOTS, SITEMAP})  # made last, of what the record says


@dataclass(frozen=True)
class SiteCheck:
    """What was found. releases: ids, newest first; files: how many there are; wrong: paths, in order; built: when."""

    releases: tuple[str, ...]
    files: int
    wrong: tuple[str, ...]
    built: datetime


def check_site(site: Path, progress: Progress | None = None) -> SiteCheck | None:
    """Check the site that `ctdc site build` made in the folder `site`; None where there is none.

    Raises UserError (``site.not_a_site``, ``site.no_record``) for something else.
    """
    if not (site / MARKER).is_file():
        return None
    record = read_record(site)
    if not record.parts:
        raise UserError("site.no_record", "This site does not say what it is made of.", where=str(site / MARKER))
    expected = {path: digest for part in record.parts.values() for path, digest in part.files.items()}
    wrong = _released(site, expected)
    found = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    watch = progress or Silent()
    watch.start("", len(expected))
    for name, digest in expected.items():
        if name not in found or found[name].is_symlink() or hash_file(found[name]) != digest:
            wrong.add(name)
        watch.advance()
    watch.finish()
    wrong |= set(found) - set(expected) - UNHASHED
    built = datetime.fromtimestamp((site / MARKER).stat().st_mtime, UTC)
    return SiteCheck(record.releases, len(found), tuple(sorted(wrong)), built)


def _released(site: Path, expected: dict[str, str]) -> set[str]:
    """Add the files of every release to what is expected. Returns those that cannot be checked."""
    wrong = set()
    for folder in sorted(path for path in (site / FILES).glob("*") if path.is_dir()):
        base = folder.relative_to(site).as_posix()
        try:
            claimed, manifest = read_manifest(folder)
        except UserError:
            wrong.add(f"{base}/{MANIFEST}")
            continue
        expected |= {f"{base}/{entry.path}": entry.sha256 for entry in manifest.files}
        for name in (MANIFEST, CERTIFICATE):
            if (folder / name).is_file():
                expected[f"{base}/{name}"] = hash_file(folder / name)
        if claimed != manifest.id or manifest.folder != folder.name:
            wrong.add(f"{base}/{MANIFEST}")
    return wrong
