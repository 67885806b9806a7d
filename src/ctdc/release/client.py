"""`ctdc.load`: a release open for questions, from a folder or an address.

Promise: `count`, `share(of=...)` and `table([...])` say what the explorer and the counts service of a site say, to the
last digit: the same estimate, interval, denominator and "too few to say"; `estimate`, `share(part)`, `difference` and
`ratio` go deeper (`ctdc.release.analysis`). A release that is taken from an address is checked file by file before it
is opened, and kept, so that it is taken once.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import overload

import numpy as np
import polars as pl

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import put_in_place
from ctdc.foundation.hashing import hash_file
from ctdc.release import analysis
from ctdc.release.analysis import EVERYBODY, Analysis
from ctdc.release.answers import COUNTS, PEOPLE, SHARE, Answer, Level
from ctdc.release.certificate.file import Certificate
from ctdc.release.certificate.keys import PublicKey, read_public_key
from ctdc.release.citation import citation
from ctdc.release.counting import Counter, Number
from ctdc.release.manifest import CERTIFICATE, MANIFEST, Manifest, read_manifest
from ctdc.release.metadata.cite import BIBTEX, CFF, RIS
from ctdc.release.metadata.facts import METADATA
from ctdc.release.partners.fetch import fetched
from ctdc.release.partners.sources import WebSource, is_address
from ctdc.release.protected import read_json
from ctdc.release.questions import Codes, Wanted
from ctdc.release.told import SHARE_DECIMALS, number_value, table_of
from ctdc.release.verify import CODEBOOK, FIGURES, VerifyReport, require_verified, verify
from ctdc.release.vocabulary import VariableWords, Vocabulary, read_vocabulary
from ctdc.standard.languages import LANGUAGES

STYLES = {"bibtex": BIBTEX, "ris": RIS, "cff": CFF}
CACHE = "XDG_CACHE_HOME"  # where programs keep what they could fetch again


@dataclass(frozen=True)
class Told:
    """A number as a site's explorer says it.

    value, low, high: people, or a share of one, with its 95 % interval; None where there are too few to say; unit:
    ``people`` or ``share``; source: ``counts`` (the protected estimate), ``records`` (counted in the synthetic records,
    beyond what was measured together) or ``bounds``; denominator: of a share, the people it is a share of.
    """

    value: float | None
    low: float | None
    high: float | None
    source: str
    too_few: bool
    unit: str = PEOPLE
    denominator: Told | None = None

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return "too few to say"
        mark = "" if self.source == COUNTS else f", from the {self.source}"
        return f"{self._text(self.value)} (95 % interval {self._text(self.low)} to {self._text(self.high)}{mark})"

    def _text(self, value: float) -> str:
        return f"{value:,.0f}" if self.unit == PEOPLE else f"{100 * value:.1f} %"


@dataclass(frozen=True)
class Codebook:
    """What the variables and codes of a release are called, in five languages."""

    vocabulary: Vocabulary

    def __getitem__(self, variable: str) -> VariableWords:
        """The words of a variable. Raises UserError (``client.unknown``)."""
        found = next((words for words in self.vocabulary.variables if words.name == variable), None)
        if found is None:
            names = ", ".join(words.name for words in self.vocabulary.variables)
            raise UserError("client.unknown", f"The code book has no variable {variable!r}.", allowed=names)
        return found

    def label(self, variable: str, code: str | None = None, language: str = "en") -> str:
        """What a variable, or one of its codes, is called. Raises UserError (``client.unknown``)."""
        _require_language(language)
        words = self[variable]
        if code is None:
            return words.labels[language]
        found = next((one for one in words.codes if one.code == code), None)
        if found is None:
            raise UserError("client.unknown", f"{variable} has no code {code!r}.")
        return found.labels[language]

    def table(self, language: str = "en") -> pl.DataFrame:
        """One row for each code: variable, label, kind (``code``, ``flag``), group, code, code_label."""
        _require_language(language)
        rows = [
            (words.name, words.labels[language], words.kind, words.group, code.code, code.labels[language])
            for words in self.vocabulary.variables
            for code in words.codes
        ]
        columns = ("variable", "label", "kind", "group", "code", "code_label")
        return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


@dataclass(frozen=True, repr=False)
class Release(Analysis):
    """A release, or a protected folder, open for questions. folder: where it lies."""

    folder: Path = field(default_factory=Path)

    # ---- as the explorer says it ------------------------------------------------------------------------------------

    def count(self, codes: Codes | None = None, /, **more: Wanted) -> Told:
        """How many people have all these codes; without any, how many people there are.

        A list of codes means any of them, ``""`` not known, `known` any code. Raises UserError for what does not exist.
        """
        return _told(self._explorer.total({**(codes or {}), **more}))

    @overload
    def share(self, part: Codes, among: Codes = EVERYBODY, *, of: str = "known", source: str = COUNTS) -> Answer: ...

    @overload
    def share(self, *, of: Codes, among: Codes = EVERYBODY) -> Told: ...

    def share(
        self, part: Codes | None = None, among: Codes = EVERYBODY, *, of: str | Codes = "known", source: str = COUNTS
    ) -> Answer | Told:
        """Which share of the people of `among` has the codes `of`, among those of whom it is known.

        `share(of={...}, among={...})` answers as the explorer does. `share({...}, among={...})` is that of `Analysis`,
        whose answers can be compared, and beyond what was measured have bounds in place of an interval.
        """
        if isinstance(of, str):
            if part is None:
                raise UserError(
                    "client.share", "Which share is not said.", allowed='share(of={"gender": "Woman"}, among={...})'
                )
            return super().share(part, among, of=of, source=source)
        if part is not None:
            raise UserError("client.share", "Codes are given twice.", allowed="share(of={...}), or share({...})")
        return self._share(of, among)

    @overload
    def table(self, *variables: str, empty: bool = False) -> pl.DataFrame: ...

    @overload
    def table(self, variables: Sequence[str], /, *, among: Codes = EVERYBODY) -> pl.DataFrame: ...

    def table(self, *variables: str | Sequence[str], empty: bool = False, among: Codes = EVERYBODY) -> pl.DataFrame:
        """The people of `among` by the codes of a list of variables, crossed, as the counts service gives them.

        Columns: the variables (null: not known), count, low, high, source, too_few, share, share_low, share_high; what
        is too few to say has no numbers. `table("gender", "age")`, without a list, is that of `Analysis`.
        """
        names = [name for name in variables if isinstance(name, str)]
        if len(names) == len(variables) and not among:
            return super().table(*names, empty=empty)
        if len(variables) != 1 or names:
            raise UserError("client.table", "These are not one list.", allowed='table(["gender", "age"], among={})')
        return table_of(self._explorer.count(among, list(variables[0])))

    # ---- what it is -------------------------------------------------------------------------------------------------

    @property
    def records(self) -> pl.DataFrame:
        """The synthetic records, one row for each person represented; null: not known. ``to_arrow()`` for Arrow."""
        return self.data.synthetic

    @cached_property
    def manifest(self) -> Manifest:
        """What the release is: name, publisher, files. Raises UserError (``client.protected``)."""
        self._require_release()
        return read_manifest(self.folder)[1]

    @cached_property
    def codebook(self) -> Codebook:
        """What variables and codes are called. Raises UserError (``client.protected``)."""
        self._require_release()
        return Codebook(read_vocabulary(self.folder / CODEBOOK))

    def verify(self, public_key: str | Path | None = None) -> VerifyReport:
        """Check every file and number; with the publisher's public key (a file) also who signed it.

        The report's `ok` says whether all is well, its `problems` what is not.
        """
        self._require_release()
        return verify(self.folder, key=None if public_key is None else read_public_key(Path(public_key)))

    def citation(self, language: str = "en", style: str = "text") -> str:
        """How to cite the release. style: ``text``, ``bibtex``, ``ris`` or ``cff``. Raises UserError
        (``client.style``).
        """
        _require_language(language)
        if style == "text":
            return citation(language, self.manifest.info, self.manifest.created)
        path = f"{METADATA}/{STYLES.get(style, '')}"
        if style not in STYLES or self.manifest.entry(path) is None:
            raise UserError(
                "client.style", f"There is no citation in the style {style!r}.", allowed=f"text, {', '.join(STYLES)}"
            )
        return (self.folder / path).read_text(encoding="utf-8")

    # ---- inside -----------------------------------------------------------------------------------------------------

    @cached_property
    def _counter(self) -> Counter:
        figures = self.folder / FIGURES
        return Counter(self, read_json(figures) if figures.is_file() else None)

    @property
    def _explorer(self) -> Counter:
        """What counts as the explorer does, whose intervals are those of 95 % and one question."""
        if self.level != Level():
            raise UserError(
                "client.level",
                "These answers are those of the explorer, with intervals of 95 % for one question.",
                do="Ask the release itself, or use estimate(), share({...}) and table(names) here.",
            )
        return self._counter

    def _share(self, of: Codes, among: Codes) -> Told:
        found = self._explorer.share(of, among)
        whole = _told(found.whole)
        if found.too_few:
            return Told(None, None, None, found.source, True, SHARE, whole)
        # As tables are rounded: Python's own rounding differs from it in the last digit now and then.
        value, low, high = np.round([found.share, found.low, found.high], SHARE_DECIMALS).tolist()
        return Told(value, low, high, found.source, False, SHARE, whole)

    def _require_release(self) -> None:
        if not (self.folder / MANIFEST).is_file():
            raise UserError(
                "client.protected",
                "This is a folder of 'ctdc protect', which has no code book, citation or certificate.",
                where=str(self.folder),
                do="Build a release of it: ctdc release build.",
            )


def _told(number: Number) -> Told:
    said = number_value(number)
    return Told(said["count"], said["low"], said["high"], number.source, number.too_few)


def _require_language(language: str) -> None:
    if language not in LANGUAGES:
        raise UserError("client.language", f"There is no {language!r} here.", allowed=", ".join(LANGUAGES))


def load(
    place: str | Path,
    groups: Mapping[str, Collection[str]] | None = None,
    *,
    public_key: str | Path | None = None,
    keep: str | Path | None = None,
) -> Release:
    """Open a release, or a folder that ``ctdc protect`` wrote.

    place: its folder, or the https address of a release's folder on a site; groups: name to the flags that share a
    denominator, by default those of the code book; public_key: file of the publisher's key, with which the release must
    be signed; keep: folder in which a release from an address is kept, by default one of the user's cache. Raises
    UserError for anything else, and Refused for a release that is not what its publisher made.
    """
    key = None if public_key is None else read_public_key(Path(public_key))
    folder = Path(place)
    if isinstance(place, str) and is_address(place):
        folder = _taken(place, Path(keep) if keep else _cache(), key)
    elif key is not None:
        require_verified(folder, key=key)
    opened = analysis.load(folder, groups)
    return Release(opened.data, opened.groups, opened.estimates, links=opened.links, folder=folder)


def _cache() -> Path:
    return Path(os.environ.get(CACHE) or Path.home() / ".cache") / "ctdc" / "releases"


class _Kept(Exception):
    """The release is there already."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder


