"""deploy/nginx.conf: nginx started with it answers as 'ctdc serve' does, header by header."""

import gzip
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
import uvicorn
from tests.support.invented_release import write_release
from tests.support.processes import free_port

from ctdc.hub.api.service import HEADERS, service
from ctdc.hub.api.shelf import API, open_shelf
from ctdc.hub.feedback.queue import Queue
from ctdc.hub.feedback.service import feedback_service
from ctdc.hub.site.about.listening import FORM_END, FORM_START
from ctdc.hub.site.serve import (
    ASKED_FIRST,
    CONTENT_TYPES,
    OPEN,
    OPEN_HEADERS,
    SECURITY_HEADERS,
    application,
    bind,
)
from ctdc.hub.usage.lines import add_lines, nginx_maps

pytestmark = pytest.mark.slow

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx.conf"
# What each server says of itself, of the moment and of the connection. ETags are made in different ways, and compared
# for what they do; nginx also sends the date of change, and compressed bodies in chunks.
OF_THE_SERVER = {"server", "date", "connection", "keep-alive", "etag", "last-modified", "transfer-encoding"}
BIG = "id,value\n" + "".join(f"{number},x\n" for number in range(5000))


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def compared(self) -> dict[str, str]:
        """The headers that both servers must agree on; of compressed and refused answers without their length."""
        skipped = OF_THE_SERVER if self.status in (200, 206) else OF_THE_SERVER | {"content-length", "content-type"}
        # A part, and a compressed body that nginx makes on the way, do not say again that there are parts.
        shortened = self.status == 206 or "content-encoding" in self.headers
        return {
            name: text
            for name, text in self.headers.items()
            if name not in skipped
            and not (shortened and name == "accept-ranges")
            and not ("content-encoding" in self.headers and name == "content-length")
        }


