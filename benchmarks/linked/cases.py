"""Invented victims and their perpetrators: two tables in the shape of CTDC's victim-perpetrator file, in two files.

Promise: the same arguments give the same tables, and nothing in them is of a real person. Single variables follow the
shares that the official dictionary of the published file states (December 2022; 21,195 victims); what a victim has to
do with their perpetrators, and perpetrators of one victim with one another, is invented, because nothing is published
about it.

Every variable is a standard normal number cut at the shares' quantiles. Numbers of one victim have hidden causes in
common: the victim's (kind of exploitation, region, age and sex, how well it was recorded), which the victim's and their
perpetrators' variables share; the case's, which the perpetrators of one victim share; and each perpetrator's own.
Whether a value is empty is a number of its own; of flags, empty is the lower side of the cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.coding import read_table
from benchmarks.data import write_schema

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

VICTIMS = 20_000
SEED = 20221201
MOST = 4
LINK = "ID"
NUMBER = "numberOfPerpetrators"
NUMBERS = tuple(str(number) for number in range(1, MOST + 1))

# Hidden causes: of the victim, of the case (shared by the perpetrators of one victim), of each perpetrator.
LABOUR, REGION, AGE, RECORD = "labour", "region", "age", "record"
RING, STYLE, CASE_RECORD = "ring", "style", "case record"
ROLE, PERSON, OWN_RECORD = "role", "person", "own record"
OF_VICTIM = (LABOUR, REGION, AGE, RECORD)
OF_CASE = (RING, STYLE, CASE_RECORD)
OF_PERPETRATOR = (ROLE, PERSON, OWN_RECORD)


@dataclass(frozen=True)
class Column:
    """A variable: its codes in the order in which the number runs through them, and their shares of all rows.

    causes: weights of hidden causes in the number, their squares summing to less than 1; recorded: those in whether the
    value is there; a flag has none and needs none.
    """

    name: str
    shares: Mapping[str, float]
    causes: Mapping[str, float]
    recorded: Mapping[str, float] = field(default_factory=dict)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes."""
        return tuple(self.shares)

    @property
    def flag(self) -> bool:
        """Whether the only code says yes, and empty says nothing."""
        return len(self.shares) == 1


WELL = {RECORD: 0.7}
CASE_WELL = {RECORD: 0.3, CASE_RECORD: 0.85}
OWN_WELL = {RECORD: 0.3, CASE_RECORD: 0.7, OWN_RECORD: 0.35}

MAIN = (
    Column(
        "yearRegister",
        {"2005-2013": 0.119, "2014-2018": 0.296, "2019": 0.113, "2020": 0.095, "2021-2022": 0.205},
        {LABOUR: 0.3, REGION: -0.25, RECORD: 0.4},
        WELL,
    ),
    Column("gender", {"Female": 0.452, "Male": 0.377}, {LABOUR: 0.5, REGION: 0.2, AGE: 0.35}, WELL),
    Column("majorityStatus", {"Minor": 0.057, "Adult": 0.773}, {AGE: 0.7, LABOUR: 0.2}, WELL),
    Column("isForcedLabour", {"1": 0.578}, {LABOUR: 0.75, RECORD: 0.25}),
    Column("isSexualExploit", {"1": 0.131}, {LABOUR: -0.75, AGE: -0.2}),
    Column(
        "UN_COO_Region",
        {"Africa": 0.249, "Americas/Oceania": 0.013, "Asia": 0.290, "Europe": 0.278},
        {REGION: 0.9, LABOUR: 0.1},
        WELL,
    ),
    Column(
        "UN_COE_Region",
        {"Africa": 0.202, "Americas/Oceania": 0.010, "Asia": 0.296, "Europe": 0.303},
        {REGION: 0.8, AGE: 0.2, LABOUR: 0.15},
        WELL,
    ),
)
HOW_MANY = Column(
    NUMBER, {"1": 0.58, "2": 0.25, "3": 0.11, "4": 0.06}, {LABOUR: 0.3, RECORD: 0.3, REGION: 0.2, AGE: -0.2}
)
# Shares of perpetrators, such that the joined values of victims come near the published ones.
LINKED = (
    Column("IP_Exploiter", {"1": 0.36}, {LABOUR: 0.35, RING: 0.5, ROLE: 0.55}),
    Column("IP_Gender", {"Female": 0.22, "Male": 0.50}, {LABOUR: 0.3, RING: 0.25, ROLE: 0.25, PERSON: 0.5}, OWN_WELL),
    Column(
        "IP_ageBroad",
        {"0--29": 0.015, "30--38": 0.050, "39--47": 0.054, "48+": 0.016},
        {AGE: 0.35, RING: 0.85, PERSON: 0.2},
        OWN_WELL,
    ),
    Column(
        "IP_citizen_UNRegion",
        {"Africa": 0.190, "Americas/Oceania": 0.010, "Asia": 0.262, "Europe": 0.213},
        {REGION: 0.75, STYLE: 0.6, PERSON: 0.15},
        CASE_WELL,
    ),
    Column(
        "IP_Relation",
        {"FamilyIntimatePartner": 0.045, "FriendAcquaintance": 0.222, "StrangerUnknownOther": 0.405},
        {AGE: 0.4, LABOUR: 0.25, STYLE: 0.83, ROLE: 0.15},
        CASE_WELL,
    ),
    Column("IP_PayMoney", {"No": 0.54, "Yes": 0.165}, {LABOUR: 0.4, STYLE: 0.8, ROLE: -0.3}, CASE_WELL),
    Column("IP_RecruiterBroker", {"1": 0.46}, {REGION: 0.2, STYLE: 0.4, ROLE: -0.6}),
    Column("IP_TransactionProcess", {"1": 0.275}, {REGION: -0.3, RING: 0.45, ROLE: -0.3}),
    Column("IP_ControlAbuseKidnap", {"1": 0.075}, {LABOUR: -0.3, RING: 0.35, ROLE: 0.45}),
)
MAIN_NAMES = tuple(column.name for column in MAIN)
LINKED_NAMES = tuple(column.name for column in LINKED)


