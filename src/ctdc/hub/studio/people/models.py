"""Organisations and people."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from ctdc.hub.studio.people.roles import Role
from ctdc.standard.languages import DEFAULT, LANGUAGES


class Organisation(models.Model):
    """The hub itself, or one that contributes. slug: its name in the vault, for ever."""

    slug = models.CharField(max_length=64, unique=True, validators=[RegexValidator(r"^[a-z0-9][a-z0-9_-]{0,63}$")])
    name = models.CharField(max_length=200, unique=True)
    is_hub = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["is_hub"], condition=models.Q(is_hub=True), name="one_hub")
        ]

    def __str__(self) -> str:
        return self.name


class People(BaseUserManager["Person"]):
    """Finds people by their e-mail address."""

    def get_by_natural_key(self, username: str | None) -> Person:
        """The person with this address, however it is written."""
        return self.get(email__iexact=username)


class Person(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in. is_superuser of Django stays off: what people may do comes from their roles alone."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="people")
    language = models.CharField(max_length=2, default=DEFAULT, choices=[(code, code) for code in LANGUAGES])
    is_active = models.BooleanField(default=True)
    joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[People] = People()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name", "organisation"]

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(is_superuser=False), name="no_superuser")]

    def __str__(self) -> str:
        return self.name

    @property
    def roles(self) -> frozenset[Role]:
        """What the person is here for; nothing for one who may no longer come in."""
        if not (self.is_active and self.organisation.active):
            return frozenset()
        return frozenset(Role(grant.role) for grant in self.grants.all())

    @property
    def log_name(self) -> str:
        """The name under which acts are logged; it goes with no change of e-mail or name."""
        return f"person-{self.pk}"

    def get_full_name(self) -> str:
        """The name, as Wagtail asks for it."""
        return self.name

    def get_short_name(self) -> str:
        """The name, as Wagtail asks for it."""
        return self.name

    @property
    def first_name(self) -> str:
        """The name, as Wagtail asks for it."""
        return self.name

    @property
    def last_name(self) -> str:
        """Nothing: names are not in two parts everywhere."""
        return ""

    def get_username(self) -> Any:
        """The e-mail address."""
        return self.email


class Grant(models.Model):
    """A role of a person."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "role"], name="role_once")]

    def __str__(self) -> str:
        return f"{self.person}: {self.role}"


class Invitation(models.Model):
    """A way in for one person, once. secret: SHA-256 of what the letter holds; the letter's words are not kept."""

    email = models.EmailField()
    name = models.CharField(max_length=150)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="invitations")
    roles = models.JSONField(default=list)
    language = models.CharField(max_length=2, default=DEFAULT, choices=[(code, code) for code in LANGUAGES])
    secret = models.CharField(max_length=64, unique=True)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    person = models.OneToOneField(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="invitation")
    withdrawn = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created"]

    def __str__(self) -> str:
        return f"{self.email}, {self.organisation}"


class Token(models.Model):
    """A way to deliver for one person's programs. secret: SHA-256 of what was shown once; used: to the minute."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=60)
    secret = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)
    withdrawn = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.person}: {self.name}"
