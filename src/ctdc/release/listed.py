"""Files that list releases: what they are, and an entry for each release.

Promise: such a file is read whole or refused; nothing in it is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ctdc.foundation.errors import UserError
from ctdc.release.protected import read_json

Entry = TypeVar("Entry")


def read_listed(
    path: Path, kind: str, one: Callable[[Mapping[str, Any]], Entry], wrong: Callable[[str, str], UserError]
) -> tuple[Entry, ...]:
    """The entries in their order; none where there is no file.

    kind: what the file has to say it is; one: an entry from its JSON object; wrong: what is raised, from what is wrong
    and where. Raises that, and what `one` raises.
    """
    if not path.is_file():
        return ()
    document = read_json(path)
    try:
        if document["format"] != kind:
            raise wrong("another format", str(path))
        return tuple(one(raw) for raw in document["releases"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise wrong(f"no, or a wrong, {error}", str(path)) from None
