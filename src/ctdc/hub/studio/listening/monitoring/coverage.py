"""What the newest release covers: its years and its sources, told from its published files only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.listening.monitoring.providers import Delivered
from ctdc.hub.studio.people.models import Organisation
from ctdc.release.figures import YEAR
from ctdc.release.manifest import Manifest
from ctdc.release.protected import read_json
from ctdc.release.store import list_releases
from ctdc.release.verify import FIGURES

RELEASES_SHOWN = 5


@dataclass(frozen=True)
class Year:
    """A year in the newest release. people: as estimated, None where they are too few to be told."""

    code: str
    people: float | None


@dataclass(frozen=True)
class Source:
    """A contributor as releases name it. named_in: folders of the releases that do.

    first_year, last_year: of the cases that it delivered, None where nobody measured them.
    """

    name: str
    named_in: frozenset[str]
    first_year: int | None
    last_year: int | None


@dataclass(frozen=True)
class Coverage:
    """Releases, newest first, and what they cover; damaged: releases' figures cannot be read."""

    releases: tuple[Manifest, ...] = ()
    years: tuple[Year, ...] = ()
    sources: tuple[Source, ...] = ()
    damaged: bool = False

    @property
    def newest(self) -> Manifest | None:
        """The newest release."""
        return next(iter(self.releases), None)

    def age(self, today: date) -> int:
        """Days since the newest release was made. Raises IndexError where there is none."""
        return (today - self.releases[0].created.date()).days

    @property
    def largest(self) -> float:
        """What the longest bar stands for."""
        return max((year.people or 0 for year in self.years), default=0)


def coverage(store: Path, delivered: Sequence[Delivered]) -> Coverage:
    """The coverage of the releases in the folder `store`; of none where there is none."""
    try:
        found = list_releases(store)[::-1] if store.is_dir() else ()
        shown = tuple(manifest for _, manifest in found[:RELEASES_SHOWN])
        years = _years(read_json(found[0][0] / FIGURES)) if found else ()
    except (UserError, KeyError, TypeError):
        return Coverage(damaged=True)
    return Coverage(shown, years, _sources(shown, delivered))


def _years(figures: Mapping[str, Any]) -> tuple[Year, ...]:
    variable = next((one for one in figures["variables"] if one["name"] in YEAR), None)
    codes = variable["codes"] if variable else ()
    told = [Year(one["code"], None if one["below_threshold"] else one["count"]) for one in codes]
    return tuple(sorted(told, key=lambda year: year.code))


def _sources(releases: Sequence[Manifest], delivered: Sequence[Delivered]) -> tuple[Source, ...]:
    """Contributors that a release names, and those that delivered; the two meet by the organisation's name."""
    names = dict(Organisation.objects.values_list("slug", "name"))
    years: dict[str, list[int]] = {}
    for one in delivered:
        seen = (year for year in (one.first_year, one.last_year) if year is not None)
        years.setdefault(names.get(one.organisation, one.organisation), []).extend(seen)
    named = {name: frozenset(one.folder for one in releases if name in one.info.sources) for name in _all(releases)}
    return tuple(
        Source(
            name,
            named.get(name, frozenset()),
            min(years.get(name, ()), default=None),
            max(years.get(name, ()), default=None),
        )
        for name in sorted({*named, *years}, key=str.casefold)
    )


def _all(releases: Sequence[Manifest]) -> set[str]:
    return {name for one in releases for name in one.info.sources}


def moment_of(text: str) -> datetime:
    """A moment that the health of the site was noted with."""
    return datetime.fromisoformat(text)
