"""Lines of the process's log, which hold nothing that a person or a file brought in.

Promise: a fault is named by its kind and the places in the code that it passed; its text, which may be of a case, is
left out. An address is written as its pattern: a real one may hold the secret of an invitation or of a new password.
"""

from __future__ import annotations

import logging
import traceback

UNKNOWN = "an unknown address"


class Plain(logging.Formatter):
    """One line for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said = f"{self.formatTime(record)} {record.levelname} {record.name}: {_message(record)}"
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            places = traceback.extract_tb(error.__traceback__)[::-1]
            said += f": {type(error).__name__} at " + " < ".join(f"{at.name}:{at.lineno}" for at in places)
        return said.replace("\n", " ").replace("\r", " ")


def _message(record: logging.LogRecord) -> str:
    request = getattr(record, "request", None)
    if request is None or not isinstance(record.args, tuple):
        return record.getMessage()
    match = getattr(request, "resolver_match", None)
    route = f"/{match.route}" if match else UNKNOWN
    # Django gives the address as an argument, beside a phrase such as Not Found.
    path = getattr(request, "path", None)
    args = tuple(route if one == path else one for one in record.args)
    return str(record.msg) % args if args else str(record.msg)
