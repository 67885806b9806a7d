"""Texts that look as if they named a person."""

import pytest

from ctdc.standard import load
from ctdc.table.identifiers import kind_of, kind_of_header, looks_like_case_id, mask, scan_values


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
        ("2019-03-04", ""),
        ("04/03/2019", ""),
        ("Debt bondage", ""),
        ("0--12 (0-1 yr)", ""),
        ("43528", ""),
    ],
)
def test_direct_identifiers_are_recognised(text: str, kind: str) -> None:
    assert kind_of(text) == kind


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
