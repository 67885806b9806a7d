"""Verifying a release without trusting who made it.

Promise: `verify` changes nothing, needs nothing but the folder, and reports every check with what it found. A
release passes only if its files are exactly those of its manifest, its name and id follow from them, its certificate
says what they say, and its content keeps the rules of `ctdc.release.checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress, Silent
from ctdc.release.certificate.check import NONE, certificate_problems, state
from ctdc.release.certificate.keys import PublicKey
from ctdc.release.checks import DATA_CHECKS, Problem, Problems, has_every_code
from ctdc.release.datapackage import DATAPACKAGE, describes
from ctdc.release.figures_check import figures_follow
from ctdc.release.flattened import flattened_follows, flattened_shape, is_known
from ctdc.release.linked import FLATTENED, LinkedData, TableNames, read_linked
from ctdc.release.linked_checks import LINKED_CHECKS
from ctdc.release.manifest import CERTIFICATE, ID_DIGITS, MANIFEST, PRIVACY_SUMMARY, Manifest, read_manifest
from ctdc.release.metadata.check import formats_agree
from ctdc.release.protected import KEY, PRIVACY, ProtectedData, read_json, read_protected
from ctdc.release.vocabulary import LinkedWords, Vocabulary, read_vocabulary
from ctdc.table.schema import Schema

DATA = "data"
FIGURES = f"{DATA}/figures.json"
CODEBOOK = "codebook/codebook.json"
IDENTITY = "the id and the folder's name follow from the content"
CERTIFIED = "the certificate is for these files"
FORMATS = "further formats and metadata agree with the data"
READY = "the ready tables follow from the data"
ABOUT = frozenset({IDENTITY, CERTIFIED, FORMATS})  # checks of what is said about the data, and not of the data


@dataclass(frozen=True)
class CheckResult:
    """One check and what it found; no problems means that it passed."""

    name: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class VerifyReport:
    """The outcome for one release folder.

    signed: id of the key, ``unsigned``, or ``none`` where there is no certificate that can be read.
    """

    folder: Path
    id: str
    checks: tuple[CheckResult, ...]
    signed: str

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
            "signed": self.signed,
            "checks": [
                {"name": check.name, "ok": not check.problems, "problems": [p.as_dict() for p in check.problems]}
                for check in self.checks
            ],
        }


def verify(folder: Path, progress: Progress | None = None, key: PublicKey | None = None) -> VerifyReport:
    """Check a release; with the publisher's key also that its certificate is signed with that one.

    Raises UserError only when the folder is not a release at all.
    """
    watch = progress or Silent()
    claimed, manifest = read_manifest(folder)
    more = len(LINKED_CHECKS) if manifest.linked else 0
    watch.start("Verifying the release", len(DATA_CHECKS) + more + 6)
    checks = []
    wrong = tuple(_files(folder, manifest))
    certified = partial(certificate_problems, folder, manifest, key, whole=not wrong)
    for name, problems in (
        ("files are those of the manifest", wrong),
        (IDENTITY, _identity(folder, claimed, manifest)),
        (CERTIFIED, _guarded(certified)),
    ):
        checks.append(CheckResult(name, tuple(problems)))
        watch.advance()
    if not wrong:
        # The content of files that are not what they claim says nothing, so it is not looked at.
        for name, check in _content_checks(folder, manifest):
            # Of data that are wrong it says nothing that tables do not follow from them, and this is the dearest check.
            skipped = name == READY and any(found.problems for found in checks if found.name not in ABOUT)
            checks.append(CheckResult(name, () if skipped else tuple(_guarded(check))))
            watch.advance()
    watch.finish()
    return VerifyReport(folder, manifest.id, tuple(checks), _signed(folder))


def _signed(folder: Path) -> str:
    try:
        return state(folder)
    except UserError:  # a check has said what is wrong with it
        return NONE


def require_verified(folder: Path, progress: Progress | None = None, key: PublicKey | None = None) -> VerifyReport:
    """Verify and raise Refused (``release.not_verified``) with the first problems unless all is well."""
    report = verify(folder, progress, key)
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
        data = read_released(folder, manifest)
        vocabulary = read_vocabulary(folder / CODEBOOK)
    except UserError as error:
        problem = Problem(error.detail.code, error.detail.what, error.detail.where)
        yield "the data can be read", lambda: iter((problem,))
        return
    yield from checks_of(data)
    yield "manifest, code book and figures agree with the data", lambda: _agreement(folder, manifest, data, vocabulary)
    yield FORMATS, lambda: formats_agree(folder, manifest, data, vocabulary)
    yield READY, lambda: _ready_agree(folder, manifest)


def _ready_agree(folder: Path, manifest: Manifest) -> Problems:
    from ctdc.release.ready.check import ready_agree  # noqa: PLC0415 - it asks the release, and so needs this module

    yield from ready_agree(folder, manifest)


def read_released(folder: Path, manifest: Manifest) -> ProtectedData | LinkedData:
    """The data of a release. Raises UserError for what is missing or unreadable."""
    if manifest.linked is None:
        return read_protected(folder / DATA, folder / PRIVACY)
    names = TableNames(str(manifest.linked.get("main")), str(manifest.linked.get("linked")))
    return read_linked(folder / DATA, folder / PRIVACY, names)


def people_of(data: ProtectedData | LinkedData) -> ProtectedData:
    """The table of people."""
    return data.main if isinstance(data, LinkedData) else data


def checks_of(data: ProtectedData | LinkedData) -> list[tuple[str, Callable[[], Problems]]]:
    """What is checked about the data of a release, by name: of linked tables each table, and what is between them."""
    people = people_of(data)
    found: list[tuple[str, Callable[[], Problems]]] = [(name, partial(check, people)) for name, check in DATA_CHECKS]
    if isinstance(data, LinkedData):
        found += [(name, partial(check, data)) for name, check in LINKED_CHECKS]
    return found


def manifest_of_links(privacy: Mapping[str, Any], words: LinkedWords) -> dict[str, Any]:
    """What the manifest says about linked tables."""
    names = {"main": words.main, "linked": words.linked, "flattened": FLATTENED if words.flattened else None}
    return {**names, "key": KEY, "number": words.number, "most": words.most, "rows": privacy["linked"]["rows"]}


def _files(folder: Path, manifest: Manifest) -> Problems:
    listed = {entry.path: entry for entry in manifest.files}
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    found.pop(MANIFEST, None)
    certificate = found.pop(CERTIFICATE, None)
    if certificate is not None and certificate.is_symlink():
        yield Problem("files.link", "This is a link to another place; a release holds its files itself.", CERTIFICATE)
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


def _agreement(folder: Path, manifest: Manifest, found: ProtectedData | LinkedData, vocabulary: Vocabulary) -> Problems:
    data = people_of(found)
    parts = [found.main, found.linked] if isinstance(found, LinkedData) else [data]
    if data.files.keyed and manifest.linked is None:
        yield Problem("manifest.linked", "There are linked tables here, of which the manifest says nothing.", MANIFEST)
        return
    if data.privacy["publishable"] is not True:
        yield Problem("privacy.unpublishable", "The engine marked its output as not to be published.", PRIVACY)
    if any(manifest.privacy.get(key) != data.privacy[key] for key in PRIVACY_SUMMARY):
        yield Problem("manifest.privacy", "The manifest's privacy parameters are not those of privacy.json.", MANIFEST)
    rows = {data.records_file: data.synthetic.height, data.aggregates_file: data.aggregates.height}
    if isinstance(found, LinkedData):
        rows = found.heights(found.names)
        if not (vocabulary.linked and vocabulary.linked.flattened):
            rows = {name: height for name, height in rows.items() if not name.startswith(f"{FLATTENED}.")}
    for name, height in rows.items():
        entry = manifest.entry(f"{DATA}/{name}")
        if entry is None or entry.rows != height:
            yield Problem("manifest.rows", "The number of rows is not the one in the manifest.", name)
    if manifest.rows != data.synthetic.height:
        yield Problem("manifest.rows", "The release's number of rows is not that of its records.", MANIFEST)
    if manifest.schema.get("hash") != data.schema.content_hash():
        yield Problem("manifest.schema", "The schema is not the one in the manifest.", MANIFEST)
    pairs = [(vocabulary, data.schema)]
    if isinstance(found, LinkedData):
        linked = vocabulary.linked
        if linked is None or not _same_links(manifest, found, linked):
            yield Problem("manifest.linked", "The manifest, code book and data disagree about the links.", MANIFEST)
            return
        yield from _package(folder, found, linked)
        yield from _flattened(manifest, found, vocabulary)
        pairs.append((linked.vocabulary(), found.linked.schema))
    if any(not _same_codes(words, schema) for words, schema in pairs):
        yield Problem("codebook.schema", "The code book does not list the schema's variables and codes.", CODEBOOK)
    elif any(words.facts != schema.implications for words, schema in pairs):
        yield Problem("codebook.facts", "The code book does not list the facts of the schema.", CODEBOOK)
    elif all(map(has_every_code, parts)) and not figures_follow(read_json(folder / FIGURES), found, vocabulary):
        yield Problem("figures.differ", "The figures are not those that follow from the data.", FIGURES)


def _same_links(manifest: Manifest, data: LinkedData, words: LinkedWords) -> bool:
    stated = manifest_of_links(data.main.privacy, words)
    return manifest.linked == stated and (data.number, data.most) == (words.number, words.most)


def _same_codes(vocabulary: Vocabulary, schema: Schema) -> bool:
    words = [(entry.name, tuple(code.code for code in entry.codes)) for entry in vocabulary.variables]
    return words == [(variable.name, variable.codes) for variable in schema.variables]


def _flattened(manifest: Manifest, data: LinkedData, vocabulary: Vocabulary) -> Problems:
    """There is a flattened table if the profile has a shape for it, and it follows from the other two.

    Of a profile of another collaborative the code book says whether it has one.
    """
    profile, words = vocabulary.profile, vocabulary.linked
    foreign = profile is not None and not is_known(profile)
    if words is None or not (foreign or words.flattened == flattened_shape(profile)):
        yield Problem("flattened.shape", "The code book names another flattened shape than the profile.", CODEBOOK)
    elif profile and words.flattened:
        yield from flattened_follows(data, profile)


def _package(folder: Path, data: LinkedData, words: LinkedWords) -> Problems:
    """The data package describes these files, and the foreign key that links them."""
    path = f"{DATA}/{DATAPACKAGE}"
    if not describes(read_json(folder / path), data, words):
        yield Problem("datapackage.differs", "The data package does not describe these tables and their link.", path)
