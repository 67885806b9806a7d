"""Which tables every release has ready, and their rows: people, share, of whom, between what, and whether too few.

Promise: every number is what the release itself answers to the question (`ctdc.release.counting`), so anybody can
compute it again from the published files; what is too few to say has no number. Which tables there are follows from the
code book alone, so a release of any field has some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl

from ctdc.release.counting import Counted, Counter, Number
from ctdc.release.figures import AGE, GENDER, ORIGIN, PLACE, YEAR
from ctdc.release.ready.columns import COLUMNS, KEY, TEXTS, WHOLE
from ctdc.release.told import Places, columns_of, number_value
from ctdc.release.vocabulary import FLAG_CODES, Group, Vocabulary
from ctdc.standard.presentation import presentation

MOST_AMONG = 30  # codes of a variable whose people are looked at one code at a time
MOST_CODES = 60  # codes of a variable in a table of another's people
MOST_PAIRS = 300  # corridors; the largest
CODE, CODE_2 = KEY.index("code"), KEY.index("code_2")
FALLBACK = 3  # variables whose people are looked at where no role is known
Part = Mapping[str, list[Any]]  # the rows of one question, column by column


@dataclass(frozen=True)
class Spec:
    """One table. id: unique; names: its variables, or the flags of a group; crossed: whether all codes of `names` are
    combined (else each is counted by itself); among: the variables whose codes choose the people, one after the other.
    """

    id: str
    names: tuple[str, ...]
    group: str = ""
    crossed: bool = False
    among: tuple[str, ...] = ()
    among_group: str = ""
    most: int | None = None


def specs(vocabulary: Vocabulary, length: int) -> tuple[Spec, ...]:
    """The tables of a release. length: how many variables were measured together."""
    parts = [*_questions(vocabulary)]
    found = [Spec(f"all-{part.id}", part.names, part.group) for part in parts]
    if length < 2:
        return tuple(found)
    for among in _among(vocabulary):
        for part in parts:
            if not set(part.names) & set(among.names) and _codes(vocabulary, part.names) <= MOST_CODES:
                found.append(Spec(f"{part.id}-by-{among.id}", part.names, part.group, False, among.names, among.group))
    found += _crossed(vocabulary, length)
    return tuple(found)


def _questions(vocabulary: Vocabulary) -> Iterator[Spec]:
    """Each variable of several codes, and each group of flags."""
    for words in vocabulary.variables:
        if words.kind == "code":
            yield Spec(words.name, (words.name,))
    for group in vocabulary.groups:
        yield Spec(group.id, group.variables, group.id)


def _among(vocabulary: Vocabulary) -> list[Spec]:
    """Whose people are looked at: years, genders, ages, answers of the leading group; else the first variables."""
    roles = [name for names in (YEAR, GENDER, AGE) for name in names if name in _names(vocabulary)]
    found = [Spec(name, (name,)) for name in roles if _codes(vocabulary, (name,)) <= MOST_AMONG]
    forms = _group(vocabulary, presentation().leading)
    if forms is not None:
        found.append(Spec(forms.id, forms.variables, forms.id))
    if not found:
        small = [
            words.name for words in vocabulary.variables if words.kind == "code" and len(words.codes) <= MOST_AMONG
        ]
        found = [Spec(name, (name,)) for name in small[:FALLBACK]]
    return found


def _crossed(vocabulary: Vocabulary, length: int) -> Iterator[Spec]:
    """Age and gender together, of everybody and by answer of the leading group; from where to where."""
    names = _names(vocabulary)
    age, gender = (next((one for one in role if one in names), None) for role in (AGE, GENDER))
    origin, place = (next((one for one in role if one in names), None) for role in (ORIGIN, PLACE))
    if age and gender:
        yield Spec(f"all-{age}-{gender}", (age, gender), crossed=True)
        forms = _group(vocabulary, presentation().leading)
        if forms is not None and length > 2:
            yield Spec(f"{age}-{gender}-by-{forms.id}", (age, gender), "", True, forms.variables, forms.id)
    if origin and place:
        yield Spec(f"all-{origin}-{place}", (origin, place), crossed=True, most=MOST_PAIRS)


def _names(vocabulary: Vocabulary) -> set[str]:
    return {words.name for words in vocabulary.variables}


def _group(vocabulary: Vocabulary, name: str) -> Group | None:
    return next((group for group in vocabulary.groups if group.id == name), None)


def _codes(vocabulary: Vocabulary, names: Sequence[str]) -> int:
    return max(len(words.codes) for words in vocabulary.variables if words.name in names)


def ready_tables(counter: Counter, vocabulary: Vocabulary) -> pl.DataFrame:
    """All tables below each other, with the columns `COLUMNS`.

    source: ``counts`` or ``records``; denominator_source: these, or ``bounds``. A cell that is too few to say has no
    numbers, and a share without enough people in its denominator none either.
    """
    return _together([part for spec in specs(vocabulary, counter.analysis.length) for part in _parts(counter, spec)])


def asked_again(counter: Counter, tables: pl.DataFrame) -> pl.DataFrame:
    """The rows of such tables counted anew, whoever chose them: another collaborative, or another version, has others.

    Raises LookupError for a code that cannot be, and UserError for a variable that is not there.
    """
    parts = []
    for (table, variable, code, *names), rows in groupby(tables.select(KEY).rows(), key=_question):
        found = counter.asked({variable: code} if variable and code else {}).by(tuple(filter(None, names)))
        place = {codes: at for at, codes in enumerate(found.codes)}
        codes = [tuple(filter(None, (row[CODE], row[CODE_2]))) for row in rows]
        parts.append(_part(table, variable, code, found, np.array([place[own] for own in codes])))
    return _together(parts)


def _question(row: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """What the rows of one question have in common."""
    table, variable, code, name, _, other, _ = row
    return table, variable, code, name, other


def _together(parts: Sequence[Part]) -> pl.DataFrame:
    """Put together as arrays: a frame for each question would take longer than all of the counting."""
    columns = {name: [value for part in parts for value in part[name]] for name in COLUMNS}
    kinds = dict.fromkeys(TEXTS, pl.String) | {"too_few": pl.Boolean}
    series = [pl.Series(name, columns[name], kinds.get(name, pl.Float64)) for name in COLUMNS]
    return pl.DataFrame(series).with_columns(pl.col(pl.Float64).fill_nan(None))


def _parts(counter: Counter, spec: Spec) -> Iterator[Part]:
    for variable, code in _people(counter, spec):
        asked = counter.asked({variable: code} if variable else {})
        if asked.total.too_few:
            continue
        questions = [spec.names] if spec.crossed else [(name,) for name in spec.names]
        for names in questions:
            found = asked.by(names)
            yield _part(spec.id, variable, code, found, _places(spec, found))


def _people(counter: Counter, spec: Spec) -> list[tuple[str, str]]:
    """The codes that choose the people of the table's rows; one of nothing for everybody."""
    if not spec.among:
        return [("", "")]
    if spec.among_group:
        return [(name, FLAG_CODES[0]) for name in spec.among]
    return [(name, code) for name in spec.among for code in counter.analysis.codes(name)]


