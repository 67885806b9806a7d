"""An agreement as a record: its clauses, what it allows, from when until when, and the signed copy's hash.

Promise: the clauses of an agreement that was put into force never change. A changed agreement is a new one that says
which one it replaces; both stay.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.standard.languages import DEFAULT, LANGUAGES

# The clauses that people read and sign, in the order in which they stand.
CLAUSES = ("purpose", "protection", "sharing", "credit", "retention", "withdrawal", "jurisdictions", "contacts")


class Purpose(StrEnum):
    """What an agreement can allow."""

    DELIVER = "deliver"
    PROCESS = "process"
    RELEASE = "release"


class State(StrEnum):
    """How far an agreement is."""

    DRAFT = "draft"
    IN_FORCE = "in_force"
    ENDED = "ended"


# Where an agreement can go from where it is. What has ended stays so.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.IN_FORCE, State.ENDED}),
    State.IN_FORCE: frozenset({State.ENDED}),
    State.ENDED: frozenset(),
}


class Agreement(models.Model):
    """One version of an agreement between the hub and an organisation.

    purposes: values of `Purpose`; populations: ids of release profiles that it covers, empty for all; valid_from and
    valid_until: first and last day (UTC); retention_months: how long a delivery may be kept after it was stored;
    signed: SHA-256 of the signed copy as it was uploaded; sealed_as: its name among the hub's own in the vault.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="agreements")
    title = models.CharField(max_length=200)
    language = models.CharField(max_length=2, default=DEFAULT, choices=[(code, code) for code in LANGUAGES])
    version = models.IntegerField(default=1)
    replaces = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by")
    purpose = models.TextField()
    protection = models.TextField()
    sharing = models.TextField()
    credit = models.TextField()
    retention = models.TextField()
    withdrawal = models.TextField()
    jurisdictions = models.TextField()
    contacts = models.TextField()
    retention_months = models.IntegerField(default=60, validators=[MinValueValidator(1), MaxValueValidator(600)])
    purposes = models.JSONField(default=list, blank=True)
    populations = models.JSONField(default=list, blank=True)
    valid_from = models.DateField()
    valid_until = models.DateField()
    state = models.CharField(
        max_length=10, default=State.DRAFT.value, choices=[(one.value, one.value) for one in State]
    )
    signed = models.CharField(max_length=64, blank=True)
    signed_bytes = models.IntegerField(default=0)
    sealed_as = models.CharField(max_length=100, blank=True)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made = models.DateTimeField(default=timezone.now)
    in_force_since = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    ended_because = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["organisation__name", "-pk"]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.title} ({self.version})"

    @property
    def can_change(self) -> bool:
        """Whether its clauses may still be changed."""
        return self.state == State.DRAFT

    @property
    def clauses(self) -> list[tuple[str, str]]:
        """Name and text of each clause."""
        return [(name, getattr(self, name)) for name in CLAUSES]

    def goes_to(self, state: State) -> bool:
        """Whether it may become `state` from where it is."""
        return state in TRANSITIONS[State(self.state)]
