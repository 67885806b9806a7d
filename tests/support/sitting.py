"""People of a studio that runs in another process, signed in with both steps: ``python sitting.py STUDIO``.

Prints a JSON object: role -> the session's key, for a cookie of the studio.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ctdc.hub.studio.starting import make_ready

ROLES = ("steward", "reviewer", "contributor")


def seat(role: str) -> str:
    """Make somebody with this role, and a session of theirs."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from allauth.usersessions.models import UserSession
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from ctdc.foundation.clock import now
    from ctdc.hub.studio.entrance.second_step import TAKEN_KEY
    from ctdc.hub.studio.people.models import Grant, Organisation, Person
    from ctdc.hub.studio.web.middleware import REST_KEY, START_KEY

    home = Organisation.objects.get(is_hub=True)
    if role == "contributor":
        home = Organisation.objects.create(slug="shelter", name="Harbour shelter")
    person = Person(email=f"{role}@bench.example.org", name=f"Robin {role.title()}", organisation=home)
    person.set_unusable_password()
    person.save()
    Grant.objects.create(person=person, role=role)
    TOTP.activate(person, generate_totp_secret())
    session, moment = SessionStore(), int(now().timestamp())
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(person.pk), BACKEND
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session[START_KEY] = session[REST_KEY] = moment
    session[TAKEN_KEY] = person.pk
    session.save()
    UserSession.objects.create(user=person, ip="127.0.0.1", session_key=session.session_key)
    return str(session.session_key)


BACKEND = "allauth.account.auth_backends.AuthenticationBackend"

if __name__ == "__main__":
    make_ready(Path(sys.argv[1]))
    print(json.dumps({role: seat(role) for role in ROLES}))
