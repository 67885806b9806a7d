"""Verifying a release without trusting who made it.

Promise: `verify` changes nothing, needs nothing but the folder, and reports every check with what it found. A
release passes only if its files are exactly those of its manifest, its name and id follow from them, and its
content keeps the rules of `ctdc.release.checks`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress, Silent
from ctdc.release.checks import DATA_CHECKS, Problem, Problems
from ctdc.release.figures import compute_figures
from ctdc.release.manifest import ID_DIGITS, MANIFEST, PRIVACY_SUMMARY, Manifest, read_manifest
from ctdc.release.protected import AGGREGATES, PRIVACY, SYNTHETIC, ProtectedData, read_json, read_protected
from ctdc.release.vocabulary import Vocabulary, vocabulary_from_dict

DATA = "data"
FIGURES = f"{DATA}/figures.json"
CODEBOOK = "codebook/codebook.json"
# Figures are sums in floating point, which machines may round differently in the last written digit.
RELATIVE_TOLERANCE = 1e-5
ABSOLUTE_TOLERANCE = 2e-3


@dataclass(frozen=True)
class CheckResult:
    """One check and what it found; no problems means that it passed."""

    name: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class VerifyReport:
    """The outcome for one release folder."""

    folder: Path
    id: str
    checks: tuple[CheckResult, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong."""
        return tuple(problem for check in self.checks for problem in check.problems)

    @property
    def ok(self) -> bool:
        """Whether the release may be trusted to be whole and consistent."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "folder": str(self.folder),
            "id": self.id,
            "ok": self.ok,
            "checks": [
                {"name": check.name, "ok": not check.problems, "problems": [p.as_dict() for p in check.problems]}
                for check in self.checks
            ],
        }


def verify(folder: Path, progress: Progress | None = None) -> VerifyReport:
    """Check a release. Raises UserError only when the folder is not a release at all."""
    watch = progress or Silent()
    claimed, manifest = read_manifest(folder)
    watch.start("Verifying the release", len(DATA_CHECKS) + 3)
    checks = []
    for name, problems in (
        ("files are those of the manifest", _files(folder, manifest)),
        ("the id and the folder's name follow from the content", _identity(folder, claimed, manifest)),
    ):
        checks.append(CheckResult(name, tuple(problems)))
        watch.advance()
    if not checks[0].problems:
        # The content of files that are not what they claim says nothing, so it is not looked at.
        for name, check in _content_checks(folder, manifest):
            checks.append(CheckResult(name, tuple(_guarded(check))))
            watch.advance()
    watch.finish()
    return VerifyReport(folder, manifest.id, tuple(checks))


def require_verified(folder: Path, progress: Progress | None = None) -> VerifyReport:
    """Verify and raise Refused (``release.not_verified``) with the first problems unless all is well."""
    report = verify(folder, progress)
    if not report.ok:
        shown = [f"{problem.what} ({problem.where})" for problem in report.problems[:5]]
        more = len(report.problems) - len(shown)
        raise Refused(
            "release.not_verified",
            "The release does not verify: " + " ".join(shown) + (f" And {more} more." if more else ""),
            where=str(folder),
            do="Fetch the release again from its publisher; do not use this copy.",
        )
    return report


def _guarded(check: Callable[[], Problems]) -> Problems:
    """A check that cannot read its file has found a problem."""
    try:
        yield from check()
    except UserError as error:
        yield Problem(error.detail.code, error.detail.what, error.detail.where)


def _content_checks(folder: Path, manifest: Manifest) -> Iterator[tuple[str, Callable[[], Problems]]]:
    try:
        data = read_protected(folder / DATA, folder / PRIVACY)
        vocabulary = vocabulary_from_dict(read_json(folder / CODEBOOK))
    except UserError as error:
        problem = Problem(error.detail.code, error.detail.what, error.detail.where)
        yield "the data can be read", lambda: iter((problem,))
        return
    for name, check in DATA_CHECKS:
        yield name, lambda check=check: check(data)  # type: ignore[misc]
    yield "manifest, code book and figures agree with the data", lambda: _agreement(folder, manifest, data, vocabulary)


def _files(folder: Path, manifest: Manifest) -> Problems:
    listed = {entry.path: entry for entry in manifest.files}
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    found.pop(MANIFEST, None)
    for path in sorted(set(listed) - set(found)):
        yield Problem("files.missing", "This file is in the manifest but not in the folder.", path)
    for path in sorted(set(found) - set(listed)):
        yield Problem("files.extra", "This file is in the folder but not in the manifest.", path)
    for path in sorted(set(listed) & set(found)):
        if found[path].is_symlink():
            yield Problem("files.link", "This is a link to another place; a release holds its files itself.", path)
        elif found[path].stat().st_size != listed[path].bytes or hash_file(found[path]) != listed[path].sha256:
            yield Problem("files.changed", "This file is not the one that was released: its hash differs.", path)


def _identity(folder: Path, claimed: str, manifest: Manifest) -> Problems:
    if claimed != manifest.id:
        yield Problem("manifest.id", "The id does not follow from the manifest's content.", MANIFEST)
    end = folder.resolve().name.rpartition("-")[2]
    # Under another name (a download, a copy) a release is as good as before; under a wrong id it is not.
    looks_like_id = len(end) == ID_DIGITS and set(end) <= set("0123456789abcdef")
    if looks_like_id and not manifest.id.startswith(end):
        yield Problem("manifest.folder", "The folder carries the id of another release.", str(folder))


def _agreement(folder: Path, manifest: Manifest, data: ProtectedData, vocabulary: Vocabulary) -> Problems:
    if data.privacy["publishable"] is not True:
        yield Problem("privacy.unpublishable", "The engine marked its output as not to be published.", PRIVACY)
    if any(manifest.privacy.get(key) != data.privacy[key] for key in PRIVACY_SUMMARY):
        yield Problem("manifest.privacy", "The manifest's privacy parameters are not those of privacy.json.", MANIFEST)
    rows = {SYNTHETIC: data.synthetic.height, AGGREGATES: data.aggregates.height}
    for name, height in rows.items():
        entry = manifest.entry(f"{DATA}/{name}")
        if entry is None or entry.rows != height:
            yield Problem("manifest.rows", "The number of rows is not the one in the manifest.", name)
    if manifest.rows != data.synthetic.height:
        yield Problem("manifest.rows", "The release's number of rows is not that of its records.", MANIFEST)
    if manifest.schema.get("hash") != data.schema.content_hash():
        yield Problem("manifest.schema", "The schema is not the one in the manifest.", MANIFEST)
    words = [(entry.name, tuple(code.code for code in entry.codes)) for entry in vocabulary.variables]
    if words != [(variable.name, variable.codes) for variable in data.schema.variables]:
        yield Problem("codebook.schema", "The code book does not list the schema's variables and codes.", CODEBOOK)
    elif vocabulary.facts != data.schema.implications:
        yield Problem("codebook.facts", "The code book does not list the facts of the schema.", CODEBOOK)
    elif not _close(read_json(folder / FIGURES), compute_figures(data, vocabulary)):
        yield Problem("figures.differ", "The figures are not those that follow from the data.", FIGURES)


def _close(left: Any, right: Any) -> bool:
    """Equality of JSON values, numbers up to rounding."""
    if isinstance(left, bool) or isinstance(right, bool) or not isinstance(left, int | float | list | dict):
        return bool(left == right)
    if isinstance(left, int | float):
        return isinstance(right, int | float) and math.isclose(
            left, right, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE
        )
    if isinstance(left, Mapping):
        return (
            isinstance(right, Mapping) and left.keys() == right.keys() and all(_close(left[k], right[k]) for k in left)
        )
    return isinstance(right, list) and len(left) == len(right) and all(map(_close, left, right))
