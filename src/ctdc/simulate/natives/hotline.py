"""Simulated contributor 2: a hotline in the United States, exported as one csv file.

Its marks: what was learnt in conversations, not by a questionnaire, so that an item that is not listed is not a "no";
lists as text in American words, several words for one idea; several citizenships of which the first counts;
month/day/year; columns repeated for each trafficker. Forced marriage, organ removal and other exploitation are
outside its mandate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ctdc.simulate.countries import Countries
from ctdc.simulate.draft import ANSWERED, Blank, Draft, choose_words, join_lists, labels
from ctdc.simulate.layout import CsvFile, Layout
from ctdc.simulate.natives import perpetrators as perps
from ctdc.simulate.natives.common import (
    AGE_BANDS,
    AGE_STARTS,
    GENDERS,
    MAJORITY,
    case_ids,
    date_text,
    know_recruiters,
)
from ctdc.simulate.people import NONE, Bools, Ints, People, has_any
from ctdc.simulate.perpetrators import ROLES as HTCDS_ROLES
from ctdc.simulate.world import RECRUITERS, SECTORS

BLANKS = (Blank("", "not_asked", 6), Blank("Unknown", "unknown", 3.5), Blank("Declined to Answer", "refused", 0.5))
RECORDED = {
    "gender": (0.93, 0.93, 0.95),
    "age": (0.2, 0.20, 0.26),
    "majority": (0.5, 0.55, 0.6),
    "majority_start": (0.12, 0.15, 0.2),
    "citizenship": (0.2, 0.24, 0.30),
    "place": (0.97, 0.97, 0.98),
    "exploitation": (0.85, 0.88, 0.92),
    "sectors": (0.6, 0.68, 0.75),
    "sex_types": (0.5, 0.55, 0.6),
    "means": (0.15, 0.2, 0.28),
    "recruiter": (0.15, 0.2, 0.26),
    "perpetrator": (0.2, 0.25, 0.3),
    "perpetrator_detail": (0.4, 0.5, 0.55),
}
SEPARATOR = "; "
WORDS_GENDER = ("Female", "Male", "Gender Minority")
WORDS_TYPE = ("Labor Trafficking", "Sex Trafficking")
WORDS_SECTORS: Mapping[str, Sequence[str]] = {
    "Agriculture": ("Agriculture & Farms", "Animal Husbandry"),
    "Aquafarming": ("Commercial Fishing & Aquaculture",),
    "Begging": ("Begging Ring",),
    "Construction": ("Construction", "Roofing & Carpentry"),
    "DomesticWork": ("Domestic Work", "Live-in Caregiver"),
    "Hospitality": ("Restaurant & Food Service", "Hotels & Motels"),
    "IllicitActivities": ("Illicit Activities",),
    "Manufacturing": ("Factories & Manufacturing",),
    "Peddling": ("Traveling Sales Crew", "Peddling"),
    "Transportation": ("Trucking & Transportation",),
    "Other": ("Landscaping", "Health & Beauty Services", "Other Labor"),
}
WORDS_SEX: Mapping[str, Sequence[str]] = {
    "Prostitution": (
        "Escort Services",
        "Illicit Massage Business",
        "Street-Based Commercial Sex",
        "Residential Brothel",
    ),
    "Pornography": ("Pornography",),
    "RemoteInteractiveServices": ("Webcam & Phone Sex",),
    "PrivateSexualServices": ("Personal Sexual Servitude",),
    "Other": ("Other Commercial Sex",),
}
WORDS_MEANS: Mapping[str, Sequence[str]] = {
    "DebtBondage": ("Debt or Quota",),
    "TakesEarnings": ("Withholds or Takes Earnings",),
    "RestrictsFinancialAccess": ("Controls Bank Accounts",),
    "Threats": ("Threats to Harm", "Threats to Family"),
    "PsychologicalAbuse": ("Emotional Abuse", "Verbal Manipulation"),
    "PhysicalAbuse": ("Physical Abuse",),
    "SexualAbuse": ("Sexual Abuse",),
    "FalsePromises": ("Job Fraud", "False Promises"),
    "PsychoactiveSubstances": ("Induces Substance Abuse",),
    "RestrictsMovement": ("Isolation", "Confinement"),
    "RestrictsMedicalCare": ("Denies Medical Care",),
    "ExcessiveWorkingHours": ("Excessive Working Hours",),
    "UsesChildren": ("Controls Access to Children",),
    "ThreatOfLawEnforcement": ("Threats to Report to Police or Immigration",),
    "WithholdsNecessities": ("Denies Food or Sleep",),
    "WithholdsDocuments": ("Withholds Documents",),
    "Other": ("Other Control",),
}
KIDNAPPED = "Abduction"
WORDS_RECRUITERS: Mapping[str, Sequence[str]] = {
    "IntimatePartner": ("Intimate Partner", "Posed as Boyfriend or Girlfriend"),
    "Friend": ("Friend or Acquaintance",),
    "Family": ("Family Member",),
    "Other": ("Employer", "Recruitment Agency", "Smuggler"),
}
WORDS_AGES = ("Under 30", "30 to 38", "39 to 47", "48 or Older")
WORDS_RELATIONS = ("Family or Partner", "Friend or Acquaintance", "Stranger or Other")
WORDS_ROLES: Mapping[str, str] = {
    "TravellingPartner": "Traveled Along",
    "Transporter": "Driver",
    "RecruiterOrIntermediary": "Recruiter",
    "BrokerTravelAgent": "Agent",
    "TransferredIndividual": "Passed Victim On",
    "HarbouredIndividual": "Landlord",
    "SoldIndividual": "Sold Victim",
    "BoughtIndividual": "Bought Victim",
    "ReceivedIndividual": "Took Victim In",
    "ControlledIndividual": "Enforcer",
    "Smuggler": "Smuggler",
    "Abuser": "Abuser",
    "Kidnapper": "Kidnapper",
    "Exploiter": "Employer or Pimp",
    "Other": "Other Role",
}
NOT_SPECIFIED = "Not Specified"
UNKNOWN_SHARE = 0.05


@dataclass(frozen=True)
class ListGroup:
    """A multi-select question: prefix of its variables, words per variable, and the variable "not specified"."""

    prefix: str
    words: Mapping[str, Sequence[str]]
    unspecified: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the variables without their prefix, in order."""
        return tuple(self.words)


