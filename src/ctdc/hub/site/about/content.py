"""Pages that editors write: titles, sections, paragraphs and lists in YAML, one file for each page and language.

Promise: a page that is read is whole and safe. Text is text, never markup: a link is ``[words](address)``, a number of
the release is ``{name}`` (`references`), and nothing else has a meaning. What is wrong is named with file and place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup, escape

from ctdc.foundation.errors import UserError
from ctdc.hub.site.documentation import ADDRESS
from ctdc.release.yamls import parse_yaml
from ctdc.standard.languages import DEFAULT

LINK = re.compile(r"\[([^\[\]]+)\]\(([^()\s]*)\)")
REFERENCE = re.compile(r"\{([a-z0-9_]+)\}")
INSIDE = re.compile(r"(?!/)[a-z0-9/-]*(#[A-Za-z0-9:_-]+)?")
OUTSIDE = re.compile(r"(https://|mailto:)[^\s\"'<>]+")
DOCUMENTATION = re.compile(rf"{ADDRESS}([a-z0-9/-]+\.html)?(#[A-Za-z0-9:_-]+)?")  # beside the pages of all languages
ANCHOR = re.compile(r"[a-z][a-z0-9-]*")
EXAMPLE = ("wrong", "right", "see")
SHOWN = ("sources", "citation", "terms", "contact")  # what the page shows of the release itself
PAGE_KEYS = ("nav", "title", "lead", "sections")


class PageFault(UserError):
    """Something that is wrong in a page. fault: what kind of thing, for programs that say it in their reader's words:
    ``file``, ``parts``, ``empty``, ``link``, ``reference`` or ``brace``; named: the name that it is about.
    """

    def __init__(self, where: str, what: str, allowed: str, fault: str, named: str) -> None:
        do = "Mend the file, and build the site again."
        super().__init__("content.page", what, where=where, allowed=allowed, do=do)
        self.fault, self.named = fault, named


@dataclass(frozen=True)
class Block:
    """A piece of a section. kind: ``text``, ``list``, ``example`` or ``show``.

    texts: one paragraph; the items of a list; wrong, right and see of an example; or which of `SHOWN`.
    """

    kind: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class PageSection:
    """A heading with what stands below it. id: its anchor, the same in every language."""

    id: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """One page in one language. nav: its name in menus."""

    name: str
    nav: str
    title: str
    lead: str
    sections: tuple[PageSection, ...]

    def texts(self) -> Iterator[str]:
        """Every text of the page."""
        yield from (self.nav, self.title, self.lead)
        for section in self.sections:
            yield section.heading
            for block in section.blocks:
                yield from block.texts


def _fault(where: str, what: str, allowed: str = "", fault: str = "parts", named: str = "") -> PageFault:
    return PageFault(where, what, allowed, fault, named)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises UserError (``content.page``) for one that is missing or is not YAML."""
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _fault(str(path), "This page has no text in this language.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise _fault(f"{path}{line}", "This is not valid YAML.") from None


def read_page(path: Path, names: Collection[str]) -> Page:
    """The page in a file. names: the references that there are. Raises PageFault (``content.page``)."""
    return page_from(path, read_yaml(path), names)


def page_from(path: Path, found: Any, names: Collection[str]) -> Page:
    """A page of plain values, as its file holds them. Raises PageFault. path: says where faults are."""
    if not isinstance(found, dict) or set(found) != set(PAGE_KEYS):
        raise _fault(str(path), "A page has other parts.", ", ".join(PAGE_KEYS))
    if not isinstance(found["sections"], list) or not found["sections"]:
        raise _fault(str(path), "A page needs sections.", "a list of id, heading and body")
    nav, title, lead = (page_text(found[key], f"{path}, {key}", names) for key in ("nav", "title", "lead"))
    sections = tuple(_section(part, path, position, names) for position, part in enumerate(found["sections"], start=1))
    ids = [section.id for section in sections]
    if len(set(ids)) < len(ids):
        raise _fault(str(path), "Two sections have the same id.")
    return Page(path.stem, nav, title, lead, sections)


def _section(part: Any, path: Path, position: int, names: Collection[str]) -> PageSection:
    where = f"{path}, section {position}"
    if not isinstance(part, dict) or set(part) != {"id", "heading", "body"}:
        raise _fault(where, "A section has other parts.", "id, heading, body")
    if not isinstance(part["id"], str) or not ANCHOR.fullmatch(part["id"]):
        raise _fault(f"{where}, id", "This cannot be an anchor.", "small letters, digits and hyphens, a letter first")
    if not isinstance(part["body"], list) or not part["body"]:
        raise _fault(f"{where}, body", "A section needs a body.", "a list of paragraphs, lists, examples and show")
    heading = page_text(part["heading"], f"{where}, heading", names)
    blocks = tuple(_block(item, f"{where}, {number}", names) for number, item in enumerate(part["body"], start=1))
    return PageSection(part["id"], heading, blocks)


def _block(item: Any, where: str, names: Collection[str]) -> Block:
    if isinstance(item, str):
        return Block("text", (page_text(item, where, names),))
    if isinstance(item, dict) and len(item) == 1:
        ((kind, value),) = item.items()
        if kind == "list" and isinstance(value, list) and value:
            return Block("list", tuple(page_text(text, where, names) for text in value))
        if kind == "example" and isinstance(value, dict) and set(value) == set(EXAMPLE):
            return Block("example", tuple(page_text(value[key], f"{where}, {key}", names) for key in EXAMPLE))
        if kind == "show" and value in SHOWN:
            return Block("show", (value,))
    raise _fault(
        where,
        "This is no part of a section.",
        f"a paragraph, 'list: [...]', 'example:' with {', '.join(EXAMPLE)}, or 'show:' with one of {', '.join(SHOWN)}",
    )


def page_text(text: Any, where: str, names: Collection[str]) -> str:
    """`text`, if it is one, its links lead somewhere and its references exist. Raises PageFault."""
    if not isinstance(text, str) or not text.strip():
        raise _fault(where, "Here a text is needed.", fault="empty")
    for _, address in LINK.findall(text):
        if not any(kind.fullmatch(address) for kind in (INSIDE, OUTSIDE, DOCUMENTATION)):
            allowed = f"a page such as privacy/#limits, {ADDRESS}how-to/run.html, or https://..."
            raise _fault(where, f"{address!r} cannot be linked to.", allowed, "link", address)
    rest = LINK.sub(r"\1", text)
    unknown = [name for name in REFERENCE.findall(rest) if name not in names]
    if unknown or re.search(r"[{}]", REFERENCE.sub("", rest)):
        named = f"{{{unknown[0]}}}" if unknown else "A single brace"
        kind = "reference" if unknown else "brace"
        raise _fault(where, f"{named} is no reference to the release.", ", ".join(sorted(names)), kind, named)
    return text


def links(text: str) -> list[str]:
    """The addresses that a text links to."""
    return [address for _, address in LINK.findall(text)]


def filled(
    text: str, values: Mapping[str, str], language: str, missing: Callable[[str], bool] = lambda path: False
) -> Markup | None:
    """The text for a page, its links and numbers in place; None if the release does not have one of its numbers.

    missing: whether a site of this release has no such page; its link is then words only.
    """
    if any(name not in values for name in REFERENCE.findall(text)):
        return None
    made, start = Markup(), 0
    for match in LINK.finditer(text):
        words, address = match.groups()
        made += _numbers(text[start : match.start()], values)
        shown = _numbers(words, values)
        made += shown if missing(address.partition("#")[0]) else _link(address, shown, language)
        start = match.end()
    return made + _numbers(text[start:], values)


def _link(address: str, shown: Markup, language: str) -> Markup:
    if DOCUMENTATION.fullmatch(address):
        return Markup('<a href="{}" hreflang="{}">{}</a>').format(address, DEFAULT, shown)
    target = address if OUTSIDE.fullmatch(address) else f"/{language}/{address}"
    return Markup('<a href="{}">{}</a>').format(target, shown)


def _numbers(text: str, values: Mapping[str, str]) -> Markup:
    return escape(REFERENCE.sub(lambda match: values[match.group(1)], text))
