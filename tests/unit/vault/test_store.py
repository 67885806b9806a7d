"""Putting, listing and reading; what is damaged is refused whole."""

import json
import os
import shutil
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.vaults import (
    KEY,
    SECRET,
    STEWARD,
    WHEN,
    cases,
    cases_file,
    deposit,
    filled,
    new_vault,
    raw_file,
    reopened,
    subject,
)

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import canonical_json
from ctdc.vault import accesslog
from ctdc.vault.access import Access
from ctdc.vault.erase import withdraw
from ctdc.vault.store import Deposit, deliveries, get, manifest_of, put, read_table
from ctdc.vault.vault import Vault, open_vault
from ctdc.vault.verify import verify

pytestmark = pytest.mark.slow  # each waits for the disk many times


def kinds(vault: Vault) -> list[str]:
    return [line.event["kind"] for line in accesslog.read(vault.log)]


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    vault = reopened(filled(tmp_path))
    assert read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN).equals(cases(range(30)), check_metadata=True)
    written = get(vault, "shelter", "2025", tmp_path / "out", STEWARD, WHEN)
    table = next(path for path in written if path.suffix == ".parquet")
    assert pq.read_table(table).equals(cases(range(30)))
    assert pq.read_schema(table).metadata[b"ctdc.promotable"] == b"yes"
    (file,) = (path for path in written if path.suffix == ".csv")
    assert file.name == raw_file(tmp_path).name
    assert file.read_bytes() == raw_file(tmp_path).read_bytes()
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "out", *(tmp_path / "out").rglob("*")))


def test_what_a_file_says_of_itself_comes_back_too(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    table = cases(range(3)).replace_schema_metadata()
    with pq.ParquetWriter(tmp_path / "t.parquet", table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"ctdc.standard": "1"})
    put(vault, deposit(tmp_path, tables={"cases": tmp_path / "t.parquet"}), STEWARD, WHEN)
    get(vault, "shelter", "2025", tmp_path / "out", STEWARD, WHEN)
    assert pq.read_metadata(tmp_path / "out" / "cases.parquet").metadata[b"ctdc.standard"] == b"1"


