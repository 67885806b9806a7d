"""Where the key comes from, who can open, and a new key."""

import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.vaults import KEY, STEWARD, WHEN, deposit, filled, new_vault, reopened

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import canonical_json
from ctdc.vault import accesslog, keyring, rotate
from ctdc.vault.sealing import PrivateRoot, as_bytes, as_text, destroy, new_key, replace_secret, seal, unseal
from ctdc.vault.sources import Command, LocalKey, from_environment, from_file, make_key_file, parse
from ctdc.vault.store import put, read_table
from ctdc.vault.vault import Vault, open_vault
from ctdc.vault.verify import verify

NEW = LocalKey(b"n" * 32)

# A key service in small: its key is in its own file, and it answers as a hardware module's tool would.
PROGRAM = """
import base64, pathlib, sys
from cryptography.fernet import Fernet
service = Fernet(pathlib.Path(sys.argv[1]).read_bytes())
data = base64.b64decode(sys.stdin.readline())
answer = service.encrypt(data) if sys.argv[2] == "wrap" else service.decrypt(data)
print(base64.b64encode(answer).decode())
"""


@pytest.fixture
def key_program(tmp_path: Path) -> str:
    from cryptography.fernet import Fernet

    (tmp_path / "service.key").write_bytes(Fernet.generate_key())
    (tmp_path / "service.py").write_text(PROGRAM)
    return f"command:{sys.executable} {tmp_path / 'service.py'} {tmp_path / 'service.key'}"


def rows(vault: Vault) -> int:
    return int(read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN).num_rows)


def test_a_key_file_is_made_once_for_its_owner_and_refused_when_others_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "vault.key"
    make_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert from_file(path).unwrap(parse(f"file:{path}").wrap(b"secret")) == b"secret"
    with pytest.raises(UserError, match="a file already"):
        make_key_file(path)
    path.chmod(0o640)
    with pytest.raises(UserError, match="read by other users"):
        from_file(path)


def test_a_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_KEY", as_text(new_key()))
    assert from_environment("VAULT_KEY").unwrap(parse("env:VAULT_KEY").wrap(b"secret")) == b"secret"
    with pytest.raises(UserError, match="is not set"):
        parse("env:NOT_THERE_AT_ALL")


@pytest.mark.parametrize("text", ["c2hvcnQ=", "not base64!", "", "hunter2" * 5])
def test_what_is_no_key_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UserError) as caught:
        from_file(path)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["vault.key", "file:", "env:", "command:", "command:foo 'bar", "http://keys.example.org", ""]
)
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="no source of a key"):
        parse(text)


@pytest.mark.slow
def test_an_external_program_keeps_the_key(tmp_path: Path, key_program: str) -> None:
    vault = new_vault(tmp_path, [parse(key_program)])
    put(vault, deposit(tmp_path), STEWARD, WHEN)
    assert rows(open_vault(vault.folder, [parse(key_program)])) == 30
    with pytest.raises(UserError, match="does not open"):
        open_vault(vault.folder, [KEY])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "complaint"),
    [("import sys; sys.exit('the secret is hunter2')", "gave up with code 1"), ("print('<html>')", "not base64")],
)
def test_a_program_that_fails_is_named_and_what_it_says_is_not_shown(
    tmp_path: Path, script: str, complaint: str
) -> None:
    vault = new_vault(tmp_path)
    with pytest.raises(UserError, match=complaint) as caught:
        open_vault(vault.folder, [Command((sys.executable, "-c", script))])
    assert "hunter2" not in str(caught.value)
    with pytest.raises(UserError, match="did not run"):
        open_vault(vault.folder, [Command(("/no/such/program",))])


@pytest.mark.slow
def test_two_of_three_custodians_open_the_vault_and_one_alone_does_not(tmp_path: Path) -> None:
    custodians = [LocalKey(bytes([number]) * 32) for number in range(3)]
    vault = new_vault(tmp_path, custodians, 2)
    for pair in ((0, 1), (2, 0), (1, 2)):
        assert open_vault(vault.folder, [custodians[number] for number in pair]).keys
    for alone in custodians:
        with pytest.raises(UserError, match="2 of the keys"):
            open_vault(vault.folder, [alone])
        with pytest.raises(UserError, match="does not open"):
            open_vault(vault.folder, [alone, NEW])
    for quorum in (0, 4):
        with pytest.raises(UserError, match="cannot be asked for"):
            keyring.lock("v", keyring.make_keys(), custodians, quorum)


