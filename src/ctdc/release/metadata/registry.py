"""The release's entry for the Differential Privacy Deployments Registry of OpenDP, at its highest tier of transparency.

Promise: a function of the release's own facts; every number is in ``privacy.json``. The number of people is the
protected estimate. What the release does not say is said to be unsaid, never guessed; that simulated people are
nobody's deployment stands first. It is a draft: a person reads it, completes it, and hands it in.
Source: https://github.com/opendp/deployments-registry-data, ``schemas/deployments-schema.yaml`` as of commit 057e5d8;
the tiers: https://registry.opendp.org/transparency-tiers
"""

from __future__ import annotations

from typing import Any

import yaml

from ctdc.foundation.collaborative import current
from ctdc.release.metadata.facts import ReleaseFacts
from ctdc.release.numbers import number, significant
from ctdc.standard.languages import DEFAULT

REGISTRY = "deployments_registry.yaml"  # the registry wants small letters, digits and underscores
TIER = 3
REGISTERED = ("epsilon", "delta", "rho")  # the parameters that the registry has places for
ORGANISATION = "Nonprofit"  # of the registry's three kinds, one of which it requires
SECTOR = "Government"  # likewise; of its six sectors the nearest
UNSTATED = "Not stated by the publisher."
SOMEBODY = "people who know somebody in the data well"
UNDECIDED = (
    "To be set before this entry is handed in, because the publisher has not stated them and the registry takes no "
    f"empty ones: the kind of organisation ({ORGANISATION} stands here), and whether the data change (Dynamic stands "
    "here)."
)
SIMULATED = (
    "SIMULATED. The people in this data product were invented to show how the system works. Nobody's data are behind "
    "it, and it is not to be handed in as a deployment."
)
FORMAL = "Formal publication by the deploying organization"


def registry_entry(facts: ReleaseFacts) -> str:
    """The content of ``metadata/deployments_registry.yaml``."""
    entry = {
        "url_slug": f"{facts.info.name}-{facts.day}",
        "deployment": {
            "basic": _basic(facts),
            "dp_variant": _variant(facts),
            "privacy_loss": _loss(facts),
            "deployment_model": _model(facts),
            "implementation": _implementation(facts),
            "administrative": _administrative(facts),
        },
    }
    return yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=100)


def _basic(facts: ReleaseFacts) -> dict[str, Any]:
    field = {"data_product_sector": SECTOR} if facts.vocabulary.profile else {}
    return {
        "name": facts.title,
        "data_curators": [{"data_curator_name": facts.info.publisher, "data_curator_type": ORGANISATION}],
        "description": f"{SIMULATED} {facts.abstract(DEFAULT)}" if facts.info.simulated else facts.abstract(DEFAULT),
        "intended_use": "Statistics about groups of people: research, policy, and the planning of help. Never "
        "decisions about one person.",
        "data_product_type": "Synthetic data",
        "data_product_region": (current().region if facts.vocabulary.profile else "") or UNSTATED,
        **field,
        "publication_date": facts.day,
    }


def _variant(facts: ReleaseFacts) -> dict[str, str]:
    words = facts.vocabulary
    standard = f" of version {words.standard_version} of the public standard" if words.profile else ""
    years = f" The people are of the years {facts.years[0]} to {facts.years[1]}." if facts.years else ""
    unprotected = facts.privacy.get("unprotected_quantities", [])
    return {
        "variant_name": "Approximate DP",
        "data_domain": f"All tables, of any number of people, with {len(words.variables)} categorical variables"
        f"{standard}, each of which may be empty. Variables and codes are public and were fixed before the data were "
        f"read.{years}",
        "unprotected_quantities": "; ".join(map(str, unprotected))
        or "None. The number of people is protected too, and so is the number of synthetic records, which follows it.",
    }


def _loss(facts: ReleaseFacts) -> dict[str, Any]:
    privacy = facts.privacy
    linked = ", and all rows that are linked to the person" if facts.vocabulary.linked else ""
    return {
        "privacy_unit": "Person",
        "privacy_unit_details": "One person with everything that was recorded about them, in whatever year and by "
        f"whichever contributor{linked}. Two datasets are adjacent if one is the other with one person's record added "
        "or removed. People whom two contributors know without knowing of each other count as two.",
        "number_of_privacy_units": max(0, round(privacy["total"]["count"])),
        "privacy_parameters": {name: float(privacy[name]) for name in REGISTERED},
        "privacy_parameters_details": _parameters(facts),
    }


def _parameters(facts: ReleaseFacts) -> str:
    privacy = facts.privacy
    error = significant(DEFAULT, privacy["total"]["standard_error"], 2)
    found = [
        "The number of privacy units is the protected estimate (standard error "
        f"{error}). Epsilon and delta were chosen by people before the data were read. rho is of zero-concentrated DP."
    ]
    if privacy["mu"] is not None:
        found.append(f"mu of Gaussian DP is {significant(DEFAULT, float(privacy['mu']), 4)}.")
    if privacy.get("certificate"):
        found.append(f"Certified by: {privacy['certificate']}.")
    return " ".join(found)


