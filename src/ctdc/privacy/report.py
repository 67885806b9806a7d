"""The report for the steward who has just protected a table: one page, five languages, no script, no request.

Promise: made from the privacy statement, the schema and the published counts alone, so it discloses nothing beyond
them; every name, code and declared fact is escaped; counts under the reporting threshold are never shown as numbers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import yaml
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ctdc.foundation.collaborative import current
from ctdc.privacy.workload import workload_from
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

ROOM = Path(__file__).parent
# Those of the collaborative that is served, in the order of files; each with its name in itself.
LANGUAGES = {code: one.name for code, one in current().known.items() if code in current().languages}
RIGHT_TO_LEFT = frozenset(code for code, one in current().known.items() if one.direction == "rtl")
MAX_CODES_SHOWN = 30
MAX_SETS_SHOWN = 50
NORMAL_95 = 1.959963984540054  # two-sided 95 % point of the standard normal distribution
SMALLEST_WRITTEN_OUT = 1e-6  # smaller numbers are written as a power of ten
PERCENTAGE = re.compile(r"(\d+%)")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
CERTIFICATES = {"rounding lemma and Gaussian trade-off curve": "rounding", "zCDP": "zcdp"}
LINKED_UNIT = "person with linked rows"
LINKED_NEIGHBOURS = "add or remove one person's record with all rows that are linked to it"
UNITS = {"person": "person", LINKED_UNIT: "linked"}
NEIGHBOURS = {"add or remove one person's record": "add_remove", LINKED_NEIGHBOURS: "linked"}
FILES = ("synthetic", "aggregates", "measurements", "schema.json", "privacy.json", "report.html")
LINKED_FILES = (
    *("synthetic", "linked", "aggregates", "linked_aggregates", "across_aggregates", "measurements"),
    *("schema.json", "linked_schema.json", "privacy.json", "report.html"),
)


@cache
def texts_of(page: str) -> Mapping[str, Mapping[str, str]]:
    """Language -> key -> text, of one kind of page."""
    texts: dict[str, dict[str, str]] = yaml.safe_load((ROOM / "texts" / f"{page}.yaml").read_text(encoding="utf-8"))
    own = {language: current().texts(language).get(f"privacy/{page}", {}) for language in LANGUAGES}
    return texts | {language: {**texts.get(language, {}), **words} for language, words in own.items()}


def pages() -> Sequence[str]:
    """The kinds of pages that have texts."""
    return sorted(path.stem for path in (ROOM / "texts").glob("*.yaml"))


def report_texts() -> Mapping[str, Mapping[str, str]]:
    """Language -> key -> text, of the report."""
    return texts_of("report")


@cache
def page_templates() -> Environment:
    """The templates of this room; everything that is put into one is escaped."""
    return Environment(
        loader=FileSystemLoader(ROOM / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _isolated(text: str) -> Markup:
    """Text whose direction must neither change nor be changed by its surroundings (numbers and formulas)."""
    return Markup('<bdi dir="ltr">{}</bdi>').format(text)


@dataclass(frozen=True)
class Writer:
    """Texts and numbers in one language. Digits are Latin in every language, Arabic included."""

    language: str
    page: str = "report"

    @property
    def direction(self) -> str:
        """``rtl`` or ``ltr``, as HTML's ``dir`` wants it."""
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"

    def text(self, key: str, **values: object) -> Markup:
        """The text `key` with its places filled; values that are not Markup are escaped."""
        # Between Arabic words a percent sign would jump to the other side of its number.
        source = PERCENTAGE.sub(r'<bdi dir="ltr">\1</bdi>', str(escape(texts_of(self.page)[self.language][key])))
        return Markup(source).format(**values)  # noqa: S704 (the text is ours, escaped, and without values yet)

    def declared(self, group: str, keys: Mapping[str, str], value: object) -> Markup:
        """A declared fact in words where they are known, else as it was declared."""
        key = keys.get(str(value))
        return self.text(f"{group}.{key}") if key else Markup('<bdi dir="auto">{}</bdi>').format(value)

    def number(self, value: float, digits: int = 0) -> Markup:
        """`value` with grouping and `digits` decimals; a rounded zero has no sign."""
        return _isolated(self.plain(value, digits))

    def error(self, value: float) -> Markup:
        """A standard error, with as many decimals as mean something."""
        return self.number(value, 2 if value < 1 else 1 if value < 100 else 0)

    def at_most(self, value: float, figures: int = 3) -> Markup:
        """An upper bound, rounded up to so many significant figures."""
        if value <= 0:
            return _isolated("0")
        exponent = math.floor(math.log10(value))
        rounded = _rounded_up(value, figures - 1 - exponent)
        if value >= SMALLEST_WRITTEN_OUT:
            return _isolated(self._pattern(rounded, "#,##0." + "#" * max(1, figures - 1 - exponent)))
        shown = self._pattern(rounded.scaleb(-exponent), "0.##")
        return _isolated(f"{shown} × 10{str(exponent).translate(SUPERSCRIPTS)}")

    def share_at_most(self, share: float) -> Markup:
        """A share from 0 to 1 as a percentage, rounded up to one decimal."""
        pattern = "#,##0.0%" if self.language in ("ar", "en") else "#,##0.0\u00a0%"
        return _isolated(str(format_percent(_rounded_up(min(share, 1.0), 3), pattern, locale=self.language)))

    def percent(self, share: float) -> Markup:
        """A share as a percentage with one decimal, rounded to the nearest."""
        pattern = "#,##0.0%" if self.language in ("ar", "en") else "#,##0.0\u00a0%"
        return _isolated(str(format_percent(share, pattern, locale=self.language)))

    def interval(self, low: float, high: float) -> Markup:
        """Both ends of an interval, in the order of reading of numbers."""
        return _isolated(f"{self.plain(low, 0)} – {self.plain(high, 0)}")

    def day(self, stamp: object) -> Markup:
        """The day of an ISO time stamp, written out."""
        pattern = "d MMMM y" if self.language == "ar" else "long"
        day = format_date(datetime.fromisoformat(str(stamp)), pattern, locale=self.language)
        return Markup("<bdi>{}</bdi>").format(day)

    def plain(self, value: float, digits: int) -> str:
        """As `number`, without the isolation from surrounding text."""
        rounded = round(float(value), digits)
        return self._pattern(rounded if rounded else 0.0, "#,##0" + ("." + "0" * digits if digits else ""))

    def _pattern(self, value: float | Decimal, pattern: str) -> str:
        return str(format_decimal(value, pattern, locale=self.language))


