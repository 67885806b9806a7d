"""Documents of a release as plain values, and as HTML files that open from a disk in any browser.

Promise: a document holds text only, no markup, so a label or a citation can never inject any; the same sections
serve the release's own files and the site's pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ctdc.standard.languages import AUTONYMS, LANGUAGES, direction

STYLE_PATH = "style.css"


@dataclass(frozen=True)
class Table:
    """A table of text. numeric: positions of columns that hold numbers and are set to the line's end."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Section:
    """A heading with paragraphs, bullets and at most one table, in that order. anchor: its id within the page."""

    heading: str
    anchor: str
    paragraphs: tuple[str, ...] = ()
    bullets: tuple[str, ...] = ()
    table: Table | None = None


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_document(language: str, title: str, stem: str, sections: tuple[Section, ...], note: str = "") -> str:
    """One HTML page for a file named ``<stem>.<language>.html`` one folder below ``style.css``.

    note: a sentence shown before everything else, such as that the data are simulated; empty for none.
    """
    template = _environment().get_template("document.html.j2")
    return template.render(
        language=language,
        direction=direction(language),
        title=title,
        stem=stem,
        sections=sections,
        note=note,
        languages=[(code, AUTONYMS[code], direction(code)) for code in LANGUAGES],
    )


def style_sheet() -> str:
    """The style sheet of the release's own documents."""
    return (Path(__file__).parent / "templates" / STYLE_PATH).read_text(encoding="utf-8")
