"""A release as a catalogue with one data set in DCAT-AP 3, the profile of European data portals, in JSON-LD.

Promise: texts are there in all five languages; each file is a distribution with its size and SHA-256. Addresses of
files are relative to the document.
Source: https://semiceu.github.io/DCAT-AP/releases/3.0.0/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ctdc.foundation.collaborative import current
from ctdc.release.manifest import FileEntry
from ctdc.release.metadata.croissant import UP
from ctdc.release.metadata.facts import METADATA_TEXTS, ReleaseFacts, media_type
from ctdc.standard.languages import DEFAULT, LANGUAGES

DCAT = "dcat.jsonld"
_AUTHORITY = "http://publications.europa.eu/resource/authority/"
_LANGUAGES = {"ar": "ARA", "de": "DEU", "en": "ENG", "es": "SPA", "fr": "FRA"}
_FORMATS = {"csv": "CSV", "tsv": "TSV", "xlsx": "XLSX", "parquet": "PARQUET"}
_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def dcat(facts: ReleaseFacts) -> dict[str, Any]:
    """The content of ``metadata/dcat.jsonld``."""
    publisher = {"@id": f"{facts.urn}#publisher", "@type": "foaf:Agent", "foaf:name": facts.info.publisher}
    own = {"@id": publisher["@id"]}
    catalogue = {
        "@id": f"{facts.urn}#catalogue",
        "@type": "dcat:Catalog",
        "dct:title": _texts(facts.info.title),
        "dct:description": _texts(facts.abstract),
        "dct:publisher": own,
        "dcat:dataset": {"@id": facts.urn},
    }
    return {"@context": _CONTEXT, "@graph": [publisher, catalogue, _dataset(facts, own)]}


def _dataset(facts: ReleaseFacts, publisher: dict[str, Any]) -> dict[str, Any]:
    return {
        "@id": facts.urn,
        "@type": "dcat:Dataset",
        "dct:title": _texts(facts.info.title),
        "dct:description": _texts(facts.abstract),
        "dct:identifier": facts.urn,
        "dct:issued": _date(facts.day),
        "dcat:version": facts.version,
        "dct:publisher": publisher,
        "dct:language": [
            {"@id": f"{_AUTHORITY}language/{_LANGUAGES[code]}", "@type": "dct:LinguisticSystem"}
            for code in LANGUAGES
            if code in _LANGUAGES
        ],
        "dct:accessRights": {"@id": f"{_AUTHORITY}access-right/PUBLIC", "@type": "dct:RightsStatement"},
        **_theme(facts),
        "dcat:keyword": [{"@value": word, "@language": DEFAULT} for word in facts.keywords],
        "dct:provenance": {
            "@type": "dct:ProvenanceStatement",
            "rdfs:label": [*_texts(facts.protection), {"@value": facts.privacy_line, "@language": DEFAULT}],
            "rdfs:comment": _texts(lambda language: " ".join(facts.distortions(language))),
        },
        **_where(facts),
        **_when(facts),
        "dcat:distribution": [_distribution(facts, file) for file in facts.files],
    }


def _theme(facts: ReleaseFacts) -> dict[str, Any]:
    """The theme of European portals that the collaborative names; a table of another field has none."""
    theme = current().theme
    if not facts.vocabulary.profile or not theme:
        return {}
    label = {"@value": theme["name"], "@language": DEFAULT}
    address = f"{_AUTHORITY}data-theme/{theme['code']}"
    return {"dcat:theme": {"@id": address, "@type": "skos:Concept", "skos:prefLabel": label}}


def _where(facts: ReleaseFacts) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if facts.address != facts.urn:
        found["dcat:landingPage"] = {"@id": facts.address, "@type": "foaf:Document"}
    if "@" in facts.info.contact and " " not in facts.info.contact:
        mail = {"@id": f"mailto:{facts.info.contact}"}
        found["dcat:contactPoint"] = {"@type": "vcard:Kind", "vcard:fn": facts.info.publisher, "vcard:hasEmail": mail}
    return found


def _when(facts: ReleaseFacts) -> dict[str, Any]:
    if facts.years is None:
        return {}
    first, last = facts.years
    period = {"dcat:startDate": _date(f"{first}-01-01"), "dcat:endDate": _date(f"{last}-12-31")}
    return {"dct:temporal": {"@type": "dct:PeriodOfTime", **period}}


def _distribution(facts: ReleaseFacts, file: FileEntry) -> dict[str, Any]:
    end = file.path.rpartition(".")[2]
    address = {"@id": UP + file.path}
    return {
        "@id": f"{facts.urn}#{file.path}",
        "@type": "dcat:Distribution",
        "dct:title": {"@value": file.path, "@language": DEFAULT},
        "dcat:accessURL": address,
        "dcat:downloadURL": address,
        "dct:format": {"@id": f"{_AUTHORITY}file-type/{_FORMATS[end]}", "@type": "dct:MediaTypeOrExtent"},
        "dcat:mediaType": {
            "@id": f"https://www.iana.org/assignments/media-types/{media_type(file.path)}",
            "@type": "dct:MediaType",
        },
        "dcat:byteSize": {"@value": str(file.bytes), "@type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256", "@type": "spdx:ChecksumAlgorithm"},
            "spdx:checksumValue": {"@value": file.sha256, "@type": "xsd:hexBinary"},
        },
        **_terms(facts),
    }


def _terms(facts: ReleaseFacts) -> dict[str, Any]:
    if facts.terms_address:
        return {"dct:license": {"@id": facts.terms_address, "@type": "dct:LicenseDocument"}}
    if facts.info.terms:
        return {"dct:rights": {"@type": "dct:RightsStatement", "rdfs:label": facts.info.terms}}
    none = _texts(lambda language: METADATA_TEXTS.text(language, "metadata.terms.none"))
    return {"dct:rights": {"@type": "dct:RightsStatement", "rdfs:label": none}}


def _texts(text: Callable[[str], str]) -> list[dict[str, str]]:
    return [{"@value": text(language), "@language": language} for language in LANGUAGES]


def _date(day: str) -> dict[str, str]:
    return {"@value": day, "@type": "xsd:date"}
