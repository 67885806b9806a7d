"""The access log for whoever watches over it: its lines as far as they are sound, and whether it is whole.

Promise: no key is needed and no case is opened. A damaged log is not refused, as it is to those who want to read a
case: whoever looks into what happened has to see what stands before the damage.
"""

from __future__ import annotations

from dataclasses import dataclass

from ctdc.foundation import chain
from ctdc.foundation.chain import Line
from ctdc.foundation.errors import UserError
from ctdc.vault import accesslog
from ctdc.vault.accesslog import Head
from ctdc.vault.vault import Vault


@dataclass(frozen=True)
class Look:
    """lines: those before the first bad one; broken: that one's number, from 1, or None; ends: whether the log has the
    line of its signed head, so that none is missing at its end.
    """

    lines: tuple[Line, ...]
    broken: int | None
    ends: bool

    @property
    def whole(self) -> bool:
        """Whether every line is as it was written, and none is missing."""
        return self.broken is None and self.ends


def look(vault: Vault) -> Look:
    """Read the log and check all of it."""
    head = _head(vault)  # before the lines: one that is written meanwhile comes with a newer head
    lines, damage = chain.read_sound(vault.log, accesslog.fault)
    return Look(lines, damage.number if damage else None, head is not None and accesslog.holds(lines, head))


def _head(vault: Vault) -> Head | None:
    """The signed head; None when there is none that this vault's log key signed."""
    try:
        head = accesslog.read_head(vault.folder / accesslog.HEAD_NAME)
    except UserError:
        return None
    return head if accesslog.is_genuine(head, vault.keyring.vault, vault.keyring.log_key) else None