LAYOUT: Layout = (CsvFile("SIMULATED_hotline_cases.csv", "main"),)


def _person(draft: Draft, people: People, countries: Countries) -> None:
    draft.column("Case Number", "id", case_ids(people.serial))
    draft.column("Date of Contact", "date", date_text(people.registered, "{month:02d}/{day:02d}/{year}"))
    draft.know("Datasource", ("Hotline",), np.zeros(people.size, dtype=np.int32))
    draft.know("yearOfRegistration", [str(value) for value in range(1970, 2040)], people.year - 1970)
    how = draft.generator.choice(4, size=people.size, p=[0.62, 0.22, 0.1, 0.06])
    draft.column("Contact Method", "ignored", labels(("Call", "Text", "Webform", "Email"), how))

    state = draft.state("gender")
    draft.column("Victim Gender", "code", labels(WORDS_GENDER, people.gender), state)
    draft.know("gender", GENDERS, people.gender, state)

    age_state = draft.state("age")
    draft.column("Victim Age", "number", people.age.astype(str).astype(object), age_state)
    draft.know("ageBroad", AGE_BANDS, np.searchsorted(AGE_STARTS, people.age, side="right"), age_state)
    drawn = draft.state("majority")
    # Where the age is known the box is ticked too; where neither is, both say so in the same word.
    state = np.where((age_state == 0) | (drawn == 0), 0, age_state).astype(np.int32)
    draft.column("Adult or Minor", "code", labels(MAJORITY, people.age >= 18), state)
    draft.know("majorityStatus", MAJORITY, people.age >= 18, state)

    state = draft.state("majority_start")
    draft.column("Minor at Start of Trafficking", "code", labels(("Yes", "No"), people.age_at_start >= 18), state)
    draft.know("majorityStatusAtExploit", MAJORITY, people.age_at_start >= 18, state)


def _countries(draft: Draft, people: People, countries: Countries) -> None:
    state = draft.state("citizenship")
    first = labels(countries.everyday, people.citizenship)
    second = SEPARATOR + labels(countries.everyday, np.maximum(people.second, 0))
    both = np.where(people.second == NONE, first, first + second)
    draft.column("Nationality", "country", both, state)
    draft.know("citizenship", countries.alpha3, people.citizenship, state)
    state = draft.state("place")
    draft.column("Country of Trafficking", "country", labels(countries.everyday, people.exploited_in), state)
    draft.know("CountryOfExploitation", countries.alpha3, people.exploited_in, state)


