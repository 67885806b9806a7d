"""Second steps that were sealed with another secret key: a code of theirs is wrong, and none of their codes is left.

Promise: whoever comes with such a code is told that it is wrong, as with any other, and can still come in by another
step; nothing is made up in the place of what cannot be opened.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.entrance.sealing import NOT_OPENED

P = ParamSpec("P")
T = TypeVar("T")


def _or(nothing: Callable[[], T], method: Callable[P, T]) -> Callable[P, T]:
    """The method, which answers `nothing` where what it needs cannot be opened."""

    @functools.wraps(method)
    def answer(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except UserError as error:
            if error.detail.code != NOT_OPENED:
                raise
            return nothing()

    return answer


def answer_no() -> None:
    """Have the library's second steps answer so; it offers no other place to say it."""
    TOTP.validate_code = _or(bool, TOTP.validate_code)
    RecoveryCodes.generate_codes = _or(list, RecoveryCodes.generate_codes)
