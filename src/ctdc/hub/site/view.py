"""A release as the site sees it: read once, from its published files only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.hub.site.place import Place
from ctdc.release.analysis import Analysis, load
from ctdc.release.changelog import headline_labels
from ctdc.release.manifest import Manifest, read_manifest
from ctdc.release.partners.record import Included
from ctdc.release.protected import PRIVACY, read_json
from ctdc.release.verify import CODEBOOK, FIGURES
from ctdc.release.vocabulary import Group, Labels, VariableWords, Vocabulary, vocabulary_from_dict
from ctdc.release.within import Within
from ctdc.standard.presentation import presentation

CHANGELOG = "about/changelog.json"


@dataclass(frozen=True)
class SiteRelease:
    """What the pages show. figures, privacy and changes are the parsed JSON files; place: where the pages stand.

    earlier: the other releases of the site, newest first, for pages that say what has changed; answers: the file of
    what readers said and what was done, if the site has one; content: the folder of what editors wrote, where it is not
    what is shipped; included: from whom it was taken over, None for a release of this hub.
    """

    folder: Path
    manifest: Manifest
    vocabulary: Vocabulary
    figures: Mapping[str, Any]
    privacy: Mapping[str, Any]
    changes: Mapping[str, Any]
    place: Place = field(default_factory=Place)
    earlier: tuple[SiteRelease, ...] = ()
    answers: Path | None = None
    content: Path | None = None
    included: Included | None = None

    def content_of(self, section: str) -> Path | None:
        """The folder of what editors wrote for a section (``stories``, ``about``); None where it is what is shipped."""
        folder = self.content / section if self.content else None
        return folder if folder and folder.is_dir() else None

    @cached_property
    def shared(self) -> dict[str, Any]:
        """What is worked out once for a release and used by several sections, each under a name of its own."""
        return {}

    @cached_property
    def analysis(self) -> Analysis:
        """The release, open for questions."""
        return load(self.folder)

    @cached_property
    def is_measured(self) -> bool:
        """Whether this program can read the release's measurements; where not, its figures are all that is shown."""
        try:
            return self.analysis.length > 0
        except UserError as error:
            if error.detail.code != "measurements.format":
                raise
            return False

    @cached_property
    def within(self) -> Within:
        """The cross tables of people; without any where the measurements cannot be read."""
        return Within(self.analysis if self.is_measured else None)

    @cached_property
    def words(self) -> Mapping[str, VariableWords]:
        """The words of each variable, by name."""
        return {words.name: words for words in self.vocabulary.variables}

    @cached_property
    def code_labels(self) -> Mapping[tuple[str, str], Labels]:
        """Labels of each (variable, code)."""
        return {(words.name, code.code): code.labels for words in self.vocabulary.variables for code in words.codes}

    @cached_property
    def groups(self) -> Mapping[str, Group]:
        """The groups of flags that share a denominator, by id."""
        return {group.id: group for group in self.vocabulary.groups}

    @cached_property
    def headlines(self) -> Mapping[str, Mapping[str, Any]]:
        """The headline figures, by id."""
        return {headline["id"]: headline for headline in self.figures["headlines"]}

    @property
    def people(self) -> Mapping[str, Any]:
        """How many people there are, with the error of that: the first of the headline figures."""
        return dict(self.figures["headlines"][0])

    @property
    def people_labels(self) -> Labels:
        """What that number is called."""
        first = self.figures["headlines"][0]["id"]
        return self.headline_labels.get(first) or self.headline_labels[presentation().total]

    @cached_property
    def headline_labels(self) -> Mapping[str, Labels]:
        """What each headline figure is called."""
        return headline_labels(self.vocabulary)

    @cached_property
    def linked(self) -> SiteRelease | None:
        """The linked rows, as if they were a release of their own; None for one table."""
        words = self.vocabulary.linked
        if words is None:
            return None
        figures = {"pairs": [], "headlines": [], **self.figures["linked"]}
        return replace(self, vocabulary=words.vocabulary(), figures=figures)

    def code_label(self, variable: str, code: str, language: str) -> str:
        """What a code is called in a language."""
        return self.code_labels[variable, code][language]


def read_release(folder: Path) -> SiteRelease:
    """Read a release for the site. It should have been verified. Raises UserError when a file is missing."""
    _, manifest = read_manifest(folder)
    return SiteRelease(
        folder=folder,
        manifest=manifest,
        vocabulary=vocabulary_from_dict(read_json(folder / CODEBOOK)),
        figures=read_json(folder / FIGURES),
        privacy=read_json(folder / PRIVACY),
        changes=read_json(folder / CHANGELOG),
    )
