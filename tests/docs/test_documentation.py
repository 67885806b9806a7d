"""Documentation fails the build when it drifts: links, names, commands and examples are checked against the code."""

import ast
import doctest
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments.lexers import get_lexer_by_name
from pygments.token import Error
from tests.support.documentation import documentation_builder
from tests.support.quick import QUICK

from ctdc.cli.main import COMMANDS
from ctdc.cli.python_reference import PUBLIC
from ctdc.cli.python_reference import reference as python_reference
from ctdc.cli.reference import documented, reference

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MARKDOWN = MarkdownIt("commonmark").enable("table")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tokens(path: Path) -> list[Token]:
    flat: list[Token] = []
    for token in MARKDOWN.parse(path.read_text(encoding="utf-8")):
        flat += [token, *(token.children or [])]
    return flat


def slug(heading: str) -> str:
    """The anchor that the usual renderers give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def headings(path: Path) -> list[str]:
    parsed = MARKDOWN.parse(path.read_text(encoding="utf-8"))
    return [parsed[at + 1].content for at, token in enumerate(parsed) if token.type == "heading_open"]


def links(path: Path) -> list[str]:
    targets = [str(token.attrGet("href") or token.attrGet("src") or "") for token in tokens(path)]
    return [target for target in targets if target and not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_resolves(page: Path) -> None:
    for link in links(page):
        file, _, anchor = unquote(link).partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{name_of(page)} links to {link}, which does not exist"
        if anchor and target.suffix == ".md":
            assert anchor in {slug(heading) for heading in headings(target)}, f"{name_of(page)}: no anchor {link}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = {(page.parent / unquote(link).partition("#")[0]).resolve() for link in links(page)}
        waiting += [target for target in targets if target.suffix == ".md" and target.exists()]
    assert not {name_of(page) for page in set(PAGES) - reached}, "link these pages from docs/index.md"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_in_the_language_that_it_names(page: Path) -> None:
    """The pages are not built with a block in which the highlighter meets what its language does not have."""
    plain = documentation_builder().PLAIN
    for token in tokens(page):
        if token.type == "fence" and token.info:
            word = token.info.split()[0]
            lexer = get_lexer_by_name(plain.get(word, word))
            wrong = [piece for kind, piece in lexer.get_tokens(token.content) if kind in Error]
            assert not wrong, f"{name_of(page)}: not {word}: {''.join(wrong)} in {token.content}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_has_one_title(page: Path) -> None:
    titles = [token for token in tokens(page) if token.type == "heading_open" and token.tag == "h1"]
    assert len(titles) == 1


def test_the_command_line_reference_is_what_the_commands_say() -> None:
    written = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert written == reference().rstrip() + "\n", "run 'make docs'"


def test_the_python_reference_is_what_the_docstrings_say() -> None:
    written = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    assert written == python_reference().rstrip() + "\n", "run 'make docs'"
    assert all(f"\n## {name}\n" in written for names in PUBLIC.values() for name in names)


def test_every_command_is_in_the_reference_and_explains_itself() -> None:
    found = {" ".join(path): command for path, command in documented()}
    assert {f"ctdc {name}" for name in COMMANDS} <= set(found)
    silent = [name for name, command in found.items() if not command.help]
    silent += [
        f"{name} {'/'.join(option.opts)}"
        for name, command in found.items()
        for option in command.params
        if option.param_type_name == "option" and not getattr(option, "help", None)
    ]
    assert not silent, "these commands and options have no help"


def test_the_readme_opens_with_what_it_is_and_the_two_commands() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:40])
    assert "make demo" in first_screen
    assert "make test" in first_screen


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"(?:`|'|^\$ )make ([a-z-]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert named <= targets


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert any(heading.startswith((f"[{version}]", version)) for heading in headings(ROOT / "CHANGELOG.md"))


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_says_why_and_at_what_price(page: Path) -> None:
    assert {"Decision", "Why", "What it costs"} <= set(headings(page))


def test_the_glossary_is_in_order_and_holds_the_words_that_are_easily_mixed_up() -> None:
    _, *terms = headings(ROOT / "docs" / "glossary.md")
    assert terms == sorted(terms, key=str.casefold)
    wanted = {"Access log", "Attack", "Case", "Delivery", "Mapping", "Profile", "Release", "Stage", "Standard", "Vault"}
    assert wanted <= set(terms)


def test_every_guard_named_by_the_security_properties_exists() -> None:
    text = (ROOT / "docs" / "explanation" / "security-properties.md").read_text(encoding="utf-8")
    guards = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert guards
    for file, function in guards:
        assert (ROOT / file).is_file(), f"no file {file}"
        assert not function or f"def {function}(" in (ROOT / file).read_text(), f"no test {file}::{function}"


def line_of(file: Path, name: str) -> int:
    """The line on which a function or class, or a class's method as ``Class.method``, is defined."""
    found: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    for part in name.split("."):
        found = [
            node
            for outer in found
            for node in ast.walk(outer)
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == part
        ]
    assert len(found) == 1, f"{name} is defined {len(found)} times in {file.name}"
    return int(found[0].lineno)  # type: ignore[attr-defined]


