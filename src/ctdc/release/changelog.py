"""What changed between two releases, and which differences are larger than the noise.

Promise: a difference of two estimates is given with its standard error, the root of the sum of both squared errors
(right for independent noise, too large when the releases share measurements, so it errs towards "within the
noise"); it exceeds the noise when it is more than 1.96 times that error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ctdc.release.document import Section, Table
from ctdc.release.estimates import Z95
from ctdc.release.figures import LINKED_ROWS
from ctdc.release.numbers import date, number, percent
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.vocabulary import Labels, Vocabulary
from ctdc.standard.languages import LANGUAGES
from ctdc.standard.presentation import presentation
from ctdc.table.linked import LINKED

FORMAT = "ctdc-changelog/1"


@dataclass(frozen=True)
class ReleaseView:
    """What a comparison needs to know about a release. figures: content of ``data/figures.json``."""

    id: str
    folder: str
    created: datetime
    vocabulary: Vocabulary
    figures: Mapping[str, Any]


def compare(before: ReleaseView | None, vocabulary: Vocabulary, figures: Mapping[str, Any]) -> dict[str, Any]:
    """The content of ``about/changelog.json``: what is different from the release `before`, if there is one."""
    if before is None:
        return {"format": FORMAT, "previous": None}
    old, new = _codes(before.vocabulary), _codes(vocabulary)
    both = [name for name in new if name in old]
    return {
        "format": FORMAT,
        "previous": {"id": before.id, "folder": before.folder, "created": before.created.isoformat()},
        "rows": {"before": before.figures["rows"], "now": figures["rows"]},
        "variables_added": [name for name in new if name not in old],
        "variables_removed": [name for name in old if name not in new],
        "codes_added": _different(both, new, old),
        "codes_removed": _different(both, old, new),
        "headlines": list(_differences(before.figures, figures)),
    }


def _codes(vocabulary: Vocabulary) -> dict[str, list[str]]:
    """The codes of each variable; those of linked rows under names of their own."""
    named = [(words.name, words) for words in vocabulary.variables]
    if vocabulary.linked is not None:
        named += [(LINKED + words.name, words) for words in vocabulary.linked.variables]
    return {name: [code.code for code in words.codes] for name, words in named}


def _different(
    names: Iterable[str], here: Mapping[str, list[str]], there: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    found = {name: [code for code in here[name] if code not in there[name]] for name in names}
    return {name: codes for name, codes in found.items() if codes}


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    old = {headline["id"]: headline for headline in before["headlines"]}
    for headline in now["headlines"]:
        earlier = old.get(headline["id"])
        if earlier is None or earlier["kind"] != headline["kind"]:
            continue
        if headline["kind"] in ("estimate", "share"):
            yield _difference(earlier, headline, "count" if headline["kind"] == "estimate" else "share")
        elif headline["kind"] == "number":
            yield {
                "id": headline["id"],
                "kind": "number",
                "before": earlier["value"],
                "now": headline["value"],
                "difference": headline["value"] - earlier["value"],
                "standard_error": None,
                "exceeds_noise": None,
            }


def _difference(before: Mapping[str, Any], now: Mapping[str, Any], key: str) -> dict[str, Any]:
    difference = now[key] - before[key]
    error = math.hypot(now["standard_error"], before["standard_error"])
    return {
        "id": now["id"],
        "kind": now["kind"],
        "before": before[key],
        "now": now[key],
        "difference": round(difference, 6),
        "standard_error": round(error, 6),
        "exceeds_noise": abs(difference) > Z95 * error,
    }


def changelog_sections(language: str, changes: Mapping[str, Any], vocabulary: Vocabulary) -> tuple[Section, ...]:
    """The changes as a document. changes: what `compare` returned."""
    if changes["previous"] is None:
        return (Section("", "", (RELEASE_TEXTS.text(language, "changes.first"),)),)
    previous = changes["previous"]
    when = date(language, datetime.fromisoformat(previous["created"]))
    intro = RELEASE_TEXTS.text(language, "changes.previous", name=previous["folder"], date=when)
    colon = "\u00a0: " if language == "fr" else ": "
    rows = f"{number(language, changes['rows']['before'])} → {number(language, changes['rows']['now'])}"
    lines = [RELEASE_TEXTS.text(language, "changes.rows") + colon + rows]
    for key, names in (
        ("added", changes["variables_added"]),
        ("removed", changes["variables_removed"]),
        ("codes_added", [f"{name} ({', '.join(codes)})" for name, codes in changes["codes_added"].items()]),
        ("codes_removed", [f"{name} ({', '.join(codes)})" for name, codes in changes["codes_removed"].items()]),
    ):
        none = RELEASE_TEXTS.text(language, "changes.none")
        lines.append(RELEASE_TEXTS.text(language, f"changes.{key}") + colon + (", ".join(names) or none))
    table = _headline_table(language, changes["headlines"], headline_labels(vocabulary))
    note = RELEASE_TEXTS.text(language, "changes.note")
    return (Section("", "", (intro,), tuple(lines)), Section("", "", (note,), (), table))


def headline_labels(vocabulary: Vocabulary) -> Mapping[str, Labels]:
    """What each headline figure is called: by its id, in every language."""
    names = [headline.id for headline in presentation().headlines]
    labels: dict[str, Labels] = {
        name: {language: RELEASE_TEXTS.text(language, f"headline.{name}") for language in LANGUAGES} for name in names
    }
    words = {variable.name: variable.labels for variable in vocabulary.variables}
    for group in vocabulary.groups:
        labels |= {f"{group.id}:{name}": words[name] for name in group.variables}
    return labels if vocabulary.linked is None else {**labels, LINKED_ROWS: vocabulary.linked.labels}


def _headline_table(language: str, headlines: Iterable[Mapping[str, Any]], labels: Mapping[str, Labels]) -> Table:
    keys = ("figure", "before", "now", "difference", "error", "beyond")
    headers = tuple(RELEASE_TEXTS.text(language, f"changes.{key}") for key in keys)
    rows = tuple(
        (labels[entry["id"]][language], *_cells(language, entry)) for entry in headlines if entry["id"] in labels
    )
    return Table(headers, rows, frozenset({1, 2, 3, 4}))


def _cells(language: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    if entry["kind"] == "share":
        points = " " + RELEASE_TEXTS.text(language, "changes.points")
        before, now = percent(language, entry["before"]), percent(language, entry["now"])
        difference = number(language, 100 * entry["difference"], 1) + points
        error = number(language, 100 * entry["standard_error"], 2)
    else:
        before, now = number(language, entry["before"]), number(language, entry["now"])
        difference = number(language, entry["difference"])
        error = "–" if entry["standard_error"] is None else number(language, entry["standard_error"], 1)
    if entry["exceeds_noise"] is None:
        return before, now, difference, error, "–"
    verdict = RELEASE_TEXTS.text(language, "changes.yes" if entry["exceeds_noise"] else "changes.no")
    return before, now, difference, error, verdict
