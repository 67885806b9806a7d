"""Builds the documentation as pages: ``python docs/build.py [OUT]`` ('make docs').

Promise: what is built is the Markdown of this folder and nothing else; a link that leads nowhere, a page that no list
names, or any other warning fails the build, and then the old pages stay. The pages load nothing from elsewhere, and
have no script or style within them.

Sphinx reads a copy in which links between pages are its own and links to files of the repository lead to copies of
these files beside the pages, as text.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path
from urllib.parse import unquote

from sphinx.cmd.build import build_main

from ctdc.foundation.files import replacing_folder

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
OUT = ROOT / "src" / "ctdc" / "documentation"
THEME = "_theme"
BRINGS = ("sphinx", "snowballstemmer")  # those whose scripts and pictures are in the pages
FILES = "files"  # copies of files of the repository
BESIDE = {"CHANGELOG.md": "changelog", "CONTRIBUTING.md": "contributing", "SECURITY.md": "security"}
# The parts, in the order in which the pages list them.
PARTS = {
    "tutorial": "Learn",
    "how-to": "Do",
    "replication": "Replicate",
    "reference": "Look up",
    "explanation": "Understand",
    "decisions": "Decisions",
    "project": "Take part",
}
# A link, or a piece of code, in which nothing is a link.
LINK = re.compile(
    r"(?P<ticks>(?<!`)`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"
    r"|(?P<head>!?\[(?:[^\[\]]|\[[^\]]*\])*\]\()(?P<target>[^)\s]+)\)",
    re.DOTALL,
)
FENCE = re.compile(r"^(?P<mark>`{3,}|~{3,})", re.MULTILINE)
# Markdown cannot leave the corner of a table empty without calling it the head of a column, as which it is read out.
EMPTY_HEAD = re.compile(r'<th class="head[^"]*"><p></p></th>')
PICTURES = frozenset({".svg", ".png", ".webp"})
SHOWN = frozenset({".json", ".csv", ".svg", ".png", ".webp", ".txt"})  # what browsers show as it is
# Words behind three ticks that no highlighter knows.
PLAIN = {"mermaid": "text", "csv": "text", "nginx": "nginx", "sh": "sh"}


class BadLink(ValueError):
    """A link that leads nowhere; the message says where it stands."""


@dataclass(frozen=True)
class Page:
    """A page: where its text is, and where it stands among the built ones, without an ending."""

    source: Path
    name: str


def pages() -> dict[Path, Page]:
    """Every page by its source."""
    found = {path: Page(path, path.relative_to(DOCS).with_suffix("").as_posix()) for path in DOCS.rglob("*.md")}
    return found | {ROOT / file: Page(ROOT / file, f"project/{name}") for file, name in BESIDE.items()}


class Assembly:
    """The copy that Sphinx reads, in the folder `target`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.pages = pages()

    def write(self) -> None:
        """Write all of it. Raises BadLink."""
        for page in self.pages.values():
            self._place(f"{page.name}.md", self._rewritten(page))
        order = self._order()
        for folder, title in PARTS.items():
            names = sorted((one.name for one in self.pages.values() if one.name.startswith(f"{folder}/")), key=order)
            self._list(folder, title, names)
        lists = [f"{folder}/index" for folder in PARTS]
        index = self.target / "index.md"
        index.write_text(index.read_text("utf-8") + _toctree([*lists, "glossary"], hidden=True), "utf-8")

    def _place(self, name: str, text: str) -> None:
        path = self.target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def _order(self) -> object:
        """A key that sorts pages as the first page names them, and others by their names."""
        listed = re.findall(r"\]\(([\w/-]+)\.md\)", (DOCS / "index.md").read_text("utf-8"))
        return lambda name: (listed.index(name) if name in listed else len(listed), name)

    def _list(self, folder: str, title: str, names: list[str]) -> None:
        """The page that lists a part; one that somebody wrote keeps its words."""
        inner = [name.removeprefix(f"{folder}/") for name in names if name != f"{folder}/index"]
        path = self.target / folder / "index.md"
        if path.is_file():
            path.write_text(path.read_text("utf-8") + _toctree(inner, hidden=True), "utf-8")
        else:
            self._place(f"{folder}/index.md", f"# {title}\n{_toctree(inner)}")

    def _rewritten(self, page: Page) -> str:
        """The page's text with the links of the built pages. Code stays as it is."""
        text = page.source.read_text("utf-8")
        return "".join(part if is_code else self._linked(part, page) for part, is_code in _pieces(text))

    def _linked(self, text: str, page: Page) -> str:
        def replaced(found: re.Match[str]) -> str:
            return found.group() if found["ticks"] else self._link(found["head"], found["target"], page)

        return LINK.sub(replaced, text)

    def _link(self, head: str, target: str, page: Page) -> str:
        if re.match(r"[a-z]+:|#", target):
            return f"{head}{target})"
        file, _, anchor = unquote(target).partition("#")
        path = (page.source.parent / file).resolve()
        if not path.exists() or not path.is_relative_to(ROOT):
            raise BadLink(f"{page.source.relative_to(ROOT)} links to {target}, which is not there")
        up = "../" * page.name.count("/")
        if path in self.pages:
            return f"{head}{up}{self.pages[path].name}.md{'#' + anchor if anchor else ''})"
        copy = self._copied(path)
        if head.startswith("!"):
            return f"{head}{up}{copy})"
        return f'<a href="{up}{copy}">{head[1:-2]}</a>'

    def _copied(self, path: Path) -> str:
        """A file of the repository beside the pages; where it lies there."""
        if path.is_dir():
            raise BadLink(f"{path.relative_to(ROOT)} is a folder, which pages cannot show")
        name = path.relative_to(ROOT).as_posix() + ("" if path.suffix in SHOWN else ".txt")
        places = [self.target / FILES / name] if path.suffix in PICTURES else []
        for place in (*places, self.target / "extra" / FILES / name):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        return f"{FILES}/{name}"


