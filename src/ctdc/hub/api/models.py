"""The shapes of the answers, for the published description of the service (OpenAPI).

Promise: a test holds every answer to them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Source = Literal["counts", "records", "bounds"]


class Model(BaseModel):
    """A JSON object with exactly these members."""

    model_config = ConfigDict(extra="forbid")


class ReleaseBlock(Model):
    """Which release an answer is from."""

    id: str
    name: str
    created: str
    simulated: bool
    url: str
    terms: str | None


class PrivacyBlock(Model):
    """How the people in the release are protected."""

    unit: str
    neighbours: str
    epsilon: float
    delta: float
    length: int
    threshold: float
    counts: str
    statement: str


class Provenance(Model):
    """Of a release that another hub published: who, signed with which key, taken over from where and when."""

    hub: str
    names: dict[str, str]
    address: str
    publisher: str
    key: str
    manifest_sha256: str
    source: str
    included: str
    note: str


class Block(Model):
    """What every answer about a release carries. provenance: only of a release of another hub."""

    release: ReleaseBlock
    citation: str
    privacy: PrivacyBlock
    provenance: Provenance | None = None


class People(Model):
    """The protected estimate of all people."""

    count: float
    standard_error: float


class Summary(ReleaseBlock):
    """A release in the list."""

    titles: dict[str, str]
    publisher: str
    records: int
    people: People
    linked_rows: bool
    provenance: Provenance | None = None


class Withdrawn(Model):
    """A release that is no longer there. reason: a code; words: more about why, by language."""

    id: str
    name: str
    folder: str
    created: str
    withdrawn: str
    titles: dict[str, str]
    reason: str
    words: dict[str, str]


class NotIncluded(Model):
    """A release of another hub that is not published here any more. reason: a code; withdrawn: when its hub's
    withdrawal was noted; words: more about why, by language.
    """

    hub: str
    names: dict[str, str]
    id: str
    folder: str
    created: str
    titles: dict[str, str]
    publisher: str
    reason: str
    withdrawn: str | None
    words: dict[str, str]


class Releases(Model):
    """All releases, newest first, and those that were withdrawn. latest: null when all were; included: releases of
    other hubs, whose numbers stand alone.
    """

    latest: str | None
    releases: list[Summary]
    withdrawn: list[Withdrawn]
    included: list[Summary]
    not_included: list[NotIncluded]


class File(Model):
    """A file of a release."""

    path: str
    sha256: str
    bytes: int
    rows: int | None
    url: str


class Release(Block):
    """A release with its files."""

    release: Summary
    citations: dict[str, str]
    manifest: str
    files: list[File]
    links: dict[str, str]


class VariableWords(Model):
    """A variable: what it is called and means, and of whom its shares are."""

    name: str
    label: str
    definition: str
    kind: Literal["code", "flag"]
    group: str | None
    ordered: bool
    codes: int
    url: str


class Group(Model):
    """Flags that share a denominator: the people with any answer in the group."""

    id: str
    label: str
    variables: list[str]


class Variables(Block):
    """The variables of a release."""

    lang: str
    variables: list[VariableWords]
    groups: list[Group]


class CodeWords(Model):
    """A code and what it is called."""

    code: str
    label: str


class Codes(Block):
    """The codes of a variable."""

    lang: str
    variable: VariableWords
    codes: list[CodeWords]


class Count(Model):
    """A number of people between the ends of its 95 % interval; all three null where it is too few to say."""

    count: float | None
    low: float | None
    high: float | None
    source: Source
    too_few: bool


class Shares(Count):
    """A count with its share of the denominator."""

    share: float | None
    share_low: float | None
    share_high: float | None


class Row(Shares):
    """A combination of codes; null: not known."""

    codes: dict[str, str | None]


class Asked(Model):
    """The question as it was understood: null among the codes stands for not known."""

    filters: dict[str, list[str | None]]
    by: list[str]


class Counts(Block):
    """The counts of one question."""

    url: str
    query: Asked
    total: Count
    denominator: Count | None
    counts: list[Row]


class LinkedCounts(Counts):
    """The counts of one question about the rows that are linked to people: of rows, never of people."""

    counted: Literal["linked_rows"]


class CodeRow(Shares):
    """A code of a variable; null: not known."""

    code: str | None


class Explored(Model):
    """A variable among some people."""

    name: str
    denominator: Count | None
    codes: list[CodeRow]


class Explore(Block):
    """Every variable among some people."""

    url: str
    query: Asked
    total: Count
    variables: list[Explored]


class Problem(BaseModel):
    """What was wrong, by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    allowed: str | None = None
    do: str | None = None
