"""Time that can be fixed for reproducible builds, and errors that say what to do."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ctdc.foundation.clock import now, timestamp
from ctdc.foundation.errors import Cancelled, Refused, UserError


def test_the_time_is_in_utc_and_can_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert now().tzinfo is UTC
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert now() == datetime(1970, 1, 2, tzinfo=UTC)


def test_a_timestamp_is_in_utc_whatever_the_zone() -> None:
    moment = datetime(2024, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(moment) == "2023-12-31T23:30:00Z"


def test_an_error_says_what_was_wrong_and_what_to_do() -> None:
    error = UserError("a.code", "It is wrong.", where="file, row 3", allowed="yes or no", do="Correct it.")
    assert str(error) == "It is wrong.\nWhere: file, row 3\nAllowed: yes or no\nWhat to do: Correct it."
    assert error.detail.as_dict()["code"] == "a.code"
    assert UserError("a.code", "It is wrong.").detail.lines() == ["It is wrong."]


@pytest.mark.parametrize(("kind", "exit_code"), [(UserError, 3), (Refused, 4), (Cancelled, 130)])
def test_exit_codes(kind: type[UserError], exit_code: int) -> None:
    assert kind("a.code", "It is wrong.").exit_code == exit_code
