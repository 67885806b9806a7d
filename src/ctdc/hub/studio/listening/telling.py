"""Telling the reader of a page what was wrong."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.web.texts import text
from ctdc.hub.studio.web.views import Request

Problem = (ValidationError, UserError)


def sentences(error: ValidationError | UserError) -> list[str]:
    """What was wrong, in sentences."""
    if isinstance(error, UserError):
        return [" ".join(part for part in (error.detail.what, error.detail.where, error.detail.do) if part)]
    return list(error.messages)


def done(request: Request, act: Callable[[], object], success: str = "") -> bool:
    """Do an act, and say above the next page how it went. success: key of what is said when it went well."""
    try:
        act()
    except Problem as error:
        for sentence in sentences(error):
            messages.error(request, sentence)
        return False
    if success:
        messages.success(request, text(success))
    return True


def done_in(form: Form, act: Callable[[], object]) -> bool:
    """Do an act, and say in the form what was wrong."""
    try:
        act()
    except ValidationError as error:
        is_of_fields = hasattr(error, "error_dict") and set(error.error_dict) <= set(form.fields)
        form.add_error(None, error if is_of_fields else error.messages)
        return False
    except UserError as error:
        form.add_error(None, sentences(error)[0])
        return False
    return True
