"""A job, and how far it is."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.utils import timezone

from ctdc.hub.studio.people.models import Organisation, Person


class State(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


ENDED = frozenset({State.DONE, State.FAILED, State.STOPPED})


class Job(models.Model):
    """A piece of long work. details: ids and codes alone; lease: until when its worker is taken to be alive.

    problem: the parts of an error that a person can act on (`ErrorDetail.as_dict`), of one who may see them.
    """

    kind = models.CharField(max_length=60)
    details = models.JSONField(default=dict)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, default=State.WAITING, choices=[(one.value, one.value) for one in State])
    asked = models.DateTimeField(default=timezone.now)
    began = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    task = models.CharField(max_length=200, blank=True)
    done = models.FloatField(default=0)
    total = models.FloatField(null=True, blank=True)
    stop = models.BooleanField(default=False)
    attempts = models.IntegerField(default=0)
    worker = models.CharField(max_length=40, blank=True)
    lease = models.DateTimeField(null=True, blank=True)
    problem = models.JSONField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["state", "lease"])]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind}"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return State(self.state) in ENDED

    @property
    def share(self) -> float | None:
        """How much of the current task is done, 0 to 1; None when nobody can tell."""
        return min(1.0, self.done / self.total) if self.total else None
