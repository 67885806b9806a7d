"""The page of the documentation on how fast the public site is, written from the stored results alone.

Promise: no figure on it is typed in; ``python -m benchmarks.site page`` writes it anew, and a test holds it to the
results.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from benchmarks.lighthouse import FORMS
from benchmarks.paths import REPOSITORY, RESULTS
from ctdc.foundation.files import write_text

SITE, EXPLORER, API = (RESULTS / f"{name}.json" for name in ("site", "explorer", "api"))
PAGE = REPOSITORY / "docs" / "explanation" / "site-benchmarks.md"
BARS = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100, "lcp": 1500, "tbt": 50, "cls": 0.02}
SCORES = tuple(BARS)[:4]
SLOWEST = 10  # pages that are named
TEMPLATE = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True).from_string(
    (Path(__file__).parent / "site_page.md.j2").read_text(encoding="utf-8")
)


def machine_words(document: Mapping[str, Any]) -> str:
    """On what and from which source something was measured."""
    host = document["machine"]
    at = document["commit"]
    at = at["commit"] if isinstance(at, Mapping) else at
    load = f"; load of the machine when it began: {document['load']}" if "load" in document else ""
    return f"{host['processor']}, {host['cores']} cores ({host['system']}), commit {at}{load}"


def within_bars(page: Mapping[str, Any]) -> bool:
    """Whether a page that Lighthouse looked at meets every bar."""
    scores, most = page["scores"], (name for name in BARS if name not in SCORES)
    return all(scores[name] >= BARS[name] for name in SCORES) and all(page[name] <= BARS[name] for name in most)


def of_form(pages: Iterable[Mapping[str, Any]], form: str) -> list[Any]:
    """Those that were looked at as one of Lighthouse's forms."""
    return [page for page in pages if page["form"] == form]


def page_row(page: Mapping[str, Any]) -> str:
    """A row of the table for one page."""
    scores = " / ".join(str(page["scores"][name]) for name in SCORES)
    times = f"{page['lcp']:.0f} | {page['tbt']:.0f} | {page['cls']:.3f} | {page['bytes'] / 1000:.0f}"
    return f"| `{page['path']}` | {scores} | {times} |"


def worst(pages: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Pages that miss a bar, then those painted last."""
    return sorted(pages, key=lambda page: (within_bars(page), -page["lcp"]))[:SLOWEST]


def coverage_rows(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """How often the interval of a number from the records held the truth, by the size of the number."""
    rows, found = [], list(found)
    for size in sorted({one["from"] for one in found}):
        own = [one for one in found if one["from"] == size]
        questions = sum(one["questions"] for one in own)
        if not questions:
            continue
        share = sum(one["questions"] * one["covered"] for one in own) / questions
        below = min((one["from"] for one in found if one["from"] > size), default=None)
        sizes = f"{size:,} to {below - 1:,}" if below else f"{size:,} and more"
        rows.append(f"| {sizes} | {questions:,} | {100 * share:.{1 if share > 0.99 else 0}f} % |")
    return rows


def form_facts(form: str, pages: Sequence[Mapping[str, Any]], times: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the page says of all pages in one form. times: on what, and of which source, each time."""
    return {
        "name": form,
        "pages": pages,
        "met": sum(map(within_bars, pages)),
        "lowest": " / ".join(str(min(page["scores"][name] for page in pages)) for name in SCORES),
        "on": "; those that missed a bar again on ".join(map(machine_words, times)),
        "rows": [page_row(page) for page in worst(pages)],
    }


def page_text(site: Mapping[str, Any] | None, explorer: Mapping[str, Any], api: Mapping[str, Any]) -> str:
    """The whole page from what was measured. site: None before anybody has measured the pages."""
    pages = site["lighthouse"] if site else []
    forms = {form: own for form in FORMS if (own := of_form(pages, form))}
    return TEMPLATE.render(
        site=site,
        explorer=explorer,
        api=api,
        words=machine_words,
        bar=BARS,
        forms=[form_facts(form, own, site["on"][form]) for form, own in forms.items()] if site else [],
        cached=api["cached"]["counts?by=gender"],
        covered=coverage_rows(api["records_cover"]),
    )


def stored() -> list[Any]:
    """What is stored of pages, explorer and counts service."""
    return [json.loads(path.read_text(encoding="utf-8")) if path.exists() else None for path in (SITE, EXPLORER, API)]


def write_page() -> None:
    """Write the page of the documentation from what is stored."""
    write_text(PAGE, page_text(*stored()))