def _toctree(names: list[str], *, hidden: bool = False) -> str:
    options = ":hidden:\n" if hidden else ""
    return "\n".join(["", "```{toctree}", f"{options}:titlesonly:", "", *names, "```", ""])


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is a block of code, whose first line names what a highlighter knows."""
    at = 0
    while found := FENCE.search(text, at):
        end = re.compile(rf"^{found['mark']}\s*$", re.MULTILINE).search(text, found.end())
        stop = end.end() if end else len(text)
        yield text[at : found.start()], False
        yield _known(text[found.start() : stop]), True
        at = stop
    yield text[at:], False


def _known(block: str) -> str:
    """A block of code with one word behind its ticks."""
    first, _, rest = block.partition("\n")
    ticks = re.match(r"[`~]+", first)
    words = first[ticks.end() if ticks else 0 :].split()
    word = PLAIN.get(words[0], words[0]) if words else "text"
    return f"{ticks.group() if ticks else ''}{word}\n{rest}"


def build(out: Path) -> None:
    """Build the pages at `out`, in the place of those that are there. Raises BadLink, RuntimeError for any warning."""
    with tempfile.TemporaryDirectory(prefix="ctdc-docs-") as scratch, replacing_folder(out) as target:
        source = Path(scratch) / "source"
        Assembly(source).write()
        faults = Path(scratch) / "faults"
        options = ["-q", "-W", "--keep-going", "-n", "-b", "html", "-c", str(DOCS), "-d", f"{scratch}/doctrees"]
        if build_main([*options, "-w", str(faults), str(source), str(target)]) != 0:
            raise RuntimeError(f"the documentation has faults:\n{faults.read_text('utf-8')}")
        shutil.copytree(source / "extra", target, dirs_exist_ok=True)
        for page in target.rglob("*.html"):
            page.write_text(EMPTY_HEAD.sub("<td></td>", page.read_text("utf-8")), "utf-8")
        shutil.rmtree(target / "_sources", ignore_errors=True)
        _lay_licences(target / "_static")
        for left_over in (".buildinfo", "objects.inv"):
            (target / left_over).unlink(missing_ok=True)


def _lay_licences(folder: Path) -> None:
    """Lay the licences of the scripts that Sphinx brings beside them: whoever has the one has to have the other."""
    for name in BRINGS:
        texts = [one.read_text("utf-8") for one in files(name) or () if one.parent.name == "licenses"]
        if not texts:
            raise RuntimeError(f"{name} has no licence")
        (folder / f"{name}-LICENSE.txt").write_text("\n".join(texts), "utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve() if sys.argv[1:] else OUT)
