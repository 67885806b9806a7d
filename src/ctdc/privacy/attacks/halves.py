"""Splitting people in two before one half is protected, so that the other can show what an attack finds anyway.

Promise: which half a person is in follows from a secret key and from who they are alone, so all rows of a person are
together, the same key gives the same halves, and nobody without the key can say who is in the release.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

PURPOSE = b"ctdc: which half of the people"


def in_first_half(identities: Iterable[str], key: bytes) -> npt.NDArray[np.bool_]:
    """For each identity whether it is in the first half: the first bit of HMAC-SHA256 (RFC 2104) under the key."""
    own = hmac.digest(key, PURPOSE, "sha256")
    return np.array([hmac.digest(own, one.encode(), "sha256")[0] < 128 for one in identities], np.bool_)
