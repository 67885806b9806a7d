"""The public answers: what stands in the file that the site is made of.

Promise: an entry is known by a hash of what it says, so that nobody changes another one than they saw.
"""

from __future__ import annotations

from django.conf import settings
from django.http import Http404

from ctdc.foundation.hashing import hash_value
from ctdc.hub.site.about.answers import Answer, read_answers

KEY_DIGITS = 16


def key_of(answer: Answer) -> str:
    """The name of an entry: 16 hexadecimal digits."""
    return hash_value([answer.day, dict(answer.you_said), dict(answer.we_did)])[:KEY_DIGITS]


def open_published() -> dict[str, Answer]:
    """The entries by their keys, newest first. Raises UserError (``answers.file``, ``content.page``)."""
    path = settings.STUDIO.answers
    return {key_of(one): one for one in read_answers(path)} if path.is_file() else {}


def open_entry(key: str) -> Answer:
    """One entry. Raises Http404."""
    found = open_published().get(key)
    if found is None:
        raise Http404
    return found
