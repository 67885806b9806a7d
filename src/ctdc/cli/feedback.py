"""``ctdc feedback``: what readers sent through the site, and the public answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from ctdc.cli.common import emit, json_option
from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json as json_text
from ctdc.foundation.files import write_text
from ctdc.hub.feedback.message import Message
from ctdc.hub.feedback.queue import Queue
from ctdc.hub.site.about.answers import Answer, add_answer
from ctdc.standard.languages import LANGUAGES

FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.group()
def command() -> None:
    """Read and answer what readers sent through the site."""


@command.command("list")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--all", "everything", is_flag=True, help="Those that were answered too.")
@json_option
def list_command(folder: Path, everything: bool, as_json: bool) -> None:
    """Show the messages in DIR, which 'ctdc serve --feedback DIR' fills; those that were answered only with --all."""
    found = [message for message in Queue(folder).messages() if everything or not message.answered]
    text = "\n\n".join(map(_shown, found)) or "There are no messages."
    emit({"messages": [message.as_dict() for message in found]}, as_json, text)


def _shown(message: Message) -> str:
    marks = [message.kind, f"useful: {message.useful}" if message.useful else "", message.about]
    answered = f"answered on {message.answered}" if message.answered else ""
    head = "  ".join(filter(None, (message.id, message.day, message.language, *marks, answered)))
    lines = [head, *(f"  {line}" for line in message.message.split("\n") if message.message)]
    return "\n".join([*lines, *([f"  contact: {message.contact}"] if message.contact else [])])


@command.command("answer")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.argument("identifier", metavar="ID")
@click.option("--said", multiple=True, metavar="LANGUAGE=TEXT", required=True, help="What was said, in your words.")
@click.option("--did", multiple=True, metavar="LANGUAGE=TEXT", required=True, help="What was done about it.")
@click.option(
    "--answers",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("you-said.yaml"),
    show_default=True,
    help="File of public answers, for 'ctdc site build --answers'.",
)
@json_option
def answer_command(
    folder: Path, identifier: str, said: tuple[str, ...], did: tuple[str, ...], answers: Path, as_json: bool
) -> None:
    """Answer the message ID in DIR in public: in one language or several, with --said and --did once for each.

    The message itself is never shown. It is marked as answered, and its contact is removed: write to the reader first.
    """
    queue = Queue(folder)
    queue.read(identifier)
    day = now().date().isoformat()
    # The public answer first: were it the other way round and failed, a message would count as answered and was not.
    add_answer(answers, Answer(day, _texts("--said", said), _texts("--did", did)))
    message = queue.mark_answered(identifier, day)
    emit(message.as_dict(), as_json, f"The answer stands in {answers}. Build the site again to show it.")


def _texts(option: str, given: tuple[str, ...]) -> Mapping[str, str]:
    texts = {}
    for entry in given:
        language, _, text = entry.partition("=")
        if language not in LANGUAGES or not text.strip():
            raise UserError(
                "feedback.text", f"{option} needs a language and a text.", where=option, allowed=", ".join(LANGUAGES)
            )
        texts[language] = text.strip()
    return texts


@command.command("export")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="JSON file to write.")
@json_option
def export_command(folder: Path, out: Path, as_json: bool) -> None:
    """Write all messages in DIR into one JSON file, for another system."""
    found = [message.as_dict() for message in Queue(folder).messages()]
    write_text(out, json_text({"messages": found}))
    emit({"out": str(out), "messages": len(found)}, as_json, f"{len(found)} messages are in {out}.")
