"""Backups, the way back, and who does not come back."""

import json
import shutil
from pathlib import Path

import pytest
from tests.support.vaults import KEY, SECRET, STEWARD, WHEN, deposit, filled, new_vault, reopened, subject

from ctdc.foundation.errors import Refused, UserError
from ctdc.vault import accesslog, erase, rotate
from ctdc.vault.backup import LIST, Restored, backup, drill, restore
from ctdc.vault.sources import LocalKey
from ctdc.vault.store import deliveries, put, read_table
from ctdc.vault.vault import Vault, open_vault
from ctdc.vault.verify import verify

pytestmark = pytest.mark.slow  # each waits for the disk many times


def backed_up(folder: Path) -> tuple[Vault, Path]:
    vault = filled(folder)
    backup(vault, folder / "backup", STEWARD, WHEN)
    return vault, folder / "backup"


def spoil(path: Path) -> None:
    """Change the last byte, whatever it is."""
    *kept, last = path.read_bytes()
    path.write_bytes(bytes([*kept, last ^ 1]))


def back(folder: Path, source: Path, **more: object) -> Restored:
    return restore(source, folder / "restored", [KEY], STEWARD, WHEN, **more)  # type: ignore[arg-type]


def subjects(vault: Vault) -> set[str]:
    return set(read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN).column("_subject").to_pylist())


def test_a_backup_is_as_sealed_as_the_vault_and_comes_back(tmp_path: Path) -> None:
    vault, copy = backed_up(tmp_path)
    for path in copy.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
        assert SECRET.encode() not in (path.read_bytes() if path.is_file() else b"")
    shutil.rmtree(vault.folder)
    restored = back(tmp_path, copy, no_newer_log=True)
    assert subjects(restored.vault) == {subject(number) for number in range(30)}
    assert verify(reopened(restored.vault)).sound
    assert restored.lost == ()
    assert accesslog.read(restored.vault.log)[4].event["kind"] == "restore"


@pytest.mark.parametrize(("organisation", "delivery"), [("staging", "2025"), ("shelter", "staging"), ("lock", "lock")])
def test_a_delivery_may_be_called_like_something_that_is_left_out(
    tmp_path: Path, organisation: str, delivery: str
) -> None:
    vault = new_vault(tmp_path)
    put(vault, deposit(tmp_path, organisation=organisation, delivery=delivery), STEWARD, WHEN)
    backup(vault, tmp_path / "backup", STEWARD, WHEN)
    restored = back(tmp_path, tmp_path / "backup", no_newer_log=True)
    assert restored.lost == ()
    assert read_table(restored.vault, organisation, delivery, "cases", STEWARD, WHEN).num_rows == 30


