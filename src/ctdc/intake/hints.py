"""Hints on values that could not be used: short sentences for whoever reads a report, never for the data.

Promise: a hint is kept as the English sentence that a template here makes, so that files and reports which travel need
nothing else to be read; the same templates take it apart again, for a page in another language. What no template made
(items of a list, as they were delivered) is data and stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

HINTS: Mapping[str, str] = {
    "empty_cell": "empty cell: declare a null token for it",
    "not_a_band": "neither a number up to {highest} nor a band inside one of the target's",
    "not_a_year": "not a year from {first} to {last}",
    "buddhist_year": "this may be a Buddhist year: declare calendar: buddhist",
    "suggestions": "suggestions to judge: {near}",
    "no_country": "no country is written like this",
    "real_date": "this looks like a real date cell or an ISO date: declare excel or iso",
    "serial_number": "this looks like a spreadsheet's serial number: declare excel",
    "outside": "outside {first} to {last}",
    "not_yes_or_no": "neither yes ({yes}) nor no",
    "unknown_choice": "unknown choice: values.csv needs source_column {column}, source_value {value}",
}
_PLACE = re.compile(r"\\\{([a-z_]+)\\\}")
_COUNTRY = re.compile(r"\b([A-Z]{3}) \([^()]*(?:\([^()]*\)[^()]*)*\)")


def hint(key: str, **values: object) -> str:
    """The English sentence of a hint."""
    return HINTS[key].format(**values)


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    return {
        key: re.compile(_PLACE.sub(r"(?P<\1>.*?)", re.escape(sentence)), re.DOTALL) for key, sentence in HINTS.items()
    }


def hint_in(text: str, words: Mapping[str, str], country: Callable[[str], str]) -> str:
    """A hint in another language. words: texts of the language, ``hint.KEY``; country: its name for an alpha-3 code."""
    for key, pattern in _patterns().items():
        if found := pattern.fullmatch(text):
            values = found.groupdict()
            if key == "suggestions":
                values["near"] = _COUNTRY.sub(lambda one: f"{country(one[1])} ({one[1]})", values["near"])
            return words[f"hint.{key}"].format(**values)
    return text
