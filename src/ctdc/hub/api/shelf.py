"""The releases that the service answers for: found once, opened when first counted in, kept in memory.

Promise: a release is what its folder held when the service started; nothing in a folder is ever changed. What it is,
and what its variables and codes are called, is known without opening it, which takes seconds and memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from ctdc.foundation.clock import timestamp
from ctdc.foundation.errors import UserError
from ctdc.release.citation import citation
from ctdc.release.counting import Counter, open_counter
from ctdc.release.linked import LinkedData
from ctdc.release.linked_counting import LinkedCounter
from ctdc.release.manifest import MANIFEST, Manifest, read_manifest
from ctdc.release.partners.record import NAME as INCLUDED
from ctdc.release.partners.record import Included, read_included
from ctdc.release.protected import ProtectedData, read_json
from ctdc.release.tombstones import NAME as TOMBSTONES
from ctdc.release.tombstones import Tombstone, read_tombstones
from ctdc.release.verify import CODEBOOK, FIGURES, people_of, read_released
from ctdc.release.vocabulary import Group, VariableWords, Vocabulary, vocabulary_from_dict
from ctdc.standard.languages import DEFAULT, LANGUAGES
from ctdc.table.linked import LINKED
from ctdc.table.schema import Schema

API = "/api/v1"
LATEST = "latest"
IN_SITE = "releases", "release"  # where a built site keeps release folders
# What is said of a release that another hub published.
GONE_WORDS = {
    "withdrawn": "its hub has withdrawn it",
    "damaged": "the copy no longer agrees with what was signed",
    "untrusted": "its hub or its key is no longer trusted here",
    "hidden": "this site has decided not to show it any more",
}
PROVENANCE = "hub", "names", "address", "publisher", "key", "manifest_sha256", "source", "included"
APART = "Published by another hub. Do not add its numbers to others: the same people may be counted in both."
PRIVACY_BLOCK = "unit", "neighbours", "epsilon", "delta", "length", "threshold"


@dataclass(frozen=True)
class Wordbook:
    """What the variables of people, or of linked rows, are called. address: where the service lists them."""

    address: str
    schema: Schema
    words: Mapping[str, VariableWords]
    groups: tuple[Group, ...]

    def full_name(self, name: str) -> str:
        """Of linked rows the name with its prefix, where only with it there is such a variable."""
        names = self.schema.names
        return LINKED + name if name not in names and LINKED + name in names else name


@dataclass(frozen=True)
class Shelved:
    """One release. files: the address below which its files are served; opener: opens its folder for questions;
    included: from whom it was taken over, None for a release of this hub.
    """

    folder: Path
    manifest: Manifest
    files: str
    included: Included | None = None
    opener: Callable[[Path], Counter] = field(default=open_counter, repr=False, compare=False)
    _lock: Any = field(default_factory=Lock, repr=False, compare=False)
    _open: list[Counter] = field(default_factory=list, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The release's part of an address."""
        return self.manifest.folder

    @property
    def address(self) -> str:
        """Where the service answers for it."""
        return f"{API}/releases/{self.name}"

    @property
    def counter(self) -> Counter:
        """The release open for questions; opened once, by whoever asks first."""
        with self._lock:
            if not self._open:
                self._open.append(self.opener(self.folder))
            return self._open[0]

    @cached_property
    def linked(self) -> LinkedCounter:
        """Its linked rows open for questions. Raises UserError (``api.no_linked``) for a release of one table."""
        rows, figures = self.counter.analysis.links, read_json(self.folder / FIGURES)
        if rows is None:
            raise _no_linked()
        return LinkedCounter(rows, figures["linked"])

    @cached_property
    def data(self) -> ProtectedData | LinkedData:
        """Its published files; of them only the variables and codes are read."""
        return read_released(self.folder, self.manifest)

    @cached_property
    def people_words(self) -> Wordbook:
        """The words of the variables of people."""
        return Wordbook(f"{self.address}/variables", people_of(self.data).schema, self.words, self.vocabulary.groups)

    @cached_property
    def linked_words(self) -> Wordbook:
        """The words of the variables of linked rows, by their full names. Raises UserError (``api.no_linked``)."""
        data, linked = self.data, self.vocabulary.linked
        if not isinstance(data, LinkedData):
            raise _no_linked()
        variables, groups = ((), ()) if linked is None else (linked.variables, linked.groups)
        words = {LINKED + one.name: replace(one, name=LINKED + one.name) for one in variables}
        named = tuple(replace(one, variables=tuple(LINKED + flag for flag in one.variables)) for one in groups)
        return Wordbook(f"{self.address}/linked/variables", data.across.schema, words, named)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Its words in five languages."""
        return vocabulary_from_dict(read_json(self.folder / CODEBOOK))

    @cached_property
    def words(self) -> Mapping[str, VariableWords]:
        """The words of each variable of people."""
        return {words.name: words for words in self.vocabulary.variables}

    @cached_property
    def block(self) -> dict[str, Any]:
        """What every answer says of the release: which it is, how to cite it, and how its people are protected."""
        info = self.manifest.info
        return {
            "release": {
                "id": self.manifest.id,
                "name": self.name,
                "created": timestamp(self.manifest.created),
                "simulated": info.simulated,
                "url": self.address,
                "terms": info.terms or None,
            },
            "citation": citation(DEFAULT, info, self.manifest.created),
            "privacy": {
                **{name: self.manifest.privacy[name] for name in PRIVACY_BLOCK},
                "counts": "People as estimated with noise, or as in the synthetic records; never the true number.",
                "statement": f"{self.files}privacy.json",
            },
            **self._provenance,
        }

    @property
    def _provenance(self) -> dict[str, Any]:
        """Of a release of another hub whose it is, and that its numbers stand alone."""
        if self.included is None:
            return {}
        line = self.included.as_dict()
        said = {name: line[name] for name in PROVENANCE}
        return {"provenance": {**said, "note": APART}}

    def summary(self) -> dict[str, Any]:
        """One line of the list of releases."""
        info = self.manifest.info
        return {
            **self.block["release"],
            "titles": {language: info.title(language) for language in LANGUAGES},
            "publisher": info.publisher,
            "records": self.manifest.rows,
            "people": dict(self.manifest.privacy["total"]),
            "linked_rows": self.manifest.linked is not None,
            **self._provenance,
        }

    def described(self) -> dict[str, Any]:
        """The release with its files."""
        files = [
            {**entry.as_dict(), "rows": entry.rows, "url": f"{self.files}{entry.path}"} for entry in self.manifest.files
        ]
        citations = {code: citation(code, self.manifest.info, self.manifest.created) for code in LANGUAGES}
        details = {"citations": citations, "manifest": f"{self.files}{MANIFEST}", "files": files}
        names = ["variables", "counts", "flows", "explore"]
        names += ["linked/variables", "linked/counts"] if self.manifest.linked is not None else []
        links = {name: f"{self.address}/{name}" for name in names}
        return {**self.block, "release": self.summary(), **details, "links": links}


@dataclass(frozen=True)
class Shelf:
    """This hub's releases by name, newest first; withdrawn: what is left of those that are gone, by name; included:
    releases of other hubs, by name; gone: those of other hubs that are not published any more.
    """

    releases: Mapping[str, Shelved]
    withdrawn: Mapping[str, Tombstone] = field(default_factory=dict)
    included: Mapping[str, Shelved] = field(default_factory=dict)
    gone: Mapping[str, Included] = field(default_factory=dict)

    @property
    def latest(self) -> Shelved:
        """The newest release. Raises UserError (``api.no_release``) when all have been withdrawn."""
        if not self.releases:
            raise UserError("api.no_release", "No release is published at present.", do=f"{API}/releases tells why.")
        return next(iter(self.releases.values()))

    def find(self, name: str) -> Shelved:
        """The release of this name. Raises UserError (``api.no_release``, ``api.withdrawn``)."""
        if name in self.withdrawn:
            one = self.withdrawn[name]
            raise UserError(
                "api.withdrawn",
                f"This release was withdrawn on {one.withdrawn:%Y-%m-%d}. {' '.join(one.sentences(DEFAULT))}",
                do=f"Do not use copies of it. {API}/releases lists the releases that are there.",
            )
        if name in self.gone:
            raise _not_published(self.gone[name])
        known = {**self.included, **self.releases}
        if name not in known:
            raise UserError(
                "api.no_release",
                "There is no release of this name.",
                allowed=", ".join([*known, LATEST]),
                do=f"{API}/releases lists them.",
            )
        return known[name]


def _not_published(line: Included) -> UserError:
    """A release of another hub that is not published any more."""
    reason = "" if line.gone is None else line.gone.reason
    return UserError(
        "api.not_included",
        f"This release of {line.name('en')} is no longer published here: {GONE_WORDS.get(reason, reason)}.",
        do=f"{API}/releases lists the releases that are there.",
    )


def _no_linked() -> UserError:
    return UserError(
        "api.no_linked",
        "Nothing is linked to the people of this release.",
        do=f"{API}/releases says which releases have linked rows.",
    )


def open_shelf(folder: Path, opener: Callable[[Path], Counter] = open_counter) -> Shelf:
    """The releases of a built site, or the one release in `folder`. opener: opens one when it is first asked.

    They should have been verified. Raises UserError (``api.no_releases``) where there are none, and none was withdrawn.
    """
    gone = read_tombstones(folder / TOMBSTONES)
    lines = {line.folder: line for line in read_included(folder / INCLUDED)}
    if (folder / MANIFEST).is_file():
        found = [_shelved(folder, f"/{IN_SITE[0]}/", opener, None)]
    else:
        places = [(path, f"/{name}/") for name in IN_SITE for path in sorted((folder / name).glob(f"*/{MANIFEST}"))]
        found = [_shelved(path.parent, base, opener, lines.get(path.parent.name)) for path, base in places]
    if not found and not gone:
        raise UserError(
            "api.no_releases",
            f"{folder} holds no release.",
            do="Give a release, or a site that 'ctdc site build' made.",
        )
    found.sort(key=lambda one: (one.manifest.created, one.name), reverse=True)
    own = {one.name: one for one in found if one.included is None}
    others = {one.name: one for one in found if one.included is not None}
    left = {name: line for name, line in lines.items() if line.gone is not None}
    return Shelf(own, {one.folder: one for one in gone}, others, left)


def _shelved(folder: Path, base: str, opener: Callable[[Path], Counter], line: Included | None) -> Shelved:
    _, manifest = read_manifest(folder)
    return Shelved(folder, manifest, f"{base}{manifest.folder}/", line, opener)
