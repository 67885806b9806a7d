"""The list of what is released is checked with openssl and sha256sum alone, as the page says."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from scripts.seal_dist import SIGNATURE, SUMS, seal

from ctdc.foundation.errors import UserError
from ctdc.release.certificate.keys import make_key

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "verify-a-download.md"
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
COMMANDS = [line.removeprefix("$ ") for line in BLOCKS[0].splitlines() if line.startswith("$ ")]


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A folder with two files, their signed list and, from elsewhere, the key."""
    if shutil.which("openssl") is None or shutil.which("sha256sum") is None:
        pytest.skip("openssl or sha256sum is not installed")
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "ctdc-1.whl").write_bytes(b"wheel")
    (folder / "ctdc-1.tar.gz").write_bytes(b"archive")
    make_key(tmp_path / "keys" / "ctdc.pem")
    assert "signed with the key" in seal(folder, tmp_path / "keys" / "ctdc.pem")
    shutil.copy(tmp_path / "keys" / "ctdc.pem.pub", folder / "ctdc.pub")
    return folder


def ask(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, capture_output=True, text=True)


def test_the_commands_of_the_page_check_all_of_it(released: Path) -> None:
    assert len(COMMANDS) == 3
    for command in COMMANDS:
        done = ask(command, released)
        assert done.returncode == 0, (command, done.stderr)
    assert "Verified Successfully" in ask(COMMANDS[1], released).stdout


def test_a_file_or_a_list_that_was_changed_is_found(released: Path) -> None:
    (released / "ctdc-1.whl").write_bytes(b"other")
    assert ask(COMMANDS[2], released).returncode != 0
    seal(released, None)  # a list that fits the changed file, by somebody without the key
    assert not (released / SIGNATURE).exists()
    assert ask(COMMANDS[1], released).returncode != 0


def test_a_signature_of_somebody_else_is_found(released: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "other.pem")
    seal(released, tmp_path / "other.pem")
    assert ask(COMMANDS[1], released).returncode != 0


def test_a_key_among_what_is_released_is_refused(released: Path) -> None:
    make_key(released / "ctdc.pem")
    with pytest.raises(UserError):
        seal(released, released / "ctdc.pem")


def test_the_list_names_every_file(released: Path) -> None:
    (released / "ctdc.pub").unlink()
    seal(released, None)
    listed = {line.split("  ")[1] for line in (released / SUMS).read_text().splitlines()}
    assert listed == {"ctdc-1.whl", "ctdc-1.tar.gz"}
