"""Invented people: everything that is true of them, before anybody wrote a part of it down.

Promise: a block of people is a pure function of the contributor, its size and the random generator. Nothing is
missing here; what a contributor came to know, and in which words, is the business of its own module.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctdc.simulate.corridors import Corridors
from ctdc.simulate.perpetrators import draw_perpetrators
from ctdc.simulate.world import (
    BASE_MEANS,
    CASE_TYPES,
    EXPLOITATION,
    FIRST_YEAR,
    LAST_YEAR,
    MEANS,
    RECRUITERS,
    SECTORS,
    SEX_TYPES,
    CaseType,
    Contributor,
)

Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

TYPE_NAMES = tuple(CASE_TYPES)
TYPES = tuple(CASE_TYPES.values())

WOMAN, MAN, TRANS = 0, 1, 2
TRANS_SHARE = 0.009
FIRST_TRANS_YEAR = 2017  # before, contributors' forms knew two genders only
NONE = -1  # "no second citizenship" and the like


@dataclass(frozen=True)
class People:
    """A block of n invented people. Dates are days since 1970-01-01; countries are positions in the standard's list.

    serial: number in the simulation; gender: WOMAN, MAN, TRANS; flags have shape (n, names in `world`);
    second: a second citizenship or NONE; perpetrators: how many are known of (0 to 4), with their gender (0 woman,
    1 man), age, country, relation, roles (flags over `perpetrators.ROLES`) and whether they were paid, in arrays
    (n, 4[, roles]) of which the first so many of each row count.
    """

    serial: Ints
    case_type: NDArray[np.int16]
    year: Ints
    registered: Ints
    born: Ints
    age: Ints
    started: Ints
    ended: Ints
    months: Ints
    age_at_start: Ints
    age_at_entry: Ints
    gender: Ints
    citizenship: Ints
    second: Ints
    exploited_in: Ints
    means: Bools
    exploitation: Bools
    sectors: Bools
    sex_types: Bools
    recruiters: Bools
    abducted: Bools
    perpetrators: Ints
    perpetrator_gender: Ints
    perpetrator_age: Ints
    perpetrator_country: Ints
    perpetrator_relation: Ints
    perpetrator_roles: Bools
    perpetrator_paid: Bools

    @property
    def size(self) -> int:
        """Number of people."""
        return len(self.serial)

    @property
    def child(self) -> Bools:
        """Under 18 when registered."""
        return np.asarray(self.age < 18)

    def flag(self, group: str, name: str) -> Bools:
        """One flag by name, shape (n,): group is means, exploitation, sectors, sex_types or recruiters."""
        names = {
            "means": MEANS,
            "exploitation": EXPLOITATION,
            "sectors": SECTORS,
            "sex_types": SEX_TYPES,
            "recruiters": RECRUITERS,
        }[group]
        return np.asarray(getattr(self, group)[:, names.index(name)])


def year_weights(contributor: Contributor) -> Floats:
    """Share of the contributor's cases per year FIRST_YEAR..LAST_YEAR: growth, a wave, and the reporting lag."""
    years = np.arange(FIRST_YEAR, LAST_YEAR + 1)
    active = (years >= contributor.first_year) & (years <= contributor.last_year)
    weights = contributor.growth ** (years - contributor.first_year) * (1 + 0.18 * np.sin(years * 1.1))
    for back, known in enumerate(contributor.lag):
        weights[years == contributor.last_year - back] *= known
    weights = np.where(active, weights, 0.0)
    return np.asarray(weights / weights.sum())


def _matrix(names: tuple[str, ...], attribute: str, default: float | None = None) -> Floats:
    """Probability of each name in each case type, shape (types, names)."""
    rows = [
        [getattr(kind, attribute).get(name, BASE_MEANS[name] if default is None else default) for name in names]
        for kind in TYPES
    ]
    return np.array(rows)


MEANS_TABLE = _matrix(MEANS, "means")
EXPLOITATION_TABLE = _matrix(EXPLOITATION, "exploitation", 0.0)
SECTOR_TABLE = _matrix(SECTORS, "sectors", 0.0)
SEX_TABLE = _matrix(SEX_TYPES, "sex", 0.0)


def _per_type(attribute: str) -> Floats:
    return np.array([getattr(kind, attribute) for kind in TYPES], dtype=np.float64)


