"""What can be found: every page of a built site, every variable and every code of the code book.

Promise: made of the pages as they lie in the site's folder, so nothing is found that is not there, and whoever adds a
page need not think of the search; the same pages give the same documents in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

from ctdc.hub.site.view import SiteRelease
from ctdc.table.linked import LINKED

KINDS = ("page", "story", "variable", "country", "chart", "code")  # in the order in which they are shown
# Where pages of a kind stand; all others are pages. An index ("countries/" itself) is a page too.
PLACES = {"charts/": "chart", "countries/": "country", "stories/": "story"}
WHOLE = ("page", "story")  # kinds of which the headings and the beginning of the text are searched too
TEXT_MOST = 1500  # characters of a page's text
SNIPPET_MOST = 240  # characters of what stands below a result
SEARCH_PATH = "search/"
CODEBOOK_PATH = "codebook/"
PIECE = 8192  # characters of a page that are read at a time
_CODE = re.compile("/[a-z]{3}/$")  # the address of a country that has its code in it
_QUIET = frozenset({"nav", "table", "script", "style", "svg", "form", "noscript", "button", "figcaption"})
# Those of them that never stand in one of their own kind, and are most of a page: left out before it is read.
_LARGE = re.compile(r"<(table|script|style|svg)\b.*?</\1>", re.DOTALL)
_HEADINGS = frozenset({"h1", "h2", "h3"})
_EMPTY = frozenset({"br", "img", "input", "hr", "link", "meta", "wbr", "source"})
_BLOCKS = frozenset({"p", "li", "dd", "dt", "div", "section", "h1", "h2", "h3", "h4"})


@dataclass(frozen=True)
class Document:
    """One thing that can be found. path: below ``/LANGUAGE/``; where: its code or its name in the files.

    of: for a code, the position of its variable among all documents; headings: (text, anchor).
    """

    kind: str
    title: str
    path: str
    where: str = ""
    text: str = ""
    headings: tuple[tuple[str, str], ...] = ()
    of: int = 0

    def row(self) -> list[object]:
        """The document as the index has it: kind by its position in `KINDS`, empty values at the end left out.

        The last value is the headings with their anchors in turn, or what a code is `of`.
        """
        headings = [part for heading in self.headings for part in heading]
        row = [KINDS.index(self.kind), self.title, self.path, self.where, self.text, self.of or headings]
        while not row[-1] and len(row) > 3:
            row.pop()
        return row


@dataclass
class Reader(HTMLParser):
    """Reads a page: its title, its description, its headings with their anchors, and its text without tables."""

    title: str = ""
    description: str = ""
    framed: bool = False
    headings: list[tuple[str, str]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    _open: list[tuple[str, str]] = field(default_factory=list)
    _quiet: int = 0
    _main: int = 0
    _heading: list[str] | None = None

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where we are; a heading's anchor is its own or that of what it stands in."""
        if tag == "meta":
            values = dict(attrs)
            self.description = (
                (values.get("content") or "") if values.get("name") == "description" else self.description
            )
        self.framed |= tag == "header"
        if tag in _EMPTY:
            return
        self._open.append((tag, next((value or "" for name, value in attrs if name == "id"), "")))
        self._quiet += tag in _QUIET
        self._main += tag == "main"
        if tag in _HEADINGS and self._is_read:
            self._heading = []

    def handle_endtag(self, tag: str) -> None:
        """Close a heading, and everything that was left open inside."""
        if tag in _HEADINGS and self._heading is not None:
            self._close_heading(tag)
        while self._open:
            closed = self._open.pop()[0]
            self._quiet -= closed in _QUIET
            self._main -= closed == "main"
            if closed == tag:
                break
        if tag in _BLOCKS and self.text:
            self.text.append(" ")

    def handle_data(self, data: str) -> None:
        """Text of the page's main part."""
        if self._heading is not None:
            self._heading.append(data)
        elif self._is_read:
            self.text.append(data)

    @property
    def _is_read(self) -> bool:
        return self._main > 0 and not self._quiet

    @property
    def has_enough(self) -> bool:
        """Whether what is shown below a result has been read."""
        return bool(self.title) and sum(map(len, self.text)) > 2 * SNIPPET_MOST

    def _close_heading(self, tag: str) -> None:
        text = " ".join("".join(self._heading or ()).split())
        self._heading = None
        if tag == "h1":
            self.title = self.title or text
            return
        anchors = [anchor for name, anchor in reversed(self._open) if name in (tag, "section", "figure", "article")]
        anchor = next((anchor for anchor in anchors[:2] if anchor), "")
        if text and anchor:
            self.headings.append((text, anchor))


def documents(site: Path, language: str, view: SiteRelease) -> list[Document]:
    """Everything that can be found in one language of the site that is built in the folder `site`."""
    found = list(page_documents(site / language))
    for document in _book(site / language, language, view):
        if document.kind == "variable":
            of = len(found)
        found.append(replace(document, of=of) if document.kind == "code" else document)
    return found


def page_documents(folder: Path) -> Iterator[Document]:
    """Every page below `folder`, in the order of their addresses, but charts alone and what older releases keep."""
    for file in sorted(folder.rglob("index.html")):
        path = file.parent.relative_to(folder).as_posix()
        path = "" if path == "." else f"{path}/"
        if path != SEARCH_PATH and not re.fullmatch("releases/[^/]+/.+", path):
            kind = next((kind for place, kind in PLACES.items() if path.startswith(place) and path != place), "page")
            whole = kind in WHOLE and path != CODEBOOK_PATH  # the code book's variables are documents themselves
            page = _read(file, whole)
            if page.framed and page.title:
                yield _page(page, kind, path, whole)


def _read(file: Path, whole: bool) -> Reader:
    """The page in a file; unless it is wanted as a whole, no more of it than is shown of it."""
    page, content = Reader(), _LARGE.sub("", file.read_text(encoding="utf-8"))
    for start in range(0, len(content), PIECE):
        page.feed(content[start : start + PIECE])
        if page.has_enough and not whole:
            break
    return page


def _page(page: Reader, kind: str, path: str, whole: bool) -> Document:
    text = " ".join("".join(page.text).split())
    code = path.rstrip("/").rpartition("/")[2].upper() if kind == "country" and _CODE.search(path) else ""
    if not whole:
        return Document(kind, page.title, path, where=code, text=shortened(text, SNIPPET_MOST))
    return Document(kind, page.title, path, text=shortened(text, TEXT_MOST), headings=tuple(page.headings))


def shortened(text: str, most: int) -> str:
    """The beginning of a text, cut between words."""
    if len(text) <= most:
        return text
    return text[:most].rsplit(" ", 1)[0] + " …"


def _book(folder: Path, language: str, view: SiteRelease) -> Iterator[Document]:
    """Every variable of the code book, each followed by its codes, at the variable's page if it has one."""
    for part, start in ((view, ""), (view.linked, LINKED)):
        for variable in part.vocabulary.variables if part else ():
            path = _variable_path(folder, variable.name, start)
            label, definition = variable.labels[language], variable.definitions[language]
            text = "" if definition == label else shortened(definition, SNIPPET_MOST)
            yield Document("variable", label, path, where=variable.name, text=text)
            for code in variable.codes:
                yield Document("code", code.labels[language], path, where=code.code)


def _variable_path(folder: Path, name: str, start: str) -> str:
    own = [f"{CODEBOOK_PATH}{start}{form}/" for form in (name, name.lower())]
    there = (path for path in own if (folder / path / "index.html").is_file())
    return next(there, f"{CODEBOOK_PATH}#{start}{name}")
