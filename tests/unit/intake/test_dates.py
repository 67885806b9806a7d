from datetime import date

import pytest

from ctdc.foundation.errors import UserError
from ctdc.intake.dates import date_hint, date_parser


def parse(text: str, *formats: str, calendar: str = "gregorian") -> date | None:
    return date_parser(formats, calendar, "here")(text)


@pytest.mark.parametrize("text", ["n/a", "", "today", "03/04", "31/02/2019", "3/4/19", "2019-03-04x", "03/04/2019 "])
def test_what_is_not_wholly_a_date_is_none(text: str) -> None:
    assert parse(text, "%d/%m/%Y") is None


def test_the_declared_order_decides() -> None:
    assert parse("03/04/2019", "%d/%m/%Y") == date(2019, 4, 3)
    assert parse("03/04/2019", "%m/%d/%Y") == date(2019, 3, 4)


def test_two_orders_at_once_are_refused() -> None:
    with pytest.raises(UserError, match="taken for each other"):
        date_parser(["%d/%m/%Y", "%m/%d/%Y"], "gregorian", "here")
    date_parser(["%d/%m/%Y", "iso"], "gregorian", "here")


@pytest.mark.parametrize("bad", ["%d/%m/%y", "%d/%m", "%Q", "%Y-%Y"])
def test_formats_that_cannot_be_trusted_are_refused(bad: str) -> None:
    with pytest.raises(UserError, match="date format"):
        date_parser([bad], "gregorian", "here")


def test_serial_numbers_of_both_systems() -> None:
    assert parse("43528", "excel") == date(2019, 3, 4)
    assert parse("43528.75", "excel") == date(2019, 3, 4)
    assert parse("42066", "excel-1904") == date(2019, 3, 4)
    assert parse("2019-03-04 10:00:00", "excel") == date(2019, 3, 4)


def test_the_day_that_never_was_is_no_date() -> None:
    assert parse("60", "excel") is None
    assert parse("61", "excel") == date(1900, 3, 1)


def test_buddhist_years_only_when_declared_leap_day_included() -> None:
    assert parse("29/02/2563", "%d/%m/%Y", calendar="buddhist") == date(2020, 2, 29)
    assert "Buddhist" in date_hint("29/02/2563", date(2000, 1, 1), date(2030, 1, 1))


def test_hints_name_what_a_text_may_be() -> None:
    low, high = date(2000, 1, 1), date(2030, 1, 1)
    assert "excel" in date_hint("43528", low, high)
    assert "iso" in date_hint("2019-03-04", low, high)
    assert "outside" in date_hint("04/03/1019", low, high)
