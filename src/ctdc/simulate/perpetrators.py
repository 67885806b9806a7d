"""Invented perpetrators: none to four for a person, whose parts agree with each other and with the case.

Promise: a block of perpetrators is a pure function of its people and the random generator. Every figure is made up.
Perpetrators of one person come from one country more often than not, those who are close to a person act otherwise
than strangers do, and what they do depends on the exploitation. Everybody did something.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ctdc.simulate.corridors import Corridors
from ctdc.simulate.world import EXPLOITATION, RECRUITERS

Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

MAX_PERPETRATORS = 4
FAMILY, FRIEND, STRANGER = 0, 1, 2

# What perpetrators do, and how often those who are family or partner, friend or acquaintance, or anybody else do it.
ROLE_CHANCES: Mapping[str, tuple[float, float, float]] = {
    "TravellingPartner": (0.04, 0.04, 0.02),
    "Transporter": (0.10, 0.14, 0.20),
    "RecruiterOrIntermediary": (0.30, 0.40, 0.34),
    "BrokerTravelAgent": (0.01, 0.03, 0.12),
    "TransferredIndividual": (0.03, 0.04, 0.06),
    "HarbouredIndividual": (0.10, 0.08, 0.10),
    "SoldIndividual": (0.08, 0.03, 0.04),
    "BoughtIndividual": (0.01, 0.01, 0.05),
    "ReceivedIndividual": (0.02, 0.03, 0.06),
    "ControlledIndividual": (0.12, 0.08, 0.06),
    "Smuggler": (0.01, 0.02, 0.06),
    "Abuser": (0.14, 0.06, 0.04),
    "Kidnapper": (0.01, 0.01, 0.02),
    "Exploiter": (0.50, 0.38, 0.44),
    "Other": (0.02, 0.02, 0.03),
}
ROLES = tuple(ROLE_CHANCES)
# How much more often, where people are exploited for their labour or sexually.
LABOUR_FACTORS: Mapping[str, float] = {"BrokerTravelAgent": 1.8, "Smuggler": 1.5, "Exploiter": 1.2}
SEXUAL_FACTORS: Mapping[str, float] = {"ControlledIndividual": 1.8, "Abuser": 1.8}
PAID_ROLES = ("Transporter", "RecruiterOrIntermediary", "BrokerTravelAgent", "Smuggler")

SAME_COUNTRY = 0.7  # of the other perpetrators of a person: citizens of the first one's country, whatever is drawn
SAME_RELATION = 0.5
RELATION_SHARES = (0.12, 0.18, 0.70)  # of those who are drawn apart from the first


def _factors(changed: Mapping[str, float]) -> Floats:
    return np.array([changed.get(role, 1.0) for role in ROLES])


def _follow_the_first(own: Ints, share: float, generator: np.random.Generator) -> Ints:
    """Give perpetrators what the first one of their person has, in `share` of the cases. Shape (people, 4)."""
    follows = generator.random(own.shape) < share
    return np.where(follows, own[:, :1], own).astype(np.int32)


def _countries(exploited_in: Ints, corridors: Corridors, generator: np.random.Generator) -> Ints:
    """Citizens of the country of exploitation, or of one that a corridor joins to it."""
    shape = (len(exploited_in), MAX_PERPETRATORS)
    strangers = corridors.draw_destinations(np.repeat(exploited_in, MAX_PERPETRATORS).astype(np.int16), generator)
    local = generator.random(shape) < 0.6
    own = np.where(local, exploited_in[:, None], strangers.reshape(shape)).astype(np.int32)
    return _follow_the_first(own, SAME_COUNTRY, generator)


def _relations(recruiters: Bools, generator: np.random.Generator) -> Ints:
    """The first perpetrator is who recruited; the others are like the first, or strangers as a rule."""
    close = recruiters[:, RECRUITERS.index("IntimatePartner")] | recruiters[:, RECRUITERS.index("Family")]
    first = np.where(close, FAMILY, np.where(recruiters[:, RECRUITERS.index("Friend")], FRIEND, STRANGER))
    shape = (len(recruiters), MAX_PERPETRATORS)
    own = generator.choice(len(RELATION_SHARES), size=shape, p=RELATION_SHARES).astype(np.int32)
    own[:, 0] = first
    return _follow_the_first(own, SAME_RELATION, generator)


def _roles(relations: Ints, exploitation: Bools, generator: np.random.Generator) -> Bools:
    """Flags over ROLES, shape (people, 4, roles)."""
    chances = np.array(list(ROLE_CHANCES.values())).T[relations]
    for kind, factors in (("isForcedLabour", LABOUR_FACTORS), ("isSexualExploit", SEXUAL_FACTORS)):
        concerned = exploitation[:, EXPLOITATION.index(kind)]
        chances[concerned] *= _factors(factors)
    roles = generator.random(chances.shape) < chances
    roles[~roles.any(axis=2), ROLES.index("Exploiter")] = True
    return np.asarray(roles)


def draw_perpetrators(
    exploited_in: Ints,
    women: Bools,
    exploitation: Bools,
    recruiters: Bools,
    corridors: Corridors,
    generator: np.random.Generator,
) -> dict[str, NDArray[np.generic]]:
    """The fields of `People` that are about perpetrators, for people of whom everything else is known."""
    people = len(exploited_in)
    shape = (people, MAX_PERPETRATORS)
    known = np.minimum(generator.poisson(1.1, people), MAX_PERPETRATORS).astype(np.int32)
    is_man = generator.random(shape) < np.where(women, 0.58, 0.88)[:, None]
    relations = _relations(recruiters, generator)
    roles = _roles(relations, exploitation, generator)
    for_money = roles[:, :, [ROLES.index(role) for role in PAID_ROLES]].any(axis=2)
    return {
        "perpetrators": known,
        "perpetrator_gender": is_man.astype(np.int32),
        "perpetrator_age": np.clip(generator.normal(38, 9, shape), 17, 80).astype(np.int32),
        "perpetrator_country": _countries(exploited_in, corridors, generator),
        "perpetrator_relation": relations,
        "perpetrator_roles": roles,
        "perpetrator_paid": generator.random(shape) < np.where(for_money, 0.36, 0.06),
    }
