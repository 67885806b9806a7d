"""Texts that look as if they named a person."""

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctdc.intake.text import tidy
from ctdc.standard import load
from ctdc.table.identifiers import (
    heading_shown,
    kind_of,
    kind_of_header,
    kind_under,
    looks_like_case_id,
    looks_like_name,
    mask,
    may_identify,
    scan_values,
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("maria@example.org", "email"),
        ("+44 20 7946 0958", "phone"),
        ("(0171) 234-5678", "phone"),
        ("AB1234567", "passport"),
        ("Mrs. Jane Doe", "name"),
        ("السيدة فاطمة", "name"),
        ("https://facebook.com/jane", "url"),
        ("She told us that the man who had met her at the station took her papers", "free_text"),
        ("x" * 2_001, "free_text"),
        ("2019-03-04, +44 20 7946 0958", "phone"),
        ("912345678.0", "phone"),
        ("0550.12.34.56", "phone"),
        ("0612-34-56-78", "phone"),
        ("+216 7123-45-67", "phone"),
        ("7123-45-67", "phone"),
        ("2021-12/34-56", "phone"),
        ("2012-10-11-12", "phone"),
        ("+33 2012-10-11", "phone"),
        ("call 0550.12.34.56 now", "phone"),
        ("+351.912345678", "phone"),
        ("351.912345678", "phone"),
        ("+44.2079460958", "phone"),
        ("2021-03-04/2021-05-06", ""),
        ("04.03.2021-06.05.2021", ""),
        ("1356-01-31", ""),
        ("31.12.2564", ""),
        ("2021-03-04 10:11:12.000Z/2021-05-06 23:59", ""),
        ("2021/03/04-10:11:12", ""),
        ("2021-03-04T24:00", ""),
        ("121.0223456", ""),
        ("2019-03-04", ""),
        ("3/4/2021 12:33:11 PM", ""),
        ("2021-03-04T10:11:12.000+03:00", ""),
        ("550e8400-e29b-41d4-a716-446655440000", ""),
        ("AB123456-e29b-41d4-a716-446655440000", ""),
        ("0.123456789", ""),
        ("0123456789abcdef" * 200, ""),
        ("04/03/2019", ""),
        ("32/13/2023", ""),
        ("13/32/2023", ""),
        ("00/00/0000", ""),
        ("31/02/2023", ""),
        ("32.13.2023", ""),
        ("32-13-2023", ""),
        ("2023-13-32", ""),
        ("2023/13/32", ""),
        ("2023.00.00", ""),
        ("12/10/0223", ""),
        ("12/10/3023", ""),
        ("32/13/2023 10:20", ""),
        ("32/13/2023 25:61:61", ""),
        ("32/13/23 10:20", ""),
        ("2023-13-32T10:11:12Z", ""),
        ("32/13/2023-45/14/2023", ""),
        ("32/13/2023; 45/14/2023", ""),
        ("٣٢/١٣/٢٠٢٣", ""),
        ("about 32/13/2023", ""),
        ("32/13/2023, +44 20 7946 0958", "phone"),
        ("32/13/2023 0612345678", "phone"),
        ("+32/13/2023", "phone"),
        ("+33 32/13/2023", "phone"),
        ("0032/13/2023", "phone"),
        ("32/13/20234", "phone"),
        ("32/13/2023/45", "phone"),
        ("132/13/2023", "phone"),
        ("32/13-2023", "phone"),
        ("32 13 2023", "phone"),
        ("(32) 13-2023", "phone"),
        ("12-34-5678", "phone"),
        ("71.234.567", "phone"),
        ("71/234/567", "phone"),
        ("71.23.4567", "phone"),
        *((number, "phone") for number in ("2234-56-78", "2345-67-89", "2234/56/78", "22/34/5678", "12.34.2345")),
        *((number, "phone") for number in ("0049 12/34/5678", "0171 23/45/6789", "030 22/34/5678")),
        *((number, "phone") for number in ("(+49) 22/34/5678", "+49(0)22/34/5678", "0044 20 2345-67-89")),
        ("123-45-6789", "phone"),
        ("030/12345678", "phone"),
        ("01/23/45/67/89", "phone"),
        ("01.23.45.67.89", "phone"),
        ("0171/2345678", "phone"),
        ("9123-4567", "phone"),
        ("7123/45/67", "phone"),
        ("Debt bondage", ""),
        ("0--12 (0-1 yr)", ""),
        ("43528", ""),
    ],
)
def test_direct_identifiers_are_recognised(text: str, kind: str) -> None:
    assert kind_of(text) == kind


