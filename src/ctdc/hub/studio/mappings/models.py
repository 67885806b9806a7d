"""A mapping in its versions, and the single values that people propose for the next one.

Promise: the two files of an approved version never change; its hash is the one that harmonised rows name. A version
that is open is used for nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.utils import timezone

from ctdc.hub.studio.people.models import Organisation, Person


class State(StrEnum):
    """How far a version is."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    REPLACED = "replaced"


class LineState(StrEnum):
    """What a second person said of a value."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class MappingVersion(models.Model):
    """One version. structure, values: the contents of ``mapping.yaml`` and ``values.csv``; hash: of both, when checked.

    An open version has the values of the one it follows; its lines are added when it is approved.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="mappings")
    number = models.IntegerField()
    structure = models.TextField()
    values = models.TextField(blank=True)
    hash = models.CharField(max_length=64, blank=True)
    examples = models.IntegerField(default=0)
    state = models.CharField(max_length=10, default="open", choices=[(one.value, one.value) for one in State])
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposed = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["organisation__name", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "number"], name="mapping_number_once"),
            models.UniqueConstraint(fields=["organisation"], condition=models.Q(state="open"), name="one_open_mapping"),
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(state="approved"), name="one_approved_mapping"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.number}"


class Line(models.Model):
    """What one value of a source means. code: of the standard, empty for a value that is waived; reason: why then."""

    version = models.ForeignKey(MappingVersion, on_delete=models.PROTECT, related_name="lines")
    column = models.CharField(max_length=300)
    value = models.CharField(max_length=1000)
    variable = models.CharField(max_length=100, blank=True)
    code = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=60, blank=True)
    relationship = models.CharField(max_length=30)
    state = models.CharField(max_length=10, default="proposed", choices=[(one.value, one.value) for one in LineState])
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposed = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["column", "value", "variable"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version", "column", "value", "variable"],
                condition=~models.Q(state="rejected"),
                name="one_meaning_a_value",
            )
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.column}"
