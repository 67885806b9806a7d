"""Where the key that opens a vault comes from: a file, a secret in the environment, or another program.

Promise: the key itself never lies in the vault, in an error or in a log; a file that others can read is refused; what
stands in the vault is never run as a command. A source can wrap and unwrap a short secret, nothing more, so that a key
service needs no other operation.

How a source is written: ``file:PATH``, ``env:NAME``, ``command:PROGRAM ARGUMENT ...``. The program is run with
``wrap`` or ``unwrap`` behind its arguments, gets the secret or the wrapped secret as one line of base64 on its standard
input, and answers with one line of base64 on its standard output. It may be a thin script over a key service in the
cloud, a hardware module or a card.
"""

from __future__ import annotations

import base64
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ctdc.foundation.errors import UserError
from ctdc.vault.sealing import KEY_BYTES, as_bytes, as_text, new_key, seal, unseal

_CONTEXT = b"ctdc vault: wrapping key, version 1"
COMMAND_SECONDS = 60


class KeySource(Protocol):
    """Wraps and unwraps a secret of up to some hundred bytes."""

    def wrap(self, secret: bytes) -> bytes:
        """`secret` under the source's key. Raises UserError (``vault.key``)."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """What `wrap` was given. Raises UserError (``vault.key``, or ``vault.damaged`` for another key)."""


def _fault(what: str, where: str, do: str, allowed: str = "") -> UserError:
    return UserError("vault.key", what, where=where, allowed=allowed, do=do)


@dataclass(frozen=True, repr=False)
class LocalKey:
    """A source whose 32 bytes this process holds while it wraps."""

    key: bytes

    def wrap(self, secret: bytes) -> bytes:
        """See `KeySource`."""
        return seal(secret, self.key, _CONTEXT)

    def unwrap(self, wrapped: bytes) -> bytes:
        """See `KeySource`."""
        return unseal(wrapped, self.key, _CONTEXT, "the keys of the vault")


def decode_key(text: str, where: str) -> bytes:
    """A key of 32 bytes from base64. Raises UserError (``vault.key``)."""
    try:
        key = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise _fault("This is no key.", where, "Make one: openssl rand -base64 32", "32 random bytes in base64")
    return key


def from_file(path: Path) -> LocalKey:
    """The key in a file that only its owner can read. Raises UserError (``vault.key``)."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise _fault(f"The key file cannot be read: {error.strerror}.", str(path), "Check the path.") from None
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as stream:
        if os.fstat(stream.fileno()).st_mode & 0o077:
            raise _fault(
                "The key file can be read by other users of this machine.", str(path), f"chmod 600 {path}", "mode 0600"
            )
        return LocalKey(decode_key(stream.read(1000), str(path)))


def make_key_file(path: Path) -> None:
    """Write a fresh key for its owner only. Raises UserError (``vault.key``) if there is a file: keys stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise _fault("There is a file already.", str(path), "Choose another name.") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(as_text(new_key()) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def from_environment(name: str) -> LocalKey:
    """The key in an environment variable. Raises UserError (``vault.key``)."""
    if name not in os.environ:
        raise _fault("The environment variable with the key is not set.", name, "Set it, or name another source.")
    return LocalKey(decode_key(os.environ[name], f"environment variable {name}"))


@dataclass(frozen=True)
class Command:
    """A program that wraps and unwraps; the key is where the program has it."""

    arguments: tuple[str, ...]

    def _run(self, verb: str, data: bytes) -> bytes:
        where = f"{self.arguments[0]} {verb}"
        try:
            done = subprocess.run(  # noqa: S603 - the operator names the program, see the promise
                [*self.arguments, verb],
                input=as_text(data).encode() + b"\n",
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # may hold what must not be shown
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _fault(f"The key program did not run: {type(error).__name__}.", where, "Try it by hand.") from None
        if done.returncode:
            raise _fault(f"The key program gave up with code {done.returncode}.", where, "Try it by hand.")
        try:
            return as_bytes(done.stdout.decode("ascii").strip())
        except ValueError:
            raise _fault("What the key program answered is not base64.", where, "Try it by hand.") from None

    def wrap(self, secret: bytes) -> bytes:
        """See `KeySource`."""
        return self._run("wrap", secret)

    def unwrap(self, wrapped: bytes) -> bytes:
        """See `KeySource`."""
        return self._run("unwrap", wrapped)


def _words(text: str) -> tuple[str, ...]:
    """The words as a shell has them; none when a quotation mark is left open."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return ()


def parse(text: str) -> KeySource:
    """A source from its description. Raises UserError (``vault.key``), which does not repeat an unknown description."""
    kind, _, rest = text.partition(":")
    if kind == "file" and rest:
        return from_file(Path(rest).expanduser())
    if kind == "env" and rest:
        return from_environment(rest)
    if kind == "command" and (arguments := _words(rest)):
        return Command(arguments)
    raise _fault(
        "This is no source of a key.", "--key", "Name a source.", "file:PATH, env:NAME or command:PROGRAM ARGUMENT ..."
    )
