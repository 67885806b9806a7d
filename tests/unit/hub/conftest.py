"""A built site of a small invented release."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from protected_twin import PROFILE, write_protected

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
    protected = write_protected(tmp_path_factory.mktemp("hub") / "p", rows=1500)
    info = ReleaseInfo("twin", simulated=True, profile=PROFILE)
    return build(protected, tmp_path_factory.mktemp("hub-store"), info, None, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, site_release: Path) -> Path:
    return build_site(site_release, tmp_path_factory.mktemp("pages") / "site")
