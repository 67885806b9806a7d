"""Dates by declared format only.

Promise: a text that does not match a declared format completely is not a date ("n/a" is never today, 03/04 is
March or April only as the mapping says); two-digit years are refused; Buddhist years and spreadsheet serial
numbers are read only when declared; what lies outside the declared range is an error, not a date.
A date travels as the integer YYYYMMDD.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from ctdc.foundation.errors import UserError
from ctdc.intake.hints import hint

_DIRECTIVES = {
    "%d": r"(?P<d>\d{1,2})",
    "%m": r"(?P<m>\d{1,2})",
    "%Y": r"(?P<Y>\d{4})",
    "%H": r"\d{1,2}",
    "%M": r"\d{1,2}",
    "%S": r"\d{1,2}(?:\.\d+)?",
    "%%": "%",
}
_ISO = r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
NAMED_FORMATS = ("iso", "excel", "excel-1904")
BUDDHIST_OFFSET = 543
_SERIAL = re.compile(r"\d{1,7}(?:\.\d+)?")
# Serial 60 is 29 February 1900 in the 1900 system: a day that never was.
_SERIAL_NEVER = 60

Parser = Callable[[str], "date | None"]


def pack(day: date) -> int:
    """`day` as YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def _pattern(format_: str, where: str) -> re.Pattern[str]:
    if format_ == "iso":
        return re.compile(_ISO)
    parts = re.split(r"(%.)", format_)
    for part in parts:
        if part == "%y":
            raise UserError(
                "intake.date_format",
                "The date format has a year of two digits, which may be 1919 or 2019.",
                where=where,
                allowed="%Y (four digits)",
                facts={"value": format_},
                do="Ask the contributor to export years with four digits.",
            )
        if part.startswith("%") and part not in _DIRECTIVES:
            raise UserError(
                "intake.date_format",
                f"The date format {format_!r} has the unknown part {part!r}.",
                where=where,
                allowed=", ".join((*_DIRECTIVES, *NAMED_FORMATS)),
                facts={"value": format_, "allowed": (*_DIRECTIVES, *NAMED_FORMATS)},
            )
    if "%Y" not in parts or len({p for p in parts if p.startswith("%")}) < sum(p.startswith("%") for p in parts):
        raise UserError(
            "intake.date_format",
            f"The date format {format_!r} has no year, or a part twice.",
            where=where,
            allowed="for example %d/%m/%Y, %Y-%m, %Y, iso or excel",
            facts={"value": format_, "allowed": ("%d/%m/%Y", "%Y-%m", "%Y", "iso", "excel")},
        )
    return re.compile("".join(_DIRECTIVES[p] if p.startswith("%") else re.escape(p) for p in parts))


def _from_pattern(pattern: re.Pattern[str], offset: int) -> Parser:
    def parse(text: str) -> date | None:
        match = pattern.fullmatch(text)
        if match is None:
            return None
        found = match.groupdict()
        try:
            return date(int(found["Y"]) - offset, int(found.get("m") or 1), int(found.get("d") or 1))
        except ValueError:
            return None

    return parse


def _from_serial(epoch: date) -> Parser:
    iso = _from_pattern(re.compile(_ISO), 0)

    def parse(text: str) -> date | None:
        if _SERIAL.fullmatch(text) is None:
            return iso(text)  # a real date cell arrives as an ISO date
        days = int(float(text))
        if epoch.year == 1899 and days <= _SERIAL_NEVER:
            return None
        try:
            return epoch + timedelta(days=days)
        except OverflowError:
            return None

    return parse


def _one(format_: str, calendar: str, where: str) -> Parser:
    if format_ in ("excel", "excel-1904"):
        return _from_serial(date(1899, 12, 30) if format_ == "excel" else date(1904, 1, 1))
    return _from_pattern(_pattern(format_, where), BUDDHIST_OFFSET if calendar == "buddhist" else 0)


def _render(format_: str, day: date) -> str:
    """How `day` looks in `format_`, padded; used to find formats that can be taken for each other."""
    if format_ in ("excel", "excel-1904"):
        return str((day - date(1899, 12, 30)).days)
    if format_ == "iso":
        return day.isoformat()
    parts = {"%d": f"{day.day:02}", "%m": f"{day.month:02}", "%Y": f"{day.year:04}", "%%": "%"}
    return re.sub("%.", lambda match: parts.get(match.group(), "00"), format_)


def _check_confusion(formats: Sequence[str], parsers: Sequence[Parser], where: str) -> None:
    sample = date(2019, 4, 3)
    for one in formats:
        text = _render(one, sample)
        meanings = {day for parser in parsers if (day := parser(text)) is not None}
        if len(meanings) > 1:
            raise UserError(
                "intake.date_ambiguous",
                f"The formats of this date can be taken for each other: {text!r} would be "
                + " or ".join(sorted(day.isoformat() for day in meanings))
                + ".",
                where=where,
                allowed="formats of which at most one can read a given text",
                do="Declare the one format that the contributor uses.",
                facts={"value": text, "found": sorted(day.isoformat() for day in meanings)},
            )


def date_parser(formats: Sequence[str], calendar: str, where: str) -> Parser:
    """A function from text to date (None when no format fits the whole text).

    Raises UserError (``intake.date_format``, ``intake.date_ambiguous``) for formats that cannot be trusted.
    """
    parsers = [_one(format_, calendar, where) for format_ in formats]
    _check_confusion(formats, parsers, where)

    def parse(text: str) -> date | None:
        for parser in parsers:
            if (day := parser(text)) is not None:
                return day
        return None

    return parse


def has_days(formats: Sequence[str]) -> bool:
    """Whether every format gives at least year and month; without, ages and durations are not computed."""
    return all(format_ in NAMED_FORMATS or "%m" in format_ for format_ in formats)


def date_hint(text: str, earliest: date, latest: date) -> str:
    """A guess for the reader of an error, never for the data: what an unreadable text may be."""
    years = [int(year) for year in re.findall(r"(?<!\d)\d{4}(?!\d)", text)]
    for year in years:
        if not earliest.year <= year <= latest.year and earliest.year <= year - BUDDHIST_OFFSET <= latest.year:
            return hint("buddhist_year")
    if re.fullmatch(_ISO, text):
        return hint("real_date")
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return hint("serial_number")
    if years and not any(earliest.year <= year <= latest.year for year in years):
        return hint("outside", first=earliest.isoformat(), last=latest.isoformat())
    return ""
