"""Simulated contributor 3: many organisations on one Salesforce-like system, one csv file per object.

Its marks: a case, its contact and its events in different files joined by ids, `;` lists, names that end in
``__c``, only cases whose organisation and person consented, the country of origin where a citizenship was asked for,
and a recruiter list that is richer than the standard's ("Broker" becomes other).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from ctdc.simulate.people import Bools, Ints, People, has_any
from ctdc.simulate.perpetrators import ROLES as HTCDS_ROLES
from ctdc.simulate.world import EXPLOITATION, MEANS, RECRUITERS, SECTORS, SEX_TYPES

BLANKS = (Blank("", "unknown", 8), Blank("Not disclosed", "refused", 1), Blank("Not applicable", "not_applicable", 0))
RECORDED = {
    "gender": (0.97, 0.97, 0.98),
    "age": (0.7, 0.75, 0.82),
    "citizenship": (0.9, 0.93, 0.96),
    "place": (0.8, 0.85, 0.9),
    "months": (0.3, 0.35, 0.4),
    "means": (0.35, 0.42, 0.5),
    "exploitation": (0.8, 0.85, 0.9),
    "sectors": (0.6, 0.65, 0.7),
    "sex_types": (0.5, 0.55, 0.6),
    "recruitment": (0.4, 0.45, 0.5),
    "recruiter": (0.8, 0.8, 0.85),
    "roles": (0.8, 0.85, 0.85),
    "perpetrator": (0.3, 0.35, 0.45),
    "perpetrator_detail": (0.5, 0.6, 0.65),
}
NO_CONSENT_SHARE = 0.06
TWO_EVENTS_SHARE = 0.12
WORDS_DURATION = ("Up to 1 year", "More than 1 up to 2 years", "More than 2 years")
MONTH_CODES = ("0--12 (0-1 yr)", "13--24 (1-2 yrs)", "25+ (2+ yrs)")
WORDS_FORM = (
    "Forced Labour",
    "Sexual Exploitation",
    "Forced Marriage",
    "Forced Recruitment",
    "Organ Removal",
    "Slavery-like Practice",
    "Other",
)
WORDS_MEANS = (
    "Debt Bondage",
    "Withheld Wages",
    "No Access to Money",
    "Threats",
    "Psychological Abuse",
    "Physical Abuse",
    "Sexual Abuse",
    "Deception",
    "Drugs or Alcohol",
    "Confinement",
    "No Medical Care",
    "Excessive Hours",
    "Children Used as Leverage",
    "Threat of Deportation or Arrest",
    "No Food or Shelter",
    "Documents Withheld",
    "Other Means",
)
WORDS_SECTORS: Mapping[str, Sequence[str]] = {
    "Agriculture": ("Agriculture", "Plantation"),
    "Aquafarming": ("Fishing", "Seafood Farming"),
    "Begging": ("Begging",),
    "Construction": ("Construction",),
    "DomesticWork": ("Domestic Work",),
    "Hospitality": ("Hospitality", "Entertainment Venue"),
    "IllicitActivities": ("Online Scam Compound", "Drug Trafficking"),
    "Manufacturing": ("Garment Factory", "Manufacturing", "Seafood Processing"),
    "MiningOrDrilling": ("Mining",),
    "Peddling": ("Street Vending",),
    "Transportation": ("Transportation",),
    "Other": ("Other Sector",),
}
WORDS_SEX = ("Prostitution", "Pornography", "Online Sexual Exploitation", "Private Sexual Services", "Other")
WORDS_RECRUITERS: Mapping[str, Sequence[str]] = {
    "IntimatePartner": ("Spouse/Partner",),
    "Friend": ("Friend", "Neighbour"),
    "Family": ("Parent", "Relative"),
    "Other": ("Broker", "Broker", "Recruitment Agency", "Stranger"),
}
UNKNOWN_RECRUITER = "Unknown Person"
WORDS_ROLES: Mapping[str, str] = {
    "TravellingPartner": "Travel Companion",
    "Transporter": "Transporter",
    "RecruiterOrIntermediary": "Recruiter",
    "BrokerTravelAgent": "Broker",
    "TransferredIndividual": "Handed Over",
    "HarbouredIndividual": "Harbourer",
    "SoldIndividual": "Seller",
    "BoughtIndividual": "Buyer",
    "ReceivedIndividual": "Receiver",
    "ControlledIndividual": "Controller",
    "Smuggler": "Smuggler",
    "Abuser": "Abuser",
    "Kidnapper": "Kidnapper",
    "Exploiter": "Exploiter",
    "Other": "Other Role",
}
WORDS_RELATIONS = ("Family or Partner", "Friend or Acquaintance", "Stranger or Other")

LAYOUT: Layout = (
    CsvFile("SIMULATED_Case__c.csv", "main"),
    CsvFile("SIMULATED_Contact.csv", "contacts"),
    CsvFile("SIMULATED_Recruitment_Event__c.csv", "recruitments"),
    CsvFile("SIMULATED_Trafficking_Event__c.csv", "events"),
    CsvFile("SIMULATED_Perpetrator__c.csv", "perpetrators"),
)


def _case(draft: Draft, people: People) -> None:
    draft.column("Id", "id", case_ids(people.serial, "CASE-"))
    draft.column("Name", "ignored", case_ids(people.serial))
    draft.column("Contact__c", "ignored", case_ids(people.serial, "CON-"))
    draft.column("CreatedDate", "date", date_text(people.registered, "{year}-{month:02d}-{day:02d}"))
    consent = draft.generator.random(people.size) >= NO_CONSENT_SHARE
    draft.column("Consent_to_Share__c", "ignored", labels(("false", "true"), consent))
    draft.included = consent
    draft.know("Datasource", ("Case Management",), np.zeros(people.size, dtype=np.int32))
    draft.know("yearOfRegistration", [str(value) for value in range(1970, 2040)], people.year - 1970)
    state = draft.state("age")
    draft.column("Age_When_Registered__c", "number", people.age.astype(str).astype(object), state)
    draft.know("ageBroad", AGE_BANDS, np.searchsorted(AGE_STARTS, people.age, side="right"), state)
    draft.know("majorityStatus", MAJORITY, people.age >= 18, state)


def _contact(draft: Draft, people: People, countries: Countries) -> None:
    draft.column("Id", "ignored", case_ids(people.serial, "CON-"), table="contacts")
    state = draft.state("gender")
    words = labels(("Female", "Male", "Transgender"), people.gender)
    draft.column("Gender__c", "code", words, state, "contacts")
    draft.know("gender", GENDERS, people.gender, state)
    state = draft.state("citizenship")
    draft.column("Country_of_Origin__c", "country", labels(countries.english, people.citizenship), state, "contacts")
    draft.know("citizenship", countries.alpha3, people.citizenship, state)


def _recruitment(draft: Draft, people: People) -> None:
    """A recruitment event where one was recorded; no event means that nobody collected it."""
    has_event = draft.state("recruitment") == ANSWERED
    state = draft.state("recruiter")
    unknown = draft.generator.random(people.size) < 0.07
    chosen, items = choose_words(people.recruiters, RECRUITERS, WORDS_RECRUITERS, draft.generator)
    words = np.where(unknown, UNKNOWN_RECRUITER, join_lists(chosen, items, ";"))
    rows = np.flatnonzero(has_event)
    draft.column("Id", "ignored", case_ids(people.serial, "REC-")[rows], table="recruitments")
    draft.column("Case__c", "ignored", case_ids(people.serial, "CASE-")[rows], table="recruitments")
    draft.column("Recruiter_Relationship__c", "list", words[rows], state[rows], "recruitments")
    know_recruiters(draft, state, unknown)
    for name in (*RECRUITERS, "Unknown"):
        draft.not_there(f"recruiterRelation{name}", ~has_event, "not_collected")


def _halves(flags: Bools, divided: Bools, generator: np.random.Generator) -> tuple[Bools, Bools]:
    """Divide flags between two events so that together they say what `flags` says; neither list is left empty."""
    give = generator.random(flags.shape) < 0.5
    first, second = flags & give, flags & ~give
    whole = ~divided | ~first.any(axis=1) | ~second.any(axis=1)
    return np.where(whole[:, None], flags, first), np.where(whole[:, None], flags, second)


class _Events:
    """The table of events: one or two spells of exploitation per person, the earlier one first."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        size = draft.people.size
        self.twice = draft.generator.random(size) < TWO_EVENTS_SHARE
        people = np.concatenate([np.arange(size), np.flatnonzero(self.twice)])
        order = np.argsort(people, kind="stable")
        self.people = people[order]
        self.second = order >= size
        serial = case_ids(draft.people.serial, "EVT-")[self.people]
        draft.column("Id", "ignored", np.where(self.second, serial + "-2", serial), table="events")
        draft.column("Case__c", "ignored", case_ids(draft.people.serial, "CASE-")[self.people], table="events")

    def listed(self, column: str, items: Sequence[str], variables: Sequence[str], flags: Bools, state: Ints) -> None:
        """A list that both events share out among them, and the truth: what either says, for single-word items."""
        self.write(column, items, flags, state)
        for position, variable in enumerate(variables):
            self.draft.know_flag(variable, flags[:, position], state)

    def write(self, column: str, items: Sequence[str], flags: Bools, state: Ints) -> None:
        """The cells of a list column."""
        first, second = _halves(flags, self.twice, self.draft.generator)
        cells = np.where(
            self.second, join_lists(second, items, ";")[self.people], join_lists(first, items, ";")[self.people]
        )
        self.draft.column(column, "list", cells, state[self.people], "events")

    def countries(self, countries: Countries) -> None:
        """Where each spell was; the last spell with a country counts."""
        draft, people = self.draft, self.draft.people
        earlier = self.twice[self.people] & ~self.second
        place = np.where(earlier, people.citizenship[self.people], people.exploited_in[self.people])
        states = draft.state("place"), draft.state("place")
        answered = np.where(self.second, states[1][self.people], states[0][self.people]) == ANSWERED
        # One word for "no country", so that the reason does not hang on which of two events lacks it.
        state = np.where(answered, ANSWERED, 1).astype(np.int32)
        draft.column("Country__c", "country", labels(countries.english, place), state, "events")
        known = np.full(people.size, -1, dtype=np.int32)
        for event in (~self.second, self.second):  # later ones overwrite
            known[self.people[event & answered]] = place[event & answered]
        truth_state = np.where(known < 0, 1, ANSWERED).astype(np.int32)
        draft.know("CountryOfExploitation", countries.alpha3, np.maximum(known, 0), truth_state)


