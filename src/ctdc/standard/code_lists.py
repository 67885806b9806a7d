"""Builds the code lists: written ones, those that take labels from another list, years and countries.

Promise: a code that is the same as in the list it is taken from has the same labels; a joined code ("Africa;Asia")
has the labels of its parts. Standard library only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from ctdc.foundation.collaborative import COMPLETE
from ctdc.standard import reading
from ctdc.standard.languages import LANGUAGES, join_and
from ctdc.standard.model import COUNTRY_LIST, JOINER, YEAR_LIST, Code, CodeList, Labels

CODE_COLUMNS = ("list", "code", "parent", *LANGUAGES)
COUNTRY_COLUMNS = ("alpha3", "alpha2", "m49", "subregion", *LANGUAGES)
COUNTRY_ALPHA2_LIST = "country_alpha2"
FLAG_LIST = "flag"
COMMON = (FLAG_LIST, "yes", "m49_region", "m49_subregion")  # what any standard may leave to the software
SHIPPED_SOURCE = "as the software has it"


def read_code_lists(folder: Path, years: range) -> dict[str, CodeList]:
    """Every code list of the standard, by id."""
    declared = {
        row["list"]: row for _, row in reading.rows(folder / "code_lists.csv", ("list", "labels_from", "source"))
    }
    built: dict[str, dict[str, Code]] = {}
    for name, read in (("codes.csv", reading.rows), ("htcds.csv", reading.rows_if_there)):
        for place, row in read(folder / name, CODE_COLUMNS):
            if row["list"] not in declared:
                raise reading.broken(f"The list {row['list']!r} is not declared in code_lists.csv.", place)
            base = built.get(declared[row["list"]]["labels_from"], {})
            code = Code(row["code"], _labels(row, place, base), row["parent"])
            reading.add(built.setdefault(row["list"], {}), code.code, code, place)
    lists = {name: CodeList(name, tuple(codes.values()), declared[name]["source"]) for name, codes in built.items()}
    lists = {**_common(folder, lists), **lists}
    for missing in declared.keys() - lists.keys():
        raise reading.broken(f"The list {missing!r} has no codes.", "code_lists.csv")
    return {**lists, **_countries(folder), YEAR_LIST: year_list(years)}


def _common(folder: Path, own: Collection[str]) -> dict[str, CodeList]:
    """The lists of `COMMON` that a standard does not write itself, as the software has them."""
    codes: dict[str, dict[str, Code]] = {name: {} for name in COMMON if name not in own}
    lacking = [language for language in LANGUAGES if language not in COMPLETE]
    if codes and lacking:
        what = f"The software's own lists {', '.join(codes)} have no texts in {lacking[0]!r}; write them here."
        raise reading.broken(what, str(folder / "codes.csv"))
    for place, row in reading.rows(reading.shipped() / "codes.csv", CODE_COLUMNS) if codes else ():
        if row["list"] in codes:
            code = Code(row["code"], _labels(row, place, codes.get(FLAG_LIST, {})), row["parent"])
            reading.add(codes[row["list"]], code.code, code, place)
    return {name: CodeList(name, tuple(found.values()), SHIPPED_SOURCE) for name, found in codes.items()}


def _labels(row: Mapping[str, str], place: str, base: Mapping[str, Code]) -> Labels:
    """The row's own labels, or those of the list that it takes them from when all five are left empty.

    There they are found under the code's parent, or the code itself, or the parts of a joined code.
    """
    if any(row[language] for language in LANGUAGES):
        return reading.texts(row, place)
    names = [row["parent"]] if row["parent"] in base else row["code"].split(JOINER)
    parts = [base[name].labels for name in names if name in base]
    if len(parts) != len(names):
        raise reading.broken(f"The code {row['code']!r} has no labels, nor a list to take them from.", place)
    return MappingProxyType(
        {language: join_and([part[language] for part in parts], language) for language in LANGUAGES}
    )


def year_list(years: range) -> CodeList:
    """Years as codes; a year reads the same in all five languages, with Latin digits."""
    return CodeList(
        YEAR_LIST,
        tuple(Code(str(year), MappingProxyType(dict.fromkeys(LANGUAGES, str(year)))) for year in years),
        "Calendar years",
    )


def _countries(folder: Path) -> dict[str, CodeList]:
    alpha3: dict[str, Code] = {}
    alpha2: dict[str, Code] = {}
    for place, row in reading.rows(reading.part(folder, "countries.csv"), COUNTRY_COLUMNS):
        labels = reading.texts(row, place)
        reading.add(alpha3, row["alpha3"], Code(row["alpha3"], labels, row["subregion"]), place)
        reading.add(alpha2, row["alpha2"], Code(row["alpha2"], labels, row["subregion"]), place)
    return {
        COUNTRY_LIST: CodeList(COUNTRY_LIST, tuple(alpha3.values()), "ISO 3166-1 alpha-3, UN names"),
        COUNTRY_ALPHA2_LIST: CodeList(COUNTRY_ALPHA2_LIST, tuple(alpha2.values()), "ISO 3166-1 alpha-2, UN names"),
    }
