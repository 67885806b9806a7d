"""A delivery and its files as the database knows them.

Promise: nothing here tells anything of a person: ids, hashes, sizes and counts. Names of files, which people write
names into, are sealed under the key of the reports, and so is everything that a check found.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from ctdc.hub.studio.agreements.models import Agreement
from ctdc.hub.studio.deliveries.states import State
from ctdc.hub.studio.mappings.models import MappingVersion
from ctdc.hub.studio.people.models import Organisation, Person


class Delivery(models.Model):
    """What an organisation hands in at one time.

    folder: name of the folder in which its sealed pieces wait; checks: how often it was checked, the number of its
    latest report; problem: code of what stood in the way; counts: of the latest check; stored_as: its name in the
    vault; manifest: hash of what is stored there.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="deliveries")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, default="receiving", choices=[(one.value, one.value) for one in State])
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="+")
    mapping = models.ForeignKey(MappingVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    replaces = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by")
    folder = models.CharField(max_length=32, unique=True)
    received = models.DateTimeField(null=True, blank=True)
    checks = models.IntegerField(default=0)
    checked = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=60, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    coverage = models.JSONField(default=dict, blank=True)
    leave_out_withdrawn = models.BooleanField(default=False)
    accepted = models.JSONField(default=list, blank=True)
    stored_as = models.CharField(max_length=100, blank=True)
    manifest = models.CharField(max_length=64, blank=True)
    stored = models.DateTimeField(null=True, blank=True)
    retain_until = models.DateField(null=True, blank=True)
    ended_because = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.organisation} {self.pk}"

    @property
    def length(self) -> int:
        """Bytes of all files."""
        return sum(one.length for one in self.files.all())

    @property
    def offset(self) -> int:
        """Bytes of all files that have arrived."""
        return sum(one.offset for one in self.files.all())


class DeliveryFile(models.Model):
    """A file of a delivery. name: sealed; sha256: what it must have, as its sender says; offset: bytes arrived."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="files")
    position = models.IntegerField()
    name = models.TextField()
    length = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    offset = models.BigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["delivery", "position"], name="file_position_once")]

    def __str__(self) -> str:
        return f"{self.delivery} {self.position}"

    @property
    def what(self) -> str:
        """What its sealed pieces are bound to."""
        parts: tuple[Any, ...] = (self.delivery.folder, self.position, self.length, self.sha256)
        return "/".join(map(str, parts))
