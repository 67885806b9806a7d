"""A site below a prefix: what leads on leads below it, and everything else stays as it was."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Message

from ctdc.hub.studio.bench.prefixed import Prefixed

PREFIX = "/workbench/explore/001"
HTML = """<a href="/en/">x</a> <a href='/en/'>y</a> <a href="//else.where/"> <a href="#here"> <a href="en/">
<link href="/assets/a.css"><form action="/en/search/"><img src="/a.svg" alt="/not/this">
<main data-words="/w.json" data-code="/code" data-early="{&#34;a&#34;: &#34;/b&#34;}"
 data-long="/l.bin"><code>GET /api/v1/releases</code> href="/text" <b title="a > b" data-base="/api/v1/">/plain</b>"""
CSS = """@font-face { src: url("/assets/a.woff2"), url(/assets/b.woff2), url("c.woff2"), url("//else.where/d"); }"""


async def _page(request: Request) -> Response:
    seen = ",".join(sorted(request.headers))
    headers = {"ETag": '"x"', "X-Seen": seen, "X-Path": request.url.path, "Link": '</api/v1>; rel="up"'}
    return Response(HTML, headers=headers, media_type="text/html")


async def _style(request: Request) -> Response:
    return Response(CSS, media_type="text/css")


async def _numbers(request: Request) -> Response:
    return Response(b'{"path": "/en/"}', media_type="application/json")


async def _away(request: Request) -> Response:
    return RedirectResponse(request.query_params["to"], 308)


SITE = Starlette(
    routes=[
        Route("/", _page),
        Route("/en/", _page),
        Route("/release/x/codebook.html", _page),
        Route("/a.css", _style),
        Route("/n.json", _numbers),
        Route("/away", _away),
    ]
)


def ask(path: str, query: str = "", headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
    """What the prefixed site answers."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    given = [(b"host", b"localhost"), *((name.encode(), value.encode()) for name, value in (headers or {}).items())]
    scope: dict[str, Any] = {
        **{"type": "http", "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode()},
        **{"query_string": query.encode(), "headers": given, "root_path": "", "http_version": "1.1"},
        **{"server": ("localhost", 80), "client": ("127.0.0.1", 1)},
    }
    asyncio.run(Prefixed(SITE, PREFIX)(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(one.get("body", b"") for one in sent[1:]).decode()


def test_addresses_of_a_page_lead_below_the_prefix_and_its_words_stay() -> None:
    _, headers, body = ask(f"{PREFIX}/en/")
    changed = ('href="', "href='", 'action="', 'src="', 'data-words="', 'data-long="', 'data-base="')
    assert [body.count(f"{one}{PREFIX}/") for one in changed] == [2, 1, 1, 1, 1, 1, 1]
    left = (
        'href="//else.where/"',
        'href="#here"',
        'href="en/"',
        'alt="/not/this"',
        'data-code="/code"',
        "&#34;/b&#34;",
    )
    assert all(one in body for one in left)
    assert '<code>GET /api/v1/releases</code> href="/text"' in body and ">/plain</b>" in body
    assert body.replace(PREFIX, "") == HTML
    assert "etag" not in headers and "content-length" not in headers


def test_the_site_sees_its_own_paths_and_nothing_of_the_session() -> None:
    given = {"cookie": "session=secret", "authorization": "x", "accept-encoding": "gzip", "range": "bytes=0-1"}
    for path in (PREFIX, f"{PREFIX}/", f"{PREFIX}/en/"):
        status, headers, _ = ask(path, headers={**given, "accept": "text/html"})
        assert (status, headers["x-seen"]) == (200, "accept,host")
        assert headers["x-path"] == (path.removeprefix(PREFIX) or "/")


def test_styles_lead_below_the_prefix() -> None:
    body = ask(f"{PREFIX}/a.css")[2]
    assert body.count(PREFIX) == 2 and body.replace(PREFIX, "") == CSS


def test_what_is_no_page_is_passed_on_as_it_is() -> None:
    _, headers, body = ask(f"{PREFIX}/n.json")
    assert (body, headers["content-length"]) == ('{"path": "/en/"}', "16")


@pytest.mark.parametrize(
    ("to", "led"),
    [
        ("/api/v1/x?a=1", f"{PREFIX}/api/v1/x?a=1"),
        ("http://localhost/en/", f"{PREFIX}/en/"),
        ("https://else.where/en/", "https://else.where/en/"),
    ],
)
def test_redirects_lead_below_the_prefix(to: str, led: str) -> None:
    assert ask(f"{PREFIX}/away", f"to={to.replace('?', '%3F')}")[1]["location"] == led


def test_files_of_a_release_are_passed_on_byte_for_byte() -> None:
    _, headers, body = ask(f"{PREFIX}/release/x/codebook.html")
    assert body == HTML and headers["content-length"] == str(len(HTML))


def test_links_in_headers_lead_below_the_prefix() -> None:
    assert ask(f"{PREFIX}/en/")[1]["link"] == f'<{PREFIX}/api/v1>; rel="up"'
