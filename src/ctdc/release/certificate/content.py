"""What a certificate says, computed from the files of a release and the evidence that was given.

Promise: nothing but what is public already: every number is in the release, in the ledger's account of it, or in a
file that was given. The same release and evidence give the same certificate: its date is the release's own. What
`FORMAT` says is fixed: whoever changes it gives the format another number, or certificates that were signed would no
longer verify.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctdc.foundation.clock import timestamp
from ctdc.foundation.hashing import hash_bytes
from ctdc.release.certificate.canonical import canonical
from ctdc.release.certificate.evidence import Evidence
from ctdc.release.manifest import Manifest
from ctdc.release.meaning import meaning_of

FORMAT = "ctdc-certificate/1"
PROTECTION = (
    *("unit", "neighbours", "mechanism", "epsilon", "delta", "certified_epsilon", "rho", "mu"),
    *("length", "threshold", "unprotected_quantities"),
)
# Chosen before the cases were read, as far as privacy.json has them. The workload is there as it was asked for.
CHOSEN = (
    *("profile", "population", "cohort", "epsilon", "delta", "asked_length", "threshold", "expected_false"),
    *("aggregates", "facts_left_out", "engine_version", "schema_hash", "declaration_hash", "linked_declaration_hash"),
)


def certificate_content(
    manifest: Manifest, text: bytes, privacy: Mapping[str, Any], figures: Mapping[str, Any], evidence: Evidence
) -> dict[str, Any]:
    """The content of a release's certificate.

    text: the bytes of its ``manifest.json``, which name every file with its hash; privacy, figures: the content of
    ``privacy.json`` and ``data/figures.json``.
    """
    info, schema = manifest.info, manifest.schema
    return {
        "format": FORMAT,
        "release": {
            "id": manifest.id,
            "folder": manifest.folder,
            "publisher": info.publisher,
            "edition": info.version,
            "simulated": info.simulated,
            "issued": timestamp(manifest.created),
            "manifest_sha256": hash_bytes(text),
        },
        "data_cut": {"measured_at": privacy.get("measured_at"), "years": _years(figures)},
        "protection": {name: privacy.get(name) for name in PROTECTION} | {"certified_by": privacy.get("certificate")},
        "attacker": _attacker(privacy),
        "domain": {
            "profile": schema["profile"],
            "standard_version": schema["standard_version"],
            "standard_hash": schema["standard_hash"],
            "schema_hash": schema["hash"],
        },
        "configuration": configuration(privacy),
        "software": {"measured_with": dict(privacy.get("libraries", {})), "built_with": dict(manifest.code)},
        "post_processing": _post_processing(privacy),
        **evidence.as_dict(),
        "errata": info.contact,
    }


def configuration(privacy: Mapping[str, Any]) -> dict[str, Any]:
    """The hash of all that was chosen before the cases were read, and the names of what it is over.

    To compute it again: SHA-256 of the canonical JSON (RFC 8785) of the object with these members of ``privacy.json``,
    in whose ``workload`` the member ``length`` is ``asked_length``.
    """
    chosen = {name: privacy[name] for name in CHOSEN if name in privacy}
    if "workload" in privacy:
        chosen["workload"] = {**privacy["workload"], "length": privacy.get("asked_length", privacy["length"])}
    return {"sha256": hash_bytes(canonical(chosen)), "of": sorted(chosen)}


def _post_processing(privacy: Mapping[str, Any]) -> list[str]:
    """What was computed of the noisy measurements, and therefore costs nobody anything."""
    left_out = [] if privacy.get("aggregates") == "all" else ["threshold"]
    facts = ["facts"] if privacy.get("facts_by_definition") else []
    return ["estimates", *left_out, "records", "figures", *facts]


def _attacker(privacy: Mapping[str, Any]) -> dict[str, float]:
    facts = meaning_of(privacy)
    return {
        "best_accuracy": round(facts.accuracy, 6),
        "recognised_at_one_per_cent_false_alarms": round(facts.recognised, 6),
    }


def _years(figures: Mapping[str, Any]) -> list[str] | None:
    """First and last year that the protected figures are about."""
    for headline in figures["headlines"]:
        if headline["id"] == "years" and headline["kind"] == "range":
            return [str(headline["first"]), str(headline["last"])]
    return None
