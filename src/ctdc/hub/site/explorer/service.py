"""The explorer without JavaScript, and its charts to be taken: each the answer to the question in its address.

Promise: read-only, nothing about a visitor is stored, the same headers as every page; an address is answered as the
page of `explorer.js` would show it. A chart whose address is not understood whole is not there: one of other people
than were asked for would be taken for theirs.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ctdc.foundation.errors import UserError
from ctdc.hub.gate import BUSY, RETRY_AFTER, Gate
from ctdc.hub.site.explorer.chart import Taken, take, topic_at
from ctdc.hub.site.explorer.query import CHARTS, PATH, Asked
from ctdc.hub.site.explorer.section import Explorer
from ctdc.hub.site.export import FILES, NAVIGATION
from ctdc.hub.site.frame import Section, Site
from ctdc.hub.site.kit.files import ENDINGS
from ctdc.hub.site.place import Place
from ctdc.hub.site.record import read_record
from ctdc.hub.site.sections import sections_of
from ctdc.hub.site.serve import CONTENT_TYPES, SECURITY_HEADERS, headers_of
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.release.manifest import MANIFEST
from ctdc.release.partners.record import NAME as INCLUDED
from ctdc.release.partners.record import read_included
from ctdc.standard.languages import LANGUAGES

ADDRESS = re.compile(rf"/({'|'.join(LANGUAGES)})/{PATH}")
PAGE, ALONE = "/", "/embed/"
_ENDINGS = "|".join(map(re.escape, ENDINGS))
CHART = re.compile(rf"/({'|'.join(LANGUAGES)})/{CHARTS}([A-Za-z0-9_-]+)(?:({PAGE}|{ALONE})|\.({_ENDINGS}))")
BUILT = re.compile('data-core="([^"]+)" data-long="([^"]+)"')
HTML = "text/html; charset=utf-8"
LONGEST_QUERY = 16_000  # characters; all codes of all variables fit
KEPT = 64  # answers; those to long questions are large
KEPT_CHARTS = 32  # with all their files some 300 kB each: who looks at one soon takes its files


class ExplorerService:
    """Answers questions to the explorer, and hands everything else to the pages."""

    def __init__(self, pages: ASGIApp, site: Site, gate: Gate | None = None) -> None:
        """gate: how many questions are answered at once."""
        self._pages, self._site, self._gate = pages, site, gate or Gate()
        found = [section for section in site.sections if isinstance(section, Explorer)]
        if not found or found[0].counter is None:
            raise UserError(
                "explorer.none", "This site has no explorer.", do="Build it from a release of this version."
            )
        self._explorer = found[0]
        self._page = lru_cache(maxsize=KEPT)(self._rendered)
        self._chart = lru_cache(maxsize=KEPT_CHARTS)(self._taken)
        self._busy = lru_cache(maxsize=len(LANGUAGES))(self._said_busy)  # there is no time then to make it each time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = None
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            query = scope["query_string"].decode("latin-1")  # which reads any bytes; what is no question is refused
            if (chart := CHART.fullmatch(scope["path"])) is not None:
                answer = await run_in_threadpool(self._answer, chart[1], query, chart)
            elif query and (page := ADDRESS.fullmatch(scope["path"])) is not None:
                answer = await run_in_threadpool(self._answer, page[1], query)
        await (answer or self._pages)(scope, receive, send)

    def _answer(self, language: str, query: str, chart: re.Match[str] | None = None) -> Response | None:
        """The page, or what was asked of a chart; None for a chart that there is not."""
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-cache"}
        if len(query) > LONGEST_QUERY:
            return Response("The address is too long", 414, headers, "text/plain")
        try:
            asked, understood = self._explorer.explored(language).addresses.read(query)
        except ValueError:  # more parts than any question has
            return Response("The address has too many parts", 400, headers, "text/plain")
        try:
            if chart is not None:
                return self._of_chart(language, asked, chart) if understood else None
            canonical = self._explorer.explored(language).addresses.write(asked)
            return Response(self._page(language, canonical, understood), 200, headers, HTML)
        except UserError as error:
            if error.detail.code != BUSY:
                raise
            return self._later(language)

    def _of_chart(self, language: str, asked: Asked, address: re.Match[str]) -> Response | None:
        """The chart's page, the chart alone, or one of its files."""
        explored = self._explorer.explored(language)
        addresses = explored.addresses
        topic, part, ending = topic_at(explored, address[2]), address[3], address[4]
        if topic is None:
            return None
        taken = self._chart(language, topic.id, addresses.write(addresses.showing(asked)))
        # Of endless questions none is worth a place among what a search engine finds.
        headers = {**headers_of(address[0]), "Cache-Control": "no-cache", "X-Robots-Tag": "noindex"}
        if ending is None:
            page = self._site.render(taken.page(alone=part == ALONE), language)
            return Response(page, 200, headers, HTML)
        name = f"{taken.made.chart.id}.{ending}"
        headers["Content-Disposition"] = f'inline; filename="{name}"'
        return Response(taken.files[ending], 200, headers, CONTENT_TYPES[f".{ending.rpartition('.')[2]}"])

    def _taken(self, language: str, topic: str, canonical: str) -> Taken:
        explored = self._explorer.explored(language)
        asked, _ = explored.addresses.read(canonical.removeprefix("?"))
        [own] = [one for one in explored.topics if one.id == topic]
        with self._gate.turn():
            return take(self._site.front, explored, own, asked, language)

    def _rendered(self, language: str, canonical: str, understood: bool) -> bytes:
        asked, _ = self._explorer.explored(language).addresses.read(canonical.removeprefix("?"))
        with self._gate.turn():
            page = self._explorer.page(language, asked, understood=understood, served=True)
            return self._site.render(page, language).encode()

    def _later(self, language: str) -> Response:
        """Asks the reader to come again, on a page of the site in their language."""
        retry = {"Cache-Control": "no-store", "Retry-After": str(RETRY_AFTER), "Content-Language": language}
        return Response(self._busy(language), 503, {**SECURITY_HEADERS, **retry}, HTML)

    def _said_busy(self, language: str) -> bytes:
        return self._site.render(self._explorer.busy(language), language).encode()


