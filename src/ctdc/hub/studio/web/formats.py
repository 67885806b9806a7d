"""Numbers, days, moments and sizes in the language of what is shown now (`ctdc.release.numbers`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from ctdc.hub.studio.web.texts import language
from ctdc.release import numbers


def whole(number: float) -> str:
    """A whole number."""
    return numbers.number(language(), number)


def decimal(number: float, digits: int = 2) -> str:
    """A number with so many digits behind the point."""
    return numbers.number(language(), number, digits)


def few(number: float) -> str:
    """A number with as many figures as mean something, however small it is."""
    return numbers.significant(language(), number, 3)


def percent(share: float, digits: int = 0) -> str:
    """A share, 0 to 1, in percent."""
    return numbers.percent(language(), share, digits)


def day(value: date) -> str:
    """A day."""
    return numbers.date(language(), datetime.combine(value, time(), UTC))


def moment(value: datetime) -> str:
    """A moment, in UTC, to the minute."""
    shown = value.astimezone(UTC)
    return f"{numbers.date(language(), shown)}, {shown:%H:%M} UTC"


def size(count: int) -> str:
    """Bytes."""
    return numbers.size(language(), count)
