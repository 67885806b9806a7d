"""Simulated contributor 1: a case management system of worldwide assistance, exported to a spreadsheet.

Its marks: preamble lines above the header, columns of codes (1, 2, 9, -99, letters) explained on a look-up sheet,
two-letter countries (NA is Namibia), a country of exploitation that is often missing and then replaced by the
places where the person was interviewed, registered and helped. Perpetrators have a sheet of their own.
"""

from __future__ import annotations

import numpy as np

from ctdc.simulate.countries import Countries
from ctdc.simulate.draft import ANSWERED, FLAG_CODES, Blank, Draft, join_lists, labels
from ctdc.simulate.layout import DataSheet, FixedSheet, Layout, Workbook
from ctdc.simulate.natives import perpetrators as perps
from ctdc.simulate.natives.common import (
    AGE_BANDS,
    AGE_STARTS,
    GENDERS,
    MAJORITY,
    MONTH_BANDS,
    MONTH_STARTS,
    SIMULATED,
    case_ids,
    know_recruiters,
)
from ctdc.simulate.people import Bools, Ints, People, from_days, has_any
from ctdc.simulate.perpetrators import ROLES as HTCDS_ROLES
from ctdc.simulate.world import EXPLOITATION, MEANS, SECTORS, SEX_TYPES

BLANKS = (Blank("", "not_asked", 6), Blank(-99, "unknown", 3.5), Blank(-98, "refused", 0.5))
RECORDED = {
    "gender": (0.97, 0.985, 0.995),
    "age": (0.74, 0.86, 0.92),
    "majority_start": (0.30, 0.40, 0.45),
    "majority_entry": (0.20, 0.30, 0.35),
    "citizenship": (0.92, 0.95, 0.97),
    "last_country": (0.25, 0.35, 0.55),
    "interview": (0.30, 0.50, 0.55),
    "registration": (0.45, 0.60, 0.70),
    "mission": (0.90, 0.95, 0.97),
    "months": (0.18, 0.25, 0.30),
    "means": (0.20, 0.38, 0.46),
    "exploitation": (0.50, 0.66, 0.80),
    "sectors": (0.30, 0.45, 0.55),
    "sex_types": (0.35, 0.45, 0.55),
    "recruiter": (0.20, 0.32, 0.38),
    "abduction": (0.0, 0.0, 0.5),
    "perpetrator": (0.10, 0.25, 0.45),
    "perpetrator_detail": (0.55, 0.65, 0.75),
    "paid": (0.05, 0.20, 0.35),
}
SEX_CODES = (2, 1, 3)
MEANS_CODES = tuple(f"{number:02d}" for number in range(1, len(MEANS) + 1))
EXPLOITATION_CODES = ("LAB", "SEX", "MARR", "MIL", "ORG", "SLAV", "OTH")
SECTOR_CODES = ("A01", "A03", "BEG", "F", "T", "I", "ILL", "C", "B", "PED", "H", "OTH")
SEX_TYPE_CODES = ("P", "G", "R", "S", "O")
RECRUITER_CODES = ("1", "2", "3", "4")
UNKNOWN_RECRUITER = "9"
ROLE_CODES = ("EXP", "REC", "TRN", "CTL")
REGION_CODES = ("AFR", "AMO", "ASI", "EUR")
RELATION_CODES = ("F", "A", "S")
HTCDS_CODES = tuple(f"R{number:02d}" for number in range(1, len(HTCDS_ROLES) + 1))
UNKNOWN_SHARE = 0.06  # of answered recruiter questions: "9, unknown"

PREAMBLE = (
    (SIMULATED,),
    ("Caseworks: export of case records",),
    ("Report CW-17, all missions, all years; codes are explained on the sheet Codes",),
    (),
)


def _lookup_rows() -> tuple[tuple[object, ...], ...]:
    """The look-up sheet: column, code, meaning."""
    rows: list[tuple[object, ...]] = [(SIMULATED,), ("Column", "Code", "Meaning")]
    rows += [("(all)", -99, "unknown"), ("(all)", -98, "person did not want to answer"), ("(all)", "", "not asked")]
    rows += [("SEX", code, label) for code, label in zip(SEX_CODES, GENDERS, strict=True)]
    rows += [
        (f"MAJ_{when}", code, label) for when in ("EXPL", "ENTRY") for code, label in zip("MA", MAJORITY, strict=True)
    ]
    rows += [(f"MOC_{code}", "1 / 0", label) for code, label in zip(MEANS_CODES, MEANS, strict=True)]
    rows += [("MOC_99", "1 / 0", "control was used, kind not specified")]
    rows += [(f"EXP_{code}", "1 / 0", label) for code, label in zip(EXPLOITATION_CODES, EXPLOITATION, strict=True)]
    rows += [(f"SECT_{code}", "1 / 0", label) for code, label in zip(SECTOR_CODES, SECTORS, strict=True)]
    rows += [("SECT_99", "1 / 0", "work, sector not specified")]
    rows += [("SEX_TYPE", code, label) for code, label in zip(SEX_TYPE_CODES, SEX_TYPES, strict=True)]
    meanings = ("intimate partner", "friend or acquaintance", "family", "other")
    rows += [("RECR_REL", code, label) for code, label in zip(RECRUITER_CODES, meanings, strict=True)]
    rows += [("RECR_REL", UNKNOWN_RECRUITER, "unknown")]
    rows += [("PERP_ROLE", code, label) for code, label in zip(ROLE_CODES, perps.ROLES, strict=True)]
    rows += [("P_SEX", code, label) for code, label in zip((2, 1), perps.GENDERS, strict=True)]
    rows += [("P_RELN", code, label) for code, label in zip(RELATION_CODES, perps.RELATIONS, strict=True)]
    rows += [("P_ROLE", code, label) for code, label in zip(HTCDS_CODES, HTCDS_ROLES, strict=True)]
    rows += [("CITIZ, P_CITIZ, COE_*", "two letters", "ISO 3166-1 alpha-2; 00 unknown country")]
    return tuple(rows)


