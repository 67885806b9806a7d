"""Building a release: from a protected folder to an immutable, content-addressed folder.

Promise: the same protected folder, info, previous release, time, evidence and key give the same bytes and the same id.
Everything is checked before anything is written; the folder appears whole under its name or not at all; a release that
exists is never written again, but for a certificate that nobody has signed. Output that the engine marked unpublishable
is refused.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ctdc.standard
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import atomic_folder
from ctdc.foundation.hashing import hash_bytes, hash_file
from ctdc.foundation.progress import Progress, Silent
from ctdc.release.analysis import load
from ctdc.release.certificate.content import certificate_content
from ctdc.release.certificate.evidence import Evidence
from ctdc.release.certificate.file import Certificate, certify
from ctdc.release.certificate.keys import SigningKey
from ctdc.release.changelog import ReleaseView, changelog_sections, compare
from ctdc.release.checks import Problem
from ctdc.release.citation import citation
from ctdc.release.codebook import codebook_csv, codebook_sections
from ctdc.release.counting import Counter
from ctdc.release.datapackage import DATAPACKAGE, datapackage
from ctdc.release.document import STYLE_PATH, Section, render_document, style_sheet
from ctdc.release.figures import compute_figures
from ctdc.release.flattened import flattened, flattened_shape
from ctdc.release.info import ReleaseInfo
from ctdc.release.linked import LinkedData, TableNames, are_linked, read_linked
from ctdc.release.linked_words import linked_vocabulary
from ctdc.release.manifest import CERTIFICATE, MANIFEST, PRIVACY_SUMMARY, FileEntry, Manifest, read_manifest
from ctdc.release.meaning import meaning_of
from ctdc.release.metadata.facts import ReleaseFacts, table_files
from ctdc.release.metadata.write import metadata_files, more_tables
from ctdc.release.protected import (
    AGGREGATES,
    AGGREGATES_CSV,
    DATA_FILES,
    PRIVACY,
    SCHEMA,
    SYNTHETIC,
    SYNTHETIC_CSV,
    ProtectedData,
    cohort_files,
    read_json,
    read_protected,
)
from ctdc.release.ready.files import ready_files
from ctdc.release.ready.scripts import programs
from ctdc.release.ready.tables import ready_tables
from ctdc.release.statement import privacy_statement
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.verify import CODEBOOK, DATA, FIGURES, checks_of, manifest_of_links, people_of, require_verified
from ctdc.release.vocabulary import (
    Vocabulary,
    read_vocabulary,
    vocabulary_of_profile,
    vocabulary_of_schema,
)
from ctdc.standard.languages import LANGUAGES

CHANGELOG = "about/changelog.json"
MEANING = "about/privacy.json"
REPORT = "report.html"


@dataclass(frozen=True)
class _Content:
    """What will be written: files made here, and files taken over as they are (path to source).

    rows: path of each file with a table to its number of rows.
    """

    made: Mapping[str, bytes]
    copies: Mapping[str, Path]
    rows: Mapping[str, int]


def build(
    protected: Path,
    store: Path,
    info: ReleaseInfo,
    previous: Path | None,
    created: datetime,
    progress: Progress | None = None,
    evidence: Evidence | None = None,
    key: SigningKey | None = None,
) -> Path:
    """Build a release of the folder `protected` below `store`, and return its folder.

    previous: the release to compare with, None for the first; created: aware, with whole seconds; evidence: what its
    certificate says beside the release's own files; key: signs the certificate. If the very same release is in the
    store already, it is verified and returned, signed if it was not before. Raises Refused for what must not be
    published and UserError for what cannot be read.
    """
    watch = progress or Silent()
    data: ProtectedData | LinkedData = read_linked(protected) if are_linked(protected) else read_protected(protected)
    main = people_of(data)
    _require_publishable(main)
    watch.start("Building the release", len(checks_of(data)) + 3)
    _require_sound(data, watch)
    vocabulary = _vocabulary(data, info)
    before = None if previous is None else release_view(previous)
    figures = compute_figures(data, vocabulary)
    content = _content(data, vocabulary, info, before, created, figures)
    watch.advance()
    manifest = _manifest(main, vocabulary, info, before, created, content)
    folder = store / manifest.folder
    watch.advance()
    given = evidence or Evidence()
    if folder.exists():
        require_verified(folder)
        certify(folder, given, key)
    else:
        text = manifest.to_json().encode()
        made = Certificate(certificate_content(manifest, text, main.privacy, figures, given))
        _write(folder, manifest, content, made if key is None else made.signed_by(key))
    watch.finish()
    return folder


def release_view(release: Path) -> ReleaseView:
    """What a comparison needs from a release, which is verified first. Raises Refused if it does not verify."""
    require_verified(release)
    _, manifest = read_manifest(release)
    vocabulary = read_vocabulary(release / CODEBOOK)
    figures = read_json(release / FIGURES)
    return ReleaseView(manifest.id, manifest.folder, manifest.created, vocabulary, figures)


def _require_publishable(data: ProtectedData) -> None:
    if data.privacy["publishable"] is not True:
        raise Refused(
            "release.unpublishable",
            "The engine marked this output as not to be published.",
            where=str(data.folder / PRIVACY),
            do="Protect the cases with the engine's own noise, without its test seam.",
        )


def _require_sound(data: ProtectedData | LinkedData, progress: Progress) -> None:
    """Refuse data that `verify` would not accept afterwards."""
    problems: list[Problem] = []
    for _, check in checks_of(data):
        problems.extend(check())
        progress.advance()
    if problems:
        shown = " ".join(f"{problem.what} ({problem.where})" for problem in problems[:5])
        raise Refused(
            "release.unsound",
            f"The protected data do not keep the rules of a release: {shown}",
            where=str(people_of(data).folder),
            do="Protect the cases again; do not edit the files by hand.",
        )


def _vocabulary(data: ProtectedData | LinkedData, info: ReleaseInfo) -> Vocabulary:
    profile = info.profile
    if isinstance(data, LinkedData):
        return linked_vocabulary(data, profile, info.tables)
    if info.tables is not None:
        raise UserError(
            "release.table_names",
            "Names of linked tables are given, and this folder has one table.",
            where=str(data.folder),
            allowed="a folder of 'ctdc protect --linked'",
            do="Leave out the names, or give the folder of the linked tables.",
        )
    if profile is None:
        return vocabulary_of_schema(data.schema, read_json(data.folder / SCHEMA))
    standard = ctdc.standard.load()
    return vocabulary_of_profile(standard, standard.profile(profile), data.schema)


def _content(
    data: ProtectedData | LinkedData,
    vocabulary: Vocabulary,
    info: ReleaseInfo,
    before: ReleaseView | None,
    created: datetime,
    figures: Mapping[str, Any],
) -> _Content:
    main = people_of(data)
    changes = compare(before, vocabulary, figures)
    texts = {
        FIGURES: _json(figures),
        CODEBOOK: _json(vocabulary.as_dict()),
        "codebook/codebook.csv": codebook_csv(vocabulary),
        CHANGELOG: _json(changes),
        MEANING: _json(_meaning(main.privacy)),
        STYLE_PATH: style_sheet(),
    }
    for language in LANGUAGES:
        note = RELEASE_TEXTS.text(language, "privacy.simulated") if info.simulated else ""
        for stem, key, sections in (
            ("codebook/codebook", "codebook.title", codebook_sections(language, vocabulary)),
            ("about/privacy", "privacy.title", privacy_statement(language, main.privacy, vocabulary.linked)),
            ("about/changelog", "changes.title", changelog_sections(language, changes, vocabulary)),
        ):
            texts[f"{stem}.{language}.html"] = _document(language, stem, key, sections, note)
        texts[f"about/citation.{language}.txt"] = citation(language, info, created) + "\n"
    files, rows = _data_files(data, vocabulary)
    copies = {f"{DATA}/{name}": file for name, file in {**files, **cohort_files(main)}.items()}
    copies[PRIVACY] = main.folder / PRIVACY
    if (main.folder / REPORT).is_file():
        copies["about/engine-report.html"] = main.folder / REPORT
    if isinstance(data, LinkedData) and vocabulary.linked is not None:
        texts[f"{DATA}/{DATAPACKAGE}"] = _json(datapackage(data, info, vocabulary.linked))
    made = {path: text.encode() for path, text in texts.items()}
    if isinstance(data, LinkedData) and vocabulary.profile and flattened_shape(vocabulary.profile):
        table = flattened(data, vocabulary.profile)
        made |= {f"{DATA}/{name}": content for name, content in table.files().items()}
    content = _Content(made, copies, {f"{DATA}/{name}": height for name, height in rows.items()})
    return _described(content, data, partial(ReleaseFacts, info, created, vocabulary, main.privacy, figures))


def _described(
    content: _Content, data: ProtectedData | LinkedData, facts_with: Callable[[tuple[FileEntry, ...]], ReleaseFacts]
) -> _Content:
    """The content with the tables in further formats, and then with the metadata, which state all tables' hashes."""
    facts = facts_with(table_files(_entries(content)))
    tables = more_tables(data, facts.vocabulary, facts)
    ready, scripts = _ready(data, facts)
    tables |= ready
    rows = {**content.rows, **{path: height for path, (_, height) in tables.items()}}
    made = {**content.made, **{path: made for path, (made, _) in tables.items()}, **scripts}
    whole = _Content(made, content.copies, rows)
    described = metadata_files(data, facts_with(table_files(_entries(whole))))
    return _Content({**whole.made, **described}, whole.copies, rows)