def test_nothing_that_was_delivered_is_readable_on_the_disk_or_in_the_log(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    get(vault, "shelter", "2025", tmp_path / "out", STEWARD, WHEN)
    for path in vault.folder.rglob("*"):
        assert SECRET.encode() not in (path.read_bytes() if path.is_file() else b"")
        assert SECRET not in path.name
    assert not [
        path for path in (vault.folder, *vault.path("shelter", "2025").iterdir()) if path.stat().st_mode & 0o077
    ]


def test_every_read_and_write_is_logged_with_who_and_why_and_counts_rounded_up(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    put(vault, deposit(tmp_path, range(23)), STEWARD, WHEN)
    clerk = Access("clerk@example.org", "yearly release")
    deliveries(vault, clerk, WHEN)
    read_table(vault, "shelter", "2025", "cases", clerk, WHEN)
    get(vault, "shelter", "2025", tmp_path / "out", clerk, WHEN)
    lines = accesslog.read(vault.log)
    assert [line.event["kind"] for line in lines] == ["init", "put", "stored", "list", "read", "read"]
    assert {(line.event["actor"], line.event["purpose"]) for line in lines[3:]} == {
        ("clerk@example.org", "yearly release")
    }
    assert [line.event["up_to"] for line in lines if "up_to" in line.event] == [30, 30, 30]


def test_without_the_key_one_can_deliver_and_never_read_back(tmp_path: Path) -> None:
    new_vault(tmp_path)
    writer = open_vault(tmp_path / "vault")
    put(writer, deposit(tmp_path), STEWARD, WHEN)
    with pytest.raises(UserError) as caught:
        read_table(writer, "shelter", "2025", "cases", STEWARD, WHEN)
    assert caught.value.detail.code == "vault.sealed"
    assert "read" not in kinds(writer)
    assert read_table(reopened(writer), "shelter", "2025", "cases", STEWARD, WHEN).num_rows == 30


@pytest.mark.parametrize("place", ["opened", "deliveries/shelter/opened", "../vault/opened"])
def test_nothing_is_opened_into_the_vault(tmp_path: Path, place: str) -> None:
    vault = filled(tmp_path)
    before = sorted(vault.folder.rglob("*"))
    with pytest.raises(UserError, match="inside the vault"):
        get(vault, "shelter", "2025", vault.folder / place, STEWARD, WHEN)
    assert sorted(vault.folder.rglob("*")) == before
    (tmp_path / "link").symlink_to(vault.folder)
    with pytest.raises(UserError, match="inside the vault"):
        get(vault, "shelter", "2025", tmp_path / "link" / "opened", STEWARD, WHEN)


def test_an_organisation_cannot_see_another_s_delivery_nor_tell_that_it_is_there(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    put(vault, deposit(tmp_path, range(5), "hotline", delivery="mine"), STEWARD, WHEN)
    complaints = []
    for name in ("2025", "nothing"):
        with pytest.raises(UserError) as caught:
            read_table(vault, "hotline", name, "cases", STEWARD, WHEN)
        complaints.append(str(caught.value).replace(name, ""))
    assert complaints[0] == complaints[1]
    assert [one.identity.delivery for one in deliveries(vault, STEWARD, WHEN, "hotline")] == ["mine"]


def test_a_delivery_that_is_moved_to_another_organisation_does_not_open(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    source = vault.path("shelter", "2025")
    target = vault.path("hotline", "2025")
    shutil.copytree(source, target)
    text = (target / "delivery.json").read_text().replace('"organisation":"shelter"', '"organisation":"hotline"')
    (target / "delivery.json").write_text(text)
    with pytest.raises(UserError) as caught:
        read_table(vault, "hotline", "2025", "cases", STEWARD, WHEN)
    assert caught.value.detail.code == "vault.damaged"


def test_a_changed_retention_does_not_open(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    put(vault, deposit(tmp_path, retain_until=date(2027, 1, 1)), STEWARD, WHEN)
    manifest = vault.path("shelter", "2025") / "delivery.json"
    manifest.write_text(manifest.read_text().replace("2027-01-01", "2097-01-01"))
    with pytest.raises(UserError, match="changed, cut, moved"):
        read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN)


def test_a_part_that_is_left_out_of_the_manifest_is_missed(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    path = vault.path("shelter", "2025") / "delivery.json"
    manifest = json.loads(path.read_bytes())
    for parts in (manifest["parts"][:1], manifest["parts"][1:], manifest["parts"][::-1]):
        path.write_bytes(canonical_json(manifest | {"parts": parts}))
        with pytest.raises(UserError, match="changed, cut, moved"):
            get(vault, "shelter", "2025", tmp_path / "out", STEWARD, WHEN)
        assert not (tmp_path / "out").exists()
        assert not verify(vault).sound


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "A", "a" * 200, "a\n"])
def test_a_name_cannot_leave_its_place(tmp_path: Path, name: str) -> None:
    vault = new_vault(tmp_path)
    for organisation, delivery in ((name, "d"), ("o", name)):
        with pytest.raises(UserError):
            put(vault, deposit(tmp_path, organisation=organisation, delivery=delivery), STEWARD, WHEN)


def test_what_is_no_keyed_id_is_refused_without_being_repeated(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    table = cases(range(3))
    column = table.column("country").cast("string")
    pq.write_table(table.set_column(3, "_subject", column), tmp_path / "raw.parquet")
    with pytest.raises(UserError) as caught:
        put(vault, deposit(tmp_path, tables={"cases": tmp_path / "raw.parquet"}), STEWARD, WHEN)
    assert caught.value.detail.code == "vault.subject"
    assert SECRET not in str(caught.value)
    assert kinds(vault) == ["init"]


def test_a_name_is_used_once(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    with pytest.raises(UserError, match="Names are used once"):
        put(vault, deposit(tmp_path), STEWARD, WHEN)


def test_what_may_not_be_kept_any_more_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="over already"):
        put(new_vault(tmp_path), deposit(tmp_path, retain_until=date(2026, 2, 28)), STEWARD, WHEN)


def test_nothing_and_unreadable_tables_are_refused(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    with pytest.raises(UserError, match="nothing to put"):
        put(vault, Deposit("shelter", "2025"), STEWARD, WHEN)
    with pytest.raises(UserError, match="no readable parquet"):
        put(vault, deposit(tmp_path, tables={"cases": raw_file(tmp_path)}), STEWARD, WHEN)
    with pytest.raises(UserError, match="no column 'other'"):
        put(vault, deposit(tmp_path, subject_column="other"), STEWARD, WHEN)


def test_a_table_that_is_damaged_inside_is_refused_without_a_word_of_it(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    path = cases_file(tmp_path, range(3000), "damaged.parquet")
    content = bytearray(path.read_bytes())
    content[4:4000] = b"\xff" * 3996  # from the first page's header on
    path.write_bytes(content)
    with pytest.raises(UserError, match="parquet file is damaged") as caught:
        put(vault, deposit(tmp_path, tables={"cases": path}), STEWARD, WHEN)
    assert SECRET not in str(caught.value)
    assert kinds(vault) == ["init"]


@pytest.mark.parametrize(
    ("actor", "purpose"),
    [("", "x"), ("a b", "x"), ("me", ""), ("me", "two\nlines"), ("me", "look up +44 20 7946 0958"), ("me", "x" * 300)],
)
def test_an_access_has_an_actor_and_a_purpose_without_people_in_it(actor: str, purpose: str) -> None:
    with pytest.raises(UserError):
        Access(actor, purpose)


@pytest.mark.parametrize("purpose", ["withdrawal of NGO-2021-00345", "asked by Mrs Maria", "mail maria@example.org"])
def test_a_purpose_names_no_case_nobody_with_a_title_and_no_address(purpose: str) -> None:
    with pytest.raises(UserError, match="named a person") as caught:
        Access("me", purpose)
    assert purpose not in str(caught.value)


@pytest.mark.parametrize(
    "purpose", ["nightly backup of 2026-11-26", "release CTDC 2025/2026", "Jährliche Prüfung", "مراجعة سنوية"]
)
def test_a_purpose_may_name_days_years_and_words_with_capitals(purpose: str) -> None:
    assert Access("cron", purpose).purpose == purpose


def test_a_log_that_cannot_be_written_refuses_the_access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = filled(tmp_path)
    before = vault.log.read_bytes()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    for act in (
        lambda: read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN),
        lambda: get(vault, "shelter", "2025", tmp_path / "out", STEWARD, WHEN),
        lambda: put(vault, deposit(tmp_path, delivery="2026"), STEWARD, WHEN),
        lambda: withdraw(vault, "shelter", subject(3), STEWARD, WHEN),
    ):
        with pytest.raises(UserError) as caught:
            act()
        assert caught.value.detail.code == "vault.log_refused"
    assert vault.log.read_bytes() == before
    assert not (tmp_path / "out").exists()
    assert [path.name for path in vault.delivery_folders()] == ["2025"]


def sealed_files(vault: Vault) -> list[Path]:
    return sorted(path for path in vault.path("shelter", "2025").iterdir())


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return filled(tmp_path_factory.mktemp("sealed"), range(7))


@settings(max_examples=60)
@given(data=st.data())
def test_any_changed_byte_cut_or_swap_is_refused_and_nothing_half_read(sealed: Vault, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sealed_files(sealed)))
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    other = data.draw(st.sampled_from([one for one in sealed_files(sealed) if one != path])).read_bytes()
    damage = {
        "change": before[:at] + bytes([before[at] ^ data.draw(st.integers(1, 255))]) + before[at + 1 :],
        "cut": before[:at],
        "add": before + b"\0",
        "swap": other,
    }
    path.write_bytes(damage[data.draw(st.sampled_from(sorted(damage)))])
    target = sealed.folder.parent / "out"
    try:
        assert not verify(sealed).sound
        with pytest.raises(UserError) as caught:
            get(sealed, "shelter", "2025", target, STEWARD, WHEN)
        assert not target.exists()
        assert SECRET not in str(caught.value)
    finally:
        path.write_bytes(before)


def test_two_rows_that_change_places_are_refused(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    folder = vault.path("shelter", "2025")
    content = (folder / "table-1.keys").read_bytes()
    (folder / "table-1.keys").write_bytes(content[76:152] + content[:76] + content[152:])
    with pytest.raises(UserError, match="changed, cut, moved"):
        read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN)


def test_a_person_cannot_be_made_invisible_without_a_withdrawal(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    keys = vault.path("shelter", "2025") / "table-1.keys"
    content = bytearray(keys.read_bytes())
    content[16:76] = bytes(60)
    keys.write_bytes(content)
    with pytest.raises(UserError, match="changed, cut, moved"):
        read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN)


def test_a_stream_of_several_pieces_comes_back_and_cannot_be_cut_at_their_border(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(2 << 20))
    put(vault, deposit(tmp_path, files=[path], tables={}), STEWARD, WHEN)
    get(vault, "shelter", "2025", tmp_path / "out", STEWARD, WHEN)
    assert (tmp_path / "out" / "file-1" / "large.bin").read_bytes() == path.read_bytes()
    sealed = vault.path("shelter", "2025") / "file-1.sealed"
    content = sealed.read_bytes()
    piece = (1 << 20) + 16
    for damaged in (content[:piece], content[piece:], content[piece:] + content[:piece], content + content[piece:]):
        sealed.write_bytes(damaged)
        with pytest.raises(UserError, match="changed, cut, moved"):
            get(vault, "shelter", "2025", tmp_path / "again", STEWARD, WHEN)


def test_an_empty_file_and_an_empty_table_come_back(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    (tmp_path / "empty.csv").touch()
    put(
        vault,
        deposit(tmp_path, files=[tmp_path / "empty.csv"], tables={"cases": cases_file(tmp_path, [], "none.parquet")}),
        STEWARD,
        WHEN,
    )
    get(vault, "shelter", "2025", tmp_path / "out", STEWARD, WHEN)
    assert (tmp_path / "out" / "file-1" / "empty.csv").read_bytes() == b""
    assert pq.read_table(tmp_path / "out" / "cases.parquet").schema.equals(cases([]).schema)
    assert manifest_of(vault, "shelter", "2025").rows == 0


def test_a_vault_with_another_key_does_not_open(tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(UserError, match="does not open with this key"):
        open_vault(tmp_path / "vault", [type(KEY)(b"x" * 32)])
