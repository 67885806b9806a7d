"""A studio whose folders are this test's own."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from smtplib import SMTPServerDisconnected
from typing import ClassVar

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import translation

from ctdc.hub.feedback.message import Message
from ctdc.hub.feedback.queue import Queue
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.place import Place


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the studio."""
    for name in ("feedback", "usage", "releases", "site", "vault"):
        monkeypatch.setattr(Place, name, tmp_path / name)
    monkeypatch.setattr(Place, "answers", tmp_path / "you-said.yaml")
    monkeypatch.setattr(Place, "public_address", "")
    return tmp_path


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A page that was asked for in another language leaves it behind."""
    with translation.override("en"):
        yield


class Refusing(BaseEmailBackend):
    """A server of mail that takes nothing."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Raise what a server's refusal raises."""
        raise SMTPServerDisconnected("please run connect() first")


class Watching(BaseEmailBackend):
    """A server of mail that takes everything, and counts what the log says of it when it does."""

    noted: ClassVar[list[int]] = []

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Count."""
        self.noted.append(Event.objects.filter(kind="updates.reminded").count())
        return len(email_messages)


@pytest.fixture
def queue(own_place: Path) -> Queue:
    """The folder of messages."""
    return Queue(own_place / "feedback")


def sent(queue: Queue, text: str, day: str = "2026-03-01", **values: str) -> str:
    """A message of a reader; returns its id."""
    message = Message(queue.new_id(), day, values.pop("language", "en"), message=text, **values)
    queue.add(message)
    return message.id