LAYOUT: Layout = (
    Workbook(
        "SIMULATED_caseworks_export.xlsx",
        "Caseworks export, simulated data",
        (
            DataSheet("Cases", "main", PREAMBLE),
            DataSheet("Perpetrators", "perpetrators", ((SIMULATED,),)),
            FixedSheet("Codes", _lookup_rows()),
        ),
    ),
)


def _person(draft: Draft, people: People, countries: Countries) -> None:
    year, month, day = from_days(people.registered)
    draft.column("CASE_NO", "id", case_ids(people.serial))
    draft.column("REG_DATE", "date", np.asarray(year * 10_000 + month * 100 + day, dtype=object))
    draft.know("Datasource", ("Case Management",), np.zeros(people.size, dtype=np.int32))
    draft.know("yearOfRegistration", [str(value) for value in range(1970, 2040)], people.year - 1970)

    state = draft.state("gender")
    draft.column("SEX", "code", labels(SEX_CODES, people.gender), state)
    draft.know("gender", GENDERS, people.gender, state)

    state = draft.state("age")
    draft.column("AGE", "number", people.age.astype(object), state)
    draft.know("ageBroad", AGE_BANDS, np.searchsorted(AGE_STARTS, people.age, side="right"), state)
    draft.know("majorityStatus", MAJORITY, people.age >= 18, state)
    for group, column, variable, age in (
        ("majority_start", "MAJ_EXPL", "majorityStatusAtExploit", people.age_at_start),
        ("majority_entry", "MAJ_ENTRY", "majorityEntry", people.age_at_entry),
    ):
        state = draft.state(group)
        draft.column(column, "code", labels(("M", "A"), age >= 18), state)
        draft.know(variable, MAJORITY, age >= 18, state)


def _countries(draft: Draft, people: People, countries: Countries) -> None:
    state = draft.state("citizenship")
    # A case without a citizenship is entered as country 00, or left empty, depending on the office.
    zero = (state == draft.blank_state("unknown")) & (draft.generator.random(people.size) < 0.7)
    written = np.where(zero, "00", labels(countries.alpha2, people.citizenship))
    draft.column("CITIZ", "country", written, np.where(zero, 0, state).astype(np.int32))
    draft.know("citizenship", countries.alpha3, people.citizenship, state)

    near = np.where(draft.generator.random(people.size) < 0.8, people.exploited_in, people.citizenship)
    answered = np.zeros(people.size, dtype=bool)
    place = people.exploited_in.copy()
    blank = np.full(people.size, draft.blank_state("not_asked"), dtype=np.int32)
    for group, column, value in (
        ("last_country", "COE_LAST", people.exploited_in),
        ("interview", "COE_INTERVIEW", near),
        ("registration", "COE_REGISTRATION", near),
        ("mission", "COE_MISSION", people.citizenship),
    ):
        # Gaps in this chain are always empty cells, so that "first known place" has one reason when none is known.
        state = np.where(draft.state(group) == 0, 0, blank).astype(np.int32)
        draft.column(column, "country", labels(countries.alpha2, value), state)
        place = np.where(~answered & (state == 0), value, place)
        answered |= state == 0
    draft.know("CountryOfExploitation", countries.alpha3, place, np.where(answered, 0, blank).astype(np.int32))


def _checklist(
    draft: Draft, prefix: str, codes: tuple[str, ...], variables: list[str], flags: np.ndarray, state: Ints
) -> None:
    """One column of 1 and 0 per item; single items of an answered question may still be unknown."""
    unknown = draft.blank_state("unknown")
    for position, (code, variable) in enumerate(zip(codes, variables, strict=True)):
        gap = (draft.generator.random(len(state)) < 0.03) & (state == 0)
        own = np.where(gap, unknown, state).astype(np.int32)
        draft.column(f"{prefix}{code}", "code", labels((0, 1), flags[:, position]), own)
        draft.know(variable, FLAG_CODES, flags[:, position], own)


