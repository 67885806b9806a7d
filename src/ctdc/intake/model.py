"""The words of ``mapping.yaml``: a closed grammar as pydantic models.

Promise: a mapping can only name columns, formats, codes and verbs of this list; there is no expression, no
Python and no SQL in it, so that a contributor's mapping is read as data. What is unknown is an error, not ignored.
The manual is docs/how-to/map-a-contributor.md.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Text = Annotated[str, Field(min_length=1, max_length=1000)]
TextFormat = Literal["csv", "tsv"]
Format = Literal["csv", "tsv", "xlsx", "xls", "ods", "parquet", "sav", "dta"]
SPREADSHEETS = frozenset({"xlsx", "xls", "ods"})
TEXT_FORMATS = frozenset({"csv", "tsv"})


class Strict(BaseModel):
    """A model that refuses keys it does not know and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NullToken(Strict):
    """A whole-cell text that means missing, and why it is missing."""

    token: str
    reason: Text


class TableSpec(Strict):
    """One table of a delivery: a text file, or one sheet of a workbook."""

    name: Text
    file: Text
    format: Format
    sheet: Text | None = None
    encoding: Text | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    header_row: int = Field(default=1, ge=1, le=1000)
    skip_after_header: int = Field(default=0, ge=0, le=100)
    id: Text | None = None
    id_is_row_number: bool = False
    null_tokens: tuple[NullToken, ...] = ()

    @model_validator(mode="after")
    def _fits_format(self) -> TableSpec:
        if self.format in SPREADSHEETS and self.sheet is None:
            raise ValueError(f"a table of format {self.format} needs 'sheet', the name of the sheet to read")
        if self.format not in SPREADSHEETS and self.sheet is not None:
            raise ValueError(f"'sheet' has no meaning for the format {self.format}")
        if self.format in TEXT_FORMATS and self.encoding is None:
            raise ValueError(
                f"a table of format {self.format} needs 'encoding' (utf-8, cp1252, ...): it is declared, never guessed"
            )
        if self.format not in TEXT_FORMATS and (self.encoding is not None or self.delimiter is not None):
            raise ValueError(f"'encoding' and 'delimiter' have no meaning for the format {self.format}")
        if self.format not in TEXT_FORMATS | SPREADSHEETS and (self.header_row != 1 or self.skip_after_header):
            raise ValueError(f"'header_row' and 'skip_after_header' have no meaning for the format {self.format}")
        if self.id is not None and self.id_is_row_number:
            raise ValueError("give either 'id' or 'id_is_row_number', not both")
        return self

    @property
    def separator(self) -> str:
        """The delimiter of a text file: the declared one, else a comma (csv) or a tab (tsv)."""
        return self.delimiter or ("\t" if self.format == "tsv" else ",")


class JoinSpec(Strict):
    """How rows of a table belong to persons of the main table."""

    table: Text
    column: Text
    main_column: Text | None = None
    several: Literal["first", "last", "refuse"] = "first"
    no_row_reason: Text = "not_collected"


class RowTest(Strict):
    """A test of one cell's text: among `values`, or other than all of `other_than`."""

    column: Text
    values: tuple[str, ...] | None = None
    other_than: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one_list(self) -> RowTest:
        if (self.values is None) == (self.other_than is None):
            raise ValueError("give exactly one of 'values' and 'other_than'")
        return self


class RowRule(Strict):
    """Rows of the main table that are not cases of the standard, with the reason."""

    exclude: RowTest
    reason: Text


class DateSpec(Strict):
    """The verb parse_date: a working date with declared formats and a plausible range; it is never stored."""

    name: Text
    column: Text
    table: Text | None = None
    formats: tuple[Text, ...] = Field(min_length=1)
    calendar: Literal["gregorian", "buddhist"] = "gregorian"
    earliest: date = date(1900, 1, 1)
    latest: date = date(2100, 12, 31)
    pick: Literal["earliest", "latest"] = "earliest"


