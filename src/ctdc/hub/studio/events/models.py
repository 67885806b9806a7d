"""One line for each act, bound to the line before."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models


class Event(models.Model):
    """A line. sequence: from 1, without gaps; actor: `Person.log_name`, or what acts by itself (``worker``)."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.CharField(max_length=20)
    kind = models.CharField(max_length=60, db_index=True)
    actor = models.CharField(max_length=60, db_index=True)
    organisation = models.CharField(max_length=64, blank=True, db_index=True)
    about = models.CharField(max_length=100, blank=True)
    details = models.JSONField(default=dict)
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["sequence"]

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"

    def content(self) -> dict[str, Any]:
        """What the chain binds, as a JSON object."""
        return {
            "at": self.at,
            "kind": self.kind,
            "actor": self.actor,
            "organisation": self.organisation,
            "about": self.about,
            "details": self.details,
        }

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise TypeError: lines stay."""
        raise TypeError("events are never removed")


class ChainEnd(models.Model):
    """The one row that whoever writes a line holds: two lines never follow the same one."""

    id = models.IntegerField(primary_key=True, default=1)
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_chain_end")]

    def __str__(self) -> str:
        return f"{self.sequence}"