def _trafficking(draft: Draft, people: People) -> None:
    state = draft.state("months")
    draft.column("MONTHS", "number", people.months.astype(object), state)
    draft.know("traffickMonths", MONTH_BANDS, np.searchsorted(MONTH_STARTS, people.months, side="right"), state)

    state = draft.state("means")
    unspecified = ~people.means.any(axis=1, keepdims=True)
    names = [f"meansOfControl{name}" for name in (*MEANS, "NotSpecified")]
    _checklist(draft, "MOC_", (*MEANS_CODES, "99"), names, np.hstack([people.means, unspecified]), state)

    state = draft.state("exploitation")
    _checklist(draft, "EXP_", EXPLOITATION_CODES, list(EXPLOITATION), people.exploitation, state)

    state = draft.state("sectors", people.flag("exploitation", "isForcedLabour"))
    unspecified = ~people.sectors.any(axis=1, keepdims=True)
    names = [f"typeOfLabour{name}" for name in (*SECTORS, "NotSpecified")]
    _checklist(draft, "SECT_", (*SECTOR_CODES, "99"), names, np.hstack([people.sectors, unspecified]), state)

    state = draft.state("sex_types", has_any(people.sex_types))
    draft.column("SEX_TYPE", "list", join_lists(people.sex_types, SEX_TYPE_CODES, "+"), state)
    for position, name in enumerate(SEX_TYPES):
        draft.know_flag(f"typeOfSex{name}", people.sex_types[:, position], state)

    state = draft.state("recruiter")
    unknown = draft.generator.random(people.size) < UNKNOWN_SHARE
    relation = np.where(unknown, UNKNOWN_RECRUITER, join_lists(people.recruiters, RECRUITER_CODES, "+"))
    draft.column("RECR_REL", "list", relation, state)
    know_recruiters(draft, state, unknown)

    state = draft.state("abduction")
    draft.column("ABDUCT", "code", labels((0, 1), people.abducted), state)
    draft.know("isAbduction", FLAG_CODES, people.abducted, state)


def _perpetrators(draft: Draft, people: People, countries: Countries) -> None:
    facts = perps.perpetrators_of(people, countries)
    state = draft.state("perpetrator", facts.known)
    for column, variable, codes, words, flags in (
        ("PERP_SEX", "IP_Gender", perps.GENDERS, ("F", "M"), facts.genders),
        ("PERP_AGE", "IP_ageBroad", perps.AGES, ("U30", "30S", "40S", "48P"), facts.ages),
        ("PERP_REGION", "IP_citizen_UNRegion", perps.REGIONS, REGION_CODES, facts.regions),
        ("PERP_RELN", "IP_Relation", perps.RELATIONS, RELATION_CODES, facts.relations),
    ):
        draft.column(column, "list", join_lists(flags, words, "+"), state)
        perps.know_list(draft, variable, codes, flags, state)
    with_role = np.where(facts.roles.any(axis=1), state, draft.blank_state("not_asked")).astype(np.int32)
    draft.column("PERP_ROLE", "list", join_lists(facts.roles, ROLE_CODES, "+"), with_role)
    for position, variable in enumerate(perps.ROLES):
        draft.know_flag(variable, facts.roles[:, position], with_role)
    one_by_one = (state == ANSWERED)[:, None] & perps.known_perpetrators(people)
    state = draft.state("paid", facts.known)
    draft.column("PAID", "list", join_lists(facts.paid, ("N", "Y"), "+"), state)
    perps.know_list(draft, "IP_PayMoney", perps.PAID, facts.paid, state)
    _perpetrator_sheet(draft, people, countries, one_by_one)


def _perpetrator_sheet(draft: Draft, people: People, countries: Countries, where: Bools) -> None:
    """A row for each perpetrator of the cases that say anything of perpetrators."""
    rows = perps.Rows(draft, where, "perpetrators")
    rows.column("CASE_NO", "ignored", case_ids(people.serial)[rows.people])
    rows.column("PERP_NO", "ignored", (rows.which + 1).astype(object))
    rows.genders("P_SEX", (2, 1))
    rows.ages("P_AGE")
    rows.citizenships("P_CITIZ", countries, countries.alpha2)
    rows.relations("P_RELN", RELATION_CODES)
    rows.payments("P_PAID", ("N", "Y"))
    rows.roles("P_ROLE", HTCDS_CODES, "+")


def draft(people: People, countries: Countries, generator: np.random.Generator) -> Draft:
    """The rows of this contributor for a block of people, and their truth."""
    result = Draft(people, BLANKS, RECORDED, generator)
    _person(result, people, countries)
    _countries(result, people, countries)
    _trafficking(result, people)
    _perpetrators(result, people, countries)
    return result