def _taken(address: str, keep: Path, key: PublicKey | None) -> Path:
    """The folder of the release at an address: the one that is kept, or what is fetched now."""

    def accepts(manifest: Manifest, _: Certificate | None, announced: Path) -> None:
        if _is_kept(keep / manifest.folder, announced):
            raise _Kept(keep / manifest.folder)

    try:
        with fetched(WebSource(address), keep, accepts) as folder:
            require_verified(folder, key=key)
            place = keep / folder.name
            if not _is_kept(place, folder):  # another process may have put it there meanwhile, and read it now
                put_in_place(folder, place)
            return place
    except _Kept as found:
        if key is not None:
            require_verified(found.folder, key=key)
        return found.folder


def _is_kept(folder: Path, announced: Path) -> bool:
    """Whether a folder has the release whole, with the certificate that is announced: it may be signed since then."""
    try:
        _, there = read_manifest(folder)
    except UserError:
        return False
    if _certificate(folder) != _certificate(announced):
        return False
    _, manifest = read_manifest(announced)
    files = ((folder / entry.path, entry.sha256) for entry in manifest.files)
    return there.id == manifest.id and all(path.is_file() and hash_file(path) == sha256 for path, sha256 in files)


def _certificate(folder: Path) -> bytes | None:
    path = folder / CERTIFICATE
    return path.read_bytes() if path.is_file() else None
