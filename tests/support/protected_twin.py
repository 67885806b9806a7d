"""A protected folder in the engine's format, made of invented people. For tests only.

Counts and measurements are the engine's, with noise that is the same every time; the records are invented anew, and
not made from the measurements, which would take longer than all else.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

import ctdc.standard
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.aggregates import aggregate_table
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import Measurements, measure
from ctdc.privacy.plan import make_plan
from ctdc.privacy.stored import write_measurements
from ctdc.table.coded import code_table
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

Integers = npt.NDArray[np.int64]

YEARS = [str(year) for year in range(2002, 2023)]
AGES = ["0--8", "09--17", "18--20", "21--23", "24--26", "27--29", "30--38", "39--47", "48+"]
FREQUENT = "ARE AUS BEL BGD BGR BLR BRA CAN CHN COL DEU EGY ESP ETH FRA GBR GHA HTI IDN IND ITA JOR KAZ KGZ"
FREQUENT += " KHM LBN MDA MEX MMR MYS NGA NPL PER PHL POL ROU RUS SAU SLE THA TUR TZA UKR USA UZB VEN VNM ZAF"
MEANS = [
    "meansDebtBondageEarnings",
    "meansThreats",
    "meansAbusePsyPhySex",
    "meansFalsePromises",
    "meansDrugsAlcohol",
    "meansDenyBasicNeeds",
    "meansExcessiveWorkHours",
    "meansWithholdDocs",
]
EXPLOITATION = ["isForcedLabour", "isSexualExploit", "isOtherExploit"]
LABOUR = ["typeOfLabourAgriculture", "typeOfLabourConstruction", "typeOfLabourDomesticWork", "typeOfLabourHospitality"]
SEX = ["typeOfSexProstitution", "typeOfSexPornography"]
RECRUITER = ["recruiterRelationIntimatePartner", "recruiterRelationFriend"]
RECRUITER += ["recruiterRelationFamily", "recruiterRelationOther"]
GENDERS = ["Man", "Woman", "Trans/Transgender/NonConforming"]
MONTHS = ["0--12 (0-1 yr)", "13--24 (1-2 yrs)", "25+ (2+ yrs)"]
FLAGS = [*MEANS, *EXPLOITATION, *LABOUR, *SEX, *RECRUITER]
THRESHOLD = 10
PROFILE = "synthetic-2024"


def global_codes() -> dict[str, list[str]]:
    """The 27 variables of the 2024 profile and their codes."""
    return {column.name: list(column.codes) for column in ctdc.standard.load().profile(PROFILE).columns}


def invented_people(rows: int, seed: int, codes: dict[str, list[str]] | None = None) -> pl.DataFrame:
    """Records with a few plausible relations and much that is empty."""
    random = np.random.default_rng(seed)
    codes = codes or global_codes()
    years = random.choice(
        YEARS, rows, p=_weights([2, 3, 3, 4, 5, 5, 6, 6, 6, 7, 8, 9, 14, 24, 30, 28, 24, 27, 18, 8, 4])
    )
    woman = random.random(rows) < 0.72
    gender = np.where(random.random(rows) < 0.006, GENDERS[2], np.where(woman, GENDERS[1], GENDERS[0]))
    age = random.choice(AGES, rows, p=_weights([4, 20, 14, 12, 9, 8, 18, 9, 6]))
    origin = random.choice(FREQUENT.split(), rows, p=_weights(np.roll(1 / np.arange(1, 49) ** 0.9, 42)))
    abroad = random.choice(FREQUENT.split(), rows, p=_weights(np.roll(1 / np.arange(1, 49) ** 1.4, 43)))
    place = np.where(random.random(rows) < 0.35, origin, abroad)
    sexual = np.where(woman, random.random(rows) < 0.7, random.random(rows) < 0.2)
    labour = ~sexual | (random.random(rows) < 0.06)
    columns: dict[str, np.ndarray] = {
        "yearOfRegistration": _blank(random, years, 0.02),
        "gender": _blank(random, gender, 0.03),
        "ageBroad": _blank(random, age, 0.3),
        "citizenship": _blank(random, origin, 0.15),
        "CountryOfExploitation": _blank(random, place, 0.1),
        "traffickMonths": _blank(random, random.choice(MONTHS, rows, p=[0.44, 0.26, 0.3]), 0.85),
    }
    told = random.random(rows) < 0.45
    rates = dict(zip(MEANS, (0.2, 0.45, 0.56, 0.3, 0.15, 0.46, 0.2, 0.12), strict=True))
    flags = {name: told & (random.random(rows) < rate) for name, rate in rates.items()}
    flags |= {"isForcedLabour": labour, "isSexualExploit": sexual, "isOtherExploit": random.random(rows) < 0.06}
    sector = random.random(rows)
    for position, name in enumerate(LABOUR):
        flags[name] = (
            labour & (sector >= 0.12 * position) & (sector < 0.12 * position + (0.11, 0.06, 0.12, 0.04)[position])
        )
    flags |= {SEX[0]: sexual & (random.random(rows) < 0.5), SEX[1]: sexual & (random.random(rows) < 0.08)}
    for name, rate in zip(RECRUITER, (0.04, 0.04, 0.05, 0.18), strict=True):
        flags[name] = random.random(rows) < rate
    columns |= {name: np.where(value, "1", None) for name, value in flags.items()}
    return pl.DataFrame({name: pl.Series(columns[name].tolist(), dtype=pl.String) for name in codes})


def _weights(values: object) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    return array / array.sum()


def _blank(random: np.random.Generator, values: np.ndarray, share: float) -> np.ndarray:
    return np.where(random.random(len(values)) < share, None, values)


class Seeded:
    """Normal noise that is the same every time, and claims to be publishable so that a release can be built."""

    publishable = True

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        random = np.random.default_rng([exact.size, round(1000 * scale)])
        noisy = exact + np.rint(random.normal(0, scale, exact.shape)).astype(np.int64)
        return noisy, squared_sensitivity / (2 * scale**2)


def measured(people: pl.DataFrame, schema: Schema, length: int, error: float) -> Measurements:
    """The people measured, with a budget that makes `error` the median error of single counts."""
    epsilon = 4.0
    for _ in range(12):  # the error falls almost as the budget rises, so this comes near quickly
        plan = make_plan(schema.sizes, Guarantee(epsilon, 1e-6), length)
        own = float(np.median([plan.variance((variable,)) for variable in range(len(schema.sizes))])) ** 0.5
        if abs(own / error - 1) < 0.05:
            break
        epsilon *= own / error
    return measure(code_table(people.to_arrow(), schema, "people").matrix(), plan, Seeded())


def write_protected(
    folder: Path,
    rows: int = 2000,
    seed: int = 7,
    codes: dict[str, list[str]] | None = None,
    length: int = 2,
    error: float = 2.5,
    **privacy: object,
) -> Path:
    """Write a protected folder of `rows` invented people; keywords replace entries of privacy.json."""
    codes = codes or global_codes()
    folder.mkdir(parents=True)
    people = invented_people(rows, seed, codes)
    schema = Schema(tuple(Variable(name, tuple(own)) for name, own in codes.items()))
    measurements = measured(people, schema, length, error)
    estimates = estimate(measurements)
    counts = pl.DataFrame(aggregate_table(schema, estimates, THRESHOLD))
    total, total_error = estimates.total()
    synthetic = invented_people(round(total), seed + 1, codes)
    synthetic.write_csv(folder / "synthetic.csv")
    synthetic.write_parquet(folder / "synthetic.parquet")
    counts.write_csv(folder / "aggregates.csv")
    counts.write_parquet(folder / "aggregates.parquet")
    write_measurements(folder / "measurements.parquet", schema, measurements)
    fields = [{"name": name, "type": "string", "constraints": {"enum": values}} for name, values in codes.items()]
    (folder / "schema.json").write_text(json.dumps({"fields": fields, "missingValues": [""]}))
    facts = {
        "engine_version": "0", "unit": "one person", "neighbours": "add or remove one person",
        "rho": 0.4068, "epsilon": 4.0, "delta": 5.8e-6, "mu": 0.902, "length": length, "threshold": THRESHOLD,
        "total": {"count": total, "standard_error": total_error}, "schema_hash": "", "libraries": {},
        "publishable": True,
    }  # fmt: skip
    (folder / "privacy.json").write_text(json.dumps(facts | privacy))
    (folder / "report.html").write_text("<!doctype html><title>Report</title>")
    return folder
