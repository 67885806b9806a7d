"""What an organisation's data would look like as published, shown without touching them.

Promise: every number on this page is from a published release, protected as all its numbers are, and is about everybody
in it. From the organisation itself only its mapping is used, which says what its files can tell and nothing of anyone
in them. No row that it delivered is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.mappings import files as mapping_files
from ctdc.hub.studio.mappings.models import MappingVersion
from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.people.policy import Act, sees_all
from ctdc.hub.studio.place import Place
from ctdc.hub.studio.public_site import public_releases
from ctdc.hub.studio.web.texts import language
from ctdc.hub.studio.web.views import Request, page, shows
from ctdc.release import analysis
from ctdc.release.manifest import MANIFEST
from ctdc.standard import load


@dataclass(frozen=True)
class Shown:
    """A published variable: whether this organisation's files can fill it, and its figures in the release."""

    name: str
    label: str
    coverage: str
    rows: tuple[dict[str, Any], ...]


@shows(Act.SEE_DELIVERIES)
def published(request: Request) -> HttpResponse:
    """The latest release, variable by variable, with what the organisation's mapping covers."""
    organisations = Organisation.objects.filter(is_hub=False)
    if not sees_all(request.user, Act.SEE_DELIVERIES):
        organisations = organisations.filter(pk=request.user.organisation_id)
    wanted = request.GET.get("organisation", "")
    chosen = organisations.filter(slug=wanted).first() if wanted else organisations.first()
    version = mapping_files.approved(chosen) if chosen else None
    folder = latest_release(settings.STUDIO)
    context = {
        "organisations": organisations,
        "chosen": chosen,
        "version": version,
        "release": folder.name if folder else "",
        "variables": _variables(folder, version) if version else (),
    }
    return page(request, "deliveries/published.html", context)


def latest_release(place: Place) -> Path | None:
    """The newest release that the studio has published and not withdrawn; None without one, or when one is damaged."""
    try:
        found = public_releases(place)
    except UserError:  # whoever publishes is told
        return None
    return found[-1] if found else None


def covered(version: MappingVersion) -> dict[str, str]:
    """Published column to ``covered``, ``partial`` or ``absent``, for every profile of the standard."""
    standard, found = load(), dict[str, str]()
    with mapping_files.loaded(version.structure, version.values) as mapping:
        there = set(mapping.targets) - set(mapping.impossible())
    for profile in standard.profiles.values():
        for column in profile.columns:
            variable = standard.variable(column.variable)
            sources = variable.sources if variable.is_derived else (variable.name,)
            has = sum(name in there for name in sources)
            found[column.name] = "covered" if has == len(sources) else "partial" if has else "absent"
    return found


def _variables(folder: Path | None, version: MappingVersion) -> tuple[Shown, ...]:
    coverage = covered(version)
    figures = _figures(folder, (folder / MANIFEST).stat().st_mtime_ns) if folder else {}
    names = figures or dict.fromkeys(coverage, ())
    return tuple(Shown(name, _label(name), coverage.get(name, "absent"), rows) for name, rows in names.items())


@lru_cache(maxsize=4)
def _figures(folder: Path, changed: int) -> dict[str, tuple[dict[str, Any], ...]]:
    """Each variable's codes with the published count and its interval. changed: of the manifest, for the cache."""
    release = analysis.load(folder)
    found = {}
    for name in release.variables:
        rows = release.table(name).rename({name: "code"}).to_dicts()
        found[name] = tuple(rows)
    return found


def _label(name: str) -> str:
    for profile in load().profiles.values():
        for column in profile.columns:
            if column.name == name:
                return str(column.labels[language()])
    return name
