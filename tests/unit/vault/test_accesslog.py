"""The access log: what it says, what it refuses to say, and how damage to it is found."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.vaults import STEWARD, WHEN, deposit, filled, new_vault, reopened, subject

from ctdc.foundation.errors import UserError
from ctdc.vault import accesslog, erase
from ctdc.vault.access import rounded
from ctdc.vault.store import deliveries, put, read_table
from ctdc.vault.vault import Vault, open_vault
from ctdc.vault.verify import verify

pytestmark = pytest.mark.slow  # each waits for the disk many times


def test_counts_are_rounded_up_to_tens() -> None:
    assert [rounded(count) for count in (0, 1, 10, 11, 20005)] == [0, 10, 10, 20, 20010]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("damage", ["change", "remove", "swap"])
def test_verify_names_the_first_bad_line(tmp_path: Path, number: int, damage: str) -> None:
    vault = filled(tmp_path)
    for _ in range(3):
        deliveries(vault, STEWARD, WHEN)
    texts = vault.log.read_text().splitlines(keepends=True)
    if damage == "change":
        texts[number - 1] = texts[number - 1].replace("steward", "stewart")
    elif damage == "remove":
        del texts[number - 1]
    else:
        texts[number - 1 : number + 1] = reversed(texts[number - 1 : number + 1])
    vault.log.write_text("".join(texts))
    (problem,) = verify(vault).problems
    assert problem.code == "vault.log_broken"
    assert problem.where.endswith(f"line {number}")


def test_lines_that_are_cut_off_are_missed_at_once_where_they_were_signed(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    vault.log.write_bytes(b"".join(vault.log.read_bytes().splitlines(keepends=True)[:-1]))
    assert "vault.head" in {problem.code for problem in verify(vault).problems}
    for content in (vault.log.read_bytes(), b""):
        vault.log.write_bytes(content)
        with pytest.raises(UserError, match="missing at its end"):
            read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN)
    vault.log.unlink()
    with pytest.raises(UserError, match="it is missing"):
        read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN)
    assert not verify(vault).sound


def cut(vault: Vault, lines: int) -> None:
    vault.log.write_bytes(b"".join(vault.log.read_bytes().splitlines(keepends=True)[:-lines]))


@pytest.mark.parametrize("left", [1, 0])
def test_a_log_that_was_cut_and_lost_its_head_is_not_signed_as_whole(tmp_path: Path, left: int) -> None:
    vault = filled(tmp_path)
    cut(vault, 3 - left)
    (vault.folder / "head.json").unlink()
    before = vault.log.read_bytes()
    for one in (vault, open_vault(vault.folder)):
        with pytest.raises(UserError, match="signed head is missing"):
            deliveries(one, STEWARD, WHEN)
    assert vault.log.read_bytes() == before
    assert not (vault.folder / "head.json").exists()


def test_a_head_that_nobody_signed_or_that_lines_were_put_behind_in_place_of_others_is_refused(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    path = vault.folder / "head.json"
    head, genuine = accesslog.read_head(path), path.read_bytes()
    first = accesslog.read(vault.log)[0]
    accesslog.write_head(path, accesslog.Head(head.vault, first.sequence, first.hash, head.signature))
    with pytest.raises(UserError, match="not signed by this vault"):
        deliveries(vault, STEWARD, WHEN)
    path.write_bytes(genuine)
    cut(vault, 1)
    for _ in range(2):  # as many lines as before, and one more: hashes are no secret
        accesslog.record(vault.log, "list", STEWARD, WHEN)
    with pytest.raises(UserError, match="not the line that was signed"):
        deliveries(vault, STEWARD, WHEN)


def test_many_who_write_at_once_leave_the_head_at_the_last_line(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)

    def write(_: int) -> None:
        vault.record("list", STEWARD, WHEN)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    assert verify(vault).sound
    assert verify(vault).unsigned == 0
    assert verify(vault).lines == 41


def test_a_withdrawal_that_is_written_in_another_form_is_no_line(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    vault.log.write_bytes(vault.log.read_bytes().replace(b'"kind": "withdraw"', b'"kind":"withdraw"'))
    (problem,) = verify(vault).problems
    assert "as it was written" in problem.what


def test_a_log_that_was_written_anew_with_its_head_is_found_by_the_witness(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    deliveries(vault, STEWARD, WHEN)
    witness = accesslog.read_head(vault.folder / "head.json")
    lines = accesslog.read(vault.log)
    vault.log.write_text("".join(line.text() + "\n" for line in lines[:-1]))
    assert vault.keys
    head = accesslog.sign(vault.keyring.vault, lines[-2], vault.keys.log)  # somebody who has the key
    accesslog.write_head(vault.folder / "head.json", head)
    assert verify(vault).sound
    (problem,) = verify(vault, witness=witness).problems
    assert "not the line that was signed" in problem.what


def test_a_head_of_another_vault_or_with_another_signature_is_not_genuine(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    vault, other = filled(tmp_path), new_vault(tmp_path / "other")
    (problem,) = verify(vault, witness=accesslog.read_head(other.folder / "head.json")).problems
    assert "not signed by this vault" in problem.what
    own = accesslog.read_head(vault.folder / "head.json")
    forged = accesslog.Head(own.vault, own.sequence, "0" * 64, own.signature)
    assert not accesslog.is_genuine(forged, vault.keyring.vault, vault.keyring.log_key)
    assert not accesslog.is_genuine(
        accesslog.Head(own.vault, own.sequence, own.hash, "!"), own.vault, vault.keyring.log_key
    )


def test_lines_of_those_who_have_no_key_are_signed_by_the_next_who_has(tmp_path: Path) -> None:
    new_vault(tmp_path)
    writer = open_vault(tmp_path / "vault")
    put(writer, deposit(tmp_path), STEWARD, WHEN)
    assert verify(writer).unsigned == 2
    vault = reopened(writer)
    deliveries(vault, STEWARD, WHEN)
    assert verify(vault).unsigned == 0


@pytest.mark.parametrize("text", [b'{"kind": "withdraw"}', b'"kind": "put" [[[', b'{"event": {"kind": "remove"}}'])
def test_a_line_that_is_none_stops_whoever_reads(tmp_path: Path, text: bytes) -> None:
    vault = filled(tmp_path)
    lines = vault.log.read_bytes().splitlines(keepends=True)
    vault.log.write_bytes(b"".join([lines[0], text + b"\n", *lines[1:]]))
    with pytest.raises(UserError, match="line 2"):
        read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN)
    assert not verify(vault).sound


def test_a_delivery_that_is_taken_away_or_smuggled_in_is_found(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    folder = vault.path("shelter", "2025")
    folder.rename(folder.with_name("other"))
    assert {problem.code for problem in verify(vault).problems} == {
        "vault.missing_delivery",
        "vault.unlogged_delivery",
    }


@pytest.mark.parametrize(
    "event",
    [
        [],
        {"kind": "look", "version": 1},
        {"kind": "list", "version": 2},
        {"kind": "list", "version": 1, "at": "2026-01-01", "actor": "a", "purpose": "b"},
        {"kind": "stored", "version": 1, "at": "2026-01-01T00:00:00Z", "actor": "a", "purpose": "b", "of": True},
        {"kind": "list", "version": 1, "at": "2026-01-01T00:00:00Z", "actor": "a", "purpose": "b", "value": "Maria"},
    ],
)
def test_an_event_that_is_not_on_the_list_is_damage(event: object) -> None:
    assert accesslog.fault(event)
