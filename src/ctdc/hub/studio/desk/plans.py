"""From a release plan in the studio to the plan of a run.

Promise: what is declared holds no path of this machine, so that its hash says what was decided and nothing else; the
plan of the run follows from it and from the studio's folder alone. The trial differs in the people, who are invented,
and has a ledger of its own.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from ctdc.foundation.hashing import hash_value
from ctdc.hub.studio.desk.models import ReleasePlan
from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.place import Place
from ctdc.privacy.accounting import Cost
from ctdc.privacy.domain import plan_of
from ctdc.privacy.planning import Forecast
from ctdc.privacy.planning import forecast as look_ahead
from ctdc.standard.loader import load
from ctdc.vault import sources
from ctdc.workflow.config import DEMO_SEED, Plan, plan_from
from ctdc.workflow.protect import domain_of_profile, schema_of_profile, settings_of
from ctdc.workflow.sealed import Opening

MOST_TRIED = 20_000  # invented people of a trial: enough to see what the plan is worth, and quick
EVALUATION = "evaluation.json"
PAGE = "evaluation.html"
REMEMBERED = 64
RUN, TRIAL = "run", "trial"


def place() -> Place:
    """The studio's folder."""
    found: Place = settings.STUDIO
    return found


def folder_of(release: ReleasePlan) -> Path:
    """The private folder in which a release is made."""
    return place().work / "desk" / str(release.pk)


def made_folder(release: ReleasePlan, kind: str = RUN) -> Path:
    """The release that was made, or that the trial made; it may not be there."""
    return (folder_of(release) / kind / "latest").resolve()


def report(release: ReleasePlan, kind: str = RUN, name: str = EVALUATION) -> Path:
    """The report against the cases that the release was made from, true or invented."""
    return folder_of(release) / kind / name


def declare(release: ReleasePlan, previous: str) -> dict[str, Any]:
    """What is decided before any case is opened. previous: folder name of the newest published release, or empty."""
    slugs = {one["organisation"] for one in release.deliveries}
    names = dict(Organisation.objects.filter(slug__in=slugs).values_list("slug", "name"))
    return {
        "delivery": [
            {name: one[name] for name in ("organisation", "delivery", "manifest")} for one in release.deliveries
        ],
        "people": release.people,
        "previous": previous,
        "privacy": {
            "epsilon": release.epsilon,
            "delta": release.delta,
            "length": release.length,
            "threshold": release.threshold,
            "population": release.population,
        },
        "release": {
            "name": release.name,
            "profile": release.profile,
            "titles": {language: title for language, title in release.titles.items() if title},
            "publisher": Organisation.objects.get(is_hub=True).name,
            "version": release.edition,
            "terms": release.terms,
            "contact": release.contact,
            "sources": sorted(names.get(slug, slug) for slug in slugs),
            # What a demonstration publishes says so, whatever was ticked.
            "simulated": release.simulated or place().settings.demonstration,
        },
    }


def hash_of(declared: dict[str, Any]) -> str:
    """What stands for the plan in the log and in votes."""
    return hash_value(declared)


def run_plan(release: ReleasePlan) -> Plan:
    """The plan of the run, as it was declared."""
    studio, declared = place(), release.declared or {}
    document: dict[str, Any] = {
        "out": str(folder_of(release) / RUN),
        "vault": {"folder": str(studio.vault), "purpose": f"release plan {release.pk}"},
        "delivery": declared["delivery"],
        "privacy": {**declared["privacy"], "ledger": str(studio.ledger)},
        "release": dict(declared["release"]),
    }
    if declared["previous"]:
        document["release"]["previous"] = str(studio.releases / declared["previous"])
    if studio.signing_key:
        document["signing_key"] = str(studio.signing_key)
    return plan_from(document, studio.folder, release.log_name)


def people_of_trial(release: ReleasePlan) -> int:
    """How many people a trial invents: as many as the plan expects, up to a limit."""
    return min(release.people, MOST_TRIED)


def trial_plan(release: ReleasePlan) -> Plan:
    """The same on invented people, whose protection is charged to nobody."""
    declared = release.declared or {}
    out = folder_of(release) / TRIAL
    document: dict[str, Any] = {
        "out": str(out),
        "simulation": {"cases": people_of_trial(release), "seed": DEMO_SEED},
        "privacy": {**declared["privacy"], "ledger": str(out / "ledger.jsonl")},
        "release": {**declared["release"], "simulated": True, "sources": []},
    }
    return plan_from(document, place().folder, release.log_name)


def opening(actor: str) -> Opening:
    """How the worker opens the vault, for somebody. Raises UserError (``vault.key``)."""
    return Opening(tuple(sources.parse(_from_folder(text)) for text in place().settings.vault_keys), actor)


def _from_folder(source: str) -> str:
    """The description of a key's source, its file relative to the studio's folder wherever the worker was started."""
    kind, _, rest = source.partition(":")
    return f"file:{place().folder / Path(rest).expanduser()}" if kind == "file" else source


def cost_of(release: ReleasePlan) -> Cost:
    """What the plan costs each person. Raises UserError for what could not be protected with."""
    return _cost(release.profile, release.epsilon, release.delta, release.length)


# Both are functions of public settings alone, take up to seconds, and are asked for at each look at a page.
@lru_cache(maxsize=REMEMBERED)
def _cost(profile: str, epsilon: float, delta: float, length: int) -> Cost:
    chosen = settings_of(epsilon=epsilon, delta=delta, length=length)
    found = domain_of_profile(load().profile(profile), facts=False)
    return plan_of(found, chosen.guarantee, chosen.declared_workload()).cost()


def forecast(release: ReleasePlan) -> Forecast | None:
    """How exact counts will be, from public settings alone; None for linked tables, which are not forecast.

    Raises UserError for what could not be protected with.
    """
    if load().profile(release.profile).links is not None:
        return None
    chosen = (release.profile, release.epsilon, release.delta, release.length)
    return _forecast(*chosen, release.people, float(release.threshold))


@lru_cache(maxsize=REMEMBERED)
def _forecast(profile: str, epsilon: float, delta: float, length: int, people: int, threshold: float) -> Forecast:
    chosen = settings_of(epsilon=epsilon, delta=delta, length=length)
    schema = schema_of_profile(load().profile(profile))
    return look_ahead(schema, chosen.guarantee, chosen.declared_workload(), cases=people, threshold=threshold)
