"""Who is let in, and what every answer carries."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ctdc.hub.workbench.door import CLOSED, HEADERS, Door, new_token
from ctdc.standard.languages import LANGUAGES

TOKEN = "t" * 43
NAME = "ctdc-workbench-8790"
HOST = "ctdc-0123456789abcdef.localhost:8790"
OWN = {"sec-fetch-site": "same-origin", "origin": "null"}


async def reached(request):
    return PlainTextResponse("inside", headers={"cache-control": "public", "content-security-policy": "own"})


APP = Starlette(routes=[Route("/{path:path}", reached, methods=["GET", "POST"])])


def client(host: str = HOST, cookie: str = TOKEN, **options) -> TestClient:
    door = Door(APP, HOST, TOKEN, NAME, **options)
    return TestClient(door, base_url=f"http://{host}", cookies={NAME: cookie} if cookie else {}, follow_redirects=False)


@pytest.mark.parametrize(
    "host",
    [
        "localhost:8790",
        "evil.example",
        "127.0.0.1:8790",
        HOST.replace("8790", "8791"),
        "ctdc-ab.localhost:8790",
        "[::1]:8790",
    ],
)
def test_another_name_of_this_machine_is_refused_even_with_the_cookie(host):
    assert client(host).get("/en/").status_code == 421


def test_the_key_becomes_a_cookie_and_leaves_the_address():
    answer = client(cookie="").get(f"/?key={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert f"{NAME}={TOKEN}" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("path", ["/", "/?key=", "/?key=wrong", f"/en/?key={TOKEN}", "/en/", "/assets/icon.svg"])
def test_nobody_gets_in_without_the_cookie(path):
    answer = client(cookie="").get(path)
    assert answer.status_code == 403
    assert "inside" not in answer.text
    assert set(CLOSED) == set(LANGUAGES)


@pytest.mark.parametrize("cookie", ["wrong", TOKEN[:-1], TOKEN + "x", "é"])
def test_another_cookie_opens_nothing(cookie):
    door = Door(APP, HOST, TOKEN, NAME)
    headers = {"cookie": f"{NAME}={cookie}".encode()}
    assert TestClient(door, base_url=f"http://{HOST}").get("/", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://evil.example"},
        {"sec-fetch-site": "cross-site", "origin": "null"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:9999"},  # another port of this machine
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "http://evil.example"},
    ],
)
def test_what_another_page_sends_is_not_taken(headers):
    assert client().post("/en/run/", headers=headers).status_code == 403


def test_what_a_page_of_ours_sends_is_taken():
    assert client().post("/en/run/", headers=OWN).text == "inside"
    assert client().post("/en/run/", headers={"origin": f"http://{HOST}"}).text == "inside"


def test_every_answer_carries_the_headers():
    for one in (client().get("/"), client(cookie="").get("/"), client("evil.example").get("/"), client().post("/")):
        assert {name: one.headers[name] for name in HEADERS} == HEADERS
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy


def test_pages_behind_a_door_may_have_a_policy_of_their_own_but_are_never_kept():
    answer = client(own_headers=True).get("/")
    assert answer.headers["content-security-policy"] == "own"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_tokens_are_long_and_never_the_same():
    assert len({new_token() for _ in range(50)}) == 50
    assert len(new_token()) >= 43
