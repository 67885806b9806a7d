"""A collaborative of another field, from `ctdc init` to its site in two languages, as the tutorial says it.

Each command runs in a process of its own, because a process serves one collaborative.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from tests.support.quick import QUICK

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "your-own-collaborative.md"
# Words of the shipped collaborative's field, in all languages in which somebody could meet them.
FIELD = re.compile(
    r"traffick|victim|exploitation|menschenhandel|\bopfer\b|victime|\btraite\b|\btrata\b|víctima|الاتجار|ضحايا|الضحية|استغلال",
    re.IGNORECASE,
)


def ctdc(*words: str, here: Path, served: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "CTDC_COLLABORATIVE"}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "NO_COLOR": "1"}
    if served is not None:
        environment["CTDC_COLLABORATIVE"] = str(served)
    return subprocess.run(
        [*QUICK, *words],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def commands() -> list[tuple[str, str, str]]:
    """(kind of block, command, what must be seen) of the tutorial, in order."""
    found = []
    for token in MarkdownIt("commonmark").parse(TUTORIAL.read_text(encoding="utf-8")):
        if token.type == "fence" and token.info in ("console walk", "console walk-fails"):
            first, _, rest = token.content.partition("\n")
            found.append((token.info, first.removeprefix("$ "), rest.strip()))
    return found


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which somebody has done what the tutorial says, and nothing else."""
    here = tmp_path_factory.mktemp("tutorial")
    for kind, command, expected in commands():
        words = shlex.split(command)
        if words[0] == "ctdc":
            done = ctdc(*words[1:], here=here)
        else:
            done = subprocess.run(words, cwd=here, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert done.returncode == (0 if kind == "console walk" else 3), f"{command}\n{said}"
        pattern = ".*".join(re.escape(piece) for piece in expected.split("..."))
        assert re.search(pattern, said, flags=re.DOTALL), f"{command}\nsaid\n{said}"
    return here


@pytest.fixture(scope="module")
def site(walked: Path) -> Path:
    return walked / "safe-work" / "site"


def pages(site: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(site.rglob("*.html")):
        yield path.relative_to(site).as_posix(), path.read_text(encoding="utf-8")


@pytest.mark.heavy
def test_the_tutorial_leads_to_a_site_in_both_languages(site: Path) -> None:
    assert {path.name for path in site.iterdir() if path.is_dir() and len(path.name) == 2} == {"en", "ar"}
    english, arabic = ((site / code / "index.html").read_text(encoding="utf-8") for code in ("en", "ar"))
    assert '<html lang="en" dir="ltr">' in english and '<html lang="ar" dir="rtl">' in arabic
    assert "Aramel Work Accidents Observatory" in english and "مرصد حوادث العمل في أرامل" in arabic
    assert "People injured at work" in english and "أشخاص أُصيبوا في العمل" in arabic
    for path in ("themes/causes", "countries/1", "stories/falls", "help", "codebook", "methods", "explorer"):
        assert (site / "en" / path / "index.html").is_file() == (site / "ar" / path / "index.html").is_file(), path
    assert (site / "ar" / "stories" / "falls" / "index.html").is_file()
    assert (site / "ar" / "themes" / "causes" / "index.html").is_file()


@pytest.mark.heavy
def test_its_regions_are_on_its_own_map(site: Path) -> None:
    whose = {"en": "the map that Aramel Work Accidents", "ar": "الجهة الناشرة (Aramel Work Accidents"}
    for code, said in whose.items():
        page = (site / code / "map" / "index.html").read_text(encoding="utf-8")
        assert len(re.findall(r'<path class="area shade-', page)) == 6
        assert said in page
        assert not re.search("United Nations|الأمم المتحدة|1244", page)


@pytest.mark.heavy
def test_no_page_and_no_file_of_it_speaks_of_the_other_field(site: Path) -> None:
    found = list(pages(site))
    assert len(found) > 100
    guilty = {f"{name}: {match[0]}" for name, text in found for match in FIELD.finditer(text)}
    for path in site.rglob("*"):
        if path.suffix in (".json", ".csv", ".txt", ".xml", ".js", ".css", ".cff", ".bib", ".jsonld"):
            text = path.read_text(encoding="utf-8")
            guilty |= {f"{path.relative_to(site)}: {match[0]}" for match in FIELD.finditer(text)}
    assert not guilty


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name in ("href", "src") and value and value.startswith("/")}


@pytest.mark.heavy
def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    lost = set()
    for name, text in pages(site):
        links = Links()
        links.feed(text)
        for link in links.found:
            path = site / link.split("#")[0].split("?")[0].lstrip("/")
            if not (path.is_file() or (path / "index.html").is_file()) and not link.startswith("/api/"):
                lost.add(f"{name}: {link}")
    assert not lost


@pytest.mark.heavy
def test_its_colours_and_its_mark_are_on_it(site: Path) -> None:
    (style,) = (site / "assets").glob("site.*.css")
    assert "--deep: #4a2c12;" in style.read_text(encoding="utf-8")
    (icon,) = (site / "assets").glob("icon.*.svg")
    assert "M8 32a16" in icon.read_text(encoding="utf-8")
    assert "M8 32a16" in (site / "en" / "index.html").read_text(encoding="utf-8")
    pictures = [path.read_text(encoding="utf-8") for path in (site / "en" / "charts").rglob("*.svg")]
    assert any('fill="#b0671f"' in text for text in pictures), "bars"
    assert any('fill="#6e3f12"' in text for text in pictures), "shades"
    assert not any(usual in text for text in pictures for usual in ("#2f808a", "#a7cbce", "#175661"))


@pytest.mark.heavy
def test_its_release_says_who_it_is(walked: Path) -> None:
    release = (walked / "safe-work" / "first" / "latest").resolve()
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["info"]["titles"]) == {"en", "ar"}
    assert {path.name for path in (release / "about").glob("privacy.*.html")} == {"privacy.en.html", "privacy.ar.html"}
    figures = json.loads((release / "data" / "figures.json").read_text(encoding="utf-8"))
    assert [one["id"] for one in figures["headlines"][:4]] == ["injured", "years", "women", "young"]
    assert 4_500 < figures["headlines"][0]["count"] < 7_500


