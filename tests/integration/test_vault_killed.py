"""`kill -9` at random moments: the vault has what was there before, or what is there after, and goes on.

Six moments for each act, spread over the time that the act takes; after each the vault is verified with its key.
"""

import contextlib
import multiprocessing
import random
import shutil
import time
from pathlib import Path

import pytest
from tests.support.vault_acts import perform
from tests.support.vaults import KEY, STEWARD, WHEN, deposit, filled, subject

from ctdc.foundation.errors import UserError
from ctdc.vault import accesslog, erase
from ctdc.vault.rotate import rotate
from ctdc.vault.sources import LocalKey
from ctdc.vault.store import deliveries, put, read_table
from ctdc.vault.vault import Vault, open_vault
from ctdc.vault.verify import verify

pytestmark = pytest.mark.slow
PEOPLE = range(600)
NEW = LocalKey(b"n" * 32)
MOMENTS = 6

# Children are forked from a server that has imported everything, so that a kill falls into the act and not before it.
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["tests.support.vault_acts"])


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    vault = filled(folder, PEOPLE)
    put(vault, deposit(folder, range(5000, 5020), delivery="2024", tables={}), STEWARD, WHEN)
    deposit(folder, PEOPLE)  # the files that the child delivers
    return folder


SUBJECTS = [subject(number) for number in range(0, 200, 20)]


def run(folder: Path, act: str, kill_after: float | None) -> float:
    """Run the act in a child; returns how long it took, or kills it after some seconds."""
    here, there = CHILDREN.Pipe()
    child = CHILDREN.Process(target=perform, args=(folder, act, SUBJECTS, there))
    child.start()
    there.close()
    assert here.recv() == "begin"
    begun = time.monotonic()
    if kill_after is not None:
        time.sleep(kill_after)
        child.kill()
    with contextlib.suppress(EOFError):
        here.recv()
    took = time.monotonic() - begun
    child.join()
    return took


def check(vault: Vault, act: str) -> None:
    """What must hold after any moment."""
    there = {one.identity.delivery for one in deliveries(vault, STEWARD, WHEN)}  # finishes what was begun
    found = verify(vault)
    assert found.sound, found.problems
    if act == "put":
        assert there in ({"2024", "2025"}, {"2024", "2025", "2026"})
    elif act == "remove":
        assert there in ({"2024", "2025"}, {"2024"})
    else:
        assert there == {"2024", "2025"}
        left = read_table(vault, "shelter", "2025", "cases", STEWARD, WHEN).column("_subject").to_pylist()
        withdrawn = accesslog.scan(vault.log).of("shelter")
        assert set(left) == {subject(number) for number in PEOPLE} - withdrawn


def go_on(vault: Vault, folder: Path, act: str) -> None:
    """The same act, or another one, works afterwards."""
    if act == "rotate":
        vault = rotate(vault, [NEW], 1, STEWARD, WHEN)
        assert len(vault.keyring.roots) == 1
    put(vault, deposit(folder, range(9000, 9010), delivery="after"), STEWARD, WHEN)
    erase.withdraw(vault, "shelter", subject(9007), STEWARD, WHEN)
    assert verify(vault).sound
    assert not list((vault.folder / "staging").iterdir())
    assert not accesslog.scan(vault.log).open_acts


def opened(folder: Path) -> Vault:
    """The vault with the old key or the new."""
    try:
        return open_vault(folder / "vault", [KEY])
    except UserError:
        return open_vault(folder / "vault", [NEW])


@pytest.mark.parametrize("act", ["put", "withdraw", "remove", "rotate"])
def test_killed_at_any_moment_the_vault_has_the_old_or_the_new(template: Path, tmp_path: Path, act: str) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(template, whole)
    duration = run(whole, act, None)
    assert has_ended(whole, act)
    dice, killed = random.Random(act), 0
    for moment in range(MOMENTS):
        folder = tmp_path / str(moment)
        shutil.copytree(template, folder)
        run(folder, act, duration * (moment + dice.random()) / MOMENTS)
        killed += not has_ended(folder, act)
        vault = opened(folder)
        check(vault, act)
        go_on(vault, folder, act)
        shutil.rmtree(folder)
    assert killed  # the kills fell into the act, not behind it


def has_ended(folder: Path, act: str) -> bool:
    """Whether the act had come to its last line before the kill."""
    ends = {"put": "stored", "withdraw": "withdrawn", "remove": "removed", "rotate": "rotated"}
    lines = accesslog.read(folder / "vault" / accesslog.NAME)
    done = sum(line.event["kind"] == ends[act] for line in lines)
    return done == {"put": 3, "withdraw": len(SUBJECTS), "remove": 1, "rotate": 1}[act]
