"""Every message with plural forms, wherever it lies, has the forms that its language needs for any number."""

import re
from pathlib import Path

import pytest
from babel import Locale

import ctdc
from ctdc.release.texts import Catalogue
from ctdc.standard.languages import LANGUAGES

NUMBERS = (0, 1, 2, 3, 11, 100, 102, 1_000_000)
ROOT = Path(ctdc.__file__).parent
CATALOGUES = sorted(folder for folder in ROOT.rglob("texts") if (folder / "en.yaml").is_file())


def plurals(folder: Path, language: str) -> dict[str, dict[str, str]]:
    messages = Catalogue(folder).messages(language)
    return {key: forms for key, forms in messages.items() if not isinstance(forms, str)}


class AnyValue(dict):
    def __missing__(self, key: str) -> str:
        return f"<{key}>"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_has_its_form(language):
    rule = Locale.parse(language).plural_form
    found = [forms for folder in CATALOGUES for forms in plurals(folder, language).values()]
    assert found
    for forms in found:
        assert set(forms) == {"other", *rule.tags}
        for number in NUMBERS:
            assert forms[rule(number)].format_map(AnyValue()).strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_messages_have_plural_forms_in_every_language(language):
    for folder in CATALOGUES:
        assert plurals(folder, language).keys() == plurals(folder, "en").keys(), folder.parent.name


# Placeholders that stand for a number of things; what else stands in a message (a name, a share) has no plural.
NUMBERED = {
    *("all", "count", "distinct", "done", "few", "filled", "here", "known", "length", "most", "n", "number"),
    *("people", "published", "rows", "shared", "shown", "there", "threshold", "total", "variables"),
}
# What this project counts, in every form; in English and German one word may stand between it and its number.
COUNTED = {
    "en": r"(?:[a-z]+ )?(?:persons?|people|(?:row|record|code|value|variable|column|cell|file|text|day)s?)",
    "de": r"(?!je )(?:[a-zäöüß]+ )?"
    r"(?:Mensch|Person|Zeile|Datens[aä]tz|Code|Wert|Variable|Spalte|Zelle|Datei|Text|Tag)(?:en?|n|s)?",
    "fr": r"(?:personne|ligne|enregistrement|code|valeur|variable|colonne|cellule|fichier|texte|jour)s?",
    "es": r"(?:persona|fila|registro|código|valor|variable|columna|celda|archivo|texto|día)(?:e?s)?",
    "ar": r"(?:شخص|أشخاص|صف|صفوف|سجل|سجلات|رمز|رموز|قيمة|قيم|متغير|متغيرات|عمود|أعمدة|خلية|خلايا|ملف|ملفات|نص|نصوص|"
    r"يوم|أيام)[\u064b-\u0652]?ا?",
}
# Limits that the program sets, each a number that its texts were written for.
OF_A_FIXED_NUMBER = {
    "announced.number",
    "error.token_days",
    "error.token_many",
    "risk.meaning",
}


def fixed_nouns(message: str, language: str) -> list[str]:
    """Nouns right after a number, which hold in one form only."""
    return re.findall(rf"\{{(?:{'|'.join(sorted(NUMBERED))})\}}[\u2066-\u2069]? (?:{COUNTED[language]})\b", message)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_noun_after_a_number_has_a_form_for_every_number(language):
    found = {
        f"{folder.parent.relative_to(ROOT)} {key}": fixed
        for folder in CATALOGUES
        for key, message in Catalogue(folder).messages(language).items()
        if isinstance(message, str) and key not in OF_A_FIXED_NUMBER and (fixed := fixed_nouns(message, language))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "Known for {known} of {total} people."),
        ("de", "Anteil an den {count} verknüpften Zeilen"),
        ("fr", "Part des {count} personnes"),
        ("es", "{rows} registros sintéticos"),
        ("ar", "معروف عن {known} من أصل {total} شخص"),
        ("ar", "النسبة من {known} شخصًا لهم جواب"),
    ],
)
def test_a_noun_in_one_form_is_found(language, message):
    assert fixed_nouns(message, language)


def test_a_noun_that_suits_every_number_is_none_of_these():
    assert fixed_nouns("{count} من الأشخاص", "ar") == []
    assert fixed_nouns("Synthetic records: {rows}. People: {count}.", "en") == []
