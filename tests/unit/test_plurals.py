"""Every message with plural forms, wherever it lies, has the forms that its language needs for any number."""

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
