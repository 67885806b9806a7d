"""Tokens with which a contributor's own programs deliver: whose is the one that a request carries?

Promise: a token is shown once and stored as a hash; it lives at most ninety days, and no longer than its person may
come in. It opens the addresses whose views ask here, and nothing that the gate keeps for people who have signed in.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.http import HttpRequest

from ctdc.foundation.clock import now
from ctdc.hub.studio.people.models import Person, Token

PREFIX = "ctdc_"  # by which a token that was published by mistake can be found
LONGEST = timedelta(days=90)
MOST = 10  # tokens of one person that are good at a time
_NOTED_EVERY = timedelta(minutes=1)


def new_secret() -> str:
    """What a new token is: 256 random bits behind a prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is stored of it. The bits are random: a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def person_of(request: HttpRequest) -> Person | None:
    """Whose token the request carries (``Authorization: Bearer ctdc_...``); None unless it is good now."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    secret = rest.strip()
    if scheme.lower() != "bearer" or not secret.startswith(PREFIX):
        return None
    moment = now()
    good = Token.objects.filter(secret=hashed(secret), withdrawn=None, until__gt=moment)
    token = good.select_related("person__organisation").first()
    if token is None or not token.person.roles:
        return None
    if token.used is None or moment - token.used > _NOTED_EVERY:
        good.update(used=moment)
    return token.person
