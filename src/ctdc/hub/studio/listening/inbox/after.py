"""What follows when the public answers have changed: the site is made again, where the studio has a job for that.

Promise: it happens in the transaction of the act, so that neither is there without the other; several answers in a row
make one build, which sees all of them. Other apps add to `AFTER_ANSWER`.
"""

from __future__ import annotations

from collections.abc import Callable

from ctdc.hub.studio.editors import wanting
from ctdc.hub.studio.editors.acts import PUBLISH
from ctdc.hub.studio.jobs.work import KINDS
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act, can


def ask_publication(by: Person) -> None:
    """Have the site made of what is there now, unless that waits already.

    Whoever answers readers without publishing stories asks for no job of their own: it follows by itself.
    """
    if PUBLISH in KINDS:
        wanting.want(PUBLISH, by if can(by, Act.PUBLISH_STORIES) else None)


AFTER_ANSWER: list[Callable[[Person], None]] = [ask_publication]


def after_answer(by: Person) -> None:
    """Do all that follows."""
    for follow in AFTER_ANSWER:
        follow(by)