def draw_types(contributor: Contributor, years: Ints, generator: np.random.Generator) -> NDArray[np.int16]:
    """A case type per person; types that did not exist yet in a year are replaced by others."""
    weights = np.array([contributor.case_types.get(name, 0.0) for name in TYPE_NAMES])
    since = _per_type("since")
    result = np.zeros(len(years), dtype=np.int16)
    draws = generator.random(len(years))
    for year in np.unique(years):
        chosen = years == year
        cumulative = np.cumsum(np.where(since <= year, weights, 0.0))
        result[chosen] = np.searchsorted(cumulative, draws[chosen] * cumulative[-1], "right")
    return result


def _sort_ages(types: NDArray[np.int16], generator: np.random.Generator) -> Ints:
    """Age in whole years when the case was registered."""
    size = len(types)
    low, mode, high = _per_type("ages")[types].T
    children = generator.triangular(low, mode, high, size)
    adults = 18 + generator.gamma(2.0, 1.0, size) * (_per_type("adult_age")[types] - 18) / 2.0
    is_child = generator.random(size) < _per_type("children")[types]
    ages = np.where(is_child, np.minimum(children, 17.9), np.minimum(adults, 78))
    return np.asarray(np.floor(ages), dtype=np.int32)


def _months(types: NDArray[np.int16], generator: np.random.Generator) -> Ints:
    """Duration in whole months: log-normal around the type's median, at most 20 years."""
    months = _per_type("months")[types] * np.exp(generator.normal(0.0, 1.0, len(types)))
    return np.asarray(np.clip(np.floor(months), 0, 240), dtype=np.int32)


def _means(types: NDArray[np.int16], generator: np.random.Generator) -> Bools:
    """Means of control; a severity of the case moves all of them together."""
    base = np.clip(MEANS_TABLE[types], 0.0005, 0.98)
    severity = generator.normal(0.0, 0.9, (len(types), 1))
    chance = 1 / (1 + np.exp(-(np.log(base / (1 - base)) + severity)))
    return np.asarray(generator.random(base.shape) < chance)


def _at_least_one(chances: Floats, flags: Bools, needed: Bools) -> Bools:
    """`flags`, with the likeliest one set for the people in `needed` who have none."""
    empty = needed & ~flags.any(axis=1) & (chances.max(axis=1) > 0)
    flags[empty, chances[empty].argmax(axis=1)] = True
    return flags


def _exploitation(types: NDArray[np.int16], generator: np.random.Generator) -> tuple[Bools, Bools, Bools]:
    """Exploitation, sectors and sexual types; the latter two only for those whose exploitation has them."""
    size = len(types)
    kinds = generator.random((size, len(EXPLOITATION))) < EXPLOITATION_TABLE[types]
    labour = kinds[:, EXPLOITATION.index("isForcedLabour")]
    sexual = kinds[:, EXPLOITATION.index("isSexualExploit")]
    sectors = (generator.random((size, len(SECTORS))) < SECTOR_TABLE[types]) & labour[:, None]
    sex_types = (generator.random((size, len(SEX_TYPES))) < SEX_TABLE[types]) & sexual[:, None]
    sectors = _at_least_one(SECTOR_TABLE[types], sectors, labour)
    return kinds, sectors, _at_least_one(SEX_TABLE[types], sex_types, sexual)


def _recruiter_table(kind: CaseType, child: bool) -> tuple[float, ...]:
    return kind.child_recruiters if child else kind.adult_recruiters


def _recruiters(types: NDArray[np.int16], child: Bools, generator: np.random.Generator) -> Bools:
    """Who recruited: one relation, a second one in one case of sixteen."""
    table = np.array([[_recruiter_table(kind, is_child) for is_child in (False, True)] for kind in TYPES])
    cumulative = np.cumsum(table, axis=2)[types, child.astype(int)]
    cumulative /= cumulative[:, -1:]
    flags = np.zeros((len(types), len(RECRUITERS)), dtype=bool)
    rows = np.arange(len(types))
    first = (generator.random((len(types), 1)) > cumulative).sum(axis=1)
    second = (generator.random((len(types), 1)) > cumulative).sum(axis=1)
    flags[rows, np.minimum(first, 3)] = True
    twice = generator.random(len(types)) < 1 / 16
    flags[rows[twice], np.minimum(second, 3)[twice]] = True
    return flags


def _genders(types: NDArray[np.int16], years: Ints, generator: np.random.Generator) -> Ints:
    gender = np.where(generator.random(len(types)) < _per_type("women")[types], WOMAN, MAN)
    other = (generator.random(len(types)) < TRANS_SHARE) & (years >= FIRST_TRANS_YEAR)
    return np.where(other, TRANS, gender).astype(np.int32)


