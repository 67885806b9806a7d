"""Pieces that are sealed as they arrive, by somebody who cannot open them."""

import os
from pathlib import Path

import pytest

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.vault import inbox
from ctdc.vault.access import Access
from ctdc.vault.sources import LocalKey
from ctdc.vault.vault import Vault, create, open_vault

PIECES = (b"first " * 1000, b"second", b"third" * 10)
WHAT = "delivery 1, file 1"


@pytest.fixture
def key() -> LocalKey:
    return LocalKey(os.urandom(32))


@pytest.fixture
def vault(tmp_path: Path, key: LocalKey) -> Vault:
    create(tmp_path / "vault", [key], 1, Access("test", "test"), now())
    return open_vault(tmp_path / "vault", [key])


@pytest.fixture
def folder(tmp_path: Path, vault: Vault) -> Path:
    without_keys = open_vault(vault.folder)
    target, offset = tmp_path / "arriving", 0
    for piece in PIECES:
        inbox.seal_piece(target, without_keys.keyring, WHAT, offset, piece)
        offset += len(piece)
    return target


def opened(folder: Path, vault: Vault, what: str = WHAT, length: int = sum(map(len, PIECES))) -> bytes:
    return b"".join(inbox.open_pieces(folder, vault.keyring.vault, vault.needs_keys().roots, what, length))


def pieces(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_pieces_come_back_whole_and_rest_unreadable(folder: Path, vault: Vault) -> None:
    assert opened(folder, vault) == b"".join(PIECES)
    for path in pieces(folder):
        assert b"first" not in path.read_bytes() and b"second" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


def test_a_piece_sent_again_takes_the_place_of_the_first(folder: Path, vault: Vault) -> None:
    inbox.seal_piece(folder, vault.keyring, WHAT, 0, PIECES[0])
    assert opened(folder, vault) == b"".join(PIECES)


@pytest.mark.parametrize("change", ["swapped", "cut", "gone", "flipped", "other delivery", "too short", "no head"])
def test_what_was_changed_does_not_open(folder: Path, vault: Vault, change: str) -> None:
    first, second, third = pieces(folder)
    length = sum(map(len, PIECES))
    if change == "swapped":
        one, other = second.read_bytes(), third.read_bytes()
        second.write_bytes(other)
        third.write_bytes(one)
    elif change == "cut":
        first.write_bytes(first.read_bytes()[:-1])
    elif change == "gone":
        second.unlink()
    elif change == "flipped":
        data = bytearray(third.read_bytes())
        data[-1] ^= 1
        third.write_bytes(bytes(data))
    elif change == "no head":
        first.write_bytes(b"{" + first.read_bytes()[1:4096].replace(b"root", b"\xff\xff\xff\xff"))
    what = "delivery 2, file 1" if change == "other delivery" else WHAT
    with pytest.raises(UserError) as error:
        opened(folder, vault, what, length - 1 if change == "too short" else length)
    assert error.value.detail.code == "vault.damaged"


def test_after_a_rotation_it_has_to_be_delivered_again(folder: Path, vault: Vault) -> None:
    stranger = dict.fromkeys(["0" * 16], next(iter(vault.needs_keys().roots.values())))
    with pytest.raises(UserError, match="Deliver it again"):
        list(inbox.open_pieces(folder, vault.keyring.vault, stranger, WHAT, 10))


def test_what_is_destroyed_is_overwritten(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "hard link"
    os.link(pieces(folder)[0], kept)
    inbox.destroy_pieces(folder)
    assert not folder.exists()
    assert kept.read_bytes()[:4096] == bytes(4096)
    inbox.destroy_pieces(folder)


@pytest.mark.parametrize("size", [0, inbox.MAX_PIECE + 1])
def test_a_piece_has_a_size(tmp_path: Path, vault: Vault, size: int) -> None:
    with pytest.raises(ValueError, match="a piece has"):
        inbox.seal_piece(tmp_path, vault.keyring, WHAT, 0, bytes(size))
