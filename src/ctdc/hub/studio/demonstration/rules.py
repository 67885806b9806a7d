"""What holds in a demonstration and nowhere else.

Promise: a studio is a demonstration from its making or never. Its settings say so, and so does the first line of its
log, which nobody can put there later or take away: a studio in which the two disagree does not start. A demonstration
takes no file that does not say in its name that it is simulated, and publishes nothing that does not say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from ctdc.foundation.errors import Refused, UserError
from ctdc.hub.studio.deliveries.announced import Announced
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.web.texts import text

MARK = "SIMULATED"  # how the names of invented files begin, as `ctdc simulate` writes them
FIRST = "studio.demonstration"  # the kind of the first line of its log


def is_demonstration() -> bool:
    """Whether this studio is one."""
    return bool(settings.STUDIO.settings.demonstration)


def check_files(files: Sequence[Announced]) -> None:
    """Raise Refused (``demonstration.mark``) in a demonstration for a file that is not called simulated."""
    for one in files:
        check_name(one.name)


def check_name(name: str) -> None:
    """`check_files` of one file, by its name."""
    if is_demonstration() and not name.startswith(MARK):
        raise Refused(
            "demonstration.mark",
            text("demonstration.refused.mark"),
            do=text("demonstration.refused.mark.do", mark=MARK),
        )


def check_kind() -> None:
    """Raise UserError (``studio.demonstration``) when the settings and the log do not say the same."""
    first = Event.objects.order_by("sequence").first()
    if first is None or (first.kind == FIRST) == is_demonstration():
        return
    raise UserError(
        "studio.demonstration",
        "The settings of this studio do not say what it was made as."
        if is_demonstration()
        else "This studio was made as a demonstration: its passphrases were printed, and its cases are invented.",
        where="studio.toml, demonstration",
        do="Set it back. For real work make a new studio: ctdc studio init.",
    )


def around(request: Any) -> dict[str, Any]:
    """What the pages of Wagtail say of it; nothing in any other studio."""
    if not is_demonstration():
        return {"demonstration": None}
    words = {"title": "title", "banner": "banner", "link": "banner.link"}
    return {"demonstration": {name: text(f"demonstration.{key}") for name, key in words.items()}}
