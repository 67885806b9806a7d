"""`ctdc release include` and `renew` over https, as a person uses them, on this machine."""

import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.support.another_hub import AnotherHub, another_hub, write_partners

import ctdc
from ctdc.cli.release import command
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_tree
from ctdc.release.certificate.keys import make_key
from ctdc.release.manifest import read_manifest
from ctdc.release.tombstones import FORMAT, Tombstone, bury

pytestmark = pytest.mark.slow


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, a redirect to another host, and an answer that never ends."""

    def do_GET(self) -> None:
        if self.path.startswith("/elsewhere/"):
            self.send_response(302)
            self.send_header("Location", "https://example.org/manifest.json")
            self.end_headers()
            return
        if self.path.startswith("/endless/"):
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 100_000)
            except OSError:
                return
        super().do_GET()

    def log_message(self, *_: Any) -> None:
        pass


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine by nobody, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def north(tmp_path_factory: pytest.TempPathFactory) -> AnotherHub:
    return another_hub(tmp_path_factory.mktemp("north"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def address(north: AnotherHub, authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The other hub's site: its releases, at an address of this machine."""
    cert, key = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(north.folder)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def partners(north: AnotherHub, address: str, tmp_path: Path) -> Path:
    folder = write_partners(tmp_path / "partners", north.public.id)
    text = (folder / "partners.toml").read_text(encoding="utf-8")
    (folder / "partners.toml").write_text(text.replace("https://north.example.org", address), encoding="utf-8")
    return folder


def run(*words: str) -> Any:
    return CliRunner().invoke(command, list(words), standalone_mode=False)


def test_a_release_is_fetched_from_its_address(north: AnotherHub, address: str, partners: Path) -> None:
    where = f"{address}/store/{north.release.name}/manifest.json"
    done = run("include", where, "--as", "north", "--partners", str(partners), "--json")
    assert done.exit_code == 0, done.output + str(done.exception)
    line = json.loads(done.stdout)
    assert line["source"] == f"{address}/store/{north.release.name}/"
    assert hash_tree(partners / "releases/north" / north.release.name) == hash_tree(north.release)
    listed = run("included", "--partners", str(partners))
    assert "verified" in listed.stdout


@pytest.mark.parametrize(
    ("path", "code"),
    [("/nothing", "include.missing"), ("/elsewhere", "include.redirect"), ("/endless", "include.too_large")],
)
def test_what_is_no_release_is_refused(address: str, partners: Path, path: str, code: str) -> None:
    done = run("include", address + path, "--as", "north", "--partners", str(partners))
    assert isinstance(done.exception, UserError)
    assert done.exception.detail.code == code
    assert [one.name for one in partners.iterdir()] == ["partners.toml"]


def test_who_cannot_prove_who_they_are_is_not_asked(
    north: AnotherHub, address: str, partners: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    where = f"{address}/store/{north.release.name}/"
    done = run("include", where, "--as", "north", "--partners", str(partners))
    assert isinstance(done.exception, UserError)
    assert done.exception.detail.code == "include.network"


def test_another_key_than_the_named_one_is_refused(north: AnotherHub, partners: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "other.pem")
    words = ["--as", "north", "--partners", str(partners), "--key", str(tmp_path / "other.pem.pub")]
    done = run("include", str(north.release), *words)
    assert isinstance(done.exception, UserError)
    assert done.exception.detail.code == "include.key"


def test_a_withdrawal_is_heard_and_silence_changes_nothing(north: AnotherHub, address: str, partners: Path) -> None:
    run("include", str(north.release), "--as", "north", "--partners", str(partners))
    assert run("renew", "--partners", str(partners)).return_value == 0
    text = (partners / "partners.toml").read_text(encoding="utf-8")
    (partners / "partners.toml").write_text(text.replace(address, "https://127.0.0.1:9"), encoding="utf-8")
    silent = run("renew", "--partners", str(partners))
    assert silent.return_value == 4
    assert "was not heard" in silent.stdout and "verified" in silent.stdout
    (partners / "partners.toml").write_text(text, encoding="utf-8")
    _, manifest = read_manifest(north.release)
    stone = Tombstone(
        manifest.id,
        manifest.folder,
        manifest.created,
        {"en": "Shelters"},
        datetime(2026, 5, 1, tzinfo=UTC),
        "error",
        {},
    )
    bury(north.folder / "withdrawn.json", stone)
    try:
        heard = run("renew", "--partners", str(partners))
    finally:
        (north.folder / "withdrawn.json").unlink()
    assert heard.return_value == 4
    assert "NOT PUBLISHED: withdrawn by its hub" in heard.stdout
    assert not (partners / "releases/north" / north.release.name).exists()


def test_what_was_withdrawn_is_not_fetched(north: AnotherHub, address: str, partners: Path) -> None:
    _, manifest = read_manifest(north.release)
    stone = Tombstone(manifest.id, manifest.folder, manifest.created, {}, manifest.created, "error", {})
    bury(north.folder / "withdrawn.json", stone)
    try:
        done = run("include", f"{address}/store/{north.release.name}/", "--as", "north", "--partners", str(partners))
    finally:
        (north.folder / "withdrawn.json").unlink()
    assert isinstance(done.exception, UserError)
    assert done.exception.detail.code == "include.withdrawn"
    assert [one.name for one in partners.iterdir()] == ["partners.toml"]


@pytest.mark.parametrize("change", [{"words": {"pt": "Dois abrigos.", "en": "Two."}}, {"reason": "court-order"}])
def test_a_withdrawal_counts_whatever_languages_and_reasons_its_hub_has(
    north: AnotherHub, partners: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    run("include", str(north.release), "--as", "north", "--partners", str(partners))
    _, manifest = read_manifest(north.release)
    stone = Tombstone(manifest.id, manifest.folder, manifest.created, {}, manifest.created, "error", {})
    document = {"format": FORMAT, "releases": [{**stone.as_dict(), "titles": {"pt": "Abrigos"}, **change}]}
    (tmp_path / "withdrawn.json").write_text(json.dumps(document))
    words = ["--as", "north", "--withdrawn", str(tmp_path / "withdrawn.json"), "--json"]
    heard = run("renew", "--partners", str(partners), *words)
    (line,) = json.loads(heard.stdout)["releases"]
    assert line["gone"]["reason"] == "withdrawn"
    assert line["gone"]["stated"] == ("other" if "reason" in change else "error")
    assert line["gone"]["words"] == ({"en": "Two."} if "words" in change else {})
    assert not (partners / "releases/north" / north.release.name).exists()


def test_load_takes_an_address_once(north: AnotherHub, address: str, tmp_path: Path) -> None:
    where = f"{address}/store/{north.release.name}/"
    (tmp_path / "north.pub").write_bytes(north.public.pem())
    release = ctdc.load(where, keep=tmp_path / "kept", public_key=tmp_path / "north.pub")
    assert release.folder == tmp_path / "kept" / north.release.name
    assert str(release.count()) == str(ctdc.load(north.release).count())
    before = {path: path.stat().st_mtime_ns for path in release.folder.rglob("*")}
    assert ctdc.load(where, keep=tmp_path / "kept").folder == release.folder
    assert {path: path.stat().st_mtime_ns for path in release.folder.rglob("*")} == before
    (release.folder / "data/synthetic.csv").write_text("broken")
    assert ctdc.load(where, keep=tmp_path / "kept").verify().ok
