"""What one pass over a delivery gathers.

Promise: plain records; whoever fills them and whoever reports on them need not know each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field

from ctdc.intake.ids import IdCheck
from ctdc.intake.join import Joined
from ctdc.intake.mapping import Mapping
from ctdc.intake.outcomes import Target
from ctdc.intake.plan import Plan
from ctdc.intake.quality import Quality
from ctdc.intake.readers.frame import OpenTable
from ctdc.intake.readers.unread import Unread


@dataclass
class Work:
    """Everything that one pass over a delivery gathers. unread: by table, what no field explains."""

    mapping: Mapping
    tables: dict[str, OpenTable]
    joined: dict[str, Joined]
    plan: Plan
    quality: Quality
    delivery: str
    unused_files: list[str]
    ids: IdCheck = field(default_factory=IdCheck)
    excluded: Counter[str] = field(default_factory=Counter)
    unread: dict[str, Unread] = field(default_factory=dict)

    @property
    def main(self) -> OpenTable:
        """The opened main table."""
        return self.tables[self.mapping.spec.main]


@dataclass
class LinkedWork:
    """The linked rows of one entity: what each source of them gathered, and how many rows belong to no case.

    in_blocks: whether the sources are blocks of columns of the cases' table, and not a table of their own.
    """

    entity: str
    sources: list[Work]
    in_blocks: bool
    orphans: int = 0

    @property
    def targets(self) -> MappingType[str, Target]:
        """The entity's variables."""
        return self.sources[0].mapping.targets
