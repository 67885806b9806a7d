"""The addresses of the service.

Promise: a question has one address, to which its other spellings redirect; an answer of a release never changes;
every answer says which release it is from, how to cite it and how its people are protected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from ctdc.foundation.collaborative import current
from ctdc.foundation.errors import ErrorDetail, UserError
from ctdc.hub.api import answers, models
from ctdc.hub.api.flows import flow_variables, flows
from ctdc.hub.api.problems import PROBLEM_TYPE, no_address, problem
from ctdc.hub.api.query import BY, OWN, Question, is_ordered, read_question
from ctdc.hub.api.shelf import API, LATEST, Shelf, Shelved, Wordbook
from ctdc.hub.gate import Gate
from ctdc.release import told
from ctdc.release.counting import Counter, Number
from ctdc.release.linked_counting import LinkedCounter
from ctdc.release.partners.record import Included
from ctdc.release.vocabulary import VariableWords
from ctdc.standard.languages import DEFAULT, LANGUAGES

VERSION = "1"
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
CHECK = {"Cache-Control": "no-cache"}
CSV, PARQUET = "text/csv; charset=utf-8", "application/vnd.apache.parquet"
TABLES = {"csv": CSV, "parquet": PARQUET}
DESCRIPTION = (
    "Counts of people in the releases, each with its 95 % interval. No key, no paging, nothing stored about who asks. "
    "Filters are parameters named as the variables: codes joined by commas, ranges (2015..2020) of years, ages and "
    "durations, 'known' and 'not-known'. A question has one canonical address; others redirect to it. 'source' is "
    "'counts' for a protected estimate within the measured orders, 'records' for the synthetic records' count beyond "
    "them, 'bounds' for a denominator between published bounds. Below the reporting threshold a count and the ends of "
    "its interval are null and 'too_few' is true: it is not zero."
)
ReleaseName = Annotated[
    str, Path(description="Name of a release, or 'latest'.", pattern=r"^[a-z0-9-]+$", max_length=80)
]
Language = Annotated[str, Query(description="Language of the labels.", json_schema_extra={"enum": list(LANGUAGES)})]
FILTERS = {
    "name": "filters",
    "in": "query",
    "style": "form",
    "explode": True,
    "description": "For each variable that is filtered a parameter of its name: sex=woman&year=2015..",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
BY_PARAMETER = {
    "name": BY,
    "in": "query",
    "description": "Variables whose codes are counted, joined by commas.",
    "schema": {"type": "string"},
}
OWN_PARAMETER = {
    "name": OWN,
    "in": "query",
    "description": "'no': the codes of a filtered variable are counted without its own filter.",
    "schema": {"type": "string", "enum": ["yes", "no"]},
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, text in (
        (400, "A question that cannot be answered"),
        (404, "No such release or variable"),
        (410, "The release was withdrawn"),
    )
}
COUNTED_PROBLEMS: dict[int | str, dict[str, Any]] = {
    **PROBLEMS,
    503: {
        "description": "Too many questions are asked at once",
        "headers": {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}},
        "content": PROBLEMS[400]["content"],
    },
}
REDIRECTS: dict[int | str, dict[str, Any]] = {
    307: {"description": "The newest release"},
    308: {"description": "The canonical address of the question"},
}


def _json(document: Mapping[str, Any], headers: Mapping[str, str] = FOREVER) -> Response:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text, media_type="application/json", headers=dict(headers))


def _described(model: type[Any], *parameters: Mapping[str, Any]) -> dict[str, Any]:
    """How an address is described. Validation happens here, not in the framework, so its 422 is left out.

    parameters: of addresses that count.
    """
    return {
        "response_model": model,
        "responses": {**(COUNTED_PROBLEMS if parameters else PROBLEMS), **REDIRECTS},
        "openapi_extra": {"parameters": list(parameters)} if parameters else None,
    }


class Addresses:
    """What the service does at each address, for the releases of one shelf."""

    def __init__(self, shelf: Shelf, gate: Gate | None = None) -> None:
        self._shelf, self._gate = shelf, gate or Gate()

    def router(self) -> APIRouter:
        """The routes, in the order in which they are described."""
        router, one = APIRouter(prefix=API), "/releases/{release}"
        router.get("/releases", response_model=models.Releases, summary="All releases")(self.releases)
        router.get(one, **_described(models.Release), summary="One release and its files")(self.release)
        router.get(one + "/variables", **_described(models.Variables), summary="Its variables")(self.variables)
        router.get(one + "/variables/{variable}", **_described(models.Codes), summary="The codes of one variable")(
            self.codes
        )
        counted = _described(models.Counts, BY_PARAMETER, FILTERS)
        router.get(one + "/counts", **counted, summary="People by codes, crossed")(self.counts)
        router.get(one + "/flows", **_described(models.Counts, FILTERS), summary="From where to where")(self.flows)
        for name, handler, own in (
            ("counts", self.counts_table, (BY_PARAMETER, FILTERS)),
            ("flows", self.flows_table, (FILTERS,)),
        ):
            for end, kind in TABLES.items():
                self._table(router, f"{one}/{name}.{end}", handler(end), kind, own)
        self._linked(router, one + "/linked")
        explored = _described(models.Explore, BY_PARAMETER, OWN_PARAMETER, FILTERS)
        router.get(one + "/explore", **explored, summary="Every variable among some people")(self.explore)
        return router

    def _linked(self, router: APIRouter, start: str) -> None:
        """The addresses of the rows that are linked to people."""
        router.get(start + "/variables", **_described(models.Variables), summary="The variables of linked rows")(
            self.linked_variables
        )
        router.get(
            start + "/variables/{variable}",
            **_described(models.Codes),
            summary="The codes of one variable of linked rows",
        )(self.linked_codes)
        counted = _described(models.LinkedCounts, BY_PARAMETER, FILTERS)
        router.get(start + "/counts", **counted, summary="Linked rows by codes, crossed")(self.linked_counts)
        for end, kind in TABLES.items():
            self._table(router, f"{start}/counts.{end}", self.linked_table(end), kind, (BY_PARAMETER, FILTERS))

    def _table(
        self,
        router: APIRouter,
        path: str,
        handler: Callable[..., Response],
        kind: str,
        own: Sequence[Mapping[str, Any]],
    ) -> None:
        media = kind.partition(";")[0]
        content = {media: {"schema": {"type": "string", "format": "binary"}}}
        router.get(
            path,
            response_class=Response,
            summary=f"The same as {media}",
            responses={200: {"description": "A table", "content": content}, **COUNTED_PROBLEMS, **REDIRECTS},
            openapi_extra={"parameters": list(own)},
        )(handler)

    # ---- releases ---------------------------------------------------------------------------------------------------

    def releases(self) -> Response:
        """Newest first; those of other hubs apart, with whose they are: their numbers must not be added to others."""
        found = [one.summary() for one in self._shelf.releases.values()]
        gone = [{"name": name, **one.as_dict()} for name, one in self._shelf.withdrawn.items()]
        latest = self._shelf.latest.name if found else None
        others = [one.summary() for one in self._shelf.included.values()]
        left = [_gone(line) for line in self._shelf.gone.values()]
        document = {"latest": latest, "releases": found, "withdrawn": gone, "included": others, "not_included": left}
        return _json(document, CHECK)

    def release(self, request: Request, release: ReleaseName) -> Response:
        """What it is, how to cite it, and every file of it with size and SHA-256."""
        return self._at(request, release, (), lambda found, _: _json(found.described()))

    # ---- words ------------------------------------------------------------------------------------------------------

    def variables(self, request: Request, release: ReleaseName, lang: Language = DEFAULT) -> Response:
        """With labels and definitions in one of five languages, and the groups that share a denominator."""
        self._require_language(lang)
        return self._at(
            request, release, (), lambda found, _: _json(_variables(found, found.people_words, lang)), words=True
        )

    def codes(
        self,
        request: Request,
        release: ReleaseName,
        variable: Annotated[str, Path(description="Name of a variable.")],
        lang: Language = DEFAULT,
    ) -> Response:
        """With their labels in one of five languages."""
        self._require_language(lang)
        return self._at(
            request, release, (), lambda found, _: _json(_codes(found, found.people_words, variable, lang)), words=True
        )

    def linked_variables(self, request: Request, release: ReleaseName, lang: Language = DEFAULT) -> Response:
        """Of the rows that are linked to people, such as perpetrators; those of people can be asked with them."""
        self._require_language(lang)
        return self._at(
            request, release, (), lambda found, _: _json(_variables(found, found.linked_words, lang)), words=True
        )

    def linked_codes(
        self,
        request: Request,
        release: ReleaseName,
        variable: Annotated[str, Path(description="Name of a variable of linked rows.")],
        lang: Language = DEFAULT,
    ) -> Response:
        """With their labels in one of five languages."""
        self._require_language(lang)
        return self._at(
            request, release, (), lambda found, _: _json(_codes(found, found.linked_words, variable, lang)), words=True
        )

    @staticmethod
    def _require_language(lang: str) -> None:
        if lang not in LANGUAGES:
            raise UserError("api.lang", "There are no labels in this language.", allowed=", ".join(LANGUAGES))

    # ---- numbers ----------------------------------------------------------------------------------------------------

    def counts(self, request: Request, release: ReleaseName) -> Response:
        """Of the people with the filters' codes: how many there are with each combination of the codes of `by`."""
        return self._at(request, release, (BY,), self._heavy(lambda *asked: _json(_counts(*asked))))

    def counts_table(self, end: str) -> Callable[..., Response]:
        """The same as csv or parquet."""

        def counts(request: Request, release: ReleaseName) -> Response:
            """One row for each combination of codes; the response's Link header leads to the release."""
            return self._at(request, release, (BY,), self._heavy(lambda one, asked: _counts_table(one, asked, end)))

        return counts

    def linked_counts(self, request: Request, release: ReleaseName) -> Response:
        """Of the linked rows with the filters' codes, of the row and of its person: how many have each combination."""
        answer = self._heavy(lambda *asked: _json(_linked_counts(*asked)))
        return self._at(request, release, (BY,), answer, linked=True)

    def linked_table(self, end: str) -> Callable[..., Response]:
        """The same as csv or parquet."""

        def rows(request: Request, release: ReleaseName) -> Response:
            """One row for each combination of codes; the response's Link header leads to the release."""
            answer = self._heavy(lambda one, asked: _linked_table(one, asked, end))
            return self._at(request, release, (BY,), answer, linked=True)

        return rows

    def flows(self, request: Request, release: ReleaseName) -> Response:
        """Corridors between countries that say enough, the largest first."""
        return self._at(request, release, (), self._heavy(lambda *asked: _json(_flows(*asked))))

    def flows_table(self, end: str) -> Callable[..., Response]:
        """The same as csv or parquet."""

        def corridors(request: Request, release: ReleaseName) -> Response:
            """One row for each corridor; the response's Link header leads to the release."""
            return self._at(request, release, (), self._heavy(lambda one, asked: _flows_table(one, asked, end)))

        return corridors

    def explore(self, request: Request, release: ReleaseName) -> Response:
        """One number with its interval for every code of every variable, or of those in `by`."""
        return self._at(request, release, (BY, OWN), self._heavy(lambda *asked: _json(_explore(*asked))))

    def _at(
        self,
        request: Request,
        release: str,
        reserved: Sequence[str],
        make: Callable[[Shelved, Question], Response],
        *,
        words: bool = False,
        linked: bool = False,
    ) -> Response:
        """The answer of a release, or the redirect to the one address of what was asked.

        words: it has a language and no question; linked: the question is about linked rows.
        """
        query = str(request.url.query)
        if release == LATEST:
            path = request.url.path.replace(f"/releases/{LATEST}", self._shelf.latest.address[len(API) :], 1)
            return RedirectResponse(path + (f"?{query}" if query else ""), 307, CHECK)
        found = self._shelf.find(release)
        if words:
            lang = request.query_params.get("lang", "")
            question = Question({}, canonical=f"lang={lang}" if lang not in ("", DEFAULT) else "")
        else:
            # Nothing here may open the release: that is done in a turn, by `make`.
            book = found.linked_words if linked else found.people_words
            question = read_question(request.query_params.multi_items(), book.schema, reserved, book.full_name)
        if query != question.canonical:
            return RedirectResponse(_address(request.url.path, question.canonical), 308, FOREVER)
        return make(found, question)

    def _heavy(self, make: Callable[[Shelved, Question], Response]) -> Callable[[Shelved, Question], Response]:
        """`make` in its turn: counting, and opening the release for it, take a processor and memory."""

        def in_turn(found: Shelved, question: Question) -> Response:
            with self._gate.turn():
                return make(found, question)

        return in_turn


