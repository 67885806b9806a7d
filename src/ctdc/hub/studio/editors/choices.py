"""What editors choose from: people, variables, codes and releases, named in the editor's language.

Promise: what is stored is the code, so that a new version of the standard changes no row. Labels come from the standard
where it has them; everything is looked up when it is first shown in a language, never when the program starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from typing import TypeVar

from django.conf import settings

import ctdc.standard
from ctdc.hub.site.kit.spec import SHAPES
from ctdc.hub.site.stories.prose import STORY_TEXTS
from ctdc.hub.site.stories.source import ANALYSES, CATEGORIES, CHARTS, NOTES, Term, known_groups, read_terms
from ctdc.hub.site.stories.study import STUDIES, read_study
from ctdc.hub.studio.public_site import public_releases
from ctdc.hub.studio.web.texts import language, text
from ctdc.standard.languages import AUTONYMS, LANGUAGES
from ctdc.standard.model import ProfileColumn

Choice = tuple[str, str]
Grouped = list[tuple[str, list[Choice]]]
Choices = TypeVar("Choices", list[Choice], Grouped)
JOIN = "="  # between a variable and its code, in what a filter stores


def _kept(choices: Callable[[], Choices]) -> Callable[[], Choices]:
    """Made once for each language: Wagtail asks for them with every value, and the standard changes with no page."""
    made = cache(lambda _: choices())

    @wraps(choices)
    def kept() -> Choices:
        return made(language())

    return kept


@cache
def columns() -> Mapping[str, ProfileColumn]:
    """Every variable that a profile publishes, as the newest profile has it that does."""
    found: dict[str, ProfileColumn] = {}
    for profile in reversed(list(ctdc.standard.load().profiles.values())):
        for column in (*profile.columns, *(profile.links.columns if profile.links else ())):
            found.setdefault(column.name, column)
    return found


@cache
def terms() -> Mapping[str, Term]:
    """People as stories name them."""
    return read_terms()


def _label(name: str) -> str:
    column = columns().get(name)
    return column.labels[language()] if column else name


def _code_label(name: str, code: str) -> str:
    column = columns().get(name)
    labels = column.code_labels.get(code) if column else None
    return labels[language()] if labels else code


@_kept
def people() -> list[Choice]:
    """The people that a story can count: `gender: woman`, in words of the standard."""
    return _sorted((name, _people(term)) for name, term in terms().items())


def _people(term: Term) -> str:
    name = next((one for one in term.variables if one in columns()), term.variables[0])
    column = columns().get(name)
    own = [code for code in term.codes if column and code in column.codes]
    if column is None or column.kind == "flag" or not own:
        return _label(name)
    return f"{_label(name)}: {', '.join(_code_label(name, code) for code in own)}"


@_kept
def questions() -> list[Choice]:
    """Variables and groups of them, which can be ranked and drawn."""
    groups = ctdc.standard.load().groups
    own = [(name, groups[name].labels[language()] if name in groups else name) for name in sorted(known_groups())]
    return [*_sorted(own), *_sorted((name, _label(name)) for name in columns())]


@_kept
def codes() -> Grouped:
    """Every code of every variable, by variable, for a filter."""
    found: Grouped = []
    for name, label in _sorted((name, _label(name)) for name in columns()):
        own = columns()[name].codes
        found.append((label, [(f"{name}{JOIN}{code}", f"{label}: {_code_label(name, code)}") for code in own]))
    return found


def kinds() -> list[Choice]:
    """The shapes of charts."""
    return [(kind, text(f"editors.kind.{kind}")) for kind in CHARTS]


def drawn() -> list[Choice]:
    """What a chart can draw."""
    measures = dict.fromkeys(measure for _, allowed in SHAPES.values() for measure in allowed)
    return [(measure, text(f"editors.drawn.{measure}")) for measure in measures]


def releases() -> list[Choice]:
    """The releases that are published here, newest name first."""
    names = sorted((folder.name for folder in public_releases(settings.STUDIO)), reverse=True)
    return [(name, name) for name in names]


def studies() -> list[Choice]:
    """Studies whose figures can be quoted."""
    return [(path.stem, path.stem) for path in sorted(STUDIES.glob("*.json"))]


def figures() -> list[Choice]:
    """The figures of all studies."""
    return [(name, name) for study, _ in studies() for name in read_study(study).figures]


def categories() -> list[Choice]:
    """What stories are about."""
    return [(one, STORY_TEXTS.text(language(), f"stories.category.{one}")) for one in CATEGORIES]


def analyses() -> list[Choice]:
    """What stories are made from."""
    return [(one, STORY_TEXTS.text(language(), f"stories.analysis.{one}")) for one in ANALYSES]


def notes() -> list[Choice]:
    """What stories can say of their numbers, at their end."""
    return [(one, STORY_TEXTS.text(language(), f"stories.note.{one}")) for one in NOTES]


def languages() -> list[Choice]:
    """The five languages, by their own names."""
    return [(code, AUTONYMS[code]) for code in LANGUAGES]


def _sorted(choices: Iterable[Choice]) -> list[Choice]:
    return sorted(choices, key=lambda choice: choice[1].casefold())