def test_a_replaced_public_key_is_noticed_before_anything_is_sealed_to_it(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    strange = PrivateRoot.generate().public().as_dict()
    path = vault.folder / keyring.NAME
    text = path.read_text()
    path.write_text(text.replace(vault.keyring.roots[vault.keyring.current].as_dict()["x25519"], strange["x25519"]))
    with pytest.raises(UserError, match="keyring of the vault has been damaged"):
        open_vault(vault.folder)


def test_a_keyring_that_somebody_else_signed_is_noticed_by_its_fingerprint_and_by_whoever_opens_it(
    tmp_path: Path,
) -> None:
    vault = new_vault(tmp_path)
    mark = vault.keyring.fingerprint()
    assert open_vault(vault.folder, fingerprint=mark).keyring == vault.keyring
    keyring.save(vault.folder, keyring.lock(vault.keyring.vault, keyring.make_keys(), [NEW], 1))
    with pytest.raises(Refused, match="not the vault that you know"):
        open_vault(vault.folder, fingerprint=mark)
    with pytest.raises(UserError, match="does not open"):
        reopened(vault)


@pytest.mark.parametrize("needs", [0, -1, keyring.MAX_SOURCES + 1])
def test_a_strange_keyring_that_asks_for_no_key_does_not_open_with_the_rightful_one(tmp_path: Path, needs: int) -> None:
    vault = new_vault(tmp_path)
    inner, strange = new_key(), keyring.make_keys()
    ring = keyring.lock(vault.keyring.vault, strange, [LocalKey(inner)], 1)
    secret = canonical_json(
        {
            "roots": [[name, root.as_dict()] for name, root in strange.roots.items()],
            "log": as_text(strange.log.private_bytes_raw()),
        }
    )
    locks = ({"needs": needs, "wrapped": as_text(inner)},)
    keyring.save(vault.folder, replace(ring, locks=locks, sealed=seal(secret, inner, ring.context())))
    with pytest.raises(UserError, match="keyring of the vault has been damaged"):
        reopened(vault)


def test_private_keys_that_are_not_those_that_stand_in_the_open_are_refused() -> None:
    ring, other = keyring.lock("v", keyring.make_keys(), [KEY], 1), keyring.lock("v", keyring.make_keys(), [KEY], 1)
    inner = KEY.unwrap(as_bytes(ring.locks[0]["wrapped"]))
    secret = unseal(ring.sealed, inner, ring.context(), "keyring")
    mixed = replace(ring, roots=other.roots)
    mixed = replace(mixed, sealed=seal(secret, inner, mixed.context()))
    with pytest.raises(UserError, match="changed, cut, moved"):
        keyring.unlock(mixed, [KEY])
    assert keyring.unlock(ring, [KEY]).roots


@pytest.mark.slow
def test_a_keyring_that_is_exchanged_while_a_delivery_is_sealed_gets_nothing(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    keyring.save(vault.folder, keyring.lock(vault.keyring.vault, keyring.make_keys(), [NEW], 1))
    with pytest.raises(UserError, match="changed the keys"):
        put(vault, deposit(tmp_path), STEWARD, WHEN)
    assert not vault.delivery_folders()


@pytest.mark.slow
def test_the_fingerprint_stays_when_the_key_is_rotated(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    mark = vault.keyring.fingerprint()
    assert rotate.rotate(vault, [NEW], 1, STEWARD, WHEN).keyring.fingerprint() == mark
    assert open_vault(vault.folder, [NEW], mark).keys


def test_a_damaged_keyring_is_said_to_be_one(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    (vault.folder / keyring.NAME).write_text('{"version": 1, "roots": []}')
    with pytest.raises(UserError, match="keyring of the vault has been damaged"):
        open_vault(vault.folder)
    with pytest.raises(UserError, match="no vault here"):
        open_vault(tmp_path)


def test_secrets_are_overwritten_before_they_are_let_go(tmp_path: Path) -> None:
    path, other = tmp_path / "secret", tmp_path / "link"
    path.write_bytes(b"old secret")
    other.hardlink_to(path)  # so that the test sees what becomes of the place on the disk
    replace_secret(path, b"new")
    assert path.read_bytes() == b"new"
    assert other.read_bytes() == bytes(10)
    other.write_bytes(b"again")
    (tmp_path / "third").hardlink_to(other)
    destroy(other)
    destroy(other)
    assert (tmp_path / "third").read_bytes() == bytes(5)


@pytest.mark.slow
def test_after_a_rotation_only_the_new_key_opens_and_the_sealed_files_are_the_same(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    sealed = {path.name: path.read_bytes() for path in vault.path("shelter", "2025").glob("*.*ed")}
    rotated = rotate.rotate(vault, [NEW], 1, STEWARD, WHEN)
    assert rows(rotated) == rows(reopened(vault, [NEW])) == 30
    assert {path.name: path.read_bytes() for path in vault.path("shelter", "2025").glob("*.*ed")} == sealed
    with pytest.raises(UserError, match="does not open"):
        reopened(vault)
    with pytest.raises(UserError, match="Open the vault anew"):
        rows(vault)  # opened before the rotation
    assert [line.event["kind"] for line in accesslog.read(vault.log)][3:5] == ["rotate", "rotated"]
    assert verify(rotated).sound


@pytest.mark.slow
@pytest.mark.parametrize("at", [("_save", 1), ("write_key", 1), ("write_key", 2), ("_save", 2)])
def test_a_rotation_that_was_killed_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: tuple[str, int]
) -> None:
    vault = filled(tmp_path)
    put(vault, deposit(tmp_path, delivery="2026"), STEWARD, WHEN)
    name, call = at
    real, calls = getattr(rotate, name), []

    def stop(*arguments: object) -> object:
        calls.append(name)
        if len(calls) == call:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(rotate, name, stop)
        rotate.rotate(vault, [NEW], 1, STEWARD, WHEN)
    key = KEY if at == ("_save", 1) else NEW
    between = reopened(vault, [key])
    assert rows(between) == 30
    assert verify(between).sound
    put(open_vault(vault.folder), deposit(tmp_path, delivery="2027"), STEWARD, WHEN)
    rotated = rotate.rotate(reopened(vault, [key]), [NEW], 1, STEWARD, WHEN)
    assert len(rotated.keyring.roots) == 1
    assert verify(rotated).sound
    for delivery in ("2026", "2027"):
        assert read_table(rotated, "shelter", delivery, "cases", STEWARD, WHEN).num_rows == 30
    assert not accesslog.scan(vault.log).open_acts


@pytest.mark.slow
def test_a_rotation_destroys_what_a_killed_one_left_beside_the_keyring_and_the_keys(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    parts = [vault.folder / ".keyring.json.abc.part", vault.path("shelter", "2025") / ".delivery.key.abc.part"]
    for at, path in enumerate(parts):
        path.write_bytes(b"old root under the new key")
        (tmp_path / f"seen-{at}").hardlink_to(path)
    rotate.rotate(vault, [NEW], 1, STEWARD, WHEN)
    assert not any(path.exists() for path in parts)
    assert not any(any((tmp_path / f"seen-{at}").read_bytes()) for at in range(2))


@pytest.mark.slow
def test_a_delivery_that_was_being_sealed_during_a_rotation_opens_after_it(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    writer = open_vault(vault.folder)
    rotated = rotate.rotate(vault, [NEW], 1, STEWARD, WHEN)
    put(writer, deposit(tmp_path, delivery="2026"), STEWARD, WHEN)
    assert read_table(rotated, "shelter", "2026", "cases", STEWARD, WHEN).num_rows == 30


@pytest.mark.slow
def test_two_rotations_at_once_are_one(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    other = reopened(vault)
    rotate.rotate(vault, [NEW], 1, STEWARD, WHEN)
    with pytest.raises(UserError, match="Somebody else has changed the keys"):
        rotate.rotate(other, [LocalKey(b"z" * 32)], 1, STEWARD, WHEN)
