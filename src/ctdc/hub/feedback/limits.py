"""How many messages one sender, and all senders together, may send.

Promise: an address is never kept. What is remembered is a hash under a key that is random, lives in memory only and is
thrown away, with all that was counted, after a day; so nobody can say afterwards who wrote.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Callable
from datetime import datetime

from ctdc.hub.feedback.message import Refusal

MOST_OF_ONE = 5  # messages of one address and day
MOST_OF_ALL = 300  # messages and day
MOST_REMEMBERED = 10_000


class Limits:
    """Counts of the running day. clock: the present moment."""

    def __init__(self, clock: Callable[[], datetime], of_one: int = MOST_OF_ONE, of_all: int = MOST_OF_ALL) -> None:
        self._clock, self._of_one, self._of_all = clock, of_one, of_all
        self._day = ""
        self._begin("")

    def _begin(self, day: str) -> None:
        self._day, self._key, self._all = day, secrets.token_bytes(32), 0
        self._counts: dict[bytes, int] = {}

    def count(self, address: str) -> None:
        """Count one more message from this address. Raises Refusal if it is one too many."""
        if not self.allows(address):
            raise Refusal("error.often")

    def allows(self, address: str) -> bool:
        """Whether one more message from this address is taken; if so, it is counted."""
        day = self._clock().date().isoformat()
        if day != self._day:
            self._begin(day)
        sender = hashlib.blake2b(_network(address).encode(), key=self._key, digest_size=16).digest()
        if self._all >= self._of_all or self._counts.get(sender, 0) >= self._of_one:
            return False
        if sender not in self._counts and len(self._counts) >= MOST_REMEMBERED:
            return False
        self._counts[sender] = self._counts.get(sender, 0) + 1
        self._all += 1
        return True


def _network(address: str) -> str:
    """The address, or of IPv6 the network that one household has: a single machine has billions of addresses in it."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if found.version == 6 and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found.ipv4_mapped if found.version == 6 else found)
