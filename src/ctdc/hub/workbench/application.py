"""The web application of the workbench.

Promise: behind its door (`ctdc.hub.workbench.door`) there are the pages, their style and the Arabic font, and nothing
else; what changes something is asked for with POST; a fault of ours says so without a value, and is logged nowhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from ctdc.foundation.errors import UserError
from ctdc.hub.site.frame import HERE as SITE
from ctdc.hub.workbench.child import fault_of
from ctdc.hub.workbench.door import Door
from ctdc.hub.workbench.explore import Explorers
from ctdc.hub.workbench.frame import Asked, Bench, go
from ctdc.hub.workbench.pages import columns, file, home, plan, results, risk, run
from ctdc.hub.workbench.project import Project
from ctdc.hub.workbench.upload import take
from ctdc.standard.languages import OURS

HERE = Path(__file__).parent
MOST_FORM = 4_000_000  # bytes of a form without a file: the longest lists of codes
MOST_FIELDS = 200
FAULT = "There is a fault in the workbench. Please report it with these lines, which hold nothing of your table"
ASSETS = {
    "workbench.css": (HERE / "assets" / "workbench.css", "text/css; charset=utf-8"),
    "icon.svg": (HERE / "assets" / "icon.svg", "image/svg+xml"),
    "noto-naskh-arabic-400.woff2": (SITE / "assets" / "fonts" / "noto-naskh-arabic-400.woff2", "font/woff2"),
    "noto-naskh-arabic-700.woff2": (SITE / "assets" / "fonts" / "noto-naskh-arabic-700.woff2", "font/woff2"),
}
View = Callable[[Asked], Response]
Endpoint = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Request, Exception], Awaitable[Response]]
# Below /LANGUAGE/: path, what is shown, what is done.
PAGES: tuple[tuple[str, View | None, View | None], ...] = (
    ("", home.show, None),
    ("file/reading/", None, file.read_again),
    ("file/cancel/", None, file.cancel),
    ("file/forget/", None, file.forget),
    ("columns/", columns.show, columns.act),
    ("columns/{number:int}/", columns.show_one, columns.save_one),
    ("risk/", risk.show, risk.look),
    ("risk/cancel/", None, risk.cancel),
    ("plan/", plan.show, plan.keep),
    ("run/", run.show, run.start),
    ("run/limit/", None, run.limit),
    ("results/", results.show, None),
    ("results/{number:int}/", results.show_one, None),
    ("results/{number:int}/cancel/", None, results.cancel),
    ("results/{number:int}/go-on/", None, results.continue_run),
    ("results/{number:int}/explore/", results.explore, None),
    ("results/{number:int}/download/", results.download, None),
)


def workbench(project: Project, token: str, host: str, port: int, most: int) -> tuple[ASGIApp, Explorers]:
    """The application behind its door, and the explorers, which the caller closes.

    host: the name that alone is answered, without the port; most: bytes of a file.
    """
    name = f"ctdc-workbench-{port}"
    explorers = Explorers(token, name, host)
    return Door(pages_of(Bench(project, explorers, most)), f"{host}:{port}", token, name), explorers


def pages_of(bench: Bench) -> ASGIApp:
    """The application without a door, for whoever has one. Requests come with `bench.base` as their root path."""
    handlers: Mapping[Any, Handler] = {404: _missing(bench), 405: _missing(bench), 500: _failed}
    return Starlette(routes=_routes(bench), exception_handlers=handlers)


def _routes(bench: Bench) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Route("/", _welcome(bench), methods=["GET"]),
        Route("/assets/{name}", _asset, methods=["GET"]),
    ]
    for language in OURS:
        routes.append(Route(f"/{language}/file/", _file(bench, language), methods=["GET", "POST"]))
        for path, shown, done in PAGES:
            methods = ["GET", "POST"] if done else ["GET"]
            routes.append(Route(f"/{language}/{path}", _endpoint(bench, language, shown, done), methods=methods))
    return routes


def _endpoint(bench: Bench, language: str, shown: View | None, done: View | None) -> Endpoint:
    async def answer(request: Request) -> Response:
        asked = await _asked(bench, language, request)
        view = done if request.method == "POST" else shown
        if view is None:  # the address of a form, opened anew: such as by the links to other languages
            return go(asked, asked.path.rstrip("/").rpartition("/")[0] + "/")
        return await run_in_threadpool(_answered, view, asked)

    return answer


def _file(bench: Bench, language: str) -> Endpoint:
    """The page with the file, whose form is taken piece by piece."""

    async def answer(request: Request) -> Response:
        asked = Asked(bench, language, "file/", parse_qs(request.url.query, max_num_fields=MOST_FIELDS))
        if request.method != "POST":
            return await run_in_threadpool(_answered, file.show, asked)
        body, kind = request.stream(), request.headers.get("content-type", "")
        try:
            with bench.taking(_length(request, bench.most)):
                part = file.incoming(bench.project)
                upload = await take(body, kind, part, bench.most)
                return await run_in_threadpool(file.received, asked, upload, part)
        except UserError as error:
            async for _ in body:  # a browser shows no answer before it has sent everything
                pass
            return await run_in_threadpool(file.show, asked, error)
        except OSError as error:
            fault = UserError("system", f"The system refused: {error.strerror}.")
            return await run_in_threadpool(file.show, asked, fault)

    return answer


def _length(request: Request, most: int) -> int:
    """Bytes that may be kept of what comes."""
    said = request.headers.get("content-length", "")
    return min(int(said), most) if said.isdecimal() else most


async def _asked(bench: Bench, language: str, request: Request) -> Asked:
    form: dict[str, list[str]] = {}
    if request.method == "POST":
        body = b""
        async for piece in request.stream():
            if len(body) <= MOST_FORM:  # what is too long is read to its end and then refused
                body += piece
        if len(body) <= MOST_FORM:
            form = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    path = request.url.path.removeprefix(f"{bench.base}/{language}/")
    query = parse_qs(request.url.query, max_num_fields=MOST_FIELDS)
    return Asked(bench, language, path, query, form, int(request.path_params.get("number", 0)))


def _answered(view: View, asked: Asked) -> Response:
    """A view's answer; an error that no page shows in its place becomes a page of its own."""
    try:
        return view(asked)
    except UserError as error:
        said = asked.words.said(error)
        lines = [asked.words("problem.title"), said.what, "", *said.detail]
        return PlainTextResponse("\n".join(lines), 500)


def _welcome(bench: Bench) -> Endpoint:
    """Lead to the language that the browser asks for first."""

    async def answer(request: Request) -> Response:
        asked = request.headers.get("accept-language", "").split(",")
        wanted = [part.partition(";")[0].strip().lower()[:2] for part in asked]
        language = next((code for code in wanted if code in OURS), OURS[0])
        return RedirectResponse(f"{bench.base}/{language}/", 303)

    return answer


async def _asset(request: Request) -> Response:
    found = ASSETS.get(request.path_params["name"])
    return FileResponse(found[0], media_type=found[1]) if found else PlainTextResponse("Not found", 404)


def _missing(bench: Bench) -> Handler:
    """The first page, with a word on the one that is not there."""

    async def answer(request: Request, error: Exception) -> Response:
        language = request.url.path.removeprefix(bench.base).strip("/").partition("/")[0]
        asked = Asked(bench, language if language in OURS else OURS[0], "")
        return await run_in_threadpool(home.show, asked, UserError("workbench.no_page", "There is no such page."))

    return answer


async def _failed(request: Request, error: Exception) -> Response:
    fault = fault_of(error)
    return PlainTextResponse(f"{FAULT}: {fault['what']}\n{fault['where']}", 500)
