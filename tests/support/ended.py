"""Ending a process of a test, so that one that does not end fails that test and holds up no other."""

from __future__ import annotations

import contextlib
import signal
import subprocess

ENDS_WITHIN = 120.0  # seconds; a busy machine is waited for


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """End it as somebody would. Raises AssertionError when it goes on; where its threads stand is then in its errors.

    (Of a process of `tests.support.quick`, which tells of that when it is aborted.)
    """
    process.send_signal(how)
    try:
        process.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        raise AssertionError(f"{process.args} did not end on {how.name}") from None
