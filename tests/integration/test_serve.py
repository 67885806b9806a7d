"""The server's answers: headers, ETags, ranges, compression, and nothing but the indexed files."""

import gzip
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path

import pytest
import uvicorn
from starlette.testclient import TestClient

from ctdc.foundation.files import replacing_folder
from ctdc.hub.site import serve
from ctdc.hub.site.serve import ASKED_FIRST, OPEN_HEADERS, SECURITY_HEADERS, application, bind

BIG = "id,value\n" + "".join(f"{number},x\n" for number in range(5000))


@dataclass(frozen=True)
class Answer:
    """What the server sent, undecoded."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Client:
    """Sends addresses exactly as given; a browser would tidy them up first."""

    def __init__(self, port: int) -> None:
        self.port = port

    def send(self, method: str, address: str, **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request(method, address, headers={name.replace("_", "-"): text for name, text in headers.items()})
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    def get(self, address: str, **headers: str) -> Answer:
        return self.send("GET", address, **headers)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    outside = tmp_path_factory.mktemp("serve")
    folder = outside / "site"
    (folder / "en").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "en/index.html").write_text("<h1>Hello</h1>")
    (folder / "404.html").write_text("<h1>Nothing</h1>")
    (folder / "data.csv").write_text(BIG)
    (folder / "assets/x.css").write_text("body{}")
    (outside / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(outside / "secret.txt")
    with bind("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(application(Path(folder)), log_level="warning", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield Client(listener.getsockname()[1])
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("address", ["/en/", "/data.csv", "/nowhere", "/en", "/assets/x.css"])
def test_every_answer_carries_the_headers(client, address):
    answer = client.get(address)
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "set-cookie" not in answer.headers


OPENED = [
    "/release/a-0123/data/synthetic.parquet",
    "/releases/a-0123/data/synthetic.csv",
    "/releases/a-0123/metadata/CITATION.cff",
    "/releases/a-0123/manifest.json",
    "/ar/charts/sex.png",
    "/en/charts/sex.metadata.json",
    "/catalogue.jsonld",
]
CLOSED = [
    "/en/index.html",
    "/en/charts/sex/index.html",
    "/en/charts/sex/embed/index.html",
    "/en/explorer/words.json",
    "/en/feedback/index.html",
    "/en/releases/a-0123/index.html",
    "/releases/a-0123/about/privacy.en.html",
    "/assets/explorer-core.bin",
    "/site.json",
    "/catalogue.json",
]


@pytest.fixture(scope="module")
def open_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("open")
    for address in (*OPENED, *CLOSED):
        path = folder / address[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("0123456789")
    with TestClient(application(folder)) as client:
        yield client


@pytest.mark.parametrize("address", OPENED)
def test_pages_of_others_may_read_open_data_whole_in_parts_and_again(open_data, address):
    tag = open_data.get(address, headers={"Accept-Encoding": "identity"}).headers["etag"]
    asked = ({}, {"Range": "bytes=2-4"}, {"If-None-Match": tag}, {"Accept-Encoding": "gzip"})
    answers = [open_data.get(address, headers={"Origin": "https://other.example", **own}) for own in asked]
    assert [answer.status_code for answer in answers] == [200, 206, 304, 200]
    for answer in answers:
        assert {name: answer.headers[name] for name in OPEN_HEADERS} == OPEN_HEADERS
        assert "access-control-allow-credentials" not in answer.headers
    exposed = OPEN_HEADERS["Access-Control-Expose-Headers"]
    assert all(name in answers[1].headers and name in exposed for name in ("Content-Range", "ETag"))


@pytest.mark.parametrize("address", OPENED)
def test_a_browser_that_asks_first_is_told_that_it_may_read_and_nothing_else(open_data, address):
    answer = open_data.options(address, headers={"Origin": "https://other.example"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert {name: answer.headers[name] for name in ASKED_FIRST} == ASKED_FIRST
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    refused = open_data.post(address)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("address", CLOSED)
def test_pages_of_others_may_read_nothing_else(open_data, address):
    for answer in (open_data.get(address), open_data.options(address)):
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert open_data.options(address).status_code == 405


def test_what_is_not_there_is_not_open(open_data):
    answer = open_data.get("/releases/a-0123/missing.csv")
    assert answer.status_code == 404
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_other_methods_are_refused_with_headers(client):
    answer = client.send("POST", "/en/")
    assert answer.status == 405
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_folder_without_slash_leads_to_the_one_with(client):
    assert client.get("/en").headers["location"] == "/en/"


OUTSIDE = ["/../secret.txt", "/%2e%2e/secret.txt", "/link.txt", "/en/../../secret.txt", "//x"]


@pytest.mark.parametrize("address", OUTSIDE)
def test_nothing_outside_is_reachable(client, address):
    answer = client.get(address)
    assert answer.status == 404
    assert "secret" not in answer.text


def test_etag_saves_the_second_transfer(client):
    squeezed, plain = client.get("/data.csv", Accept_Encoding="gzip"), client.get("/data.csv")
    assert plain.headers["etag"] != squeezed.headers["etag"]
    for answer in (squeezed, plain):
        assert client.get("/data.csv", If_None_Match=answer.headers["etag"]).status == 304
    assert client.get("/data.csv", If_None_Match='"other"').status == 200


def test_a_file_that_has_changed_has_another_tag_and_is_sent_as_it_is_now(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<h1>Old</h1>")
    with TestClient(application(tmp_path)) as own:
        old = own.get("/page.html")
        page.write_text("<h1>Newer</h1>")
        new = own.get("/page.html", headers={"If-None-Match": old.headers["etag"]})
        assert (new.status_code, new.text) == (200, "<h1>Newer</h1>")
        assert new.headers["etag"] != old.headers["etag"]
        assert own.get("/page.html", headers={"If-None-Match": new.headers["etag"]}).status_code == 304
        page.unlink()
        assert own.get("/page.html").status_code == 404


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_a_page_that_is_replaced_while_it_is_asked_for_comes_whole_and_with_its_own_tag(
    tmp_path, monkeypatch, accepted
):
    folder = tmp_path / "site"

    def built(words):
        with replacing_folder(folder) as new:
            (new / "page.html").write_text(words)

    built("<h1>Old</h1>")
    looked = serve.as_it_is

    def replaced_after(files, address):
        found = looked(files, address)
        if (folder / "page.html").stat().st_size < 100:
            built("<h1>New</h1>" * 100)  # between the look at it and the sending
        return found

    monkeypatch.setattr(serve, "as_it_is", replaced_after)
    with TestClient(application(folder)) as own:
        first, second = (own.get("/page.html", headers={"Accept-Encoding": accepted}) for _ in range(2))
    assert first.text == second.text == "<h1>New</h1>" * 100
    assert first.headers["etag"] == second.headers["etag"]


def test_a_site_built_in_the_place_of_another_has_its_assets(tmp_path):
    folder = tmp_path / "site"

    def built(name):
        with replacing_folder(folder) as new:
            (new / "assets").mkdir()
            (new / f"assets/site.{name}.css").write_text(name)
            (new / "assets/link.css").symlink_to(tmp_path / "secret.css")
            (new / "page.html").write_text(f"site.{name}.css")

    (tmp_path / "secret.css").write_text("secret")
    built("one")
    with TestClient(application(folder)) as own:
        assert own.get("/assets/site.two.css").status_code == 404
        for name in ("two", "three"):
            built(name)
            answer = own.get(f"/assets/{own.get('/page.html').text}")
            assert (answer.status_code, answer.text) == (200, name)
            assert answer.headers["content-type"] == "text/css; charset=utf-8"
            assert own.get("/assets/link.css").status_code == 404
            assert own.get("/assets/../../secret.css").status_code == 404


def test_compression_only_when_asked_for(client):
    answer = client.get("/data.csv", Accept_Encoding="br, gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body).decode() == BIG
    for accepted in ("identity", "gzip;q=0", ""):
        plain = client.get("/data.csv", Accept_Encoding=accepted)
        assert "content-encoding" not in plain.headers
        assert plain.headers["vary"] == "Accept-Encoding"


def test_ranges_are_of_the_uncompressed_file(client):
    answer = client.get("/data.csv", Range="bytes=3-7", Accept_Encoding="gzip")
    assert answer.status == 206
    assert answer.text == BIG[3:8]
    assert client.get("/data.csv", Range="bytes=99999999-").status == 416


def test_caching(client):
    assert "immutable" in client.get("/assets/x.css").headers["cache-control"]
    assert client.get("/en/").headers["cache-control"] == "no-cache"


def test_head_has_no_body(client):
    answer = client.send("HEAD", "/data.csv")
    assert answer.body == b""
    assert answer.headers["content-length"] == str(len(BIG))


def test_small_answers_do_not_wait_for_more_to_send():
    """asyncio switches Nagle's algorithm off for sockets that name their protocol, and only for those."""
    with bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