def _list(
    draft: Draft,
    column: str,
    group: ListGroup,
    flags: Bools,
    state: Ints,
    extra: tuple[str, str, Bools] | None = None,
) -> None:
    """One multi-select column and its flags; what is not listed was not asked.

    An answered list without an item says "Not Specified". extra: variable, word and flags of one more item.
    """
    chosen, items = choose_words(flags, group.names, group.words, draft.generator)
    variables = [f"{group.prefix}{name}" for name in group.names]
    if extra is not None:
        chosen, items, variables = np.hstack([chosen, extra[2][:, None]]), [*items, extra[1]], [*variables, extra[0]]
        flags = np.hstack([flags, extra[2][:, None]])
    empty = (state == 0) & ~flags.any(axis=1)
    known = np.where(empty, draft.blank_state("unknown"), state).astype(np.int32)
    draft.column(column, "list", np.where(empty, NOT_SPECIFIED, join_lists(chosen, items, SEPARATOR)), state)
    for position, variable in enumerate(variables):
        draft.know_flag(variable, flags[:, position], known, absent="not_asked")
    if group.unspecified:
        draft.know_flag(group.unspecified, empty, state, absent="not_asked")


def _trafficking(draft: Draft, people: People) -> None:
    state = draft.state("exploitation")
    kinds = people.exploitation[:, :2]
    draft.column("Type of Trafficking", "list", join_lists(kinds, WORDS_TYPE, SEPARATOR), state)
    draft.know_flag("isForcedLabour", kinds[:, 0], state)
    draft.know_flag("isSexualExploit", kinds[:, 1], state)

    sectors = people.sectors[:, [SECTORS.index(name) for name in WORDS_SECTORS]]
    state = draft.state("sectors", people.flag("exploitation", "isForcedLabour"))
    _list(draft, "Labor Industry", ListGroup("typeOfLabour", WORDS_SECTORS, "typeOfLabourNotSpecified"), sectors, state)
    state = draft.state("sex_types", has_any(people.sex_types))
    _list(draft, "Sex Venue or Form", ListGroup("typeOfSex", WORDS_SEX), people.sex_types, state)
    group = ListGroup("meansOfControl", WORDS_MEANS, "meansOfControlNotSpecified")
    extra = ("isAbduction", KIDNAPPED, people.abducted)
    _list(draft, "Force, Fraud, Coercion", group, people.means, draft.state("means"), extra)

    state = draft.state("recruiter")
    unknown = (draft.generator.random(people.size) < UNKNOWN_SHARE) & (state == 0)
    chosen, items = choose_words(people.recruiters, RECRUITERS, WORDS_RECRUITERS, draft.generator)
    relation = np.where(unknown, NOT_SPECIFIED, join_lists(chosen, items, SEPARATOR))
    draft.column("Recruiter Relationship", "list", relation, state)
    know_recruiters(draft, state, unknown)


def _traffickers(draft: Draft, people: People, countries: Countries) -> None:
    """Four times the same columns; where a call said nothing of traffickers all of them are empty."""
    told = draft.state("perpetrator") == ANSWERED
    rows = perps.Rows(draft, told[:, None] & perps.known_perpetrators(people))
    rows.genders("Trafficker {n} Gender", ("Female", "Male"))
    rows.ages("Trafficker {n} Age", WORDS_AGES)
    rows.citizenships("Trafficker {n} Nationality", countries, countries.english)
    rows.relations("Trafficker {n} Relationship", WORDS_RELATIONS)
    rows.roles("Trafficker {n} Role", [WORDS_ROLES[role] for role in HTCDS_ROLES], SEPARATOR)
    rows.impossible("IP_PayMoney")


IMPOSSIBLE_MANDATE = (
    "isForcedMarriage",
    "isForcedMilitary",
    "isOrganRemoval",
    "isSlaveryAndPractices",
    "isOtherExploit",
)
IMPOSSIBLE_FORM = (
    "majorityEntry",
    "traffickMonths",
    "typeOfLabourMiningOrDrilling",
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
    _countries(result, people, countries)
    _trafficking(result, people)
    _traffickers(result, people, countries)
    result.impossible(IMPOSSIBLE_MANDATE)
    result.impossible(IMPOSSIBLE_FORM)
    return result
