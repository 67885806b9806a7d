"""The documentation as pages: every link leads somewhere, nothing within a page runs, nothing comes from elsewhere."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from scripts import make_sbom
from starlette.testclient import TestClient
from tests.support.documentation import documentation_builder

from ctdc.hub.site.documentation import PART, write_documentation
from ctdc.hub.site.serve import SECURITY_HEADERS, application

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.heavy]
MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    return documentation_builder()


@pytest.fixture(scope="module")
def built(builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of today."""
    out = tmp_path_factory.mktemp("documentation") / "pages"
    builder.build(out)
    return out


class Seen(HTMLParser):
    """What a page links to, what it loads, its anchors, and what would run or paint within it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.within: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif "src" in given or (tag == "link" and "href" in given):
            self.loaded.append(given.get("src") or given["href"])
        if tag == "style" or (tag == "script" and "src" not in given) or any(n.startswith("on") for n in given):
            self.within.append(tag)
        if "style" in given:
            self.within.append(f"style of {tag}")


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[Path, Seen]:
    return {path: Seen(path.read_text("utf-8")) for path in sorted(built.rglob("*.html"))}


def test_every_page_is_built_and_small(built: Path, pages: dict[Path, Seen]) -> None:
    sources = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert {built / name for name in sources} <= pages.keys()
    assert sum(path.stat().st_size for path in built.rglob("*") if path.is_file()) < MOST_BYTES


def test_nothing_within_a_page_runs_or_paints_and_nothing_comes_from_elsewhere(pages: dict[Path, Seen]) -> None:
    assert not {path.name: seen.within for path, seen in pages.items() if seen.within}
    assert not {path.name: one for path, seen in pages.items() for one in seen.loaded if urlsplit(one).netloc}


def test_every_link_leads_to_something(built: Path, pages: dict[Path, Seen]) -> None:
    wrong = []
    for path, seen in pages.items():
        for link in (*seen.links, *seen.loaded):
            address, anchor = urldefrag(link)
            parts = urlsplit(address)
            if parts.scheme or address == "/":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file() or (anchor and target in pages and unquote(anchor) not in pages[target].anchors):
                wrong.append(f"{path.relative_to(built)}: {link}")
    assert not wrong


def test_no_head_of_a_column_is_empty(pages: dict[Path, Seen]) -> None:
    assert not [path.name for path in pages if re.search(r"<th[^>]*>\s*(<p>\s*</p>)?\s*</th>", path.read_text("utf-8"))]


def test_all_pages_can_be_reached_from_the_first(built: Path, pages: dict[Path, Seen]) -> None:
    reached, waiting = set(), [built / "index.html"]
    while waiting:
        page = waiting.pop()
        if page in reached or page not in pages:
            continue
        reached.add(page)
        waiting += [(page.parent / unquote(urldefrag(link)[0])).resolve() for link in pages[page].links if link]
    assert {path.name for path in pages.keys() - reached} <= {"search.html"}


def test_the_first_page_says_in_five_languages_that_it_is_in_english(built: Path) -> None:
    text = (built / "index.html").read_text("utf-8")
    assert set(re.findall(r'<p lang="(\w+)"', text)) == {"ar", "fr", "de", "es"}
    assert 'dir="rtl"' in text and "This documentation is in English" in text


def test_a_link_that_leads_nowhere_stops_the_build(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    page = docs / "index.md"
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    monkeypatch.setattr(builder, "DOCS", docs)
    for wrong in ("[a](nowhere.md)", "[a](../../outside.md)", "[a\nb](src/gone.py#L3)"):
        page.write_text(f"# Title\n\n{wrong}\n", "utf-8")
        assembly = builder.Assembly(tmp_path / "copy")
        with pytest.raises(builder.BadLink):
            assembly._rewritten(builder.Page(page, "index"))
    page.write_text("# Title\n\n```text\n[a](nowhere.md)\n```\n", "utf-8")
    assert "nowhere.md" in builder.Assembly(tmp_path / "copy")._rewritten(builder.Page(page, "index"))


def test_an_anchor_that_is_gone_stops_the_build_and_the_old_pages_stay(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "pages"
    out.mkdir()
    (out / "index.html").write_text("old")
    rewritten = builder.Assembly._rewritten

    def broken(self: Any, page: Any) -> str:
        more = "\n[gone](#not-there)\n" if page.name == "glossary" else ""
        return str(rewritten(self, page)) + more

    monkeypatch.setattr(builder.Assembly, "_rewritten", broken)
    with pytest.raises(RuntimeError):
        builder.build(out)
    assert (out / "index.html").read_text() == "old"


@pytest.fixture(scope="module")
def client(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    site = tmp_path_factory.mktemp("site")
    write_documentation(built, site)
    with TestClient(application(site)) as found:
        yield found


def test_it_is_served_with_the_headers_of_the_site(client: TestClient) -> None:
    for address in (f"/{PART}/", f"/{PART}/tutorial/steward.html", f"/{PART}/_static/docs.css"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert client.get(f"/{PART}", follow_redirects=False).headers["location"] == f"/{PART}/"
    svg = next(iter(re.findall(r'src="([^"]+\.svg)"', client.get(f"/{PART}/explanation/audit.html").text)))
    assert client.get(f"/{PART}/explanation/{svg}").headers["content-type"].startswith("image/svg+xml")


def test_what_others_made_of_the_pages_is_in_the_bill_of_materials_with_its_licence(built: Path) -> None:
    (package := built.parent / "package").mkdir()
    (package / "documentation").symlink_to(built)
    parts = make_sbom.of_documentation(package)
    assert {part.name: part.licence for part in parts} == {"sphinx": "BSD-2-Clause", "snowball": "BSD-3-Clause"}
    named = {Path(file).name for part in parts for file in part.files}
    ours = {"docs.css", "exit.js", "icon.svg", "pygments.css"}
    licences = {"sphinx-LICENSE.txt", "snowballstemmer-LICENSE.txt"}
    assert {path.name for path in (built / "_static").iterdir()} == named | ours | licences
    for name in licences:
        assert "Redistribution and use" in (built / "_static" / name).read_text("utf-8")
