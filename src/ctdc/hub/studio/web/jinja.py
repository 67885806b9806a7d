"""The environment of our own templates: strict, escaping everything, with words, numbers and the policy at hand."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import json_script
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ctdc.hub.studio.entrance import second_step
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web import formats
from ctdc.hub.studio.web.navigation import entries
from ctdc.hub.studio.web.texts import language, plural, text
from ctdc.standard.languages import AUTONYMS, direction


def environment(**options: Any) -> Environment:
    """The environment, as Django asks for it."""
    ours = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    made = Environment(**{**options, **ours})  # noqa: S701  it is set just above
    made.globals |= {"t": text, "n": plural, "url": reverse, "static": static, "Act": Act, "autonyms": AUTONYMS}
    made.filters |= {
        "whole": formats.whole,
        "decimal": formats.decimal,
        "few": formats.few,
        "percent": formats.percent,
        "day": formats.day,
        "moment": formats.moment,
        "size": formats.size,
        "json_script": json_script,
    }
    return made


def around(request: HttpRequest) -> dict[str, Any]:
    """What every template may use of the request."""
    person = request.user
    current = language()
    return {
        "person": person,
        "language": current,
        "direction": direction(current),
        "can": lambda act, organisation=None: policy.can(person, act, organisation),
        # Before the second step nothing of it is open.
        "navigation": entries(person) if second_step.was_taken(request) else [],
        "here": request.path,
        "demonstration": bool(settings.STUDIO.settings.demonstration),
        "csrf_field": Markup('<input type="hidden" name="csrfmiddlewaretoken" value="{}">').format(get_token(request)),
    }
