"""Simulated contributor 5: shelters and services for survivors, kept in a workbook.

Its marks: hidden sheets, a line of instructions under the header, dates as serial numbers (some shown as dates, some
not), birth dates and intake dates instead of ages, one Yes/No column per choice, the duration as two dates.
"""

from __future__ import annotations

import numpy as np

from ctdc.simulate.countries import Countries
from ctdc.simulate.draft import FLAG_CODES, Blank, Draft, join_lists, labels
from ctdc.simulate.layout import DataSheet, FixedSheet, Layout, Workbook
from ctdc.simulate.natives.common import (
    AGE_BANDS,
    AGE_STARTS,
    EXCEL_EPOCH,
    GENDERS,
    MAJORITY,
    MONTH_BANDS,
    MONTH_STARTS,
    SIMULATED,
    case_ids,
    know_recruiters,
)
from ctdc.simulate.people import Bools, Ints, People
from ctdc.simulate.world import EXPLOITATION, MEANS, SECTORS, SEX_TYPES

BLANKS = (Blank("", "not_asked", 5), Blank("Don't know", "unknown", 3), Blank("Declined", "refused", 1))
RECORDED = {
    "gender": (0.98, 0.99, 0.99),
    "born": (0.7, 0.8, 0.85),
    "months": (0.4, 0.5, 0.55),
    "citizenship": (0.9, 0.95, 0.96),
    "place": (0.9, 0.93, 0.95),
    "exploitation": (0.85, 0.9, 0.93),
    "sectors": (0.5, 0.6, 0.65),
    "sex_types": (0.5, 0.6, 0.6),
    "means": (0.4, 0.5, 0.55),
    "recruiter": (0.5, 0.55, 0.6),
}
WORDS_TYPE = ("Labour", "Sexual", "Marriage", "Armed group", "Organs", "Slavery-like", "Other")
ASKED_SECTORS = (
    "Agriculture",
    "Begging",
    "Construction",
    "DomesticWork",
    "Hospitality",
    "Manufacturing",
    "IllicitActivities",
    "Other",
)
WORDS_SECTORS = (
    "Farm",
    "Begging",
    "Building site",
    "Household",
    "Hotel, bar or restaurant",
    "Factory",
    "Crime",
    "Other",
)
WORDS_SEX = ("Prostitution", "Pornography", "Online", "Private", "Other")
ASKED_MEANS = tuple(name for name in MEANS if name not in ("RestrictsFinancialAccess", "UsesChildren", "Other"))
WORDS_MEANS = {
    "DebtBondage": "Debt",
    "TakesEarnings": "Money taken",
    "Threats": "Threats",
    "PsychologicalAbuse": "Emotional abuse",
    "PhysicalAbuse": "Physical abuse",
    "SexualAbuse": "Sexual abuse",
    "FalsePromises": "False promises",
    "PsychoactiveSubstances": "Drugs or alcohol",
    "RestrictsMovement": "Locked in",
    "RestrictsMedicalCare": "No doctor",
    "ExcessiveWorkingHours": "Long hours",
    "ThreatOfLawEnforcement": "Threat of police",
    "WithholdsNecessities": "No food or sleep",
    "WithholdsDocuments": "Passport taken",
}
WORDS_RECRUITERS = ("Boyfriend / husband", "Friend", "Relative", "Someone else")
UNKNOWN_RECRUITER = "Not known to client"

_HEADER_HELP = (
    "from the file",
    "as in the passport",
    "first day with us",
    "if known",
    "if known",
    "as the client says",
)
LAYOUT: Layout = (
    Workbook(
        "SIMULATED_aftercare_clients.xlsx",
        "Aftercare clients, simulated data",
        (
            FixedSheet("Read me", ((SIMULATED,), ("One line per client on the sheet Clients.",))),
            DataSheet("Clients", "main", ((SIMULATED,), ("Clients of all shelters",)), (_HEADER_HELP,)),
            FixedSheet("Lists", ((SIMULATED,), ("Yes",), ("No",), ("Don't know",), ("Declined",)), "hidden"),
            FixedSheet("_export", ((SIMULATED,), ("SIM-999999", "a line that nobody should read")), "very hidden"),
        ),
    ),
)