class Band(Strict):
    """A code for whole numbers from `from` up to and including `to`; an end that is left out is open."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    code: Text
    low: int | None = Field(default=None, alias="from")
    high: int | None = Field(default=None, alias="to")


class Outcome(Strict):
    """What a variable becomes: a code, or missing for a reason."""

    code: Text | None = None
    missing: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> Outcome:
        if (self.code is None) == (self.missing is None):
            raise ValueError("give exactly one of 'code' and 'missing'")
        return self


class ColumnVerb(Strict):
    """What the verbs that read one column share."""

    column: Text
    table: Text | None = None


class Copy(ColumnVerb):
    """The cell already is a code of the target."""


class Recode(ColumnVerb):
    """The cell is looked up in ``values.csv``."""


class Split(ColumnVerb):
    """The cell is a list; its items are looked up in ``values.csv`` and set one variable each."""

    separator: str = Field(min_length=1, max_length=10)
    absent: Outcome = Outcome(missing="unknown")


class SplitColumns(Strict):
    """One column per choice (``group/question/choice``); the choices are looked up in ``values.csv``."""

    prefix: Text
    table: Text | None = None
    yes: tuple[Text, ...] = ("1", "TRUE")
    no: tuple[Text, ...] = ("0", "FALSE")
    absent: Outcome = Outcome(missing="not_asked")


class Year(Strict):
    """The year of a date, or a column that holds a year."""

    date: Text | None = None
    column: Text | None = None
    table: Text | None = None
    calendar: Literal["gregorian", "buddhist"] = "gregorian"

    @model_validator(mode="after")
    def _one(self) -> Year:
        if (self.date is None) == (self.column is None):
            raise ValueError("give exactly one of 'date' and 'column'")
        return self


class AgeAt(Strict):
    """Whole years between two dates, as a band; the birth date itself goes no further."""

    born: Text
    at: Text
    bands: tuple[Band, ...] = ()


class BandVerb(ColumnVerb):
    """A number, or the text of a band with any kind of dash, as a code of the target."""

    bands: tuple[Band, ...] = ()


class MonthsBetween(Strict):
    """Completed months between two dates, as a band."""

    start: Text
    end: Text
    bands: tuple[Band, ...] = ()


class Country(ColumnVerb):
    """A country by code or exact name in any language of the standard; ``values.csv`` goes first."""

    separator: str | None = Field(default=None, min_length=1, max_length=10)
    several: Literal["first"] | None = None

    @model_validator(mode="after")
    def _both(self) -> Country:
        if (self.separator is None) != (self.several is None):
            raise ValueError(
                "'separator' and 'several: first' belong together: the rule for several countries is declared"
            )
        return self


class Step(Strict):
    """Exactly one verb."""

    copy_: Copy | None = Field(default=None, alias="copy")
    const: Outcome | None = None
    recode: Recode | None = None
    year: Year | None = None
    age_at: AgeAt | None = None
    band: BandVerb | None = None
    months_between: MonthsBetween | None = None
    country: Country | None = None
    any_of: tuple[Step, ...] | None = Field(default=None, min_length=1)
    first_of: tuple[Step, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_verb(self) -> Step:
        self.verb()
        return self

    def verb(self) -> str:
        """The name of the verb that is given. Raises ValueError unless it is exactly one."""
        given = [name for name in _VERBS if getattr(self, _attribute(name), None) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one verb ({', '.join(_VERBS)}); given: {', '.join(given) or 'none'}")
        return given[0]


class FieldSpec(Step):
    """One harmonised variable (or, for lists, several) and the verb that fills it."""

    target: Text | None = None
    targets: tuple[Text, ...] = ()
    split: Split | None = None
    split_columns: SplitColumns | None = None
    note: str = ""

    @model_validator(mode="after")
    def _targets_fit(self) -> FieldSpec:
        if (self.target is None) == (not self.targets):
            raise ValueError("give exactly one of 'target' and 'targets'")
        if self.targets and self.verb() not in ("split", "split_columns"):
            raise ValueError("'targets' goes with 'split' and 'split_columns'; the other verbs fill one 'target'")
        return self

    @property
    def all_targets(self) -> tuple[str, ...]:
        """The variables that this field fills."""
        return self.targets or ((self.target,) if self.target else ())


class Impossible(Strict):
    """Variables that this source cannot give, and why."""

    targets: tuple[Text, ...] = Field(min_length=1)
    reason: Text = "not_collected"
    because: Text


class LinkedSpec(Strict):
    """Rows of an entity (``perpetrator``) that belong to each case: a joined table, or numbered blocks of columns.

    blocks: how often a block of columns of the main table is repeated; "{n}" in a column's name is its number, from 1.
    """

    entity: Text
    table: Text | None = None
    blocks: int | None = Field(default=None, ge=1, le=50)
    fields: tuple[FieldSpec, ...] = Field(min_length=1)
    impossible: tuple[Impossible, ...] = ()

    @model_validator(mode="after")
    def _one_source(self) -> LinkedSpec:
        if (self.table is None) == (self.blocks is None):
            raise ValueError("give exactly one of 'table' and 'blocks'")
        return self


class Harmless(Strict):
    """A column that no field reads and that looks as if it identified people, and why it does not.

    looks_like: what it is mistaken for; of others it is still suspected. The studio sees to it that a second person
    approves it; elsewhere whoever uses the mapping does.
    """

    column: Text
    table: Text | None = None
    looks_like: tuple[Literal["phone", "passport", "possible_name"], ...] = Field(min_length=1)
    because: Text


class Example(Strict):
    """A test that lives inside the mapping: an invented row and what must become of it."""

    name: Text
    row: dict[str, str]
    joined: dict[str, tuple[dict[str, str], ...]] = Field(default_factory=dict)
    expect: dict[str, str] = Field(default_factory=dict)
    missing: dict[str, str] = Field(default_factory=dict)
    excluded: bool = False
    linked: dict[str, tuple[dict[str, str], ...]] = Field(default_factory=dict)


class MappingSpec(Strict):
    """The whole of ``mapping.yaml``."""

    format: Literal["1"]
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    version: Text
    contributor: Text
    title: Text
    standard: Text
    main: Text
    tables: tuple[TableSpec, ...] = Field(min_length=1)
    joins: tuple[JoinSpec, ...] = ()
    rows: tuple[RowRule, ...] = ()
    dates: tuple[DateSpec, ...] = ()
    fields: tuple[FieldSpec, ...] = Field(min_length=1)
    impossible: tuple[Impossible, ...] = ()
    linked: tuple[LinkedSpec, ...] = ()
    harmless: tuple[Harmless, ...] = ()
    tests: tuple[Example, ...] = ()


_VERBS = (
    "copy",
    "const",
    "recode",
    "split",
    "split_columns",
    "year",
    "age_at",
    "band",
    "months_between",
    "country",
    "any_of",
    "first_of",
)
VERBS = (*_VERBS, "parse_date")


def _attribute(verb: str) -> str:
    return "copy_" if verb == "copy" else verb
