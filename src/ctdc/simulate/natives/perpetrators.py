"""What cases say about perpetrators, for the contributors that ask: one by one, and per victim over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ctdc.simulate.countries import Countries
from ctdc.simulate.draft import Cells, Draft, Linked, join_lists, labels, never_known
from ctdc.simulate.people import Bools, Ints, People
from ctdc.simulate.perpetrators import MAX_PERPETRATORS
from ctdc.simulate.perpetrators import ROLES as HTCDS_ROLES

Scalar = TypeVar("Scalar", bound=np.generic)

ENTITY = "perpetrator"
GENDERS = ("Female", "Male")
AGES = ("0--29", "30--38", "39--47", "48+")
AGE_STARTS = (30, 39, 48)
REGIONS = ("Africa", "Americas/Oceania", "Asia", "Europe")
RELATIONS = ("FamilyIntimatePartner", "FriendAcquaintance", "StrangerUnknownOther")  # as perpetrators.FAMILY, ...
PAID = ("No", "Yes")
ROLES = ("IP_Exploiter", "IP_RecruiterBroker", "IP_TransactionProcess", "IP_ControlAbuseKidnap")
# What the published dictionary counts among each of ROLES.
ROLE_GROUPS = (
    ("Exploiter",),
    ("RecruiterOrIntermediary", "BrokerTravelAgent"),
    (
        "Transporter",
        "TransferredIndividual",
        "HarbouredIndividual",
        "SoldIndividual",
        "BoughtIndividual",
        "ReceivedIndividual",
        "Smuggler",
    ),
    ("ControlledIndividual", "Abuser", "Kidnapper"),
)


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


def known_perpetrators(people: People) -> Bools:
    """Which of the places for perpetrators are taken, shape (people, 4)."""
    return np.asarray(np.arange(MAX_PERPETRATORS) < people.perpetrators[:, None])


def _occurs(positions: NDArray[np.integer] | Bools, known: Bools, size: int) -> Bools:
    """Whether each code occurs among the known perpetrators; positions and known have shape (people, 4)."""
    codes = np.arange(size)
    return np.asarray(((positions[:, :, None] == codes) & known[:, :, None]).any(axis=1))


def grouped(roles: Bools) -> Bools:
    """The groups ROLES of roles after HTCDS: flags over the last axis for flags over the last axis."""
    groups = [[HTCDS_ROLES.index(role) for role in group] for group in ROLE_GROUPS]
    return np.stack([roles[..., group].any(axis=-1) for group in groups], axis=-1)


def perpetrators_of(people: People, countries: Countries) -> Perpetrators:
    """Summarise the perpetrators of each person."""
    known = known_perpetrators(people)
    return Perpetrators(
        known=people.perpetrators > 0,
        genders=_occurs(people.perpetrator_gender, known, len(GENDERS)),
        ages=_occurs(_bands(people.perpetrator_age), known, len(AGES)),
        regions=_occurs(countries.region[people.perpetrator_country], known, len(REGIONS)),
        relations=_occurs(people.perpetrator_relation, known, len(RELATIONS)),
        paid=_occurs(people.perpetrator_paid, known, len(PAID)),
        roles=np.asarray((grouped(people.perpetrator_roles) & known[:, :, None]).any(axis=1)),
    )


def _bands(ages: Ints) -> Ints:
    return np.searchsorted(AGE_STARTS, ages, side="right").astype(np.int32)


def _lists(codes: Sequence[str], flags: Bools) -> tuple[tuple[str, ...], Ints]:
    """The lists that occur, their codes joined in order, and the position of each row's list."""
    texts, positions = np.unique(join_lists(flags, codes, ";").astype(str), return_inverse=True)
    return tuple(texts.tolist()), positions.astype(np.int32)


def know_list(draft: Draft, variable: str, codes: tuple[str, ...], flags: Bools, state: Ints) -> None:
    """Truth of a list variable: the codes that occur, joined in order. Rows without any must not be answered."""
    draft.know(variable, *_lists(codes, flags), state)