@dataclass(frozen=True)
class Linked:
    """Two tables of text, null for empty: victims (`MAIN_NAMES`), their perpetrators (`LINKED_NAMES`).

    owner: shape (perpetrators,), the row of `victims` that each belongs to.
    """

    victims: pl.DataFrame
    perpetrators: pl.DataFrame
    owner: Places

    @property
    def numbers(self) -> Places:
        """How many perpetrators each victim has."""
        return np.bincount(self.owner, minlength=self.victims.height)

    def cut(self, victims: int) -> Linked:
        """The first `victims` with their perpetrators."""
        kept = self.owner < victims
        return Linked(self.victims.head(victims), self.perpetrators.filter(kept), self.owner[kept])


@dataclass(frozen=True)
class Files:
    """What a person gives to ``ctdc protect``: two csv files and the declarations of both."""

    victims: Path
    victims_schema: Path
    perpetrators: Path
    perpetrators_schema: Path

    @classmethod
    def of(cls, folder: Path) -> Files:
        """Their names in a folder."""
        names = ("victims.csv", "victims.schema.json", "perpetrators.csv", "perpetrators.schema.json")
        return cls(*(folder / name for name in names))


class _Causes:
    """Hidden causes, one standard normal number for each row, and the numbers that are mixed of them."""

    def __init__(self, causes: Mapping[str, Floats], rows: int, draw: np.random.Generator) -> None:
        self.causes, self.rows, self.draw = causes, rows, draw

    def mix(self, weights: Mapping[str, float]) -> Floats:
        """A standard normal number for each row that has so much of the causes in it, the rest being its own."""
        rest = 1.0 - sum(weight**2 for weight in weights.values())
        mixed: Floats = np.sqrt(rest) * self.draw.standard_normal(self.rows)
        for name, weight in weights.items():
            mixed += weight * self.causes[name]
        return mixed

    def column(self, column: Column) -> pl.Series:
        """Values of one variable."""
        total = sum(column.shares.values())
        shares = [1.0 - total, *column.shares.values()] if column.flag else list(column.shares.values())
        places = _cut(self.mix(column.causes), shares) + (0 if column.flag else 1)
        if not column.flag and total < 1:
            places *= _cut(self.mix(column.recorded), [1.0 - total, total])
        return pl.Series(column.name, [None, *column.codes], dtype=pl.String).gather(places)


def _cut(numbers: Floats, shares: Sequence[float]) -> Places:
    """In which part of the normal distribution each number lies, parts having these shares of their sum."""
    ends = np.cumsum(shares) / np.sum(shares)
    quantiles = [NormalDist().inv_cdf(float(end)) for end in ends[:-1]]
    return np.searchsorted(quantiles, numbers).astype(np.int64)


def _drawn(names: Sequence[str], rows: int, draw: np.random.Generator) -> dict[str, Floats]:
    return {name: draw.standard_normal(rows) for name in names}


def draw_cases(victims: int = VICTIMS, seed: int = SEED) -> Linked:
    """So many victims with 1 to `MOST` perpetrators each."""
    draw = np.random.default_rng(seed)
    of_victims = _drawn((*OF_VICTIM, *OF_CASE), victims, draw)
    people = _Causes(of_victims, victims, draw)
    main = pl.DataFrame([people.column(column) for column in MAIN])
    owner = np.repeat(np.arange(victims), people.column(HOW_MANY).cast(pl.Int64).to_numpy())
    shared = {name: values[owner] for name, values in of_victims.items()}
    rows = _Causes(shared | _drawn(OF_PERPETRATOR, len(owner), draw), len(owner), draw)
    return Linked(main, pl.DataFrame([rows.column(column) for column in LINKED]), owner)


def write_records(cases: Linked, victims: Path, perpetrators: Path) -> None:
    """Two csv files with the same column that links them, which says nothing else."""
    ids = pl.Series(LINK, [f"V{place:06d}" for place in range(cases.victims.height)], dtype=pl.String)
    pl.DataFrame([ids, *cases.victims.get_columns()]).write_csv(victims)
    pl.DataFrame([ids.gather(cases.owner), *cases.perpetrators.get_columns()]).write_csv(perpetrators)


def read_records(victims: Path, perpetrators: Path, link: str = LINK) -> Linked:
    """Two tables from files (csv, parquet) whose column `link` says whose perpetrator a row is."""
    main, linked = read_table(victims), read_table(perpetrators)
    places = pl.DataFrame({link: main[link], "place": np.arange(main.height)})
    owner = linked.select(link).join(places, on=link, how="left", maintain_order="left")["place"]
    return Linked(main.select(MAIN_NAMES), linked.select(LINKED_NAMES), owner.to_numpy())


def write_cases(cases: Linked, folder: Path) -> Files:
    """The two csv files and their Table Schemas."""
    files = Files.of(folder)
    write_records(cases, files.victims, files.perpetrators)
    write_schema({column.name: column.codes for column in MAIN}, files.victims_schema)
    write_schema({column.name: column.codes for column in LINKED}, files.perpetrators_schema)
    return files
