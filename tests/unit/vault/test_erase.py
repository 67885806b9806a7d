"""Forgetting people and deliveries, now, later and after a power cut."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.support.vaults import SECRET, STEWARD, WHEN, cases, cases_file, deposit, filled, new_vault, subject

from ctdc.foundation.errors import Refused, UserError
from ctdc.vault import accesslog, erase, records
from ctdc.vault.staging import staging
from ctdc.vault.store import deliveries, get, put, read_table
from ctdc.vault.vault import Vault, open_vault
from ctdc.vault.verify import verify

pytestmark = pytest.mark.slow  # each waits for the disk many times
LATER = datetime(2028, 1, 1, tzinfo=UTC)


def remaining(vault: Vault, delivery: str = "2025", organisation: str = "shelter") -> set[str]:
    table = read_table(vault, organisation, delivery, "cases", STEWARD, WHEN)
    return set(table.column("_subject").to_pylist())


def everybody(people: range = range(30)) -> set[str]:
    return {subject(number) for number in people}


def test_a_person_who_withdraws_is_gone_from_every_delivery_and_the_others_stay(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    put(vault, deposit(tmp_path, range(3, 9), delivery="2026", files=[]), STEWARD, WHEN)
    found = erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    assert (found.rows, found.deliveries, found.files) == (2, 2, 1)
    assert remaining(vault) == everybody() - {subject(4)}
    assert remaining(vault, "2026") == everybody(range(3, 9)) - {subject(4)}
    assert verify(vault).sound


def test_the_key_of_the_vault_is_not_needed_and_the_row_s_key_is_overwritten(tmp_path: Path) -> None:
    filled(tmp_path)
    vault = open_vault(tmp_path / "vault")
    keys = vault.path("shelter", "2025") / "table-1.keys"
    before = keys.read_bytes()
    erase.withdraw(vault, "shelter", subject(0), STEWARD, WHEN)
    after = keys.read_bytes()
    assert after[16:76] == bytes(60)
    assert after[:16] + after[76:] == before[:16] + before[76:]


def test_the_file_that_held_the_person_goes_and_the_rows_of_others_are_read(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    assert not list(vault.path("shelter", "2025").glob("file-1*"))
    written = get(vault, "shelter", "2025", tmp_path / "out", STEWARD, WHEN)
    assert [path.name for path in written] == ["cases.parquet"]


def test_the_same_keyed_id_of_another_organisation_is_another_person(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    put(vault, deposit(tmp_path, organisation="hotline"), STEWARD, WHEN)
    erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    assert subject(4) in remaining(vault, organisation="hotline")


def test_who_has_withdrawn_cannot_be_delivered_again(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    with pytest.raises(Refused, match=r"have withdrawn.*1 row"):
        put(vault, deposit(tmp_path, delivery="2026"), STEWARD, WHEN)
    manifest = put(vault, deposit(tmp_path, delivery="2026", leave_out_withdrawn=True), STEWARD, WHEN)
    assert [part.kind for part in manifest.parts] == ["table"]  # the file holds the person too
    assert remaining(vault, "2026") == everybody() - {subject(4)}
    assert verify(vault).sound


def test_deliveries_in_which_nobody_can_tell_who_is_there_are_named(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    put(vault, deposit(tmp_path, delivery="unread", tables={}), STEWARD, WHEN)
    assert erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN).unknown == ("unread",)


def test_a_damaged_delivery_does_not_stand_in_the_way_of_forgetting_and_is_named(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    put(vault, deposit(tmp_path, delivery="2026"), STEWARD, WHEN)
    for name in ("delivery.json", "table-1.keys"):
        path = vault.path("shelter", "2026") / name
        path.write_bytes(path.read_bytes()[:-1])
    found = erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    assert (found.rows, found.unknown) == (1, ("2026",))
    assert remaining(vault) == everybody() - {subject(4)}


def test_a_file_that_comes_back_from_a_copy_is_not_opened(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    folder = vault.path("shelter", "2025")
    copies = {path: path.read_bytes() for path in folder.glob("file-1.*")}
    erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    for path, content in copies.items():
        path.write_bytes(content)
    written = get(vault, "shelter", "2025", tmp_path / "out", STEWARD, WHEN)
    assert [path.name for path in written] == ["cases.parquet"]
    assert {problem.code for problem in verify(vault).problems} == {"vault.not_forgotten"}


@pytest.mark.parametrize("damage", ["cut", "away", "a row less", "another id"])
def test_a_withdrawal_from_a_damaged_delivery_ends_when_it_is_mended(tmp_path: Path, damage: str) -> None:
    vault = filled(tmp_path)
    path = vault.path("shelter", "2025") / "table-1.keys"
    content = path.read_bytes()
    if damage == "away":
        path.unlink()
    else:
        at = 4 * records.ENTRY_BYTES  # where the person stands
        path.write_bytes(
            {
                "cut": content[:-1],
                "a row less": content[:at] + content[at + records.ENTRY_BYTES :],
                "another id": content[:at] + b"x" + content[at + 1 :],
            }[damage]
        )
    found = erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    assert (found.rows, found.unknown, found.ended) == (0, ("2025",), False)
    assert len(accesslog.scan(vault.log).open_acts) == 1
    path.write_bytes(content)
    written = get(vault, "shelter", "2025", tmp_path / "out", STEWARD, WHEN)
    assert [one.name for one in written] == ["cases.parquet"]
    assert records.destroyed_rows(records.entries(path)) == [4]
    assert not list(path.parent.glob("file-1*"))
    assert not accesslog.scan(vault.log).open_acts
    assert verify(vault).sound


def test_one_damaged_table_does_not_keep_the_person_in_the_other(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    tables = {name: cases_file(tmp_path, range(30), f"{name}.parquet") for name in ("a", "b")}
    put(vault, deposit(tmp_path, tables=tables), STEWARD, WHEN)
    folder = vault.path("shelter", "2025")
    (folder / "table-1.keys").unlink()
    found = erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    assert (found.rows, found.files, found.unknown) == (1, 1, ("2025",))
    assert records.destroyed_rows(records.entries(folder / "table-2.keys")) == [4]
    assert not list(folder.glob("file-1*"))


@pytest.mark.parametrize("act", ["list", "withdraw", "remove"])
@pytest.mark.parametrize("with_lock", [True, False])
def test_what_a_killed_delivery_left_behind_is_destroyed_by_the_next_act(
    tmp_path: Path, act: str, with_lock: bool
) -> None:
    vault = filled(tmp_path)
    left = vault.folder / "staging" / "0123456789abcdef"  # as it stands between the key and the new name
    shutil.copytree(vault.path("shelter", "2025"), left)
    (tmp_path / "seen").hardlink_to(left / "delivery.key")
    if with_lock:
        left.with_suffix(".lock").touch()
    {
        "list": lambda: deliveries(vault, STEWARD, WHEN),
        "withdraw": lambda: erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN),
        "remove": lambda: erase.remove(vault, "shelter", "2025", STEWARD, WHEN),
    }[act]()
    assert not list((vault.folder / "staging").iterdir())
    assert not any((tmp_path / "seen").read_bytes())


def test_where_somebody_seals_nothing_is_cleared(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    with staging(vault) as folder:
        (folder / "table-1.keys").write_bytes(b"key")
        deliveries(vault, STEWARD, WHEN)
        erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
        assert (folder / "table-1.keys").read_bytes() == b"key"
    assert not list((vault.folder / "staging").iterdir())


def test_a_raw_id_is_refused_without_being_repeated(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    with pytest.raises(UserError) as caught:
        erase.withdraw(vault, "shelter", "Case 17", STEWARD, WHEN)
    assert "17" not in str(caught.value)


def test_a_delivery_that_is_withdrawn_leaves_nothing_but_its_lines(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    erase.remove(vault, "shelter", "2025", STEWARD, WHEN)
    assert deliveries(vault, STEWARD, WHEN) == ()
    assert not (vault.folder / "deliveries" / "shelter" / "2025").exists()
    with pytest.raises(UserError, match="no such delivery"):
        read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN)
    with pytest.raises(UserError, match="no such delivery"):
        erase.remove(vault, "shelter", "2025", STEWARD, WHEN)
    with pytest.raises(UserError, match="Names are used once"):
        put(vault, deposit(tmp_path), STEWARD, WHEN)
    assert verify(vault).sound


def test_what_may_be_kept_until_a_day_goes_on_the_day_after(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    put(vault, deposit(tmp_path, delivery="short", retain_until=date(2027, 12, 31)), STEWARD, WHEN)
    put(vault, deposit(tmp_path, delivery="exact", retain_until=date(2028, 1, 1)), STEWARD, WHEN)
    put(vault, deposit(tmp_path, delivery="open"), STEWARD, WHEN)
    assert [one.identity.delivery for one in erase.due(vault, LATER.date())] == ["short"]
    gone = erase.expire(vault, STEWARD, LATER)
    assert [one.identity.delivery for one in gone] == ["short"]
    assert [one.identity.delivery for one in deliveries(vault, STEWARD, LATER)] == ["exact", "open"]
    assert accesslog.read(vault.log)[-3].event["because"] == "expired"
    assert erase.expire(vault, STEWARD, LATER) == ()
    assert verify(vault).sound


@pytest.mark.parametrize("damage", ["cut", "no day"])
def test_a_damaged_delivery_does_not_stop_the_others_from_going_and_is_named(tmp_path: Path, damage: str) -> None:
    vault = new_vault(tmp_path)
    for name in ("a", "b", "c"):
        put(vault, deposit(tmp_path, delivery=name, retain_until=date(2027, 12, 31)), STEWARD, WHEN)
    path = vault.path("shelter", "b") / "delivery.json"
    content = path.read_bytes()
    path.write_bytes(content[:-1] if damage == "cut" else content.replace(b"2027-12-31", b"never"))
    assert [one.identity.delivery for one in deliveries(vault, STEWARD, WHEN)] == ["a", "c"]
    assert [one.identity.delivery for one in erase.expire(vault, STEWARD, LATER)] == ["a", "c"]
    assert erase.manifests(vault) == ((), ("shelter/b",))
    assert erase.manifests(vault, "hotline") == ((), ())
    erase.remove(vault, "shelter", "b", STEWARD, LATER)
    assert erase.manifests(vault) == ((), ())


def interrupted(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, stop)


@pytest.mark.parametrize("name", ["destroy_keys", "rows_of"])
def test_a_withdrawal_that_was_interrupted_is_finished_before_anybody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    vault = filled(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        interrupted(patch, records, name)
        erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    assert remaining(vault) == everybody() - {subject(4)}
    assert records.destroyed_rows(records.entries(vault.path("shelter", "2025") / "table-1.keys")) == [4]
    assert verify(vault).sound


def test_a_removal_that_was_interrupted_is_finished_before_anybody_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = filled(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        interrupted(patch, erase.shutil, "rmtree")
        erase.remove(vault, "shelter", "2025", STEWARD, WHEN)
    assert deliveries(vault, STEWARD, WHEN) == ()
    assert verify(vault).sound


def test_somebody_who_withdraws_while_a_delivery_is_being_sealed_stays_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = new_vault(tmp_path)
    real = records.seal_table

    def meanwhile(*arguments: object, **named: object) -> int:
        rows = real(*arguments, **named)  # type: ignore[arg-type]
        erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
        return rows

    monkeypatch.setattr(records, "seal_table", meanwhile)
    with pytest.raises(Refused, match="withdrew while"):
        put(vault, deposit(tmp_path), STEWARD, WHEN)
    assert deliveries(vault, STEWARD, WHEN) == ()
    assert not list((vault.folder / "staging").iterdir())


def test_nothing_of_a_person_is_in_the_log_but_the_keyed_id(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    erase.withdraw(vault, "shelter", subject(4), STEWARD, WHEN)
    text = vault.log.read_text()
    assert SECRET not in text
    assert subject(4) in text
    assert subject(5) not in text
    assert cases([4]).num_rows == 1
