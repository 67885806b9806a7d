"""Every message of the release exists in all five languages, with the same placeholders."""

import re

import pytest
from babel import Locale

from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.kit.value import KIT_TEXTS
from ctdc.release.texts import RELEASE_TEXTS, Catalogue
from ctdc.standard.languages import LANGUAGES

PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Words that are the same in two languages: proper names, and international terms.
SAME = {
    "kit.where",
    "chart.flows.title",
    "dash.corridors.title",
    "nav.group.dashboards",
    "codebook.mark.no",
    *("site.name", "codebook.code", "codebook.definition", "codebook.codes", "codebook.source", "codebook.name"),
    *("data.standard", "chart.corridors.route", "citation.version", "citation.text"),
}


@pytest.fixture(params=[RELEASE_TEXTS, SITE_TEXTS, KIT_TEXTS], ids=["release", "site", "charts"])
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    return request.param


@pytest.mark.parametrize("language", LANGUAGES)
def test_complete_against_the_source(catalogue, language):
    source, target = catalogue.messages("en"), catalogue.messages(language)
    assert list(target) == list(source)
    for key, message in source.items():
        forms = message.values() if isinstance(message, dict) else [message]
        there = target[key] if isinstance(target[key], dict) else {"": target[key]}
        wanted = set(PLACEHOLDER.findall(next(iter(forms))))
        for category, form in there.items():
            assert form.strip(), key
            named = set(PLACEHOLDER.findall(form))
            # Arabic has words of their own for one and two, which say the number as well.
            spared = 1 if language == "ar" and category in ("one", "two") else 0
            assert named <= wanted, key
            assert len(wanted - named) <= spared, key
        if isinstance(message, dict):
            assert set(target[key]) == set(Locale.parse(language).plural_form.tags) | {"other"}, key


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_nothing_was_left_in_english(catalogue, language):
    source, target = catalogue.messages("en"), catalogue.messages(language)
    assert {key for key in source if target[key] == source[key]} <= SAME


def test_missing_key_is_our_fault():
    with pytest.raises(KeyError):
        RELEASE_TEXTS.text("en", "no.such.key")
    with pytest.raises(KeyError):
        RELEASE_TEXTS.text("en", "citation.version")
