"""``catalogue.jsonld``: all releases of a site as one DCAT catalogue, each with who published it and what it comes
from.

Promise: what a release says of itself is taken from its own DCAT; for a release of another hub its publisher, the key
that signed it and the address it was taken from are stated, so that no portal takes it for this hub's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ctdc.foundation.files import as_json
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.partners.words import partner_words
from ctdc.hub.site.view import SiteRelease
from ctdc.release.citation import citation
from ctdc.release.metadata.dcat import DCAT
from ctdc.release.metadata.facts import METADATA
from ctdc.release.protected import read_json
from ctdc.standard.languages import LANGUAGES

CATALOGUE_FILE = "catalogue.jsonld"
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
KEPT = ("dct:title", "dct:description", "dct:identifier", "dct:issued", "dcat:version", "dcat:keyword", "dct:temporal")


def site_dcat(views: Sequence[SiteRelease], guests: Sequence[SiteRelease]) -> str:
    """The text of the file. views: this hub's releases, newest first; guests: those of other hubs."""
    front = views[0]
    here = front.place.origin or ""
    publisher = {"@id": f"{here}/#publisher", "@type": "foaf:Agent", "foaf:name": front.manifest.info.publisher}
    datasets = [_dataset(view, here) for view in (*views, *guests)]
    catalogue = {
        "@id": f"{here}/{CATALOGUE_FILE}",
        "@type": "dcat:Catalog",
        "dct:title": _texts("releases.title"),
        "dct:description": _texts("releases.lead"),
        "dct:publisher": {"@id": publisher["@id"]},
        "dcat:dataset": [{"@id": one["@id"]} for one in datasets],
    }
    return as_json({"@context": CONTEXT, "@graph": [publisher, catalogue, *datasets]})


def _dataset(view: SiteRelease, here: str) -> dict[str, Any]:
    own, folder = _own(view), view.manifest.folder
    page = {"@id": f"{here}/en/releases/{folder}/", "@type": "foaf:Document"}
    publisher = {"@type": "foaf:Agent", "foaf:name": view.manifest.info.publisher}
    found = {**own, "@type": "dcat:Dataset", "dct:publisher": publisher, "dcat:landingPage": page}
    found["rdfs:seeAlso"] = {"@id": f"{here}{view.place.files}{folder}/{METADATA}/{DCAT}"}
    if view.included is None:
        return found
    line = view.included
    origin = {"@id": line.source or f"{line.address}/", "@type": "prov:Entity"}
    names = [{"@language": language, "@value": line.name(language)} for language in LANGUAGES]
    hub = {"@type": ["foaf:Agent", "prov:Agent"], "foaf:name": names}
    label = [{"@language": language, "@value": " ".join(_sentences(view, language))} for language in LANGUAGES]
    return {
        **found,
        "prov:wasDerivedFrom": origin,
        "prov:wasAttributedTo": {**hub, "foaf:homepage": {"@id": f"{line.address}/"}},
        "dct:provenance": {"@type": "dct:ProvenanceStatement", "rdfs:label": label},
    }


def _sentences(view: SiteRelease, language: str) -> list[str]:
    if view.included is None:
        return []
    words = partner_words(view.included, language)
    return [words.notice, *(f"{label}: {value}." for label, value, _ in words.rows), words.overlap]


def _own(view: SiteRelease) -> dict[str, Any]:
    """What the release says of itself; of one from before there were metadata its title and citation."""
    path = f"{METADATA}/{DCAT}"
    info, created = view.manifest.info, view.manifest.created
    if view.manifest.entry(path) is not None:
        graph = read_json(view.folder / path)["@graph"]
        own = next(one for one in graph if one.get("@type") == "dcat:Dataset")
        return {"@id": own["@id"], **{key: own[key] for key in KEPT if key in own}}
    return {
        "@id": f"urn:sha256:{view.manifest.id}",
        "dct:title": [{"@value": info.title(language), "@language": language} for language in LANGUAGES],
        "dct:description": [
            {"@value": citation(language, info, created), "@language": language} for language in LANGUAGES
        ],
    }


def _texts(key: str) -> list[dict[str, str]]:
    return [{"@value": SITE_TEXTS.text(language, key), "@language": language} for language in LANGUAGES]


def write_site_dcat(views: Sequence[SiteRelease], guests: Sequence[SiteRelease], folder: Path) -> None:
    """The file in the folder of a site."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CATALOGUE_FILE).write_text(site_dcat(views, guests), encoding="utf-8")
