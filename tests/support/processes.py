"""What processes get that tests start: an environment with nothing of another studio's, and a port of their own."""

import contextlib
import os
import random
import socket
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("CTDC_", "DJANGO_")


def surroundings(*left_out: str, **more: str) -> dict[str, str]:
    """The environment without ours, without what begins with one of `left_out`, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith((*OURS, *left_out))}
    return kept | more


def with_tests() -> dict[str, str]:
    """`surroundings` in which the modules of these tests are found."""
    around = surroundings()
    return around | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [around.get("PYTHONPATH")])])}


def free_port() -> int:
    """A port on which nobody listens, of those that no system gives out by itself: it stays free between two starts."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
