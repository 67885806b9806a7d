"""``ctdc certificate``: make a key, sign, verify and read, with clear answers where something is wrong."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.support.protected_twin import PROFILE, write_protected

from ctdc.cli.certificate import command
from ctdc.cli.release import command as release_command
from ctdc.foundation.errors import Refused, UserError
from ctdc.release.manifest import CERTIFICATE

pytestmark = pytest.mark.slow  # each needs a release


def run(*arguments: object, group=command) -> Result:
    return CliRunner().invoke(group, [str(one) for one in arguments], standalone_mode=False)


def error_of(result: Result) -> str:
    assert isinstance(result.exception, UserError), result.output
    return result.exception.detail.code


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("publisher.pem", "other.pem"):
        done = run("key", "--out", folder / name, "--json")
        assert json.loads(done.stdout)["public"].endswith(f"{name}.pub")
    return folder


@pytest.fixture
def release(tmp_path: Path) -> Path:
    protected = write_protected(tmp_path / "p", rows=200)
    arguments = ["build", protected, "--store", tmp_path / "store", "--name", "made", "--profile", PROFILE]
    done = run(*arguments, "--simulated", "--json", group=release_command)
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    assert made["signed"] == "unsigned"
    return Path(made["folder"])


def test_the_whole_way(release, keys):
    public = keys / "publisher.pem.pub"
    before = run("verify", release, "--public-key", public)
    assert before.return_value == 4
    assert "The certificate is not signed." in before.output
    signed = run("sign", release, "--signing-key", keys / "publisher.pem")
    assert signed.exit_code == 0, signed.output
    after = run("verify", release, "--public-key", public)
    assert after.return_value == 0
    assert "the one that you gave" in after.output
    both = run("verify", release, "--public-key", public, group=release_command)
    assert both.output == after.output
    alone = run("verify", release, group=release_command)
    assert alone.return_value == 0
    assert "--public-key would tell" in alone.output


def test_what_is_wrong_is_said(release, keys):
    run("sign", release, "--signing-key", keys / "publisher.pem")
    other = run("verify", release, "--public-key", keys / "other.pem.pub", "--json")
    assert other.return_value == 4
    problems = [one for check in json.loads(other.stdout)["checks"] for one in check["problems"]]
    assert [one["code"] for one in problems] == ["certificate.other_key"]
    path = release / "data" / "figures.json"
    path.write_bytes(path.read_bytes() + b" ")
    altered = run("verify", release, "--public-key", keys / "publisher.pem.pub")
    assert altered.return_value == 4
    assert "data/figures.json: This file is not the one that was released" in altered.output
    assert isinstance(run("sign", release, "--signing-key", keys / "publisher.pem").exception, Refused)


def test_a_release_built_with_a_key_is_signed(tmp_path, keys):
    protected = write_protected(tmp_path / "p", rows=200)
    arguments = ["build", protected, "--store", tmp_path / "store", "--name", "made"]
    done = run(*arguments, "--signing-key", keys / "publisher.pem", "--json", group=release_command)
    folder = Path(json.loads(done.stdout)["folder"])
    assert run("verify", folder, "--public-key", keys / "publisher.pem.pub").return_value == 0
    secret = (keys / "publisher.pem").read_text().splitlines()[1]
    assert not [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert secret not in done.output


def test_a_key_among_releases_is_refused_before_anything_is_built(tmp_path, keys):
    store = tmp_path / "store"
    store.mkdir()
    inside = store / "key.pem"
    inside.write_bytes((keys / "publisher.pem").read_bytes())
    inside.chmod(0o600)
    done = run("build", tmp_path, "--store", store, "--name", "made", "--signing-key", inside, group=release_command)
    assert error_of(done) == "certificate.key_place"


def test_a_certificate_is_read_aloud(release, keys):
    plain = run("show", release)
    assert "is not signed" in plain.output
    arabic = run("show", release, "--language", "ar")
    assert "الشهادة" in arabic.output
    said = json.loads(run("show", release, "--json").output)
    assert said == json.loads((release / CERTIFICATE).read_text())["certificate"]
    (release / CERTIFICATE).unlink()
    assert error_of(run("show", release)) == "certificate.missing"


def test_wrong_keys_and_evidence_are_named(release, keys, tmp_path):
    secret, public = keys / "publisher.pem", keys / "publisher.pem.pub"
    assert error_of(run("verify", release, "--public-key", secret)) == "certificate.key_secret"
    assert error_of(run("sign", release, "--signing-key", public)) in ("certificate.key", "certificate.key_open")
    assert error_of(run("key", "--out", secret)) == "certificate.key_exists"
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    for option, code in (("--audit", "certificate.audit"), ("--twin", "certificate.twin")):
        assert error_of(run("sign", release, "--signing-key", secret, option, wrong)) == code
