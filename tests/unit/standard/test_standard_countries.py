"""Country look-up: exact tiers decide and are never wrong, fuzzy ones only suggest."""

import pytest

from ctdc.standard import load
from ctdc.standard.countries import label, lookup, names, policies, region, suggest, to_alpha3
from ctdc.standard.folding import fold
from ctdc.standard.languages import LANGUAGES


@pytest.mark.parametrize(
    ("text", "alpha3"),
    [
        ("Côte d’Ivoire", "CIV"),
        ("COTE D'IVOIRE", "CIV"),
        ("Ivory  Coast", "CIV"),
        ("Costa do Marfim", "CIV"),
        ("Niger", "NER"),
        ("Nigeria", "NGA"),
        ("Nigéria", "NGA"),
        ("Guinea", "GIN"),
        ("Guinea-Bissau", "GNB"),
        ("Guiné-Bissau", "GNB"),
        ("Equatorial Guinea", "GNQ"),
        ("Papua New Guinea", "PNG"),
        ("Dominica", "DMA"),
        ("Dominican Republic", "DOM"),
        ("República Dominicana", "DOM"),
        ("Korea, Republic of", "KOR"),
        ("KOREA, DEMOCRATIC PEOPLE'S REPUBLIC OF", "PRK"),
        ("CONGO", "COG"),
        ("CONGO, THE DEMOCRATIC REPUBLIC OF THE", "COD"),
        ("Moldova", "MDA"),
        ("MOLDOVA, REPUBLIC OF", "MDA"),
        ("Türkiye", "TUR"),
        ("TÜRKİYE", "TUR"),
        ("Turquia", "TUR"),
        ("UK", "GBR"),
        ("gb", "GBR"),
        ("NA", "NAM"),
        ("NO", "NOR"),
        ("usa", "USA"),
        ("U.S.A.", "USA"),
        ("ZAIRE", "COD"),
        ("ZR", "COD"),
        ("TP", "TLS"),
        ("YU", "SRB"),
        ("Kosovo", "SRB"),
        ("Y1", "SRB"),
        ("TIBET, PROVINCE OF CHINA", "CHN"),
        ("السودان", "SDN"),
        ("جنوب السودان", "SSD"),
        ("الفلبين", "PHL"),
        ("Филиппины", "PHL"),
        ("Україна", "UKR"),
        ("中国", "CHN"),
        ("ประเทศไทย", None),
        ("ไทย", "THA"),
        ("Österreich", "AUT"),
        ("Oesterreich", None),
        ("Korea", None),
        ("Netherlands Antilles", None),
        ("AN", None),
        ("00", None),
        ("Unknown", None),
        ("unbekannt", None),
        ("n/a", None),
        ("", None),
    ],
)
def test_look_up(text: str, alpha3: str | None) -> None:
    assert lookup(text) == alpha3


def test_codes_win_over_names() -> None:
    countries = load().code_lists["country"].values
    alpha2 = load().recodes["country_alpha2"].forward
    for alpha3 in countries:
        assert lookup(alpha3) == lookup(alpha3.lower()) == alpha3
        assert lookup(alpha2[alpha3]) == alpha3


def test_every_label_is_found_in_every_language_or_is_left_to_people() -> None:
    # A name that two countries share in some language is in no list: it must not be found at all.
    missed = set()
    for code in load().code_lists["country"].codes:
        for language in LANGUAGES:
            found = lookup(code.labels[language])
            assert found in (code.code, None), (code.code, language)
            if found is None:
                missed.add(code.labels[language])
    assert len(missed) <= 3, missed


def test_names_are_stored_folded() -> None:
    for name in list(names())[::37]:
        assert fold(name) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("  Viet   Nam ", "viet nam"),
        ("São Tomé", "Sao Tome"),
        ("Åland", "ALAND"),
        ("Türkİye", "turkiye"),
        ("مِصْر", "مصر"),
        ("Curaçao", "curacao"),
        ("Łotwa", "lotwa"),
    ],
)
def test_folding_forgives_typing(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_folding_keeps_letters_of_other_scripts() -> None:
    assert fold("नेपाल") != fold("नपल")
    assert fold("ไทย") == "ไทย"


def test_suggestions_are_for_people() -> None:
    assert suggest("Phillipines")[0].alpha3 == "PHL"
    assert {one.alpha3 for one in suggest("Korea")} >= {"KOR"}
    assert suggest("zzzz") == []
    assert suggest("") == []
    assert suggest("Netherlands Antilles")[0].alpha3 == "CUW"


def test_published_alpha2_codes_follow_the_policy() -> None:
    assert to_alpha3("RS") == to_alpha3("Y1") == to_alpha3("YU") == "SRB"
    assert to_alpha3("AN") == "CUW"
    assert to_alpha3("00") is None


def test_every_policy_has_its_source() -> None:
    assert all(policy.source and policy.counted_as for policy in policies())


def test_labels_and_regions() -> None:
    assert label("CIV", "ar") == "كوت ديفوار"
    assert label("COD", "de") == "Demokratische Republik Kongo"
    assert region("CIV") == "002"
    assert region("ATA") is None
