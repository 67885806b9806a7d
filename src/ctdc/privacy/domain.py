"""What is protected: one table of people, or people with rows that are linked to them.

Promise: the two kinds differ in how they are planned, counted and kept, which is said here; whoever charges, measures
and stores need not know which it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json, write_text
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.linked_workload import as_long_as_useful as shorten_linked
from ctdc.privacy.linked_workload import plan_linked
from ctdc.privacy.plan import Plan
from ctdc.privacy.shorten import as_long_as_useful
from ctdc.privacy.workload import Workload, plan_workload
from ctdc.table.coded import CodedTable
from ctdc.table.count import Matrix
from ctdc.table.counting import Counting
from ctdc.table.linked import LinkedSchema, LinkedTable
from ctdc.table.passes import PassedRows
from ctdc.table.schema import Schema, read_document, read_schema

Domain = Schema | LinkedSchema
People = CodedTable | LinkedTable | PassedRows
SCHEMA = "schema.json"
LINKED_SCHEMA = "linked_schema.json"


def joint(domain: Domain) -> Schema:
    """The variables that are measured."""
    return domain.joint if isinstance(domain, LinkedSchema) else domain


def plan_of(domain: Domain, guarantee: Guarantee, workload: Workload) -> Plan:
    """The least noisy plan. Raises UserError for what cannot be planned."""
    if isinstance(domain, LinkedSchema):
        if workload != Workload(workload.length):
            raise UserError(
                "workload",
                "A workload names sets of variables of one table, and these are two linked ones.",
                allowed="a length, 1 to 3",
                do="Leave out the workload; what is measured of linked tables is in docs/how-to/linked-tables.md.",
            )
        return plan_linked(domain, guarantee, workload.length)
    return plan_workload(domain, guarantee, workload)


def shortening(domain: Domain) -> Callable[[Plan, float], Plan]:
    """What `measure` leaves out longest combinations with where there are few people."""
    return shorten_linked(domain) if isinstance(domain, LinkedSchema) else as_long_as_useful


def counted(people: People) -> Matrix | Counting:
    """The people as `measure` takes them. Whose linked rows are too many is drawn anew each time, without a seed."""
    if isinstance(people, PassedRows):
        return people
    return people.tally(np.random.default_rng()) if isinstance(people, LinkedTable) else people.matrix()


def write_domain(folder: Path, domain: Domain) -> None:
    """Write the domain to a protected or measured folder: the people's schema, and that of linked rows."""
    people = domain.people if isinstance(domain, LinkedSchema) else domain
    write_text(folder / SCHEMA, as_json(people.to_table_schema()))
    if isinstance(domain, LinkedSchema):
        document = domain.linked.to_table_schema()
        document.setdefault("ctdc", {})["links"] = {"most": domain.most, "number": domain.number}
        write_text(folder / LINKED_SCHEMA, as_json(document))


def read_domain(folder: Path) -> Domain:
    """What `write_domain` wrote."""
    people = read_schema(folder / SCHEMA)
    if not (folder / LINKED_SCHEMA).exists():
        return people
    links = read_document(folder / LINKED_SCHEMA)["ctdc"]["links"]
    main = Schema(people.variables[1:], people.implications)
    return LinkedSchema(main, read_schema(folder / LINKED_SCHEMA), links["most"], links["number"])
