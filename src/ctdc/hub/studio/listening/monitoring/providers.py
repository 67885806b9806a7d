"""What arrived from contributors, told by whatever part of the studio knows of it.

Promise: what is told holds counts and days, never a value of a case. Other apps add to `PROVIDERS`; a later one that
knows the same delivery better stands in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.apps import apps
from django.conf import settings

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.people.models import Organisation
from ctdc.vault.delivery import TABLE
from ctdc.vault.erase import manifests
from ctdc.vault.vault import open_vault

DELIVERIES = "ctdc.hub.studio.deliveries"


@dataclass(frozen=True)
class Delivered:
    """A delivery. organisation: its name in the vault; name: of the delivery there; rows: how many were kept.

    left_out: rows that the mapping leaves out, as of cases of another kind, which is no fault; errors: cells that could
    not be used; filled: share of the standard's variables that it
    fills, 0 to 1; first_year, last_year: of its cases. None where nobody measured it.
    """

    organisation: str
    name: str
    day: date
    rows: int | None = None
    left_out: int | None = None
    errors: int | None = None
    filled: float | None = None
    first_year: int | None = None
    last_year: int | None = None


Provider = Callable[[], Iterable[Delivered]]


def from_vault() -> Iterable[Delivered]:
    """The deliveries in the vault: their days and rows, which lie there unsealed.

    What holds no table of cases (a signed agreement), and what is the hub's own, is no delivery.
    """
    folder = settings.STUDIO.vault
    if not folder.is_dir():
        return ()
    try:
        found, _ = manifests(open_vault(folder))
    except UserError:
        return ()
    own = set(Organisation.objects.filter(is_hub=True).values_list("slug", flat=True))
    return [
        Delivered(
            one.identity.organisation, one.identity.delivery, date.fromisoformat(one.stored[:10]), one.rows or None
        )
        for one in found
        if one.of_kind(TABLE) and one.identity.organisation not in own
    ]


def from_deliveries() -> Iterable[Delivered]:
    """The deliveries that the studio has taken, with what their checks found; none without the app of deliveries."""
    if not apps.is_installed(DELIVERIES):
        return ()
    fields = ("organisation__slug", "stored_as", "stored", "counts", "coverage")
    model: Any = apps.get_app_config("ctdc_deliveries").get_model("Delivery")
    stored = model.objects.filter(state="sealed").values_list(*fields)
    return [of_check(slug, name, at.date(), counts, coverage) for slug, name, at, counts, coverage in stored]


def of_check(
    organisation: str, name: str, day: date, counts: Mapping[str, Any], coverage: Mapping[str, Any]
) -> Delivered:
    """A delivery by the numbers of its check (rows read, cases written, errors) and its coverage (years, variables)."""
    rows, cases = counts.get("rows"), counts.get("cases")
    left_out = None if rows is None or cases is None else max(0, rows - cases)
    states = [one["state"] for one in coverage.get("variables", {}).values()]
    filled = states.count("mapped") / len(states) if states else None
    years = (_year(coverage.get("first_year")), _year(coverage.get("last_year")))
    return Delivered(organisation, name, day, cases, left_out, counts.get("row_errors"), filled, *years)


def _year(code: Any) -> int | None:
    return int(code) if code is not None and str(code).isdigit() else None


PROVIDERS: list[Provider] = [from_vault, from_deliveries]


def delivered() -> list[Delivered]:
    """All deliveries that somebody knows of, oldest first, each once."""
    found = {(one.organisation, one.name): one for provide in PROVIDERS for one in provide()}
    return sorted(found.values(), key=lambda one: (one.day, one.organisation, one.name))


def latest_by_organisation() -> dict[str, Delivered]:
    """The newest delivery of each organisation, by its name in the vault."""
    return {one.organisation: one for one in delivered()}
