"""Keys: made once, read by their owner only, and never shown."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ctdc.foundation.errors import UserError
from ctdc.release.certificate.keys import (
    PublicKey,
    SigningKey,
    decoded,
    encoded,
    make_key,
    read_public_key,
    read_signing_key,
)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    make_key(tmp_path / "publisher.pem")
    return tmp_path / "publisher.pem"


def code_of(call, *arguments) -> str:
    with pytest.raises(UserError) as caught:
        call(*arguments)
    assert caught.value.detail.do
    return caught.value.detail.code


def test_a_key_is_for_its_owner_and_its_public_part_for_everybody(key_file):
    assert key_file.stat().st_mode & 0o777 == 0o600
    key, public = read_signing_key(key_file), read_public_key(Path(f"{key_file}.pub"))
    assert key.public == public
    assert public.signed(key.sign(b"message"), b"message")
    assert not public.signed(key.sign(b"message"), b"massage")
    assert key.sign(b"message") == read_signing_key(key_file).sign(b"message")


def test_the_signature_is_that_of_the_standard():
    """RFC 8032, section 7.1, test 2."""
    secret = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(secret))
    assert key.public.raw.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


def test_nothing_shows_the_secret(key_file, tmp_path):
    secret = key_file.read_text().splitlines()[1]
    key = read_signing_key(key_file)
    assert secret not in repr(key) + str(key.public) + Path(f"{key_file}.pub").read_text()
    key_file.chmod(0o644)
    with pytest.raises(UserError) as caught:
        read_signing_key(key_file)
    assert secret not in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o700 | 0o010])
def test_a_key_that_others_can_read_is_refused(key_file, mode):
    key_file.chmod(mode)
    assert code_of(read_signing_key, key_file) == "certificate.key_open"


def test_a_key_is_never_overwritten(key_file):
    before = key_file.read_bytes()
    assert code_of(make_key, key_file) == "certificate.key_exists"
    key_file.unlink()
    assert code_of(make_key, key_file) == "certificate.key_exists"  # the public part is still there
    assert not key_file.exists()
    assert before


def test_a_key_has_no_place_in_a_release_nor_among_releases(key_file, tmp_path):
    release = tmp_path / "store" / "one"
    (release / "data").mkdir(parents=True)
    (release / "manifest.json").write_text("{}")
    assert code_of(make_key, release / "data" / "key.pem") == "certificate.key_place"
    moved = key_file.rename(release / "key.pem")
    assert code_of(read_signing_key, moved) == "certificate.key_place"
    moved = moved.rename(tmp_path / "store" / "key.pem")
    assert code_of(read_signing_key, moved, tmp_path / "store") == "certificate.key_place"


def other_files(folder: Path) -> dict[str, bytes]:
    own, other = Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)
    return {
        "empty": b"",
        "text": b"no key\n",
        "rsa": other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "locked": own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")),
        "cut": own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())[:60],
    }


@pytest.mark.slow  # makes an RSA key
@pytest.mark.parametrize("kind", ["empty", "text", "rsa", "locked", "cut"])
def test_what_is_no_signing_key_is_refused(tmp_path, kind):
    path = tmp_path / kind
    path.write_bytes(other_files(tmp_path)[kind])
    path.chmod(0o600)
    assert code_of(read_signing_key, path) == "certificate.key"


def test_what_is_no_public_key_is_refused(key_file, tmp_path):
    (tmp_path / "text").write_text("no key\n")
    assert code_of(read_public_key, tmp_path / "text") == "certificate.key"
    assert code_of(read_public_key, tmp_path / "none") == "certificate.key_missing"
    assert code_of(read_public_key, key_file) == "certificate.key_secret"
    with pytest.raises(ValueError):
        PublicKey(b"short")


def test_base64_has_one_spelling():
    assert decoded(encoded(b"some bytes")) == b"some bytes"
    for other in ("c29tZQ", "c29tZR==", " c29tZQ==", "c29tZQ==\n", "é"):
        with pytest.raises(ValueError):
            decoded(other)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_other_programs_know_the_key_by_the_same_name_and_accept_its_signature(key_file, tmp_path):
    key = read_signing_key(key_file)
    (tmp_path / "message").write_bytes(b"the message")
    (tmp_path / "signature").write_bytes(key.sign(b"the message"))
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", f"{key_file}.pub", "-outform", "DER", "-out", tmp_path / "der"], check=True
    )
    named = subprocess.run(
        ["openssl", "dgst", "-sha256", "-r", tmp_path / "der"], capture_output=True, text=True, check=True
    )
    assert der.returncode == 0
    assert named.stdout.split()[0] == key.public.id
    files = ["-in", tmp_path / "message", "-sigfile", tmp_path / "signature"]
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", f"{key_file}.pub", "-rawin", *files]
    checked = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
