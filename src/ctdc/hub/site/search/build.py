"""The last step of building a site: an index of what has been built in each language, and the page that searches it.

Promise: the same pages give the same bytes; the index has its hash in its address, so that it never goes stale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctdc.foundation.hashing import hash_value
from ctdc.hub.site.alphabet import alphabetical
from ctdc.hub.site.frame import Site, SitePage
from ctdc.hub.site.search.documents import KINDS, SEARCH_PATH, Document, documents
from ctdc.hub.site.search.json_text import compact
from ctdc.release.texts import Catalogue
from ctdc.standard.languages import LANGUAGES

SEARCH = "search"
TEXTS = Catalogue(Path(__file__).parent / "texts")
PLURALS = ("search.found",)
SENTENCES = ("search.nothing", "search.meant", "search.more", "search.failed")
LISTED = ("page", "story", "variable", "country")  # kinds of the list for readers without scripts


@dataclass(frozen=True)
class Index:
    """What can be found in one language, and where its file is. path: from the root of the site."""

    path: str
    data: bytes
    documents: Sequence[Document]


def make_index(site: Path, language: str, front: Any) -> Index:
    """The index of one language of the site in the folder `site`, whose pages have all been written."""
    found = documents(site, language, front)
    content = {"language": language, "kinds": list(KINDS), "texts": _texts(language)}
    data = compact(content | {"documents": [document.row() for document in found]})
    name = hash_value([language, data.decode()])[:12]
    return Index(f"assets/search-{language}.{name}.json", data, found)


def _texts(language: str) -> Mapping[str, Any]:
    """What the page's script says, by the part of the key after ``search.``."""
    messages = TEXTS.messages(language)
    kinds = {f"kind.{kind}": messages[f"search.kind.{kind}"] for kind in KINDS}
    return {key.removeprefix("search."): messages[key] for key in (*PLURALS, *SENTENCES)} | kinds


def write_search(site: Site, built: Path, target: Path) -> None:
    """Write the index and the page of each language into `target`. built: where the site's other pages are."""
    for language in LANGUAGES:
        index = make_index(built, language, site.front)
        page = SitePage(SEARCH, SEARCH_PATH, "search.html.j2", search_context(index, language))
        for path, data in (
            (index.path, index.data),
            (f"{language}/{SEARCH_PATH}index.html", site.render(page, language).encode()),
        ):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(data)


def search_text(language: str) -> Any:
    """A function from key and values to the search's message in a language."""

    def text(key: str, **values: str) -> str:
        return TEXTS.text(language, key, **values)

    return text


def search_context(index: Index, language: str) -> dict[str, Any]:
    """What fills the page."""
    listed = []
    for kind in LISTED:
        of_kind = sorted((one for one in index.documents if one.kind == kind), key=lambda one: alphabetical(one.title))
        if of_kind:
            listed.append((kind, of_kind))
    return {
        "heading": TEXTS.text(language, "search.title"),
        "description": TEXTS.text(language, "search.lead"),
        "s": search_text(language),
        "index": f"/{index.path}",
        "listed": listed,
    }
