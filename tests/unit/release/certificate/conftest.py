"""A release with a signed certificate, and the keys of two publishers."""

import shutil
from pathlib import Path

import pytest
from tests.unit.release.conftest import CREATED

from ctdc.release.build import build
from ctdc.release.certificate.evidence import Evidence
from ctdc.release.certificate.keys import SigningKey, make_key, read_signing_key

LEDGER = {
    "population": "twin", "delta": 5.8e-6, "charges_before": 1,
    "before": {"rho": 0.1, "epsilon": 2.1}, "after": {"rho": 0.5, "epsilon": 5.1},
}  # fmt: skip


def new_key(folder: Path) -> SigningKey:
    make_key(folder / "key.pem")
    return read_signing_key(folder / "key.pem")


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return new_key(tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="session")
def other_key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return new_key(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory, protected: Path, info, key: SigningKey) -> Path:
    store = tmp_path_factory.mktemp("signed")
    return build(protected, store, info, None, CREATED, evidence=Evidence(ledger=LEDGER), key=key)


@pytest.fixture
def copy(signed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(signed, tmp_path / signed.name))


@pytest.fixture
def bare(release: Path, tmp_path: Path) -> Path:
    """A copy of a release whose certificate nobody has signed."""
    return Path(shutil.copytree(release, tmp_path / release.name))
