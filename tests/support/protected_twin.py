"""A protected folder in the engine's format, made of invented people and invented noise. For tests only.

Its counts carry noise of the engine's shape for single variables (a common part from the total and a centred
part), so that the errors of shares can be tested; longer combinations carry independent noise.
"""

from __future__ import annotations

import json
from itertools import combinations
from math import prod
from pathlib import Path

import numpy as np
import polars as pl

import ctdc.standard
from ctdc.table.reporting import reporting_deviations

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


def _single(random: np.random.Generator, truth: pl.DataFrame, name: str, codes: list[str], noise: dict) -> pl.DataFrame:
    """Counts of one variable: truth + total noise / n + centred noise, as the engine has it."""
    n = len(codes) + 1
    counts = truth[name].value_counts().to_dict(as_series=False)
    known = dict(zip(counts[name], counts["count"], strict=True))
    draws = random.normal(0, noise["own"], n)
    values = np.array([known.get(code, 0) for code in codes]) + noise["total"] / n + (draws - draws.mean())[1:]
    error = np.sqrt(noise["own"] ** 2 * (n - 1) / n + noise["total_error"] ** 2 / n**2)
    return pl.DataFrame({name: codes, "count": values, "standard_error": float(error)})


def aggregates(people: pl.DataFrame, codes: dict[str, list[str]], length: int, error: float, seed: int) -> pl.DataFrame:
    """Noisy counts in the published format: all of length 1, longer ones at or above the threshold."""
    random = np.random.default_rng(seed)
    noise = {"total": float(random.normal(0, error)), "total_error": error, "own": error}
    total = pl.DataFrame({"count": [people.height + noise["total"]], "standard_error": [error]})
    parts = [total.with_columns(attributes=pl.lit("{}"), length=pl.lit(0))]
    for size in range(1, length + 1):
        for names in combinations(codes, size):
            if size == 1:
                frame = _single(random, people, names[0], codes[names[0]], noise)
            else:
                frame = people.lazy().group_by(names).len("count").drop_nulls(names).collect().sort(names)
                spread = error * (1 + 0.1 * size)
                frame = frame.with_columns(
                    count=pl.col("count") + random.normal(0, spread, frame.height), standard_error=pl.lit(spread)
                )
            pairs = [
                pl.lit(json.dumps(name) + ":") + pl.col(name).map_elements(json.dumps, pl.String) for name in names
            ]
            text = pl.lit("{") + pl.concat_str(pairs, separator=",") + pl.lit("}")
            parts.append(
                frame.select(
                    "count",
                    "standard_error",
                    text.alias("attributes"),
                    pl.lit(size).alias("length"),
                    deviations=pl.lit(reporting_deviations(prod(len(codes[name]) for name in names), size)),
                )
            )
    frame = pl.concat(parts, how="diagonal").with_columns(pl.col("count").round(4), pl.col("standard_error").round(6))
    limit = pl.max_horizontal(pl.lit(float(THRESHOLD)), pl.col("deviations").fill_null(2) * pl.col("standard_error"))
    frame = frame.with_columns(
        low95=pl.col("count") - 1.959964 * pl.col("standard_error"),
        high95=pl.col("count") + 1.959964 * pl.col("standard_error"),
        below_threshold=pl.col("count") < limit,
    ).filter((pl.col("length") < 2) | ~pl.col("below_threshold"))
    columns = ["length", "attributes", "count", "standard_error", "low95", "high95", "below_threshold"]
    return frame.select(columns).with_columns(pl.col("length").cast(pl.Int64))


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
    counts = aggregates(people, codes, length, error, seed)
    total = counts["count"][0]
    synthetic = invented_people(round(total), seed + 1, codes)
    synthetic.write_csv(folder / "synthetic.csv")
    synthetic.write_parquet(folder / "synthetic.parquet")
    counts.write_csv(folder / "aggregates.csv")
    counts.write_parquet(folder / "aggregates.parquet")
    counts.select("length", "count").write_parquet(folder / "measurements.parquet")
    fields = [{"name": name, "type": "string", "constraints": {"enum": values}} for name, values in codes.items()]
    (folder / "schema.json").write_text(json.dumps({"fields": fields, "missingValues": [""]}))
    facts = {
        "engine_version": "0", "unit": "one person", "neighbours": "add or remove one person",
        "rho": 0.4068, "epsilon": 4.0, "delta": 5.8e-6, "mu": 0.902, "length": length, "threshold": THRESHOLD,
        "total": {"count": total, "standard_error": error}, "schema_hash": "", "libraries": {}, "publishable": True,
    }  # fmt: skip
    (folder / "privacy.json").write_text(json.dumps(facts | privacy))
    (folder / "report.html").write_text("<!doctype html><title>Report</title>")
    return folder
