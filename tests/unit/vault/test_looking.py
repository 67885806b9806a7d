"""Whoever watches over the access log sees what stands before a damage, and is told of it."""

from pathlib import Path

import pytest
from tests.support.vaults import STEWARD, WHEN, filled, reopened

from ctdc.vault.looking import look
from ctdc.vault.store import deliveries

pytestmark = pytest.mark.slow  # each waits for the disk many times


def test_a_whole_log_is_whole_without_a_key(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    before = vault.log.read_bytes()
    found = look(reopened(vault, ()))
    assert (found.whole, len(found.lines), vault.log.read_bytes()) == (True, len(before.splitlines()), before)


@pytest.mark.parametrize("number", [1, 3])
def test_lines_before_a_changed_one_are_seen(tmp_path: Path, number: int) -> None:
    vault = filled(tmp_path)
    deliveries(vault, STEWARD, WHEN)
    texts = vault.log.read_text().splitlines(keepends=True)
    texts[number - 1] = texts[number - 1].replace("steward", "stewart")
    vault.log.write_text("".join(texts))
    found = look(vault)
    assert (found.whole, found.broken, len(found.lines)) == (False, number, number - 1)


@pytest.mark.parametrize("damage", ["cut", "no log", "no head", "other head"])
def test_what_is_missing_at_the_end_is_missed(tmp_path: Path, damage: str) -> None:
    vault, head = filled(tmp_path), tmp_path / "vault" / "head.json"
    if damage == "cut":
        vault.log.write_bytes(b"".join(vault.log.read_bytes().splitlines(keepends=True)[:-1]))
    elif damage == "no log":
        vault.log.unlink()
    elif damage == "no head":
        head.unlink()
    else:
        head.write_text(head.read_text().replace('"signature": "', '"signature": "AAAA'))
    found = look(vault)
    assert (found.whole, found.broken, found.ends) == (False, None, False)
