"""The page of a release's data: what they are, on which terms, every file, how to open them, how to cite them.

Promise: the terms stand beside the downloads and never in front of them; every number and checksum is the release's.
"""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from ctdc.hub.site.certificate.part import certificate_part
from ctdc.hub.site.datasets.files import CITATIONS, has_workbooks, offered_groups, record_tables
from ctdc.hub.site.datasets.snippets import load_snippet, snippets
from ctdc.hub.site.datasets.words import dataset_text
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.view import SiteRelease
from ctdc.release.changelog import changelog_sections
from ctdc.release.citation import citation
from ctdc.release.metadata.croissant import CROISSANT, moved
from ctdc.release.metadata.facts import METADATA, METADATA_TEXTS
from ctdc.release.numbers import date, number, number_range
from ctdc.release.protected import read_json
from ctdc.release.texts import RELEASE_TEXTS


def data_page(view: SiteRelease, language: str) -> dict[str, Any]:
    """What fills the page in a language."""
    info, people = view.manifest.info, view.people
    text = dataset_text(language)
    rows = text(
        "dataset.use.rows",
        rows=number(language, view.manifest.rows),
        count=number(language, people["count"]),
        range=number_range(language, people["low95"], people["high95"]),
    )
    return {
        "heading": SITE_TEXTS.text(language, "data.title"),
        "description": rows,
        "d": text,
        "rows": rows,
        "terms": info.terms or METADATA_TEXTS.text(language, "metadata.terms.none"),
        "terms_address": info.terms if info.terms.startswith(("https://", "http://")) else "",
        "groups": offered_groups(view, language),
        "table": record_tables(view)[0],
        "has_workbooks": has_workbooks(view),
        "workbook": view.manifest.entry(f"data/{record_tables(view)[0]}.xlsx") is not None,
        "snippets": snippets(view),
        "load": load_snippet(view),
        "citation": citation(language, info, view.manifest.created),
        "citations": [name for name in CITATIONS if view.manifest.entry(f"{METADATA}/{name}")],
        "metadata": METADATA,
        "info": info,
        "identifier": view.manifest.id,
        "created": date(language, view.manifest.created),
        "folder": view.manifest.folder,
        "schema": view.manifest.schema,
        "certificate": certificate_part(view, language),
        "changes_title": RELEASE_TEXTS.text(language, "changes.title"),
        "changes": changelog_sections(language, view.changes, view.vocabulary),
        "json_ld": _json_ld(view),
    }


def _json_ld(view: SiteRelease) -> Markup | None:
    """The release's own description for search engines, with this site's addresses; None for an older release.

    It is data inside a page: browsers do not run it, and the sign that could end its element is written as an escape.
    """
    path = f"{METADATA}/{CROISSANT}"
    if view.manifest.entry(path) is None:
        return None
    base = f"{view.place.origin}{view.place.files}{view.manifest.folder}/"
    document = {**moved(read_json(view.folder / path), base), **_derived(view)}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - JSON in which nothing can open or close an element


def _derived(view: SiteRelease) -> dict[str, Any]:
    """Of a release of another hub, whose it is and where it was taken from, in the words of schema.org."""
    line = view.included
    if line is None:
        return {}
    hub = {"@type": "Organization", "name": line.name("en"), "url": f"{line.address}/"}
    return {"isBasedOn": line.source or f"{line.address}/", "provider": hub}