@dataclass
class Rows:
    """Perpetrators one by one, the cells that speak of them, and their truth.

    where: which of each person's perpetrators are written down, shape (people, 4). table: the native table with a row
    for each; "" writes them into the person's row, the columns numbered from 1 in the place of ``{n}``.
    """

    draft: Draft
    where: Bools
    table: str = ""
    people: NDArray[np.integer] = field(init=False)
    which: NDArray[np.integer] = field(init=False)
    linked: Linked = field(init=False)

    def __post_init__(self) -> None:
        """Number the rows: by person, then in the order of the person's perpetrators."""
        self.people, self.which = np.nonzero(self.where)
        self.linked = self.draft.linked[ENTITY] = Linked(self.people, self.table)

    def column(self, name: str, kind: str, cells: Cells) -> None:
        """Write cells, one for each perpetrator."""
        if self.table:
            self.draft.column(name, kind, cells, table=self.table)
            return
        for number in range(MAX_PERPETRATORS):
            chosen = self.which == number
            filled = np.full(self.draft.people.size, self.draft.blanks[0].text, dtype=object)
            filled[self.people[chosen]] = cells[chosen]
            self.draft.column(name.format(n=number + 1), kind, filled)

    def answer(
        self,
        variable: str,
        codes: Sequence[str],
        positions: NDArray[np.integer] | Bools,
        column: tuple[str, str, Cells],
        state: Ints | None = None,
    ) -> None:
        """Write a column (name, kind, cells) and the truth that it tells; `state` is drawn where none is given."""
        if state is None:
            state = self.draft.state("perpetrator_detail", of=self.people)
        name, kind, cells = column
        self.column(name, kind, self.draft.cells(cells, state))
        self.linked.truth[variable] = self.draft.known(codes, positions, state)

    def genders(self, column: str, words: Sequence[object]) -> None:
        """The gender of each, in the contributor's `words` for GENDERS."""
        found = self._of(self.draft.people.perpetrator_gender)
        self.answer("IP_Gender", GENDERS, found, (column, "code", labels(words, found)))

    def ages(self, column: str, words: Sequence[object] = ()) -> None:
        """The age of each: in years, or in the contributor's `words` for AGES."""
        years = self._of(self.draft.people.perpetrator_age)
        bands = _bands(years)
        written = ("code", labels(words, bands)) if words else ("number", years.astype(object))
        self.answer("IP_ageBroad", AGES, bands, (column, *written))

    def citizenships(self, column: str, countries: Countries, words: Sequence[str]) -> None:
        """The citizenship of each, in `words` for the countries."""
        found = self._of(self.draft.people.perpetrator_country)
        self.answer("perpetratorCitizenship", countries.alpha3, found, (column, "country", labels(words, found)))

    def relations(self, column: str, words: Sequence[object]) -> None:
        """The relation of each to the victim, in `words` for RELATIONS."""
        found = self._of(self.draft.people.perpetrator_relation)
        self.answer("IP_Relation", RELATIONS, found, (column, "code", labels(words, found)))

    def payments(self, column: str, words: Sequence[object]) -> None:
        """Whether the victim paid each, in `words` for PAID."""
        found = self._of(self.draft.people.perpetrator_paid)
        self.answer("IP_PayMoney", PAID, found, (column, "code", labels(words, found)))

    def roles(self, column: str, words: Sequence[str], separator: str, state: Ints | None = None) -> None:
        """What each did, as a list in `words` for the roles after HTCDS."""
        flags = self._of(self.draft.people.perpetrator_roles)
        cells = join_lists(flags, words, separator)
        self.answer("perpetratorRole", *_lists(HTCDS_ROLES, flags), (column, "list", cells), state)

    def impossible(self, *variables: str) -> None:
        """Nobody asks for these."""
        for variable in variables:
            self.linked.truth[variable] = never_known(len(self.people))

    def _of(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        return np.asarray(values[self.people, self.which])
