"""Passwords that say where they are used: the words that whoever guesses tries first.

Promise: a password may hold any of these words, but not be made of little else.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError

from ctdc.foundation.collaborative import current
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.web.texts import text

# What is known of any studio; the hub's and the organisation's names, and the person's, are added for each.
WORDS = (
    "password",
    "passphrase",
    "studio",
    "ctdc",
    *current().id.split("-"),
    "steward",
    "reviewer",
    "editor",
    "translator",
    "administrator",
    "auditor",
    "contributor",
)
SHORTEST_WORD = 3  # letters
LEAST_LEFT = 8  # characters of a password beside these words


class NotAboutHere:
    """Refuses passwords that are little more than the names of the place, its roles and its people."""

    def validate(self, password: str, user: Person | None = None) -> None:
        """Raise ValidationError for one of them."""
        left = password.casefold()
        for word in sorted(_words(user), key=len, reverse=True):
            left = left.replace(word, "")
        if len(left) < LEAST_LEFT:
            raise ValidationError(text("entrance.error.about_here"), code="password_about_here")

    def get_help_text(self) -> str:
        """What is asked, beside the length."""
        return text("entrance.error.about_here")


def _words(person: Person | None) -> set[str]:
    names = [*WORDS, settings.STUDIO.settings.hub, settings.STUDIO.host]
    if person is not None and person.organisation_id:
        names += [person.organisation.name, person.organisation.slug, person.name, person.email]
    parts = {part for name in names for part in name.casefold().replace("@", " ").replace(".", " ").split()}
    return {word for word in parts | {name.casefold() for name in names} if len(word) >= SHORTEST_WORD}