def has_any(flags: Bools) -> Bools:
    """Whether any flag of the last axis is set."""
    return np.asarray(flags.any(axis=-1))


def to_days(year: NDArray[np.signedinteger], month: NDArray[np.signedinteger], day: NDArray[np.signedinteger]) -> Ints:
    """Days since 1970-01-01 of calendar dates."""
    months = (year.astype(np.int64) - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return np.asarray(first + day - 1, dtype=np.int32)


def from_days(days: Ints) -> tuple[Ints, Ints, Ints]:
    """Year, month and day of days since 1970-01-01."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    number = months.astype(np.int64)
    day = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    return (
        (number // 12 + 1970).astype(np.int32),
        (number % 12 + 1).astype(np.int32),
        day.astype(np.int32),
    )


def age_on(born: Ints, at: Ints) -> Ints:
    """Completed years of life on a day."""
    birth_year, birth_month, birth_day = from_days(born)
    year, month, day = from_days(at)
    before_birthday = (month * 100 + day) < (birth_month * 100 + birth_day)
    return np.asarray(year - birth_year - before_birthday, dtype=np.int32)


def minus_months(days: Ints, months: Ints) -> Ints:
    """The same day of the month, `months` earlier. Days are at most the 28th, so that the date always exists."""
    year, month, day = from_days(days)
    number = year.astype(np.int64) * 12 + month - 1 - months
    return to_days((number // 12).astype(np.int32), (number % 12 + 1).astype(np.int32), day)


def _dates(
    years: Ints, ages: Ints, months: Ints, generator: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Registered, born, started, ended, and months cut so that nobody was exploited before birth."""
    size = len(years)
    registered = to_days(years, generator.integers(1, 13, size), generator.integers(1, 29, size))
    # One to eleven months since the last birthday: then the day of the month cannot change the age in years.
    last_birthday = minus_months(registered, 12 * ages + generator.integers(1, 12, size).astype(np.int32))
    birth_year, birth_month, _ = from_days(last_birthday)
    born = to_days(birth_year, birth_month, generator.integers(1, 29, size))
    ended = minus_months(registered, generator.integers(0, 14, size).astype(np.int32))
    ended = np.where(ended <= born, registered, ended).astype(np.int32)
    possible = ((ended - born) // 31).astype(np.int32)
    months = np.minimum(months, np.maximum(possible - 1, 0)).astype(np.int32)
    return registered, born, minus_months(ended, months), ended, months


def draw_people(
    contributor: Contributor, first_serial: int, size: int, corridors: Corridors, generator: np.random.Generator
) -> People:
    """`size` people whom `contributor` comes to know, numbered from `first_serial`."""
    years = generator.choice(np.arange(FIRST_YEAR, LAST_YEAR + 1), size=size, p=year_weights(contributor))
    years = years.astype(np.int32)
    types = draw_types(contributor, years, generator)
    gender = _genders(types, years, generator)
    ages = _sort_ages(types, generator)
    registered, born, started, ended, months = _dates(years, ages, _months(types, generator), generator)
    kinds, sectors, sex_types = _exploitation(types, generator)
    origins = corridors.draw_origins(contributor.origins, types, TYPE_NAMES, generator)
    home = generator.random(size) < _per_type("home")[types]
    place = corridors.draw_exploitation(contributor.origins, origins, home, contributor.home_country, generator)
    dual = generator.random(size) < 0.05
    second = np.where(dual & (place != origins), place, NONE)
    age_at_start = age_on(born, started)
    entry = np.maximum(age_at_start - (generator.random(size) < 0.2), 0)
    means = _means(types, generator)
    recruiters = _recruiters(types, ages < 18, generator)
    abducted = generator.random(size) < _per_type("abduction")[types]
    return People(
        serial=np.arange(first_serial, first_serial + size, dtype=np.int32),
        case_type=types,
        year=years,
        registered=registered,
        born=born,
        age=ages,
        started=started,
        ended=ended,
        months=months,
        age_at_start=age_at_start,
        age_at_entry=entry.astype(np.int32),
        gender=gender,
        citizenship=origins.astype(np.int32),
        second=second.astype(np.int32),
        exploited_in=place.astype(np.int32),
        means=means,
        exploitation=kinds,
        sectors=sectors,
        sex_types=sex_types,
        recruiters=recruiters,
        abducted=abducted,
        **draw_perpetrators(  # type: ignore[arg-type]
            place.astype(np.int32), gender != MAN, kinds, recruiters, corridors, generator
        ),
    )
