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
from ctdc.hub.site.serve import SECURITY_HEADERS, application, bind

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
