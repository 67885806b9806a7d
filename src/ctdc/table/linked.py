"""Two tables of which one belongs to the other: people, and rows that are linked to a person.

Promise: the person with all linked rows is one unit. Of more than `most` linked rows of a person `most` are kept, drawn
at random for that person alone; so whatever is counted of one person never depends on another. A person with k linked
rows is the mean of k(k - 1) ordinary records: of each pair of different rows of theirs, in both orders (one row: with
nobody beside it; none: nobody and nobody). That makes the *joint* table, whose variables are the number of linked rows,
the person's, those of a linked row, those of another one, and how many rows were left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_value
from ctdc.table.coded import CodedTable
from ctdc.table.constraints import Implication
from ctdc.table.count import Counts, Matrix
from ctdc.table.schema import Schema
from ctdc.table.tally import Layer, Tally
from ctdc.table.variable import Variable

MAX_LINKS = 10  # the least common multiple of k(k - 1) up to it is 2,520, and integers grow with it
MOST_LEFT_OUT = 6  # rows left out of one person that are told apart; more count as so many
LINKED = "linked."  # start of the joint names of a linked row's variables
OTHER = "other."  # and of another row's of the same person
LEFT_OUT = "left out"
ID = "id"  # of a synthetic person, in both synthetic tables
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LinkedSchema:
    """The variables of both tables.

    main, linked: of the people and of what is linked to them; most: how many linked rows of a person count, 1 to
    `MAX_LINKS`; number: name of the variable that says how many there are. Raises UserError (``linked.most``,
    ``linked.number``).
    """

    main: Schema
    linked: Schema
    most: int
    number: str = "links"

    def __post_init__(self) -> None:
        if not 1 <= self.most <= MAX_LINKS:
            raise UserError(
                "linked.most",
                f"The largest number of linked rows of a person is given as {self.most}.",
                allowed=f"1 to {MAX_LINKS}; of those who have more, so many are drawn at random",
                do="Choose another --max-links.",
            )
        own = [*self.main.names, self.number]
        if self.number in self.main.names or not self.number or any(_reserved(name) for name in own):
            clash = next((name for name in own if _reserved(name)), self.number)
            raise UserError(
                "linked.number",
                f"{clash!r} cannot be the name of a column of the people here.",
                allowed=f"names other than {ID!r} and {LEFT_OUT!r} that do not begin with {LINKED!r} or {OTHER!r}; for "
                "the number of linked rows a name that no column has",
                do="Choose another --number-name, or rename the column.",
            )
        if ID in self.linked.names:
            raise UserError(
                "linked.number",
                f"{ID!r} cannot be the name of a column of the linked rows.",
                allowed=f"any other name; {ID!r} leads from a synthetic linked row to its person",
                do="Rename the column, or leave it out.",
            )

    @cached_property
    def numbers(self) -> Variable:
        """The number of linked rows: empty is none, the last code is `most` or more."""
        return Variable(self.number, (*map(str, range(1, self.most)), f"{self.most}+"))

    @cached_property
    def people(self) -> Schema:
        """The published table of people: the number first, then the main variables with their facts."""
        return Schema((self.numbers, *self.main.variables), self.main.implications)

    @cached_property
    def joint(self) -> Schema:
        """Number, main, linked and other variables, and how many rows were left out, in this order."""
        left_out = Variable(LEFT_OUT, (*map(str, range(1, MOST_LEFT_OUT)), f"{MOST_LEFT_OUT}+"))
        variables = (
            *self.people.variables,
            *(Variable(LINKED + variable.name, variable.codes) for variable in self.linked.variables),
            *(Variable(OTHER + variable.name, variable.codes) for variable in self.linked.variables),
            left_out,
        )
        facts = [
            Implication(start + fact.given, fact.given_codes, start + fact.then, fact.then_codes)
            for start in (LINKED, OTHER)
            for fact in self.linked.implications
        ]
        return Schema(variables, (*self.main.implications, *facts))

    def content_hash(self) -> str:
        """SHA-256 of both tables' variables and facts, and of how many rows count."""
        return hash_value([self.main.content_hash(), self.linked.content_hash(), self.most, self.number])

    def without_facts(self) -> LinkedSchema:
        """The same tables, nothing declared between their variables."""
        return replace(self, main=self.main.without_facts(), linked=self.linked.without_facts())

    @property
    def main_places(self) -> range:
        """Where the number and the main variables stand in the joint table."""
        return range(1 + len(self.main.variables))

    @property
    def linked_places(self) -> range:
        """Where the variables of a linked row stand."""
        first = len(self.main_places)
        return range(first, first + len(self.linked.variables))

    @property
    def other_places(self) -> range:
        """Where those of another row of the same person stand."""
        first = self.linked_places.stop
        return range(first, first + len(self.linked.variables))

    @property
    def left_out_place(self) -> int:
        """Where the number of rows that were left out stands."""
        return self.other_places.stop

    @property
    def whole(self) -> int:
        """What a person counts: the least number that can be divided evenly among the pairs of up to `most` rows."""
        return math.lcm(*(max(1, links * (links - 1)) for links in range(1, self.most + 1)))


