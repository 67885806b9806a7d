"""What is wrong with a story or a page, said at the field, by the rules by which the site reads it.

Promise: what passes here is read by the site without a fault, because the same functions decide; they say which rule
was broken and where, and this module says it in the editor's language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from wagtail import blocks
from wagtail.blocks.list_block import ListBlockValidationError
from wagtail.blocks.stream_block import StreamBlockValidationError
from wagtail.blocks.struct_block import StructBlockValidationError

from ctdc.foundation.errors import UserError
from ctdc.hub.site.about.content import PageFault, page_from, page_text
from ctdc.hub.site.about.references import NAMES
from ctdc.hub.site.stories.source import (
    RULES,
    VERDICTS,
    Bound,
    StoryFault,
    check_slug,
    check_text,
    number_from,
    part_from,
    story_from,
)
from ctdc.hub.studio.editors import choices, plain
from ctdc.hub.studio.web.texts import text

if TYPE_CHECKING:
    from ctdc.hub.studio.editors.models import StoryPage, TextPage, Written

HERE = Path("story")  # stands for a story's folder in what is said to nobody
SHOWN = 12  # how many names a fault lists as allowed


@dataclass(frozen=True)
class Fault:
    """One mistake. path: the field, and within it ids of blocks and names of their fields; message: as shown."""

    path: tuple[str, ...]
    message: str


class NotReady(Exception):
    """Something cannot be published yet. Its text is for the editor who asked."""


def _said(error: UserError) -> str:
    """A fault of the site's, in the editor's language."""
    allowed = ", ".join(error.detail.allowed.split(", ")[:SHOWN])
    if isinstance(error, StoryFault | PageFault):
        if error.fault == "unknown" and not allowed:  # titles, headings and the like bind nothing
            return text("editors.fault.unbound", named=error.named)
        return text(f"editors.fault.{error.fault}", named=error.named, allowed=allowed)
    return error.detail.what


def _found(path: tuple[str, ...], check: Callable[[], object]) -> Iterator[Fault]:
    """What a check of the site's says, if it says something."""
    try:
        check()
    except UserError as error:
        yield Fault(path, _said(error))


# ---- stories ----------------------------------------------------------------------------------------------------


def story_faults(page: StoryPage) -> list[Fault]:
    """Everything that is wrong with a story, at its fields."""
    numbers: dict[str, Bound] = {}
    found = [*_head(page), *_numbers(page, numbers), *_parts(page, numbers)]
    if not numbers:
        found.append(Fault(("numbers",), text("editors.fault.no_numbers")))
    elif page.headline not in numbers:
        named = text("editors.fault.unknown", named=page.headline, allowed=", ".join(list(numbers)[:SHOWN]))
        found.append(Fault(("headline",), named))
    return found or list(_found((), lambda: whole_story(page)))


def whole_story(page: StoryPage) -> None:
    """Raise StoryFault unless the page, with its own words, is a story as the site reads it."""
    values = plain.story_values(page, [])
    story_from(HERE / page.slug, values, {values["source"]: plain.story_words(page)}, choices.terms())


def _head(page: StoryPage) -> Iterator[Fault]:
    yield from _found(("slug",), lambda: check_slug(HERE / page.slug))
    for name in ("title", "summary"):
        value = getattr(page, name)
        yield from _found((name,), lambda name=name, value=value: check_text(HERE, name, value, {}))  # type: ignore[misc]
    for name, allowed in (("category", choices.categories()), ("analysis", choices.analyses())):
        if getattr(page, name) not in dict(allowed):
            yield Fault((name,), text("editors.fault.choose"))


def _numbers(page: StoryPage, numbers: dict[str, Bound]) -> Iterator[Fault]:
    """The faults of the numbers; `numbers` is filled with those that have none."""
    for child in page.numbers:
        name, value, at = child.value["name"], child.value, ("numbers", child.id)
        if name in numbers:
            yield Fault((*at, "name"), text("editors.fault.twice", named=name))
            continue
        try:
            entry = plain.number_values(child.block_type, value)
            numbers[name] = number_from(HERE, name, entry, choices.terms(), numbers)
        except StoryFault as error:
            yield Fault((*at, error.key if error.key in value else "name"), _said(error))
        if child.block_type not in RULES:
            called = value["called"]
            yield from _found((*at, "called"), lambda called=called: check_text(HERE, "called", called, {}))  # type: ignore[misc]


