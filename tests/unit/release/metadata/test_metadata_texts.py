"""The words of the metadata exist in all five languages, with the same placeholders."""

import re

import pytest

from ctdc.release.metadata.facts import METADATA_TEXTS
from ctdc.standard.languages import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_messages(language):
    english, other = METADATA_TEXTS.messages("en"), METADATA_TEXTS.messages(language)
    assert list(other) == list(english)
    for key, text in english.items():
        assert sorted(re.findall(r"{\w+}", other[key])) == sorted(re.findall(r"{\w+}", text)), key
        assert other[key].strip() == other[key] != ""
