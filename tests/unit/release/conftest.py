"""A small invented protected folder and a release of it, made once."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from protected_twin import PROFILE, write_protected

from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo

CREATED = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def info() -> ReleaseInfo:
    return ReleaseInfo("twin", simulated=True, profile=PROFILE, version="1", sources=("One", "Two"))


@pytest.fixture(scope="session")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_protected(tmp_path_factory.mktemp("protected") / "p", rows=1500, population="twin")


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory, protected: Path, info: ReleaseInfo) -> Path:
    return build(protected, tmp_path_factory.mktemp("store"), info, None, CREATED)