def _rounded_up(value: float, digits: int) -> Decimal:
    # 12 digits first, so that 0.3 (0.30000000000000004 in binary arithmetic) does not become 0.301.
    return Decimal(f"{value:.12g}").quantize(Decimal(1).scaleb(-digits), rounding=ROUND_CEILING)


def _neutral(value: float, digits: int = 0) -> Markup:
    """A number for the table that all languages share: a decimal point, and thin spaces between thousands (SI)."""
    return _isolated(Writer("en").plain(value, digits).replace(",", "\u202f").replace("-", "\u2212"))


@dataclass(frozen=True)
class CodeRow:
    """One line of the table of counts; `count` is the limit and `interval` a dash for too few to say."""

    code: str
    count: Markup
    error: Markup
    interval: Markup
    few: bool


@dataclass(frozen=True)
class VariableRows:
    """The shown codes of one variable, and how many codes it has."""

    name: str
    codes: int
    rows: tuple[CodeRow, ...]


def _code_row(code: str, row: Mapping[str, Any], threshold: float) -> CodeRow:
    error = _neutral(row["standard_error"], 1)
    if row["below_threshold"]:
        limit = float(_rounded_up(max(threshold, 2 * row["standard_error"]), 1))
        return CodeRow(
            code, Markup("&lt;&nbsp;") + _neutral(limit, 0 if limit.is_integer() else 1), error, Markup("–"), True
        )
    ends = (_neutral(row[name]) for name in ("low95", "high95"))
    return CodeRow(code, _neutral(row["count"]), error, Markup(" – ").join(ends), False)


