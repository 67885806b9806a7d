"""Every text that readers could see is asked for somewhere: a dead one would be translated and kept in vain."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ctdc.release.texts import Catalogue

SOURCE = Path(__file__).parents[2] / "src" / "ctdc"
CATALOGUES = sorted(path for path in SOURCE.rglob("texts") if (path / "en.yaml").is_file())
LEAST = 3  # letters that what asks for a text states of its name
ANY = "\0"


def asked_in_python(path: Path) -> Iterator[str]:
    """Every string of a program; what is put into it when it runs stands as `ANY`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else ANY for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def asked_in_template(path: Path) -> Iterator[str]:
    """Every string of a template, joined to what stands beside it with a tilde."""
    text = path.read_text(encoding="utf-8")
    for quote in "'\"":
        string = rf"{quote}[^{quote}\n]*{quote}"
        for found in re.finditer(rf"{string}(?:\s*~\s*(?:{string}|[\w.\[\]]+))*", text):
            parts = [part.strip() for part in found[0].split("~")]
            yield "".join(part.strip(quote) if part.startswith(quote) else ANY for part in parts)
    yield from re.findall(r'"([^"\n]*)"', text)


def asked_in_script(path: Path) -> Iterator[str]:
    """Every string of a script."""
    text = path.read_text(encoding="utf-8")
    yield from re.findall(r'"([^"\n]*)"', text)
    yield from (re.sub(r"\$\{[^}]*\}", ANY, found) for found in re.findall(r"`([^`\n]*)`", text))


READERS = {".py": asked_in_python, ".j2": asked_in_template, ".html": asked_in_template, ".js": asked_in_script}
STUDIO = SOURCE / "hub" / "studio"


def stem_of(name: str) -> str:
    """What asks for both parts of a letter, or for a text that reads otherwise in the studio; of another the text."""
    stem, _, part = name.rpartition(".")
    is_part = part in ("subject", "body") and ".letter." in name
    return stem if is_part or part == "studio" else name


def asked_as(folder: Path, key: str) -> str:
    """What asks for a text of a catalogue: in the studio, the name of its app stands in front."""
    return f"{folder.parent.name}.{key}" if STUDIO in folder.parents else key


@pytest.fixture(scope="module")
def asked() -> tuple[set[str], list[re.Pattern[str]]]:
    """The names of texts that are asked for, and the patterns of those that are put together."""
    names, patterns = set(), set()
    for path in SOURCE.rglob("*"):
        for text in READERS.get(path.suffix, lambda _: ())(path):
            if ANY not in text:
                names.add(text)
            elif len(text.partition(ANY)[0]) >= LEAST and re.fullmatch(rf"[\w.{ANY}]+", text):
                patterns.add(re.escape(text).replace(re.escape(ANY), ".+"))
    return names, [re.compile(pattern) for pattern in patterns]


@pytest.mark.slow
@pytest.mark.parametrize("folder", CATALOGUES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_text_is_asked_for(folder: Path, asked: tuple[set[str], list[re.Pattern[str]]]) -> None:
    names, patterns = asked
    keys = Catalogue(folder).messages("en")
    named = {key: asked_as(folder, key) for key in keys}
    dead = [
        key
        for key, name in named.items()
        if not {name, stem_of(name)} & names and not any(pattern.fullmatch(name) for pattern in patterns)
    ]
    assert dead == []


def test_a_text_that_nobody_asks_for_is_found(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text('x = t(f"some.{kind}.text"); y = t("plain")')
    (tmp_path / "two.j2").write_text("{{ t('dash.theme.' ~ id ~ '.text') }} {{ t('other') }}")
    assert set(asked_in_python(tmp_path / "one.py")) >= {f"some.{ANY}.text", "plain"}
    assert set(asked_in_template(tmp_path / "two.j2")) == {f"dash.theme.{ANY}.text", "other"}