def ask(port: int, address: str, method: str = "GET", **headers: str) -> Answer:
    connection = HTTPConnection("127.0.0.1", port)
    connection.request(method, address, headers={name.replace("_", "-"): text for name, text in headers.items()})
    response = connection.getresponse()
    found = {name.lower(): text for name, text in response.getheaders()}
    answer = Answer(response.status, found, response.read())
    connection.close()
    return answer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a file of every type, at an address that changes and at one that never does."""
    outside = tmp_path_factory.mktemp("nginx-site")
    site = outside / "site"
    for place in ("en", "assets", "en/charts/sex/embed", "releases/twin-0123456789ab/data", "en/releases"):
        (site / place).mkdir(parents=True)
    (site / "en/index.html").write_text("<h1>Hello</h1>")
    (site / "404.html").write_text("<h1>Nothing</h1>")
    (site / "releases/twin-0123456789ab/data/synthetic.csv").write_text(BIG)
    for page in ("en/charts/sex/index.html", "en/charts/sex/embed/index.html", "en/releases/index.html"):
        (site / page).write_text("<h1>Page</h1>")
    (site / "catalogue.jsonld").write_text("{}")
    for suffix in CONTENT_TYPES:
        (site / f"file{suffix}").write_text("content " * 50)
        (site / f"en/charts/sex{suffix}").write_text("content " * 50)
        (site / f"releases/twin-0123456789ab/file{suffix}").write_text("content " * 50)
        (site / f"assets/file{suffix}").write_text("content " * 50)
    (site / "assets/file.unknown").write_text("content")
    (outside / "secret.txt").write_text("secret")
    (site / "link.txt").symlink_to(outside / "secret.txt")
    return site


def configuration(folder: Path, port: int, behind: int, counted: bool = False) -> str:
    """deploy/nginx.conf with what its operator changes, inside the least that nginx starts with."""
    text = CONFIGURATION.read_text()
    text = re.sub(r"proxy_cache_path \S+", "proxy_cache_path counts", text)
    text = re.sub(r"server 127.0.0.1:8000;", f"server 127.0.0.1:{behind};", text)
    text = re.sub(r"listen 80 [^;]*;", f"listen 127.0.0.1:{port};", text)
    text = re.sub(r"listen \[::\]:80 [^;]*;", "", text)
    text = re.sub(r"root [^;]*;", f"root {folder};", text)
    if counted:
        text = nginx_maps() + text.replace("access_log off;", "access_log usage.log ctdc_usage if=$ctdc_counted;")
    paths = "".join(f"{kind}_temp_path temp;\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{}}\nhttp {{\n{paths}{text}\n}}\n"


@contextmanager
def nginx(folder: Path, work: Path, behind: int = 9, counted: bool = False) -> Iterator[int]:
    """nginx on a free port, while the context is open. behind: the port of the service; counted: whether it counts."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("nginx is not installed (looked for it in PATH, /usr/sbin and /usr/local/sbin)")
    port = free_port()
    (work / "nginx.conf").write_text(configuration(folder, port, behind, counted))
    process = subprocess.Popen(
        [program, "-p", str(work), "-c", "nginx.conf", "-e", "stderr"], stderr=subprocess.PIPE, text=True
    )
    try:
        while process.poll() is None:
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        yield port
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture(scope="module")
def ports(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Where nginx and 'ctdc serve' show the same folder."""
    with nginx(folder, tmp_path_factory.mktemp("nginx")) as other, bind("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(application(folder), log_level="warning", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield other, listener.getsockname()[1]
        server.should_exit = True
        thread.join()


RELEASE = "/releases/twin-0123456789ab/"
DATA = f"{RELEASE}data/synthetic.csv"
CHARTS = "/en/charts/"
ADDRESSES = [
    "/en/",
    "/en/index.html",
    "/en",
    "/en/?question=1",
    "/",
    "/nowhere",
    "/assets",
    "/assets/",
    "/assets/missing.css",
    RELEASE,
    "/en/releases/",
    f"{CHARTS}sex/",
    f"{CHARTS}sex/embed/",
    f"{CHARTS}missing.csv",
    "/catalogue.jsonld",
    "/link.txt",
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/assets/file.unknown",
    DATA,
    *[f"/{folder}file{suffix}" for suffix in CONTENT_TYPES for folder in ("", "assets/")],
    *[f"{address}{suffix}" for suffix in CONTENT_TYPES for address in (f"{CHARTS}sex", f"{RELEASE}file")],
]


def security_headers(address: str, status: int = 200) -> dict[str, str]:
    """What an answer has to say, by the server's own rule; a chart alone may be framed."""
    if address.endswith("/embed/"):
        return {name: text for name, text in SECURITY_HEADERS.items() if "frame" not in (name + text).lower()}
    return OPEN_HEADERS if status != 404 and OPEN.fullmatch(address) else SECURITY_HEADERS


@pytest.mark.parametrize("headers", [{}, {"Accept_Encoding": "gzip"}], ids=["plain", "gzip"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_same_answer_and_headers(ports, address, headers):
    here, there = (ask(port, address, **headers) for port in ports)
    if here.status == 400:  # nginx refuses an address that climbs out of the site before it looks for it
        assert ".." in address or "%2e" in address
        assert there.status == 404
        return
    assert here.status == there.status
    assert here.compared == there.compared
    expected = security_headers(address, here.status)
    assert {name: here.headers.get(name.lower()) for name in expected} == expected
    if expected is not OPEN_HEADERS:
        assert not [name for name in here.headers if name.startswith("access-control")]
    if here.status == 200:
        unpacked = [gzip.decompress(a.body) if "content-encoding" in a.headers else a.body for a in (here, there)]
        assert unpacked[0] == unpacked[1]


@pytest.mark.parametrize("address", [DATA, f"{CHARTS}sex.png", "/catalogue.jsonld", f"{CHARTS}missing.csv"])
def test_who_asks_before_reading_open_data_is_told_the_same(ports, address):
    here, there = (
        ask(port, address, "OPTIONS", Origin="https://other.example", Access_Control_Request_Headers="range")
        for port in ports
    )
    expected = {**OPEN_HEADERS, **ASKED_FIRST}
    assert (here.status, here.body) == (there.status, there.body) == (204, b"")
    assert here.compared == there.compared
    assert {name: here.headers.get(name.lower()) for name in expected} == expected


@pytest.mark.parametrize("address", ["/en/", f"{CHARTS}sex/", "/assets/file.css", f"{RELEASE}file.html"])
def test_who_asks_before_reading_a_page_is_told_nothing(ports, address):
    here, there = (ask(port, address, "OPTIONS", Origin="https://other.example") for port in ports)
    assert here.status == there.status == 405
    assert here.compared == there.compared
    assert not [name for name in here.headers if name.startswith("access-control")]


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("address", ["/en/", DATA])
def test_same_methods(ports, method, address):
    here, there = (ask(port, address, method) for port in ports)
    assert here.status == there.status == (200 if method == "HEAD" else 405)
    assert here.compared == there.compared


@pytest.mark.parametrize("encoding", [{}, {"Accept_Encoding": "gzip"}], ids=["plain", "gzip"])
@pytest.mark.parametrize("part", ["bytes=0-9", "bytes=-5", "bytes=100-"])
@pytest.mark.parametrize("address", [DATA, "/assets/file.css", "/assets/file.html"])
def test_same_parts_of_files(ports, address, part, encoding):
    here, there = (ask(port, address, Range=part, **encoding) for port in ports)
    assert here.status == there.status == 206
    assert here.body == there.body
    assert here.compared == there.compared


@pytest.mark.parametrize("encoding", [{}, {"Accept_Encoding": "gzip"}], ids=["plain", "gzip"])
def test_both_say_when_a_copy_is_still_good(ports, encoding):
    for port in ports:
        first = ask(port, "/en/", **encoding)
        again = ask(port, "/en/", If_None_Match=first.headers["etag"], **encoding)
        assert again.status == 304
        assert again.headers["cache-control"] == "no-cache"
        assert again.headers["vary"] == "Accept-Encoding"
        assert ask(port, "/en/", If_None_Match='"other"', **encoding).status == 200


def test_nothing_is_logged_of_visitors(folder, tmp_path):
    with nginx(folder, tmp_path) as port:
        for address in ("/en/", "/nowhere", "/link.txt", "/en"):
            ask(port, address)
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in ("nginx.conf", "nginx.pid")]
    assert written == []


def test_what_is_counted_holds_nothing_of_visitors_and_of_addresses(folder, tmp_path):
    with nginx(folder, tmp_path, counted=True) as port:
        for address in (
            "/en/",
            "/en/?q=secret",
            "/en/countries/nowhere/",
            "/assets/file.css",
            "/api/v1/releases",
            DATA,
        ):
            ask(port, address, User_Agent="Secret-Browser/1", Referer="https://secret.example/")
        ask(port, "/en/", "HEAD")
    (log,) = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in ("nginx.conf", "nginx.pid")]
    lines = log.read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        "home en 200",
        "home en 200",
        "country en 404",
        "api - 502",
        "files - 200",
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d [a-z]+ (?:-|[a-z]{2}) \d{3}", line) for line in lines)
    assert add_lines(log, tmp_path / "usage").counted == 5


def test_the_file_and_the_server_have_the_same_headers_and_types():
    """What needs no nginx: names, values and types are written the same in both."""
    text = CONFIGURATION.read_text()
    # Frames are for nobody, but for the pages of a chart alone; and files are for this site's pages, but for open data.
    variables = {"X-Frame-Options": "$ctdc_frame", "Cross-Origin-Resource-Policy": "$ctdc_policy"}
    for name, value in SECURITY_HEADERS.items():
        written = value.replace("frame-ancestors 'none'", "frame-ancestors $ctdc_ancestors")
        expected = variables.get(name, f'"{written}"')
        assert f"add_header {name} {expected} always;" in text
    assert re.search(r"default +\"'none'\";", text)
    assert 'default "DENY";' in text
    assert re.search(r'default +"same-origin";', text)
    for value in (*OPEN_HEADERS.values(), *ASKED_FIRST.values()):
        assert f'"{value}"' in text or value in SECURITY_HEADERS.values()
    for suffix, kind in CONTENT_TYPES.items():
        assert f"{kind.split(';')[0]} {suffix[1:]};" in text


@contextmanager
def counts_service(release: Path) -> Iterator[int]:
    """The counts service alone on a free port, as its own process would run it."""
    with bind("127.0.0.1", 0) as listener:
        config = uvicorn.Config(
            service(open_shelf(release)), log_level="warning", access_log=False, server_header=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def test_counts_come_through_nginx_with_the_headers_of_the_service(folder: Path, tmp_path: Path) -> None:
    release = write_release(tmp_path / "release")
    at = f"{API}/releases/{release.name}/counts?by=gender"
    work = tmp_path / "work"
    work.mkdir()
    with counts_service(release) as behind, nginx(folder, work, behind) as port:
        direct, first, second = ask(behind, at), ask(port, at), ask(port, at)
        assert (first.status, first.body) == (200, direct.body)
        assert (first.headers["x-cache"], second.headers["x-cache"]) == ("MISS", "HIT")
        for name in (*HEADERS, "etag", "cache-control", "content-type"):
            assert first.headers[name] == second.headers[name] == direct.headers[name]
        assert ask(port, at, If_None_Match=first.headers["etag"]).status == 304
        squeezed = ask(port, at, Accept_Encoding="gzip")
        assert gzip.decompress(squeezed.body) == direct.body
        assert squeezed.headers["etag"] != first.headers["etag"]
        missing = ask(port, f"{API}/nothing")
        assert (missing.status, missing.headers["content-type"]) == (404, "application/problem+json")
        newest = ask(port, f"{API}/releases/latest/counts?by=gender")
        assert (newest.status, newest.headers["location"]) == (307, at)
        assert ask(port, at, "POST").status == 405
        assert ask(port, "/en/").headers["x-frame-options"] == SECURITY_HEADERS["X-Frame-Options"]


def test_the_form_is_passed_on_once_and_a_closed_service_shows_the_page(tmp_path):
    """With the service behind it, and without: headers once, the sender's limit, nothing written by nginx."""
    site, work = tmp_path / "site", tmp_path / "work"
    (site / "en/feedback").mkdir(parents=True)
    (site / "en/feedback/index.html").write_text(f"<p>before</p>{FORM_START}closed{FORM_END}")
    work.mkdir()
    queue = Queue(tmp_path / "queue")
    with bind("127.0.0.1", 0) as listener:
        behind = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(feedback_service(site, queue), log_level="warning", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with nginx(site, work, behind) as port:
            form = ask(port, "/en/feedback/?about=/en/data/")
            assert form.status == 200
            assert b"<form" in form.body
            assert (
                SECURITY_HEADERS.items() <= {name: form.headers.get(name.lower()) for name in SECURITY_HEADERS}.items()
            )
            sent = [post(port, f"127.0.0.1:{port}") for _ in range(9)]
            assert sent[:5] == [303] * 5
            assert sent[-1] == 429
            assert post(port, "evil.example") in (403, 429)
            assert len(list(queue.messages())) == 5
            server.should_exit = True
            thread.join()
            listener.close()
            closed = ask(port, "/en/feedback/")
            assert (closed.status, b"closed" in closed.body) == (200, True)
            assert (
                SECURITY_HEADERS.items()
                <= {name: closed.headers.get(name.lower()) for name in SECURITY_HEADERS}.items()
            )
    written = [path for path in work.rglob("*") if path.is_file() and path.name not in ("nginx.conf", "nginx.pid")]
    assert written == []


def post(port: int, origin: str) -> int:
    connection = HTTPConnection("127.0.0.1", port)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{origin}"}
    connection.request("POST", "/en/feedback/", "message=x", headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_question_to_the_explorer_goes_to_the_service_and_else_to_the_page(tmp_path):
    """'service' is another folder that is served where 'ctdc serve' would be."""
    for name in ("site", "service", "work"):
        (tmp_path / name / "en" / "explorer").mkdir(parents=True)
        (tmp_path / name / "en" / "explorer" / "index.html").write_text(name)
    question = "/en/explorer/?gender=Woman"
    site, work = tmp_path / "site", tmp_path / "work"
    with bind("127.0.0.1", 0) as listener, nginx(site, work, listener.getsockname()[1]) as port:
        server = uvicorn.Server(uvicorn.Config(application(tmp_path / "service"), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        answered, page = ask(port, question), ask(port, "/en/explorer/")
        server.should_exit = True
        thread.join()
    assert (answered.body, page.body) == (b"service", b"site")
    for name, text in SECURITY_HEADERS.items():
        assert answered.headers[name.lower()] == text
    with nginx(site, work) as port:
        alone, inside = ask(port, question), ask(port, "/ctdc-question/en/explorer/")
    assert (alone.status, alone.body, inside.status) == (200, b"site", 404)


def test_a_chart_of_some_people_goes_to_the_service_and_else_to_the_explorer(tmp_path):
    """Its page, the chart alone and its files; 'service' is a folder as above."""
    site, work, chart = tmp_path / "site", tmp_path / "work", "en/explorer/charts/variable-gender"
    for folder in (site, work, tmp_path / "service" / chart / "embed"):
        folder.mkdir(parents=True)
    for name in ("/index.html", "/embed/index.html", ".metadata.json"):
        (tmp_path / "service" / f"{chart}{name}").write_text(name)
    (site / "404.html").write_text("not here")
    addresses = [f"/{chart}{part}?ageBroad=09--17" for part in ("/", "/embed/", ".metadata.json")]
    with bind("127.0.0.1", 0) as listener, nginx(site, work, listener.getsockname()[1]) as port:
        server = uvicorn.Server(uvicorn.Config(application(tmp_path / "service"), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        page, alone, file = (ask(port, address) for address in addresses)
        server.should_exit = True
        thread.join()
    assert (page.body, alone.body, file.body) == (b"/index.html", b"/embed/index.html", b".metadata.json")
    assert (page.headers["x-frame-options"], alone.headers.get("x-frame-options")) == ("DENY", None)
    assert file.headers["access-control-allow-origin"] == "*"
    with nginx(site, work) as port:
        page, alone, file, deep = (ask(port, address) for address in (*addresses, f"/{chart}/more/?ageBroad=09--17"))
    to = "/en/explorer/?ageBroad=09--17&show=variable-gender#variable-gender"
    assert (page.status, page.headers["location"]) == (302, to)
    # Within a page of others the explorer would be refused, and no file can be it.
    assert [(one.status, one.body) for one in (alone, file, deep)] == [(404, b"not here")] * 3
