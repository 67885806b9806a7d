"""The language that the studio speaks to somebody: what they chose here, else what their account says."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def has_chosen(request: HttpRequest) -> bool:
    """Whether somebody chose a language in this browser."""
    return settings.LANGUAGE_COOKIE_NAME in request.COOKIES


def remember(request: HttpRequest, response: HttpResponse, language: str) -> HttpResponse:
    """The response, which makes `language` the browser's unless another one was chosen in it."""
    if not has_chosen(request):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            path=settings.LANGUAGE_COOKIE_PATH,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Strict",
        )
    return response