def _places(spec: Spec, found: Counted) -> Places:
    """The known codes of one question. Of a flag that is one: an empty cell says nothing."""
    places = np.flatnonzero(np.array([all(codes) for codes in found.codes]))
    if spec.most is None:
        return places
    quoted = places[~found.too_few[places]]
    return quoted[np.argsort(-found.count[quoted], kind="stable")][: spec.most]


def _part(table: str | None, variable: str | None, code: str | None, found: Counted, places: Places) -> Part:
    """Rows of one question."""
    size, codes = len(places), [found.codes[place] for place in places.tolist()]
    names, crossed = found.variables, len(found.variables) > 1
    whole = _whole(found.whole)
    return {
        "table": [table] * size,
        "among_variable": [variable or None] * size,
        "among_code": [code or None] * size,
        "variable": [names[0]] * size,
        "code": [own[0] for own in codes],
        "variable_2": [names[1] if crossed else None] * size,
        "code_2": [own[1] if crossed else None for own in codes],
        **{name: values.tolist() for name, values in columns_of(found, places).items()},
        **{name: [value] * size for name, value in zip(WHOLE, whole, strict=True)},
    }


def _whole(number: Number | None) -> tuple[float | None, float | None, float | None, str | None]:
    if number is None:
        return None, None, None, None
    said = number_value(number)
    return said["count"], said["low"], said["high"], number.source