def _gone(line: Included) -> dict[str, Any]:
    """A release of another hub that is not published any more."""
    said = line.as_dict()
    named = {name: said[name] for name in ("hub", "names", "id", "folder", "created", "titles", "publisher")}
    return {
        **named,
        "reason": said["gone"]["reason"],
        "withdrawn": said["gone"]["when"],
        "words": said["gone"]["words"],
    }


def _address(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _words(book: Wordbook, words: VariableWords, lang: str) -> dict[str, Any]:
    return {
        "name": words.name,
        "label": words.labels[lang],
        "definition": words.definitions[lang],
        "kind": words.kind,
        "group": words.group,
        "ordered": is_ordered(book.schema[words.name]),
        "codes": len(words.codes),
        "url": f"{book.address}/{words.name}",
    }


def _variables(found: Shelved, book: Wordbook, lang: str) -> dict[str, Any]:
    groups = [
        {"id": group.id, "label": group.labels[lang], "variables": list(group.variables)} for group in book.groups
    ]
    named = [_words(book, words, lang) for words in book.words.values()]
    return {**found.block, "lang": lang, "variables": named, "groups": groups}


def _codes(found: Shelved, book: Wordbook, variable: str, lang: str) -> dict[str, Any]:
    words = book.words.get(variable)
    if words is None:
        raise UserError("api.no_variable", "There is no variable of this name.", allowed=", ".join(book.words))
    codes = [{"code": one.code, "label": one.labels[lang]} for one in words.codes]
    return {**found.block, "lang": lang, "variable": _words(book, words, lang), "codes": codes}


def _asked(question: Question, by: Sequence[str]) -> dict[str, Any]:
    filters = {name: [code or None for code in codes] for name, codes in question.filters.items()}
    return {"filters": filters, "by": list(by)}


Counting = Counter | LinkedCounter


def _rows(found: Shelved, counter: Counting, question: Question) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    if not question.by:
        return [answers.total_row(counter.total(question.filters))], None
    counted = counter.count(question.filters, question.by)
    answers.require_few(len(counted.codes), found)
    return answers.rows_of(counted), None if counted.whole is None else told.number_value(counted.whole)


def _document(
    found: Shelved, question: Question, name: str, by: Sequence[str], rows: Any, whole: Any, total: Number
) -> dict[str, Any]:
    return {
        **found.block,
        "url": _address(f"{found.address}/{name}", question.canonical),
        "query": _asked(question, by),
        "total": told.number_value(total),
        "denominator": whole,
        "counts": rows,
    }


def _counts(found: Shelved, question: Question) -> dict[str, Any]:
    rows, whole = _rows(found, found.counter, question)
    return _document(found, question, "counts", question.by, rows, whole, found.counter.total(question.filters))


def _linked_counts(found: Shelved, question: Question) -> dict[str, Any]:
    rows, whole = _rows(found, found.linked, question)
    total = found.linked.total(question.filters)
    return {
        **_document(found, question, "linked/counts", question.by, rows, whole, total),
        "counted": "linked_rows",
    }


def _flows(found: Shelved, question: Question) -> dict[str, Any]:
    rows = answers.rows_of(*flows(found.counter, question.filters))
    return _document(
        found, question, "flows", flow_variables(found.counter), rows, None, found.counter.total(question.filters)
    )


def _counts_table(found: Shelved, question: Question, end: str) -> Response:
    return _table(found, _table_of(found.counter, question), end)


def _linked_table(found: Shelved, question: Question, end: str) -> Response:
    return _table(found, _table_of(found.linked, question), end)


def _table_of(counter: Counting, question: Question) -> pl.DataFrame:
    if not question.by:
        return answers.total_table(counter.total(question.filters))
    return told.table_of(counter.count(question.filters, question.by))


def _flows_table(found: Shelved, question: Question, end: str) -> Response:
    return _table(found, told.table_of(*flows(found.counter, question.filters)), end)


def _table(found: Shelved, table: pl.DataFrame, end: str) -> Response:
    body = answers.csv_bytes(table) if end == "csv" else answers.parquet_bytes(table, found.block)
    return Response(
        body, headers={**FOREVER, "Link": f'<{found.address}>; rel="describedby"', "Content-Type": TABLES[end]}
    )


def _explore(found: Shelved, question: Question) -> dict[str, Any]:
    explored = found.counter.explore(question.filters, question.by or None, own=question.own)
    return {
        **found.block,
        "url": _address(f"{found.address}/explore", question.canonical),
        "query": _asked(question, question.by or found.counter.variables),
        "total": told.number_value(explored.total),
        "variables": [answers.variable_answer(one) for one in explored.variables],
    }


def application(shelf: Shelf, gate: Gate | None = None) -> FastAPI:
    """The service for the releases of a shelf, without the headers and the cache that `service` puts around it.

    gate: how many heavy questions are answered at once, shared with whoever else answers some.
    """
    # A redirect by the framework would name the host that it was asked as, which behind nginx is not the readers'.
    app = FastAPI(
        title=current().data_titles[DEFAULT],
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(Addresses(shelf, gate).router())
    document = openapi()

    def described() -> Response:
        return _json(document, CHECK)

    async def user_error(request: Request, error: Exception) -> Response:
        detail = error.detail if isinstance(error, UserError) else no_address().detail
        return problem(detail, request.url.path)

    async def refused(request: Request, error: Exception) -> Response:
        return problem(no_address().detail, request.url.path)

    async def failed(request: Request, error: Exception) -> Response:
        detail = ErrorDetail("api.fault", "The service could not answer. This is a fault of ours.")
        return problem(detail, request.url.path, HTTPStatus.INTERNAL_SERVER_ERROR)

    app.get(f"{API}/openapi.json", include_in_schema=False)(described)
    app.get(f"{API}/", include_in_schema=False)(
        lambda: _json({"releases": f"{API}/releases", "openapi": f"{API}/openapi.json"}, CHECK)
    )
    app.get(API, include_in_schema=False)(lambda: RedirectResponse(f"{API}/", HTTPStatus.PERMANENT_REDIRECT))
    app.add_exception_handler(UserError, user_error)
    app.add_exception_handler(RequestValidationError, refused)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Exception, failed)
    return app


def openapi() -> dict[str, Any]:
    """The published description of the service (OpenAPI 3.1); the same for all releases."""
    routes = Addresses(Shelf({})).router().routes
    document: dict[str, Any] = get_openapi(
        title=current().data_titles[DEFAULT], version=VERSION, description=DESCRIPTION, routes=routes
    )
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = models.Problem.model_json_schema()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["operationId"] = "_".join(re.findall(r"\w+", path[len(API) :]))
    return document