def test_what_somebody_laid_into_the_vault_is_not_copied_and_a_backup_goes_elsewhere(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    (vault.folder / "opened").mkdir()
    (vault.folder / "opened" / "raw.csv").write_text(SECRET)
    backup(vault, tmp_path / "backup", STEWARD, WHEN)
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == [
        "access.jsonl",
        LIST,
        "deliveries",
        "head.json",
        "keyring.json",
    ]
    with pytest.raises(UserError, match="inside the vault"):
        backup(vault, vault.folder / "backup", STEWARD, WHEN)


def test_without_the_newest_log_somebody_must_say_that_there_is_none(tmp_path: Path) -> None:
    _, copy = backed_up(tmp_path)
    with pytest.raises(Refused, match="People may have withdrawn"):
        back(tmp_path, copy)
    assert not (tmp_path / "restored").exists()


def test_who_withdrew_after_the_backup_does_not_come_back(tmp_path: Path) -> None:
    vault, copy = backed_up(tmp_path)
    erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    restored = back(tmp_path, copy, log=vault.log)
    assert subjects(restored.vault) == {subject(number) for number in range(30)} - {subject(4)}
    assert not list(restored.vault.path("shelter", "2025").glob("file-1*"))
    assert verify(restored.vault).sound
    with pytest.raises(Refused, match="have withdrawn"):
        put(restored.vault, deposit(tmp_path, delivery="2026"), STEWARD, WHEN)


def test_a_delivery_that_was_removed_after_the_backup_does_not_come_back(tmp_path: Path) -> None:
    vault, copy = backed_up(tmp_path)
    erase.remove(vault, "shelter", "2025", STEWARD, WHEN)
    assert deliveries(back(tmp_path, copy, log=vault.log).vault, STEWARD, WHEN) == ()


def test_what_was_stored_after_the_backup_is_named_as_lost(tmp_path: Path) -> None:
    vault, copy = backed_up(tmp_path)
    put(vault, deposit(tmp_path, delivery="2026"), STEWARD, WHEN)
    assert back(tmp_path, copy, log=vault.log).lost == ("shelter/2026",)


def test_an_older_log_or_one_of_another_vault_is_refused(tmp_path: Path) -> None:
    vault, copy = backed_up(tmp_path)
    (tmp_path / "older").write_bytes(b"".join(vault.log.read_bytes().splitlines(keepends=True)[:2]))
    (tmp_path / "b").mkdir()
    for log in (tmp_path / "older", filled(tmp_path / "b").log):
        with pytest.raises(Refused, match="does not go on"):
            back(tmp_path, copy, log=log)


def test_a_witness_shows_that_the_log_is_not_the_newest(tmp_path: Path) -> None:
    vault, copy = backed_up(tmp_path)
    erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    witness = accesslog.read_head(vault.folder / "head.json")
    with pytest.raises(Refused, match="not sound"):
        back(tmp_path, copy, no_newer_log=True, witness=witness)
    assert not (tmp_path / "restored").exists()
    assert back(tmp_path, copy, log=vault.log, witness=witness).verified.sound


@pytest.mark.parametrize("damage", ["change", "remove", "add", "list"])
def test_a_damaged_backup_is_refused_whole(tmp_path: Path, damage: str) -> None:
    _, copy = backed_up(tmp_path)
    victim = copy / "deliveries" / "shelter" / "2025" / "table-1.sealed"
    if damage == "change":
        spoil(victim)
    elif damage == "remove":
        victim.unlink()
    elif damage == "add":
        victim.with_name("table-2.sealed").touch()
    else:
        (copy / LIST).unlink()
    with pytest.raises(UserError, match="backup"):
        back(tmp_path, copy, no_newer_log=True)
    assert not (tmp_path / "restored").exists()


def test_a_backup_that_was_made_to_fit_its_list_is_not_sound(tmp_path: Path) -> None:
    from ctdc.foundation.hashing import hash_file

    _, copy = backed_up(tmp_path)
    victim = copy / "deliveries" / "shelter" / "2025" / "table-1.sealed"
    spoil(victim)
    listing = json.loads((copy / LIST).read_text())
    listing["files"]["deliveries/shelter/2025/table-1.sealed"] = hash_file(victim)
    (copy / LIST).write_text(json.dumps(listing))
    with pytest.raises(Refused, match="not sound"):
        back(tmp_path, copy, no_newer_log=True)
    assert [path.name for path in tmp_path.iterdir() if "restored" in path.name] == []


def test_a_drill_leaves_nothing_behind(tmp_path: Path) -> None:
    vault, copy = backed_up(tmp_path)
    erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    before = sorted(path.name for path in tmp_path.iterdir())
    result = drill(copy, [KEY], STEWARD, WHEN, log=vault.log)
    assert (result.verified.rows, result.verified.withdrawn, result.verified.opened) == (29, 1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_drill_says_in_the_vault_s_own_log_that_everything_was_opened(tmp_path: Path) -> None:
    vault, copy = backed_up(tmp_path)
    drill(copy, [KEY], STEWARD, WHEN, vault=open_vault(vault.folder))
    assert accesslog.read(vault.log)[-1].event["kind"] == "restore"
    (tmp_path / "b").mkdir()
    other = filled(tmp_path / "b")
    before = other.log.read_bytes()
    with pytest.raises(Refused, match="of another vault"):
        drill(copy, [KEY], STEWARD, WHEN, vault=other)
    assert other.log.read_bytes() == before


def test_a_stolen_backup_and_the_new_key_open_nothing_and_the_old_key_was_destroyed(tmp_path: Path) -> None:
    vault, copy = backed_up(tmp_path)
    new = LocalKey(b"n" * 32)
    rotate.rotate(vault, [new], 1, STEWARD, WHEN)
    for sources in ([new], [LocalKey(b"?" * 32)]):
        with pytest.raises(UserError, match="does not open"):
            open_vault(copy, sources)
    with pytest.raises(UserError, match="needs the key"):
        read_table(open_vault(copy), "shelter", "2025", "cases", STEWARD, WHEN)


def test_a_backup_needs_the_key_and_a_sound_log(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    with pytest.raises(UserError, match="needs the key"):
        backup(open_vault(vault.folder), tmp_path / "backup", STEWARD, WHEN)
    texts = vault.log.read_text().splitlines(keepends=True)
    vault.log.write_text("".join([texts[0].replace("steward", "nobody"), *texts[1:]]))
    with pytest.raises(UserError, match="line 1"):
        backup(vault, tmp_path / "backup", STEWARD, WHEN)
    assert not (tmp_path / "backup").exists()
