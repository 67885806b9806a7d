"""Texts that look as if they named a person."""

import pytest

from ctdc.table.identifiers import kind_of, mask, scan_values


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
