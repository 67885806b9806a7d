"""The child process that parses files of formats with rich parsers (workbooks, SPSS, Stata), under limits.

Promise: it drops the network (where the system allows), limits memory and time before it touches the file, reads
values only and writes text columns to standard output as an Arrow stream; nothing is stored on disk. Standard
error carries one JSON object when it refuses. Run as ``python -m ctdc.intake.readers.child``; the request comes on
standard input as JSON.
"""

from __future__ import annotations

import ctypes
import json
import resource
import sys

_NEW_NET, _NEW_USER = 0x40000000, 0x10000000
EXIT_REFUSED = 3


def drop_network() -> bool:
    """Move this process to an empty network namespace; False where the system does not allow it."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        return int(libc.unshare(_NEW_NET)) == 0 or int(libc.unshare(_NEW_USER | _NEW_NET)) == 0
    except (OSError, AttributeError):
        return False


def set_limits(memory: int, cpu_seconds: int) -> None:
    """Limit address space, CPU time, core dumps and the files that may be written (none)."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A core file or a scratch file would hold cases in clear; standard output is a pipe and is not affected.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> int:
    """Read a request, parse the file, write the stream. Returns the exit code."""
    request = json.loads(sys.stdin.buffer.read())
    network_dropped = drop_network()  # before any thread exists: a namespace cannot be left later
    set_limits(request["limits"]["memory"], request["limits"]["cpu_seconds"])
    # The libraries start threads and map memory when imported: only now.
    from ctdc.foundation.errors import UserError  # noqa: PLC0415
    from ctdc.intake.readers.parse import parse  # noqa: PLC0415

    try:
        parse(request, network_dropped)
    except UserError as error:
        sys.stderr.write(json.dumps(error.detail.as_dict()))
        return EXIT_REFUSED
    except MemoryError:
        sys.stderr.write(json.dumps({"code": "intake.too_large", "what": "memory"}))
        return EXIT_REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
