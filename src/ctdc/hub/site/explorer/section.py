"""The section of the explorer: one page per language, its words, and the release in few bytes for the browser.

Promise: the page without a question has its numbers without JavaScript and without a service. With JavaScript the
browser counts by itself, and no question leaves it until somebody takes a chart along; without, the service of
`ctdc.hub.site.explorer.service` answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from ctdc.foundation.hashing import hash_bytes
from ctdc.hub.site.explorer.query import CHARTS, PATH, Asked
from ctdc.hub.site.explorer.view import EXPLORER_TEXTS, Explored
from ctdc.hub.site.frame import SITE_TEXTS, Entry, SiteFile, SitePage
from ctdc.hub.site.kit.pages import ChartLinks
from ctdc.hub.site.view import SiteRelease
from ctdc.release.citation import citation
from ctdc.release.compact import compact_core, compact_long
from ctdc.release.counting import Counter
from ctdc.release.numbers import number, number_range, percent
from ctdc.standard.languages import LANGUAGES, RIGHT_TO_LEFT

WORDS_PATH = "explorer/words.json"
OWN, NO = "own", "no"  # of the counts service, which stands on pages and is not known to them
# The site's own messages that the browser has to say too.
SHARED_WORDS = (
    "chart.too_few",
    "chart.top",
    "chart.share",
    "chart.people",
    "chart.interval",
    "dash.several",
    "dash.known",
    "dash.known_records",
    "dash.over",
    "dash.unknown_share",
    "home.interval",
)
# Said before anything is loaded, or where it cannot be: they stand on the page.
EARLY_WORDS = (
    "explorer.answer",
    "explorer.copied",
    "explorer.everybody",
    "explorer.failed",
    "explorer.not_copied",
    "explorer.remove",
    "explorer.unserved",
)


class Explorer:
    """The explorer of one release. A release whose measurements this program cannot read has none."""

    id = "explorer"
    content = None
    shows_earlier = False

    def __init__(self, view: SiteRelease, built: tuple[str, str] | None = None) -> None:
        """built: addresses of the two files that the browser counts with, where they are there already."""
        self._view, self._built = view, built
        self._explored: dict[str, Explored] = {}

    @cached_property
    def counter(self) -> Counter | None:
        """The release, open for questions; None if its measurements are of a form that is not known here."""
        return Counter(self._view.analysis, self._view.figures) if self._view.is_measured else None

    def entries(self, language: str) -> Sequence[Entry]:
        """The page, if there is one."""
        if self.counter is None:
            return ()
        return [Entry("explorer", "explorer", PATH, EXPLORER_TEXTS.text(language, "explorer.nav"))]

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """The page, its words, and once for all languages what the browser counts with."""
        if self.counter is None:
            return
        if language == LANGUAGES[0]:
            for address, data in self._files.items():
                yield SiteFile(address, data)
        yield SiteFile(WORDS_PATH, json.dumps(words(language), ensure_ascii=False, sort_keys=True).encode())
        yield self.page(language, self.explored(language).addresses.default)

    def explored(self, language: str) -> Explored:
        """The release in a language. Raises ValueError if it has no explorer."""
        if self.counter is None:
            raise ValueError("the measurements of this release cannot be read")
        if language not in self._explored:  # its topics name every code of the release
            self._explored[language] = Explored(self._view, self.counter, language)
        return self._explored[language]

    def page(self, language: str, asked: Asked, *, understood: bool = True, served: bool = False) -> SitePage:
        """The page with the answer to a question. served: whether the service made it."""
        explored = self.explored(language)
        question = explored.addresses.write(explored.addresses.showing(asked))
        core, long = self._built or tuple(self._files)
        linked = self._view.vocabulary.linked
        info, created = self._view.manifest.info, self._view.manifest.created
        context = {
            **explored.page(asked),
            "heading": EXPLORER_TEXTS.text(language, "explorer.title"),
            "description": EXPLORER_TEXTS.text(language, "explorer.lead"),
            "x": lambda key, **values: EXPLORER_TEXTS.text(language, key, **values),
            "understood": understood,
            "served": served,
            "query": explored.addresses.write(asked),
            "own": ChartLinks(language, start=CHARTS if question else "charts/", query=question),
            "early": json.dumps(early_words(language), ensure_ascii=False),
            "files": {"core": core, "long": long, "words": f"/{language}/{WORDS_PATH}"},
            "api": f"/api/v1/releases/{self._view.manifest.folder}/explore",
            "api_query": api_query(asked),
            "linked": linked.labels[language] if linked else "",
            "api_linked": f"/api/v1/releases/{self._view.manifest.folder}/linked/counts",
            "citation": citation(language, info, created),
        }
        return SitePage("explorer", PATH, "explorer.html.j2", context)

    def busy(self, language: str) -> SitePage:
        """What is shown to a question when too many are asked; its link leads to the question again."""
        context = {
            "heading": EXPLORER_TEXTS.text(language, "explorer.title"),
            "description": EXPLORER_TEXTS.text(language, "explorer.lead"),
            "x": lambda key: EXPLORER_TEXTS.text(language, key),
        }
        return SitePage("explorer", PATH, "explorer_busy.html.j2", context)

    @cached_property
    def _files(self) -> Mapping[str, bytes]:
        """What the browser counts with, by address: with a hash, so that it never goes stale."""
        if self.counter is None:
            return {}
        made = {"core": compact_core(self.counter), "long": compact_long(self.counter)}
        return {f"/assets/explorer-{name}.{hash_bytes(data)[:12]}.bin": data for name, data in made.items()}


def api_query(asked: Asked) -> str:
    """The same question to the counts service for programs, where a code with a comma takes a parameter of its own.

    own=no, because a chart also counts the answers to its question that were not chosen.
    """
    pairs = [(name, part) for name, codes in asked.filters.items() if codes for part in _values(codes)]
    if pairs:
        pairs.append((OWN, NO))
    texts = (f"{quote(name, safe='')}={quote(part, safe=',')}" for name, part in sorted(pairs, key=itemgetter(0)))
    query = "&".join(texts)
    return f"?{query}" if query else ""


def _values(codes: Sequence[str]) -> Sequence[str]:
    return codes if any("," in code for code in codes) else [",".join(codes)]


def early_words(language: str) -> dict[str, Any]:
    """Messages for the browser that stand on the page."""
    return {key: EXPLORER_TEXTS.messages(language)[key] for key in EARLY_WORDS}


def words(language: str) -> dict[str, Any]:
    """Messages and the form of numbers, for the browser."""
    texts = {key: SITE_TEXTS.messages(language)[key] for key in SHARED_WORDS}
    own = EXPLORER_TEXTS.messages(language)
    return {
        "texts": {**texts, **own},
        "numbers": {
            "group": number(language, 1_234_567)[1:2],
            "from": 1_000 if number(language, 1_234) != "1234" else 10_000,
            "decimal": number(language, 0.5, 1)[1:2],
            "percent": percent(language, 0.5, 0).removeprefix("50"),
            "isolate": language in RIGHT_TO_LEFT,
            "dash": number_range(language, 1, 2).replace("1", "").replace("2", ""),
        },
    }