def test_the_privacy_proof_points_at_the_lines_that_do_each_step() -> None:
    page = ROOT / "docs" / "explanation" / "privacy-proof.md"
    steps = re.findall(r"\[`([\w.]+)`\]\(([\w./]+\.py)(?:#L(\d+))?\)", page.read_text(encoding="utf-8"))
    assert len(steps) >= 15
    wrong = {
        f"{name}: {file}#L{line_of((page.parent / file).resolve(), name)}"
        for name, file, line in steps
        if line != str(line_of((page.parent / file).resolve(), name))
    }
    assert not wrong, "these functions have moved; write these links instead"


# ---- the tree -----------------------------------------------------------------------------------------------------


def text_files() -> list[tuple[str, str]]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    found = []
    for name in filter(None, listed):
        try:
            found.append((name, (ROOT / name).read_text(encoding="utf-8")))
        except (UnicodeDecodeError, FileNotFoundError):
            continue
    return found


# Written in pieces so that this file does not find itself.
FORBIDDEN = {
    "a path of somebody's machine": re.compile(r"/(?:ho" r"me|Us" r"ers)/\w+|/ro" r"ot/\w|/wo" r"rk/\w"),
    "an address of a package index": re.compile(
        r"(?<!no-emit-)index-" r"url|pypi\.org/" r"simple|files\.python" r"hosted|registry\.npm" r"js"
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_tree_holds_no(what: str) -> None:
    guilty = [
        f"{name}: {match.group()}" for name, text in text_files() for match in [FORBIDDEN[what].search(text)] if match
    ]
    assert not guilty


def test_no_test_changes_a_clock_that_other_threads_wait_by() -> None:
    """A server's loop in another thread that asks it meanwhile waits for hours. Change the module's name for it."""
    changed = re.compile(
        r"""setattr\(\s*(?:"[\w.]*\btime\.(?:monotonic|sleep)"|(?:\w+\.)*time,\s*"(?:monotonic|sleep)")"""
    )
    assert not [name for name, text in text_files() if name.startswith("tests/") and changed.search(text)]


def locked(name: str) -> dict[str, str]:
    """Library -> version of a lock; whatever has no version or no hash is a fault."""
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.sub(r"\\\n", " ", text).splitlines()
    found: dict[str, str] = {}
    for entry in (one for one in entries if one.strip() and not one.startswith("#")):
        head = re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==([\w.!+-]+)(?= |$)", entry)
        assert head, f"{name}: no exact version in {entry[:60]!r}"
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), f"{name}: no hash of {head[1]}"
        found[head[1].lower()] = head[2]
    return found


LOCKS = ("requirements.lock", "requirements-studio.lock", "requirements-dev.lock")


def test_lock_files_hold_versions_and_hashes_only() -> None:
    for name in LOCKS:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text and "git+" not in text and "--index" not in text and " @ " not in text
        assert len(locked(name)) > 20


def test_what_is_tested_is_what_is_installed() -> None:
    tested = locked("requirements-dev.lock")
    for name in LOCKS[:2]:
        assert {library: tested.get(library) for library in locked(name)} == locked(name)


# ---- the register of ASVS ------------------------------------------------------------------------------------------

REGISTER = yaml.safe_load((ROOT / "docs" / "reference" / "asvs.yaml").read_text(encoding="utf-8"))


def test_the_register_of_asvs_leaves_no_requirement_out() -> None:
    every = {f"{section}.{at}" for section, count in REGISTER["sections"].items() for at in range(1, count + 1)}
    absent = {number for number in every if number.split(".")[0] in REGISTER["absent"]}
    stated = [one["number"] for one in REGISTER["requirements"]]
    assert len(every) == 345  # of version 5.0.0
    assert len(stated) == len(set(stated))
    assert every == absent | set(REGISTER["beyond"]) | set(stated)
    assert not set(stated) & (absent | set(REGISTER["beyond"]))
    assert not {number for number in REGISTER["beyond"] if number.split(".")[0] in ("5", "6", "7", "8", "14", "16")}


@pytest.mark.parametrize("one", REGISTER["requirements"], ids=lambda one: one["number"])
def test_what_the_register_calls_met_names_what_shows_it(one: dict[str, Any]) -> None:
    assert one["level"] in (1, 2, 3) and one["about"]
    if one["state"] != "met":
        assert one["state"] in ("not met", "not applicable") and len(one["why"]) > 8
        return
    shown = one.get("tests", []) + one.get("pages", [])
    assert shown
    for test in one.get("tests", []):
        file, _, function = test.partition("::")
        assert (ROOT / file).is_file(), test
        assert not function or f"def {function}(" in (ROOT / file).read_text(encoding="utf-8"), test
    for place in one.get("pages", []):
        file, _, anchor = place.partition("#")
        assert not anchor or anchor in {slug(heading) for heading in headings(ROOT / file)}, place
        assert (ROOT / file).is_file(), place


def test_only_ci_names_the_folder_of_published_files() -> None:
    folder = "shared" + "/data"
    assert {name for name, text in text_files() if folder in text} <= {".ci/run"}


# ---- examples -----------------------------------------------------------------------------------------------------


def blocks(page: Path, kind: str) -> list[tuple[list[str], str]]:
    """The blocks of one kind (``console``, ``pycon``) that are marked ``run``: the words behind that, the content."""
    fences = [(token.info.split(), token.content) for token in tokens(page) if token.type == "fence"]
    return [(words[2:], content) for words, content in fences if words[:2] == [kind, "run"]]


def examples(page: Path) -> list[tuple[str, int, str]]:
    """Of blocks marked ``console run`` or ``console run exit N``: command, exit code, what must be seen."""
    found: list[tuple[str, int, str]] = []
    for words, content in blocks(page, "console"):
        code = int(words[1]) if words[:1] == ["exit"] else 0
        for piece in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
            lines = piece.splitlines()
            command = lines.pop(0)
            while command.endswith("\\"):
                command = command[:-1] + lines.pop(0).strip()
            found.append((command, code, "\n".join(lines).strip()))
    return found


def files(page: Path) -> dict[str, str]:
    """The blocks that show a file, by its name: the second word, with a point in it."""
    fences = [(token.info.split(), token.content) for token in tokens(page) if token.type == "fence"]
    return {words[1]: content for words, content in fences if len(words) == 2 and "." in words[1]}


def matches(expected: str, seen: str) -> bool:
    """Whether `seen` is `expected`, in which ``...`` stands for anything."""
    pattern = ".*".join(re.escape(piece) for piece in expected.split("..."))
    return re.search(pattern, seen, flags=re.DOTALL) is not None


# The chapters of the replication guide, in the order in which its first page lists them.
GUIDE_FIRST = ROOT / "docs" / "replication" / "index.md"
GUIDE = [GUIDE_FIRST, *((GUIDE_FIRST.parent / link).resolve() for link in links(GUIDE_FIRST) if "/" not in link)]
GUIDE = [page for at, page in enumerate(GUIDE) if page not in GUIDE[:at] and examples(page)]
ALONE = [[page] for page in PAGES if examples(page) and page not in GUIDE]


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.parametrize("together", [*ALONE, GUIDE], ids=lambda pages: name_of(pages[0]))
def test_the_examples_run(together: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command marked to run ends as it says in an empty folder, in the order of the page, and says what it says;
    then every line of Python does. The chapters of a guide are followed one after the other in one folder.
    """
    monkeypatch.chdir(tmp_path)
    for page in together:
        run_examples(page, tmp_path)


def run_examples(page: Path, tmp_path: Path) -> None:
    for name, content in files(page).items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    for command, code, expected in examples(page):
        words = shlex.split(command)
        if words[0] == "ctdc":
            words = [*QUICK, *words[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        assert matches(expected, done.stdout), f"{command}\nprinted\n{done.stdout}"
    lines = "\n".join(content for _, content in blocks(page, "pycon"))
    test = doctest.DocTestParser().get_doctest(lines, {}, page.name, str(page), 0)
    said: list[str] = []
    failed = doctest.DocTestRunner().run(test, out=said.append)
    assert failed.failed == 0, "".join(said)
    assert failed.attempted or not lines
