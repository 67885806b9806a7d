"""The name of a start; that both its addresses are held is tested with real sockets, in tests/integration."""

import re

from ctdc.hub.workbench.here import new_host


def test_names_are_below_localhost_and_never_the_same():
    names = {new_host() for _ in range(50)}
    assert len(names) == 50
    assert all(re.fullmatch(r"ctdc-[0-9a-f]{16}\.localhost", name) for name in names)