def _events(draft: Draft, people: People, countries: Countries) -> None:
    events = _Events(draft)
    events.countries(countries)
    events.listed("Form_of_Exploitation__c", WORDS_FORM, EXPLOITATION, people.exploitation, draft.state("exploitation"))
    state = draft.state("sectors", has_any(people.sectors))
    chosen, items = choose_words(people.sectors, SECTORS, WORDS_SECTORS, draft.generator)
    events.write("Industry__c", items, chosen, state)
    for position, name in enumerate(SECTORS):
        draft.know_flag(f"typeOfLabour{name}", people.sectors[:, position], state)
    state = draft.state("sex_types", has_any(people.sex_types))
    variables = [f"typeOfSex{name}" for name in SEX_TYPES]
    events.listed("Form_of_Sexual_Exploitation__c", WORDS_SEX, variables, people.sex_types, state)
    state = np.where(people.means.any(axis=1), draft.state("means"), 1).astype(np.int32)
    events.listed("Means_of_Control__c", WORDS_MEANS, [f"meansOfControl{name}" for name in MEANS], people.means, state)
    state = draft.state("months")
    step = np.searchsorted((13, 25), people.months, side="right")
    draft.column("Duration__c", "code", labels(WORDS_DURATION, step)[events.people], state[events.people], "events")
    draft.know("traffickMonths", MONTH_CODES, step, state)


