"""What all tests share: no network, reproducible generative tests, and the published files where they are at hand."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, socket_allow_hosts

UNIT = Path(__file__).parent / "unit"
LOOPBACK = ["127.0.0.1", "::1", "localhost"]

# No deadline: a slow machine is not a fault. A failing example is printed so that it can be replayed anywhere.
settings.register_profile("ctdc", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("ctdc"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ctdc"))


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Unit tests reach no network at all; the others reach this machine only. (Sockets between threads stay.)"""
    if UNIT in item.path.parents:
        disable_socket(allow_unix_socket=True)
    else:
        socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with CTDC's published files; a test that asks for it is skipped where there is none."""
    folder = os.environ.get("CTDC_REAL_DATA")
    if not folder:
        pytest.skip(
            "CTDC_REAL_DATA does not name a folder with CTDC's published files (their terms forbid a copy here)"
        )
    return Path(folder)
