"""Invents deliveries from a recipe: a table of frequencies, and how each contributor would write it down.

Promise: equal recipes, numbers and seeds give equal files, byte for byte; nobody is copied, and every folder says so;
the folder appears whole or not at all. What a recipe names that is not there is a UserError (``simulate.recipe``) that
says where. This is how any collaborative has its demonstration: it names no variable.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import xlsxwriter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ctdc.foundation.documents import BadDocument, parse_toml
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_folder, write_bytes, write_text
from ctdc.simulate.write import NOTICE_FILE, SimulatedDelivery

YES, NO = "1", "0"
OLDEST = 75  # of a band without an end
MOST_CASES = 1_000_000
MOMENT = (2026, 1, 1)  # what workbooks say of when they were made
NOTICE = "SIMULATED. These files were invented by a computer from a recipe. Nobody described in them exists.\n"

Words = npt.NDArray[np.str_]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _weights(value: Any) -> Any:
    return {str(code): weight for code, weight in value.items()} if isinstance(value, dict) else value


Weights = Annotated[dict[str, float], BeforeValidator(_weights)]


class When(_Closed):
    """Where `variable` has one of `codes`, frequencies are multiplied: each code's own, or that of "yes"."""

    variable: str
    codes: tuple[str, ...]
    times: float | Weights


class VariableSpec(_Closed):
    """How a variable is drawn: frequencies of codes, or the probability of "yes"."""

    name: str
    codes: Weights = Field(default_factory=dict)
    yes: float = Field(default=-1.0, ge=-1, le=1)
    when: tuple[When, ...] = ()


class ColumnSpec(_Closed):
    """A column of a contributor's file. words: code to what is written; for a list, flag to what is written."""

    name: str
    kind: Literal["code", "number", "date", "age", "list", "choice"] = "code"
    of: str = ""
    words: dict[str, str] = Field(default_factory=dict)
    empty: float = Field(default=0.0, ge=0, le=1)
    start: str = ""
    format: str = "%Y-%m-%d"
    separator: str = ";"


class ContributorSpec(_Closed):
    """Who delivers which share of the people, in which file, read by which mapping."""

    id: str
    share: float = Field(gt=0)
    mapping: str
    file: str = Field(pattern=r"^[A-Za-z0-9_.-]+\.(csv|xlsx)$")
    columns: tuple[ColumnSpec, ...]
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str = "Sheet1"


class Recipe(_Closed):
    """The whole file."""

    variable: tuple[VariableSpec, ...]
    contributor: tuple[ContributorSpec, ...]


@dataclass(frozen=True)
class Invented:
    """What was made. cases: how many people over all contributors."""

    folder: Path
    cases: int
    deliveries: tuple[SimulatedDelivery, ...]