def _perpetrators(draft: Draft, people: People, countries: Countries) -> None:
    """One row per perpetrator with roles; what is counted over all of them is kept on the case."""
    facts = perps.perpetrators_of(people, countries)
    state = draft.state("perpetrator", facts.known)
    draft.column("Perpetrator_Genders__c", "list", join_lists(facts.genders, perps.GENDERS, ";"), state)
    perps.know_list(draft, "IP_Gender", perps.GENDERS, facts.genders, state)

    state = draft.state("roles")
    rows = perps.Rows(draft, perps.known_perpetrators(people), "perpetrators")
    serial = case_ids(people.serial, "PER-")[rows.people]
    rows.column("Id", "ignored", serial + labels(("-1", "-2", "-3", "-4"), rows.which))
    rows.column("Case__c", "ignored", case_ids(people.serial, "CASE-")[rows.people])
    rows.roles("Role__c", [WORDS_ROLES[role] for role in HTCDS_ROLES], ";", state[rows.people])
    rows.genders("Perpetrator_Gender__c", perps.GENDERS)
    rows.citizenships("Perpetrator_Nationality__c", countries, countries.english)
    rows.relations("Relationship_to_Victim__c", WORDS_RELATIONS)
    rows.impossible("IP_ageBroad", "IP_PayMoney")
    for position, variable in enumerate(perps.ROLES):
        draft.know_flag(variable, facts.roles[:, position], state)
        draft.not_there(variable, ~facts.known, "not_collected")


IMPOSSIBLE = (
    "majorityStatusAtExploit",
    "majorityEntry",
    "meansOfControlNotSpecified",
    "typeOfLabourNotSpecified",
    "isAbduction",
    "IP_ageBroad",
    "IP_citizen_UNRegion",
    "IP_Relation",
    "IP_PayMoney",
)


def draft(people: People, countries: Countries, generator: np.random.Generator) -> Draft:
    """The rows of this contributor for a block of people, and their truth."""
    result = Draft(people, BLANKS, RECORDED, generator)
    _case(result, people)
    _contact(result, people, countries)
    _recruitment(result, people)
    _events(result, people, countries)
    _perpetrators(result, people, countries)
    result.impossible(IMPOSSIBLE)
    return result