PIECES = st.sampled_from(
    [
        *"aZ9٣é+-./()@ \t\u00a0\u200b\u0301_,'",
        "Maria ",
        "Lopez",
        "12",
        "2021-03-04 ",
        "0612-34-56-78",
        "351.",
        "Mr. ",
        "السيدة ",
        "www.",
        "T.me/",
        "AB",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
@example("٠٧٩١٢٣٤٥٦٧٨")
@example("07\u200b912\u200b345\u200b678")
@example("e\u0301lan Vital")
@example("A\u200bB 123456")
@example("\x1cword" * 13)
@example("12345678\n")
@example("7123-45-67")
@example("0550.12.34.56")
@example("351.912345678")
@example("+44.2079460958")
def test_arrow_lets_everything_through_that_is_of_a_kind(text: str) -> None:
    """Also what is of a kind only after a reader has tidied it."""
    for found in (text, tidy(text)):
        if kind_of(found) or looks_like_name(found):
            assert may_identify(pa.array([text]))[0]


def test_arrow_lets_little_else_through() -> None:
    plain = [
        "PHL",
        "2019-03-04",
        "04/03/2021 10:20",
        "0.123456789",
        "20210304",
        "REF-001234",
        "house boat 12",
        "",
        None,
    ]
    assert not may_identify(pa.array(plain)).any()


@pytest.mark.parametrize(
    ("heading", "text", "kind"),
    [
        ("name", "Maria", "possible_name"),
        ("name", "فاطمة", "possible_name"),
        ("name", "SIM-001", ""),
        ("name", "Maria 2", "possible_name"),
        ("name", "Ana (17)", "possible_name"),
        ("name", "Maria2", "possible_name"),
        ("name", "李", "possible_name"),
        ("name", "李 2", "possible_name"),
        ("name", "X 2", ""),
        ("name", "x", ""),
        ("name", "—", ""),
        ("phone", "0550.12.34.56", "phone"),
        ("phone", "351.912345678", "phone"),
        ("phone", "44.2079460958", "phone"),
        ("name", "Unknown", ""),
        ("name", "غير معروف", ""),
        ("phone", "22 33 44", "phone"),
        ("phone", "2021-03-04", ""),
        ("phone", "71.23.4567", "phone"),
        ("phone", "32/13/2023", "phone"),
        ("phone", "Yes.", ""),
        ("passport", "12345", "passport"),
        ("email", "maria [at] example", "email"),
        ("email", "by the shelter", ""),
        ("address", "5 High", "address"),
        ("address", "Berlin", ""),
        ("birth_date", "12345678", ""),
        ("", "Maria", ""),
    ],
)
def test_a_heading_says_what_short_texts_are(heading: str, text: str, kind: str) -> None:
    assert kind_under(heading, text) == kind


def test_a_heading_is_shown_unless_it_is_an_identifier_itself() -> None:
    assert heading_shown("Telephone of the shelter") == "Telephone of the shelter"
    assert (
        heading_shown("How did the victim come to know of the place where the work was offered to them first?")[0]
        == "H"
    )
    assert "Doe" not in heading_shown("Mrs. Jane Doe")


def test_a_name_counts_where_the_column_says_name() -> None:
    assert kind_of("Maria Lopez", "Client name") == "name"
    assert kind_of("Maria Lopez", "Sector") == ""
    names = [(f"{a} {b}", 1) for a in ("Maria", "Anna", "Olga") for b in ("Lopez", "Ivanova")]
    assert scan_values("t", "Sector", names, blocking=True)[0].kind == "possible_name"
    assert "aria" not in mask("Maria Lopez")


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("first_name", "name"),
        ("Apellidos", "name"),
        ("Nachname", "name"),
        ("Prénom", "name"),
        ("الاسم", "name"),
        ("phoneNumber", "phone"),
        ("Teléfono móvil", "phone"),
        ("رقم الهاتف", "phone"),
        ("Telefonnummer", "phone"),
        ("E-Mail", "email"),
        ("Courriel", "email"),
        ("correo electrónico", "email"),
        ("Reisepass-Nr.", "passport"),
        ("جواز السفر", "passport"),
        ("N° de dossier", "case_id"),
        ("Case ID", "case_id"),
        ("Aktenzeichen", "case_id"),
        ("رقم القضية", "case_id"),
        ("dateOfBirth", "birth_date"),
        ("Fecha de nacimiento", "birth_date"),
        ("Geburtsdatum", "birth_date"),
        ("تاريخ الميلاد", "birth_date"),
        ("Home address", "address"),
        ("Dirección", "address"),
    ],
)
def test_a_column_s_name_tells_what_it_holds_in_five_languages(header: str, kind: str) -> None:
    assert kind_of_header(header) == kind


def test_no_variable_of_the_standard_sounds_like_an_identifier() -> None:
    standard = load()
    assert not [name for name in standard.variables if kind_of_header(name)]
    assert not [
        column.name
        for profile in standard.profiles.values()
        for column in profile.columns
        if kind_of_header(column.name)
    ]


@pytest.mark.parametrize("text", ["NGO-2021-00345", "see IOM/21/1234"])
def test_case_numbers_are_recognised(text: str) -> None:
    assert looks_like_case_id(text)


@pytest.mark.parametrize("text", ["2021-2022", "Q1-2024", "18--64", "KH-2", "PHL", "COVID-19"])
def test_codes_are_no_case_numbers(text: str) -> None:
    assert not looks_like_case_id(text)
