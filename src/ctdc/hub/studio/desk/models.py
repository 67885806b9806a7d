"""A release from its first draft on, the votes on it, and what became public."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from ctdc.hub.studio.desk.states import State
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.people.models import Person
from ctdc.release.info import MAX_NAME
from ctdc.workflow.config import DEFAULT_PROFILE, MAX_DELTA, MAX_EPSILON

MOST_PEOPLE = 100_000_000


class ReleasePlan(models.Model):
    """What is to be released, and how far it is.

    population: whose losses the ledger adds up; people: how many there are, as declared;
    deliveries: objects with ``organisation``, ``delivery`` and ``manifest``; titles: language to title; declared: the
    plan as it was fixed, before any case was opened, and plan_hash its SHA-256; hands: everybody who did something that
    reviewers judge; job: the last long work; folder: name of the release that was made; evaluation: SHA-256 of the
    report against the true cases.
    """

    name = models.CharField(max_length=MAX_NAME, validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$")])
    titles = models.JSONField(default=dict, blank=True)
    profile = models.CharField(max_length=60, default=DEFAULT_PROFILE)
    population = models.CharField(max_length=100)
    epsilon = models.FloatField(validators=[MinValueValidator(0.01), MaxValueValidator(MAX_EPSILON)])
    delta = models.FloatField(default=1e-6, validators=[MinValueValidator(1e-15), MaxValueValidator(MAX_DELTA / 10)])
    length = models.IntegerField(default=3, validators=[MinValueValidator(1), MaxValueValidator(4)])
    threshold = models.IntegerField(default=10, validators=[MinValueValidator(0), MaxValueValidator(1000)])
    people = models.IntegerField(validators=[MinValueValidator(1), MaxValueValidator(MOST_PEOPLE)])
    deliveries = models.JSONField(default=list, blank=True)
    terms = models.CharField(max_length=300, blank=True)
    edition = models.CharField(max_length=60, blank=True)
    contact = models.CharField(max_length=200, blank=True)
    simulated = models.BooleanField(default=False)
    state = models.CharField(
        max_length=12, default=State.DRAFT.value, choices=[(one.value, one.value) for one in State]
    )
    declared = models.JSONField(null=True, blank=True)
    plan_hash = models.CharField(max_length=64, blank=True)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made = models.DateTimeField(default=timezone.now)
    hands = models.ManyToManyField(Person, related_name="+")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    folder = models.CharField(max_length=100, blank=True)
    identifier = models.CharField(max_length=64, blank=True)
    evaluation = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.pk} {self.name}"

    @property
    def log_name(self) -> str:
        """The id under which acts on it are logged."""
        return f"release:{self.pk}"

    @property
    def is_busy(self) -> bool:
        """Whether a job is at work on it."""
        return self.job is not None and not self.job.has_ended


class Vote(models.Model):
    """What a reviewer said. of: hash of exactly what they looked at; answers: point of the checklist to yes or no."""

    release = models.ForeignKey(ReleasePlan, on_delete=models.PROTECT, related_name="votes")
    reviewer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    yes = models.BooleanField()
    reasons = models.TextField()
    answers = models.JSONField(default=dict)
    of = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.release}: {self.reviewer}"


class Publication(models.Model):
    """A release that became public, and whether it was withdrawn. words: why, in languages, as readers see it."""

    release = models.OneToOneField(ReleasePlan, on_delete=models.PROTECT, related_name="publication")
    identifier = models.CharField(max_length=64)
    folder = models.CharField(max_length=100)
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=20, blank=True)
    words = models.JSONField(default=dict, blank=True)
    withdrawn_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    withdrawn = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return self.folder