@pytest.mark.heavy
def test_another_language_order_and_fewer_languages(tmp_path: Path) -> None:
    done = ctdc("init", "nur-arabisch", "--language", "ar", here=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "nur-arabisch"
    assert not list(folder.rglob("en.*")) and not (folder / "content" / "about" / "pages" / "en").exists()
    checked = ctdc("collaborative", "check", "--json", here=folder)
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout)["faults"] == []
    shown = ctdc("standard", "show", here=folder / "content")  # found in a folder above
    assert "المنطقة" in shown.stdout


@pytest.mark.heavy
def test_the_shipped_one_can_be_the_beginning_too(tmp_path: Path) -> None:
    done = ctdc("init", "anti-trata", "--from", "trafficking", "--language", "es", "--language", "en", here=tmp_path)
    assert done.returncode == 0, done.stderr
    checked = ctdc("--collaborative", "anti-trata", "collaborative", "check", "--json", here=tmp_path)
    assert json.loads(checked.stdout)["faults"] == []
    again = ctdc("init", "anti-trata", here=tmp_path)
    assert again.returncode == 3 and "anti-trata" in again.stderr


# (file, what stands there, what is put in its place, what is said)
BREAKS = (
    ("presentation.toml", '["workerSex"]', '["gender"]', "no profile has a column 'gender'"),
    ("texts/ar.toml", '"headline.young"', '"headline.jung"', "'headline.young'"),
    ("texts/en.toml", "{count}", "{number}", "names {number}"),
    ("mappings/union/values.csv", ",woman,", ",women,", "workerSex has no code 'women'"),
    ("content/stories/falls/ar.yaml", "{building}", "{house}", "There is no number 'house'"),
    ("content/about/pages/ar/about.yaml", "{people}", "{persons}", "persons"),
    ("content/about/helplines.yaml", "for: workers", "for: everybody", "whom this helpline is for"),
    ("agreements/ar.yaml", "retention:", "retain:", "other clauses"),
    ("brand/colours.toml", 'link = "#7a4310"', 'link = "#e0c0a0"', "the contrast is"),
    ("map.geojson", '"code":"coast"', '"code":"shore"', "The area 'shore'"),
    ("plan.toml", "epsilon = 4.0", "epsilon = 400.0", "privacy.epsilon"),
    ("example/invent.toml", 'codes = ["south"]', 'codes = ["north"]', "'north'"),
)


def broken(folder: Path, breaks: tuple[tuple[str, str, str, str], ...]) -> str:
    """What the check says of a new collaborative in which all of this was changed."""
    assert ctdc("init", folder.name, here=folder.parent).returncode == 0
    for file, old, new, _ in breaks:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, file
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    checked = ctdc("collaborative", "check", here=folder)
    assert checked.returncode == 3, checked.stdout
    assert "Traceback" not in checked.stderr
    return checked.stdout + checked.stderr


@pytest.mark.heavy
def test_everything_that_is_broken_is_named_at_once(tmp_path: Path) -> None:
    said = broken(tmp_path / "broken", BREAKS)
    assert [words for *_, words in BREAKS if words not in said] == []
    assert said.count("What to do") >= len(BREAKS)
    assert all(Path(file).name in said for file, *_ in BREAKS)


@pytest.mark.heavy
def test_what_everything_else_stands_on_is_named_with_its_line(tmp_path: Path) -> None:
    said = broken(tmp_path / "code", (("standard/codes.csv", "region,coast,,North", "region,capital,,North", ""),))
    assert "codes.csv:3" in said and "there twice" in said
    said = broken(tmp_path / "shape", (("collaborative.toml", '"accidents-2025"', '"accidents-2026"', ""),))
    assert "no profile of the standard" in said
    said = broken(tmp_path / "toml", (("collaborative.toml", "languages =", "langauges =", ""),))
    assert "Do you mean 'languages'?" in said and "What to do" in said


@pytest.mark.heavy
def test_a_language_that_the_product_lacks_is_told_what_it_needs(tmp_path: Path) -> None:
    assert ctdc("init", "ponte", here=tmp_path).returncode == 0
    path = tmp_path / "ponte" / "collaborative.toml"
    text = path.read_text(encoding="utf-8").replace('languages = ["en", "ar"]', 'languages = ["en", "pt"]')
    text = re.sub(r"(?m)^((?:name|short_name|data))\.ar = .*", r'\1.pt = "Observatório"', text)
    path.write_text(text + '\n[language.pt]\nname = "Português"\ndirection = "ltr"\nand = " e "\n', encoding="utf-8")
    checked = ctdc("collaborative", "check", "--json", here=tmp_path / "ponte")
    assert checked.returncode == 3 and "Traceback" not in checked.stderr
    faults = json.loads(checked.stdout)["faults"]
    assert {"standard", "texts", "stories", "pages", "agreements"} <= {one["part"] for one in faults}
    said = " ".join(one["what"] for one in faults)
    for room in ("release", "hub/site", "hub/feedback", "privacy/report", "intake"):
        assert f"['{room}'] has no text in 'pt'" in said, room