def _variable_rows(variable: Variable, counts: Mapping[str, Mapping[str, Any]], threshold: float) -> VariableRows:
    shown: Sequence[str] = [code for code in variable.codes if code in counts]
    if len(shown) > MAX_CODES_SHOWN:
        shown = sorted(shown, key=lambda code: -counts[code]["count"])[:MAX_CODES_SHOWN]
    rows = tuple(_code_row(code, counts[code], threshold) for code in shown)
    return VariableRows(variable.name, len(variable.codes), rows)


def one_way_counts(schema: Schema, aggregates: pa.Table, threshold: float) -> list[VariableRows]:
    """Counts of single codes by variable, in the schema's order; the largest ones where there are many codes."""
    counts: dict[str, dict[str, Mapping[str, Any]]] = {name: {} for name in schema.names}
    for row in aggregates.filter(pc.equal(aggregates["length"], 1)).to_pylist():
        ((name, code),) = json.loads(row["attributes"]).items()
        counts[name][code] = row
    return [_variable_rows(variable, counts[variable.name], threshold) for variable in schema.variables]


@dataclass(frozen=True)
class Listing:
    """Combinations of one length: how many the codes allow, how many are listed, and how many are too few to say.

    few: those listed below the reporting threshold, and those not listed because they are.
    """

    length: int
    possible: int
    listed: int
    few: int


def _possible(schema: Schema, longest: int) -> list[int]:
    """Number of combinations of 0, 1, ... `longest` known values of different variables."""
    # Entry k is the coefficient of x^k in the product over the variables of (1 + codes x).
    possible = [1] + [0] * longest
    for variable in schema.variables:
        for length in range(longest, 0, -1):
            possible[length] += possible[length - 1] * len(variable.codes)
    return possible


def listings(schema: Schema, aggregates: pa.Table, longest: int, longer: Sequence[Sequence[str]] = ()) -> list[Listing]:
    """One line per length from 1 to `longest`, or to the number of variables, and to that of the `longer` named sets.

    longer: the measured sets of more than `longest` variables; no other combinations of their length are possible.
    """
    longest = min(longest, len(schema.variables))
    totals = dict(enumerate(_possible(schema, longest)))
    for names in longer:
        known = math.prod(len(schema[name].codes) for name in names)
        totals[len(names)] = totals.get(len(names), 0) + known
    below = aggregates.group_by("length").aggregate([("below_threshold", "count"), ("below_threshold", "sum")])
    counted = {row["length"]: row for row in below.to_pylist()}
    result = []
    for length, possible in sorted(totals.items())[1:]:
        row = counted.get(length, {"below_threshold_count": 0, "below_threshold_sum": 0})
        listed, few = row["below_threshold_count"], row["below_threshold_sum"]
        result.append(Listing(length, possible, listed, possible - (listed - few)))
    return result


def _ends(amount: Mapping[str, float]) -> tuple[float, float]:
    """Both ends of the 95 % interval of an amount as the statement has it."""
    reach = NORMAL_95 * amount["standard_error"]
    return amount["count"] - reach, amount["count"] + reach


def report_html(statement: Mapping[str, Any], schema: Schema, aggregates: pa.Table) -> str:
    """The page that explains a protected folder.

    statement: the content of privacy.json; aggregates: columns of `aggregates.COLUMNS`. Self-contained HTML.
    """
    workload = workload_from(statement["workload"], "privacy.json")
    longer = workload.longer(schema)
    context = {
        "s": statement,
        "languages": LANGUAGES,
        "writers": [Writer(language) for language in LANGUAGES],
        "certificate": CERTIFICATES.get(statement["certificate"]),
        "certificates": CERTIFICATES,
        "units": UNITS,
        "neighbours": NEIGHBOURS,
        "files": LINKED_FILES if "linked" in statement else FILES,
        "ends": _ends,
        "listings": listings(schema, aggregates, statement["length"], longer),
        "longer": longer[:MAX_SETS_SHOWN],
        "unshown": max(0, len(longer) - MAX_SETS_SHOWN),
        "weighted": workload.scheme != "balanced" or bool(workload.weights),
        "variables": one_way_counts(schema, aggregates, statement["threshold"]),
        "most": MAX_CODES_SHOWN,
    }
    return page_templates().get_template("report.html.j2").render(context)
