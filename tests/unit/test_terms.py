"""One word for one thing, and one form of a percentage: readers who meet two look for two things.

Arabic and French have words that were used side by side with the one that was chosen; none of them is in any text.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ctdc
from ctdc.release.numbers import percent
from ctdc.standard.languages import LANGUAGES

ROOT = Path(ctdc.__file__).parent
# What was chosen, and what is not said in its place.
CHOSEN = {
    # synthetic: as official statistics in Arabic say of data that were made; the other means "composed of parts".
    "اصطناعي": r"تركيبي",
    # code book: it lists the variables; the other is a list of the codes of one classification.
    "دليل المتغيرات": r"دليل (?:ال)?رموز",
    # noise: the word of the privacy statement; the others are sounds.
    "تشويش": r"ضجيج|ضوضاء",
    # confidence interval
    "مجال الثقة": r"فتر(?:ة|ات) (?:ال)?ثقة",
    # code book in French, as release and site call it
    "dictionnaire des variables": r"(?i)livre des? codes|dictionnaire (?:de|des) codes",
    # release in French
    "cette publication": r"(?i)cette diffusion",
}


def texts() -> Iterator[Path]:
    """Every file that holds what readers see."""
    yield from (path for path in sorted(ROOT.rglob("*")) if path.suffix in (".yaml", ".toml", ".csv", ".j2", ".html"))


def places(term: str, text: str) -> list[int]:
    """The lines on which something else is said than the chosen term."""
    return [number for number, line in enumerate(text.splitlines(), start=1) if re.search(CHOSEN[term], line)]


@pytest.mark.parametrize("term", CHOSEN)
def test_one_thing_has_one_word(term: str) -> None:
    read = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in texts()}
    assert any(term in text for text in read.values())
    assert {name: found for name, text in read.items() if (found := places(term, text))} == {}


def test_another_word_is_found() -> None:
    assert places("اصطناعي", "سجل\nسجل تركيبي") == [2]
    assert places("دليل المتغيرات", "كما في دليل الرموز.") == [1]


WRITTEN = {language: percent(language, 0.95, 0).removeprefix("95") for language in LANGUAGES}
PERCENTAGE = re.compile(r"(?<=[0-9}])([ \u00a0\u202f]?%)(?!\})")


def in_language(path: Path, language: str) -> str:
    """What a file says in a language: all of it, or of several languages the part below the language's name."""
    text = path.read_text(encoding="utf-8")
    if language in (path.stem, *path.parts):
        return text
    if path.suffix != ".yaml" or {path.stem, *path.parts} & set(LANGUAGES):
        return ""
    return "\n".join(re.findall(rf"^{language}:\n((?:[ \n].*\n?)+)", text, re.MULTILINE))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_percentage_is_written_as_numbers_are(language: str) -> None:
    """With or without a space that does not break, by the rule of `ctdc.release.numbers.percent`."""
    signs = {
        (path.relative_to(ROOT).as_posix(), sign)
        for path in texts()
        for sign in PERCENTAGE.findall(in_language(path, language))
    }
    assert len(signs) > 5
    assert {(name, sign) for name, sign in signs if sign != WRITTEN[language]} == set()