def _ready(
    data: ProtectedData | LinkedData, facts: ReleaseFacts
) -> tuple[Mapping[str, tuple[bytes, int]], Mapping[str, bytes]]:
    """The ready tables of people, by path with their numbers of rows, and the programs that compute findings anew."""
    people, vocabulary = people_of(data), facts.vocabulary
    analysis = load(people.folder, {group.id: group.variables for group in vocabulary.groups})
    tables = ready_tables(Counter(analysis, facts.figures), vocabulary)
    if isinstance(data, LinkedData):
        return ready_files(tables, facts, analysis.length), {}  # whose counts have files of their own
    scripts = programs(facts.info.name, vocabulary, people.aggregates, tables, float(people.privacy["threshold"]))
    return ready_files(tables, facts, analysis.length), scripts


def _data_files(
    data: ProtectedData | LinkedData, vocabulary: Vocabulary
) -> tuple[Mapping[str, Path], Mapping[str, int]]:
    """The engine's files by the name that they get in the release, and the rows of those that hold a table."""
    if isinstance(data, LinkedData) and vocabulary.linked is not None:
        names = TableNames(vocabulary.linked.main, vocabulary.linked.linked)
        return data.copies(names), data.heights(names)
    main = people_of(data)
    rows = dict.fromkeys((SYNTHETIC, SYNTHETIC_CSV), main.synthetic.height)
    rows |= dict.fromkeys((AGGREGATES, AGGREGATES_CSV), main.aggregates.height)
    return {name: main.folder / name for name in DATA_FILES}, rows