def _parts(page: StoryPage, numbers: dict[str, Bound]) -> Iterator[Fault]:
    for child in page.parts:
        at, value, kind = ("parts", child.id), child.value, child.block_type
        try:
            part_from(HERE, plain.part_values(kind, child.id, value), numbers)
        except StoryFault as error:
            yield Fault((*at, _field(kind, error.key)), _said(error))
        except UserError as error:
            yield Fault((*at, "kind"), _said(error))
        if kind == "heading":
            yield from _found(at, lambda value=value: check_text(HERE, "heading", value, {}))  # type: ignore[misc]
        for name in {"text": ("text",), "comparison": VERDICTS}.get(kind, ()):
            said = value[name]
            yield from _found((*at, name), lambda name=name, said=said: check_text(HERE, name, said, numbers))  # type: ignore[misc]


def _field(kind: str, key: str) -> str:
    """The field of a block for the key of a fault."""
    if kind == "chart":
        return {"dimensions": "first"}.get(key, key if key in ("kind", "measure", "filter", "counted") else "kind")
    return key if key in ("by", "text") else "leave_out"


# ---- pages about the data ---------------------------------------------------------------------------------------


def page_faults(page: TextPage) -> list[Fault]:
    """Everything that is wrong with a page, at its fields."""
    found = [fault for name in ("title", "nav", "lead") for fault in _words((name,), getattr(page, name))]
    anchors: set[str] = set()
    for child in page.sections:
        at, value = ("sections", child.id), child.value
        if value["anchor"] in anchors:
            found.append(Fault((*at, "anchor"), text("editors.fault.twice", named=value["anchor"])))
        anchors.add(value["anchor"])
        found += _words((*at, "heading"), value["heading"])
        if not value["body"]:
            found.append(Fault((*at, "heading"), text("editors.fault.no_body")))
        for one in value["body"]:
            found += _body((*at, "body", one.id), one)
    if not anchors:
        found.append(Fault(("sections",), text("editors.fault.no_sections")))
    return found or list(_found((), lambda: page_from(HERE, plain.page_values(page), NAMES)))


def _body(at: tuple[str, ...], one: Any) -> Iterator[Fault]:
    if one.block_type == "text":
        yield from _words(at, one.value)
    elif one.block_type == "list":
        for item in one.value.bound_blocks:
            yield from _words((*at, item.id), item.value)
    elif one.block_type == "example":
        for name, value in one.value.items():
            yield from _words((*at, name), value)


def _words(at: tuple[str, ...], value: str) -> list[Fault]:
    return list(_found(at, lambda: page_text(value, "", NAMES)))


# ---- saying it --------------------------------------------------------------------------------------------------


def check_whole(page: Written) -> None:
    """Raise ValidationError, its keys the places of the mistakes, or NotReady for a translation with gaps."""
    from ctdc.hub.studio.editors.reading import translation_of  # noqa: PLC0415  it needs the models

    work = translation_of(page)
    if work is not None:
        total, done = work.get_progress()
        if done < total:
            raise NotReady(text("editors.refused.gaps", done=str(done), total=str(total)))
    if faults := page.faults():
        raise ValidationError({".".join(fault.path) or "title": [fault.message] for fault in faults})


def form_errors(page: Written, faults: Sequence[Fault]) -> Iterator[tuple[str, ValidationError]]:
    """The faults as a form takes them: by field, and within a stream at the block and its field."""
    by_field: dict[str, list[Fault]] = {}
    for fault in faults:
        by_field.setdefault(fault.path[0] if fault.path else "title", []).append(fault)
    for name, own in by_field.items():
        inner = [Fault(fault.path[1:], fault.message) for fault in own]
        value = getattr(page, name)
        yield name, _error(getattr(value, "stream_block", None), value, inner)


def _error(block: Any, value: Any, faults: Sequence[Fault]) -> ValidationError:
    """One error for a block, its parts inside it."""
    here = [fault.message for fault in faults if not fault.path]
    if here:
        return ValidationError(here)
    deeper: dict[str, list[Fault]] = {}
    for fault in faults:
        deeper.setdefault(fault.path[0], []).append(Fault(fault.path[1:], fault.message))
    if isinstance(block, blocks.StructBlock):
        parts = {name: _error(block.child_blocks[name], value[name], own) for name, own in deeper.items()}
        return StructBlockValidationError(block_errors=parts)  # type: ignore[no-any-return]
    if isinstance(block, blocks.StreamBlock):
        children = {child.id: (index, child) for index, child in enumerate(value)}
        found = {
            children[key][0]: _error(children[key][1].block, children[key][1].value, own) for key, own in deeper.items()
        }
        return StreamBlockValidationError(block_errors=found)  # type: ignore[no-any-return]
    items = {child.id: (index, child) for index, child in enumerate(value.bound_blocks)}
    listed = {items[key][0]: _error(block.child_block, items[key][1].value, own) for key, own in deeper.items()}
    return ListBlockValidationError(block_errors=listed)  # type: ignore[no-any-return]
