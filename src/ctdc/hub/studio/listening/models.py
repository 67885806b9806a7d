"""What the database knows of readers, contributors' staff and the site's health.

Promise: of a reader's message there is its random id and what was done with it; its text stays in its file. Of a
contributor's staff there is what a reminder needs, and deleting it leaves nothing but an id in the log.
"""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from ctdc.hub.studio.listening.inbox.states import Reason, State
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.standard.languages import DEFAULT, LANGUAGES


class Handled(models.Model):
    """What was done with a message. message: its id; by: who did it last; reason: why it was set aside."""

    message = models.CharField(max_length=16, primary_key=True, validators=[RegexValidator(r"^[0-9a-f]{16}$")])
    state = models.CharField(max_length=10, default=State.NEW, choices=[(one.value, one.value) for one in State])
    reason = models.CharField(max_length=20, blank=True, choices=[(one.value, one.value) for one in Reason])
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.message} {self.state}"


class SurveyRound(models.Model):
    """A survey that readers were asked. name: its id; asked: all it says (`feedback.survey`); ended: early, when."""

    name = models.CharField(max_length=40, unique=True)
    opens = models.DateField()
    closes = models.DateField()
    asked = models.JSONField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made = models.DateTimeField(default=timezone.now)
    ended = models.DateField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-opens", "-pk"]

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """Whom to write to in an organisation. function: what they do there, in their own words."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=150)
    function = models.CharField(max_length=150, blank=True)
    email = models.EmailField()
    language = models.CharField(max_length=2, default=DEFAULT, choices=[(code, code) for code in LANGUAGES])

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "email"], name="contact_once")]

    def __str__(self) -> str:
        return f"{self.organisation} {self.pk}"


class UpdatePlan(models.Model):
    """When an organisation delivers. months: between two deliveries; due: the day of the next one."""

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="update_plan")
    months = models.IntegerField(validators=[MinValueValidator(1), MaxValueValidator(60)])
    due = models.DateField()
    received = models.DateField(null=True, blank=True)
    reminded = models.DateField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["due"]

    def __str__(self) -> str:
        return f"{self.organisation} {self.due}"


class Health(models.Model):
    """How a part of the public side was, from one moment to another. state: a code; numbers: counts and moments.

    A look that finds the same makes the row longer; one that finds something else begins another.
    """

    part = models.CharField(max_length=20, db_index=True)
    state = models.CharField(max_length=20)
    numbers = models.JSONField(default=dict)
    since = models.DateTimeField()
    last = models.DateTimeField()
    looks = models.IntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["-last", "-pk"]

    def __str__(self) -> str:
        return f"{self.part} {self.state}"