def with_explorer(pages: ASGIApp, site: Site, gate: Gate | None = None) -> ASGIApp:
    """The pages, with answers by the service where the site has an explorer. gate: see `ExplorerService`."""
    has = any(isinstance(section, Explorer) and section.counter is not None for section in site.sections)
    return ExplorerService(pages, site, gate) if has else pages


def site_at(folder: Path) -> Site:
    """The site that was built in `folder`, from the releases in it. Raises UserError where there are none."""
    own = Place()
    found = list(folder.glob(f"{own.files.strip('/')}/*/{MANIFEST}"))
    place = own
    if not found:
        taken = {line.folder for line in read_included(folder / INCLUDED)}
        found = [path for path in folder.glob(f"{FILES}/*/{MANIFEST}") if path.parent.name not in taken]
        place = Place(files=f"/{FILES}/", origin=read_record(folder).origin, navigation=NAVIGATION)
    if not found:
        raise UserError("explorer.no_release", f"{folder} holds no release.", do="Build it with 'ctdc site build'.")
    views = [read_release(path.parent) for path in found]
    views.sort(key=lambda view: (view.manifest.created, view.manifest.folder), reverse=True)
    front = replace(views[0], place=place, earlier=tuple(views[1:]))
    return Site(front, tuple(_as_built(section, front, folder) for section in sections_of(front)))


def _as_built(section: Section, front: SiteRelease, folder: Path) -> Section:
    """An explorer that names the files its built page names: made again, they would keep the first reader waiting."""
    page = folder / LANGUAGES[0] / PATH / "index.html"
    if not isinstance(section, Explorer) or not page.is_file():
        return section
    found = BUILT.search(page.read_text(encoding="utf-8"))
    return section if found is None else Explorer(front, (found[1], found[2]))