def _model(facts: ReleaseFacts) -> dict[str, str]:
    again = bool(facts.privacy.get("cohorts"))
    return {
        "model_name": "Central",
        **_people_around(facts),
        "release_type": "Many releases" if again else "One release",
        "release_type_details": "Each person pays once, in the cohort in which they were new; the sum of cohorts is "
        "published."
        if again
        else "Later releases about the same people are charged to the same ledger, which adds up what each person has "
        "paid over the years and refuses more than its budget.",
        "data_source_type": "Dynamic",
        "data_source_type_details": _source(facts),
        "access_type": "Non-interactive",
        "access_type_details": "Readers get files and pages that are computed from the noisy measurements; no query "
        "reaches the cases, so that no budget is divided among readers.",
    }


def _people_around(facts: ReleaseFacts) -> dict[str, str]:
    """Who holds, sees and reads what: known of data of the public standard, and of no other table."""
    readers = "Readers are not trusted: they may know everything about everybody else and may work together."
    if not facts.vocabulary.profile:
        return {
            "model_name_details": "The records are measured once with noise, and only what was computed from the noisy "
            "measurements is published. Who holds and who receives them: " + UNSTATED,
            "trust_assumptions": "Whoever holds the records sees them; the guarantee does not hold against them. "
            + readers,
            "actors": UNSTATED,
        }
    return {
        "model_name_details": "The collaborative receives case records from its contributors, measures them once with "
        "noise, and publishes only what was computed from the noisy measurements.",
        "trust_assumptions": "Contributors and the collaborative's stewards see case records and are trusted to keep "
        "them; the guarantee does not hold against them. " + readers,
        "actors": "Contributors, who hold their own cases; stewards of the collaborative, who run the programs; "
        f"readers of the published files, among them possible adversaries such as {current().adversary or SOMEBODY}.",
    }


def _source(facts: ReleaseFacts) -> str:
    if not facts.vocabulary.profile:
        return f"A release is of one moment, which its certificate names. Whether the records change: {UNSTATED}"
    return "Contributors deliver new and corrected cases; a release is of one moment, which its certificate names."


def _coding(facts: ReleaseFacts) -> str:
    if facts.vocabulary.profile:
        return "Cases are harmonised to a public standard by declared mappings"
    return "Columns are coded as a public declaration says"


def _implementation(facts: ReleaseFacts) -> dict[str, str]:
    privacy = facts.privacy
    libraries = ", ".join(f"{name} {version}" for name, version in privacy.get("libraries", {}).items()) or UNSTATED
    length, threshold = number(DEFAULT, privacy["length"]), number(DEFAULT, privacy["threshold"])
    every = privacy.get("aggregates") == "all"
    return {
        "preprocessing_and_hyperparameter_tuning": f"{_coding(facts)}, one row for each person, without looking at "
        "other people. What is measured follows from the public domain and the chosen parameters. The programs let "
        "choices be tried on simulated cases and on what was published before, which costs nothing; whether anything "
        "else was tried is for the publisher to add before this entry is handed in.",
        "mechanisms": f"{str(privacy.get('mechanism') or UNSTATED).rstrip('.')}. Combinations of up to {length} "
        "variables. Noise is drawn by OpenDP's exact samplers of the discrete Gaussian distribution from the operating "
        "system's randomness, on integers, so that floating point plays no part. What is measured, in which order and "
        "shape, does not depend on the records; tests replay it. Nobody can query, so that timing tells nothing to "
        f"readers. Case records stay in a private folder and never reach the public part. Versions: {libraries}.",
        "composition": "All measurements of a release compose in zero-concentrated DP (rho adds up) and, where it is "
        "certified, in Gaussian DP (mu^2 adds up). A ledger that is charged before anything is measured adds up "
        "releases over the years; failed and unpublished runs count.",
        "post_processing": "Counts of all combinations by least squares; combinations below the threshold of "
        f"{threshold}, or too small beside their error, are {'marked' if every else 'not listed'}; synthetic records "
        "are built to fit the noisy counts; charts and figures are computed from these. Nothing of it reads the cases.",
        "justification": "One person moves every measurement by the declared distance: proved, tested on random tables "
        "and people, and audited empirically against the whole trade-off curve. Epsilon is chosen by those who are "
        "responsible for the people in the data, who see beforehand what it means for an attacker and which errors it "
        "brings.",
        "utility": "Every published count has its standard error and 95% interval. The standard error of the number of "
        f"people is {significant(DEFAULT, privacy['total']['standard_error'], 2)}. "
        f"{' '.join(facts.distortions(DEFAULT))}",
        "additional_information": "Files beside this one: privacy.json (all parameters), certificate.json (what is "
        "promised, and by whom it is signed), data/measurements.parquet (the noisy measurements themselves), "
        "about/privacy.en.html (what this means, in plain words)."
        + (f" Faults are reported to {facts.info.contact}." if facts.info.contact else "")
        + ("" if facts.vocabulary.profile else f" {UNDECIDED}"),
    }


def _administrative(facts: ReleaseFacts) -> dict[str, Any]:
    source = {"title": facts.title, "author": facts.info.publisher, "year": facts.created.year}
    where = {"url": facts.address} if facts.address != facts.urn else {"note": facts.urn}
    return {
        "evidence_sources": {"dataset": {"evidence_source_type": FORMAL, "misc": {**source, **where}}},
        "status": "Draft",
        "registry_authors": [facts.info.publisher],
        "tier": TIER,
    }
