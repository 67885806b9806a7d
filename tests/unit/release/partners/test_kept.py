"""A release that was loaded from an address is kept: as its publisher has it now, and under whoever reads it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.another_hub import AnotherHub

import ctdc
from ctdc.release.certificate.evidence import Evidence
from ctdc.release.certificate.file import certify
from ctdc.release.partners.sources import FolderSource
from ctdc.release.verify import require_verified

pytestmark = pytest.mark.slow
ADDRESS = "https://north.example.org/releases/shelters/"


@pytest.fixture
def published(north: AnotherHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands at the address."""
    folder = Path(shutil.copytree(north.release, tmp_path / "site" / north.release.name))
    monkeypatch.setattr("ctdc.release.client.WebSource", lambda _: FolderSource(folder))
    return folder


def test_what_is_signed_later_is_taken_as_signed(north: AnotherHub, published: Path, tmp_path: Path) -> None:
    (tmp_path / "north.pub").write_bytes(north.public.pem())
    (published / "certificate.json").unlink()
    certify(published, Evidence(), None)
    unsigned = ctdc.load(ADDRESS, keep=tmp_path / "kept")
    certify(published, Evidence(), north.key)
    signed = ctdc.load(ADDRESS, keep=tmp_path / "kept", public_key=tmp_path / "north.pub")
    assert signed.folder == unsigned.folder
    assert signed.verify().signed == north.public.id


def test_what_another_process_keeps_and_reads_stays(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "kept" / published.name

    def meanwhile(*words: Any, **more: Any) -> None:
        shutil.copytree(published, place)
        require_verified(*words, **more)

    monkeypatch.setattr("ctdc.release.client.require_verified", meanwhile)
    ctdc.load(ADDRESS, keep=tmp_path / "kept")
    # A copy that was fetched has times of its own.
    assert (place / "manifest.json").stat().st_mtime_ns == (published / "manifest.json").stat().st_mtime_ns
