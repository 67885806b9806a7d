"""Names are in the order of the alphabet that their readers know."""

import pytest

from ctdc.hub.site.alphabet import alphabetical, within


def test_accents_case_and_forms_of_one_letter_do_not_matter():
    assert sorted(["Royaume-Uni", "États-Unis", "Égypte", "allemagne"], key=alphabetical) == [
        "allemagne",
        "Égypte",
        "États-Unis",
        "Royaume-Uni",
    ]
    assert sorted(["بلد", "أرض", "إبل"], key=alphabetical) == ["إبل", "أرض", "بلد"]
    assert sorted(["oca", "ñandú", "nz"], key=alphabetical) == ["nz", "ñandú", "oca"]


@pytest.mark.parametrize(
    ("language", "label", "inside"),
    [
        ("en", "Year of registration", "year of registration"),
        ("fr", "Âge", "âge"),
        ("es", "Año de registro", "año de registro"),
        ("de", "Jahr der Registrierung", "Jahr der Registrierung"),
        ("ar", "سنة التسجيل", "سنة التسجيل"),
        ("en", "ISCO group", "ISCO group"),
        ("en", "", ""),
    ],
)
def test_a_label_within_a_sentence_has_a_small_letter(language, label, inside):
    assert within(label, language) == inside
