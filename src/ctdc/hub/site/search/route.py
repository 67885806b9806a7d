"""The answer of ``ctdc serve`` to the search form, for readers whose browser runs no script.

Promise: the page is the one that was built, with the results put in by a template that escapes; nothing about the
reader or the question is kept.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from markupsafe import escape
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ctdc.hub.site.frame import environment
from ctdc.hub.site.search.build import TEXTS, search_text
from ctdc.hub.site.search.documents import SEARCH_PATH
from ctdc.hub.site.search.find import Found, Searcher, read_index
from ctdc.hub.site.serve import CACHE_CHECK, SECURITY_HEADERS
from ctdc.release.numbers import number
from ctdc.standard.languages import LANGUAGES

INDEX = re.compile(r'data-index="/(assets/search-[a-z]{2}\.[0-9a-f]+\.json)"')
PLACE, VALUE = "<!-- results -->", ' value="" '


def search_routes(folder: Path) -> list[Route]:
    """One route for each language of the site built in `folder` that has a search page."""
    pages = {language: folder / language / SEARCH_PATH / "index.html" for language in LANGUAGES}
    return [_route(folder, language, page) for language, page in pages.items() if page.is_file()]


def _route(folder: Path, language: str, path: Path) -> Route:
    page = path.read_text(encoding="utf-8")

    @cache
    def searcher() -> Searcher | None:
        named = INDEX.search(page)
        return read_index(folder / named[1]) if named else None

    async def answer(request: Request) -> Response:
        asked = request.query_params.get("q", "").strip()
        found = await run_in_threadpool(lambda: index.find(asked) if (index := searcher()) and asked else None)
        headers = {**SECURITY_HEADERS, "Cache-Control": CACHE_CHECK}
        return HTMLResponse(filled(page, found, language) if found else page, headers=headers)

    return Route(f"/{language}/{SEARCH_PATH}", answer, methods=["GET", "HEAD"])


def filled(page: str, found: Found, language: str) -> str:
    """The built page with the results and the question in it."""
    text = (
        environment()
        .get_template("search_results.html.j2")
        .render(
            found=found,
            s=search_text(language),
            count=TEXTS.plural(
                language, "search.found", found.total, count=number(language, found.total), query=found.asked
            ),
            language=language,
            number=lambda value: number(language, value),
        )
    )
    return page.replace(PLACE, text, 1).replace(VALUE, f' value="{escape(found.asked)}" ', 1)
