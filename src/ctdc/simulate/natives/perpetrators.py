"""What cases say about perpetrators, for the contributors that ask: flags per victim over all its perpetrators."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress

import numpy as np

from ctdc.simulate.countries import Countries
from ctdc.simulate.draft import Draft
from ctdc.simulate.people import MAX_PERPETRATORS, Bools, Ints, People

GENDERS = ("Female", "Male")
AGES = ("0--29", "30--38", "39--47", "48+")
AGE_STARTS = (30, 39, 48)
REGIONS = ("Africa", "Americas/Oceania", "Asia", "Europe")
RELATIONS = ("FamilyIntimatePartner", "FriendAcquaintance", "StrangerUnknownOther")
PAID = ("No", "Yes")
ROLES = ("IP_Exploiter", "IP_RecruiterBroker", "IP_TransactionProcess", "IP_ControlAbuseKidnap")


@dataclass(frozen=True)
class Perpetrators:
    """Which codes occur among each victim's perpetrators, as flags of shape (people, codes)."""

    known: Bools
    genders: Bools
    ages: Bools
    regions: Bools
    relations: Bools
    paid: Bools
    roles: Bools


def _occurs(positions: Ints, known: Bools, size: int) -> Bools:
    """Whether each code occurs among the known perpetrators; positions and known have shape (people, 3)."""
    codes = np.arange(size)
    return np.asarray(((positions[:, :, None] == codes) & known[:, :, None]).any(axis=1))


def perpetrators_of(people: People, countries: Countries) -> Perpetrators:
    """Summarise the perpetrators of each person."""
    known = np.arange(MAX_PERPETRATORS) < people.perpetrators[:, None]
    ages = np.searchsorted(AGE_STARTS, people.perpetrator_age, side="right").astype(np.int32)
    partner, friend, family, other = people.recruiters.T
    roles = np.asarray((people.perpetrator_roles & known[:, :, None]).any(axis=1))
    return Perpetrators(
        known=people.perpetrators > 0,
        genders=_occurs(people.perpetrator_gender, known, len(GENDERS)),
        ages=_occurs(ages, known, len(AGES)),
        regions=_occurs(countries.region[people.perpetrator_country], known, len(REGIONS)),
        relations=np.stack([partner | family, friend, other], axis=1),
        paid=np.stack([~people.paid, people.paid], axis=1),
        roles=roles,
    )


def know_list(draft: Draft, variable: str, codes: tuple[str, ...], flags: Bools, state: Ints) -> None:
    """Truth of a list variable: the codes that occur, joined in order. Rows without any must not be answered."""
    patterns = flags @ (1 << np.arange(len(codes)))
    bits = range(1, 1 << len(codes))
    texts = [";".join(compress(codes, [pattern >> bit & 1 for bit in range(len(codes))])) for pattern in bits]
    draft.know(variable, texts, patterns - 1, state)
