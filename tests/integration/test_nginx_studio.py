"""deploy/nginx-studio.conf: what passes through is written nowhere, and it replaces what browsers say of themselves."""

import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from tests.support.processes import free_port

from ctdc.hub.site.serve import bind
from ctdc.hub.studio.bench.rooms import MOST_FILE
from ctdc.hub.studio.settings import FILE_UPLOAD_MAX_MEMORY_SIZE

pytestmark = pytest.mark.slow
DEPLOY = Path(__file__).parents[2] / "deploy"


async def tell(request: Request) -> JSONResponse:
    """What arrives: headers, and how many bytes."""
    return JSONResponse({"headers": dict(request.headers), "bytes": len(await request.body())})


def certificate(folder: Path) -> None:
    """A certificate that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "studio.example.org")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    (folder / "studio.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "studio.key").write_bytes(key.private_bytes(pem, form, plain))


def configuration(work: Path, port: int, behind: int) -> str:
    text = (DEPLOY / "nginx-studio.conf").read_text()
    text = text.replace("server 127.0.0.1:8800;", f"server 127.0.0.1:{behind};")
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    text = text.replace("/etc/ssl/studio.example.org.", f"{work}/studio.").replace("/var/log/nginx/", f"{work}/")
    paths = "".join(f"{kind}_temp_path {work}/temp-{kind};\n" for kind in ("client_body", "proxy"))
    paths += "".join(f"{kind}_temp_path {work}/other;\n" for kind in ("fastcgi", "uwsgi", "scgi"))
    return f"daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{}}\nhttp {{\n{paths}{text}\n}}\n"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The port of nginx, and its folder."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("nginx is not installed (looked for it in PATH, /usr/sbin and /usr/local/sbin)")
    work = tmp_path_factory.mktemp("nginx-studio")
    certificate(work)
    with bind("127.0.0.1", 0) as listener:
        app = Starlette(routes=[Route("/{path:path}", tell, methods=["GET", "POST"])])
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        port = free_port()
        (work / "nginx.conf").write_text(configuration(work, port, listener.getsockname()[1]))
        command = [program, "-p", str(work), "-c", "nginx.conf", "-e", "stderr"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while process.poll() is None:
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        yield port, work
        process.terminate()
        process.communicate()
        server.should_exit = True
        thread.join()


def ask(port: int, body: bytes, path: str = "/people/join/SECRET/", **headers: str) -> tuple[int, bytes]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = HTTPSConnection("127.0.0.1", port, context=context)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    connection.request("POST", path, body, named)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_what_a_browser_says_of_its_address_is_replaced(studio: tuple[int, Path]) -> None:
    said = {"X_Forwarded_Proto": "http", "X_Forwarded_For": "203.0.113.9", "Host": "studio.example.org"}
    status, body = ask(studio[0], b"x", **said)
    headers = json.loads(body)["headers"]
    assert status == 200
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["host"] == "studio.example.org"


def test_a_file_passes_through_and_rests_nowhere(studio: tuple[int, Path]) -> None:
    port, work = studio
    status, body = ask(port, b"A" * FILE_UPLOAD_MAX_MEMORY_SIZE)
    assert (status, json.loads(body)["bytes"]) == (200, FILE_UPLOAD_MAX_MEMORY_SIZE)
    assert not any(path.is_file() for folder in work.glob("temp-*") for path in folder.rglob("*"))
    assert ask(port, b"A" * (FILE_UPLOAD_MAX_MEMORY_SIZE + 1))[0] == 413


def test_a_table_for_the_workbench_passes_through_and_rests_nowhere(studio: tuple[int, Path]) -> None:
    port, work = studio
    body = b"A" * (4 * FILE_UPLOAD_MAX_MEMORY_SIZE)
    status, said = ask(port, body, "/workbench/en/file/")
    assert (status, json.loads(said)["bytes"]) == (200, len(body))
    assert json.loads(said)["headers"]["x-forwarded-proto"] == "https"
    assert not any(path.is_file() for folder in work.glob("temp-*") for path in folder.rglob("*"))
    assert ask(port, b"A", "/workbench/en/file/", Content_Length=str(MOST_FILE + 1_000_000))[0] == 413
    assert ask(port, body, "/workbenches/")[0] == 413, "everything else as before"


def test_no_address_is_written_down(studio: tuple[int, Path]) -> None:
    port, work = studio
    ask(port, b"x")
    written = "".join(path.read_text(errors="replace") for path in work.glob("*.log"))
    assert "SECRET" not in written


@pytest.mark.parametrize("name", ["ctdc-studio.service", "ctdc-studio-worker.service"])
def test_services_give_no_rights(name: str) -> None:
    text = (DEPLOY / name).read_text()
    for line in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=\n",
        "LimitCORE=0",
        "UMask=0077",
    ):
        assert line in text
    assert re.search(r"^User=ctdc-studio$", text, re.MULTILINE)


def test_a_run_that_takes_too_much_memory_ends_alone() -> None:
    assert "\nOOMPolicy=continue\n" in (DEPLOY / "ctdc-studio.service").read_text()


def test_only_the_worker_is_given_keys() -> None:
    pages = (DEPLOY / "ctdc-studio.service").read_text()
    assert "--no-worker" in pages
    assert "vault" not in re.sub(r"^#.*$", "", pages, flags=re.MULTILINE)
