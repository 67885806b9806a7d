"""Names are in the order of the alphabet that their readers know."""

from ctdc.hub.site.alphabet import alphabetical


def test_accents_case_and_forms_of_one_letter_do_not_matter():
    assert sorted(["Royaume-Uni", "États-Unis", "Égypte", "allemagne"], key=alphabetical) == [
        "allemagne",
        "Égypte",
        "États-Unis",
        "Royaume-Uni",
    ]
    assert sorted(["بلد", "أرض", "إبل"], key=alphabetical) == ["إبل", "أرض", "بلد"]
    assert sorted(["oca", "ñandú", "nz"], key=alphabetical) == ["nz", "ñandú", "oca"]
