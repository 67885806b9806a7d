"""A built site of a small invented release."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from protected_twin import EXPLOITATION, PROFILE, global_codes, write_protected

from ctdc.hub.site.build import build_site
from ctdc.hub.site.kit import png
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo


@pytest.fixture(scope="session", autouse=True)
def _small_pictures() -> Iterator[None]:
    """Pictures take most of a site's time; how they look in full size has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(png, "PIXELS", 120)
        yield


@pytest.fixture(scope="session")
def site_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _release(tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="session")
def few_codes() -> dict[str, list[str]]:
    """Variables of a release whose site has a page of every kind and few of each, to look at how sites come about."""
    names = ("yearOfRegistration", "gender", "ageBroad", "citizenship", *EXPLOITATION)
    return {name: codes for name, codes in global_codes().items() if name in names}


@pytest.fixture(scope="session")
def small_release(tmp_path_factory: pytest.TempPathFactory, few_codes: dict[str, list[str]]) -> Path:
    """A release of them."""
    return _release(tmp_path_factory.mktemp("small"), few_codes)


def _release(folder: Path, codes: dict[str, list[str]] | None = None) -> Path:
    protected = write_protected(folder / "p", rows=1500, codes=codes)
    info = ReleaseInfo("twin", simulated=True, profile=PROFILE)
    return build(protected, folder / "store", info, None, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, site_release: Path) -> Path:
    return build_site(site_release, tmp_path_factory.mktemp("pages") / "site")