def _person(draft: Draft, people: People, countries: Countries) -> None:
    draft.column("Client ID", "id", case_ids(people.serial))
    born_state = draft.state("born")
    draft.column("Date of birth", "serial", (people.born + EXCEL_EPOCH).astype(object), born_state)
    draft.column("Intake date", "serial_date", (people.registered + EXCEL_EPOCH).astype(object))
    spell_state = draft.state("months")
    draft.column("Exploitation began", "serial_date", (people.started + EXCEL_EPOCH).astype(object), spell_state)
    draft.column("Exploitation ended", "serial", (people.ended + EXCEL_EPOCH).astype(object), spell_state)
    draft.know("Datasource", ("Case Management",), np.zeros(people.size, dtype=np.int32))
    draft.know("yearOfRegistration", [str(value) for value in range(1970, 2040)], people.year - 1970)
    draft.know("ageBroad", AGE_BANDS, np.searchsorted(AGE_STARTS, people.age, side="right"), born_state)
    draft.know("majorityStatus", MAJORITY, people.age >= 18, born_state)
    both = np.where(born_state != 0, born_state, spell_state).astype(np.int32)
    draft.know("majorityStatusAtExploit", MAJORITY, people.age_at_start >= 18, both)
    steps = np.searchsorted(MONTH_STARTS, people.months, side="right")
    draft.know("traffickMonths", MONTH_BANDS, steps, spell_state)

    state = draft.state("gender")
    draft.column("Gender", "code", labels(("F", "M", "Trans"), people.gender), state)
    draft.know("gender", GENDERS, people.gender, state)
    for group, column, variable, value in (
        ("citizenship", "Nationality", "citizenship", people.citizenship),
        ("place", "Country where exploited", "CountryOfExploitation", people.exploited_in),
    ):
        state = draft.state(group)
        draft.column(column, "country", labels(countries.everyday, value), state)
        draft.know(variable, countries.alpha3, value, state)


def _boxes(draft: Draft, prefix: str, words: tuple[str, ...], variables: list[str], flags: Bools, state: Ints) -> None:
    """One Yes/No column per choice."""
    for position, (word, variable) in enumerate(zip(words, variables, strict=True)):
        draft.column(f"{prefix}{word}", "code", labels(("No", "Yes"), flags[:, position]), state)
        draft.know(variable, FLAG_CODES, flags[:, position], state)


def _trafficking(draft: Draft, people: People) -> None:
    _boxes(draft, "Type: ", WORDS_TYPE, list(EXPLOITATION), people.exploitation, draft.state("exploitation"))
    names = [f"typeOfLabour{name}" for name in ASKED_SECTORS]
    sectors = people.sectors[:, [SECTORS.index(name) for name in ASKED_SECTORS]]
    state = draft.state("sectors", people.flag("exploitation", "isForcedLabour"))
    _boxes(draft, "Work: ", WORDS_SECTORS, names, sectors, state)
    names = [f"typeOfSex{name}" for name in SEX_TYPES]
    state = draft.state("sex_types", people.flag("exploitation", "isSexualExploit"))
    _boxes(draft, "Sex: ", WORDS_SEX, names, people.sex_types, state)
    means = people.means[:, [MEANS.index(name) for name in ASKED_MEANS]]
    words = tuple(WORDS_MEANS[name] for name in ASKED_MEANS)
    _boxes(draft, "Control: ", words, [f"meansOfControl{name}" for name in ASKED_MEANS], means, draft.state("means"))

    state = draft.state("recruiter")
    unknown = draft.generator.random(people.size) < 0.05
    relation = np.where(unknown, UNKNOWN_RECRUITER, join_lists(people.recruiters, WORDS_RECRUITERS, ", "))
    draft.column("Who recruited", "list", relation, state)
    know_recruiters(draft, state, unknown)


IMPOSSIBLE = (
    "majorityEntry",
    "meansOfControlRestrictsFinancialAccess",
    "meansOfControlUsesChildren",
    "meansOfControlOther",
    "meansOfControlNotSpecified",
    "typeOfLabourAquafarming",
    "typeOfLabourMiningOrDrilling",
    "typeOfLabourPeddling",
    "typeOfLabourTransportation",
    "typeOfLabourNotSpecified",
    "isAbduction",
    "IP_Gender",
    "IP_ageBroad",
    "IP_citizen_UNRegion",
    "IP_Relation",
    "IP_PayMoney",
    "IP_Exploiter",
    "IP_RecruiterBroker",
    "IP_TransactionProcess",
    "IP_ControlAbuseKidnap",
)


def draft(people: People, countries: Countries, generator: np.random.Generator) -> Draft:
    """The rows of this contributor for a block of people, and their truth."""
    result = Draft(people, BLANKS, RECORDED, generator)
    _person(result, people, countries)
    _trafficking(result, people)
    result.impossible(IMPOSSIBLE)
    return result