def _document(language: str, stem: str, title: str, sections: tuple[Section, ...], note: str) -> str:
    name = stem.rpartition("/")[2]
    return render_document(language, RELEASE_TEXTS.text(language, title), name, sections, note)


def _meaning(privacy: Mapping[str, Any]) -> dict[str, Any]:
    facts = meaning_of(privacy)
    return {
        "epsilon": privacy["epsilon"],
        "delta": privacy["delta"],
        "mu": privacy["mu"],
        "best_attacker_accuracy": round(facts.accuracy, 6),
        "recognised_at_one_per_cent_false_alarms": round(facts.recognised, 6),
        "largest_change_of_odds": facts.odds,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _manifest(
    data: ProtectedData,
    vocabulary: Vocabulary,
    info: ReleaseInfo,
    before: ReleaseView | None,
    created: datetime,
    content: _Content,
) -> Manifest:
    return Manifest(
        info=info,
        created=created,
        code={"ctdc": version("ctdc"), "engine": str(data.privacy.get("engine_version", ""))},
        schema={
            "hash": data.schema.content_hash(),
            "profile": vocabulary.profile,
            "standard_version": vocabulary.standard_version,
            "standard_hash": vocabulary.standard_hash,
        },
        privacy={key: data.privacy[key] for key in (*PRIVACY_SUMMARY, "total")},
        previous=None if before is None else {"id": before.id, "folder": before.folder},
        rows=data.synthetic.height,
        files=tuple(sorted(_entries(content), key=lambda entry: entry.path)),
        linked=None if vocabulary.linked is None else manifest_of_links(data.privacy, vocabulary.linked),
    )


def _entries(content: _Content) -> list[FileEntry]:
    rows = content.rows
    entries = [FileEntry(path, hash_bytes(made), len(made), rows.get(path)) for path, made in content.made.items()]
    for path, source in content.copies.items():
        entries.append(FileEntry(path, hash_file(source), source.stat().st_size, rows.get(path)))
    return entries


def _write(folder: Path, manifest: Manifest, content: _Content, certificate: Certificate) -> None:
    with atomic_folder(folder) as target:
        for path, made in content.made.items():
            _place(target, path).write_bytes(made)
        for path, source in content.copies.items():
            shutil.copyfile(source, _place(target, path))
        (target / MANIFEST).write_bytes(manifest.to_json().encode())
        (target / CERTIFICATE).write_bytes(certificate.to_json().encode())
        for entry in manifest.files:
            # A source that changed between hashing and copying must not become a release.
            if hash_file(target / entry.path) != entry.sha256:
                raise UserError("release.changed", f"{entry.path} changed while it was copied.", do="Build it again.")


def _place(target: Path, path: str) -> Path:
    place = target / path
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
