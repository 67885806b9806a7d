"""The invented world: kinds of trafficking, how common they are, and who comes to know of them.

Promise: every figure here is made up by hand. A handful of published aggregate shares (about 61 % sexual, 37 %
labour, 7 % other exploitation; 74 % women; 24 % children; half of the cases from a hotline; how long it lasted
and who recruited) served as a target for the whole; no distribution was copied from a file of records. Nobody may
conclude anything about trafficking from simulated cases.

A *case type* is the latent cause of the correlations: a person's age, gender, sector, means of control, recruiter
and journey are drawn from the type, so that they depend on each other as they do in life.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FIRST_YEAR = 2002
LAST_YEAR = 2025

MEANS = (
    "DebtBondage",
    "TakesEarnings",
    "RestrictsFinancialAccess",
    "Threats",
    "PsychologicalAbuse",
    "PhysicalAbuse",
    "SexualAbuse",
    "FalsePromises",
    "PsychoactiveSubstances",
    "RestrictsMovement",
    "RestrictsMedicalCare",
    "ExcessiveWorkingHours",
    "UsesChildren",
    "ThreatOfLawEnforcement",
    "WithholdsNecessities",
    "WithholdsDocuments",
    "Other",
)
EXPLOITATION = (
    "isForcedLabour",
    "isSexualExploit",
    "isForcedMarriage",
    "isForcedMilitary",
    "isOrganRemoval",
    "isSlaveryAndPractices",
    "isOtherExploit",
)
SECTORS = (
    "Agriculture",
    "Aquafarming",
    "Begging",
    "Construction",
    "DomesticWork",
    "Hospitality",
    "IllicitActivities",
    "Manufacturing",
    "MiningOrDrilling",
    "Peddling",
    "Transportation",
    "Other",
)
SEX_TYPES = ("Prostitution", "Pornography", "RemoteInteractiveServices", "PrivateSexualServices", "Other")
RECRUITERS = ("IntimatePartner", "Friend", "Family", "Other")

# How often each means of control is used where a case type says nothing else.
BASE_MEANS: Mapping[str, float] = {
    "DebtBondage": 0.16,
    "TakesEarnings": 0.26,
    "RestrictsFinancialAccess": 0.07,
    "Threats": 0.32,
    "PsychologicalAbuse": 0.26,
    "PhysicalAbuse": 0.19,
    "SexualAbuse": 0.06,
    "FalsePromises": 0.28,
    "PsychoactiveSubstances": 0.08,
    "RestrictsMovement": 0.14,
    "RestrictsMedicalCare": 0.04,
    "ExcessiveWorkingHours": 0.16,
    "UsesChildren": 0.03,
    "ThreatOfLawEnforcement": 0.09,
    "WithholdsNecessities": 0.07,
    "WithholdsDocuments": 0.14,
    "Other": 0.10,
}


@dataclass(frozen=True)
class CaseType:
    """One kind of trafficking. Probabilities unless said otherwise; what is not listed has probability 0.

    ages: (lowest, most usual, highest) age of children; adult_age: mean age of adults in years;
    recruiters: weights of (partner, friend, family, other); months: median duration; since: first year it occurs;
    home: share exploited in their own country (where the contributor works across borders).
    """

    women: float
    children: float
    exploitation: Mapping[str, float]
    sectors: Mapping[str, float] = field(default_factory=dict)
    sex: Mapping[str, float] = field(default_factory=dict)
    means: Mapping[str, float] = field(default_factory=dict)
    adult_recruiters: tuple[float, float, float, float] = (0.05, 0.10, 0.08, 0.77)
    child_recruiters: tuple[float, float, float, float] = (0.06, 0.10, 0.55, 0.29)
    ages: tuple[float, float, float] = (6, 15, 18)
    adult_age: float = 29
    months: float = 14
    home: float = 0.2
    since: int = FIRST_YEAR
    abduction: float = 0.03


CASE_TYPES: Mapping[str, CaseType] = {
    "girl_by_partner": CaseType(
        women=0.96,
        children=0.92,
        exploitation={"isSexualExploit": 1.0, "isForcedLabour": 0.02},
        sex={
            "Prostitution": 0.90,
            "Pornography": 0.06,
            "RemoteInteractiveServices": 0.05,
            "PrivateSexualServices": 0.06,
        },
        means={"PsychologicalAbuse": 0.42, "PsychoactiveSubstances": 0.30, "FalsePromises": 0.34, "SexualAbuse": 0.24},
        child_recruiters=(0.40, 0.18, 0.22, 0.20),
        adult_recruiters=(0.62, 0.16, 0.04, 0.18),
        ages=(11, 16, 18),
        adult_age=20,
        months=10,
        home=0.85,
        abduction=0.05,
    ),
    "woman_by_partner": CaseType(
        women=0.96,
        children=0.04,
        exploitation={"isSexualExploit": 1.0, "isForcedLabour": 0.03},
        sex={
            "Prostitution": 0.93,
            "Pornography": 0.03,
            "RemoteInteractiveServices": 0.05,
            "PrivateSexualServices": 0.08,
        },
        means={"PsychologicalAbuse": 0.44, "PhysicalAbuse": 0.36, "TakesEarnings": 0.42, "UsesChildren": 0.08},
        adult_recruiters=(0.44, 0.12, 0.06, 0.38),
        adult_age=27,
        months=15,
        home=0.6,
    ),
    "woman_by_broker": CaseType(
        women=0.95,
        children=0.12,
        exploitation={"isSexualExploit": 1.0, "isForcedLabour": 0.03},
        sex={
            "Prostitution": 0.95,
            "Pornography": 0.02,
            "RemoteInteractiveServices": 0.02,
            "PrivateSexualServices": 0.10,
        },
        means={"FalsePromises": 0.62, "DebtBondage": 0.42, "WithholdsDocuments": 0.36, "RestrictsMovement": 0.34},
        adult_recruiters=(0.04, 0.12, 0.04, 0.80),
        ages=(13, 17, 18),
        adult_age=25,
        months=11,
        home=0.1,
        abduction=0.04,
    ),
    "venue": CaseType(
        women=0.93,
        children=0.16,
        exploitation={"isSexualExploit": 1.0, "isForcedLabour": 0.08},
        sectors={"Hospitality": 0.15, "Other": 0.35},
        sex={
            "Prostitution": 0.88,
            "Pornography": 0.03,
            "RemoteInteractiveServices": 0.04,
            "PrivateSexualServices": 0.14,
        },
        means={"DebtBondage": 0.30, "RestrictsMovement": 0.28, "ExcessiveWorkingHours": 0.24},
        ages=(12, 16, 18),
        adult_age=30,
        months=16,
        home=0.3,
    ),
    "child_by_family": CaseType(
        women=0.78,
        children=0.97,
        exploitation={"isSexualExploit": 1.0},
        sex={
            "Prostitution": 0.55,
            "Pornography": 0.38,
            "RemoteInteractiveServices": 0.16,
            "PrivateSexualServices": 0.12,
        },
        means={"SexualAbuse": 0.55, "PsychoactiveSubstances": 0.20, "FalsePromises": 0.05, "DebtBondage": 0.03},
        child_recruiters=(0.01, 0.06, 0.86, 0.07),
        ages=(2, 12, 18),
        months=26,
        home=0.93,
    ),
    "online_images": CaseType(
        women=0.85,
        children=0.55,
        exploitation={"isSexualExploit": 1.0},
        sex={"Prostitution": 0.14, "Pornography": 0.68, "RemoteInteractiveServices": 0.50},
        means={"Threats": 0.50, "PsychologicalAbuse": 0.55, "RestrictsMovement": 0.08, "ExcessiveWorkingHours": 0.03},
        child_recruiters=(0.14, 0.24, 0.22, 0.40),
        ages=(8, 14, 18),
        adult_age=24,
        months=12,
        home=0.93,
        since=2006,
    ),
    "domestic_work": CaseType(
        women=0.90,
        children=0.12,
        exploitation={"isForcedLabour": 1.0, "isSexualExploit": 0.03, "isSlaveryAndPractices": 0.03},
        sectors={"DomesticWork": 1.0, "Hospitality": 0.03, "Other": 0.03},
        sex={"PrivateSexualServices": 0.7, "Other": 0.2},
        means={
            "ExcessiveWorkingHours": 0.62,
            "WithholdsDocuments": 0.46,
            "RestrictsMovement": 0.46,
            "WithholdsNecessities": 0.36,
            "TakesEarnings": 0.44,
            "PhysicalAbuse": 0.30,
        },
        ages=(8, 15, 18),
        adult_age=33,
        months=22,
        home=0.12,
    ),
    "construction": CaseType(
        women=0.04,
        children=0.03,
        exploitation={"isForcedLabour": 1.0},
        sectors={"Construction": 1.0, "Manufacturing": 0.03, "Other": 0.05},
        means={"TakesEarnings": 0.58, "FalsePromises": 0.55, "ExcessiveWorkingHours": 0.45, "WithholdsDocuments": 0.36},
        adult_recruiters=(0.005, 0.15, 0.03, 0.815),
        adult_age=35,
        months=9,
        home=0.08,
    ),
    "farm_work": CaseType(
        women=0.30,
        children=0.09,
        exploitation={"isForcedLabour": 1.0},
        sectors={"Agriculture": 1.0, "Manufacturing": 0.02, "Other": 0.04},
        means={
            "TakesEarnings": 0.50,
            "DebtBondage": 0.34,
            "WithholdsNecessities": 0.34,
            "ThreatOfLawEnforcement": 0.24,
        },
        adult_recruiters=(0.01, 0.14, 0.06, 0.79),
        adult_age=33,
        months=9,
        home=0.16,
    ),
    "fishing": CaseType(
        women=0.02,
        children=0.06,
        exploitation={"isForcedLabour": 1.0},
        sectors={"Aquafarming": 1.0},
        means={"RestrictsMovement": 0.72, "PhysicalAbuse": 0.52, "TakesEarnings": 0.66, "ExcessiveWorkingHours": 0.64},
        adult_recruiters=(0.0, 0.10, 0.02, 0.88),
        adult_age=31,
        months=24,
        home=0.06,
        abduction=0.06,
    ),
    "hospitality": CaseType(
        women=0.55,
        children=0.05,
        exploitation={"isForcedLabour": 1.0, "isSexualExploit": 0.04},
        sectors={"Hospitality": 1.0, "Other": 0.03},
        sex={"Prostitution": 0.6, "PrivateSexualServices": 0.3},
        means={"ExcessiveWorkingHours": 0.50, "TakesEarnings": 0.40, "DebtBondage": 0.24},
        adult_age=31,
        months=13,
        home=0.12,
    ),
    "factory": CaseType(
        women=0.42,
        children=0.08,
        exploitation={"isForcedLabour": 1.0},
        sectors={"Manufacturing": 1.0, "Construction": 0.03, "Other": 0.05},
        means={"ExcessiveWorkingHours": 0.54, "TakesEarnings": 0.44, "WithholdsDocuments": 0.40, "DebtBondage": 0.30},
        adult_age=29,
        months=15,
        home=0.14,
    ),
    "mining": CaseType(
        women=0.06,
        children=0.22,
        exploitation={"isForcedLabour": 1.0},
        sectors={"MiningOrDrilling": 1.0},
        means={"WithholdsNecessities": 0.40, "PhysicalAbuse": 0.36},
        adult_age=29,
        months=14,
        home=0.5,
    ),
    "transport": CaseType(
        women=0.08,
        children=0.02,
        exploitation={"isForcedLabour": 1.0},
        sectors={"Transportation": 1.0, "Other": 0.05},
        means={"TakesEarnings": 0.52, "DebtBondage": 0.30},
        adult_age=36,
        months=12,
        home=0.3,
    ),
    "other_work": CaseType(
        women=0.50,
        children=0.09,
        exploitation={"isForcedLabour": 1.0},
        sectors={"Other": 1.0, "Agriculture": 0.03, "DomesticWork": 0.03},
        means={"TakesEarnings": 0.40, "ExcessiveWorkingHours": 0.34},
        adult_age=31,
        home=0.3,
    ),
    "unspecified_work": CaseType(
        women=0.40,
        children=0.08,
        exploitation={"isForcedLabour": 1.0},
        adult_age=32,
        home=0.2,
    ),
    "begging": CaseType(
        women=0.48,
        children=0.62,
        exploitation={"isForcedLabour": 1.0, "isSlaveryAndPractices": 0.05},
        sectors={"Begging": 1.0, "Peddling": 0.16, "IllicitActivities": 0.05},
        means={"TakesEarnings": 0.60, "WithholdsNecessities": 0.36, "PhysicalAbuse": 0.36},
        child_recruiters=(0.0, 0.05, 0.76, 0.19),
        ages=(3, 9, 18),
        adult_age=38,
        months=20,
        home=0.35,
    ),
    "peddling": CaseType(
        women=0.40,
        children=0.30,
        exploitation={"isForcedLabour": 1.0},
        sectors={"Peddling": 1.0, "Begging": 0.08},
        means={"DebtBondage": 0.30, "TakesEarnings": 0.46},
        ages=(7, 14, 18),
        adult_age=24,
        home=0.3,
    ),
    "illicit": CaseType(
        women=0.25,
        children=0.32,
        exploitation={"isForcedLabour": 1.0},
        sectors={"IllicitActivities": 1.0, "Agriculture": 0.04},
        means={"Threats": 0.52, "PsychoactiveSubstances": 0.14, "DebtBondage": 0.32},
        ages=(9, 16, 18),
        adult_age=25,
        home=0.25,
    ),
    "scam_centre": CaseType(
        women=0.28,
        children=0.02,
        exploitation={"isForcedLabour": 1.0},
        sectors={"IllicitActivities": 1.0},
        means={"FalsePromises": 0.82, "RestrictsMovement": 0.80, "PhysicalAbuse": 0.46, "ExcessiveWorkingHours": 0.62},
        adult_recruiters=(0.01, 0.20, 0.02, 0.77),
        adult_age=28,
        months=6,
        home=0.02,
        since=2020,
        abduction=0.06,
    ),
    "work_and_sex": CaseType(
        women=0.86,
        children=0.14,
        exploitation={"isForcedLabour": 1.0, "isSexualExploit": 1.0},
        sectors={"DomesticWork": 0.45, "Hospitality": 0.15, "Agriculture": 0.20, "Other": 0.20},
        sex={"Prostitution": 0.55, "Pornography": 0.10, "PrivateSexualServices": 0.34, "Other": 0.06},
        means={"SexualAbuse": 0.55, "RestrictsMovement": 0.56, "ExcessiveWorkingHours": 0.40},
        adult_age=28,
        months=18,
        home=0.2,
    ),
    "forced_marriage": CaseType(
        women=0.97,
        children=0.36,
        exploitation={
            "isForcedMarriage": 1.0,
            "isOtherExploit": 0.8,
            "isSexualExploit": 0.14,
            "isSlaveryAndPractices": 0.12,
        },
        sex={"PrivateSexualServices": 0.4, "Other": 0.4},
        means={"SexualAbuse": 0.42, "RestrictsMovement": 0.60, "PhysicalAbuse": 0.42},
        adult_recruiters=(0.18, 0.08, 0.44, 0.30),
        child_recruiters=(0.06, 0.04, 0.76, 0.14),
        ages=(9, 16, 18),
        adult_age=23,
        months=26,
        home=0.4,
        abduction=0.12,
    ),
    "armed_group": CaseType(
        women=0.16,
        children=0.82,
        exploitation={"isForcedMilitary": 1.0, "isOtherExploit": 0.8, "isSlaveryAndPractices": 0.06},
        means={"Threats": 0.62, "RestrictsMovement": 0.62, "PhysicalAbuse": 0.40},
        child_recruiters=(0.0, 0.10, 0.12, 0.78),
        ages=(8, 15, 18),
        adult_age=21,
        months=18,
        home=0.9,
        abduction=0.42,
    ),
    "organ_removal": CaseType(
        women=0.18,
        children=0.02,
        exploitation={"isOrganRemoval": 1.0, "isOtherExploit": 0.8},
        means={"FalsePromises": 0.78, "RestrictsMovement": 0.20, "ExcessiveWorkingHours": 0.0},
        adult_age=30,
        months=2,
        home=0.3,
        abduction=0.04,
    ),
    "other_exploitation": CaseType(
        women=0.55,
        children=0.28,
        exploitation={"isOtherExploit": 1.0, "isSlaveryAndPractices": 0.15},
        adult_age=30,
        home=0.4,
    ),
}


@dataclass(frozen=True)
class Contributor:
    """What a contributor sees of the world: its share of cases, its years, its cases and where they come from.

    name: what the invented organisation calls itself; growth: yearly factor of the number of cases; lag: share already
    known of the last, last but one ... years; case_types: weights; origins: name of a pool in `corridors`;
    home_country: where all its cases were exploited, if it works in one country only.
    """

    key: str
    name: str
    title: str
    share: float
    first_year: int
    last_year: int
    growth: float
    lag: tuple[float, ...]
    case_types: Mapping[str, float]
    origins: str
    home_country: str | None = None


CONTRIBUTORS: tuple[Contributor, ...] = (
    Contributor(
        key="sim-caseworks",
        name="Open Caseworks",
        title="Caseworks (simulated): case management of assisted victims, worldwide",
        share=0.34,
        first_year=2002,
        last_year=2025,
        growth=1.065,
        lag=(0.15, 0.55, 0.9),
        case_types={
            "woman_by_broker": 17,
            "woman_by_partner": 4,
            "girl_by_partner": 2,
            "venue": 3,
            "child_by_family": 1,
            "online_images": 1,
            "domestic_work": 13,
            "construction": 11,
            "farm_work": 13,
            "fishing": 5,
            "hospitality": 2.5,
            "factory": 6,
            "mining": 1,
            "transport": 1,
            "other_work": 3,
            "unspecified_work": 3,
            "begging": 3,
            "peddling": 1,
            "illicit": 1.5,
            "scam_centre": 2,
            "work_and_sex": 2.5,
            "forced_marriage": 8,
            "armed_group": 4,
            "organ_removal": 0.6,
            "other_exploitation": 9,
        },
        origins="world",
    ),
    Contributor(
        key="sim-hotline",
        name="Beacon Hotline",
        title="Hotline (simulated): calls and messages to a hotline in the United States",
        share=0.50,
        first_year=2015,
        last_year=2025,
        growth=1.05,
        lag=(0.3, 0.8),
        case_types={
            "girl_by_partner": 24,
            "woman_by_partner": 22,
            "woman_by_broker": 10,
            "venue": 13,
            "child_by_family": 7,
            "online_images": 9,
            "domestic_work": 3.8,
            "construction": 1.9,
            "farm_work": 3.8,
            "hospitality": 1.4,
            "factory": 0.6,
            "transport": 0.6,
            "other_work": 2.2,
            "unspecified_work": 1.5,
            "begging": 0.5,
            "peddling": 1.2,
            "illicit": 1.2,
            "work_and_sex": 3,
        },
        origins="america",
        home_country="USA",
    ),
    Contributor(
        key="sim-alliance",
        name="Alliance of Shelters",
        title="Alliance (simulated): more than forty non-governmental organisations on one case system",
        share=0.09,
        first_year=2012,
        last_year=2023,
        growth=1.08,
        lag=(0.4, 0.8),
        case_types={
            "woman_by_broker": 14,
            "venue": 12,
            "child_by_family": 4,
            "online_images": 5,
            "domestic_work": 14,
            "construction": 6,
            "farm_work": 6,
            "fishing": 12,
            "hospitality": 4,
            "factory": 10,
            "other_work": 4,
            "unspecified_work": 2,
            "begging": 3,
            "scam_centre": 5,
            "work_and_sex": 3,
            "forced_marriage": 5,
            "organ_removal": 0.5,
            "other_exploitation": 1,
        },
        origins="asia",
    ),
    Contributor(
        key="sim-registo",
        name="Registo Nacional",
        title="Registo (simulated): the national registry of a Portuguese-speaking country",
        share=0.03,
        first_year=2008,
        last_year=2024,
        growth=1.04,
        lag=(0.4,),
        case_types={
            "farm_work": 34,
            "construction": 6,
            "hospitality": 5,
            "domestic_work": 6,
            "woman_by_broker": 16,
            "venue": 5,
            "girl_by_partner": 3,
            "begging": 6,
            "illicit": 5,
            "unspecified_work": 5,
            "other_work": 5,
            "forced_marriage": 2,
            "other_exploitation": 4,
        },
        origins="registry",
        home_country="PRT",
    ),
    Contributor(
        key="sim-aftercare",
        name="Aftercare House",
        title="Aftercare (simulated): shelters and services for survivors in seven countries",
        share=0.04,
        first_year=2008,
        last_year=2025,
        growth=1.1,
        lag=(0.35, 0.8),
        case_types={
            "woman_by_broker": 26,
            "woman_by_partner": 12,
            "girl_by_partner": 10,
            "venue": 10,
            "child_by_family": 5,
            "online_images": 5,
            "domestic_work": 6,
            "farm_work": 4,
            "construction": 3,
            "hospitality": 2,
            "factory": 2,
            "begging": 4,
            "work_and_sex": 5,
            "forced_marriage": 4,
            "scam_centre": 2,
        },
        origins="aftercare",
    ),
)


def contributor(key: str) -> Contributor:
    """The contributor named `key`. Raises KeyError when there is none."""
    return {entry.key: entry for entry in CONTRIBUTORS}[key]