def _reserved(name: str) -> bool:
    return name in (ID, LEFT_OUT) or name.startswith((LINKED, OTHER))


@dataclass(frozen=True)
class LinkedTable:
    """Coded records of both tables. owner: shape (linked rows,), the record of `main` each belongs to."""

    schema: LinkedSchema
    main: CodedTable
    linked: CodedTable
    owner: Ints

    def __post_init__(self) -> None:
        if self.main.schema != self.schema.main or self.linked.schema != self.schema.linked:
            raise ValueError("the records are coded with another schema")
        if self.owner.shape != (self.linked.rows,):
            raise ValueError("every linked row belongs to one record")
        if len(self.owner) and not 0 <= int(self.owner.min()) <= int(self.owner.max()) < self.main.rows:
            raise ValueError("a linked row belongs to nobody")

    def tally(self, random: np.random.Generator) -> Tally:
        """The people as they are counted. random: draws who of more than `most` is kept; not to be told to anybody."""
        chosen, starts, links, left_out = _cut(self.owner, self.main.rows, self.schema.most, random)
        people = self._people(links, left_out)
        rows = self.linked.matrix()[:, chosen]
        whole = self.schema.whole
        owner = np.repeat(np.arange(self.main.rows), links)
        nobody = np.flatnonzero(links == 0)
        single = self._layer(people, (rows, owner), None, whole // np.maximum(links, 1), nobody)
        first, second = _pairs(starts, links)
        alone = np.flatnonzero(links[owner] == 1)
        first, second = np.concatenate([first, alone]), np.concatenate([second, np.full(len(alone), -1)])
        weights = whole // np.maximum(links * (links - 1), 1)
        both = self._layer(people, (rows[:, first], owner[first]), _beside(rows, second), weights, nobody)
        main = frozenset((*self.schema.main_places, self.schema.left_out_place))
        return Tally((Layer(people, main), single, both), whole)

    def _people(self, links: Ints, left_out: Ints) -> Matrix:
        """The joint table of people alone: shape (joint variables, people), nothing in the linked variables."""
        table = np.zeros((len(self.schema.joint.variables), self.main.rows), dtype=np.uint16)
        table[0] = links
        table[1 : len(self.schema.main_places)] = self.main.matrix()
        table[self.schema.left_out_place] = np.minimum(left_out, MOST_LEFT_OUT)
        return table

    def _layer(
        self, people: Matrix, linked: tuple[Matrix, Ints], other: Matrix | None, weights: Ints, nobody: Ints
    ) -> Layer:
        """Rows of people with a linked row, and another where given, then those who have none. weights: per person."""
        values, owner = linked
        matrix = np.concatenate([people[:, owner], people[:, nobody]], axis=1)
        matrix[list(self.schema.linked_places), : len(owner)] = values
        knows = {*self.schema.main_places, *self.schema.linked_places, self.schema.left_out_place}
        if other is not None:
            matrix[list(self.schema.other_places), : len(owner)] = other
            knows.update(self.schema.other_places)
        counted = np.concatenate([weights[owner], np.full(len(nobody), self.schema.whole)])
        return Layer(np.ascontiguousarray(matrix), frozenset(knows), counted.astype(np.int64))


def _beside(rows: Matrix, second: Ints) -> Matrix:
    """The columns `second` of `rows`, empty where -1."""
    padded = np.concatenate([rows, np.zeros((len(rows), 1), rows.dtype)], axis=1)
    return padded[:, second]


def _cut(owner: Ints, people: int, most: int, random: np.random.Generator) -> tuple[Ints, Ints, Ints, Ints]:
    """Up to `most` rows of each person, drawn at random, those of a person together.

    Returns the chosen rows, and per person where theirs begin, how many they are, and how many were left out.
    """
    order = np.lexsort((random.random(len(owner)), owner))
    links = np.bincount(owner, minlength=people).astype(np.int64)
    begins = np.cumsum(links) - links
    rank = np.arange(len(owner)) - begins[owner[order]]
    kept = np.minimum(links, most)
    return order[rank < most], np.cumsum(kept) - kept, kept, links - kept


def _pairs(starts: Ints, links: Ints) -> tuple[Ints, Ints]:
    """All ordered pairs of different rows of a person, as positions of rows: two arrays of shape (pairs,)."""
    found: list[tuple[Counts, Counts]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for many in np.unique(links[links > 1]).tolist():
        own, other = np.nonzero(~np.eye(many, dtype=bool))
        begins = starts[links == many][:, None]
        found.append(((begins + own).ravel(), (begins + other).ravel()))
    return np.concatenate([one for one, _ in found]), np.concatenate([two for _, two in found])