def read_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file, checked. Raises UserError (``simulate.recipe``)."""
    try:
        recipe = Recipe.model_validate(parse_toml(path.read_bytes()))
    except BadDocument as error:
        raise _wrong(f"This is not TOML: {error}.", path) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in first["loc"])
        raise _wrong(f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}.", path) from None
    _check(recipe, path)
    return recipe


def _wrong(what: str, path: Path, allowed: str = "") -> UserError:
    return UserError(
        "simulate.recipe",
        what,
        where=str(path),
        allowed=allowed,
        do="Correct the recipe; docs/tutorial/your-own-collaborative.md explains it.",
    )


def _check(recipe: Recipe, path: Path) -> None:
    known: dict[str, list[str]] = {}
    for one in recipe.variable:
        if bool(one.codes) == (one.yes >= 0):
            raise _wrong(f"{one.name}: 'codes' or 'yes' is needed, and not both.", path)
        for when in one.when:
            if unknown := [code for code in when.codes if code not in known.get(when.variable, [])]:
                allowed = ", ".join(known.get(when.variable, known))
                raise _wrong(f"{one.name}: 'when' names {when.variable!r} with {unknown[0]!r}.", path, allowed)
            if isinstance(when.times, dict) == (one.yes >= 0):
                raise _wrong(f"{one.name}: 'times' is a number for a flag, and a table of codes otherwise.", path)
        known[one.name] = list(one.codes) or [YES, NO]
    for contributor in recipe.contributor:
        for column in contributor.columns:
            named = list(column.words) if column.kind == "list" else [column.of] if column.kind != "number" else []
            if unknown := [name for name in named if name not in known]:
                raise _wrong(f"{contributor.id}, {column.name}: no variable {unknown[0]!r}.", path, ", ".join(known))
            if column.kind == "code" and column.words and (left := set(known[column.of]) - set(column.words)):
                raise _wrong(f"{contributor.id}, {column.name}: no word for {sorted(left)[0]!r}.", path)


def invent(recipe: Recipe, out: Path, cases: int, seed: int) -> Invented:
    """Draw the people and write every contributor's file into the new folder `out`.

    Raises UserError (``simulate.cases``) for a number that cannot be, (``files.exists``) where `out` is there.
    """
    if not 1 <= cases <= MOST_CASES:
        raise UserError("simulate.cases", f"{cases:,} cases cannot be invented.", allowed=f"1 to {MOST_CASES:,}")
    rng = np.random.Generator(np.random.PCG64(seed))
    people = _people(recipe, cases, rng)
    shares = np.array([one.share for one in recipe.contributor])
    whose = rng.choice(len(shares), size=cases, p=shares / shares.sum())
    made = []
    with atomic_folder(out) as folder:
        write_text(folder / NOTICE_FILE, NOTICE)
        for position, one in enumerate(recipe.contributor):
            own = {name: values[whose == position] for name, values in people.items()}
            rows = int((whose == position).sum())
            columns = [_cells(column, own, rows, rng) for column in one.columns]
            write_bytes(folder / one.file, _file(one, list(zip(*columns, strict=True))))
            made.append(SimulatedDelivery(one.id, out / one.file, one.mapping, rows))
    return Invented(out, cases, tuple(made))


def _people(recipe: Recipe, cases: int, rng: np.random.Generator) -> dict[str, Words]:
    """Each variable's codes, one for each person, in the recipe's order."""
    people: dict[str, Words] = {}
    for one in recipe.variable:
        codes = list(one.codes) or [YES, NO]
        weights = np.tile(np.array(list(one.codes.values()) or [one.yes, 1 - one.yes]), (cases, 1))
        for when in one.when:
            where = np.isin(people[when.variable], when.codes)
            times = when.times if isinstance(when.times, dict) else {YES: when.times}
            for code, factor in times.items():
                weights[where, codes.index(code)] *= factor
        if one.yes >= 0:
            weights[:, 0] = np.minimum(weights[:, 0], 1.0)
            weights[:, 1] = 1 - weights[:, 0]
        ends = np.cumsum(weights, axis=1)
        drawn = (rng.random(cases)[:, None] * ends[:, -1:] >= ends).sum(axis=1)
        people[one.name] = np.array(codes)[np.minimum(drawn, len(codes) - 1)]
    return people


def _cells(column: ColumnSpec, own: Mapping[str, Words], rows: int, rng: np.random.Generator) -> list[str]:
    """What a contributor writes into one column."""
    if column.kind == "number":
        return [f"{column.start}{number:05d}" for number in range(1, rows + 1)]
    if column.kind == "list":
        return [
            column.separator.join(word for flag, word in column.words.items() if own[flag][row] == YES)
            for row in range(rows)
        ]
    codes = own[column.of]
    if column.kind == "date":
        written = [_day(str(code), rng, column.format) for code in codes]
    elif column.kind == "age":
        written = [str(_age(str(code), rng)) for code in codes]
    else:
        written = [column.words.get(str(code), str(code)) for code in codes]
    empty = rng.random(rows) < column.empty
    return ["" if none else word for word, none in zip(written, empty, strict=True)]


def _day(year: str, rng: np.random.Generator, written: str) -> str:
    return (date(int(year), 1, 1) + timedelta(days=int(rng.integers(0, 365)))).strftime(written)


def _age(band: str, rng: np.random.Generator) -> int:
    """A whole number of years in a band such as 18--24 or 55+."""
    low, _, high = band.partition("--")
    first = int(low.rstrip("+"))
    return int(rng.integers(first, (int(high) if high else max(OLDEST, first)) + 1))


def _file(one: ContributorSpec, rows: Sequence[tuple[str, ...]]) -> bytes:
    header = [column.name for column in one.columns]
    return _workbook(one.sheet, header, rows) if one.file.endswith(".xlsx") else _csv(one, header, rows)


def _csv(one: ContributorSpec, header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=one.delimiter, lineterminator="\n")
    writer.writerows([header, *rows])
    return stream.getvalue().encode(one.encoding)


def _workbook(sheet: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_numbers": True}) as book:
        book.set_properties({"created": datetime(*MOMENT), "comments": NOTICE.strip()})
        page = book.add_worksheet(sheet)
        for position, row in enumerate(_lines(header, rows)):
            page.write_row(position, 0, row)
    return stream.getvalue()


def _lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    yield header
    yield from rows
