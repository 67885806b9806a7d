"""Where the workbench answers: a name on this machine that no other server has, and both of its own addresses.

Promise: the name is new for each start, and browsers lead it to this machine without asking anybody (RFC 6761). Cookies
know no ports, so that a cookie of ``127.0.0.1`` goes to every server there; one of this name goes to the workbench and
its explorers alone. Browsers try ``::1`` or ``127.0.0.1`` first, as they like: both are bound, so that no other user of
the machine can answer, and be given the key, at the one that is left.
"""

from __future__ import annotations

import errno
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ctdc.foundation.errors import UserError
from ctdc.hub.site.serve import bind

LOOPBACK = ("127.0.0.1", "::1")
NAME_BYTES = 8
NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
TRIES = 20  # for a port that is free at both addresses, where any will do


def new_host() -> str:
    """A name that leads to this machine, new for each start."""
    return f"ctdc-{secrets.token_hex(NAME_BYTES)}.localhost"


def listen(port: int) -> list[socket.socket]:
    """Listening sockets at every address that the name leads to. port: 0 for any that is free.

    Raises UserError as `ctdc.hub.site.serve.bind` does, if the port is taken at one of the addresses.
    """
    for _ in range(TRIES if port == 0 else 0):
        try:
            return _bound(port)
        except UserError as error:
            if error.detail.code != "serve.port_taken":
                raise
    return _bound(port)


def _bound(port: int) -> list[socket.socket]:
    with ExitStack() as failed:
        found: list[socket.socket] = []
        for address in _addresses():
            found.append(failed.enter_context(bind(address, found[0].getsockname()[1] if found else port)))
        failed.pop_all()
    return found


@contextmanager
def listening(port: int) -> Iterator[list[socket.socket]]:
    """`listen`, and closed at the end."""
    found = listen(port)
    try:
        yield found
    finally:
        for one in found:
            one.close()


def _addresses() -> tuple[str, ...]:
    """The loopback addresses that this machine has."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK[1], 0))
    except OSError as error:
        if error.errno in NO_IPV6:
            return LOOPBACK[:1]
        raise
    return LOOPBACK
