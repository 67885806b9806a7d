"""Where short messages wait for the next page: in a cookie of this host alone, else in the session."""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class HostCookie(CookieStorage):
    """A cookie that no other host can set. Flags are those of the session's."""

    cookie_name = "__Host-messages" if settings.SESSION_COOKIE_SECURE else "messages"


class Said(FallbackStorage):
    """The cookie first: what is said on signing out outlives the session."""

    storage_classes = (HostCookie, SessionStorage)
