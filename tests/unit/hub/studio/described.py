"""The studio's addresses as an OpenAPI description, for programs that invent requests.

Read from the code: the addresses and their converters, the methods that a view says it takes, the fields of the forms
that its module knows, and the values that it asks for by name.
"""

import ast
import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

from django import forms
from django.urls.converters import IntConverter
from tests.unit.hub.studio.test_matrix import OURS, patterns, whole

from ctdc.hub.studio.editors.addresses import OPEN
from ctdc.hub.studio.editors.models import StoryPage
from ctdc.hub.studio.people.policy import RULES
from ctdc.hub.studio.people.roles import Role
from ctdc.hub.studio.web.middleware import BEFORE_SIGN_IN, SECOND_STEP, SIGNED_IN

LIBRARIES = BEFORE_SIGN_IN | SECOND_STEP | SIGNED_IN | OPEN
# Where the library of the second step has its forms; its views choose among them as they go.
OF_ACCOUNTS = tuple(f"allauth.{part}.forms" for part in ("account", "mfa.base", "mfa.totp", "mfa.webauthn"))
KINDS = ("application/x-www-form-urlencoded", "multipart/form-data", "application/json")
ANSWERS = (200, 201, 204, 302, 303, 307, 400, 401, 403, 404, 405, 409, 410, 413, 415, 423, 429)
# On every answer, whatever it is.
HEADERS = (
    "Content-Security-Policy",
    "Cache-Control",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Permissions-Policy",
)


def description() -> dict[str, Any]:
    """OpenAPI 3.1 of everything that the gate lets somebody reach.

    Of each operation ``x-name`` is the name of its address, ``x-arguments`` the names of what is in it, in order, and
    ``x-asked-by`` who is to ask: everybody who may, and one who may not.
    """
    paths: dict[str, dict[str, Any]] = {}
    for name, pattern in patterns():
        view = pattern.callback
        if not view.__module__.startswith(OURS) and name not in LIBRARIES:
            continue
        path, arguments = whole(name)
        methods = set(getattr(view, "methods", ("GET", "POST")))
        if "GET" in methods:
            methods.discard("HEAD")  # which is answered as GET is
        operations = {method.lower(): _operation(name, method, view, arguments) for method in sorted(methods)}
        if "put" not in operations:  # which the view does not take: one person is enough
            put = _operation(name, "PUT", view, arguments)
            operations["put"] = put | {"x-asked-by": put["x-asked-by"][:1]}
        paths.setdefault("/" + re.sub(r"%\((\w+)\)s", r"{\1}", path), {}).update(operations)
    return {"openapi": "3.1.0", "info": {"title": "Studio", "version": "1"}, "paths": paths}


def _operation(name: str, method: str, view: Any, arguments: dict[str, object]) -> dict[str, Any]:
    in_path = [
        {"name": key, "in": "path", "required": True, "schema": _of_converter(converter)}
        for key, converter in arguments.items()
    ]
    asked = {key for module in _modules(name, view) for key in _asked_for(module, "GET")} | {"page", "next"}
    in_query = [{"name": key, "in": "query", "schema": {"type": "string"}} for key in sorted(asked)]
    seen = {"headers": {header: {"required": True, "schema": {"type": "string"}} for header in HEADERS}}
    operation: dict[str, Any] = {
        "operationId": f"{method} {name}",
        "x-name": name,
        "x-arguments": list(arguments),
        "x-asked-by": _asked_by(name, view),
        "parameters": in_path + in_query,
        "responses": {str(status): {"description": "", **seen} for status in ANSWERS},
    }
    if method in ("POST", "PUT", "PATCH"):
        fields = {"type": "object", "properties": _fields(name, view)}
        operation["requestBody"] = {"content": {kind: {"schema": fields} for kind in KINDS}}
    return operation


def _of_converter(converter: object) -> dict[str, Any]:
    if isinstance(converter, IntConverter):
        return {"type": "integer", "minimum": 0}
    return {"type": "string", "minLength": 1}


def _asked_by(name: str, view: Any) -> list[str]:
    """Everybody who may, and one who may not: all who may not are refused at the same line (`test_matrix`)."""
    if name in OPEN:
        return ["editor", "translator", "steward"]
    if not hasattr(view, "act"):
        return ["shelter"]  # the pages of one's own account and those before it are the same for all
    rule = RULES[view.act]
    may = [role.value for role in Role if role in rule.everywhere - {Role.CONTRIBUTOR}]
    may += ["shelter"] if Role.CONTRIBUTOR in rule.everywhere | rule.at_home else []
    return may + [who for who in ("shelter", "auditor", "translator") if who not in may][:1]


def _modules(name: str, view: Any) -> Iterable[ModuleType]:
    """Where an address's view reads what is sent."""
    is_of_accounts = name in LIBRARIES - OPEN and not view.__module__.startswith(OURS)
    return map(importlib.import_module, OF_ACCOUNTS if is_of_accounts else (view.__module__,))


def _fields(name: str, view: Any) -> dict[str, Any]:
    """What is read from a body: fields of every form that the view's module knows, and values by their names."""
    found: dict[str, Any] = {}
    for module in _modules(name, view):
        found |= {key: {"type": "string"} for at in ("POST", "FILES") for key in _asked_for(module, at)}
        for form in _forms(module):
            found |= {key: _of_field(field) for key, field in form.base_fields.items()}
    if name in OPEN:
        story = StoryPage.get_edit_handler().get_form_class()
        found |= {key: _of_field(field) for key, field in story.base_fields.items()}
    return found


def _forms(module: ModuleType) -> Iterator[type[forms.BaseForm]]:
    for one in vars(module).values():
        if inspect.isclass(one) and issubclass(one, forms.BaseForm) and hasattr(one, "base_fields"):
            yield one


@cache
def _asked_for(module: ModuleType, where: str) -> frozenset[str]:
    """The names in ``request.POST.get("name")``, ``request.POST["name"]`` and the like; where: ``POST``."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        of: ast.expr | None = None
        if isinstance(node, ast.Subscript):
            of, key = node.value, node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            of, key = node.func.value, node.args[0]
        if isinstance(of, ast.Attribute) and of.attr == where and isinstance(key, ast.Constant):
            found.add(str(key.value))
    return frozenset(found)


def _of_field(field: forms.Field) -> dict[str, Any]:
    if isinstance(field, forms.FileField):
        return {"type": "string", "format": "binary"}
    if isinstance(field, forms.TypedChoiceField | forms.ModelChoiceField):
        return {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 10}, {"type": "string"}]}
    if isinstance(field, forms.IntegerField):  # of which the one for other numbers are some
        return {"type": "number"}
    if isinstance(field, forms.BooleanField):
        return {"enum": ["on", "", "false"]}
    if isinstance(field, forms.DateField):
        return {"type": "string", "format": "date"}
    if isinstance(field, forms.ChoiceField):
        return {"enum": [str(key) for key, _ in field.choices] or [""]}
    return {"type": "string", "maxLength": field.max_length or 200} if isinstance(field, forms.CharField) else {}
